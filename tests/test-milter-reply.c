/* What is asked for, what is owed, and replies to bytes. */
#include "milter-testing.h"

/* Takes what is written, as `c` or `y:451 4.3.0 text.` with NUL as a full stop and other bytes below 0x20 as hex. */
static char *written(Milter *milter)
{
	gsize length;
	const guint8 *bytes = milter_output(milter, &length);
	GString *text = g_string_new(NULL);
	for (const guint8 *p = bytes; p < bytes + length;) {
		guint32 size = peer_u32(p);
		g_assert_cmpuint(size, >=, 1);
		g_assert_cmpuint(size, <=, (gsize)(bytes + length - p) - 4);
		if (text->len)
			g_string_append_c(text, '|');
		g_string_append_c(text, (char)p[4]);
		for (guint i = 1; i < size; i++) {
			if (i == 1)
				g_string_append_c(text, ':');
			if (!p[4 + i])
				g_string_append_c(text, '.');
			else if (p[4 + i] < 0x20)
				g_string_append_printf(text, "\\%02x", p[4 + i]);
			else
				g_string_append_c(text, (char)p[4 + i]);
		}
		p += 4 + size;
	}
	milter_output_taken(milter, length);
	return g_string_free(text, FALSE);
}

#define assert_written(milter, wanted) do { \
	g_autofree char *got_ = written(milter); \
	g_assert_cmpstr(got_, ==, wanted); \
} while (0)

/* --- negotiation -------------------------------------------------------------------------------------------- */

static void test_negotiation(void)
{
	enum { ACTIONS = 0x139 };
	static const struct { MilterOptions offered, ours; } cases[] = {
		/* Sendmail 8.17, Postfix 3.7: all */
		{ { 6, 0x1ff, 0x1fffff }, { 6, ACTIONS, 0x1 | 0x2 | 0x100 | 0x80 | 0x400 | 0x4000 | 0x8000 | 0x40000 | 0x80000 | 0x100000 } },
		/* newer than we know, bits beyond ours */
		{ { 9, 0xffffffff, 0xffffffff }, { 6, ACTIONS, 0x1 | 0x2 | 0x100 | 0x80 | 0x400 | 0x4000 | 0x8000 | 0x40000 | 0x80000 | 0x100000 } },
		/* nothing offered */
		{ { 6, 0, 0 }, { 6, 0, 0 } },
		/* version 2: no DATA, no NR */
		{ { 2, 0x3f, 0x7f }, { 2, 0x39, 0x3 } },
		/* version 3: UNKNOWN, still no DATA */
		{ { 3, 0x3f, 0x1ff }, { 3, 0x39, 0x183 } },
		/* version 4: DATA */
		{ { 4, 0x3f, 0x3ff }, { 4, 0x39, 0x183 } },
		/* DATA not known although replies can be spared: the end of headers must be answered */
		{ { 6, 0x1ff, 0x1fffff & ~0x200u }, { 6, ACTIONS, 0x1 | 0x2 | 0x100 | 0x80 | 0x400 | 0x4000 | 0x8000 | 0x80000 | 0x100000 } },
		/* steps that can't be left out, but need no reply */
		{ { 6, 0x1ff, 0x1fffff & ~0x103u }, { 6, ACTIONS, 0x80 | 0x400 | 0x1000 | 0x2000 | 0x4000 | 0x8000 | 0x20000 | 0x40000 | 0x80000 | 0x100000 } },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		MilterOptions ours = milter_negotiate(&cases[i].offered);
		g_assert_cmphex(ours.version, ==, cases[i].ours.version);
		g_assert_cmphex(ours.actions, ==, cases[i].ours.actions);
		g_assert_cmphex(ours.steps, ==, cases[i].ours.steps);
	}
	/* Whatever is offered, nothing else is asked for, and DATA and end of message are always answered. */
	g_autoptr(GRand) random = g_rand_new_with_seed(6);
	for (guint i = 0; i < 10000; i++) {
		MilterOptions offered = { (guint32)g_rand_int_range(random, 2, 9), g_rand_int(random), g_rand_int(random) };
		MilterOptions ours = milter_negotiate(&offered);
		g_assert_cmphex(ours.actions & ~offered.actions, ==, 0);
		g_assert_cmphex(ours.steps & ~offered.steps, ==, 0);
		g_assert_cmphex(ours.steps & (MILTER_NO_DATA | MILTER_NR_DATA), ==, 0);
		g_assert_cmpuint(ours.version, <=, 6);
	}
}

static void test_negotiation_reply(void)
{
	static const struct { MilterOptions offered; const char *reply; gsize length; } cases[] = {
		{ { 6, 0x1ff, 0x1fffff }, "\0\0\0\x27" "O" "\0\0\0\6" "\0\0\1\x39" "\0\x1c\xc5\x83" "\0\0\0\2i {client_addr}\0" "\0\0\0\5i", 43 },
		{ { 2, 0x3f, 0x7f }, "\0\0\0\x0d" "O" "\0\0\0\2" "\0\0\0\x39" "\0\0\0\3", 17 },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Milter) milter = milter_new();
		g_autoptr(GByteArray) in = g_byte_array_new();
		peer_put_options(in, cases[i].offered.version, cases[i].offered.actions, cases[i].offered.steps);
		feed(milter, in);
		MilterEvent event;
		g_assert_cmpint(next(milter, &event), ==, MILTER_OPTNEG);
		gsize length;
		const guint8 *bytes = milter_output(milter, &length);
		g_assert_cmpmem(bytes, length, cases[i].reply, cases[i].length);
	}
}

/* --- replies ------------------------------------------------------------------------------------------------ */

static void test_debt(void)
{
	g_autoptr(Milter) milter = negotiated(6, PEER_ACTIONS, PEER_STEPS);
	g_autoptr(GByteArray) in = g_byte_array_new();
	MilterEvent event;
	g_assert_false(milter_answer(milter, MILTER_CONTINUE));
	peer_put_strings(in, 'M', "<>", NULL);
	peer_put(in, 'T', NULL, 0);
	peer_put(in, 'E', NULL, 0);
	feed(milter, in);
	/* negotiated as needing no answer: none is written */
	g_assert_cmpint(next(milter, &event), ==, MILTER_MAIL);
	g_assert_false(milter_answer(milter, MILTER_CONTINUE));
	g_assert_false(milter_answer_code(milter, "451", "4.3.0", "no"));
	assert_written(milter, "");
	/* DATA is answered once, and nothing is heard before */
	g_assert_cmpint(next(milter, &event), ==, MILTER_DATA);
	MilterEvent later;
	g_assert_cmpint(milter_next(milter, &later), ==, MILTER_WAIT);
	g_assert_false(milter_progress(milter));
	g_assert_true(milter_answer(milter, MILTER_CONTINUE));
	g_assert_false(milter_answer(milter, MILTER_ACCEPT));
	assert_written(milter, "c");
	/* an abort cancels */
	g_assert_cmpint(next(milter, &event), ==, MILTER_EOM);
	peer_put(in, 'A', NULL, 0);
	feed(milter, in);
	g_assert_cmpint(next(milter, &event), ==, MILTER_ABORT);
	g_assert_false(milter_answer(milter, MILTER_ACCEPT));
	g_assert_false(milter_quarantine(milter, "late"));
	assert_written(milter, "");
}

static Milter *at_end_of_message(guint32 actions, guint32 steps)
{
	Milter *milter = negotiated(6, actions, steps);
	g_autoptr(GByteArray) in = g_byte_array_new();
	peer_put(in, 'E', NULL, 0);
	feed(milter, in);
	MilterEvent event;
	g_assert_cmpint(next(milter, &event), ==, MILTER_EOM);
	return milter;
}

static void test_replies(void)
{
	g_autoptr(Milter) milter = at_end_of_message(PEER_ACTIONS, PEER_STEPS);
	g_assert_true(milter_progress(milter));
	g_assert_true(milter_delete_recipient(milter, "<Unsubscribe@Example.COM>"));
	g_assert_true(milter_add_header(milter, "Optout-Case", "K7M2-9QXA"));
	g_assert_true(milter_insert_header(milter, 1, "Optout-Due", "2026-12-24"));
	g_assert_true(milter_change_header(milter, 2, "Optout-Case", ""));
	g_assert_true(milter_quarantine(milter, "recorded"));
	g_assert_true(milter_answer_code(milter, "451", "4.3.0", "100% \r\nfull \xc3\xa4"));
	assert_written(milter, "p|-:<Unsubscribe@Example.COM>.|h:Optout-Case. K7M2-9QXA.|i:...\\01Optout-Due. 2026-12-24.|m:...\\02Optout-Case..|"
			       "q:recorded.|y:451 4.3.0 100%% ??full ??.");

	g_autoptr(Milter) plain = at_end_of_message(PEER_ACTIONS, 0);
	g_assert_true(milter_add_header(plain, "Optout-Case", "K7M2-9QXA"));
	g_assert_true(milter_answer(plain, MILTER_ACCEPT));
	assert_written(plain, "h:Optout-Case.K7M2-9QXA.|a");

	g_autoptr(Milter) poor = at_end_of_message(0, 0);
	g_assert_false(milter_delete_recipient(poor, "<a@example.com>"));
	g_assert_false(milter_add_header(poor, "a", "b"));
	g_assert_false(milter_insert_header(poor, 0, "a", "b"));
	g_assert_false(milter_change_header(poor, 1, "a", ""));
	g_assert_false(milter_quarantine(poor, "r"));
	g_assert_true(milter_answer(poor, MILTER_DISCARD));
	assert_written(poor, "d");
}

static void test_skip(void)
{
	static const struct { guint32 steps; char command; const char *reply; } cases[] = {
		{ MILTER_SKIP, 'B', "s" }, { 0, 'B', "c" }, { MILTER_SKIP, 'N', "c" }, { MILTER_SKIP | MILTER_NR_BODY, 'B', "" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Milter) milter = negotiated(6, 0, cases[i].steps);
		g_autoptr(GByteArray) in = g_byte_array_new();
		peer_put(in, cases[i].command, NULL, 0);
		feed(milter, in);
		MilterEvent event;
		next(milter, &event);
		milter_answer(milter, MILTER_SKIP_BODY);
		assert_written(milter, cases[i].reply);
	}
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/milter/negotiation", test_negotiation);
	g_test_add_func("/milter/negotiation-reply", test_negotiation_reply);
	g_test_add_func("/milter/debt", test_debt);
	g_test_add_func("/milter/replies", test_replies);
	g_test_add_func("/milter/skip", test_skip);
	return g_test_run();
}
