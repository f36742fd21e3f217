/* queue-letters - for stories: opens a case and queues its acknowledgement for each of COUNT data subjects, as intake would.
 *
 *   queue-letters STORE COUNT [ADDRESS]     ADDRESS may hold %u: the number; default person%u@example.org
 *
 * With COUNT `list` it prints every letter: state, copies, Message-ID, address, reason.
 */
#include <stdio.h>
#include <stdlib.h>

#include "date.h"
#include "store.h"

typedef struct {
	guint count;
	const char *pattern;
} Order;

static gboolean queue_one(StoreTxn *txn, const Order *order, guint number, GError **error)
{
	gint64 now = date_now();
	g_auto(GStrv) parts = g_strsplit(order->pattern, "%u", 2);
	g_autofree char *address = parts[1] ? g_strdup_printf("%s%u%s", parts[0], number, parts[1]) : g_strdup(parts[0]);
	g_autoptr(Case) c = case_new();
	GDate due;
	date_of_instant(now + 14 * 86400, NULL, &due);
	c->state = STATE_COMPLETED;
	c->kind = KIND_REQUEST;
	c->controller = g_strdup("shop");
	c->address = g_strdup("unsubscribe@optout.example");
	c->subject_address = g_strdup(address);
	c->from = g_strdup(address);
	c->sender = g_strdup(address);
	c->message_id = g_strdup_printf("request.%u@mail.example.org", number);
	c->received = now;
	c->due = due;
	c->law = LAW_GDPR;
	c->language = g_strdup(number % 2 ? "de" : "en");
	g_ptr_array_add(c->requests, case_request_new(verdict_request_new(REQUEST_MARKETING_OPT_OUT, 1), LAW_GDPR, &due));
	if (!store_put_case(txn, c, error))
		return FALSE;
	g_autoptr(Letter) letter = letter_new();
	letter->case_number = c->number;
	g_strlcpy(letter->reference, c->reference, sizeof letter->reference);
	letter->to = g_strdup(address);
	letter->language = g_strdup(c->language);
	letter->text = g_strdup("opt-out");
	letter->message_id = g_strdup_printf("%s@optout.example", letter->uuid);
	letter->in_reply_to = g_strdup(c->message_id);
	letter->queued = letter->next = now;
	return store_put_letter(txn, letter, error);
}

static gboolean queue(StoreTxn *txn, gpointer data, GError **error)
{
	const Order *order = data;
	for (guint i = 1; i <= order->count; i++)
		if (!queue_one(txn, order, i, error))
			return FALSE;
	return TRUE;
}

static gboolean print(const Letter *letter, gpointer data)
{
	(void)data;
	printf("%s %u %s %s %s\n", delivery_name(letter->state), letter->copies, letter->message_id, letter->to, letter->reason ? letter->reason : "-");
	return TRUE;
}

static gboolean list(StoreTxn *txn, gpointer data, GError **error)
{
	return store_each_letter(txn, 0, print, data, error);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	if (argc < 3) {
		fprintf(stderr, "usage: queue-letters STORE COUNT|list [ADDRESS]\n");
		return 2;
	}
	gboolean lists = g_str_equal(argv[2], "list");
	Order order = { .count = (guint)strtoul(argv[2], NULL, 10), .pattern = argc > 3 ? argv[3] : "person%u@example.org" };
	g_autoptr(Store) store = store_open(argv[1], 1 << 30, lists ? STORE_READ : STORE_WRITE, &error);
	if (!store || !(lists ? store_read(store, list, NULL, &error) : store_write(store, queue, &order, &error))) {
		fprintf(stderr, "queue-letters: %s\n", error->message);
		return 1;
	}
	return 0;
}
