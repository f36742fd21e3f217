#include "upkeep.h"

#include "log.h"
#include "store-admin.h"

enum {
	LOOK_SECONDS = 60,
	LOOKS_BETWEEN_ALARMS = 60,
	DROPS = 100              /* raw messages in one transaction: other writers must not wait long */
};

static const double ALARM_FILL = 0.7;

struct Upkeep {
	struct ev_loop *loop;
	Store *store;
	Committer *committer;
	guint keep_raw;          /* days; 0: always */
	ev_timer timer;
	guint looks_since_alarm;
	guint dropped;           /* by the last transaction */
	gint64 before;
	gboolean is_dropping, is_stopping;
};

/* --- raw messages ------------------------------------------------------------------------------------------------ */

static gboolean drop(StoreTxn *txn, gpointer data, GError **error)
{
	Upkeep *upkeep = data;
	return store_drop_raw(txn, upkeep->before, DROPS, &upkeep->dropped, error);
}

static void dropped(gpointer data, const GError *error)
{
	Upkeep *upkeep = data;
	if (error)
		log_event(LOG_ERROR, "raw-not-dropped", "why", error->message, NULL);
	if (error || upkeep->is_stopping || upkeep->dropped < DROPS)
		upkeep->is_dropping = FALSE;
	else
		committer_submit(upkeep->committer, drop, dropped, upkeep);
}

static void drop_raw(Upkeep *upkeep)
{
	if (!upkeep->keep_raw || upkeep->is_dropping)
		return;
	upkeep->is_dropping = TRUE;
	upkeep->before = (gint64)ev_now(upkeep->loop) - (gint64)upkeep->keep_raw * 86400;
	committer_submit(upkeep->committer, drop, dropped, upkeep);
}

/* --- space ------------------------------------------------------------------------------------------------------- */

static void watch_fill(Upkeep *upkeep)
{
	double fill = store_fill(upkeep->store);
	if (fill <= ALARM_FILL) {
		upkeep->looks_since_alarm = LOOKS_BETWEEN_ALARMS;
		return;
	}
	if (upkeep->looks_since_alarm++ < LOOKS_BETWEEN_ALARMS)
		return;
	upkeep->looks_since_alarm = 1;
	g_autofree char *percent = g_strdup_printf("%.0f%%", fill * 100);
	log_event(LOG_WARNING, "store-filling", "used", percent, "advice", "raise map-size, or lower keep-raw; see optout.conf(5)", NULL);
}

static void on_look(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop, (void)events;
	Upkeep *upkeep = timer->data;
	if (store_is_broken(upkeep->store))
		return;
	store_tidy(upkeep->store);
	watch_fill(upkeep);
	drop_raw(upkeep);
}

void upkeep_configure(Upkeep *upkeep, const Config *config)
{
	upkeep->keep_raw = config->keep_raw;
}

Upkeep *upkeep_new(struct ev_loop *loop, Store *store, Committer *committer, const Config *config)
{
	Upkeep *upkeep = g_new0(Upkeep, 1);
	upkeep->loop = loop;
	upkeep->store = store;
	upkeep->committer = committer;
	upkeep->looks_since_alarm = LOOKS_BETWEEN_ALARMS;
	upkeep_configure(upkeep, config);
	ev_timer_init(&upkeep->timer, on_look, 0., LOOK_SECONDS);
	upkeep->timer.data = upkeep;
	ev_timer_start(loop, &upkeep->timer);
	return upkeep;
}

void upkeep_stop(Upkeep *upkeep)
{
	upkeep->is_stopping = TRUE;
	ev_timer_stop(upkeep->loop, &upkeep->timer);
}

void upkeep_free(Upkeep *upkeep)
{
	if (upkeep)
		ev_timer_stop(upkeep->loop, &upkeep->timer);
	g_free(upkeep);
}
