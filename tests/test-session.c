/* Conversations over a socket, with the real server and codec, and an intake whose answers the test gives. */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "milter-peer.h"
#include "session.h"
#include "testing.h"

/* --- an intake that waits for the test ------------------------------------------------------------------------- */

typedef struct {
	Envelope *envelope;
	GBytes *message;
	gboolean is_truncated;
	IntakeDone done;
	gpointer data;
} Taken;

struct Intake {
	GPtrArray *taken;    /* Taken* */
};

static void taken_free(gpointer data)
{
	Taken *taken = data;
	envelope_free(taken->envelope);
	g_bytes_unref(taken->message);
	g_free(taken);
}

void intake_take(Intake *intake, Envelope *envelope, GBytes *message, gboolean is_truncated, guint own_hops, gint64 received,
		 IntakeDone done, gpointer data)
{
	g_assert_cmpuint(own_hops, ==, 0);
	g_assert_cmpint(received, >, 1700000000);
	Taken *taken = g_new0(Taken, 1);
	*taken = (Taken){ envelope, g_bytes_ref(message), is_truncated, done, data };
	g_ptr_array_add(intake->taken, taken);
}

guint intake_pending(const Intake *intake)
{
	return intake->taken->len;
}

/* --- fixture ---------------------------------------------------------------------------------------------------- */

static ConfigController controller = { .id = (char *)"shop", .name = (char *)"Shop" };
static ConfigAddress opt_out = { (char *)"unsubscribe@example.com", &controller, ROLE_OPT_OUT, AFTER_DISCARD };
static ConfigAddress privacy = { (char *)"privacy@example.com", &controller, ROLE_PRIVACY, AFTER_DELIVER };

typedef struct {
	struct ev_loop *loop;
	Config *config;
	Intake intake;
	Sessions *sessions;
	Server *server;
	GByteArray *in;      /* to be said */
	int peer;
	gboolean is_closed, is_drained;
} Fixture;

static int connect_peer(Fixture *f)
{
	int ends[2];
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), ==, 0);
	server_adopt(f->server, ends[0]);
	return ends[1];
}

static void set_up(Fixture *f, gconstpointer data)
{
	(void)data;
	f->loop = ev_loop_new(EVFLAG_AUTO);
	f->config = config_default();
	g_ptr_array_set_free_func(f->config->addresses, NULL);
	g_ptr_array_add(f->config->addresses, &opt_out);
	g_ptr_array_add(f->config->addresses, &privacy);
	f->config->message_size = 4096;
	f->intake.taken = g_ptr_array_new_with_free_func(taken_free);
	f->sessions = sessions_new(f->loop, &f->intake);
	sessions_configure(f->sessions, f->config);
	f->server = server_new(f->loop, sessions_handler(), f->sessions);
	f->in = g_byte_array_new();
	f->peer = connect_peer(f);
}

static void tear_down(Fixture *f, gconstpointer data)
{
	(void)data;
	server_free(f->server);
	/* What the intake still holds is answered into the void. */
	for (guint i = 0; i < f->intake.taken->len; i++) {
		Taken *taken = g_ptr_array_index(f->intake.taken, i);
		taken->done(taken->data, &(IntakeResult){ STATUS_TEMPORARY, FALSE, NULL, 0 });
	}
	sessions_free(f->sessions);
	g_ptr_array_unref(f->intake.taken);
	g_byte_array_unref(f->in);
	config_unref(f->config);
	close(f->peer);
	ev_loop_destroy(f->loop);
}

/* Says what was prepared, and lets the loop run until both sides have nothing more; what came back, as `c|y:451 4.3.0 text.` */
static char *hear(Fixture *f)
{
	g_autoptr(GByteArray) heard = g_byte_array_new();
	gsize said = 0;
	for (guint quiet = 0; quiet < 3;) {
		guint8 bytes[4096];
		ssize_t out = said < f->in->len ? send(f->peer, f->in->data + said, f->in->len - said, MSG_NOSIGNAL) : 0;
		said += out > 0 ? (gsize)out : 0;
		ev_run(f->loop, EVRUN_NOWAIT);
		ssize_t n = recv(f->peer, bytes, sizeof bytes, 0);
		if (n > 0)
			g_byte_array_append(heard, bytes, (guint)n);
		f->is_closed = f->is_closed || n == 0;
		quiet = out > 0 || n > 0 ? 0 : quiet + 1;
	}
	g_byte_array_set_size(f->in, 0);
	GString *text = g_string_new(NULL);
	for (gsize at = 0; at < heard->len;) {
		guint32 size = peer_u32(heard->data + at);
		g_assert_cmpuint(at + 4 + size, <=, heard->len);
		const guint8 *p = heard->data + at + 4;
		g_string_append_printf(text, "%s%c%s", text->len ? "|" : "", *p, size > 1 ? ":" : "");
		for (guint i = 1; i < size; i++)
			g_string_append_c(text, !p[i] ? '.' : p[i] < 0x20 ? (char)('0' + p[i] % 10) : (char)p[i]);
		at += 4 + size;
	}
	return g_string_free(text, FALSE);
}

#define assert_hear(f, wanted) do { \
	g_autofree char *heard_ = hear(f); \
	g_assert_cmpstr(heard_, ==, wanted); \
} while (0)

static void assert_bytes(GBytes *bytes, const char *wanted)
{
	gsize length;
	const char *got = g_bytes_get_data(bytes, &length);
	g_assert_cmpmem(got, length, wanted, strlen(wanted));
}

static void negotiate(Fixture *f, guint32 version, guint32 actions, guint32 steps)
{
	peer_put_options(f->in, version, actions, steps);
	g_autofree char *heard = hear(f);
	g_assert_cmpint(heard[0], ==, 'O');
}

static void put_envelope(Fixture *f, const char *const *recipients)
{
	peer_put_macros(f->in, 'M', "i", "4XYZ", "{client_addr}", "192.0.2.7", NULL);
	peer_put_strings(f->in, 'M', "<ann@example.org>", "SIZE=10", NULL);
	for (; *recipients; recipients++)
		peer_put_strings(f->in, 'R', *recipients, NULL);
	peer_put(f->in, 'T', NULL, 0);
}

static void put_text(Fixture *f)
{
	peer_put_strings(f->in, 'L', "Subject", " stop", NULL);
	peer_put_strings(f->in, 'L', "From", " Ann\n\t<ann@example.org>", NULL);
	peer_put(f->in, 'N', NULL, 0);
	peer_put(f->in, 'B', "Stop, please.\r\n", 15);
	peer_put(f->in, 'E', NULL, 0);
}

/* Says a whole message of ours; the intake has it afterwards. */
static void deliver(Fixture *f, const char *const *recipients)
{
	put_envelope(f, recipients);
	assert_hear(f, "c");
	put_text(f);
	assert_hear(f, "");
}

static const Taken *taken(Fixture *f, guint i)
{
	g_assert_cmpuint(i, <, f->intake.taken->len);
	return g_ptr_array_index(f->intake.taken, i);
}

/* The intake's answer for its first message: for each recipient of ours, in order, what is to become of it. */
static void answer(Fixture *f, const char *afters)
{
	const Taken *first = taken(f, 0);
	static const char *const references[] = { "K7M2-9QXA", "0000-1111" };
	GDate days[] = { { 0 }, { 0 } };
	g_date_set_dmy(&days[0], 24, G_DATE_DECEMBER, 2026);
	g_date_set_dmy(&days[1], 8, G_DATE_DECEMBER, 2026);
	IntakeOutcome outcomes[8];
	guint n = 0;
	for (guint i = 0; i < first->envelope->recipients->len; i++) {
		const char *recipient = g_ptr_array_index(first->envelope->recipients, i);
		const ConfigAddress *address = envelope_our_address(f->config, recipient);
		if (!address)
			continue;
		g_assert_nonnull(strchr("dvq-", afters[n]));
		After after = afters[n] == 'd' ? AFTER_DISCARD : afters[n] == 'q' ? AFTER_QUARANTINE : AFTER_DELIVER;
		outcomes[n] = (IntakeOutcome){ recipient, address, after, afters[n] == '-' ? NULL : references[n % 2], &days[n % 2] };
		n++;
	}
	g_assert_cmpuint(n, ==, strlen(afters));
	g_ptr_array_set_free_func(f->intake.taken, NULL);
	g_ptr_array_remove_index(f->intake.taken, 0);
	g_ptr_array_set_free_func(f->intake.taken, taken_free);
	first->done(first->data, &(IntakeResult){ STATUS_OK, FALSE, outcomes, n });
	taken_free((gpointer)first);
}

static void fail(Fixture *f, gboolean is_full)
{
	const Taken *first = taken(f, 0);
	g_ptr_array_set_free_func(f->intake.taken, NULL);
	g_ptr_array_remove_index(f->intake.taken, 0);
	g_ptr_array_set_free_func(f->intake.taken, taken_free);
	first->done(first->data, &(IntakeResult){ STATUS_TEMPORARY, is_full, NULL, 0 });
	taken_free((gpointer)first);
}

#define FOREIGN "<bob@example.net>"
#define OPT_OUT "<Unsubscribe+x@EXAMPLE.com>"
#define PRIVACY "<privacy@example.com>"
#define LIST(...) (const char *const[]){ __VA_ARGS__, NULL }

/* --- tests ------------------------------------------------------------------------------------------------------ */

static void test_foreign(Fixture *f, gconstpointer data)
{
	(void)data;
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	for (guint i = 0; i < 3; i++) {
		put_envelope(f, LIST(FOREIGN, "<unsubscribe@example.net>"));
		assert_hear(f, "a");
	}
	/* a server that sends the rest all the same is not disturbed */
	put_text(f);
	assert_hear(f, "a");
	g_assert_cmpuint(f->intake.taken->len, ==, 0);
}

static void test_ours(Fixture *f, gconstpointer data)
{
	(void)data;
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	deliver(f, LIST(OPT_OUT));
	const Taken *got = taken(f, 0);
	assert_bytes(got->message, "Subject: stop\r\nFrom: Ann\r\n\t<ann@example.org>\r\n\r\nStop, please.\r\n");
	g_assert_cmpstr(got->envelope->sender, ==, "ann@example.org");
	g_assert_cmpstr(g_ptr_array_index(got->envelope->recipients, 0), ==, OPT_OUT);
	g_assert_cmpstr(got->envelope->queue_id, ==, "4XYZ");
	g_assert_cmpstr(got->envelope->client, ==, "192.0.2.7");
	g_assert_false(got->is_truncated);
	answer(f, "d");
	assert_hear(f, "d");
}

static void test_outcomes(Fixture *f, gconstpointer data)
{
	(void)data;
	static const struct { const char *recipients[4]; const char *afters, *reply; } cases[] = {
		{ { OPT_OUT }, "d", "d" },
		{ { OPT_OUT, PRIVACY }, "dd", "d" },
		{ { PRIVACY }, "v", "h:Optout-Case. K7M2-9QXA.|h:Optout-Due. 2026-12-24.|a" },
		{ { PRIVACY }, "-", "a" },
		{ { OPT_OUT, PRIVACY }, "vv", "h:Optout-Case. K7M2-9QXA, 0000-1111.|h:Optout-Due. 2026-12-08.|a" },
		{ { OPT_OUT, PRIVACY }, "dv", "-:" OPT_OUT ".|h:Optout-Case. 0000-1111.|h:Optout-Due. 2026-12-08.|a" },
		{ { OPT_OUT, FOREIGN }, "d", "-:" OPT_OUT ".|a" },
		{ { FOREIGN, PRIVACY }, "v", "a" },
		{ { OPT_OUT, FOREIGN, PRIVACY }, "dv", "-:" OPT_OUT ".|a" },
		{ { PRIVACY }, "q", "h:Optout-Case. K7M2-9QXA.|h:Optout-Due. 2026-12-24.|q:recorded by optout, to be looked at.|a" },
		{ { PRIVACY, FOREIGN }, "q", "a" },
	};
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		deliver(f, cases[i].recipients);
		answer(f, cases[i].afters);
		assert_hear(f, cases[i].reply);
	}
}

/* A server that offers no changes gets the message recorded, and is told what it understands. */
static void test_degraded(Fixture *f, gconstpointer data)
{
	(void)data;
	negotiate(f, 6, 0, PEER_STEPS);
	static const struct { const char *recipients[3]; const char *afters, *reply; } cases[] = {
		{ { OPT_OUT, FOREIGN }, "d", "a" }, { { PRIVACY }, "v", "a" }, { { PRIVACY }, "q", "a" }, { { OPT_OUT }, "d", "d" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		deliver(f, cases[i].recipients);
		answer(f, cases[i].afters);
		assert_hear(f, cases[i].reply);
	}
}

static void test_forged(Fixture *f, gconstpointer data)
{
	(void)data;
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	static const struct { const char *recipients[3]; const char *afters, *reply; } cases[] = {
		{ { PRIVACY }, "v", "m:...2optout-case..|m:...1optout-case..|m:...1optout-due..|h:Optout-Case. K7M2-9QXA.|h:Optout-Due. 2026-12-24.|a" },
		{ { PRIVACY, FOREIGN }, "v", "m:...2optout-case..|m:...1optout-case..|m:...1optout-due..|a" },
		{ { OPT_OUT, FOREIGN }, "d", "-:" OPT_OUT ".|a" },
		{ { OPT_OUT }, "d", "d" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		put_envelope(f, cases[i].recipients);
		peer_put_strings(f->in, 'L', "Optout-Case", " AAAA-AAAA", NULL);
		peer_put_strings(f->in, 'L', "optout-due", " 2001-01-01", NULL);
		peer_put_strings(f->in, 'L', "OPTOUT-CASE", " BBBB-BBBB", NULL);
		peer_put_strings(f->in, 'L', "X-Optout-Case", " left alone", NULL);
		assert_hear(f, "c");
		put_text(f);
		assert_hear(f, "");
		answer(f, cases[i].afters);
		assert_hear(f, cases[i].reply);
	}
}

static void test_too_many_forged(Fixture *f, gconstpointer data)
{
	(void)data;
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	put_envelope(f, LIST(PRIVACY));
	for (guint i = 0; i < 10001; i++)
		peer_put_strings(f->in, 'L', "Optout-Case", " AAAA-AAAA", NULL);
	peer_put(f->in, 'E', NULL, 0);
	assert_hear(f, "c|y:451 4.7.1 This message can't be taken as it is.");
	deliver(f, LIST(PRIVACY));
	answer(f, "v");
	assert_hear(f, "h:Optout-Case. K7M2-9QXA.|h:Optout-Due. 2026-12-24.|a");
}

static void test_failures(Fixture *f, gconstpointer data)
{
	(void)data;
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	deliver(f, LIST(OPT_OUT, FOREIGN));
	fail(f, FALSE);
	assert_hear(f, "y:451 4.3.0 This message could not be recorded, please try again later.");
	deliver(f, LIST(OPT_OUT));
	fail(f, TRUE);
	assert_hear(f, "y:452 4.3.1 Not enough space to record this message, please try again later.");
	deliver(f, LIST(OPT_OUT));
	answer(f, "d");
	assert_hear(f, "d");
}

/* The result of an aborted message goes nowhere, above all not to the next one. */
static void test_abort(Fixture *f, gconstpointer data)
{
	(void)data;
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	/* before its end */
	put_envelope(f, LIST(OPT_OUT));
	peer_put_strings(f->in, 'L', "Subject", " one", NULL);
	peer_put(f->in, 'A', NULL, 0);
	assert_hear(f, "c");
	g_assert_cmpuint(f->intake.taken->len, ==, 0);
	/* while with intake */
	deliver(f, LIST(OPT_OUT));
	peer_put(f->in, 'A', NULL, 0);
	assert_hear(f, "");
	/* … with another behind it, whose answer comes first or second */
	deliver(f, LIST(PRIVACY));
	g_assert_cmpuint(f->intake.taken->len, ==, 2);
	answer(f, "d");
	assert_hear(f, "");
	answer(f, "v");
	assert_hear(f, "h:Optout-Case. K7M2-9QXA.|h:Optout-Due. 2026-12-24.|a");
	/* the queue id of an aborted message is forgotten as well */
	peer_put_strings(f->in, 'M', "<>", NULL);
	peer_put_strings(f->in, 'R', OPT_OUT, NULL);
	peer_put(f->in, 'T', NULL, 0);
	assert_hear(f, "c");
	peer_put_macros(f->in, 'E', "i", "LATE", NULL);
	peer_put(f->in, 'E', "body", 4);
	assert_hear(f, "");
	g_assert_cmpstr(taken(f, 0)->envelope->queue_id, ==, "LATE");
	g_assert_cmpstr(taken(f, 0)->envelope->sender, ==, "");
	assert_bytes(taken(f, 0)->message, "\r\nbody");
	answer(f, "d");
	assert_hear(f, "d");
}

static void test_gone(Fixture *f, gconstpointer data)
{
	(void)data;
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	deliver(f, LIST(OPT_OUT));
	int gone = f->peer;
	f->peer = connect_peer(f);
	close(gone);
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	answer(f, "d");
	assert_hear(f, "");
	deliver(f, LIST(OPT_OUT));
	peer_put(f->in, 'Q', NULL, 0);
	assert_hear(f, "");
	g_assert_true(f->is_closed);
	answer(f, "d");
}

static void test_quit_nc(Fixture *f, gconstpointer data)
{
	(void)data;
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	deliver(f, LIST(OPT_OUT));
	answer(f, "d");
	assert_hear(f, "d");
	peer_put(f->in, 'K', NULL, 0);
	/* another client, told by CONNECT although we asked for none */
	peer_put(f->in, 'C', "host\0" "4" "\0\x19" "198.51.100.9", 21);
	assert_hear(f, "c");
	peer_put_strings(f->in, 'M', "<ann@example.org>", NULL);
	peer_put_strings(f->in, 'R', OPT_OUT, NULL);
	peer_put(f->in, 'T', NULL, 0);
	assert_hear(f, "c");
	put_text(f);
	assert_hear(f, "");
	g_assert_cmpstr(taken(f, 0)->envelope->client, ==, "198.51.100.9");
	g_assert_null(taken(f, 0)->envelope->queue_id);
	answer(f, "d");
	assert_hear(f, "d");
	peer_put(f->in, 'Q', NULL, 0);
	assert_hear(f, "");
	g_assert_true(f->is_closed);
}

/* An old server: every step is answered, the decision falls at the end of headers, values come without the space. */
static void test_version_2(Fixture *f, gconstpointer data)
{
	(void)data;
	negotiate(f, 2, 0x3f, 0x7f & ~0x3u);
	peer_put(f->in, 'C', "host\0" "4" "\0\x19" "192.0.2.1", 18);
	peer_put_strings(f->in, 'H', "host", NULL);
	peer_put_strings(f->in, 'M', "<ann@example.org>", NULL);
	peer_put_strings(f->in, 'R', FOREIGN, NULL);
	peer_put_strings(f->in, 'L', "Subject", "stop", NULL);
	peer_put(f->in, 'N', NULL, 0);
	assert_hear(f, "c|c|c|c|c|a");
	peer_put_strings(f->in, 'M', "<ann@example.org>", NULL);
	peer_put_strings(f->in, 'R', OPT_OUT, NULL);
	peer_put_strings(f->in, 'L', "Subject", "stop", NULL);
	peer_put(f->in, 'N', NULL, 0);
	peer_put(f->in, 'B', "x\r\n", 3);
	peer_put(f->in, 'E', NULL, 0);
	assert_hear(f, "c|c|c|c|c");
	assert_bytes(taken(f, 0)->message, "Subject: stop\r\n\r\nx\r\n");
	g_assert_cmpstr(taken(f, 0)->envelope->client, ==, "192.0.2.1");
	answer(f, "v");
	assert_hear(f, "h:Optout-Case.K7M2-9QXA.|h:Optout-Due.2026-12-24.|a");
}

static void test_too_big(Fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *block = g_strnfill(3000, 'b');
	/* body steps answered: the server is told to stop */
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS & ~0x80000u);
	put_envelope(f, LIST(OPT_OUT));
	peer_put_strings(f->in, 'L', "Subject", " big", NULL);
	peer_put(f->in, 'N', NULL, 0);
	peer_put(f->in, 'B', block, 3000);
	peer_put(f->in, 'B', block, 3000);
	peer_put(f->in, 'E', NULL, 0);
	assert_hear(f, "c|c|s");
	g_assert_cmpuint(g_bytes_get_size(taken(f, 0)->message), ==, 4096);
	g_assert_true(taken(f, 0)->is_truncated);
	answer(f, "v");
	g_autofree char *rest = hear(f);
	/* not answered: the rest is thrown away */
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	put_envelope(f, LIST(OPT_OUT));
	g_autofree char *header = g_strnfill(2 << 20, 'h');
	peer_put_strings(f->in, 'L', "X-Big", header, NULL);
	put_text(f);
	assert_hear(f, "c");
	g_assert_cmpuint(g_bytes_get_size(taken(f, 0)->message), ==, 4096);
	g_assert_true(taken(f, 0)->is_truncated);
	answer(f, "v");
	assert_hear(f, "h:Optout-Case. K7M2-9QXA.|h:Optout-Due. 2026-12-24.|a");
}

/* A value that would begin a field of its own can't. */
static void test_value_lines(Fixture *f, gconstpointer data)
{
	(void)data;
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	put_envelope(f, LIST(OPT_OUT));
	peer_put_strings(f->in, 'L', "A", " 1\r\n 2\nBcc: x", NULL);
	peer_put(f->in, 'E', NULL, 0);
	assert_hear(f, "c");
	assert_bytes(taken(f, 0)->message, "A: 1\r\n 2\r\n Bcc: x\r\n\r\n");
	answer(f, "d");
	assert_hear(f, "d");
}

static void test_violation(Fixture *f, gconstpointer data)
{
	(void)data;
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	deliver(f, LIST(OPT_OUT));
	answer(f, "d");
	assert_hear(f, "d");
	peer_put_strings(f->in, 'R', OPT_OUT, NULL);
	assert_hear(f, "");
	g_assert_true(f->is_closed);
	close(f->peer);
	f->peer = connect_peer(f);
	f->is_closed = FALSE;
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	peer_put(f->in, 'Z', NULL, 0);
	assert_hear(f, "");
	g_assert_true(f->is_closed);
}

static void test_reload(Fixture *f, gconstpointer data)
{
	(void)data;
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	put_envelope(f, LIST(OPT_OUT));
	assert_hear(f, "c");
	/* our only recipient is ours no more when its message ends */
	Config *other = config_default();
	sessions_configure(f->sessions, other);
	config_unref(other);
	put_text(f);
	assert_hear(f, "a");
	g_assert_cmpuint(f->intake.taken->len, ==, 0);
}

static void drained(gpointer data)
{
	((Fixture *)data)->is_drained = TRUE;
}

static void test_drain(Fixture *f, gconstpointer data)
{
	(void)data;
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	deliver(f, LIST(OPT_OUT));
	int first = f->peer;
	/* a second connection in mid-message, a third that is idle */
	f->peer = connect_peer(f);
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	put_envelope(f, LIST(PRIVACY));
	assert_hear(f, "c");
	int second = f->peer, third = f->peer = connect_peer(f);
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);

	sessions_drain(f->sessions, 3600, drained, f);
	assert_hear(f, "");
	g_assert_true(f->is_closed);
	g_assert_false(f->is_drained);
	f->peer = first;
	answer(f, "d");
	f->is_closed = FALSE;
	assert_hear(f, "d");
	g_assert_true(f->is_closed);
	g_assert_false(f->is_drained);
	f->peer = second;
	f->is_closed = FALSE;
	put_text(f);
	assert_hear(f, "");
	g_assert_false(f->is_closed);
	answer(f, "d");
	assert_hear(f, "d");
	g_assert_true(f->is_closed);
	g_assert_true(f->is_drained);
	close(first);
	close(third);
}

/* What is still being sent after the time is cut off; what is with intake is not. */
static void test_drain_late(Fixture *f, gconstpointer data)
{
	(void)data;
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	put_envelope(f, LIST(PRIVACY));
	assert_hear(f, "c");
	int first = f->peer;
	f->peer = connect_peer(f);
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	deliver(f, LIST(OPT_OUT));
	int second = f->peer;
	sessions_drain(f->sessions, 0.001, drained, f);
	f->peer = first;
	for (gint64 end = g_get_monotonic_time() + 5000000; !f->is_closed && g_get_monotonic_time() < end;)
		assert_hear(f, "");
	g_assert_true(f->is_closed);
	g_assert_false(f->is_drained);
	f->peer = second;
	answer(f, "d");
	assert_hear(f, "d");
	g_assert_true(f->is_drained);
	close(first);
}

static void test_progress(Fixture *f, gconstpointer data)
{
	(void)data;
	sessions_set_progress(f->sessions, 0.001);
	negotiate(f, 6, PEER_ACTIONS, PEER_STEPS);
	put_envelope(f, LIST(OPT_OUT));
	assert_hear(f, "c");
	put_text(f);
	g_autofree char *heard = hear(f);
	for (gint64 end = g_get_monotonic_time() + 5000000; !*heard && g_get_monotonic_time() < end;) {
		g_free(heard);
		heard = hear(f);
	}
	g_assert_cmpint(heard[0], ==, 'p');
	answer(f, "d");
	g_autofree char *last = hear(f);
	g_assert_true(g_str_has_suffix(last, "d"));
	assert_hear(f, "");
}

/* Any order of steps, whole or broken, over many connections: the program stands, every message is answered at most once. */
static void test_any_order(Fixture *f, gconstpointer data)
{
	(void)data;
	g_autoptr(GRand) random = g_rand_new_with_seed(20261124);
	guint recorded = 0;
	for (guint round = 0; round < 300; round++) {
		close(f->peer);
		f->peer = connect_peer(f);
		f->is_closed = FALSE;
		peer_put_options(f->in, 6, PEER_ACTIONS, g_rand_boolean(random) ? PEER_STEPS : (guint32)g_rand_int(random));
		for (guint n = 0; n < 40 && !f->is_closed; n++) {
			/* mostly what comes next in a message, now and then anything */
			static const char usual[] = "DMRRTLLNBE", steps[] = "MRTLNBEAKCHUD";
			char step = g_rand_int_range(random, 0, 8) ? usual[n % (sizeof usual - 1)] : steps[g_rand_int_range(random, 0, sizeof steps - 1)];
			if (step == 'C')
				peer_put(f->in, 'C', "who\0" "U", 5);
			else if (step == 'D')
				peer_put_macros(f->in, 'M', "i", "Q", NULL);
			else if (step == 'L')
				peer_put_strings(f->in, 'L', "Optout-Case", " x", NULL);
			else if (strchr("MRHU", step))
				peer_put_strings(f->in, step, g_rand_boolean(random) ? OPT_OUT : FOREIGN, NULL);
			else
				peer_put(f->in, step, NULL, 0);
			if (f->in->len > 8 && g_rand_int_range(random, 0, 200) == 0)
				f->in->data[g_rand_int_range(random, 0, (gint)f->in->len)] ^= 0x41;
			if (g_rand_int_range(random, 0, 3) == 0) {
				g_autofree char *heard = hear(f);
			}
			while (f->intake.taken->len && g_rand_boolean(random)) {
				recorded++;
				fail(f, FALSE);
			}
		}
		g_byte_array_set_size(f->in, 0);
	}
	g_assert_cmpuint(recorded, >, 100);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	static const struct { const char *path; void (*test)(Fixture *, gconstpointer); } tests[] = {
		{ "/session/foreign", test_foreign }, { "/session/ours", test_ours }, { "/session/outcomes", test_outcomes },
		{ "/session/degraded", test_degraded }, { "/session/forged", test_forged }, { "/session/too-many-forged", test_too_many_forged },
		{ "/session/failures", test_failures }, { "/session/abort", test_abort }, { "/session/gone", test_gone },
		{ "/session/quit-nc", test_quit_nc }, { "/session/version-2", test_version_2 }, { "/session/too-big", test_too_big },
		{ "/session/value-lines", test_value_lines }, { "/session/violation", test_violation }, { "/session/reload", test_reload },
		{ "/session/drain", test_drain }, { "/session/drain-late", test_drain_late }, { "/session/progress", test_progress },
		{ "/session/any-order", test_any_order },
	};
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
	return g_test_run();
}
