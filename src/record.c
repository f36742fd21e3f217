#include "record.h"

#include "fields.h"
#include "value.h"

enum { RECORD_VERSION = 1 };

Record *record_new(void)
{
	Record *record = g_new0(Record, 1);
	record->recipients = g_ptr_array_new_with_free_func(g_free);
	return record;
}

void record_free(Record *record)
{
	if (!record)
		return;
	g_free(record->sender);
	g_ptr_array_unref(record->recipients);
	g_free(record->queue_id);
	g_free(record->client);
	g_free(record->message_id);
	g_free(record->digest);
	g_free(record);
}

json_t *record_to_json(const Record *record)
{
	json_t *json = value_new(RECORD_VERSION);
	value_set_integer(json, "received", record->received);
	fields_set_string(json, "sender", record->sender);
	fields_set_strings(json, "recipients", record->recipients);
	fields_set_string(json, "queue_id", record->queue_id);
	fields_set_string(json, "client", record->client);
	fields_set_string(json, "kind", kind_name(record->kind));
	fields_set_string(json, "message_id", record->message_id);
	fields_set_string(json, "digest", record->digest);
	value_set_boolean(json, "truncated", record->truncated);
	value_set_boolean(json, "unread", record->unread);
	return json;
}

Record *record_from_json(const json_t *json, GError **error)
{
	if (!value_check_version(json, "record", RECORD_VERSION, error))
		return NULL;
	g_autoptr(Record) record = record_new();
	if (value_instant(json, "received", &record->received, error) &&
	    value_optional_string(json, "sender", &record->sender, error) &&
	    fields_strings(json, "recipients", VALUE_MAX_ITEMS, VALUE_MAX_STRING, record->recipients, error) &&
	    value_optional_string(json, "queue_id", &record->queue_id, error) &&
	    value_optional_string(json, "client", &record->client, error) &&
	    value_kind(json, "kind", &record->kind, error) &&
	    value_optional_string(json, "message_id", &record->message_id, error) &&
	    value_optional_string(json, "digest", &record->digest, error) &&
	    fields_boolean(json, "truncated", &record->truncated, error) &&
	    fields_boolean(json, "unread", &record->unread, error))
		return g_steal_pointer(&record);
	return NULL;
}
