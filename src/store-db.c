/* layer 4 edges - store-db: keys and values of LMDB as the other files of the store use them; declared in store-private.h. */
#include <string.h>

#include "status.h"
#include "store-private.h"

/* --- keys ------------------------------------------------------------------------------------------------------ */

StoreKey store_key(void)
{
	StoreKey key;
	key.length = 0;
	return key;
}

void store_key_bytes(StoreKey *key, const void *bytes, gsize length)
{
	if (key->length + length > STORE_KEY_MOST) {
		key->length = STORE_KEY_MOST + 1;   /* stays too long, and is refused where it is used */
		return;
	}
	memcpy(key->bytes + key->length, bytes, length);
	key->length += length;
}

void store_key_text(StoreKey *key, const char *text)
{
	store_key_bytes(key, text, strlen(text) + 1);
}

void store_key_u32(StoreKey *key, guint32 value)
{
	value = GUINT32_TO_BE(value);
	store_key_bytes(key, &value, sizeof value);
}

void store_key_u64(StoreKey *key, guint64 value)
{
	value = GUINT64_TO_BE(value);
	store_key_bytes(key, &value, sizeof value);
}

StoreKey store_key_number(guint64 number)
{
	StoreKey key = store_key();
	store_key_u64(&key, number);
	return key;
}

guint64 store_last_number(const void *bytes, gsize length)
{
	guint64 number = 0;
	if (length < sizeof number)
		return 0;
	memcpy(&number, (const guint8 *)bytes + length - sizeof number, sizeof number);
	return GUINT64_FROM_BE(number);
}

static gboolean check_key(const StoreKey *key, GError **error)
{
	if (key->length < 1 || key->length > STORE_KEY_MOST)
		return status_fail(error, STATUS_PERMANENT, "a key of the store would be longer than %d bytes", STORE_KEY_MOST);
	return TRUE;
}

static MDB_val key_value(const StoreKey *key)
{
	return (MDB_val){ key->length, (void *)key->bytes };
}

/* --- one value ------------------------------------------------------------------------------------------------- */

static gboolean fail(StoreTxn *txn, int code, StoreDb db, GError **error)
{
	txn->failed = TRUE;
	return store_fail(txn->store, code, store_db_name(db), error);
}

gboolean store_db_get(StoreTxn *txn, StoreDb db, const StoreKey *key, MDB_val *value, GError **error)
{
	*value = (MDB_val){ 0, NULL };
	if (!check_key(key, error))
		return FALSE;
	MDB_val k = key_value(key);
	int rc = mdb_get(txn->txn, txn->store->dbi[db], &k, value);
	if (rc == MDB_NOTFOUND)
		*value = (MDB_val){ 0, NULL };
	else if (rc)
		return fail(txn, rc, db, error);
	return TRUE;
}

gboolean store_db_put(StoreTxn *txn, StoreDb db, const StoreKey *key, const void *data, gsize size, guint flags, GError **error)
{
	if (!check_key(key, error))
		return FALSE;
	MDB_val k = key_value(key), value = { size, (void *)data };
	int rc = mdb_put(txn->txn, txn->store->dbi[db], &k, &value, flags);
	return rc == 0 || fail(txn, rc, db, error);
}

gboolean store_db_delete(StoreTxn *txn, StoreDb db, const StoreKey *key, GError **error)
{
	if (!check_key(key, error))
		return FALSE;
	MDB_val k = key_value(key);
	int rc = mdb_del(txn->txn, txn->store->dbi[db], &k, NULL);
	return rc == 0 || rc == MDB_NOTFOUND || fail(txn, rc, db, error);
}

/* --- JSON ------------------------------------------------------------------------------------------------------ */

gboolean store_db_put_json(StoreTxn *txn, StoreDb db, const StoreKey *key, json_t *json, guint flags, GError **error)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9));
	json_decref(json);
	if (!text)
		return status_fail(error, STATUS_PERMANENT, "a %s cannot be written as JSON", store_db_name(db));
	gboolean ok = store_db_put(txn, db, key, text, strlen(text), flags, error);
	free(text);
	return ok;
}

json_t *store_parse(StoreDb db, const StoreKey *key, const MDB_val *value, GError **error)
{
	json_error_t why;
	json_t *json = json_loadb(value->mv_data, value->mv_size, JSON_REJECT_DUPLICATES, &why);
	if (!json)
		status_fail(error, STATUS_TEMPORARY, "%s %" G_GUINT64_FORMAT " of the store is damaged: %s", store_db_name(db),
			    store_last_number(key->bytes, key->length), why.text);
	return json;
}

json_t *store_db_get_json(StoreTxn *txn, StoreDb db, const StoreKey *key, GError **error)
{
	MDB_val value;
	if (!store_db_get(txn, db, key, &value, error) || !value.mv_data)
		return NULL;
	return store_parse(db, key, &value, error);
}

/* --- many ------------------------------------------------------------------------------------------------------ */

gboolean store_db_next_number(StoreTxn *txn, StoreDb db, guint64 *number, GError **error)
{
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(txn->txn, txn->store->dbi[db], &cursor);
	if (rc)
		return fail(txn, rc, db, error);
	MDB_val key, value;
	rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
	*number = rc == 0 ? store_last_number(key.mv_data, key.mv_size) + 1 : 1;
	mdb_cursor_close(cursor);
	return rc == 0 || rc == MDB_NOTFOUND || fail(txn, rc, db, error);
}

gboolean store_db_each(StoreTxn *txn, StoreDb db, const StoreKey *from, StoreDbVisit visit, gpointer data, GError **error)
{
	if (from && !check_key(from, error))
		return FALSE;
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(txn->txn, txn->store->dbi[db], &cursor);
	if (rc)
		return fail(txn, rc, db, error);
	MDB_val key = from ? key_value(from) : (MDB_val){ 0, NULL }, value;
	rc = mdb_cursor_get(cursor, &key, &value, from ? MDB_SET_RANGE : MDB_FIRST);
	while (rc == 0 && visit(&key, &value, data))
		rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	mdb_cursor_close(cursor);
	return rc == 0 || rc == MDB_NOTFOUND || fail(txn, rc, db, error);
}

typedef struct {
	const StoreKey *from, *last;
	gsize prefix;
	guint most;
	GArray *numbers;
} Collection;

static gboolean collect(const MDB_val *key, const MDB_val *value, gpointer data)
{
	(void)value;
	Collection *collection = data;
	const StoreKey *last = collection->last;
	if (collection->prefix && (key->mv_size < collection->prefix || memcmp(key->mv_data, collection->from->bytes, collection->prefix)))
		return FALSE;
	if (last) {
		int order = memcmp(key->mv_data, last->bytes, MIN(key->mv_size, last->length));
		if (order > 0 || (order == 0 && key->mv_size > last->length))
			return FALSE;
	}
	guint64 number = store_last_number(key->mv_data, key->mv_size);
	g_array_append_val(collection->numbers, number);
	return collection->numbers->len < collection->most;
}

GArray *store_db_numbers(StoreTxn *txn, StoreDb db, const StoreKey *from, gsize prefix, const StoreKey *last, GError **error)
{
	g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint64));
	Collection collection = { from, last, prefix, G_MAXUINT, numbers };
	if (!store_db_each(txn, db, from, collect, &collection, error))
		return NULL;
	return g_steal_pointer(&numbers);
}

GArray *store_db_first_numbers(StoreTxn *txn, StoreDb db, const StoreKey *last, guint most, GError **error)
{
	g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint64));
	Collection collection = { NULL, last, 0, most, numbers };
	if (!store_db_each(txn, db, NULL, collect, &collection, error))
		return NULL;
	return g_steal_pointer(&numbers);
}

GArray *store_db_numbers_after(StoreTxn *txn, StoreDb db, guint64 after, guint most, GError **error)
{
	g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint64));
	if (after == G_MAXUINT64)
		return g_steal_pointer(&numbers);
	StoreKey from = store_key_number(after + 1);
	Collection collection = { &from, NULL, 0, most, numbers };
	if (!store_db_each(txn, db, &from, collect, &collection, error))
		return NULL;
	return g_steal_pointer(&numbers);
}
