/* layer 4 edges - committer: the one thread that owns every write transaction of a process; group commit.
 *
 * Jobs that are waiting when a commit ends share the next one, and are told of it together, in the event loop's thread.
 * The loop never waits for a lock or a sync.
 */
#pragma once
#include <ev.h>
#include <glib.h>

#include "store.h"

typedef struct Committer Committer;
/* Runs in the loop's thread after the commit is on disk (error NULL), or failed (nothing of the job is stored). */
typedef void (*CommitDone)(gpointer data, const GError *error);

/* `store` and `loop` are borrowed and outlive it.  It keeps the loop going only while jobs are pending. */
Committer *committer_new(Store *store, struct ev_loop *loop);
/* `work` runs in the committer's thread inside a transaction shared with others: it must either do all its puts or fail.
 * If the shared transaction fails, the job at fault is put apart and tried once more in one of its own, the others together again, so that
 * one can't spoil the others; so `work` can run more than once, and must not keep results of an earlier run.  `data` belongs to the job
 * until `done`. */
void committer_submit(Committer *committer, StoreWork work, CommitDone done, gpointer data);
/* Jobs submitted and not done yet. */
guint committer_pending(const Committer *committer);
/* Commits what is queued, delivers every `done` (which must not submit any more), joins the thread. */
void committer_free(Committer *committer);
