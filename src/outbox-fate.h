/* layer 5 stories - outbox-fate: what becomes of a letter: after a transfer, after a crash, after an operator's release.
 *
 *   due ──────→ sending ──250──→ sent
 *    ↑  ↑         │ │ └──5xx, or no 2xx in five days──→ failed
 *    │  └───4xx───┘ └──no reply to the final dot, or a crash──→ ambiguous ──→ sending, once more; ambiguous again is failed
 *   released by an operator: held, failed
 *
 * Nothing here sends anything or needs libcurl.
 */
#pragma once
#include <glib.h>

#include "store.h"
#include "submit.h"

enum {
	OUTBOX_FIRST_DELAY = 60,            /* seconds; doubled with each attempt … */
	OUTBOX_LONGEST_DELAY = 4 * 3600,    /* … up to this */
	OUTBOX_GIVE_UP = 5 * 86400,         /* since it was queued (RFC 5321 4.5.4.1: at least 4 to 5 days) */
	OUTBOX_COPIES_MOST = 2
};

/* Before a transfer: `sending`. */
void outbox_claim(Letter *letter);
/* After it.  `jitter` from 0 to 1 spreads the delays.  Returns the type of the event that says so, NULL: none (nothing happened). */
const char *outbox_settle(Letter *letter, SubmitResult result, const char *reply, gint64 now, double jitter);
/* Found in `sending` at the start: its transfer was cut off by a crash. */
const char *outbox_recover(Letter *letter, gint64 now);
/* … for all such letters of the store: *count of them. */
gboolean outbox_recover_all(StoreTxn *txn, gint64 now, guint *count, GError **error);
/* Never to be sent as things are (nothing can be composed): a task. */
const char *outbox_give_up(Letter *letter, const char *reason, gint64 now);

/* Stores the letter, and the event unless `type` is NULL. */
gboolean outbox_put(StoreTxn *txn, Letter *letter, const char *type, gint64 now, GError **error);
/* One line, once that is on disk. */
void outbox_log(const Letter *letter, const char *event, const char *reply);

/* In a write transaction: an operator's release of a held or failed letter.  *error PERMANENT: it is neither. */
gboolean outbox_release(StoreTxn *txn, Letter *letter, const char *operator, gint64 now, GError **error);
