#include "outbox.h"

#include <string.h>

#include "log.h"
#include "outbox-fate.h"

enum {
	WINDOW = 8,             /* letters in `sending` for each connection: enough that commits are shared and no connection waits for one */
	LOOK_SECONDS = 2,       /* between looks into the store */
	KNOWN_MOST = 1024,      /* due letters read at a look */
	PAUSE_SECONDS = 60      /* after one relay after another connection failed */
};

struct Outbox {
	struct ev_loop *loop;
	Store *store;
	Committer *committer;
	Submit *submit;
	const AckTexts *texts;
	Config *config;
	guint window;               /* letters in `sending` at most */
	ev_timer look;
	GArray *known;              /* guint64: letters that were due at the last look … */
	guint next_known;           /* … and the first that is not claimed yet */
	gboolean may_be_more;       /* the last look found some */
	GHashTable *taken;          /* guint64*: those that are under way, or were found unreadable */
	guint under_way;
	guint deferred_in_a_row;
	gint64 paused_until;
	GQueue unsettled;           /* Item*: results that could not be committed yet */
	gboolean is_recovered, once, draining, failed;
	void (*done)(gpointer);
	gpointer data;
};

/* A letter on its way. */
typedef struct {
	Outbox *outbox;
	Letter *letter;
	Case *of_case;              /* NULL: `fault` says why */
	char *fault;
	const char *event;          /* what has become of it */
	char *reply;
	gint64 now;
} Item;

static void proceed(Outbox *outbox);

static gint64 now_of(const Outbox *outbox)
{
	return (gint64)ev_now(outbox->loop);
}

static void take(Outbox *outbox, guint64 number)
{
	g_hash_table_add(outbox->taken, g_memdup2(&number, sizeof number));
}

static void item_free(gpointer data)
{
	Item *item = data;
	letter_free(item->letter);
	case_free(item->of_case);
	g_free(item->fault);
	g_free(item->reply);
	g_free(item);
}

/* --- settling: the result is committed -------------------------------------------------------------------------- */

static gboolean put_item(StoreTxn *txn, gpointer data, GError **error)
{
	const Item *item = data;
	return outbox_put(txn, item->letter, item->event, item->now, error);
}

static void settled(gpointer data, const GError *error)
{
	Item *item = data;
	Outbox *outbox = item->outbox;
	if (error && !store_is_broken(outbox->store)) {
		log_event(LOG_ERROR, "not-settled", "ref", item->letter->reference, "reason", error->message, NULL);
		g_queue_push_tail(&outbox->unsettled, item);   /* tried again at the next look: the disk may be full for now */
		return;
	}
	if (error)
		outbox->failed = outbox->draining = TRUE;
	else if (item->event)
		outbox_log(item->letter, item->event, item->reply);
	g_hash_table_remove(outbox->taken, &item->letter->number);
	item_free(item);
	outbox->under_way--;
	proceed(outbox);
}

static void settle(Item *item, const char *event)
{
	item->event = event;
	committer_submit(item->outbox->committer, put_item, settled, item);
}

/* A relay that is down or full turns every letter away: the others wait instead of using up their attempts. */
static void watch_relay(Outbox *outbox, SubmitResult result, const char *reply)
{
	if (result == SUBMIT_UNTRIED)
		return;
	outbox->deferred_in_a_row = result == SUBMIT_DEFERRED ? outbox->deferred_in_a_row + 1 : 0;
	if (outbox->deferred_in_a_row < outbox->window || outbox->once)
		return;
	outbox->deferred_in_a_row = 0;
	outbox->paused_until = now_of(outbox) + PAUSE_SECONDS;
	log_event(LOG_WARNING, "relay-unavailable", "reason", reply, NULL);
}

static void submitted(gpointer data, SubmitResult result, const char *reply)
{
	Item *item = data;
	Outbox *outbox = item->outbox;
	watch_relay(outbox, result, reply);
	item->reply = g_strdup(reply);
	item->now = now_of(outbox);
	settle(item, outbox_settle(item->letter, result, reply, item->now, g_random_double()));
}

/* --- claiming: `sending` is committed before the transfer -------------------------------------------------------- */

typedef struct {
	Outbox *outbox;
	GArray *numbers;
	GPtrArray *items;           /* Item*: those that could be claimed */
	gint64 now;
} Claim;

/* Whatever is wrong with the case is a reason to tell the operator, not to fail again and again. */
static gboolean claim_letter(StoreTxn *txn, Claim *claim, guint64 number, GError **error)
{
	g_autoptr(GError) failure = NULL, of_case = NULL;
	g_autoptr(Letter) letter = store_get_letter(txn, number, &failure);
	if (failure && store_is_broken(claim->outbox->store)) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	if (!letter) {   /* one damaged letter must not hold up all others */
		g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, number);
		log_event(LOG_ERROR, "letter-unreadable", "letter", text, "reason", failure ? failure->message : "the index names it, but it is not there",
			  NULL);
		return TRUE;
	}
	/* Since the look it may have been withdrawn. */
	if (letter->next > claim->now || (letter->state != DELIVERY_DUE && letter->state != DELIVERY_AMBIGUOUS))
		return TRUE;
	outbox_claim(letter);
	if (!store_put_letter(txn, letter, error))
		return FALSE;
	Item *item = g_new0(Item, 1);
	item->outbox = claim->outbox;
	item->of_case = store_get_case(txn, letter->case_number, &of_case);
	if (!item->of_case)
		item->fault = g_strdup(of_case ? of_case->message : "its case is not in the store");
	item->letter = g_steal_pointer(&letter);
	g_ptr_array_add(claim->items, item);
	return TRUE;
}

static gboolean claim_letters(StoreTxn *txn, gpointer data, GError **error)
{
	Claim *claim = data;
	g_ptr_array_set_size(claim->items, 0);   /* it can run twice */
	for (guint i = 0; i < claim->numbers->len; i++)
		if (!claim_letter(txn, claim, g_array_index(claim->numbers, guint64, i), error))
			return FALSE;
	return TRUE;
}

static void send_item(Outbox *outbox, Item *item)
{
	item->now = now_of(outbox);
	if (outbox->draining) {
		settle(item, outbox_settle(item->letter, SUBMIT_UNTRIED, NULL, item->now, 0));
		return;
	}
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) message = NULL;
	if (item->of_case)
		message = ack_compose(outbox->texts, item->letter, item->of_case, outbox->config, ack_controller(outbox->config, item->of_case),
				      item->now, &error);
	if (message)
		submit_send(outbox->submit, item->letter->to, message, submitted, item);
	else
		settle(item, outbox_give_up(item->letter, error ? error->message : item->fault, item->now));
}

static void claimed(gpointer data, const GError *error)
{
	Claim *claim = data;
	Outbox *outbox = claim->outbox;
	outbox->under_way -= claim->numbers->len;
	if (error) {
		log_event(LOG_ERROR, "not-claimed", "reason", error->message, NULL);
		outbox->failed = TRUE;
		outbox->draining = outbox->draining || outbox->once || store_is_broken(outbox->store);
		outbox->paused_until = now_of(outbox) + LOOK_SECONDS;
		for (guint i = 0; i < claim->numbers->len; i++)
			g_hash_table_remove(outbox->taken, &g_array_index(claim->numbers, guint64, i));
	} else {
		outbox->failed = FALSE;
		outbox->under_way += claim->items->len;
		for (guint i = 0; i < claim->items->len; i++)
			send_item(outbox, g_ptr_array_index(claim->items, i));
		g_ptr_array_set_free_func(claim->items, NULL);   /* they are under way */
	}
	g_ptr_array_unref(claim->items);
	g_array_unref(claim->numbers);
	g_free(claim);
	proceed(outbox);
}

static void claim_some(Outbox *outbox)
{
	guint count = MIN(outbox->window - outbox->under_way, outbox->known->len - outbox->next_known);
	Claim *claim = g_new0(Claim, 1);
	claim->outbox = outbox;
	claim->now = now_of(outbox);
	claim->numbers = g_array_sized_new(FALSE, FALSE, sizeof(guint64), count);
	claim->items = g_ptr_array_new_with_free_func(item_free);
	g_array_append_vals(claim->numbers, &g_array_index(outbox->known, guint64, outbox->next_known), count);
	for (guint i = 0; i < count; i++)
		take(outbox, g_array_index(claim->numbers, guint64, i));
	outbox->next_known += count;
	outbox->under_way += count;
	committer_submit(outbox->committer, claim_letters, claimed, claim);
}

/* --- looking ----------------------------------------------------------------------------------------------------- */

static gboolean read_due(StoreTxn *txn, gpointer data, GError **error)
{
	Outbox *outbox = data;
	g_autoptr(GArray) due = store_due_letters(txn, now_of(outbox), KNOWN_MOST + g_hash_table_size(outbox->taken), error);
	for (guint i = 0; due && i < due->len; i++)
		if (!g_hash_table_contains(outbox->taken, &g_array_index(due, guint64, i)))
			g_array_append_val(outbox->known, g_array_index(due, guint64, i));
	return due != NULL;
}

static void look(Outbox *outbox)
{
	g_autoptr(GError) error = NULL;
	if (outbox->next_known < outbox->known->len || !outbox->submit || outbox->config->observe)
		return;
	g_array_set_size(outbox->known, 0);
	outbox->next_known = 0;
	if (!store_read(outbox->store, read_due, outbox, &error)) {
		log_event(LOG_ERROR, "outbox-unreadable", "reason", error->message, NULL);
		outbox->failed = TRUE;
		outbox->draining = outbox->draining || outbox->once || store_is_broken(outbox->store);
	}
	outbox->may_be_more = outbox->known->len > 0;
}

static void finish(Outbox *outbox)
{
	void (*done)(gpointer) = outbox->done;
	outbox->done = NULL;
	ev_timer_stop(outbox->loop, &outbox->look);
	if (done)
		done(outbox->data);
}

/* Whatever can be done now: claim what is known, look for more, or be done. */
static void proceed(Outbox *outbox)
{
	if (!outbox->is_recovered)
		return;
	gboolean takes = !outbox->draining && (outbox->paused_until <= now_of(outbox) || outbox->once);
	if (takes && outbox->next_known == outbox->known->len && outbox->may_be_more)
		look(outbox);
	/* Half a window at a time, so that commits are shared. */
	if (takes && outbox->next_known < outbox->known->len && outbox->under_way <= outbox->window / 2)
		claim_some(outbox);
	else if (outbox->under_way == 0 && (outbox->draining || outbox->once))
		finish(outbox);
}

static void on_look(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop, (void)events;
	Outbox *outbox = timer->data;
	for (Item *item; (item = g_queue_pop_head(&outbox->unsettled));)
		settle(item, item->event);
	if (!outbox->draining && outbox->is_recovered)
		look(outbox);
	proceed(outbox);
}

/* --- after a crash ----------------------------------------------------------------------------------------------- */

typedef struct {
	Outbox *outbox;
	guint count;
	gint64 now;
} Recovery;

static gboolean recover(StoreTxn *txn, gpointer data, GError **error)
{
	Recovery *recovery = data;
	return outbox_recover_all(txn, recovery->now, &recovery->count, error);
}

static void recovered(gpointer data, const GError *error)
{
	Recovery *recovery = data;
	Outbox *outbox = recovery->outbox;
	outbox->is_recovered = TRUE;
	if (error) {
		log_event(LOG_ERROR, "not-recovered", "reason", error->message, NULL);
		outbox->failed = outbox->draining = TRUE;
	} else if (recovery->count) {
		g_autofree char *count = g_strdup_printf("%u", recovery->count);
		log_event(LOG_WARNING, "interrupted", "letters", count, NULL);
	}
	g_free(recovery);
	outbox->may_be_more = TRUE;
	proceed(outbox);
}

/* --- from outside ------------------------------------------------------------------------------------------------ */

Outbox *outbox_new(struct ev_loop *loop, Store *store, Committer *committer, Submit *submit, guint connections, const AckTexts *texts,
		   const Config *config)
{
	Outbox *outbox = g_new0(Outbox, 1);
	outbox->loop = loop;
	outbox->store = store;
	outbox->committer = committer;
	outbox->submit = submit;
	outbox->window = WINDOW * MAX(connections, 1);
	outbox->known = g_array_new(FALSE, FALSE, sizeof(guint64));
	outbox->taken = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	g_queue_init(&outbox->unsettled);
	outbox->texts = texts;
	outbox->config = config_ref(config);
	ev_timer_init(&outbox->look, on_look, LOOK_SECONDS, LOOK_SECONDS);
	outbox->look.data = outbox;
	return outbox;
}

void outbox_configure(Outbox *outbox, const AckTexts *texts, const Config *config)
{
	config_unref(outbox->config);
	outbox->config = config_ref(config);
	outbox->texts = texts;
}

void outbox_start(Outbox *outbox)
{
	Recovery *recovery = g_new0(Recovery, 1);
	recovery->outbox = outbox;
	recovery->now = now_of(outbox);
	committer_submit(outbox->committer, recover, recovered, recovery);
	ev_timer_start(outbox->loop, &outbox->look);
}

void outbox_run_once(Outbox *outbox, void (*done)(gpointer), gpointer data)
{
	outbox->once = TRUE;
	outbox->done = done;
	outbox->data = data;
	outbox_start(outbox);
}

void outbox_drain(Outbox *outbox, void (*done)(gpointer), gpointer data)
{
	outbox->draining = TRUE;
	outbox->done = done;
	outbox->data = data;
	if (outbox->submit)
		submit_stop(outbox->submit);
	proceed(outbox);
}

gboolean outbox_has_failed(const Outbox *outbox)
{
	return outbox->failed;
}

void outbox_free(Outbox *outbox)
{
	if (!outbox)
		return;
	ev_timer_stop(outbox->loop, &outbox->look);
	g_queue_clear_full(&outbox->unsettled, item_free);
	g_array_unref(outbox->known);
	g_hash_table_unref(outbox->taken);
	config_unref(outbox->config);
	g_free(outbox);
}
