/* layer 4 edges - store-private: what the files of the store share.  Only store*.c include it, and with it lmdb.h.
 *
 * Numbers in keys are big-endian, so that their order is the order of the bytes.  `N` is a u64; texts end in a NUL.
 *
 *   meta           "format", "node"                  text
 *   record         N                                 Record, JSON
 *   raw            N of the record                   the message as received
 *   case           N                                 Case, JSON
 *   due            u32 day, N of the case            -         unfinished cases only; day 0: none known
 *   reference      10 bytes with the NUL             N of the case
 *   subject        address_match NUL, N of the case  -
 *   event          N                                 Event, JSON
 *   event-case     N of the case, N of the event     -
 *   payload, salt  N of the event                    JSON; 32 random bytes.  Either can be erased.
 *   suppression    match NUL controller NUL scope    Suppression, JSON
 *   outbox         N                                 Letter, JSON
 *   outbox-due     u64 time, N of the letter         -         letters to be sent only
 *   outbox-case    N of the case, N of the letter    -
 *   duplicate      32 bytes                          u64 case, u8 level, u64 time
 *   fault          32 bytes                          u64 time
 *   answered       see store-outbox.c                u32 count or u64 time
 */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <lmdb.h>

#include "store.h"

typedef enum {
	DB_META, DB_RECORD, DB_RAW, DB_CASE, DB_DUE, DB_REFERENCE, DB_SUBJECT, DB_EVENT, DB_EVENT_CASE, DB_PAYLOAD, DB_SALT,
	DB_SUPPRESSION, DB_OUTBOX, DB_OUTBOX_DUE, DB_OUTBOX_CASE, DB_DUPLICATE, DB_FAULT, DB_ANSWERED, DB_COUNT
} StoreDb;

struct Store {
	MDB_env *env;
	MDB_dbi dbi[DB_COUNT];
	StoreMode mode;
	char *directory, *node;
	gint broken;      /* atomic */
	GRWLock resize;   /* read: a transaction is active; write: the map changes, which LMDB allows only when none is */
};

const char *store_db_name(StoreDb db);

/* --- keys: built up piece by piece; one that grew too long fails when it is used --- */

enum { STORE_KEY_MOST = 511 };   /* LMDB's limit */
typedef struct { gsize length; guint8 bytes[STORE_KEY_MOST + 1]; } StoreKey;

StoreKey store_key(void);
void store_key_bytes(StoreKey *key, const void *bytes, gsize length);
void store_key_text(StoreKey *key, const char *text);   /* with its NUL */
void store_key_u32(StoreKey *key, guint32 value);
void store_key_u64(StoreKey *key, guint64 value);
StoreKey store_key_number(guint64 number);
/* The number that a key or value ends in; 0 where it is too short. */
guint64 store_last_number(const void *bytes, gsize length);

/* What the indexes hold of a case. */
typedef struct {
	guint64 number;   /* 0: nothing */
	char uuid[UUID_SIZE];
	gboolean is_new;  /* named, not yet put */
	gboolean is_due, has_subject;
	StoreKey due, subject;
} StoreCaseKeys;

struct StoreTxn {
	Store *store;
	MDB_txn *txn;
	gboolean failed;          /* a call of LMDB failed: this transaction can't be committed, whatever `work` says */
	StoreCaseKeys last_case;  /* named or put in this transaction: to put it again it need not be read */
};

/* --- opening: store-directory.c, store.c --- */

/* Ours, private, local; with `create`, made where missing. */
gboolean store_directory_ready(const char *directory, gboolean create, GError **error);
/* fsync of the directory and its parent: LMDB never does it, and without it a whole new store can vanish with the power. */
gboolean store_directory_sync(const char *directory, GError **error);
/* An environment as all programs must open it; `flags` as MDB_RDONLY, MDB_NOLOCK.  Returns LMDB's code. */
int store_env_open(const char *directory, guint64 map_size, guint flags, MDB_env **env);
/* store_open that takes any format: for store_upgrade.  *format: 0, where there is none yet. */
Store *store_open_any(const char *directory, guint64 map_size, StoreMode mode, int *format, GError **error);

/* --- failing --- */

/* Turns an LMDB code into *error, FALSE.  What means that the environment can't be trusted makes the store broken. */
gboolean store_fail(Store *store, int code, const char *what, GError **error);

/* --- values --- */

/* FALSE is a failure; a missing value is a NULL value->mv_data.  The value lives until the next put or the end of the transaction. */
gboolean store_db_get(StoreTxn *txn, StoreDb db, const StoreKey *key, MDB_val *value, GError **error);
/* `flags`: 0 or MDB_APPEND. */
gboolean store_db_put(StoreTxn *txn, StoreDb db, const StoreKey *key, const void *data, gsize size, guint flags, GError **error);
/* A missing key is no failure. */
gboolean store_db_delete(StoreTxn *txn, StoreDb db, const StoreKey *key, GError **error);
/* Takes `json`. */
gboolean store_db_put_json(StoreTxn *txn, StoreDb db, const StoreKey *key, json_t *json, guint flags, GError **error);
/* Owned.  NULL without *error: none. */
json_t *store_db_get_json(StoreTxn *txn, StoreDb db, const StoreKey *key, GError **error);
json_t *store_parse(StoreDb db, const StoreKey *key, const MDB_val *value, GError **error);
/* One more than the last key of a database of numbers. */
gboolean store_db_next_number(StoreTxn *txn, StoreDb db, guint64 *number, GError **error);

/* Entries from `from` (NULL: the first) on, while `visit` returns TRUE; it must not write. */
typedef gboolean (*StoreDbVisit)(const MDB_val *key, const MDB_val *value, gpointer data);
gboolean store_db_each(StoreTxn *txn, StoreDb db, const StoreKey *from, StoreDbVisit visit, gpointer data, GError **error);
/* The numbers that the keys of an index end in: of all keys from `from` on that begin with the same `prefix` bytes (0: all) and are not
 * above `last` (NULL: no limit).  They are collected first, so that who visits them may write.  Owned array of guint64. */
GArray *store_db_numbers(StoreTxn *txn, StoreDb db, const StoreKey *from, gsize prefix, const StoreKey *last, GError **error);
/* The first `most` of a whole index, not above `last`. */
GArray *store_db_first_numbers(StoreTxn *txn, StoreDb db, const StoreKey *last, guint most, GError **error);
/* At most `most` numbers above `after` of a database that has numbers for keys. */
GArray *store_db_numbers_after(StoreTxn *txn, StoreDb db, guint64 after, guint most, GError **error);

/* --- index keys, shared by those who keep and who check them --- */
StoreKey store_due_key(const Case *c);
gboolean store_subject_key(const Case *c, StoreKey *key);   /* FALSE: not indexed */
StoreKey store_suppression_key(const char *match, const char *controller, const char *scope);
StoreKey store_letter_due_key(const Letter *letter);
gboolean store_letter_is_due(const Letter *letter);
/* Hex BLAKE2b-256 of salt || payload; owned. */
char *store_event_digest(const MDB_val *salt, const MDB_val *payload);
enum { STORE_SALT_SIZE = 32, STORE_DUPLICATE_SIZE = 17 };
