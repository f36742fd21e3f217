/* bench-classify - goal 5: judging a 2 KB message against GMime's parse of it; optout-pipe, the whole process, against /bin/true and a commit.
 *
 *   tests/bench-classify [DIRECTORY]      for the store; default: the current directory
 */
#include <fcntl.h>
#include <gmime/gmime.h>
#include <time.h>

#include "benching.h"
#include "classify.h"
#include "markers.h"
#include "message.h"
#include "tokens.h"

enum { MESSAGES = 400 /* a turn */, PIPES = 8, MESSAGE = 2600 };

typedef struct {
	Filters *filters;
	VisibleMarkers *markers;
	GString *message;
	double parse[BENCH_ROUNDS], read[BENCH_ROUNDS], judge[BENCH_ROUNDS], match[BENCH_ROUNDS], json[BENCH_ROUNDS];   /* microseconds a message */
	double pipe[BENCH_ROUNDS], allowed[BENCH_ROUNDS], nothing[BENCH_ROUNDS], commit[BENCH_ROUNDS];
} Bench;

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/* --- in this process -------------------------------------------------------------------------------------------- */

static void write_message(GString *message)
{
	g_string_append(message, "Received: from mail.d1.example (mail.d1.example [192.0.2.1])\r\n\tby mx.example.com (Postfix) with ESMTPS id Q1;\r\n"
				 "\tTue, 24 Nov 2026 10:00:00 +0000 (UTC)\r\nReturn-Path: <u1@d1.example>\r\nFrom: \"User 1\" <u1@d1.example>\r\n"
				 "To: <unsubscribe@optout.example>\r\nSubject: Please take me off your list\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n"
				 "Message-ID: <1@d1.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
				 "Content-Transfer-Encoding: 8bit\r\nUser-Agent: Mozilla Thunderbird\r\n\r\n"
				 "Hello,\r\n\r\nplease unsubscribe me from your newsletter. I do not want to get any more of it.\r\n\r\n");
	while (message->len < MESSAGE)
		g_string_append(message, "We bought a lamp in your shop last spring, and it still hangs over the table in the kitchen.\r\n");
}

/* What any program on GMime does at least: parse, and take the text as UTF-8. */
static void parse_with_gmime(const Bench *bench)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(bench->message->str, bench->message->len);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
	GMimeObject *part = g_mime_message_get_mime_part(message);
	g_autofree char *text = g_mime_text_part_get_text(GMIME_TEXT_PART(part));
	g_assert(text && strstr(text, "unsubscribe"));
	g_object_unref(message);
	g_object_unref(parser);
	g_object_unref(stream);
}

static double match(const Bench *bench, const char *text)
{
	double start = now();
	Tokens *tokens = tokens_new(text);
	g_autoptr(GArray) hits = g_array_new(FALSE, FALSE, sizeof(MatcherHit));
	matcher_match(filters_matcher(bench->filters), tokens, hits);
	double spent = now() - start;
	g_assert(hits->len);
	tokens_free(tokens);
	return spent;
}

static void measure_reading(Bench *bench, guint round)
{
	const MessageOptions options = { NULL, 0, FALSE, bench->markers };
	const ClassifyContext context = { "u1@d1.example", "unsubscribe@optout.example", "opt-out", "+" };
	double start = now(), read = 0, judge = 0, words = 0, json = 0;
	for (guint i = 0; i < MESSAGES; i++)
		parse_with_gmime(bench);
	bench->parse[round] = (now() - start) / MESSAGES;
	for (guint i = 0; i < MESSAGES; i++) {
		double t0 = now();
		Facts *facts = message_read((const guint8 *)bench->message->str, bench->message->len, &options, NULL);
		double t1 = now();
		words += match(bench, facts->text);
		double t2 = now();
		g_autoptr(Verdict) verdict = classify(facts, &context, bench->filters);
		double t3 = now();
		g_assert(verdict_request(verdict, REQUEST_MARKETING_OPT_OUT));
		json_t *value = verdict_to_json(verdict);
		char *text = json_dumps(value, JSON_COMPACT);
		json_decref(value);
		free(text);
		read += t1 - t0;
		judge += t3 - t2;
		json += now() - t3;
	}
	bench->read[round] = read / MESSAGES;
	bench->judge[round] = judge / MESSAGES;
	bench->match[round] = words / MESSAGES;
	bench->json[round] = json / MESSAGES;
}

/* --- a process a message ---------------------------------------------------------------------------------------- */

static char *write_config(const char *directory)
{
	char *file = g_build_filename(directory, "optout.conf", NULL);
	g_autofree char *text = g_strdup_printf(
		"[optout]\nstore = %s/store\nmilter-socket = unix:%s/none\nmap-size = 1G\n"
		"[smtp]\nurl = smtp://127.0.0.1:25\ntls = none\nfrom = Privacy <privacy@optout.example>\n"
		"[controller shop]\nname = Shop\npostal-address = 1 Main Street\ncontact = privacy@optout.example\ncountry = DE\nlanguages = en\n"
		"[address unsubscribe@optout.example]\ncontroller = shop\nrole = opt-out\n", directory, directory);
	if (!g_file_set_contents(file, text, -1, NULL))
		g_error("cannot write %s", file);
	return file;
}

static gboolean put_record(StoreTxn *txn, gpointer data, GError **error)
{
	g_autoptr(Record) record = record_new();
	return store_put_record(txn, record, data, error);
}

/* Each message is another one: a resend would write less. */
static char *write_next(const Bench *bench, const char *directory, guint serial)
{
	char *file = g_strdup_printf("%s/%u.eml", directory, serial);
	g_autofree char *head = g_strdup_printf("X-Serial: %u\r\nMessage-ID: <%u@serial.example>\r\n", serial, serial);
	g_autoptr(GString) text = g_string_new_len(bench->message->str, (gssize)bench->message->len);
	g_string_replace(text, "Message-ID: <1@d1.example>\r\n", head, 1);
	if (!g_file_set_contents(file, text->str, (gssize)text->len, NULL))
		g_error("cannot write %s", file);
	return file;
}

static void measure_processes(Bench *bench, const char *directory, Store *store, const char *config, guint round)
{
	g_autofree char *program = benching_built("src/optout-pipe");
	char *nothing[] = { (char *)"/bin/true", NULL };
	char *pipe[] = { program, (char *)"--config", (char *)config, (char *)"-f", (char *)"u1@d1.example", (char *)"unsubscribe@optout.example", NULL };
	g_autoptr(GBytes) raw = g_bytes_new_static(bench->message->str, bench->message->len);
	double wall, sum[3] = { 0 };
	for (guint i = 0; i < PIPES; i++) {
		g_autofree char *file = write_next(bench, directory, round * PIPES + i);
		benching_run(nothing, NULL, &wall);
		sum[0] += wall;
		double start = now();
		g_autoptr(GError) error = NULL;
		if (!store_write(store, put_record, raw, &error))
			g_error("%s", error->message);
		sum[1] += now() - start;
		benching_run(pipe, file, &wall);
		sum[2] += wall;
	}
	bench->nothing[round] = sum[0] / PIPES;
	bench->commit[round] = sum[1] / PIPES;
	bench->pipe[round] = sum[2] / PIPES;
	bench->allowed[round] = 8 * bench->nothing[round] + bench->commit[round];
}

static void print(const Bench *bench)
{
	double judge = benching_ratio(bench->judge, bench->parse, BENCH_ROUNDS), words = benching_ratio(bench->match, bench->parse, BENCH_ROUNDS);
	double pipe = benching_ratio(bench->pipe, bench->allowed, BENCH_ROUNDS);
	printf("  us a message: GMime's parse %.0f, our reading of it %.0f, judging %.0f, of that words and phrases %.0f, verdict as JSON %.0f\n",
	       benching_median(bench->parse, BENCH_ROUNDS), benching_median(bench->read, BENCH_ROUNDS), benching_median(bench->judge, BENCH_ROUNDS),
	       benching_median(bench->match, BENCH_ROUNDS), benching_median(bench->json, BENCH_ROUNDS));
	printf("  ms a process: /bin/true %.2f, a commit %.2f, optout-pipe %.2f\n", benching_median(bench->nothing, BENCH_ROUNDS) / 1000,
	       benching_median(bench->commit, BENCH_ROUNDS) / 1000, benching_median(bench->pipe, BENCH_ROUNDS) / 1000);
	printf("goal 5: judging takes %.2fx GMime's parse (goal 1): %s\n", judge, benching_word(judge <= 1));
	printf("goal 5: words and phrases take %.2fx GMime's parse (goal 0.25): %s\n", words, benching_word(words <= 0.25));
	printf("goal 5: optout-pipe takes %.2fx eight times /bin/true and a commit (goal 1): %s\n", pipe, benching_word(pipe <= 1));
}

int main(int argc, char **argv)
{
	char *directory = benching_directory(argc > 1 ? argv[1] : NULL);
	Bench bench = { .message = g_string_new(NULL) };
	g_autofree char *filters = testing_source("filters"), *config = write_config(directory), *other = g_build_filename(directory, "other", NULL);
	g_autoptr(GError) error = NULL;
	bench.filters = filters_load((char *[]){ filters, NULL }, &error);
	bench.markers = bench.filters ? markers_new(bench.filters, &error) : NULL;
	Store *store = bench.markers ? store_open(other, 1 << 30, STORE_WRITE, &error) : NULL;
	if (!store)
		g_error("%s", error->message);
	message_setup();
	write_message(bench.message);
	for (guint round = 0; round < BENCH_ROUNDS; round++) {
		measure_reading(&bench, round);
		measure_processes(&bench, directory, store, config, round);
	}
	print(&bench);
	store_close(store);
	visible_markers_free(bench.markers);
	filters_free(bench.filters);
	g_string_free(bench.message, TRUE);
	testing_remove(directory);
	return 0;
}
