#include "testing.h"
#include "milter.h"
#include "milter-peer.h"

/* --- helpers ------------------------------------------------------------------------------------------------ */

static Milter *negotiated(guint32 version, guint32 actions, guint32 steps)
{
	Milter *milter = milter_new();
	g_autoptr(GByteArray) in = g_byte_array_new();
	peer_put_options(in, version, actions, steps);
	milter_feed(milter, in->data, in->len);
	MilterEvent event;
	g_assert_cmpint(milter_next(milter, &event), ==, MILTER_EVENT);
	g_assert_cmpint(event.command, ==, MILTER_OPTNEG);
	gsize length;
	milter_output(milter, &length);
	milter_output_taken(milter, length);
	return milter;
}

static void feed(Milter *milter, GByteArray *in)
{
	milter_feed(milter, in->data, in->len);
	g_byte_array_set_size(in, 0);
}

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

static MilterCommand next(Milter *milter, MilterEvent *event)
{
	g_assert_cmpint(milter_next(milter, event), ==, MILTER_EVENT);
	return event->command;
}

static void describe(GString *text, const MilterEvent *event)
{
	g_string_append_printf(text, "%c%s", event->command, event->wants_answer ? "?" : "");
	if (event->name)
		g_string_append_printf(text, " %s", event->name);
	if (event->value)
		g_string_append_printf(text, "=%s", event->value);
	if (event->command == MILTER_CONNECT)
		g_string_append_printf(text, " %c %u", event->family, event->port);
	if (event->command == MILTER_MACROS) {
		const char *id = milter_macro(event, "i"), *client = milter_macro(event, "{client_addr}");
		g_string_append_printf(text, " %c i=%s client=%s", event->step, id ? id : "-", client ? client : "-");
	} else if (event->length) {
		g_string_append_printf(text, " %.*s", (int)event->length, (const char *)event->bytes);
	}
	g_string_append_c(text, '\n');
}

/* Events of a stream fed in pieces; each debt is paid at once. */
static char *events_of(const GByteArray *stream, gsize first, gsize piece)
{
	g_autoptr(Milter) milter = milter_new();
	GString *text = g_string_new(NULL);
	for (gsize at = 0; at < stream->len;) {
		/* A copy of its own size, so that an overread is seen. */
		gsize length = MIN(at ? piece : first, stream->len - at);
		g_autofree guint8 *bytes = g_memdup2(stream->data + at, length);
		milter_feed(milter, bytes, length);
		at += length;
		MilterEvent event;
		while (milter_next(milter, &event) == MILTER_EVENT) {
			describe(text, &event);
			g_assert_cmpint(milter_answer(milter, MILTER_CONTINUE), ==, event.wants_answer);
		}
		g_assert_null(milter_violation(milter));
	}
	return g_string_free(text, FALSE);
}

/* --- reading ------------------------------------------------------------------------------------------------ */

static GByteArray *every_event(guint32 version, guint32 steps)
{
	GByteArray *in = g_byte_array_new();
	peer_put_options(in, version, PEER_ACTIONS, steps);
	peer_put_macros(in, 'C', "j", "mx.example.net", "{client_addr}", "192.0.2.7", NULL);
	peer_put(in, 'C', "host.example\0" "4" "\x1f\x90" "192.0.2.7", 26);
	peer_put(in, 'C', "local\0" "L" "\0\0" "/run/x", 16);
	peer_put(in, 'C', "who\0" "U", 5);
	peer_put_strings(in, 'H', "host.example", NULL);
	peer_put_macros(in, 'M', "i", "4XYZ", "{mail_addr}", "a@example.org", NULL);
	peer_put_strings(in, 'M', "<a@example.org>", "SIZE=100", "BODY=8BITMIME", NULL);
	peer_put(in, 'D', "R", 1);
	peer_put_strings(in, 'R', "<unsubscribe@example.com>", "NOTIFY=NEVER", NULL);
	peer_put_strings(in, 'U', "FROB", NULL);
	peer_put(in, 'T', NULL, 0);
	peer_put_strings(in, 'L', "Subject", " stop\n\tit", NULL);
	peer_put_strings(in, 'L', "X-Empty", "", NULL);
	peer_put(in, 'N', NULL, 0);
	peer_put(in, 'B', "first\r\n", 7);
	peer_put(in, 'B', "second\r\n", 8);
	peer_put(in, 'E', "last\r\n", 6);
	peer_put(in, 'A', NULL, 0);
	peer_put(in, 'K', NULL, 0);
	peer_put(in, 'Q', NULL, 0);
	return in;
}

static const char all_answered[] =
	"O\n" "D C i=- client=192.0.2.7\n" "C? host.example=192.0.2.7 4 8080\n" "C? local=/run/x L 0\n" "C? who= U 0\n"
	"H?=host.example\n" "D M i=4XYZ client=-\n" "M?=<a@example.org>\n" "D R i=- client=-\n" "R?=<unsubscribe@example.com>\n" "U?=FROB\n"
	"T?\n" "L? Subject= stop\n\tit\n" "L? X-Empty=\n" "N?\n" "B? first\r\n\n" "B? second\r\n\n" "E? last\r\n\n" "A\n" "K\n" "Q\n";

static const char few_answered[] =
	"O\n" "D C i=- client=192.0.2.7\n" "C? host.example=192.0.2.7 4 8080\n" "C? local=/run/x L 0\n" "C? who= U 0\n"
	"H?=host.example\n" "D M i=4XYZ client=-\n" "M=<a@example.org>\n" "D R i=- client=-\n" "R=<unsubscribe@example.com>\n" "U?=FROB\n"
	"T?\n" "L Subject= stop\n\tit\n" "L X-Empty=\n" "N\n" "B first\r\n\n" "B second\r\n\n" "E? last\r\n\n" "A\n" "K\n" "Q\n";

static void test_events(void)
{
	static const struct { guint32 version, steps; const char *wanted; } cases[] = {
		{ 6, PEER_STEPS, few_answered },
		{ 2, 0x7f, all_answered },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) stream = every_event(cases[i].version, cases[i].steps);
		g_autofree char *whole = events_of(stream, stream->len, 1);
		g_assert_cmpstr(whole, ==, cases[i].wanted);
		for (gsize split = 1; split < stream->len; split++) {
			g_autofree char *parts = events_of(stream, split, stream->len);
			g_assert_cmpstr(parts, ==, whole);
		}
		for (gsize piece = 1; piece < 12; piece++) {
			g_autofree char *parts = events_of(stream, piece, piece);
			g_assert_cmpstr(parts, ==, whole);
		}
	}
}

/* A stream with lengths and bytes turned at random never makes the codec read outside what it was given, write what is not owed, or go on after a
 * violation. */
static void test_fuzz(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(20261124);
	g_autoptr(GByteArray) stream = every_event(6, PEER_STEPS);
	guint violations = 0, events = 0;
	for (guint round = 0; round < 4000; round++) {
		g_autoptr(GByteArray) bad = g_byte_array_new();
		g_byte_array_append(bad, stream->data, stream->len);
		for (gint n = g_rand_int_range(random, 1, 6); n > 0; n--)
			bad->data[g_rand_int_range(random, 0, (gint)bad->len)] = (guint8)g_rand_int_range(random, 0, round % 2 ? 256 : 48);
		g_autoptr(Milter) milter = milter_new();
		MilterNext got = MILTER_WAIT;
		for (gsize at = 0; at < bad->len;) {
			gsize length = MIN((gsize)g_rand_int_range(random, 1, 90), bad->len - at);
			g_autofree guint8 *bytes = g_memdup2(bad->data + at, length);
			milter_feed(milter, bytes, length);
			at += length;
			MilterEvent event;
			while ((got = milter_next(milter, &event)) == MILTER_EVENT) {
				events++;
				g_autoptr(GString) text = g_string_new(NULL);
				describe(text, &event);
				g_assert_cmpint(milter_is_owed(milter), ==, event.wants_answer);
				g_assert_cmpint(milter_answer(milter, MILTER_ACCEPT), ==, event.wants_answer);
				g_assert_false(milter_answer(milter, MILTER_ACCEPT));
			}
		}
		if (got == MILTER_VIOLATION) {
			violations++;
			g_assert_nonnull(milter_violation(milter));
		}
	}
	g_assert_cmpuint(violations, >, 1000);
	g_assert_cmpuint(events, >, 20000);
}

static void test_violations(void)
{
	static const struct { const char *packet; gsize length; const char *how; } cases[] = {
		{ "\0\0\0\0X", 5, "empty packet" },
		{ "\0\0\0\1Z", 5, "unknown command" },
		{ "\xff\xff\xff\xffL", 5, "packet too long" },
		{ "\0\x20\0\0R", 5, "packet too long" },
		{ "\0\0\0\5Rabcd", 9, "string without an end" },
		{ "\0\0\0\1M", 5, "string without an end" },
		{ "\0\0\0\4Lab\0", 8, "header packet broken" },
		{ "\0\0\0\3L\0\0", 7, "header packet broken" },
		{ "\0\0\0\5La\0bc", 9, "header packet broken" },
		{ "\0\0\0\3Ch\0", 7, "connect packet broken" },
		{ "\0\0\0\5Ch\0" "4\0", 9, "connect packet broken" },
		{ "\0\0\0\1D", 5, "macro packet empty" },
		{ "\0\0\0\4DCi\0", 8, "macro packet broken" },
		{ "\0\0\0\5O\0\0\0\6", 9, "option negotiation too short" },
		{ "\0\0\0\15O\0\0\0\1\0\0\0\0\0\0\0\0", 17, "protocol version below 2" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Milter) milter = negotiated(6, PEER_ACTIONS, PEER_STEPS);
		milter_feed(milter, cases[i].packet, cases[i].length);
		MilterEvent event;
		g_assert_cmpint(milter_next(milter, &event), ==, MILTER_VIOLATION);
		g_assert_cmpstr(milter_violation(milter), ==, cases[i].how);
		/* … and stays one. */
		g_autoptr(GByteArray) in = g_byte_array_new();
		peer_put(in, 'E', NULL, 0);
		feed(milter, in);
		g_assert_cmpint(milter_next(milter, &event), ==, MILTER_VIOLATION);
		g_assert_false(milter_answer(milter, MILTER_ACCEPT));
	}
	g_autoptr(Milter) milter = milter_new();
	g_autoptr(GByteArray) in = g_byte_array_new();
	peer_put_strings(in, 'H', "host.example", NULL);
	feed(milter, in);
	MilterEvent event;
	g_assert_cmpint(milter_next(milter, &event), ==, MILTER_VIOLATION);
	g_assert_cmpstr(milter_violation(milter), ==, "no option negotiation");
}

/* A header or body of any size is heard, if need be its beginning; what follows it is not disturbed. */
static void test_sizes(void)
{
	static const struct { char command; gsize length; } cases[] = {
		{ 'L', 70000 }, { 'L', 102400 }, { 'L', MILTER_MAX_PACKET - 1 }, { 'L', MILTER_MAX_PACKET }, { 'L', 3u << 20 },
		{ 'B', 65535 }, { 'B', MILTER_MAX_PACKET - 1 }, { 'B', MILTER_MAX_PACKET }, { 'B', 5u << 20 },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *data = g_malloc(cases[i].length);
		memset(data, 'v', cases[i].length);
		if (cases[i].command == 'L') {
			memcpy(data, "X-Big", 6);
			data[cases[i].length - 1] = '\0';
		}
		g_autoptr(GByteArray) in = g_byte_array_new();
		peer_put(in, cases[i].command, data, cases[i].length);
		peer_put_strings(in, 'L', "After", " it", NULL);
		peer_put(in, 'E', NULL, 0);
		for (guint chunk = 0; chunk < 2; chunk++) {
			g_autoptr(Milter) milter = negotiated(6, PEER_ACTIONS, PEER_STEPS);
			gsize step = chunk ? 40009 : in->len;
			GString *seen = g_string_new(NULL);
			for (gsize at = 0; at < in->len; at += step) {
				milter_feed(milter, in->data + at, MIN(step, in->len - at));
				MilterEvent event;
				while (milter_next(milter, &event) == MILTER_EVENT) {
					g_string_append_c(seen, (char)event.command);
					if (seen->len > 1)
						continue;
					gboolean too_long = cases[i].length + 1 > MILTER_MAX_PACKET;
					g_assert_cmpint(event.is_cut, ==, too_long);
					gsize kept = MIN(cases[i].length + 1, (gsize)MILTER_MAX_PACKET) - 1;
					g_assert_cmpuint(event.command == 'L' ? strlen(event.value) + 7 : event.length, ==, kept);
				}
				g_assert_true(chunk == 0 || !milter_is_full(milter));
			}
			g_autofree char *wanted = g_strdup_printf("%cLE", cases[i].command);
			g_assert_cmpstr(seen->str, ==, wanted);
			g_string_free(seen, TRUE);
		}
	}
}

static void test_full(void)
{
	g_autoptr(Milter) milter = negotiated(6, PEER_ACTIONS, PEER_STEPS);
	g_autoptr(GByteArray) in = g_byte_array_new();
	peer_put(in, 'T', NULL, 0);
	feed(milter, in);
	MilterEvent event;
	g_assert_cmpint(next(milter, &event), ==, MILTER_DATA);
	while (!milter_is_full(milter)) {
		peer_put_strings(in, 'L', "X", " a server that does not wait for its answer", NULL);
		feed(milter, in);
		g_assert_cmpint(milter_next(milter, &event), ==, MILTER_WAIT);
	}
	milter_answer(milter, MILTER_CONTINUE);
	while (milter_next(milter, &event) == MILTER_EVENT)
		g_assert_cmpint(event.command, ==, MILTER_HEADER);
	g_assert_false(milter_is_full(milter));
}

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
	g_test_add_func("/milter/events", test_events);
	g_test_add_func("/milter/fuzz", test_fuzz);
	g_test_add_func("/milter/violations", test_violations);
	g_test_add_func("/milter/sizes", test_sizes);
	g_test_add_func("/milter/full", test_full);
	g_test_add_func("/milter/negotiation", test_negotiation);
	g_test_add_func("/milter/negotiation-reply", test_negotiation_reply);
	g_test_add_func("/milter/debt", test_debt);
	g_test_add_func("/milter/replies", test_replies);
	g_test_add_func("/milter/skip", test_skip);
	return g_test_run();
}
