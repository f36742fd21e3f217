/* layer 3 values - event: what happened, append-only; declared in record.h. */
#include "fields.h"
#include "record.h"
#include "value.h"

enum { EVENT_VERSION = 1 };

Event *event_new(const char *type, guint64 case_number, gint64 time)
{
	Event *event = g_new0(Event, 1);
	uuid_new(event->uuid);
	event->time = time;
	event->type = g_strdup(type);
	event->case_number = case_number;
	event->payload = json_object();
	return event;
}

void event_free(Event *event)
{
	if (!event)
		return;
	g_free(event->node);
	g_free(event->type);
	g_free(event->operator);
	g_free(event->digest);
	json_decref(event->payload);
	g_free(event);
}

json_t *event_to_json(const Event *event)
{
	json_t *json = value_new(EVENT_VERSION);
	fields_set_string(json, "uuid", event->uuid);
	fields_set_string(json, "node", event->node);
	value_set_integer(json, "time", event->time);
	fields_set_string(json, "type", event->type);
	value_set_integer(json, "case", (gint64)event->case_number);
	fields_set_string(json, "operator", event->operator);
	fields_set_string(json, "digest", event->digest);
	return json;
}

Event *event_from_json(const json_t *json, GError **error)
{
	if (!value_check_version(json, "event", EVENT_VERSION, error))
		return NULL;
	g_autoptr(Event) event = g_new0(Event, 1);
	if (value_uuid(json, "uuid", event->uuid, error) &&
	    value_optional_string(json, "node", &event->node, error) &&
	    value_instant(json, "time", &event->time, error) &&
	    value_string(json, "type", &event->type, error) &&
	    value_number(json, "case", &event->case_number, error) &&
	    value_optional_string(json, "operator", &event->operator, error) &&
	    value_optional_string(json, "digest", &event->digest, error))
		return g_steal_pointer(&event);
	return NULL;
}
