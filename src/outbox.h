/* layer 5 stories - outbox: acknowledgements that are due, to the relay, and what became of each.
 *
 *   due letters → `sending` committed → ack → submit → `sent` | `failed` | later | `ambiguous` committed
 *
 * What is found in `sending` at the start was interrupted by a crash: it becomes `ambiguous`, and is sent once more with the same
 * Message-ID.  Retries back off exponentially with jitter, from a minute to four hours, for five days; then the letter has failed and is a
 * task.  Only a few letters a connection are `sending` at a time, so that a crash casts doubt on few.
 */
#pragma once
#include <ev.h>
#include <glib.h>

#include "ack.h"
#include "committer.h"
#include "submit.h"

typedef struct Outbox Outbox;

/* All but `config` (referenced) are borrowed.  Only one outbox may work a store at a time: the program sees to that. */
Outbox *outbox_new(struct ev_loop *loop, Store *store, Committer *committer, Submit *submit, guint connections, const AckTexts *texts,
		   const Config *config);
/* For letters from now on; the former texts are not used any more. */
void outbox_configure(Outbox *outbox, const AckTexts *texts, const Config *config);
/* Looks for due letters now and then (another process queues them), until outbox_drain.  In observe mode none are taken. */
void outbox_start(Outbox *outbox);
/* Takes all letters that are due, each once, then calls `done`. */
void outbox_run_once(Outbox *outbox, void (*done)(gpointer), gpointer data);
/* Takes no more letters; `done` (in place of that of outbox_run_once) once those under way are settled. */
void outbox_drain(Outbox *outbox, void (*done)(gpointer), gpointer data);
/* Something could not be committed: it is logged, and the letters concerned will be ambiguous at the next start. */
gboolean outbox_has_failed(const Outbox *outbox);
/* After `done`. */
void outbox_free(Outbox *outbox);
