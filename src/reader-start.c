/* layer 4 edges - reader-start: starting, renewing and ending the children of a pool. */
#include "reader-private.h"

#include <errno.h>
#include <poll.h>

#include "places.h"
#include "status.h"

static gboolean start_child(ReaderPool *pool, GError **error)
{
	ReaderProcess process;
	if (!reader_process_start(pool->program, pool->config, &process, error))
		return FALSE;
	ReaderChild *child = g_new0(ReaderChild, 1);
	child->pool = pool;
	child->generation = pool->generation;
	reader_channel_init(&child->channel, &process);
	ev_io_init(&child->io, reader_on_io, process.fd, EV_READ);
	ev_timer_init(&child->deadline, reader_on_deadline, READER_START_SECONDS, 0.);
	child->io.data = child->deadline.data = child;
	g_ptr_array_add(pool->children, child);
	ev_now_update(pool->loop);
	reader_watch(child);
	reader_set_deadline(child, READER_START_SECONDS);
	return TRUE;
}

/* Starts as many children as are missing; those that are worn are to be replaced. */
void reader_fill(ReaderPool *pool)
{
	guint current = 0;
	for (guint i = 0; i < pool->children->len; i++) {
		const ReaderChild *child = pool->children->pdata[i];
		current += child->generation == pool->generation && !child->is_leaving && !child->is_worn;
	}
	for (; current < pool->wanted; current++) {
		GError *error = NULL;
		if (!start_child(pool, &error)) {
			reader_note_failed_start(pool, error);
			return;
		}
	}
}

static void on_backoff(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	ReaderPool *pool = timer->data;
	GQueue finished = G_QUEUE_INIT;
	reader_fill(pool);
	reader_fail_waiting(pool, &finished);
	reader_deliver(&finished);
}

ReaderPool *reader_pool_start(struct ev_loop *loop, const Config *config, guint readers, GError **error)
{
	ReaderPool *pool = g_new0(ReaderPool, 1);
	pool->loop = loop;
	pool->config = config_ref(config);
	pool->program = places_reader();
	pool->wanted = MAX(readers, 1);
	pool->children = g_ptr_array_new();
	g_queue_init(&pool->waiting);
	ev_timer_init(&pool->backoff, on_backoff, 0., 0.);
	pool->backoff.data = pool;
	reader_fill(pool);
	if (pool->children->len > 0)
		return pool;
	g_propagate_error(error, g_steal_pointer(&pool->start_error));
	reader_pool_free(pool);
	return NULL;
}

/* Children of the newest generation: whether one is ready; *starting: those that may yet be. */
static gboolean any_ready(const ReaderPool *pool, GArray *starting)
{
	g_array_set_size(starting, 0);
	for (guint i = 0; i < pool->children->len; i++) {
		const ReaderChild *child = pool->children->pdata[i];
		if (child->generation != pool->generation)
			continue;
		if (child->channel.is_ready)
			return TRUE;
		struct pollfd wait = { .fd = child->channel.process.fd, .events = POLLIN };
		g_array_append_val(starting, wait);
	}
	return FALSE;
}

static ReaderChild *child_of(const ReaderPool *pool, int fd)
{
	for (guint i = 0; i < pool->children->len; i++) {
		ReaderChild *child = pool->children->pdata[i];
		if (child->channel.process.fd == fd)
			return child;
	}
	return NULL;
}

gboolean reader_pool_wait(ReaderPool *pool, GError **error)
{
	g_autoptr(GArray) starting = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
	GQueue finished = G_QUEUE_INIT;
	gint64 deadline = g_get_monotonic_time() + (gint64)(READER_START_SECONDS * G_USEC_PER_SEC);
	gboolean ready;
	while (!(ready = any_ready(pool, starting)) && starting->len > 0) {
		gint64 left = (deadline - g_get_monotonic_time()) / 1000;
		struct pollfd *waits = &g_array_index(starting, struct pollfd, 0);
		int n = left > 0 ? poll(waits, starting->len, (int)left) : 0;
		if (n < 0 && errno == EINTR)
			continue;
		for (guint i = 0; i < starting->len; i++) {
			ReaderChild *child = child_of(pool, waits[i].fd);
			if (n <= 0)
				reader_child_fail(child, "took too long to start", &finished);
			else if (waits[i].revents)
				reader_child_read(child, &finished);
		}
		/* A failed start is answered here, not tried again behind the caller's back. */
		if (ev_is_active(&pool->backoff))
			break;
	}
	ready = ready || any_ready(pool, starting);
	if (!ready)
		g_propagate_error(error, pool->start_error ? g_error_copy(pool->start_error)
							   : g_error_new_literal(STATUS_ERROR, STATUS_TEMPORARY, "no reader is ready"));
	reader_hand_out(pool);
	reader_deliver(&finished);
	return ready;
}

ReaderPool *reader_pool_new(struct ev_loop *loop, const Config *config, guint readers, GError **error)
{
	ReaderPool *pool = reader_pool_start(loop, config, readers, error);
	if (pool && !reader_pool_wait(pool, error)) {
		reader_pool_free(pool);
		return NULL;
	}
	return pool;
}

/* Ends the children of a generation: all of them when they failed to start, else as they become idle. */
static void dismiss(ReaderPool *pool, guint generation)
{
	for (guint i = pool->children->len; i-- > 0;) {
		ReaderChild *child = pool->children->pdata[i];
		if (child->generation != generation)
			continue;
		reader_child_leave(child);
	}
}

gboolean reader_pool_renew(ReaderPool *pool, const Config *config, GError **error)
{
	g_autoptr(Config) before = pool->config;
	guint old = pool->generation;
	pool->config = config_ref(config);
	pool->generation = old + 1;
	ev_timer_stop(pool->loop, &pool->backoff);
	g_clear_error(&pool->start_error);
	reader_fill(pool);
	if (reader_pool_wait(pool, error)) {
		dismiss(pool, old);
		return TRUE;
	}
	dismiss(pool, pool->generation);
	config_unref(pool->config);
	pool->config = g_steal_pointer(&before);
	pool->generation = old;
	pool->failures = 0;
	ev_timer_stop(pool->loop, &pool->backoff);
	reader_fill(pool);
	return FALSE;
}

void reader_pool_free(ReaderPool *pool)
{
	if (!pool)
		return;
	GQueue finished = G_QUEUE_INIT;
	pool->wanted = 0;
	while (pool->children->len > 0) {
		GQueue jobs;
		g_free(reader_child_remove(pool->children->pdata[0], &jobs));
		for (ReaderJob *job; (job = g_queue_pop_tail(&jobs));)
			g_queue_push_head(&pool->waiting, job);
	}
	for (ReaderJob *job; (job = g_queue_pop_head(&pool->waiting));)
		reader_fail_job(pool, job, reader_unavailable("the readers are being ended"), &finished);
	ev_timer_stop(pool->loop, &pool->backoff);
	g_clear_error(&pool->start_error);
	config_unref(pool->config);
	g_ptr_array_unref(pool->children);
	g_free(pool->program);
	g_free(pool);
	reader_deliver(&finished);
}
