#include "value.h"

#include <string.h>

#include "date.h"
#include "fields.h"
#include "reference.h"
#include "status.h"

static void set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		g_error("no memory for field \"%s\"", key);
}

json_t *value_new(int version)
{
	json_t *json = json_object();
	set(json, "v", json_integer(version));
	return json;
}

gboolean value_check_version(const json_t *json, const char *what, int newest, GError **error)
{
	gint64 version;
	if (!json_is_object(json))
		return status_fail(error, STATUS_TEMPORARY, "a stored %s is not an object", what);
	if (!fields_integer(json, "v", 1, G_MAXINT64, &version, error))
		return FALSE;
	if (version > newest)
		return status_fail(error, STATUS_TEMPORARY, "a %s was written by a newer optout (version %" G_GINT64_FORMAT ", known: %d)",
				   what, version, newest);
	return TRUE;
}

void value_set_integer(json_t *object, const char *key, gint64 value)
{
	set(object, key, json_integer(value));
}

void value_set_boolean(json_t *object, const char *key, gboolean value)
{
	set(object, key, json_boolean(value));
}

void value_set_day(json_t *object, const char *key, const GDate *day)
{
	g_autofree char *text = date_day(day);
	fields_set_string(object, key, text);
}

gboolean value_string(const json_t *object, const char *key, char **value, GError **error)
{
	return fields_string(object, key, VALUE_MAX_STRING, value, error);
}

gboolean value_optional_string(const json_t *object, const char *key, char **value, GError **error)
{
	return fields_optional_string(object, key, VALUE_MAX_STRING, value, error);
}

gboolean value_uuid(const json_t *object, const char *key, char uuid[], GError **error)
{
	g_autofree char *text = NULL;
	if (!fields_string(object, key, UUID_SIZE - 1, &text, error))
		return FALSE;
	if (!uuid_is_valid(text))
		return status_fail(error, STATUS_TEMPORARY, "field \"%s\" is not a UUID", key);
	g_strlcpy(uuid, text, UUID_SIZE);
	return TRUE;
}

gboolean value_reference(const json_t *object, const char *key, char reference[], GError **error)
{
	g_autofree char *text = NULL;
	char canonical[REFERENCE_SIZE];
	if (!fields_string(object, key, REFERENCE_SIZE - 1, &text, error))
		return FALSE;
	if (!reference_parse(text, canonical) || !g_str_equal(canonical, text))
		return status_fail(error, STATUS_TEMPORARY, "field \"%s\" is not a reference", key);
	memcpy(reference, canonical, REFERENCE_SIZE);
	return TRUE;
}

gboolean value_instant(const json_t *object, const char *key, gint64 *instant, GError **error)
{
	return fields_integer(object, key, G_MININT64, G_MAXINT64, instant, error);
}

gboolean value_number(const json_t *object, const char *key, guint64 *number, GError **error)
{
	gint64 value;
	if (!fields_integer(object, key, 0, G_MAXINT64, &value, error))
		return FALSE;
	*number = (guint64)value;
	return TRUE;
}

gboolean value_count(const json_t *object, const char *key, guint *count, GError **error)
{
	gint64 value;
	if (!fields_integer(object, key, 0, G_MAXINT, &value, error))
		return FALSE;
	*count = (guint)value;
	return TRUE;
}

gboolean value_day(const json_t *object, const char *key, GDate *day, GError **error)
{
	g_autofree char *text = NULL;
	g_date_clear(day, 1);
	if (!fields_optional_string(object, key, 10, &text, error))
		return FALSE;
	if (text && !date_parse_day(text, day))
		return status_fail(error, STATUS_TEMPORARY, "field \"%s\" is not a day", key);
	return TRUE;
}

#define WORD(prefix, Type) \
	gboolean value_##prefix(const json_t *object, const char *key, Type *value, GError **error) \
	{ \
		g_autofree char *word = NULL; \
		if (!fields_string(object, key, 64, &word, error)) \
			return FALSE; \
		return prefix##_parse(word, value) || \
		       status_fail(error, STATUS_TEMPORARY, "field \"%s\" holds an unknown word", key); \
	}

WORD(kind, Kind)
WORD(case_state, CaseState)
WORD(law, Law)
WORD(evidence_level, EvidenceLevel)
WORD(role, Role)
WORD(delivery, Delivery)
