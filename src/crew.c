#include "crew.h"

#include <signal.h>

typedef struct {
	gpointer job;
	gboolean was_begun;
} Item;

typedef struct {
	Crew *crew;
	GThread *thread;
	gboolean gone;            /* it takes no more work, and ends at once */
} Worker;

struct Crew {
	struct ev_loop *loop;
	ev_async wake;
	CrewRoles roles;
	gpointer data;
	guint most, idle_seconds;
	guint pending;            /* loop's thread only */
	GMutex mutex;             /* of all below */
	GCond work;
	GQueue waiting, finished; /* Item* */
	GPtrArray *workers;       /* Worker* */
	guint idle;
	gboolean ending;
};

/* --- in a thread ----------------------------------------------------------------------------------------------- */

/* The next job; NULL: there was none for so long that the state may go, or the crew is to end. */
static Item *next_item(Crew *crew)
{
	gboolean waits = TRUE;
	gint64 until = g_get_monotonic_time() + crew->idle_seconds * G_TIME_SPAN_SECOND;
	g_mutex_lock(&crew->mutex);
	crew->idle++;
	while (waits && g_queue_is_empty(&crew->waiting) && !crew->ending)
		waits = g_cond_wait_until(&crew->work, &crew->mutex, until);
	crew->idle--;
	Item *item = g_queue_pop_head(&crew->waiting);
	g_mutex_unlock(&crew->mutex);
	return item;
}

static void finish(Crew *crew, Item *item)
{
	g_mutex_lock(&crew->mutex);
	g_queue_push_tail(&crew->finished, item);
	g_mutex_unlock(&crew->mutex);
	ev_async_send(crew->loop, &crew->wake);
}

static gboolean leave(Worker *worker)
{
	g_mutex_lock(&worker->crew->mutex);
	worker->gone = g_queue_is_empty(&worker->crew->waiting);
	gboolean leaves = worker->gone;
	g_mutex_unlock(&worker->crew->mutex);
	return leaves;
}

static gpointer run(gpointer data)
{
	Worker *worker = data;
	Crew *crew = worker->crew;
	gpointer state = NULL;
	/* Giving up the state may take time; what was added meanwhile, seeing that there are enough workers, must not be left lying. */
	do {
		for (Item *item; (item = next_item(crew));) {
			crew->roles.work(item->job, &state, crew->data);
			item->was_begun = TRUE;
			finish(crew, item);
		}
		if (state)
			crew->roles.rest(&state, crew->data);
	} while (!leave(worker));
	return NULL;
}

/* --- in the loop's thread -------------------------------------------------------------------------------------- */

static void worker_free(gpointer data)
{
	Worker *worker = data;
	g_thread_join(worker->thread);
	g_free(worker);
}

/* With the mutex held.  Signals are the loop's: workers block them all. */
static void add_worker(Crew *crew)
{
	for (guint i = crew->workers->len; i-- > 0;) {
		const Worker *worker = g_ptr_array_index(crew->workers, i);
		if (worker->gone)
			g_ptr_array_remove_index_fast(crew->workers, i);
	}
	if (crew->workers->len >= crew->most)
		return;
	Worker *worker = g_new0(Worker, 1);
	worker->crew = crew;
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	worker->thread = g_thread_new("crew", run, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	g_ptr_array_add(crew->workers, worker);
}

static void deliver(Crew *crew)
{
	for (;;) {
		g_mutex_lock(&crew->mutex);
		Item *item = g_queue_pop_head(&crew->finished);
		g_mutex_unlock(&crew->mutex);
		if (!item)
			return;
		if (--crew->pending == 0)
			ev_unref(crew->loop);
		crew->roles.done(item->job, item->was_begun, crew->data);
		g_free(item);
	}
}

static void on_wake(struct ev_loop *loop, ev_async *wake, int events)
{
	(void)loop, (void)events;
	deliver(wake->data);
}

Crew *crew_new(struct ev_loop *loop, guint most, guint idle_seconds, const CrewRoles *roles, gpointer data)
{
	Crew *crew = g_new0(Crew, 1);
	crew->loop = loop;
	crew->roles = *roles;
	crew->data = data;
	crew->most = MAX(most, 1);
	crew->idle_seconds = idle_seconds;
	g_mutex_init(&crew->mutex);
	g_cond_init(&crew->work);
	g_queue_init(&crew->waiting);
	g_queue_init(&crew->finished);
	crew->workers = g_ptr_array_new_with_free_func(worker_free);
	ev_async_init(&crew->wake, on_wake);
	crew->wake.data = crew;
	ev_async_start(loop, &crew->wake);
	ev_unref(loop);   /* alone it is no reason for the loop to go on; pending jobs are */
	return crew;
}

void crew_add(Crew *crew, gpointer job)
{
	Item *item = g_new0(Item, 1);
	item->job = job;
	if (crew->pending++ == 0)
		ev_ref(crew->loop);
	g_mutex_lock(&crew->mutex);
	g_queue_push_tail(&crew->waiting, item);
	if (crew->idle < g_queue_get_length(&crew->waiting))
		add_worker(crew);
	g_cond_signal(&crew->work);
	g_mutex_unlock(&crew->mutex);
}

guint crew_pending(const Crew *crew)
{
	return crew->pending;
}

void crew_stop(Crew *crew)
{
	g_mutex_lock(&crew->mutex);
	for (Item *item; (item = g_queue_pop_head(&crew->waiting));)
		g_queue_push_tail(&crew->finished, item);
	g_mutex_unlock(&crew->mutex);
	ev_async_send(crew->loop, &crew->wake);
}

void crew_free(Crew *crew)
{
	if (!crew)
		return;
	crew_stop(crew);
	g_mutex_lock(&crew->mutex);
	crew->ending = TRUE;
	g_cond_broadcast(&crew->work);
	g_mutex_unlock(&crew->mutex);
	g_ptr_array_unref(crew->workers);
	deliver(crew);
	ev_ref(crew->loop);
	ev_async_stop(crew->loop, &crew->wake);
	g_cond_clear(&crew->work);
	g_mutex_clear(&crew->mutex);
	g_free(crew);
}
