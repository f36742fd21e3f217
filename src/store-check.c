/* layer 4 edges - store-check: every value, index and payload digest against each other; declared in store-admin.h. */
#include <string.h>

#include "store-admin.h"
#include "store-private.h"

enum { MOST_FAULTS = 1000 };   /* a store in shards needs no longer list */

typedef struct {
	StoreTxn *txn;
	GPtrArray *report;
	StoreDb db;             /* what is walked over */
} Check;

static void fault(Check *check, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void fault(Check *check, const char *format, ...)
{
	if (check->report->len >= MOST_FAULTS)
		return;
	va_list args;
	va_start(args, format);
	g_ptr_array_add(check->report, g_strdup_vprintf(format, args));
	va_end(args);
}

static gboolean is_there(Check *check, StoreDb db, const StoreKey *key)
{
	MDB_val value;
	return store_db_get(check->txn, db, key, &value, NULL) && value.mv_data;
}

static void need(Check *check, StoreDb db, const StoreKey *key, const char *what, guint64 number)
{
	if (!is_there(check, db, key))
		fault(check, "%s %" G_GUINT64_FORMAT " is missing in %s", what, number, store_db_name(db));
}

static void need_number(Check *check, StoreDb db, guint64 wanted, const char *what, guint64 number)
{
	StoreKey key = store_key_number(wanted);
	if (wanted && !is_there(check, db, &key))
		fault(check, "%s %" G_GUINT64_FORMAT " names %s %" G_GUINT64_FORMAT ", which is not there", what, number, store_db_name(db), wanted);
}

/* --- values ---------------------------------------------------------------------------------------------------- */

static void check_record(Check *check, guint64 number, const json_t *json, GError **error)
{
	(void)check, (void)number;
	record_free(record_from_json(json, error));
}

static void check_case(Check *check, guint64 number, const json_t *json, GError **error)
{
	g_autoptr(Case) c = case_from_json(json, error);
	if (!c)
		return;
	c->number = number;
	need_number(check, DB_RECORD, c->record, "case", number);
	StoreKey subject, due = store_due_key(c);
	if (!case_state_is_finished(c->state))
		need(check, DB_DUE, &due, "case", number);
	if (store_subject_key(c, &subject))
		need(check, DB_SUBJECT, &subject, "case", number);
	if (store_find_reference(check->txn, c->reference) != number)
		fault(check, "case %" G_GUINT64_FORMAT " is not found by its reference %s", number, c->reference);
}

static void check_event(Check *check, guint64 number, const json_t *json, GError **error)
{
	g_autoptr(Event) event = event_from_json(json, error);
	if (!event)
		return;
	MDB_val salt, payload;
	StoreKey key = store_key_number(number);
	/* Erasing either one is allowed; then there is nothing to compare. */
	if (store_db_get(check->txn, DB_SALT, &key, &salt, error) && store_db_get(check->txn, DB_PAYLOAD, &key, &payload, error) &&
	    salt.mv_data && payload.mv_data) {
		g_autofree char *digest = store_event_digest(&salt, &payload);
		if (g_strcmp0(digest, event->digest))
			fault(check, "event %" G_GUINT64_FORMAT ": its payload is not the one that was written", number);
	}
	if (!event->case_number)
		return;
	need_number(check, DB_CASE, event->case_number, "event", number);
	StoreKey of_case = store_key_number(event->case_number);
	store_key_u64(&of_case, number);
	need(check, DB_EVENT_CASE, &of_case, "event", number);
}

static void check_letter(Check *check, guint64 number, const json_t *json, GError **error)
{
	g_autoptr(Letter) letter = letter_from_json(json, error);
	if (!letter)
		return;
	letter->number = number;
	need_number(check, DB_CASE, letter->case_number, "letter", number);
	StoreKey due = store_letter_due_key(letter), of_case = store_key_number(letter->case_number);
	store_key_u64(&of_case, number);
	need(check, DB_OUTBOX_CASE, &of_case, "letter", number);
	if (store_letter_is_due(letter))
		need(check, DB_OUTBOX_DUE, &due, "letter", number);
}

static void check_payload(Check *check, guint64 number, const json_t *json, GError **error)
{
	(void)json, (void)error;
	need_number(check, DB_EVENT, number, "payload", number);
}

typedef void (*CheckValue)(Check *check, guint64 number, const json_t *json, GError **error);
static const struct { StoreDb db; CheckValue check; } values[] = {
	{ DB_RECORD, check_record }, { DB_CASE, check_case }, { DB_EVENT, check_event }, { DB_OUTBOX, check_letter }, { DB_PAYLOAD, check_payload },
};

typedef struct {
	Check *check;
	CheckValue value;
} ValueWalk;

static gboolean visit_value(const MDB_val *key, const MDB_val *value, gpointer data)
{
	ValueWalk *walk = data;
	Check *check = walk->check;
	guint64 number = store_last_number(key->mv_data, key->mv_size);
	StoreKey k = store_key_number(number);
	if (key->mv_size != sizeof number) {
		fault(check, "%s has a key that is no number", store_db_name(check->db));
		return TRUE;
	}
	g_autoptr(GError) error = NULL;
	json_t *json = store_parse(check->db, &k, value, &error);
	if (json)
		walk->value(check, number, json, &error);
	json_decref(json);
	if (error)
		fault(check, "%s %" G_GUINT64_FORMAT ": %s", store_db_name(check->db), number, error->message);
	return TRUE;
}

static gboolean visit_suppression(const MDB_val *key, const MDB_val *value, gpointer data)
{
	Check *check = data;
	g_autoptr(GError) error = NULL;
	StoreKey none = store_key_number(0);
	json_t *json = store_parse(DB_SUPPRESSION, &none, value, &error);
	g_autoptr(Suppression) s = json ? suppression_from_json(json, &error) : NULL;
	json_decref(json);
	if (!s) {
		fault(check, "a suppression: %s", error->message);
		return TRUE;
	}
	StoreKey own = store_suppression_key(s->address, s->controller, s->scope);
	if (own.length != key->mv_size || memcmp(own.bytes, key->mv_data, key->mv_size))
		fault(check, "a suppression of case %" G_GUINT64_FORMAT " stands under the key of another", s->case_number);
	return TRUE;
}

/* --- indexes: each entry must lead to a value that would have made it ------------------------------------------ */

static gboolean is_key(const MDB_val *key, const StoreKey *own)
{
	return own->length == key->mv_size && memcmp(own->bytes, key->mv_data, key->mv_size) == 0;
}

static gboolean case_made(Check *check, const MDB_val *key, guint64 number)
{
	g_autoptr(Case) c = store_get_case(check->txn, number, NULL);
	StoreKey own;
	if (!c)
		return FALSE;
	if (check->db == DB_DUE) {
		own = store_due_key(c);
		return !case_state_is_finished(c->state) && is_key(key, &own);
	}
	if (check->db == DB_SUBJECT)
		return store_subject_key(c, &own) && is_key(key, &own);
	return key->mv_size == REFERENCE_SIZE && memcmp(key->mv_data, c->reference, REFERENCE_SIZE) == 0;
}

static gboolean letter_made(Check *check, const MDB_val *key, guint64 number)
{
	g_autoptr(Letter) letter = store_get_letter(check->txn, number, NULL);
	if (!letter)
		return FALSE;
	StoreKey own = store_letter_due_key(letter);
	if (check->db == DB_OUTBOX_DUE)
		return store_letter_is_due(letter) && is_key(key, &own);
	own = store_key_number(letter->case_number);
	store_key_u64(&own, number);
	return is_key(key, &own);
}

static gboolean event_made(Check *check, const MDB_val *key, guint64 number)
{
	StoreKey k = store_key_number(number);
	json_t *json = store_db_get_json(check->txn, DB_EVENT, &k, NULL);
	g_autoptr(Event) event = json ? event_from_json(json, NULL) : NULL;
	json_decref(json);
	StoreKey own = store_key_number(event ? event->case_number : 0);
	store_key_u64(&own, number);
	return event && is_key(key, &own);
}

static gboolean raw_belongs(Check *check, const MDB_val *key, guint64 number)
{
	StoreKey k = store_key_number(number);
	return is_key(key, &k) && is_there(check, DB_RECORD, &k);
}

static gboolean salt_belongs(Check *check, const MDB_val *key, guint64 number)
{
	StoreKey k = store_key_number(number);
	return is_key(key, &k) && is_there(check, DB_EVENT, &k);
}

typedef gboolean (*CheckIndex)(Check *check, const MDB_val *key, guint64 number);
static const struct { StoreDb db; gboolean number_is_value; CheckIndex made; } indexes[] = {
	{ DB_DUE, FALSE, case_made },          { DB_SUBJECT, FALSE, case_made },       { DB_REFERENCE, TRUE, case_made },
	{ DB_OUTBOX_DUE, FALSE, letter_made }, { DB_OUTBOX_CASE, FALSE, letter_made }, { DB_EVENT_CASE, FALSE, event_made },
	{ DB_RAW, FALSE, raw_belongs },        { DB_SALT, FALSE, salt_belongs },
};

typedef struct {
	Check *check;
	guint at;
} IndexWalk;

static gboolean visit_index(const MDB_val *key, const MDB_val *value, gpointer data)
{
	IndexWalk *walk = data;
	const MDB_val *holder = indexes[walk->at].number_is_value ? value : key;
	guint64 number = store_last_number(holder->mv_data, holder->mv_size);
	if (!indexes[walk->at].made(walk->check, key, number))
		fault(walk->check, "%s has an entry for %" G_GUINT64_FORMAT " that nothing there accounts for", store_db_name(walk->check->db), number);
	return TRUE;
}

static gboolean visit_duplicate(const MDB_val *key, const MDB_val *value, gpointer data)
{
	Check *check = data;
	if (key->mv_size != 32 || value->mv_size != STORE_DUPLICATE_SIZE)
		fault(check, "an entry of duplicate has a wrong size");
	else
		need_number(check, DB_CASE, store_last_number(value->mv_data, 8), "duplicate", 0);
	return TRUE;
}

static gboolean check_all(StoreTxn *txn, gpointer data, GError **error)
{
	Check check = { .txn = txn, .report = data };
	for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
		ValueWalk walk = { &check, values[i].check };
		check.db = values[i].db;
		if (!store_db_each(txn, check.db, NULL, visit_value, &walk, error))
			return FALSE;
	}
	for (guint i = 0; i < G_N_ELEMENTS(indexes); i++) {
		IndexWalk walk = { &check, i };
		check.db = indexes[i].db;
		if (!store_db_each(txn, check.db, NULL, visit_index, &walk, error))
			return FALSE;
	}
	return store_db_each(txn, DB_SUPPRESSION, NULL, visit_suppression, &check, error) &&
	       store_db_each(txn, DB_DUPLICATE, NULL, visit_duplicate, &check, error);
}

gboolean store_check(Store *store, GPtrArray *report, GError **error)
{
	return store_read(store, check_all, report, error);
}
