/* session-testing - conversations over a socket, with the real server and codec, and an intake whose answers the test gives.
 */
#pragma once
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

static inline void taken_free(gpointer data)
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

static inline int connect_peer(Fixture *f)
{
	int ends[2];
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), ==, 0);
	server_adopt(f->server, ends[0]);
	return ends[1];
}

static inline void set_up(Fixture *f, gconstpointer data)
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

static inline void tear_down(Fixture *f, gconstpointer data)
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
static inline char *hear(Fixture *f)
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

static inline void assert_bytes(GBytes *bytes, const char *wanted)
{
	gsize length;
	const char *got = g_bytes_get_data(bytes, &length);
	g_assert_cmpmem(got, length, wanted, strlen(wanted));
}

static inline void negotiate(Fixture *f, guint32 version, guint32 actions, guint32 steps)
{
	peer_put_options(f->in, version, actions, steps);
	g_autofree char *heard = hear(f);
	g_assert_cmpint(heard[0], ==, 'O');
}

static inline void put_envelope(Fixture *f, const char *const *recipients)
{
	peer_put_macros(f->in, 'M', "i", "4XYZ", "{client_addr}", "192.0.2.7", NULL);
	peer_put_strings(f->in, 'M', "<ann@example.org>", "SIZE=10", NULL);
	for (; *recipients; recipients++)
		peer_put_strings(f->in, 'R', *recipients, NULL);
	peer_put(f->in, 'T', NULL, 0);
}

static inline void put_text(Fixture *f)
{
	peer_put_strings(f->in, 'L', "Subject", " stop", NULL);
	peer_put_strings(f->in, 'L', "From", " Ann\n\t<ann@example.org>", NULL);
	peer_put(f->in, 'N', NULL, 0);
	peer_put(f->in, 'B', "Stop, please.\r\n", 15);
	peer_put(f->in, 'E', NULL, 0);
}

/* Says a whole message of ours; the intake has it afterwards. */
static inline void deliver(Fixture *f, const char *const *recipients)
{
	put_envelope(f, recipients);
	assert_hear(f, "c");
	put_text(f);
	assert_hear(f, "");
}

static inline const Taken *taken(Fixture *f, guint i)
{
	g_assert_cmpuint(i, <, f->intake.taken->len);
	return g_ptr_array_index(f->intake.taken, i);
}

/* The intake's answer for its first message: for each recipient of ours, in order, what is to become of it. */
static inline void answer(Fixture *f, const char *afters)
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

static inline void fail(Fixture *f, gboolean is_full)
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

typedef struct {
	const char *path;
	void (*test)(Fixture *f, gconstpointer data);
} SessionTest;

static inline int session_tests_run(int argc, char **argv, const SessionTest *tests, guint count)
{
	testing_init(argc, argv);
	for (guint i = 0; i < count; i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
	return g_test_run();
}
