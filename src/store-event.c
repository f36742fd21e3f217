/* layer 4 edges - store-event: what happened, append-only, and the payloads that can be erased; declared in store.h. */
#include <sodium.h>
#include <string.h>

#include "status.h"
#include "store-private.h"

enum { DIGEST_SIZE = 32, CHUNK = 512 };

char *store_event_digest(const MDB_val *salt, const MDB_val *payload)
{
	crypto_generichash_state state;
	guint8 digest[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1];
	crypto_generichash_init(&state, NULL, 0, sizeof digest);
	crypto_generichash_update(&state, salt->mv_data, salt->mv_size);
	crypto_generichash_update(&state, payload->mv_data, payload->mv_size);
	crypto_generichash_final(&state, digest, sizeof digest);
	return g_strdup(sodium_bin2hex(hex, sizeof hex, digest, sizeof digest));
}

/* The payload and its salt; sets the event's digest of both. */
static gboolean put_payload(StoreTxn *txn, Event *event, const StoreKey *key, GError **error)
{
	guint8 salt[STORE_SALT_SIZE];
	char *text = event->payload ? json_dumps(event->payload, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	if (event->payload && !text)
		return status_fail(error, STATUS_PERMANENT, "an event's payload cannot be written as JSON");
	randombytes_buf(salt, sizeof salt);
	const char *bytes = text ? text : "{}";
	MDB_val salt_value = { sizeof salt, salt }, payload_value = { strlen(bytes), (void *)bytes };
	g_free(event->digest);
	event->digest = store_event_digest(&salt_value, &payload_value);
	gboolean ok = store_db_put(txn, DB_PAYLOAD, key, bytes, strlen(bytes), MDB_APPEND, error) &&
		      store_db_put(txn, DB_SALT, key, salt, sizeof salt, MDB_APPEND, error);
	free(text);
	return ok;
}

gboolean store_put_event(StoreTxn *txn, Event *event, GError **error)
{
	if (!store_db_next_number(txn, DB_EVENT, &event->number, error))
		return FALSE;
	if (!event->node)
		event->node = g_strdup(store_node(txn->store));
	StoreKey key = store_key_number(event->number);
	if (!put_payload(txn, event, &key, error) ||
	    !store_db_put_json(txn, DB_EVENT, &key, event_to_json(event), MDB_APPEND, error))
		return FALSE;
	if (!event->case_number)
		return TRUE;
	StoreKey of_case = store_key_number(event->case_number);
	store_key_u64(&of_case, event->number);
	return store_db_put(txn, DB_EVENT_CASE, &of_case, "", 0, 0, error);
}

static Event *get_event(StoreTxn *txn, guint64 number, GError **error)
{
	StoreKey key = store_key_number(number);
	g_autoptr(GError) failure = NULL;
	json_t *json = store_db_get_json(txn, DB_EVENT, &key, &failure);
	g_autoptr(Event) event = json ? event_from_json(json, &failure) : NULL;
	json_decref(json);
	if (!event && !failure)
		status_fail(&failure, STATUS_TEMPORARY, "an index names event %" G_GUINT64_FORMAT ", which is not there", number);
	if (event) {
		event->number = number;
		event->payload = store_db_get_json(txn, DB_PAYLOAD, &key, &failure);
	}
	if (!failure)
		return g_steal_pointer(&event);
	g_propagate_error(error, g_steal_pointer(&failure));
	return NULL;
}

/* *go_on FALSE: the visitor had enough. */
static gboolean visit_events(StoreTxn *txn, const GArray *numbers, StoreEventVisit visit, gpointer data, gboolean *go_on, GError **error)
{
	for (guint i = 0; i < numbers->len && *go_on; i++) {
		g_autoptr(Event) event = get_event(txn, g_array_index(numbers, guint64, i), error);
		if (!event)
			return FALSE;
		*go_on = visit(event, data);
	}
	return TRUE;
}

gboolean store_each_event(StoreTxn *txn, guint64 after, guint64 case_number, StoreEventVisit visit, gpointer data, GError **error)
{
	gboolean go_on = after < G_MAXUINT64;
	if (case_number && go_on) {
		StoreKey from = store_key_number(case_number);
		store_key_u64(&from, after + 1);
		g_autoptr(GArray) numbers = store_db_numbers(txn, DB_EVENT_CASE, &from, sizeof case_number, NULL, error);
		return numbers && visit_events(txn, numbers, visit, data, &go_on, error);
	}
	while (go_on) {
		g_autoptr(GArray) numbers = store_db_numbers_after(txn, DB_EVENT, after, CHUNK, error);
		if (!numbers || !visit_events(txn, numbers, visit, data, &go_on, error))
			return FALSE;
		if (numbers->len < CHUNK)
			break;
		after = g_array_index(numbers, guint64, numbers->len - 1);
	}
	return TRUE;
}
