#include "committer.h"

#include <signal.h>

#include "status.h"

/* A batch ends after so many jobs or so much time of work, so that other writers and the jobs' senders wait no longer than that
 * for it (bulk writers commit within 20 ms: mdb_txn_begin of another process waits without limit, and is unfair). */
enum { BATCH_JOBS = 1024, BATCH_MICROSECONDS = 20000 };
/* Jobs of one batch that may fail and be put apart before every job goes alone: each one costs the others a repetition in memory. */
enum { BATCH_FAULTS = 8 };

typedef struct {
	StoreWork work;
	CommitDone done;
	gpointer data;
	GError *error;
} Job;

struct Committer {
	Store *store;
	struct ev_loop *loop;
	ev_async wake;
	GThread *thread;
	GAsyncQueue *jobs;      /* Job*; `&end` ends the thread */
	GAsyncQueue *finished;  /* Job* */
	guint pending;          /* loop's thread only */
	gboolean ending;
};

static Job end;   /* its address alone counts */

/* --- the committer's thread ------------------------------------------------------------------------------------ */

typedef struct {
	Committer *committer;
	GPtrArray *jobs;        /* of this transaction, in order */
	gboolean takes_more;    /* from the queue, while it runs */
	gint64 until;
	Job *failed;            /* the job that spoiled it */
	gboolean ended;         /* `end` was met */
} Batch;

static gboolean run_job(StoreTxn *txn, Batch *batch, Job *job, GError **error)
{
	if (job->work(txn, job->data, error))
		return TRUE;
	batch->failed = job;
	return FALSE;
}

static gboolean run_batch(StoreTxn *txn, gpointer data, GError **error)
{
	Batch *batch = data;
	for (guint i = 0; i < batch->jobs->len; i++)
		if (!run_job(txn, batch, g_ptr_array_index(batch->jobs, i), error))
			return FALSE;
	while (batch->takes_more && batch->jobs->len < BATCH_JOBS && g_get_monotonic_time() < batch->until) {
		Job *job = g_async_queue_try_pop(batch->committer->jobs);
		batch->ended = batch->ended || job == &end;
		if (!job || job == &end)
			break;
		g_ptr_array_add(batch->jobs, job);
		if (!run_job(txn, batch, job, error))
			return FALSE;
	}
	return TRUE;
}

static void finish(Committer *committer, Job *job, const GError *error)
{
	job->error = error ? g_error_copy(error) : NULL;
	g_async_queue_push(committer->finished, job);
}

static void finish_all(Committer *committer, const GPtrArray *jobs, const GError *error)
{
	for (guint i = 0; i < jobs->len; i++)
		finish(committer, g_ptr_array_index(jobs, i), error);
}

static void commit_alone(Committer *committer, const GPtrArray *jobs)
{
	for (guint i = 0; i < jobs->len; i++) {
		Job *job = g_ptr_array_index(jobs, i);
		g_autoptr(GError) error = NULL;
		store_write(committer->store, job->work, job->data, &error);
		finish(committer, job, error);
	}
}

/* One transaction for the batch; a job that fails is put apart and the others are tried again together, so that a mail that can't
 * be recorded does not cost each of its neighbours a sync of its own. */
static void commit_batch(Batch *batch)
{
	Committer *committer = batch->committer;
	g_autoptr(GPtrArray) apart = g_ptr_array_new();
	while (batch->jobs->len) {
		g_autoptr(GError) error = NULL;
		batch->failed = NULL;
		if (store_write(committer->store, run_batch, batch, &error) || store_is_broken(committer->store)) {
			finish_all(committer, batch->jobs, error);
			break;
		}
		batch->takes_more = FALSE;
		if (batch->failed && batch->jobs->len == 1 && apart->len == 0) {
			finish(committer, batch->failed, error);   /* it was alone already */
			break;
		}
		if (!batch->failed || apart->len == BATCH_FAULTS) {
			commit_alone(committer, batch->jobs);
			break;
		}
		g_ptr_array_remove(batch->jobs, batch->failed);
		g_ptr_array_add(apart, batch->failed);
	}
	commit_alone(committer, apart);
}

static gpointer run(gpointer data)
{
	Committer *committer = data;
	gboolean ended = FALSE;
	while (!ended) {
		Job *first = g_async_queue_pop(committer->jobs);
		if (first == &end)
			break;
		g_autoptr(GPtrArray) jobs = g_ptr_array_new();
		g_ptr_array_add(jobs, first);
		Batch batch = { .committer = committer, .jobs = jobs, .takes_more = TRUE,
				.until = g_get_monotonic_time() + BATCH_MICROSECONDS };
		commit_batch(&batch);
		ended = batch.ended;
		ev_async_send(committer->loop, &committer->wake);
	}
	return NULL;
}

/* --- the loop's thread ----------------------------------------------------------------------------------------- */

static void deliver(Committer *committer)
{
	Job *job;
	while ((job = g_async_queue_try_pop(committer->finished))) {
		/* A loop with nothing else to do ends once nothing is pending. */
		if (--committer->pending == 0)
			ev_unref(committer->loop);
		job->done(job->data, job->error);
		g_clear_error(&job->error);
		g_free(job);
	}
}

static void on_wake(struct ev_loop *loop, ev_async *wake, int events)
{
	(void)loop, (void)events;
	deliver(wake->data);
}

Committer *committer_new(Store *store, struct ev_loop *loop)
{
	Committer *committer = g_new0(Committer, 1);
	committer->store = store;
	committer->loop = loop;
	committer->jobs = g_async_queue_new();
	committer->finished = g_async_queue_new();
	ev_async_init(&committer->wake, on_wake);
	committer->wake.data = committer;
	ev_async_start(loop, &committer->wake);
	ev_unref(loop);
	/* Signals are the loop's: in this thread one could interrupt a write of LMDB, which takes that for a failure. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	committer->thread = g_thread_new("committer", run, committer);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return committer;
}

void committer_submit(Committer *committer, StoreWork work, CommitDone done, gpointer data)
{
	g_return_if_fail(!committer->ending);
	Job *job = g_new0(Job, 1);
	job->work = work;
	job->done = done;
	job->data = data;
	if (committer->pending++ == 0)
		ev_ref(committer->loop);
	g_async_queue_push(committer->jobs, job);
}

guint committer_pending(const Committer *committer)
{
	return committer->pending;
}

void committer_free(Committer *committer)
{
	if (!committer)
		return;
	committer->ending = TRUE;
	g_async_queue_push(committer->jobs, &end);
	g_thread_join(committer->thread);
	deliver(committer);
	ev_ref(committer->loop);
	ev_async_stop(committer->loop, &committer->wake);
	g_async_queue_unref(committer->jobs);
	g_async_queue_unref(committer->finished);
	g_free(committer);
}
