#include "read-request.h"

#include <stdlib.h>

#include "fields.h"
#include "status.h"

enum { MOST_HOPS = 100, MOST_ADDRESS = 4096 };

char *read_request_write(const ReadRequest *request)
{
	json_t *json = json_object();
	fields_set_string(json, "sender", request->sender);
	fields_set_string(json, "recipient", request->recipient);
	fields_set_string(json, "role", request->role);
	fields_set_string(json, "delimiter", request->delimiter);
	fields_set_string(json, "authserv_id", request->authserv_id);
	json_object_set_new(json, "own_hops", json_integer(request->own_hops));
	json_object_set_new(json, "truncated", json_boolean(request->is_truncated));
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	char *copy = g_strdup(text);
	free(text);
	return copy;
}

static gboolean string(const json_t *json, const char *key, const char **value, GError **error)
{
	const json_t *field = json_object_get(json, key);
	if (field && !json_is_null(field) && !json_is_string(field))
		return status_fail(error, STATUS_TEMPORARY, "\"%s\" is no string", key);
	*value = json_string_value(field);
	if (*value && json_string_length(field) > MOST_ADDRESS)
		return status_fail(error, STATUS_TEMPORARY, "\"%s\" is too long", key);
	return TRUE;
}

gboolean read_request_read(const json_t *json, ReadRequest *request, GError **error)
{
	gint64 hops = 0;
	if (!json_is_object(json))
		return status_fail(error, STATUS_TEMPORARY, "the request is no JSON object");
	if (!string(json, "sender", &request->sender, error) || !string(json, "recipient", &request->recipient, error) ||
	    !string(json, "role", &request->role, error) || !string(json, "delimiter", &request->delimiter, error) ||
	    !string(json, "authserv_id", &request->authserv_id, error) ||
	    !fields_integer(json, "own_hops", 0, MOST_HOPS, &hops, error) ||
	    !fields_boolean(json, "truncated", &request->is_truncated, error))
		return FALSE;
	request->own_hops = (guint)hops;
	return TRUE;
}
