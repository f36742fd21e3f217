/* layer 4 edges - store-admin: looking after a store: copies, checks, space.  Shares lmdb.h with store.c alone. */
#pragma once
#include <glib.h>

#include "store.h"

/* A consistent, compacted copy (mdb_env_copy2, MDB_CP_COMPACT) into a directory that must not hold one; fsynced. */
gboolean store_backup(Store *store, const char *directory, GError **error);
/* Walks every value, index and payload digest.  `report` gets a sentence (owned) for each fault; FALSE if it could not go on. */
gboolean store_check(Store *store, GPtrArray *report, GError **error);
/* Copies compacted beside, checks, and swaps it in.  Nobody else may have the store open. */
gboolean store_compact(const char *directory, guint64 map_size, guint64 *before, guint64 *after, GError **error);
/* Brings an older format to STORE_FORMAT; TRUE at once where it is current. */
gboolean store_upgrade(const char *directory, guint64 map_size, GError **error);
/* Removes raw messages received before `before`, at most `most` in this transaction (short transactions: the milter must not starve). */
gboolean store_drop_raw(StoreTxn *txn, gint64 before, guint most, guint *dropped, GError **error);
/* Share of the map in use, 0 to 1; an alarm is due at 0.7. */
double store_fill(Store *store);
/* Frees slots of readers that died (mdb_reader_check): a killed reader makes the file grow. */
void store_tidy(Store *store);
