/* layer 5 stories - outbox: acknowledgements that are due, to the relay, and what became of each.
 *
 *   due letters → `sending` committed → ack → submit → `sent` | `failed` | later | `ambiguous` committed
 *
 * What is found in `sending` at the start was interrupted by a crash: it becomes `ambiguous`, and is sent once more with the same Message-ID.
 * Retries back off exponentially with jitter, from a minute to four hours, for five days; then the letter has failed and is a task.
 */
#pragma once
#include <ev.h>
#include <glib.h>

#include "ack.h"
#include "committer.h"
#include "submit.h"

typedef struct Outbox Outbox;

Outbox *outbox_new(struct ev_loop *loop, Store *store, Committer *committer, Submit *submit, const AckTexts *texts, const Config *config);
/* Looks for due letters now and then at their times (another process queues them: a look every few seconds). */
void outbox_start(Outbox *outbox);
/* Takes no more letters; `done` once those under way are settled. */
void outbox_drain(Outbox *outbox, void (*done)(gpointer), gpointer data);
void outbox_free(Outbox *outbox);

/* In a write transaction: an operator's release of a held or failed letter. */
gboolean outbox_release(StoreTxn *txn, Letter *letter, const char *operator, gint64 now, GError **error);
