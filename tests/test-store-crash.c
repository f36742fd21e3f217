/* A process that records as fast as it can, four jobs waiting at any time, is killed at a random moment, again and again.  It tells each
 * number on a pipe after the commit: all that it told must be there afterwards, and the store must be whole.
 *
 * story/store-inject.t runs the same child and judge with system calls that fail:
 *   test-store-crash --child DIRECTORY COUNT          ends after so many records; exit status 2: a commit failed and the store is broken
 *   test-store-crash --judge DIRECTORY < what was told
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "committer.h"
#include "store-admin.h"
#include "store-testing.h"

enum { ROUNDS = 200, MOST_MICROSECONDS = 8000, CHECK_EVERY = 20 };

/* --- the child ------------------------------------------------------------------------------------------------- */

typedef struct {
	Store *store;
	Committer *committer;
	guint *left;            /* records still to be made */
	guint64 record, case_number;
} Job;

enum { CHILD_OK, CHILD_NO_STORE, CHILD_BROKEN, CHILD_NO_PIPE, CHILD_FAILED };

/* A message of an opt-out as the milter records it. */
static gboolean work(StoreTxn *txn, gpointer data, GError **error)
{
	Job *job = data;
	g_autoptr(Record) record = record_new();
	g_autofree char *text = g_strnfill(600, 'x');
	g_autoptr(GBytes) raw = g_bytes_new_static(text, 600);
	g_autoptr(Case) c = case_new();
	if (!store_put_record(txn, record, raw, error))
		return FALSE;
	c->record = job->record = record->number;
	c->state = STATE_OPEN;
	c->subject_address = g_strdup_printf("u%" G_GUINT64_FORMAT "@example.org", job->record);
	g_date_set_dmy(&c->due, 24, 12, 2026);
	if (!store_put_case(txn, c, error))
		return FALSE;
	job->case_number = c->number;
	g_autoptr(Event) event = event_new("received", c->number, TESTING_NOW);
	g_autoptr(Letter) letter = letter_new();
	letter->case_number = c->number;
	memcpy(letter->reference, c->reference, REFERENCE_SIZE);
	letter->to = g_strdup(c->subject_address);
	return store_put_event(txn, event, error) && store_put_letter(txn, letter, error);
}

static void done(gpointer data, const GError *error)
{
	Job *job = data;
	if (error)
		_exit(store_is_broken(job->store) ? CHILD_BROKEN : CHILD_FAILED);
	char line[64];
	int length = g_snprintf(line, sizeof line, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n", job->record, job->case_number);
	if (write(STDOUT_FILENO, line, (size_t)length) != length)
		_exit(CHILD_NO_PIPE);
	if (*job->left && --*job->left)
		committer_submit(job->committer, work, done, job);
}

/* The commits come one by one where few jobs wait, and in batches where they wait for each other: both are here. */
static int child(const char *directory, guint count)
{
	g_autoptr(Store) store = store_open(directory, TESTING_MAP, STORE_WRITE, NULL);
	if (!store)
		return CHILD_NO_STORE;
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	Committer *committer = committer_new(store, loop);
	Job jobs[4];
	for (guint i = 0; i < G_N_ELEMENTS(jobs); i++) {
		jobs[i] = (Job){ .store = store, .committer = committer, .left = &count };
		committer_submit(committer, work, done, &jobs[i]);
	}
	ev_run(loop, 0);
	committer_free(committer);
	ev_loop_destroy(loop);
	return CHILD_OK;
}

/* --- the judge ------------------------------------------------------------------------------------------------- */

typedef struct {
	guint64 record, case_number;
} Told;

static gboolean check_told(StoreTxn *txn, gpointer data, GError **error)
{
	GArray *told = data;
	for (guint i = 0; i < told->len; i++) {
		const Told *t = &g_array_index(told, Told, i);
		g_autoptr(Record) record = store_get_record(txn, t->record, error);
		g_autoptr(GBytes) raw = store_get_raw(txn, t->record, error);
		g_autoptr(Case) c = store_get_case(txn, t->case_number, error);
		g_assert_no_error(*error);
		g_assert_nonnull(record);
		g_assert_cmpuint(g_bytes_get_size(raw), ==, 600);
		g_assert_nonnull(c);
		g_assert_cmpuint(c->record, ==, t->record);
	}
	return TRUE;
}

static void check_whole(Store *store)
{
	GError *error = NULL;
	g_autoptr(GPtrArray) report = g_ptr_array_new_with_free_func(g_free);
	g_assert_true(store_check(store, report, &error));
	if (report->len)
		g_error("the store has faults: %s", (char *)g_ptr_array_index(report, 0));
}

static void read_told(FILE *stream, GArray *told)
{
	char line[64];
	while (fgets(line, sizeof line, stream)) {
		Told t;
		if (strchr(line, '\n') && sscanf(line, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &t.record, &t.case_number) == 2)
			g_array_append_val(told, t);
	}
}

static int judge(const char *directory)
{
	g_autoptr(GArray) told = g_array_new(FALSE, FALSE, sizeof(Told));
	read_told(stdin, told);
	Store *store = testing_store(directory);
	testing_read(store, check_told, told);
	check_whole(store);
	/* It goes on from there. */
	guint left = 0;
	Job job = { .store = store, .left = &left };
	testing_write(store, work, &job);
	check_whole(store);
	store_close(store);
	printf("%u\n", told->len);
	return 0;
}

static char *own_program;

/* Adds to `told` what the child told before it was killed: at any moment, or once it is `at_work`. */
static void run_and_kill(const char *directory, gboolean at_work, GArray *told)
{
	char *argv[] = { own_program, (char *)"--child", (char *)directory, (char *)"1000000", NULL };
	GError *error = NULL;
	GPid pid;
	int out, status;
	g_assert_true(g_spawn_async_with_pipes(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL, &out, NULL, &error));
	FILE *stream = fdopen(out, "r");
	int first = at_work ? fgetc(stream) : EOF;
	if (first != EOF)
		ungetc(first, stream);
	g_usleep((gulong)g_test_rand_int_range(0, MOST_MICROSECONDS));   /* not to wait for anything: the moment of death itself */
	kill(pid, SIGKILL);
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	read_told(stream, told);
	fclose(stream);
}

static void test_kill(void)
{
	char *directory = testing_directory();
	g_autoptr(GArray) told = g_array_new(FALSE, FALSE, sizeof(Told));
	for (guint i = 1; i <= ROUNDS; i++) {
		guint before = told->len;
		run_and_kill(directory, i % 2, told);
		if (i % CHECK_EVERY && told->len == before)
			continue;
		Store *store = testing_store(directory);
		g_autoptr(GArray) fresh = g_array_new(FALSE, FALSE, sizeof(Told));
		for (guint j = before; j < told->len; j++)
			g_array_append_val(fresh, g_array_index(told, Told, j));
		testing_read(store, check_told, i % CHECK_EVERY ? fresh : told);
		if (i % CHECK_EVERY == 0)
			check_whole(store);
		store_close(store);
	}
	g_test_message("%u records told and found after %d kills", told->len, ROUNDS);
	g_assert_cmpuint(told->len, >, ROUNDS);   /* or it proved nothing */
	testing_remove(directory);
}

int main(int argc, char **argv)
{
	if (argc == 4 && g_str_equal(argv[1], "--child"))
		return child(argv[2], (guint)g_ascii_strtoull(argv[3], NULL, 10));
	if (argc == 3 && g_str_equal(argv[1], "--judge"))
		return judge(argv[2]);
	own_program = argv[0];
	testing_init(argc, argv);
	g_test_add_func("/store-crash/kill", test_kill);
	return g_test_run();
}
