#include "smtp-peer.h"
#include "status.h"
#include "submit.h"
#include "testing.h"

static const char message[] = "Subject: x\r\n\r\n.dot\r\nlast\r\n";

typedef struct {
	SmtpPeer *peer;
	struct ev_loop *loop;
	ConfigSmtp smtp;
	Submit *submit;
	guint count[SUBMIT_UNTRIED + 1];
	SubmitResult result;
	char *reply;
} World;

static void done(gpointer data, SubmitResult result, const char *reply)
{
	World *w = data;
	w->count[result]++;
	w->result = result;
	g_free(w->reply);
	w->reply = g_strdup(reply);
}

static void world_start(World *w, const SmtpScript *script, guint connections)
{
	GError *error = NULL;
	memset(w, 0, sizeof *w);
	w->peer = smtp_peer_start(script);
	w->loop = ev_loop_new(EVFLAG_AUTO);
	w->smtp.url = g_strdup_printf("smtp://127.0.0.1:%u", w->peer->port);
	w->smtp.tls = CONFIG_TLS_NONE;
	w->smtp.hello = g_strdup("sender.example");
	w->smtp.timeout = 10;
	w->submit = submit_new(w->loop, &w->smtp, connections, &error);
	g_assert_no_error(error);
}

static void world_end(World *w)
{
	submit_free(w->submit);
	smtp_peer_stop(w->peer);
	ev_loop_destroy(w->loop);
	g_free(w->smtp.url);
	g_free(w->smtp.hello);
	g_free(w->smtp.user);
	g_free(w->smtp.password);
	g_free(w->reply);
}

static void send_one(World *w, const char *to)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(message, strlen(message));
	guint before = w->count[0] + w->count[1] + w->count[2] + w->count[3] + w->count[4];
	submit_send(w->submit, to, bytes, done, w);
	g_assert_cmpuint(w->count[0] + w->count[1] + w->count[2] + w->count[3] + w->count[4], ==, before);
}

static void test_dialogue(void)
{
	static const char *const want[] = { "EHLO sender.example", "MAIL FROM:<> SIZE=26", "RCPT TO:<jane@example.org>", "DATA" };
	World w;
	world_start(&w, &(SmtpScript) { .end = "250 2.0.0 Ok: queued as \033[2J4711" }, 2);
	send_one(&w, "jane@EXAMPLE.org");
	ev_run(w.loop, 0);
	g_assert_cmpuint(w.count[SUBMIT_SENT], ==, 1);
	g_assert_cmpuint(submit_pending(w.submit), ==, 0);
	g_assert_cmpstr(w.reply, ==, "250 2.0.0 Ok: queued as \\u{1B}[2J4711");
	for (guint i = 0; i < G_N_ELEMENTS(want); i++)
		g_assert_cmpstr(g_ptr_array_index(w.peer->lines, i), ==, want[i]);
	g_assert_cmpstr(g_ptr_array_index(w.peer->messages, 0), ==, "Subject: x\r\n\r\n..dot\r\nlast\r\n");
	world_end(&w);
}

/* What each failure of the relay means for the letter. */
static void test_failures(void)
{
	static const struct {
		const char *name;
		SmtpScript script;
		SubmitResult result;
		const char *says;
	} cases[] = {
		{ "550 after the dot", { .end = "550 5.7.1 No such luck" }, SUBMIT_REFUSED, "550 5.7.1 No such luck" },
		{ "451 after the dot", { .end = "451-4.3.0 Not\r\n451 4.3.0 now" }, SUBMIT_DEFERRED, "451-4.3.0 Not 4.3.0 now" },
		{ "421 after the dot", { .end = "[421 4.3.2 shutting down]" }, SUBMIT_DEFERRED, "421 4.3.2 shutting down" },
		{ "drop after the dot", { .end = "" }, SUBMIT_AMBIGUOUS, "no reply to the end of the message" },
		{ "half a reply after the dot", { .end = "[250-2.0.0 qu]" }, SUBMIT_AMBIGUOUS, "no reply to the end of the message" },
		{ "closed after the last reply", { .end = "[250 2.0.0 queued]" }, SUBMIT_SENT, "250 2.0.0 queued" },
		{ "451 to DATA", { .data = "451 4.3.0 later" }, SUBMIT_DEFERRED, "451 4.3.0 later" },
		{ "554 to DATA", { .data = "554 5.5.1 no valid recipients" }, SUBMIT_REFUSED, "554 5.5.1 no valid recipients" },
		{ "drop at DATA", { .data = "" }, SUBMIT_DEFERRED, "" },
		{ "550 to RCPT", { .rcpt = "550 5.1.1 unknown" }, SUBMIT_REFUSED, "550 5.1.1 unknown" },
		{ "450 to RCPT", { .rcpt = "450 4.2.1 greylisted" }, SUBMIT_DEFERRED, "450 4.2.1 greylisted" },
		{ "drop at RCPT", { .rcpt = "" }, SUBMIT_DEFERRED, "" },
		{ "550 to MAIL", { .mail = "550 5.7.0 no bounces here" }, SUBMIT_REFUSED, "550 5.7.0 no bounces here" },
		{ "530 to MAIL", { .mail = "530 5.7.0 Must issue a STARTTLS command first" }, SUBMIT_DEFERRED, "530 5.7.0" },
		{ "drop at MAIL", { .mail = "" }, SUBMIT_DEFERRED, "" },
		{ "550 to EHLO", { .hello = "550 5.7.1 go away" }, SUBMIT_DEFERRED, "" },
		{ "554 greeting", { .greeting = "[554 5.3.2 no service]" }, SUBMIT_DEFERRED, "554 5.3.2 no service" },
		{ "drop at once", { .greeting = "" }, SUBMIT_DEFERRED, "" },
		{ "rubbish", { .greeting = "[hello]" }, SUBMIT_DEFERRED, "" },
		{ "slow greeting", { .greeting_delay = 150 }, SUBMIT_SENT, "250 2.0.0 queued" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		World w;
		world_start(&w, &cases[i].script, 2);
		send_one(&w, "jane@example.org");
		ev_run(w.loop, 0);
		if (w.result != cases[i].result || !strstr(w.reply, cases[i].says) || !*w.reply || strpbrk(w.reply, "\r\n"))
			g_error("%s: result %d, \"%s\"", cases[i].name, w.result, w.reply);
		g_assert_cmpuint(w.count[cases[i].result], ==, 1);
		g_assert_cmpuint(w.peer->connected, ==, 1);   /* a failure is nothing to try again at once */
		world_end(&w);
	}
}

static void test_no_relay(void)
{
	World w;
	world_start(&w, &(SmtpScript) { .greeting = NULL }, 2);
	g_free(w.smtp.url);
	/* A port that was just free. */
	SmtpPeer *gone = smtp_peer_start(&(SmtpScript) { .greeting = NULL });
	w.smtp.url = g_strdup_printf("smtp://127.0.0.1:%u/", gone->port);
	smtp_peer_stop(gone);
	g_assert_true(submit_configure(w.submit, &w.smtp, NULL));
	send_one(&w, "jane@example.org");
	ev_run(w.loop, 0);
	g_assert_cmpint(w.result, ==, SUBMIT_DEFERRED);
	g_assert_cmpuint(w.peer->connected, ==, 0);
	world_end(&w);
}

/* A timeout after the final dot, and one before it. */
static void test_timeouts(void)
{
	World w;
	world_start(&w, &(SmtpScript) { .end_hangs = 1 }, 2);
	w.smtp.timeout = 1;
	g_assert_true(submit_configure(w.submit, &w.smtp, NULL));
	send_one(&w, "jane@example.org");
	ev_run(w.loop, 0);
	g_assert_cmpint(w.result, ==, SUBMIT_AMBIGUOUS);
	world_end(&w);
	world_start(&w, &(SmtpScript) { .greeting_delay = 60000 }, 2);
	w.smtp.timeout = 1;
	g_assert_true(submit_configure(w.submit, &w.smtp, NULL));
	send_one(&w, "jane@example.org");
	ev_run(w.loop, 0);
	g_assert_cmpint(w.result, ==, SUBMIT_DEFERRED);
	world_end(&w);
}

/* libcurl puts whatever it is given into RCPT. */
static void test_unsafe_address(void)
{
	static const char *const addresses[] = {
		"a\r\nRCPT TO:<evil@example.net>@example.org", "a@example.org>\r\nDATA", "<a@example.org>", "\"a b\"@example.org", "a@[127.0.0.1]",
		"", "a b@example.org",
		"a@example.org SIZE=1", "a@example.org\n",
	};
	World w;
	world_start(&w, &(SmtpScript) { .greeting = NULL }, 2);
	for (guint i = 0; i < G_N_ELEMENTS(addresses); i++)
		send_one(&w, addresses[i]);
	send_one(&w, NULL);
	ev_run(w.loop, 0);
	g_assert_cmpuint(w.count[SUBMIT_REFUSED], ==, G_N_ELEMENTS(addresses) + 1);
	g_assert_cmpuint(w.peer->connected, ==, 0);
	world_end(&w);
}

static void test_utf8(void)
{
	World w;
	world_start(&w, &(SmtpScript) { .greeting = NULL }, 2);
	send_one(&w, "jane@example.org");
	ev_run(w.loop, 0);
	send_one(&w, "müller@example.org");
	ev_run(w.loop, 0);
	g_assert_cmpint(w.result, ==, SUBMIT_REFUSED);
	g_assert_nonnull(strstr(w.reply, "SMTPUTF8"));
	for (guint i = 0; i < w.peer->lines->len; i++)
		g_assert_null(strstr(g_ptr_array_index(w.peer->lines, i), "RCPT TO:<m"));
	send_one(&w, "jane@bücher.example");   /* an internationalised domain alone has an ASCII form */
	ev_run(w.loop, 0);
	g_assert_cmpint(w.result, ==, SUBMIT_SENT);
	world_end(&w);

	world_start(&w, &(SmtpScript) { .hello = "250-peer.example\r\n250-SMTPUTF8\r\n250 8BITMIME" }, 2);
	send_one(&w, "müller@example.org");
	ev_run(w.loop, 0);
	g_assert_cmpint(w.result, ==, SUBMIT_SENT);
	g_assert_cmpstr(g_ptr_array_index(w.peer->lines, 1), ==, "MAIL FROM:<> SMTPUTF8");
	g_assert_cmpstr(g_ptr_array_index(w.peer->lines, 2), ==, "RCPT TO:<müller@example.org>");
	world_end(&w);
}

static void test_reuse(void)
{
	World w;
	world_start(&w, &(SmtpScript) { .greeting = NULL }, 4);
	for (guint i = 0; i < 200; i++)
		send_one(&w, "jane@example.org");
	ev_run(w.loop, 0);
	g_assert_cmpuint(w.count[SUBMIT_SENT], ==, 200);
	g_assert_cmpuint(w.peer->messages->len, ==, 200);
	g_assert_cmpuint(w.peer->connected, <=, 4);
	world_end(&w);
}

/* A relay that closes a connection between two messages costs no letter a delay. */
static void test_stale(void)
{
	World w;
	world_start(&w, &(SmtpScript) { .closes_after = 1 }, 1);
	for (guint i = 0; i < 5; i++) {
		send_one(&w, "jane@example.org");
		ev_run(w.loop, 0);
	}
	g_assert_cmpuint(w.count[SUBMIT_SENT], ==, 5);
	g_assert_cmpuint(w.peer->connected, ==, 5);
	world_end(&w);
}

/* Stopping: what waits for a connection is given back, what is under way ends; abortion doesn't wait. */
static void test_stop(void)
{
	World w;
	world_start(&w, &(SmtpScript) { .end_hangs = 1 }, 1);
	w.smtp.timeout = 600;
	for (guint i = 0; i < 3; i++)
		send_one(&w, "jane@example.org");
	for (guint messages = 0; messages == 0; g_thread_yield()) {
		g_mutex_lock(&w.peer->mutex);
		messages = w.peer->messages->len;
		g_mutex_unlock(&w.peer->mutex);
	}
	submit_stop(w.submit);
	while (submit_pending(w.submit) > 1)
		ev_run(w.loop, EVRUN_ONCE);
	g_assert_cmpuint(w.count[SUBMIT_UNTRIED], ==, 2);
	submit_abort(w.submit);
	ev_run(w.loop, 0);
	g_assert_cmpuint(w.count[SUBMIT_AMBIGUOUS], ==, 1);
	world_end(&w);
}

static void test_settings(void)
{
	static const struct { const char *url, *hello; gboolean good; } cases[] = {
		{ "smtp://relay.example:25", NULL, TRUE },
		{ "smtps://[::1]:465/", "[IPv6:::1]", TRUE },
		{ NULL, NULL, FALSE },
		{ "smtp://", NULL, FALSE },
		{ "http://relay.example", NULL, FALSE },
		{ "smtp://relay.example/x", NULL, FALSE },
		{ "smtp://user@relay.example", NULL, FALSE },
		{ "smtp://relay.example\r\nx", NULL, FALSE },
		{ "smtp://relay.example", "a b", FALSE },
		{ "smtp://relay.example", "a\r\nQUIT", FALSE },
		{ "smtp://relay.example", "a%0d%0aQUIT", FALSE },
	};
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		ConfigSmtp smtp = { .url = (char *)cases[i].url, .hello = (char *)cases[i].hello, .timeout = 600 };
		g_autoptr(GError) error = NULL;
		Submit *submit = submit_new(loop, &smtp, 1, &error);
		g_assert_cmpint(submit != NULL, ==, cases[i].good);
		g_assert_cmpint(status_of(error), ==, cases[i].good ? STATUS_OK : STATUS_PERMANENT);
		submit_free(submit);
	}
	ev_loop_destroy(loop);
}

/* tls = required never goes on in the clear, and a password is not sent where TLS was wanted and is not there. */
static void test_tls_required(void)
{
	World w;
	world_start(&w, &(SmtpScript) { .hello = "250-peer.example\r\n250 AUTH PLAIN LOGIN" }, 1);
	w.smtp.tls = CONFIG_TLS_REQUIRED;
	w.smtp.user = g_strdup("optout");
	w.smtp.password = g_strdup("secret");
	g_assert_true(submit_configure(w.submit, &w.smtp, NULL));
	send_one(&w, "jane@example.org");
	ev_run(w.loop, 0);
	g_assert_cmpint(w.result, ==, SUBMIT_DEFERRED);
	g_assert_nonnull(strstr(w.reply, "STARTTLS"));
	g_assert_cmpuint(w.peer->messages->len, ==, 0);
	for (guint i = 0; i < w.peer->lines->len; i++) {
		g_assert_null(strstr(g_ptr_array_index(w.peer->lines, i), "AUTH"));
		g_assert_null(strstr(g_ptr_array_index(w.peer->lines, i), "MAIL"));
	}
	world_end(&w);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/submit/dialogue", test_dialogue);
	g_test_add_func("/submit/failures", test_failures);
	g_test_add_func("/submit/no-relay", test_no_relay);
	g_test_add_func("/submit/timeouts", test_timeouts);
	g_test_add_func("/submit/unsafe-address", test_unsafe_address);
	g_test_add_func("/submit/utf8", test_utf8);
	g_test_add_func("/submit/reuse", test_reuse);
	g_test_add_func("/submit/stale", test_stale);
	g_test_add_func("/submit/stop", test_stop);
	g_test_add_func("/submit/settings", test_settings);
	g_test_add_func("/submit/tls-required", test_tls_required);
	return g_test_run();
}
