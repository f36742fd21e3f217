/* layer 5 stories - effects: what a case brings about once it is accepted, by the program or by an operator: suppressions, the
 * acknowledgement, and the events that say so.  All inside a write transaction.
 */
#pragma once
#include <glib.h>

#include "config.h"
#include "envelope.h"
#include "store.h"
#include "verdict.h"

/* Appends an event; takes `payload`. */
gboolean effects_note(StoreTxn *txn, const char *type, guint64 case_number, gint64 time, json_t *payload, GError **error);

/* Suppresses an address in a scope, with an event if it wasn't before.  What is no safe address is passed over. */
gboolean effects_suppress(StoreTxn *txn, const char *address, const char *controller, const char *scope, const char *reason, guint64 case_number,
			  gint64 now, GError **error);
/* Sets the suppressions that the case's requests bring. */
gboolean effects_suppress_case(StoreTxn *txn, const Case *c, gint64 now, GError **error);

/* Suppresses marketing to whom a spam complaint is about (RFC 5965).  `case_number` 0: of no case. */
gboolean effects_suppress_reported(StoreTxn *txn, const Verdict *verdict, const char *controller, guint64 case_number, gint64 now, GError **error);

/* Decides whether the case is answered (history is read here) and queues the acknowledgement, due or held; sets c->answer and
 * c->answer_reason, which the caller stores.  A case in review or observed gets none. */
gboolean effects_answer(StoreTxn *txn, const Config *config, const Envelope *envelope, const Verdict *verdict, const ConfigAddress *address, Case *c,
			gint64 now, GError **error);
/* The acknowledgement of the case `c` to `to` was withdrawn before it was tried: the matter is as if never answered. */
gboolean effects_forget_answer(StoreTxn *txn, const Case *c, const char *to, GError **error);
