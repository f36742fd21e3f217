/* What a mail server hears about each kind of message. */
#include "session-testing.h"

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
	g_free(hear(f));
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

int main(int argc, char **argv)
{
	static const SessionTest tests[] = {
		{ "/session/foreign", test_foreign },
		{ "/session/ours", test_ours },
		{ "/session/outcomes", test_outcomes },
		{ "/session/degraded", test_degraded },
		{ "/session/forged", test_forged },
		{ "/session/too-many-forged", test_too_many_forged },
		{ "/session/failures", test_failures },
		{ "/session/version-2", test_version_2 },
		{ "/session/too-big", test_too_big },
		{ "/session/value-lines", test_value_lines },
	};
	return session_tests_run(argc, argv, tests, G_N_ELEMENTS(tests));
}
