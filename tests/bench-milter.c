/* bench-milter - goals 2, 3 and 7: the milter with its readers and its store, against a filter on libmilter that reads all and does nothing;
 * CPU a message against what a user would write instead; memory before and after many messages.
 *
 * Each message is an opt-out of its own: 12 headers, 2 KB body, its own sender and Message-ID; it is read, judged, and on the disk before the answer.
 *
 *   tests/bench-milter [DIRECTORY]      on the file system to be measured; default: the current directory
 */
#include "bench-mta.h"
#include "benching.h"

enum { SLICE = 500000 /* microseconds a turn */, MANY = 100000, PROCMAILS = 5, PYTHONS = 2 };

static const guint connections[] = { 8, 64 };
enum { LOADS = G_N_ELEMENTS(connections) };

/* One filter under load. */
typedef struct {
	const char *name;
	char *socket;
	GPid pid;                    /* 0: there is none */
	guint serial, refused;
	double rate[LOADS][BENCH_ROUNDS], cpu[LOADS][BENCH_ROUNDS];
	GArray *latencies[LOADS];
} Contestant;

typedef struct {
	char *directory;
	Contestant ours, peer;
	double procmail[BENCH_ROUNDS], python[BENCH_ROUNDS];
	char *message;               /* a file */
	char *procmail_args[4], *python_args[5];
} Bench;

/* --- the filters ------------------------------------------------------------------------------------------------ */

static void start(const Bench *bench, Contestant *contestant, const char *program, char **arguments)
{
	g_autofree char *log = g_strdup_printf("%s/%s.log", bench->directory, contestant->name), *path = benching_built(program);
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_ptr_array_add(argv, path);
	for (; *arguments; arguments++)
		g_ptr_array_add(argv, *arguments);
	g_ptr_array_add(argv, NULL);
	contestant->pid = benching_start((char **)argv->pdata, log);
	gint64 deadline = g_get_monotonic_time() + 30 * G_TIME_SPAN_SECOND;
	while (!g_file_test(contestant->socket, G_FILE_TEST_EXISTS)) {
		g_usleep(10000);
		if (g_get_monotonic_time() > deadline || waitpid(contestant->pid, NULL, WNOHANG))
			g_error("%s did not start; see %s", contestant->name, log);
	}
	for (guint i = 0; i < LOADS; i++)
		contestant->latencies[i] = g_array_new(FALSE, FALSE, sizeof(double));
}

static void start_ours(Bench *bench)
{
	bench->ours.name = "milter";
	bench->ours.socket = g_build_filename(bench->directory, "milter.sock", NULL);
	g_autofree char *file = g_build_filename(bench->directory, "optout.conf", NULL);
	g_autofree char *text = g_strdup_printf(
		"[optout]\nstore = %s/store\nmilter-socket = unix:%s\nmap-size = 64G\nanswers-per-domain = 1000000\nanswers-in-all = 1000000\n"
		"[smtp]\nurl = smtp://127.0.0.1:25\ntls = none\nfrom = Privacy <privacy@optout.example>\n"
		"[controller shop]\nname = Shop\npostal-address = 1 Main Street\ncontact = privacy@optout.example\ncountry = DE\nlanguages = en\n"
		"[address unsubscribe@optout.example]\ncontroller = shop\nrole = opt-out\nafter = discard\n", bench->directory, bench->ours.socket);
	if (!g_file_set_contents(file, text, -1, NULL))
		g_error("cannot write %s", file);
	start(bench, &bench->ours, "src/optout-milter", (char *[]){ (char *)"--config", file, NULL });
}

static void start_peer(Bench *bench)
{
	g_autofree char *path = benching_built("tests/bench-libmilter");
	bench->peer.name = "libmilter";
	if (!g_file_test(path, G_FILE_TEST_IS_EXECUTABLE))
		return;
	bench->peer.socket = g_build_filename(bench->directory, "peer.sock", NULL);
	g_autofree char *address = g_strdup_printf("unix:%s", bench->peer.socket);
	start(bench, &bench->peer, "tests/bench-libmilter", (char *[]){ address, NULL });
}

static void stop(Contestant *contestant)
{
	if (contestant->pid)
		benching_stop(contestant->pid);
	for (guint i = 0; i < LOADS && contestant->latencies[i]; i++)
		g_array_unref(contestant->latencies[i]);
	g_free(contestant->socket);
}

/* `round` BENCH_ROUNDS: to warm up, and not counted. */
static void measure(Contestant *contestant, guint load, guint round)
{
	if (!contestant->pid)
		return;
	gboolean counts = round < BENCH_ROUNDS;
	MtaLoad order = { contestant->socket, connections[load], SLICE, G_MAXUINT, "unsubscribe@optout.example", &contestant->serial,
			  counts ? contestant->latencies[load] : NULL };
	double cpu = benching_cpu(contestant->pid);
	MtaResult result = mta_load(&order);
	cpu = benching_cpu(contestant->pid) - cpu;
	contestant->refused += result.refused;
	if (counts) {
		contestant->rate[load][round] = result.messages / result.seconds;
		contestant->cpu[load][round] = cpu * 1e6 / result.messages;
	}
}

/* --- what a user would write instead ---------------------------------------------------------------------------- */

static const char python_script[] =
	"import sys, email, sqlite3\n"
	"message = email.message_from_binary_file(sys.stdin.buffer)\n"
	"text = ' '.join(part.get_payload(decode=True).decode('utf-8', 'replace') for part in message.walk() if not part.is_multipart())\n"
	"if 'unsubscribe' in text.lower():\n"
	"    store = sqlite3.connect(sys.argv[1])\n"
	"    store.execute('create table if not exists gone (address text, id text, unique (id))')\n"
	"    store.execute('insert or ignore into gone values (?, ?)', (message['From'], message['Message-ID']))\n"
	"    store.commit()\n";

static void prepare_others(Bench *bench)
{
	bench->message = g_build_filename(bench->directory, "message", NULL);
	g_autoptr(GString) text = g_string_new("From u1@d1.example Tue Nov 24 10:00:00 2026\nFrom: User <u1@d1.example>\nTo: <unsubscribe@optout.example>\n"
					       "Subject: Please take me off your list\nMessage-ID: <1@d1.example>\n\nplease unsubscribe me\n");
	while (text->len < 2600)
		g_string_append(text, "We bought a lamp in your shop last spring, and it still hangs over the table in the kitchen.\n");
	if (!g_file_set_contents(bench->message, text->str, (gssize)text->len, NULL))
		g_error("cannot write %s", bench->message);

	g_autofree char *formail = g_find_program_in_path("formail");
	bench->procmail_args[0] = g_find_program_in_path("procmail");
	if (bench->procmail_args[0] && formail) {
		char *rc = g_build_filename(bench->directory, "procmailrc", NULL);
		g_autofree char *recipe = g_strdup_printf("SHELL=/bin/sh\nDEFAULT=/dev/null\n:0 B\n* unsubscribe\n| %s -rtzxTo: >>%s/gone\n", formail, bench->directory);
		if (!g_file_set_contents(rc, recipe, -1, NULL))
			g_error("cannot write %s", rc);
		bench->procmail_args[1] = g_strdup("-m");
		bench->procmail_args[2] = rc;
	}
	/* the system's own before one in the path that may be a wrapper */
	bench->python_args[0] = g_file_test("/usr/bin/python3", G_FILE_TEST_IS_EXECUTABLE) ? g_strdup("/usr/bin/python3") : g_find_program_in_path("python3");
	bench->python_args[1] = g_strdup("-c");
	bench->python_args[2] = g_strdup(python_script);
	bench->python_args[3] = g_build_filename(bench->directory, "gone.sqlite", NULL);
}

static double cost(char **argv, guint count, const char *input)
{
	double cpu = 0;
	for (guint i = 0; i < count; i++)
		cpu += benching_run(argv, input, NULL);
	return cpu / count;
}

static void measure_others(Bench *bench, guint round)
{
	if (bench->procmail_args[1])
		bench->procmail[round] = cost(bench->procmail_args, PROCMAILS, bench->message);
	if (bench->python_args[0])
		bench->python[round] = cost(bench->python_args, PYTHONS, bench->message);
}

/* --- what came out ---------------------------------------------------------------------------------------------- */

static double quantile(const Contestant *contestant, guint load, double q)
{
	return benching_quantile((double *)(gpointer)contestant->latencies[load]->data, contestant->latencies[load]->len, q) / 1000;
}

static void print_contestant(const Contestant *contestant, guint load)
{
	if (contestant->pid)
		printf("  %-9s %2u connections: %7.0f messages/s, p50 %6.2f ms, p99 %6.2f ms, CPU %4.0f us a message\n", contestant->name, connections[load],
		       benching_median(contestant->rate[load], BENCH_ROUNDS), quantile(contestant, load, 0.5), quantile(contestant, load, 0.99),
		       benching_median(contestant->cpu[load], BENCH_ROUNDS));
}

static void print_throughput(const Bench *bench)
{
	static const double goals[LOADS] = { 1.3, 2.5 };
	for (guint i = 0; i < LOADS; i++) {
		print_contestant(&bench->peer, i);
		print_contestant(&bench->ours, i);
		if (!bench->peer.pid) {
			printf("goal 2: %u connections: skipped, no peer: libmilter is not installed (Debian: libmilter-dev)\n", connections[i]);
			continue;
		}
		double ratio = benching_ratio(bench->ours.rate[i], bench->peer.rate[i], BENCH_ROUNDS), p99 = quantile(&bench->ours, i, 0.99);
		if (connections[i] == 64)
			printf("goal 2: 64 connections: %.2fx libmilter (goal 2.5), p99 %.1f ms (goal 10): %s\n", ratio, p99,
			       benching_word(ratio >= goals[i] && p99 <= 10));
		else
			printf("goal 2: %u connections: %.2fx libmilter (goal %.1f): %s\n", connections[i], ratio, goals[i], benching_word(ratio >= goals[i]));
	}
}

static void print_cost(const char *name, const double *theirs, const double *ours, double goal)
{
	double ratio = benching_ratio(theirs, ours, BENCH_ROUNDS);
	printf("goal 3: CPU %.0fx below %s (%.0f us; goal %.0fx): %s\n", ratio, name, benching_median(theirs, BENCH_ROUNDS), goal, benching_word(ratio >= goal));
}

static void print_costs(const Bench *bench)
{
	const double *ours = bench->ours.cpu[0];
	double cpu = benching_median(ours, BENCH_ROUNDS);
	printf("goal 3: CPU %.0f us a message, readers included (goal 150): %s\n", cpu, benching_word(cpu <= 150));
	if (bench->procmail_args[1])
		print_cost("procmail + formail", bench->procmail, ours, 30);
	else
		printf("goal 3: procmail + formail: skipped, not installed (Debian: procmail)\n");
	if (bench->python_args[0])
		print_cost("Python + sqlite3", bench->python, ours, 200);
	else
		printf("goal 3: Python + sqlite3: skipped, not installed (Debian: python3)\n");
}

/* --- memory ----------------------------------------------------------------------------------------------------- */

typedef struct {
	double milter, reader;       /* KiB; of the largest reader */
} Memory;

static Memory memory_of(GPid pid)
{
	Memory memory = { benching_anonymous(pid), 0 };
	g_autoptr(GArray) children = benching_children(pid);
	for (guint i = 0; i < children->len; i++)
		memory.reader = MAX(memory.reader, benching_anonymous(g_array_index(children, GPid, i)));
	return memory;
}

static void measure_memory(Contestant *ours)
{
	Memory before = memory_of(ours->pid);
	MtaLoad order = { ours->socket, 64, 120 * G_TIME_SPAN_SECOND, MANY, "unsubscribe@optout.example", &ours->serial, NULL };
	MtaResult result = mta_load(&order);
	Memory after = memory_of(ours->pid);
	ours->refused += result.refused;
	double sum = after.milter + after.reader, ratio = sum / (before.milter + before.reader);
	printf("  before: milter %.1f MB, reader %.1f MB; after %u messages: milter %.1f MB, reader %.1f MB\n", before.milter / 1024, before.reader / 1024,
	       result.messages, after.milter / 1024, after.reader / 1024);
	printf("goal 7: anonymous memory %.1f MB (goal 40), %.2fx what it was %u messages ago (goal: flat): %s\n", sum / 1024, ratio, result.messages,
	       benching_word(sum <= 40 * 1024 && ratio <= 1.1));
}

int main(int argc, char **argv)
{
	Bench bench = { .directory = benching_directory(argc > 1 ? argv[1] : NULL) };
	start_ours(&bench);
	start_peer(&bench);
	prepare_others(&bench);
	for (guint load = 0; load < LOADS; load++) {
		measure(&bench.ours, load, BENCH_ROUNDS);
		measure(&bench.peer, load, BENCH_ROUNDS);
	}
	for (guint round = 0; round < BENCH_ROUNDS; round++) {
		for (guint load = 0; load < LOADS; load++) {
			measure(&bench.peer, load, round);
			measure(&bench.ours, load, round);
		}
		measure_others(&bench, round);
	}
	print_throughput(&bench);
	print_costs(&bench);
	measure_memory(&bench.ours);
	guint refused = bench.ours.refused;
	stop(&bench.ours);
	stop(&bench.peer);
	for (guint i = 0; i < G_N_ELEMENTS(bench.procmail_args); i++)
		g_free(bench.procmail_args[i]);
	for (guint i = 0; i < G_N_ELEMENTS(bench.python_args); i++)
		g_free(bench.python_args[i]);
	g_free(bench.message);
	if (refused)
		printf("bench-milter: %u messages were refused\n", refused);
	testing_remove(bench.directory);
	return refused != 0;
}
