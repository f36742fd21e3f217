#include "read-request.h"

#include <stdlib.h>

#include "fields.h"
#include "status.h"

/* RFC 5321 4.5.3.1.3 has paths of 256 octets; what is longer than this is no address anybody could use. */
enum { MOST_HOPS = 100, MOST_STRING = 1024 };

static void set(json_t *json, const char *key, const char *value)
{
	g_autofree char *cut = value ? g_strndup(value, MOST_STRING) : NULL;
	fields_set_string(json, key, cut);
}

char *read_request_write(const ReadRequest *request)
{
	json_t *json = json_object();
	set(json, "sender", request->sender);
	set(json, "recipient", request->recipient);
	set(json, "role", request->role);
	set(json, "delimiter", request->delimiter);
	set(json, "authserv_id", request->authserv_id);
	json_object_set_new(json, "own_hops", json_integer(MIN(request->own_hops, MOST_HOPS)));
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
	/* A cut-off or invalid octet becomes U+FFFD, of three octets. */
	*value = json_string_value(field);
	if (*value && json_string_length(field) > 3 * MOST_STRING)
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
