/* bench-store - the record's speed against the disk's: how many messages a second are on the disk, with 1, 16 and 64 waiting at a time,
 * as a ratio to plain 600-byte appends with fdatasync in the same directory.
 *
 * Each message is the whole transaction of an opt-out: record, raw message, case, events, suppression, acknowledgement, history, dedup key.
 * The goal is at least 3 at 64 waiters on an empty store.  Only ratios of one session count: each is the median of nine rounds in
 * which the contestants take turns.  CASES=N fills the store first.
 *
 *   tests/bench-store [DIRECTORY]      on the file system to be measured; default: the current directory
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "committer.h"
#include "recording.h"
#include "store-testing.h"

enum { ROUNDS = 9, CONTESTANTS = 4, SLICE = 400000 /* microseconds a turn */, MESSAGE = 2048 };

static ConfigController controller = { .id = (char *)"shop", .name = (char *)"Shop", .country = (char *)"DE" };
static ConfigAddress opt_out = { (char *)"unsubscribe@example.com", &controller, ROLE_OPT_OUT, AFTER_DISCARD };

typedef struct {
	Rules *rules;
	GBytes *message;
	struct ev_loop *loop;
	Committer *committer;
	guint serial, done;
	guint most;          /* messages in this turn */
	gint64 until;        /* or time */
} Bench;

typedef struct {
	Bench *bench;
	Recording *recording;
} Passage;

static Verdict *new_verdict(guint serial)
{
	Verdict *verdict = verdict_new();
	verdict->kind = KIND_REQUEST;
	verdict->language = g_strdup("en");
	verdict->subject_address = g_strdup_printf("u%u@d%u.example", serial, serial % 997);
	VerdictRequest *request = verdict_request_new(REQUEST_MARKETING_OPT_OUT, 0.95);
	g_ptr_array_add(request->evidence, verdict_evidence_new("en.filter", 12, "please unsubscribe me", "body"));
	g_ptr_array_add(verdict->requests, request);
	if (!verdict->facts)
		verdict->facts = facts_new();
	verdict->facts->from = g_strdup(verdict->subject_address);
	verdict->facts->from_count = 1;
	verdict->facts->subject = g_strdup("Unsubscribe");
	verdict->facts->message_id = g_strdup_printf("%u@d.example", serial);
	verdict->facts->digest = g_strdup_printf("%064x", serial);
	verdict->facts->authentication = EVIDENCE_E2;
	g_ptr_array_add(verdict->facts->to, g_strdup(opt_out.address));
	return verdict;
}

static Recording *new_recording(Bench *bench)
{
	guint serial = bench->serial++;
	Envelope *envelope = envelope_new();
	Verdict *verdict = new_verdict(serial);
	envelope_set_sender(envelope, verdict->subject_address);
	envelope_add_recipient(envelope, opt_out.address);
	Recording *recording = recording_new(bench->rules, envelope, bench->message, FALSE, TESTING_NOW + serial / 100);
	RecordingPart part = { .recipient = g_ptr_array_index(envelope->recipients, 0), .address = &opt_out, .verdict = verdict };
	g_array_append_val(recording->parts, part);
	return recording;
}

static void submit(Passage *passage);

static void done(gpointer data, const GError *error)
{
	Passage *passage = data;
	Bench *bench = passage->bench;
	if (error)
		g_error("%s", error->message);
	recording_free(passage->recording);
	if (++bench->done < bench->most && g_get_monotonic_time() < bench->until)
		submit(passage);
	else
		g_free(passage);
}

static gboolean work(StoreTxn *txn, gpointer data, GError **error)
{
	return recording_write(txn, ((Passage *)data)->recording, error);
}

static void submit(Passage *passage)
{
	passage->recording = new_recording(passage->bench);
	committer_submit(passage->bench->committer, work, done, passage);
}

/* Messages a second with so many waiting. */
static double measure_store(Bench *bench, guint waiters, guint most, gint64 slice)
{
	gint64 start = g_get_monotonic_time();
	bench->done = 0;
	bench->most = most;
	bench->until = start + slice;
	for (guint i = 0; i < waiters; i++) {
		Passage *passage = g_new0(Passage, 1);
		passage->bench = bench;
		submit(passage);
	}
	ev_run(bench->loop, 0);
	return bench->done * 1e6 / (double)(g_get_monotonic_time() - start);
}

static double measure_disk(int fd)
{
	char bytes[600] = { 'x' };
	guint count = 0;
	gint64 start = g_get_monotonic_time();
	for (; g_get_monotonic_time() < start + SLICE; count++)
		if (write(fd, bytes, sizeof bytes) != sizeof bytes || fdatasync(fd))
			g_error("cannot write");
	return count * 1e6 / (double)(g_get_monotonic_time() - start);
}

static int compare(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;
	return a < b ? -1 : a > b;
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof *values, compare);
	return values[ROUNDS / 2];
}

static Rules *load_rules(Config *config)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *filters = testing_source("filters");
	char *directories[] = { filters, NULL };
	g_ptr_array_set_free_func(config->addresses, NULL);
	g_ptr_array_set_free_func(config->controllers, NULL);
	g_ptr_array_add(config->addresses, &opt_out);
	g_ptr_array_add(config->controllers, &controller);
	config->authserv_id = g_strdup("mx.example.com");
	config->answers_in_all = config->answers_per_domain = G_MAXINT;
	Laws *laws = laws_load(directories, &error);
	if (!laws)
		g_error("%s", error->message);
	return rules_new(config, laws);
}

static void run_rounds(Bench *bench, int fd)
{
	static const guint waiters[CONTESTANTS] = { 0, 1, 16, 64 };
	double rate[CONTESTANTS][ROUNDS], ratio[CONTESTANTS][ROUNDS];
	for (guint r = 0; r < ROUNDS; r++)
		for (guint i = 0; i < CONTESTANTS; i++) {
			rate[i][r] = waiters[i] ? measure_store(bench, waiters[i], G_MAXUINT, SLICE) : measure_disk(fd);
			ratio[i][r] = rate[i][r] / rate[0][r];
		}
	printf("store: fdatasync of 600 bytes          %8.0f /s\n", median(rate[0]));
	for (guint i = 1; i < CONTESTANTS; i++)
		printf("store: messages recorded, %2u waiting   %8.0f /s   ratio %.2f\n", waiters[i], median(rate[i]), median(ratio[i]));
	double best = median(ratio[CONTESTANTS - 1]);
	printf("goal 4: %u waiting: %.2fx fdatasync (goal 3 on an empty store): %s\n", waiters[CONTESTANTS - 1], best, best >= 3 ? "met" : "NOT MET");
}

int main(int argc, char **argv)
{
	g_autofree char *directory = g_strdup_printf("%s/bench-store.XXXXXX", argc > 1 ? argv[1] : ".");
	if (!g_mkdtemp_full(directory, 0700))
		g_error("cannot create %s", directory);
	g_autofree char *file = g_build_filename(directory, "append", NULL);
	g_autofree char *text = g_strnfill(MESSAGE, 'x');
	g_autoptr(GError) error = NULL;
	g_autoptr(Config) config = config_default();
	Bench bench = { .rules = load_rules(config), .message = g_bytes_new(text, MESSAGE), .loop = ev_loop_new(EVFLAG_AUTO) };
	Store *store = store_open(directory, (guint64)64 << 30, STORE_WRITE, &error);
	if (!store)
		g_error("%s", error->message);
	bench.committer = committer_new(store, bench.loop);
	int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	guint cases = (guint)g_ascii_strtoull(g_getenv("CASES") ? g_getenv("CASES") : "0", NULL, 10);
	if (cases)
		printf("store: filled with %u cases at %.0f /s\n", cases, measure_store(&bench, 1024, cases, G_MAXINT64 / 2));
	run_rounds(&bench, fd);
	committer_free(bench.committer);
	ev_loop_destroy(bench.loop);
	store_close(store);
	close(fd);
	rules_unref(bench.rules);
	g_bytes_unref(bench.message);
	testing_remove(g_steal_pointer(&directory));
	return 0;
}
