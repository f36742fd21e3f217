/* Bytes in, events out. */
#include "milter-testing.h"

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

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/milter/events", test_events);
	g_test_add_func("/milter/fuzz", test_fuzz);
	g_test_add_func("/milter/violations", test_violations);
	g_test_add_func("/milter/sizes", test_sizes);
	g_test_add_func("/milter/full", test_full);
	return g_test_run();
}
