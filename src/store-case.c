/* layer 4 edges - store-case: records, cases and the indexes of cases; declared in store.h. */
#include <string.h>

#include "address.h"
#include "status.h"
#include "store-private.h"

enum { CHUNK = 512 };   /* numbers collected at a time, so that a walk over millions of cases takes little memory */

/* --- records --------------------------------------------------------------------------------------------------- */

gboolean store_put_record(StoreTxn *txn, Record *record, GBytes *raw, GError **error)
{
	if (!store_db_next_number(txn, DB_RECORD, &record->number, error))
		return FALSE;
	StoreKey key = store_key_number(record->number);
	if (!store_db_put_json(txn, DB_RECORD, &key, record_to_json(record), MDB_APPEND, error))
		return FALSE;
	if (!raw)
		return TRUE;
	gsize size;
	const void *bytes = g_bytes_get_data(raw, &size);
	return store_db_put(txn, DB_RAW, &key, bytes ? bytes : "", size, MDB_APPEND, error);
}

Record *store_get_record(StoreTxn *txn, guint64 number, GError **error)
{
	StoreKey key = store_key_number(number);
	json_t *json = store_db_get_json(txn, DB_RECORD, &key, error);
	if (!json)
		return NULL;
	Record *record = record_from_json(json, error);
	json_decref(json);
	if (record)
		record->number = number;
	return record;
}

GBytes *store_get_raw(StoreTxn *txn, guint64 number, GError **error)
{
	StoreKey key = store_key_number(number);
	MDB_val value;
	if (!store_db_get(txn, DB_RAW, &key, &value, error) || !value.mv_data)
		return NULL;
	return g_bytes_new(value.mv_data, value.mv_size);
}

/* --- a case and its indexes ------------------------------------------------------------------------------------ */

/* A case without a known day stands before all others: someone must look at it. */
StoreKey store_due_key(const Case *c)
{
	StoreKey key = store_key();
	store_key_u32(&key, g_date_valid(&c->due) ? g_date_get_julian(&c->due) : 0);
	store_key_u64(&key, c->number);
	return key;
}

gboolean store_subject_key(const Case *c, StoreKey *key)
{
	g_autofree char *match = c->subject_address ? address_match(c->subject_address) : NULL;
	if (!match)
		return FALSE;
	*key = store_key();
	store_key_text(key, match);
	store_key_u64(key, c->number);
	return TRUE;
}

static StoreKey reference_key(const char *reference)
{
	StoreKey key = store_key();
	store_key_text(&key, reference);
	return key;
}

static gboolean same_key(const StoreKey *one, const StoreKey *other)
{
	return one->length == other->length && memcmp(one->bytes, other->bytes, one->length) == 0;
}

/* Brings one index from what the case was (`old` NULL: new) to what it is.  A NULL key is "not in this index". */
static gboolean move_key(StoreTxn *txn, StoreDb db, const StoreKey *old, const StoreKey *now, GError **error)
{
	if (old && now && same_key(old, now))
		return TRUE;
	if (old && !store_db_delete(txn, db, old, error))
		return FALSE;
	return !now || store_db_put(txn, db, now, "", 0, 0, error);
}

static void case_keys(const Case *c, StoreCaseKeys *keys)
{
	keys->number = c->number;
	keys->is_new = FALSE;
	g_strlcpy(keys->uuid, c->uuid, UUID_SIZE);
	keys->due = store_due_key(c);
	keys->is_due = !case_state_is_finished(c->state);
	keys->has_subject = store_subject_key(c, &keys->subject);
}

/* `old`: what is in the indexes now. */
static gboolean keep_indexes(StoreTxn *txn, const StoreCaseKeys *old, const Case *c, GError **error)
{
	StoreCaseKeys keys;
	case_keys(c, &keys);
	txn->last_case.number = 0;
	if (!move_key(txn, DB_DUE, old->is_due ? &old->due : NULL, keys.is_due ? &keys.due : NULL, error) ||
	    !move_key(txn, DB_SUBJECT, old->has_subject ? &old->subject : NULL, keys.has_subject ? &keys.subject : NULL, error))
		return FALSE;
	txn->last_case = keys;
	return TRUE;
}

static gboolean find_name(StoreTxn *txn, Case *c, GError **error)
{
	if (!store_db_next_number(txn, DB_CASE, &c->number, error))
		return FALSE;
	MDB_val taken;
	StoreKey key;
	do {   /* 35 bits of reference: two of a million cases would share one about once in 70 stores */
		uuid_new(c->uuid);
		reference_of(c->uuid, c->reference);
		key = reference_key(c->reference);
		if (!store_db_get(txn, DB_REFERENCE, &key, &taken, error))
			return FALSE;
	} while (taken.mv_data);
	guint64 number = GUINT64_TO_BE(c->number);
	return store_db_put(txn, DB_REFERENCE, &key, &number, sizeof number, 0, error);
}

gboolean store_name_case(StoreTxn *txn, Case *c, GError **error)
{
	if (!find_name(txn, c, error)) {
		c->number = 0;
		return FALSE;
	}
	/* In no index yet. */
	txn->last_case = (StoreCaseKeys){ .number = c->number, .is_new = TRUE };
	g_strlcpy(txn->last_case.uuid, c->uuid, UUID_SIZE);
	return TRUE;
}

static gboolean read_case_keys(StoreTxn *txn, guint64 number, StoreCaseKeys *keys, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(Case) c = store_get_case(txn, number, &failure);
	if (!c && !failure)
		status_fail(&failure, STATUS_PERMANENT, "case %" G_GUINT64_FORMAT " is not in the store", number);
	if (c)
		case_keys(c, keys);
	if (failure)
		g_propagate_error(error, g_steal_pointer(&failure));
	return c != NULL;
}

static gboolean put_case(StoreTxn *txn, Case *c, GError **error)
{
	StoreCaseKeys old = txn->last_case;
	if (old.number != c->number && !read_case_keys(txn, c->number, &old, error))
		return FALSE;
	/* Also what a work function sees that kept the number of a run that was undone. */
	if (!g_str_equal(old.uuid, c->uuid))
		return status_fail(error, STATUS_PERMANENT, "case %" G_GUINT64_FORMAT " is not the one in the store", c->number);
	StoreKey key = store_key_number(c->number);
	return store_db_put_json(txn, DB_CASE, &key, case_to_json(c), old.is_new ? MDB_APPEND : 0, error) && keep_indexes(txn, &old, c, error);
}

gboolean store_put_case(StoreTxn *txn, Case *c, GError **error)
{
	gboolean is_new = !c->number;
	gboolean ok = (!is_new || store_name_case(txn, c, error)) && put_case(txn, c, error);
	if (!ok && is_new)
		c->number = 0;
	return ok;
}

Case *store_get_case(StoreTxn *txn, guint64 number, GError **error)
{
	StoreKey key = store_key_number(number);
	json_t *json = store_db_get_json(txn, DB_CASE, &key, error);
	if (!json)
		return NULL;
	Case *c = case_from_json(json, error);
	json_decref(json);
	if (c)
		c->number = number;
	return c;
}

guint64 store_find_reference(StoreTxn *txn, const char *reference)
{
	char canonical[REFERENCE_SIZE];
	gboolean is_uuid = uuid_is_valid(reference);
	if (is_uuid)
		reference_of(reference, canonical);
	else if (!reference_parse(reference, canonical))
		return 0;
	StoreKey key = reference_key(canonical);
	MDB_val value;
	if (!store_db_get(txn, DB_REFERENCE, &key, &value, NULL) || !value.mv_data)
		return 0;
	guint64 number = store_last_number(value.mv_data, value.mv_size);
	if (!is_uuid)
		return number;
	g_autoptr(Case) c = store_get_case(txn, number, NULL);
	return c && g_ascii_strcasecmp(c->uuid, reference) == 0 ? number : 0;
}

/* --- walks ----------------------------------------------------------------------------------------------------- */

/* FALSE: stop, either because of *error or because the visitor had enough. */
static gboolean visit_cases(StoreTxn *txn, const GArray *numbers, StoreCaseVisit visit, gpointer data, GError **error)
{
	for (guint i = 0; i < numbers->len; i++) {
		guint64 number = g_array_index(numbers, guint64, i);
		g_autoptr(GError) failure = NULL;
		g_autoptr(Case) c = store_get_case(txn, number, &failure);
		if (failure) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return FALSE;
		}
		if (!c)
			return status_fail(error, STATUS_TEMPORARY, "an index names case %" G_GUINT64_FORMAT ", which is not there", number);
		if (!visit(c, data))
			return FALSE;
	}
	return TRUE;
}

static gboolean visit_all(StoreTxn *txn, const GArray *numbers, StoreCaseVisit visit, gpointer data, GError **error)
{
	g_autoptr(GError) failure = NULL;
	if (numbers)
		visit_cases(txn, numbers, visit, data, &failure);
	if (!failure)
		return numbers != NULL;
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

gboolean store_each_due(StoreTxn *txn, StoreCaseVisit visit, gpointer data, GError **error)
{
	g_autoptr(GArray) numbers = store_db_numbers(txn, DB_DUE, NULL, 0, NULL, error);
	return visit_all(txn, numbers, visit, data, error);
}

gboolean store_each_case(StoreTxn *txn, StoreCaseVisit visit, gpointer data, GError **error)
{
	for (guint64 after = 0;;) {
		g_autoptr(GError) failure = NULL;
		g_autoptr(GArray) numbers = store_db_numbers_after(txn, DB_CASE, after, CHUNK, error);
		if (!numbers)
			return FALSE;
		gboolean more = visit_cases(txn, numbers, visit, data, &failure) && numbers->len == CHUNK;
		if (failure) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return FALSE;
		}
		if (!more)
			return TRUE;
		after = g_array_index(numbers, guint64, numbers->len - 1);
	}
}

gboolean store_each_case_of(StoreTxn *txn, const char *address, StoreCaseVisit visit, gpointer data, GError **error)
{
	g_autofree char *match = address_match(address);
	if (!match)
		return TRUE;   /* nothing but addresses is indexed */
	StoreKey from = store_key();
	store_key_text(&from, match);
	gsize prefix = from.length;
	store_key_u64(&from, 0);
	g_autoptr(GArray) numbers = store_db_numbers(txn, DB_SUBJECT, &from, prefix, NULL, error);
	return visit_all(txn, numbers, visit, data, error);
}

Case *store_find_case(StoreTxn *txn, const char *typed, GError **error)
{
	char reference[REFERENCE_SIZE];
	gboolean is_uuid = uuid_is_valid(typed);
	if (!is_uuid && !reference_parse(typed, reference)) {
		status_fail(error, STATUS_PERMANENT, "\"%s\" is no reference: one has the form XXXX-XXXX, and its last character checks the others; "
		            "`optout queue` lists them", typed);
		return NULL;
	}
	guint64 number = store_find_reference(txn, is_uuid ? typed : reference);
	if (!number) {
		status_fail(error, STATUS_PERMANENT, "there is no case %s; `optout queue --state all` lists every one", typed);
		return NULL;
	}
	return store_get_case(txn, number, error);
}
