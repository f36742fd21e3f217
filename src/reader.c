#include "reader-private.h"

#include "log.h"
#include "status.h"

enum { MOST_UNDER_WAY = 4 };
static const double BACKOFF_FIRST = 0.1, BACKOFF_MOST = 30;

/* A domain of its own, which status_of takes for TEMPORARY: the same message may be read once a reader starts. */
#define UNAVAILABLE (reader_unavailable_quark())
static G_DEFINE_QUARK(optout-reader-unavailable, reader_unavailable)

gboolean reader_is_unavailable(const GError *error)
{
	return error && error->domain == UNAVAILABLE;
}

GError *reader_unavailable(const char *why)
{
	return g_error_new_literal(UNAVAILABLE, STATUS_TEMPORARY, why);
}

void reader_deliver(GQueue *finished)
{
	for (ReaderJob *job; (job = g_queue_pop_head(finished));)
		reader_job_deliver(job);
}

void reader_fail_job(ReaderPool *pool, ReaderJob *job, GError *error, GQueue *finished)
{
	job->error = error;
	pool->pending--;
	g_queue_push_tail(finished, job);
}

/* --- one child -------------------------------------------------------------------------------------------------- */

void reader_watch(ReaderChild *child)
{
	int events = EV_READ | (reader_channel_has_output(&child->channel) ? EV_WRITE : 0);
	if (child->io.events == events && ev_is_active(&child->io))
		return;
	ev_io_stop(child->pool->loop, &child->io);
	ev_io_set(&child->io, child->channel.process.fd, events);
	ev_io_start(child->pool->loop, &child->io);
}

void reader_set_deadline(ReaderChild *child, double seconds)
{
	ev_timer_stop(child->pool->loop, &child->deadline);
	ev_timer_set(&child->deadline, seconds, 0.);
	ev_timer_start(child->pool->loop, &child->deadline);
}

/* The message at the head is the one the child works on: it has its time from now. */
static void begin_head(ReaderChild *child)
{
	if (g_queue_is_empty(&child->channel.jobs))
		ev_timer_stop(child->pool->loop, &child->deadline);
	else
		reader_set_deadline(child, child->pool->config->reader_timeout);
}

static void child_give(ReaderChild *child, ReaderJob *job)
{
	g_queue_push_tail(&child->channel.jobs, job);
	if (child->channel.jobs.length == 1)
		begin_head(child);
	reader_channel_write(&child->channel);
	reader_watch(child);
}

char *reader_child_remove(ReaderChild *child, GQueue *jobs)
{
	ReaderPool *pool = child->pool;
	ev_io_stop(pool->loop, &child->io);
	ev_timer_stop(pool->loop, &child->deadline);
	char *how = reader_channel_end(&child->channel);
	*jobs = child->channel.jobs;
	g_ptr_array_remove(pool->children, child);
	g_free(child);
	return how;
}

void reader_child_leave(ReaderChild *child)
{
	child->is_leaving = TRUE;
	if (!g_queue_is_empty(&child->channel.jobs))
		return;
	GQueue none;
	g_free(reader_child_remove(child, &none));
}

/* --- faults ----------------------------------------------------------------------------------------------------- */

static guint count_live(const ReaderPool *pool)
{
	guint live = 0;
	for (guint i = 0; i < pool->children->len; i++)
		live += !((const ReaderChild *)pool->children->pdata[i])->is_leaving;
	return live;
}

void reader_fail_waiting(ReaderPool *pool, GQueue *finished)
{
	if (count_live(pool) > 0)
		return;
	for (ReaderJob *job; (job = g_queue_pop_head(&pool->waiting));)
		reader_fail_job(pool, job, reader_unavailable(pool->start_error->message), finished);
}

void reader_note_failed_start(ReaderPool *pool, GError *error)
{
	log_event(LOG_ERROR, "reader-failed-to-start", "reason", error->message, NULL);
	g_clear_error(&pool->start_error);
	pool->start_error = error;
	double pause = MIN(BACKOFF_FIRST * (double)(1u << MIN(pool->failures, 16u)), BACKOFF_MOST);
	pool->failures++;
	ev_now_update(pool->loop);
	ev_timer_stop(pool->loop, &pool->backoff);
	ev_timer_set(&pool->backoff, pause, 0.);
	ev_timer_start(pool->loop, &pool->backoff);
}

void reader_child_fail(ReaderChild *child, const char *why, GQueue *finished)
{
	ReaderPool *pool = child->pool;
	gboolean was_starting = !child->channel.is_ready || (child->channel.served == 0 && g_queue_is_empty(&child->channel.jobs));
	gboolean was_current = child->generation == pool->generation;
	GQueue jobs;
	g_autofree char *how = reader_child_remove(child, &jobs);
	ReaderJob *head = g_queue_pop_head(&jobs);
	if (head) {
		GError *error = NULL;
		status_fail(&error, STATUS_TEMPORARY, "the reader %s", why ? why : how);
		log_event(LOG_WARNING, "reader-failed", "reason", error->message, NULL);
		reader_fail_job(pool, head, error, finished);
	}
	for (ReaderJob *job; (job = g_queue_pop_tail(&jobs));)
		g_queue_push_head(&pool->waiting, job);
	if (!head && !was_starting)
		log_event(LOG_WARNING, "reader-failed", "reason", "it had nothing to do", "ended", how, NULL);
	if (was_starting && was_current) {
		GError *error = NULL;
		status_fail(&error, STATUS_TEMPORARY, "the reader %s", why ? why : how);
		reader_note_failed_start(pool, error);
	}
	if (!ev_is_active(&pool->backoff))
		reader_fill(pool);
	reader_fail_waiting(pool, finished);
}

/* --- handing out ------------------------------------------------------------------------------------------------ */

static ReaderChild *least_loaded(ReaderPool *pool)
{
	ReaderChild *best = NULL;
	for (guint i = 0; i < pool->children->len; i++) {
		ReaderChild *child = pool->children->pdata[i];
		if (child->channel.is_ready && !child->is_leaving && child->channel.jobs.length < MOST_UNDER_WAY &&
		    (!best || child->channel.jobs.length < best->channel.jobs.length))
			best = child;
	}
	return best;
}

void reader_hand_out(ReaderPool *pool)
{
	while (!g_queue_is_empty(&pool->waiting)) {
		ReaderChild *child = least_loaded(pool);
		if (!child)
			return;
		child_give(child, g_queue_pop_head(&pool->waiting));
	}
}

/* --- answers ---------------------------------------------------------------------------------------------------- */

static void become_ready(ReaderChild *child)
{
	ReaderPool *pool = child->pool;
	pool->failures = 0;
	ev_timer_stop(pool->loop, &child->deadline);
	for (guint i = 0; i < pool->children->len; i++) {
		ReaderChild *other = pool->children->pdata[i];
		if (other->is_worn && !other->is_leaving) {
			reader_child_leave(other);
			break;
		}
	}
}

/* A start that failed in the child's own words: they are the error, without ours around them. */
static void child_refused_to_start(ReaderChild *child, GError *error, GQueue *finished)
{
	ReaderPool *pool = child->pool;
	gboolean was_current = child->generation == pool->generation;
	GQueue none;
	g_free(reader_child_remove(child, &none));
	if (was_current)
		reader_note_failed_start(pool, error);
	else
		g_error_free(error);
	reader_fail_waiting(pool, finished);
}

void reader_child_read(ReaderChild *child, GQueue *finished)
{
	ReaderPool *pool = child->pool;
	gboolean was_ready = child->channel.is_ready;
	guint before = finished->length;
	g_autoptr(GError) error = NULL;
	gboolean ok = reader_channel_read(&child->channel, finished, &error);
	guint answers = finished->length - before;
	pool->pending -= answers;
	if (!ok && !was_ready && error && status_of(error) == STATUS_PERMANENT) {
		child_refused_to_start(child, g_steal_pointer(&error), finished);
		return;
	}
	if (!ok) {
		reader_child_fail(child, error ? error->message : NULL, finished);
		return;
	}
	if (answers)
		begin_head(child);
	if (child->channel.is_ready && !was_ready)
		become_ready(child);
	if (child->channel.served >= pool->config->reader_messages && !child->is_worn) {
		child->is_worn = TRUE;
		reader_fill(pool);
	}
	if (child->is_leaving)
		reader_child_leave(child);
}

void reader_on_io(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	ReaderChild *child = io->data;
	ReaderPool *pool = child->pool;
	GQueue finished = G_QUEUE_INIT;
	if (events & EV_WRITE) {
		reader_channel_write(&child->channel);
		reader_watch(child);
	}
	if (events & EV_READ)
		reader_child_read(child, &finished);
	reader_hand_out(pool);
	reader_deliver(&finished);
}

void reader_on_deadline(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	ReaderChild *child = timer->data;
	ReaderPool *pool = child->pool;
	GQueue finished = G_QUEUE_INIT;
	reader_child_fail(child, child->channel.is_ready ? "ran out of time" : "took too long to start", &finished);
	reader_hand_out(pool);
	reader_deliver(&finished);
}

/* --- messages --------------------------------------------------------------------------------------------------- */

void reader_pool_read(ReaderPool *pool, const ReadRequest *request, GBytes *message, ReadDone done, gpointer data)
{
	pool->pending++;
	g_queue_push_tail(&pool->waiting, reader_job_new(request, message, done, data));
	reader_hand_out(pool);
}

guint reader_pool_pending(const ReaderPool *pool)
{
	return pool->pending;
}
