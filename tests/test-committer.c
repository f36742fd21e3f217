#include "committer.h"
#include "status.h"
#include "store-testing.h"

typedef struct {
	char *directory;
	Store *store;
	struct ev_loop *loop;
	Committer *committer;
	GThread *loop_thread;
	guint done, failed;
	GArray *order;          /* of guint: indexes of jobs as they were done */
} Fixture;

typedef struct {
	Fixture *fixture;
	guint index;
	gboolean bad;           /* fails always */
	guint fail_first;       /* fails so many times, then works */
	gint runs;
	guint64 number;
} Job;

static void set_up(Fixture *f, gconstpointer data)
{
	(void)data;
	f->directory = testing_directory();
	f->store = testing_store(f->directory);
	f->loop = ev_loop_new(EVFLAG_AUTO);
	f->committer = committer_new(f->store, f->loop);
	f->loop_thread = g_thread_self();
	f->done = f->failed = 0;
	f->order = g_array_new(FALSE, FALSE, sizeof(guint));
}

static void tear_down(Fixture *f, gconstpointer data)
{
	(void)data;
	committer_free(f->committer);
	ev_loop_destroy(f->loop);
	store_close(f->store);
	testing_remove(f->directory);
	g_array_unref(f->order);
}

static gboolean work(StoreTxn *txn, gpointer data, GError **error)
{
	Job *job = data;
	g_assert_true(g_thread_self() != job->fixture->loop_thread);
	g_autoptr(Record) record = record_new();
	record->received = job->index;
	if (!store_put_record(txn, record, NULL, error))
		return FALSE;
	job->number = record->number;
	if (job->bad || (guint)job->runs++ < job->fail_first)
		return status_fail(error, STATUS_PERMANENT, "job %u is bad", job->index);
	return TRUE;
}

static void done(gpointer data, const GError *error)
{
	Job *job = data;
	Fixture *f = job->fixture;
	g_assert_true(g_thread_self() == f->loop_thread);
	f->done++;
	f->failed += error != NULL;
	g_assert_cmpint(error != NULL, ==, job->bad);
	if (error && !store_is_broken(f->store))
		g_assert_cmpint(status_of(error), ==, STATUS_PERMANENT);
	g_array_append_val(f->order, job->index);
}

static gboolean count_records(StoreTxn *txn, gpointer data, GError **error)
{
	guint *count = data;
	for (;;) {
		g_autoptr(Record) record = store_get_record(txn, *count + 1, error);
		if (!record)
			return !*error;
		++*count;
	}
}

static gboolean check_record(StoreTxn *txn, gpointer data, GError **error)
{
	Job *job = data;
	g_autoptr(Record) record = store_get_record(txn, job->number, error);
	g_assert_nonnull(record);
	g_assert_cmpint(record->received, ==, job->index);
	return TRUE;
}

static void submit_all(Fixture *f, Job *jobs, guint count)
{
	for (guint i = 0; i < count; i++) {
		jobs[i].fixture = f;
		jobs[i].index = i;
		committer_submit(f->committer, work, done, &jobs[i]);
	}
	g_assert_cmpuint(committer_pending(f->committer), ==, count);
}

static void check_all(Fixture *f, Job *jobs, guint count)
{
	guint bad = 0, records = 0;
	for (guint i = 0; i < count; i++)
		bad += jobs[i].bad;
	g_assert_cmpuint(f->done, ==, count);
	g_assert_cmpuint(f->failed, ==, bad);
	g_assert_cmpuint(committer_pending(f->committer), ==, 0);
	testing_read(f->store, count_records, &records);
	g_assert_cmpuint(records, ==, count - bad);
	for (guint i = 0; i < count; i++)
		if (!jobs[i].bad)
			testing_read(f->store, check_record, &jobs[i]);
}

/* ev_run comes back by itself once nothing is pending: the committer alone keeps no loop going. */
static void test_many(Fixture *f, gconstpointer data)
{
	(void)data;
	enum { COUNT = 3000 };
	g_autofree Job *jobs = g_new0(Job, COUNT);
	ev_run(f->loop, 0);
	submit_all(f, jobs, COUNT);
	ev_run(f->loop, 0);
	check_all(f, jobs, COUNT);
	for (guint i = 0; i < COUNT; i++) {   /* none failed: in the order they came */
		g_assert_cmpuint(g_array_index(f->order, guint, i), ==, i);
		g_assert_cmpuint(jobs[i].number, ==, i + 1);
	}
}

static void test_one_bad(Fixture *f, gconstpointer data)
{
	(void)data;
	enum { COUNT = 300 };
	g_autofree Job *jobs = g_new0(Job, COUNT);
	jobs[100].bad = TRUE;
	submit_all(f, jobs, COUNT);
	ev_run(f->loop, 0);
	check_all(f, jobs, COUNT);
}

static void test_many_bad(Fixture *f, gconstpointer data)
{
	(void)data;
	enum { COUNT = 60 };
	g_autofree Job *jobs = g_new0(Job, COUNT);
	for (guint i = 0; i < COUNT; i++)
		jobs[i].bad = i % 3 == 0;
	submit_all(f, jobs, COUNT);
	ev_run(f->loop, 0);
	check_all(f, jobs, COUNT);
}

static gboolean hold(StoreTxn *txn, gpointer data, GError **error)
{
	(void)txn, (void)error;
	g_mutex_lock(data);
	g_mutex_unlock(data);
	return TRUE;
}

static void ignore(gpointer data, const GError *error)
{
	(void)data;
	g_assert_no_error((GError *)error);
}

/* A job that fails only in company gets a second chance alone. */
static void test_second_chance(Fixture *f, gconstpointer data)
{
	(void)data;
	enum { COUNT = 5 };
	g_autofree Job *jobs = g_new0(Job, COUNT);
	jobs[2].fail_first = 1;
	GMutex gate;
	g_mutex_init(&gate);
	g_mutex_lock(&gate);
	committer_submit(f->committer, hold, ignore, &gate);   /* so that all of them are in one batch */
	for (guint i = 0; i < COUNT; i++) {
		jobs[i].fixture = f;
		jobs[i].index = i;
		committer_submit(f->committer, work, done, &jobs[i]);
	}
	g_mutex_unlock(&gate);
	ev_run(f->loop, 0);
	g_mutex_clear(&gate);
	check_all(f, jobs, COUNT);
	g_assert_cmpint(jobs[2].runs, ==, 2);
}

/* What is queued when the end comes is committed, and everyone is told. */
static void test_free(Fixture *f, gconstpointer data)
{
	(void)data;
	enum { COUNT = 500 };
	g_autofree Job *jobs = g_new0(Job, COUNT);
	jobs[7].bad = TRUE;
	submit_all(f, jobs, COUNT);
	committer_free(f->committer);
	f->committer = committer_new(f->store, f->loop);
	check_all(f, jobs, COUNT);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add("/committer/many", Fixture, NULL, set_up, test_many, tear_down);
	g_test_add("/committer/one-bad", Fixture, NULL, set_up, test_one_bad, tear_down);
	g_test_add("/committer/many-bad", Fixture, NULL, set_up, test_many_bad, tear_down);
	g_test_add("/committer/second-chance", Fixture, NULL, set_up, test_second_chance, tear_down);
	g_test_add("/committer/free", Fixture, NULL, set_up, test_free, tear_down);
	return g_test_run();
}
