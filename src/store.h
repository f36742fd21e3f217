/* layer 4 edges - store: the record on disk, one LMDB environment; the only includer of lmdb.h.
 *
 * All work happens in a callback between begin and commit: a callback that returns FALSE (with *error) aborts, nothing of it
 * stays.  A callback must not wait for the network, a person or another lock.  Errors are TEMPORARY unless said otherwise; those that mean "the disk
 * is full" (MDB_MAP_FULL, ENOSPC) are told apart by store_is_full.  After EIO the environment can't be trusted: the store logs it, refuses every further
 * transaction, and the program must exit and be started again (store_is_broken).
 *
 * One uid owns and opens a store.  store_open refuses another one, and its error names the command that would work.
 * Open once per process, never across a fork.  Write transactions of one process come from one thread.
 */
#pragma once
#include <glib.h>

#include "answerable.h"
#include "case.h"
#include "record.h"

typedef struct Store Store;
typedef struct StoreTxn StoreTxn;
typedef enum { STORE_READ, STORE_WRITE } StoreMode;
typedef gboolean (*StoreWork)(StoreTxn *txn, gpointer data, GError **error);

enum { STORE_FORMAT = 1 };

/* STORE_WRITE creates directory (0700) and environment where missing, and fsyncs the directory and its parent.
 * PERMANENT: wrong user, newer format (`optout store upgrade` for an older one), no such directory for STORE_READ. */
Store *store_open(const char *directory, guint64 map_size, StoreMode mode, GError **error);
void store_close(Store *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_close)
gboolean store_write(Store *store, StoreWork work, gpointer data, GError **error);
gboolean store_read(Store *store, StoreWork work, gpointer data, GError **error);
gboolean store_is_full(const GError *error);
gboolean store_is_broken(const Store *store);
/* This node's name, as events carry it (made at creation: a UUID). */
const char *store_node(const Store *store);

/* --- in a transaction; `put` functions in write transactions only --- */

/* Assigns record->number.  `raw` may be NULL. */
gboolean store_put_record(StoreTxn *txn, Record *record, GBytes *raw, GError **error);
Record *store_get_record(StoreTxn *txn, guint64 number, GError **error);           /* NULL without *error: none */
GBytes *store_get_raw(StoreTxn *txn, guint64 number, GError **error);              /* a copy; NULL without *error: none (any more) */

/* A case with number 0 is new: gets its number, a UUID and a reference no other case has.  Keeps the indexes by
 * due date, subject address and reference. */
gboolean store_put_case(StoreTxn *txn, Case *c, GError **error);
/* Names a new case before it is put, for what has to point to it; store_put_case must follow before another new one. */
gboolean store_name_case(StoreTxn *txn, Case *c, GError **error);
Case *store_get_case(StoreTxn *txn, guint64 number, GError **error);
guint64 store_find_reference(StoreTxn *txn, const char *reference);                 /* 0: none; a UUID is taken too */
/* The case that a person names by reference or UUID, as typed; owned.  *error is PERMANENT and says what a reference looks like. */
Case *store_find_case(StoreTxn *txn, const char *typed, GError **error);

typedef gboolean (*StoreCaseVisit)(const Case *c, gpointer data);                  /* FALSE stops, which is no error */
/* Unfinished cases, soonest due first. */
gboolean store_each_due(StoreTxn *txn, StoreCaseVisit visit, gpointer data, GError **error);
/* All cases in time order. */
gboolean store_each_case(StoreTxn *txn, StoreCaseVisit visit, gpointer data, GError **error);
/* Cases of a data subject (address_match), in time order. */
gboolean store_each_case_of(StoreTxn *txn, const char *address, StoreCaseVisit visit, gpointer data, GError **error);

/* Assigns number, node, salt and digest; event->payload is stored apart with the salt. */
gboolean store_put_event(StoreTxn *txn, Event *event, GError **error);
typedef gboolean (*StoreEventVisit)(const Event *event, gpointer data);
/* Events with number > `after`, in order; `case_number` 0: of all cases. */
gboolean store_each_event(StoreTxn *txn, guint64 after, guint64 case_number, StoreEventVisit visit, gpointer data, GError **error);

/* Sets or replaces; keeps the earlier `since` where one was set already (*was_new FALSE then; may be NULL). */
gboolean store_put_suppression(StoreTxn *txn, const Suppression *suppression, gboolean *was_new, GError **error);
/* What bars mail of `scope` to `address` (any form; controller NULL: any); `marketing` bars every list.  NULL: nothing, or *error. */
Suppression *store_find_suppression(StoreTxn *txn, const char *address, const char *controller, const char *scope, GError **error);

/* Takes one away (an operator decided so); FALSE without *error: there was none. */
gboolean store_remove_suppression(StoreTxn *txn, const char *address, const char *controller, const char *scope, GError **error);

/* Dedup.  `key` is 32 bytes.  Whether a message with this key came before, the case it made (0: none), and its evidence level. */
gboolean store_find_duplicate(StoreTxn *txn, const guint8 key[32], guint64 *case_number, EvidenceLevel *level);
gboolean store_put_duplicate(StoreTxn *txn, const guint8 key[32], guint64 case_number, EvidenceLevel level, gint64 time, GError **error);

/* Remembers that reading this content failed; *before: it did before. */
gboolean store_note_fault(StoreTxn *txn, const guint8 digest[32], gint64 time, gboolean *before, GError **error);

/* What was answered: `matter` names controller and requests.  Days are UTC days. */
gboolean store_get_history(StoreTxn *txn, const char *address, const char *matter, gint64 now, guint window, AnswerHistory *history, GError **error);
gboolean store_put_answered(StoreTxn *txn, const char *address, const char *matter, gint64 now, GError **error);
gboolean store_forget_matter(StoreTxn *txn, const char *address, const char *matter, GError **error);
/* One more unauthenticated opt-out from this source; *count is how many this hour, with it. */
gboolean store_count_source(StoreTxn *txn, const char *source, gint64 now, guint *count, GError **error);
/* Only that the matter was met, for what is held: it has not gone out, and uses up no cap. */
gboolean store_put_matter(StoreTxn *txn, const char *address, const char *matter, gint64 now, GError **error);

/* Outbox.  A letter with number 0 is new.  Letters in DELIVERY_DUE, _SENDING and _AMBIGUOUS are indexed by `next`. */
gboolean store_put_letter(StoreTxn *txn, Letter *letter, GError **error);
Letter *store_get_letter(StoreTxn *txn, guint64 number, GError **error);
typedef gboolean (*StoreLetterVisit)(const Letter *letter, gpointer data);
/* Letters to be sent whose `next` is at or before `until`, in that order. */
gboolean store_each_letter_due(StoreTxn *txn, gint64 until, StoreLetterVisit visit, gpointer data, GError **error);
/* The numbers (guint64) of the first `most` of them, without reading the letters; owned. */
GArray *store_due_letters(StoreTxn *txn, gint64 until, guint most, GError **error);
/* All letters in time order; `case_number` 0: of all cases. */
gboolean store_each_letter(StoreTxn *txn, guint64 case_number, StoreLetterVisit visit, gpointer data, GError **error);
