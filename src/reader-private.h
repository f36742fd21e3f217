/* layer 4 edges - reader-private: the pool's inside, shared by reader.c (messages and faults) and reader-start.c (starting, renewing, ending).
 */
#pragma once
#include "reader-channel.h"

static const double READER_START_SECONDS = 60;

typedef struct {
	ReaderPool *pool;
	ReaderChannel channel;
	ev_io io;
	ev_timer deadline;           /* of the start, then of the message at the head of those under way */
	gboolean is_worn;            /* has read its number of messages: goes when another is ready */
	gboolean is_leaving;         /* gets no more messages, ends when idle */
	guint generation;
} ReaderChild;

struct ReaderPool {
	struct ev_loop *loop;
	Config *config;
	char *program;
	guint wanted;
	guint generation;            /* children of an older one are leaving */
	GPtrArray *children;         /* ReaderChild* */
	GQueue waiting;              /* ReaderJob* */
	guint pending;
	guint failures;              /* starts that failed since the last that didn't */
	ev_timer backoff;
	GError *start_error;         /* why the last start failed */
};

/* Starts as many children as are missing; those that are worn are to be replaced. */
void reader_fill(ReaderPool *pool);
/* Gives waiting messages to children that have room. */
void reader_hand_out(ReaderPool *pool);
/* Reads what is there.  The child may be gone afterwards. */
void reader_child_read(ReaderChild *child, GQueue *finished);
/* A child died, ran out of time or answered nonsense (`why`; NULL: it is gone).  The first message under way is the one it happened at; the
 * others were not begun and go to another child. */
void reader_child_fail(ReaderChild *child, const char *why, GQueue *finished);
/* Ends a child and takes it out of the pool; returns how it ended.  Its jobs are the caller's. */
char *reader_child_remove(ReaderChild *child, GQueue *jobs);
/* No more messages; ends at once or when those under way are answered. */
void reader_child_leave(ReaderChild *child);
/* A start failed: tells it, keeps it as start_error, and lets the next attempt wait longer.  Takes `error`. */
void reader_note_failed_start(ReaderPool *pool, GError *error);
/* Without a single child, and none about to start, nobody should wait: the server keeps the mail and asks again. */
void reader_fail_waiting(ReaderPool *pool, GQueue *finished);
/* The error of a message that no reader began: reader_is_unavailable. */
GError *reader_unavailable(const char *why);
/* Takes `error`. */
void reader_fail_job(ReaderPool *pool, ReaderJob *job, GError *error, GQueue *finished);
/* Last in every chain of calls: a callback may ask for more, or end the pool. */
void reader_deliver(GQueue *finished);
void reader_on_io(struct ev_loop *loop, ev_io *io, int events);
void reader_on_deadline(struct ev_loop *loop, ev_timer *timer, int events);
/* Watches for input, and for room where there is output. */
void reader_watch(ReaderChild *child);
void reader_set_deadline(ReaderChild *child, double seconds);
