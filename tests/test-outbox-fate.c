#include "outbox-fate.h"
#include "outbox.h"
#include "status.h"
#include "store-testing.h"

enum { NOW = TESTING_NOW };

static Letter *letter_in(Delivery state, guint attempts, guint copies)
{
	Letter *letter = letter_new();
	letter->to = g_strdup("jane@example.org");
	letter->message_id = g_strdup("1@example.com");
	g_strlcpy(letter->reference, "0000-0000", REFERENCE_SIZE);
	reference_of(letter->uuid, letter->reference);
	letter->state = state;
	letter->attempts = attempts;
	letter->copies = copies;
	letter->queued = letter->next = NOW;
	letter->reason = g_strdup("before");
	return letter;
}

/* Each result, on the first transfer and on the one more that follows an ambiguous one. */
static void test_settle(void)
{
	static const struct {
		SubmitResult result;
		guint copies;
		const char *event;
		Delivery state;
		guint copies_after;
		const char *reason;
	} cases[] = {
		{ SUBMIT_SENT, 0, "sent", DELIVERY_SENT, 1, NULL },
		{ SUBMIT_SENT, 1, "sent", DELIVERY_SENT, 2, "sent, but ambiguous: an earlier copy may have arrived too: before" },
		{ SUBMIT_REFUSED, 0, "send-failed", DELIVERY_FAILED, 0, "word" },
		{ SUBMIT_REFUSED, 1, "send-failed", DELIVERY_FAILED, 1, "refused, but ambiguous: an earlier copy may have arrived: word" },
		{ SUBMIT_DEFERRED, 0, "send-deferred", DELIVERY_DUE, 0, "word" },
		{ SUBMIT_DEFERRED, 1, "send-deferred", DELIVERY_AMBIGUOUS, 1, "word" },
		{ SUBMIT_AMBIGUOUS, 0, "send-ambiguous", DELIVERY_AMBIGUOUS, 1, "ambiguous, it may have arrived: word" },
		{ SUBMIT_AMBIGUOUS, 1, "send-failed", DELIVERY_FAILED, 2, "ambiguous twice, it may have arrived: word" },
		{ SUBMIT_UNTRIED, 0, NULL, DELIVERY_DUE, 0, "before" },
		{ SUBMIT_UNTRIED, 1, NULL, DELIVERY_AMBIGUOUS, 1, "before" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Letter) letter = letter_in(cases[i].copies ? DELIVERY_AMBIGUOUS : DELIVERY_DUE, cases[i].copies, cases[i].copies);
		outbox_claim(letter);
		g_assert_cmpint(letter->state, ==, DELIVERY_SENDING);
		const char *event = outbox_settle(letter, cases[i].result, "word", NOW + 5, 0.5);
		g_assert_cmpstr(event, ==, cases[i].event);
		g_assert_cmpint(letter->state, ==, cases[i].state);
		g_assert_cmpuint(letter->copies, ==, cases[i].copies_after);
		g_assert_cmpstr(letter->reason, ==, cases[i].reason);
		gboolean is_over = letter->state == DELIVERY_SENT || letter->state == DELIVERY_FAILED;
		g_assert_cmpint(letter->done, ==, is_over ? NOW + 5 : 0);
		g_assert_cmpint(letter->next != 0, ==, !is_over);
		g_assert_cmpuint(letter->attempts, ==, cases[i].copies + (cases[i].result != SUBMIT_UNTRIED));
	}
}

/* From a minute to four hours, spread by a quarter to both sides, for five days. */
static void test_backoff(void)
{
	static const gint64 want[] = { 60, 120, 240, 480, 960, 1920, 3840, 7680, 14400, 14400, 14400 };
	for (guint i = 0; i < G_N_ELEMENTS(want); i++)
		for (guint k = 0; k <= 2; k++) {
			g_autoptr(Letter) letter = letter_in(DELIVERY_DUE, i, 0);
			outbox_claim(letter);
			outbox_settle(letter, SUBMIT_DEFERRED, "word", NOW, k / 2.0);
			g_assert_cmpint(letter->next - NOW, ==, want[i] * (3 + k) / 4);
		}
	g_autoptr(Letter) many = letter_in(DELIVERY_DUE, G_MAXUINT - 1, 0);
	outbox_claim(many);
	outbox_settle(many, SUBMIT_DEFERRED, "word", NOW, 0.5);
	g_assert_cmpint(many->next - NOW, ==, 14400);
	g_autoptr(Letter) old = letter_in(DELIVERY_DUE, 50, 0);
	outbox_claim(old);
	g_assert_cmpstr(outbox_settle(old, SUBMIT_DEFERRED, "word", NOW + OUTBOX_GIVE_UP, 0), ==, "send-failed");
	g_assert_cmpint(old->state, ==, DELIVERY_FAILED);
	g_assert_cmpstr(old->reason, ==, "given up after five days: word");
}

static void test_recover(void)
{
	g_autoptr(Letter) once = letter_in(DELIVERY_SENDING, 1, 0);
	g_assert_cmpstr(outbox_recover(once, NOW + 9), ==, "send-ambiguous");
	g_assert_cmpint(once->state, ==, DELIVERY_AMBIGUOUS);
	g_assert_cmpuint(once->copies, ==, 1);
	g_assert_cmpint(once->next, ==, NOW + 9);
	once->state = DELIVERY_SENDING;
	g_assert_cmpstr(outbox_recover(once, NOW + 10), ==, "send-failed");
	g_assert_cmpint(once->state, ==, DELIVERY_FAILED);
	g_assert_cmpuint(once->copies, ==, 2);
}

/* --- with a store ---------------------------------------------------------------------------------------------- */

typedef struct {
	Letter *letter;
	gboolean released;
	guint events;
	GError *error;
} Release;

static gboolean release(StoreTxn *txn, gpointer data, GError **error)
{
	Release *r = data;
	if (!r->letter->number && !outbox_put(txn, r->letter, "send-failed", NOW, error))
		return FALSE;
	r->released = outbox_release(txn, r->letter, "root", NOW + 7, &r->error);
	return TRUE;
}

static gboolean count_event(const Event *event, gpointer data)
{
	Release *r = data;
	static const char *const types[] = { "send-failed", "released" };
	g_assert_cmpstr(event->type, ==, types[r->events]);
	g_assert_cmpstr(event->operator, ==, r->events ? "root" : NULL);
	g_assert_cmpstr(json_string_value(json_object_get(event->payload, "state")), ==, r->events ? "due" : "failed");
	r->events++;
	return TRUE;
}

static gboolean count_events(StoreTxn *txn, gpointer data, GError **error)
{
	return store_each_event(txn, 0, 0, count_event, data, error);
}

static void test_release(void)
{
	char *directory = testing_directory();
	Store *store = testing_store(directory);
	Release r = { .letter = letter_in(DELIVERY_FAILED, 9, 1) };
	testing_write(store, release, &r);
	g_assert_true(r.released);
	g_assert_cmpint(r.letter->state, ==, DELIVERY_DUE);
	g_assert_cmpuint(r.letter->attempts, ==, 0);
	g_assert_cmpint(r.letter->next, ==, NOW + 7);
	g_assert_null(r.letter->reason);
	testing_read(store, count_events, &r);
	g_assert_cmpuint(r.events, ==, 2);
	testing_write(store, release, &r);   /* it is due already */
	g_assert_false(r.released);
	g_assert_cmpint(status_of(r.error), ==, STATUS_PERMANENT);
	g_clear_error(&r.error);
	letter_free(r.letter);
	store_close(store);
	testing_remove(directory);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/outbox-fate/settle", test_settle);
	g_test_add_func("/outbox-fate/backoff", test_backoff);
	g_test_add_func("/outbox-fate/recover", test_recover);
	g_test_add_func("/outbox-fate/release", test_release);
	return g_test_run();
}
