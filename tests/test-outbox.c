#include "outbox-fate.h"
#include "outbox.h"
#include "smtp-peer.h"
#include "store-testing.h"

typedef struct {
	char *directory;
	Store *store;
	struct ev_loop *loop;
	Committer *committer;
	SmtpPeer *peer;
	Submit *submit;
	Config *config;
	AckTexts *texts;
	Outbox *outbox;
	GArray *numbers;          /* guint64, of letters */
	Delivery state;           /* that queued letters get */
	guint done;
} World;

static void world_start(World *w, const SmtpScript *script)
{
	GError *error = NULL;
	memset(w, 0, sizeof *w);
	w->directory = testing_directory();
	w->store = testing_store(w->directory);
	w->loop = ev_loop_new(EVFLAG_AUTO);
	w->committer = committer_new(w->store, w->loop);
	w->peer = smtp_peer_start(script);
	w->config = config_default();
	w->config->smtp.url = g_strdup_printf("smtp://127.0.0.1:%u", w->peer->port);
	w->config->smtp.from = g_strdup("Privacy Team <privacy@optout.example>");
	w->config->smtp.timeout = 10;
	w->config->smtp.tls = CONFIG_TLS_NONE;
	ConfigController *controller = g_new0(ConfigController, 1);
	controller->id = g_strdup("shop");
	controller->name = g_strdup("The Shop");
	controller->languages = g_strsplit("en", " ", -1);
	g_ptr_array_add(w->config->controllers, controller);
	g_autofree char *filters = testing_source("filters");
	char *directories[] = { filters, NULL };
	w->texts = ack_texts_load(directories, &error);
	g_assert_no_error(error);
	w->submit = submit_new(w->loop, &w->config->smtp, 2, &error);
	g_assert_no_error(error);
	w->outbox = outbox_new(w->loop, w->store, w->committer, w->submit, 2, w->texts, w->config);
	w->numbers = g_array_new(FALSE, FALSE, sizeof(guint64));
}

static void world_end(World *w)
{
	submit_free(w->submit);
	committer_free(w->committer);
	outbox_free(w->outbox);
	store_close(w->store);
	smtp_peer_stop(w->peer);
	ev_loop_destroy(w->loop);
	ack_texts_free(w->texts);
	config_unref(w->config);
	testing_remove(w->directory);
	g_array_unref(w->numbers);
}

static gboolean queue_one(StoreTxn *txn, gpointer data, GError **error)
{
	World *w = data;
	g_autoptr(Case) c = case_new();
	c->kind = KIND_REQUEST;
	c->controller = g_strdup("shop");
	c->address = g_strdup("unsubscribe@optout.example");
	c->subject_address = g_strdup("jane@example.org");
	c->sender = g_strdup("jane@example.org");
	c->received = TESTING_NOW;
	c->language = g_strdup("en");
	g_date_set_dmy(&c->due, 8, 12, 2026);
	g_ptr_array_add(c->requests, case_request_new(verdict_request_new(REQUEST_MARKETING_OPT_OUT, 1), LAW_GDPR, &c->due));
	if (!store_put_case(txn, c, error))
		return FALSE;
	g_autoptr(Letter) letter = letter_new();
	letter->case_number = c->number;
	g_strlcpy(letter->reference, c->reference, sizeof letter->reference);
	letter->to = g_strdup("jane@example.org");
	letter->message_id = g_strdup_printf("%s@optout.example", letter->uuid);
	letter->state = w->state;
	letter->queued = (gint64)ev_now(w->loop);
	letter->next = letter->queued - 1;
	if (!store_put_letter(txn, letter, error))
		return FALSE;
	g_array_append_val(w->numbers, letter->number);
	return TRUE;
}

static void queue(World *w, guint count, Delivery state)
{
	w->state = state;
	for (guint i = 0; i < count; i++)
		testing_write(w->store, queue_one, w);
}

typedef struct {
	guint64 number;
	Letter *letter;
	GString *events;          /* of its case, in order */
} Look;

static gboolean add_event(const Event *event, gpointer data)
{
	g_string_append_printf(data, "%s%s", ((GString *)data)->len ? " " : "", event->type);
	return TRUE;
}

static gboolean get(StoreTxn *txn, gpointer data, GError **error)
{
	Look *look = data;
	look->letter = store_get_letter(txn, look->number, error);
	return look->letter && store_each_event(txn, 0, look->letter->case_number, add_event, look->events, error);
}

/* The `index`th queued letter's state, copies and events. */
static char *fate(World *w, guint index)
{
	Look look = { .number = g_array_index(w->numbers, guint64, index), .events = g_string_new(NULL) };
	testing_read(w->store, get, &look);
	char *text = g_strdup_printf("%s %u: %s", delivery_name(look.letter->state), look.letter->copies, look.events->str);
	letter_free(look.letter);
	g_string_free(look.events, TRUE);
	return text;
}

#define assert_fate(w, index, want)                     \
	do {                                            \
		g_autofree char *got = fate(w, index);  \
		g_assert_cmpstr(got, ==, want);         \
	} while (0)

static void on_done(gpointer data)
{
	World *w = data;
	w->done++;
	ev_break(w->loop, EVBREAK_ALL);
}

static void run_once(World *w)
{
	w->done = 0;
	outbox_run_once(w->outbox, on_done, w);
	ev_run(w->loop, 0);
	g_assert_cmpuint(w->done, ==, 1);
	g_assert_false(outbox_has_failed(w->outbox));
}

static void test_results(void)
{
	static const struct { SmtpScript script; const char *fate; } cases[] = {
		{ { .greeting = NULL }, "sent 1: sent" },
		{ { .end = "550 5.7.1 no" }, "failed 0: send-failed" },
		{ { .rcpt = "450 4.2.1 later" }, "due 0: send-deferred" },
		{ { .end = "" }, "ambiguous 1: send-ambiguous" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		World w;
		world_start(&w, &cases[i].script);
		queue(&w, 3, DELIVERY_DUE);
		run_once(&w);
		for (guint k = 0; k < 3; k++)
			assert_fate(&w, k, cases[i].fate);
		world_end(&w);
	}
}

/* More than a look reads and many more than the window. */
static gboolean queue_many(StoreTxn *txn, gpointer data, GError **error)
{
	for (guint i = 0; i < 1500; i++)
		if (!queue_one(txn, data, error))
			return FALSE;
	return TRUE;
}

static void test_many(void)
{
	World w;
	world_start(&w, &(SmtpScript) { .greeting = NULL });
	w.state = DELIVERY_DUE;
	testing_write(w.store, queue_many, &w);
	run_once(&w);
	for (guint k = 0; k < 1500; k++)
		assert_fate(&w, k, "sent 1: sent");
	g_assert_cmpuint(w.peer->messages->len, ==, 1500);
	g_assert_cmpuint(w.peer->connected, <=, 2);
	world_end(&w);
}

/* What a crash left: in the middle of the first transfer, and in the middle of the one more. */
static gboolean set_copies(StoreTxn *txn, gpointer data, GError **error)
{
	g_autoptr(Letter) letter = store_get_letter(txn, *(guint64 *)data, error);
	letter->copies = 1;
	return store_put_letter(txn, letter, error);
}

static void test_recovery(void)
{
	World w;
	world_start(&w, &(SmtpScript) { .greeting = NULL });
	queue(&w, 2, DELIVERY_SENDING);
	queue(&w, 1, DELIVERY_DUE);
	testing_write(w.store, set_copies, &g_array_index(w.numbers, guint64, 1));
	run_once(&w);
	assert_fate(&w, 0, "sent 2: send-ambiguous sent");
	assert_fate(&w, 1, "failed 2: send-failed");
	assert_fate(&w, 2, "sent 1: sent");
	g_assert_cmpuint(w.peer->messages->len, ==, 2);
	world_end(&w);
}

/* Held, failed, withdrawn and sent letters are left alone. */
static void test_untouched(void)
{
	static const Delivery states[] = { DELIVERY_HELD, DELIVERY_FAILED, DELIVERY_WITHDRAWN, DELIVERY_SENT };
	World w;
	world_start(&w, &(SmtpScript) { .greeting = NULL });
	for (guint i = 0; i < G_N_ELEMENTS(states); i++)
		queue(&w, 1, states[i]);
	run_once(&w);
	g_assert_cmpuint(w.peer->connected, ==, 0);
	for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
		g_autofree char *want = g_strdup_printf("%s 0: ", delivery_name(states[i]));
		assert_fate(&w, i, want);
	}
	world_end(&w);
}

/* A letter that can't be composed is a task, once, and stops no other. */
static gboolean spoil(StoreTxn *txn, gpointer data, GError **error)
{
	g_autoptr(Letter) letter = store_get_letter(txn, *(guint64 *)data, error);
	g_free(letter->message_id);
	letter->message_id = g_strdup("no id\r\nBcc: x@example.net");
	return store_put_letter(txn, letter, error);
}

static gboolean rename_controller(StoreTxn *txn, gpointer data, GError **error)
{
	g_autoptr(Letter) letter = store_get_letter(txn, *(guint64 *)data, error);
	g_autoptr(Case) c = store_get_case(txn, letter->case_number, error);
	g_free(c->controller);
	c->controller = g_strdup("gone");
	return store_put_case(txn, c, error);
}

static void test_faults(void)
{
	World w;
	world_start(&w, &(SmtpScript) { .greeting = NULL });
	queue(&w, 3, DELIVERY_DUE);
	testing_write(w.store, spoil, &g_array_index(w.numbers, guint64, 0));
	testing_write(w.store, rename_controller, &g_array_index(w.numbers, guint64, 1));
	run_once(&w);
	assert_fate(&w, 0, "failed 0: send-failed");
	assert_fate(&w, 1, "failed 0: send-failed");
	assert_fate(&w, 2, "sent 1: sent");
	world_end(&w);
}

static void test_observe(void)
{
	World w;
	world_start(&w, &(SmtpScript) { .greeting = NULL });
	w.config->observe = TRUE;
	queue(&w, 2, DELIVERY_DUE);
	run_once(&w);
	assert_fate(&w, 0, "due 0: ");
	g_assert_cmpuint(w.peer->connected, ==, 0);
	world_end(&w);
}

/* Ending while the relay is slow: what waits goes back untouched, what has begun is settled. */
static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)events;
	World *w = timer->data;
	g_mutex_lock(&w->peer->mutex);
	guint messages = w->peer->messages->len;
	g_mutex_unlock(&w->peer->mutex);
	if (messages < 2)
		return;
	ev_timer_stop(loop, timer);
	outbox_drain(w->outbox, on_done, w);
	submit_abort(w->submit);
}

static void test_drain(void)
{
	World w;
	ev_timer timer;
	world_start(&w, &(SmtpScript) { .end_hangs = 1 });
	queue(&w, 100, DELIVERY_DUE);
	ev_timer_init(&timer, on_timer, 0.01, 0.01);
	timer.data = &w;
	ev_timer_start(w.loop, &timer);
	outbox_start(w.outbox);
	ev_run(w.loop, 0);
	g_assert_cmpuint(w.done, ==, 1);
	guint due = 0, ambiguous = 0;
	for (guint i = 0; i < 100; i++) {
		g_autofree char *got = fate(&w, i);
		due += g_str_equal(got, "due 0: ");
		ambiguous += g_str_equal(got, "ambiguous 1: send-ambiguous");
	}
	g_assert_cmpuint(ambiguous, ==, 2);
	g_assert_cmpuint(due, ==, 98);
	world_end(&w);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/outbox/results", test_results);
	g_test_add_func("/outbox/many", test_many);
	g_test_add_func("/outbox/recovery", test_recovery);
	g_test_add_func("/outbox/untouched", test_untouched);
	g_test_add_func("/outbox/faults", test_faults);
	g_test_add_func("/outbox/observe", test_observe);
	g_test_add_func("/outbox/drain", test_drain);
	return g_test_run();
}
