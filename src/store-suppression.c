/* layer 4 edges - store-suppression: who may not be written to, what was seen before, what could not be read; declared in store.h. */
#include <string.h>

#include "address.h"
#include "status.h"
#include "store-private.h"

StoreKey store_suppression_key(const char *match, const char *controller, const char *scope)
{
	StoreKey key = store_key();
	store_key_text(&key, match);
	store_key_text(&key, controller);
	store_key_text(&key, scope);
	return key;
}

static Suppression *get_suppression(StoreTxn *txn, const StoreKey *key, GError **error)
{
	json_t *json = store_db_get_json(txn, DB_SUPPRESSION, key, error);
	if (!json)
		return NULL;
	Suppression *suppression = suppression_from_json(json, error);
	json_decref(json);
	return suppression;
}

gboolean store_put_suppression(StoreTxn *txn, const Suppression *suppression, gboolean *was_new, GError **error)
{
	g_autofree char *match = suppression->address ? address_match(suppression->address) : NULL;
	if (!match || !suppression->controller || !suppression->scope)
		return status_fail(error, STATUS_PERMANENT, "a suppression needs an address, a controller and a scope");
	StoreKey key = store_suppression_key(match, suppression->controller, suppression->scope);
	g_autoptr(GError) failure = NULL;
	g_autoptr(Suppression) old = get_suppression(txn, &key, &failure);
	if (failure) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	if (was_new)
		*was_new = !old;
	Suppression now = *suppression;
	now.address = match;
	/* What first caused it stays the cause: what comes later repeats it. */
	if (old) {
		now.since = MIN(old->since, now.since);
		now.reason = old->reason;
		now.case_number = old->case_number;
	}
	return store_db_put_json(txn, DB_SUPPRESSION, &key, suppression_to_json(&now), 0, error);
}

/* Whether a suppression of scope `set` bars mail of scope `asked`: marketing bars every list, and only what it names bars disclosure. */
static gboolean scope_bars(const char *set, const char *asked)
{
	return g_str_equal(set, asked) || (g_str_equal(set, "marketing") && !g_str_equal(asked, "disclosure"));
}

typedef struct {
	const StoreKey *prefix;
	const char *scope;
	StoreKey found;      /* length 0: nothing */
} Search;

static gboolean search(const MDB_val *key, const MDB_val *value, gpointer data)
{
	(void)value;
	Search *s = data;
	const StoreKey *prefix = s->prefix;
	if (key->mv_size <= prefix->length || memcmp(key->mv_data, prefix->bytes, prefix->length))
		return FALSE;
	const char *controller = (const char *)key->mv_data + prefix->length;
	const char *end = memchr(controller, '\0', key->mv_size - prefix->length);
	const char *scope = end ? end + 1 : NULL;
	gsize left = scope ? key->mv_size - (gsize)(scope - (const char *)key->mv_data) : 0;
	if (!left || scope[left - 1] != '\0' || !scope_bars(scope, s->scope))
		return TRUE;
	s->found = store_key();
	store_key_bytes(&s->found, key->mv_data, key->mv_size);
	return FALSE;
}

/* Any controller's. */
static Suppression *find_any(StoreTxn *txn, const char *match, const char *scope, GError **error)
{
	StoreKey prefix = store_key();
	store_key_text(&prefix, match);
	Search s = { .prefix = &prefix, .scope = scope, .found = store_key() };
	if (!store_db_each(txn, DB_SUPPRESSION, &prefix, search, &s, error) || !s.found.length)
		return NULL;
	return get_suppression(txn, &s.found, error);
}

Suppression *store_find_suppression(StoreTxn *txn, const char *address, const char *controller, const char *scope, GError **error)
{
	g_autofree char *match = address ? address_match(address) : NULL;
	if (!match) {
		status_fail(error, STATUS_PERMANENT, "this is not a mail address");
		return NULL;
	}
	if (!controller)
		return find_any(txn, match, scope, error);
	const char *const scopes[] = { scope, scope_bars("marketing", scope) ? "marketing" : NULL };
	for (guint i = 0; i < G_N_ELEMENTS(scopes) && scopes[i]; i++) {
		StoreKey key = store_suppression_key(match, controller, scopes[i]);
		g_autoptr(GError) failure = NULL;
		Suppression *found = get_suppression(txn, &key, &failure);
		if (found)
			return found;
		if (failure) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return NULL;
		}
	}
	return NULL;
}

gboolean store_remove_suppression(StoreTxn *txn, const char *address, const char *controller, const char *scope, GError **error)
{
	g_autofree char *match = address ? address_match(address) : NULL;
	if (!match)
		return FALSE;
	StoreKey key = store_suppression_key(match, controller, scope);
	MDB_val value;
	return store_db_get(txn, DB_SUPPRESSION, &key, &value, error) && value.mv_data &&
	       store_db_delete(txn, DB_SUPPRESSION, &key, error);
}

/* --- what was seen before -------------------------------------------------------------------------------------- */

static StoreKey digest_key(const guint8 digest[32])
{
	StoreKey key = store_key();
	store_key_bytes(&key, digest, 32);
	return key;
}

gboolean store_find_duplicate(StoreTxn *txn, const guint8 digest[32], guint64 *case_number, EvidenceLevel *level)
{
	StoreKey key = digest_key(digest);
	MDB_val value;
	if (!store_db_get(txn, DB_DUPLICATE, &key, &value, NULL) || value.mv_size != STORE_DUPLICATE_SIZE)
		return FALSE;
	const guint8 *bytes = value.mv_data;
	*case_number = store_last_number(bytes, 8);
	*level = MIN((EvidenceLevel)bytes[8], EVIDENCE_E4);
	return TRUE;
}

gboolean store_put_duplicate(StoreTxn *txn, const guint8 digest[32], guint64 case_number, EvidenceLevel level, gint64 time, GError **error)
{
	StoreKey key = digest_key(digest), value = store_key_number(case_number);
	guint8 byte = (guint8)level;
	store_key_bytes(&value, &byte, 1);
	store_key_u64(&value, (guint64)time);
	return store_db_put(txn, DB_DUPLICATE, &key, value.bytes, value.length, 0, error);
}

gboolean store_note_fault(StoreTxn *txn, const guint8 digest[32], gint64 time, gboolean *before, GError **error)
{
	StoreKey key = digest_key(digest), value = store_key_number((guint64)time);
	MDB_val old;
	if (!store_db_get(txn, DB_FAULT, &key, &old, error))
		return FALSE;
	*before = old.mv_data != NULL;
	return store_db_put(txn, DB_FAULT, &key, value.bytes, value.length, 0, error);
}
