/* How conversations end: aborts, lost connections, nonsense, reloads and stops; and any order of steps. */
#include "session-testing.h"

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
			if (g_rand_int_range(random, 0, 3) == 0)
				g_free(hear(f));
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
	static const SessionTest tests[] = {
		{ "/session/abort", test_abort },
		{ "/session/gone", test_gone },
		{ "/session/quit-nc", test_quit_nc },
		{ "/session/violation", test_violation },
		{ "/session/reload", test_reload },
		{ "/session/drain", test_drain },
		{ "/session/drain-late", test_drain_late },
		{ "/session/progress", test_progress },
		{ "/session/any-order", test_any_order },
	};
	return session_tests_run(argc, argv, tests, G_N_ELEMENTS(tests));
}
