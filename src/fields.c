#include "fields.h"

#include <string.h>

#include "status.h"
#include "text.h"

static const json_t *wanted(const json_t *object, const char *key, GError **error)
{
	const json_t *value = json_object_get(object, key);
	if (!value)
		status_fail(error, STATUS_TEMPORARY, "field \"%s\" is missing", key);
	return value;
}

static gboolean copy_string(const json_t *value, const char *key, gsize most, char **copy, GError **error)
{
	if (!json_is_string(value))
		return status_fail(error, STATUS_TEMPORARY, "field \"%s\" is not a string", key);
	const char *text = json_string_value(value);
	gsize length = json_string_length(value);
	if (length > most)
		return status_fail(error, STATUS_TEMPORARY, "field \"%s\" is longer than %zu bytes", key, most);
	/* A loader that allows \u0000 would have the rest of the string silently lost. */
	if (memchr(text, '\0', length))
		return status_fail(error, STATUS_TEMPORARY, "field \"%s\" holds a NUL", key);
	*copy = g_strndup(text, length);
	return TRUE;
}

gboolean fields_string(const json_t *object, const char *key, gsize most, char **value, GError **error)
{
	*value = NULL;
	const json_t *field = wanted(object, key, error);
	return field && copy_string(field, key, most, value, error);
}

gboolean fields_optional_string(const json_t *object, const char *key, gsize most, char **value, GError **error)
{
	*value = NULL;
	const json_t *field = json_object_get(object, key);
	if (!field || json_is_null(field))
		return TRUE;
	return copy_string(field, key, most, value, error);
}

gboolean fields_integer(const json_t *object, const char *key, gint64 least, gint64 most, gint64 *value, GError **error)
{
	const json_t *field = wanted(object, key, error);
	if (!field)
		return FALSE;
	if (!json_is_integer(field))
		return status_fail(error, STATUS_TEMPORARY, "field \"%s\" is not an integer", key);
	gint64 number = json_integer_value(field);
	if (number < least || number > most)
		return status_fail(error, STATUS_TEMPORARY, "field \"%s\" is out of range", key);
	*value = number;
	return TRUE;
}

gboolean fields_real(const json_t *object, const char *key, double least, double most, double *value, GError **error)
{
	const json_t *field = wanted(object, key, error);
	if (!field)
		return FALSE;
	if (!json_is_number(field))
		return status_fail(error, STATUS_TEMPORARY, "field \"%s\" is not a number", key);
	double number = json_number_value(field);
	if (!(number >= least && number <= most))
		return status_fail(error, STATUS_TEMPORARY, "field \"%s\" is out of range", key);
	*value = number;
	return TRUE;
}

gboolean fields_boolean(const json_t *object, const char *key, gboolean *value, GError **error)
{
	const json_t *field = wanted(object, key, error);
	if (!field)
		return FALSE;
	if (!json_is_boolean(field))
		return status_fail(error, STATUS_TEMPORARY, "field \"%s\" is not true or false", key);
	*value = json_is_true(field);
	return TRUE;
}

static gboolean check_array(const json_t *field, const char *key, gsize most_items, GError **error)
{
	if (!json_is_array(field))
		return status_fail(error, STATUS_TEMPORARY, "field \"%s\" is not an array", key);
	if (json_array_size(field) > most_items)
		return status_fail(error, STATUS_TEMPORARY, "field \"%s\" has more than %zu items", key, most_items);
	return TRUE;
}

gboolean fields_strings(const json_t *object, const char *key, gsize most_items, gsize most, GPtrArray *values, GError **error)
{
	const json_t *field = json_object_get(object, key);
	if (!field)
		return TRUE;
	if (!check_array(field, key, most_items, error))
		return FALSE;
	for (gsize i = 0; i < json_array_size(field); i++) {
		char *copy;
		if (!copy_string(json_array_get(field, i), key, most, &copy, error))
			return FALSE;
		g_ptr_array_add(values, copy);
	}
	return TRUE;
}

gboolean fields_array(const json_t *object, const char *key, gsize most_items, const json_t **value, GError **error)
{
	const json_t *field = wanted(object, key, error);
	if (!field || !check_array(field, key, most_items, error))
		return FALSE;
	*value = field;
	return TRUE;
}

gboolean fields_object(const json_t *object, const char *key, const json_t **value, GError **error)
{
	const json_t *field = wanted(object, key, error);
	if (!field)
		return FALSE;
	if (!json_is_object(field))
		return status_fail(error, STATUS_TEMPORARY, "field \"%s\" is not an object", key);
	*value = field;
	return TRUE;
}

static json_t *valid_string(const char *value)
{
	if (!value)
		return json_null();
	if (g_utf8_validate(value, -1, NULL))
		return json_string_nocheck(value);
	g_autofree char *text = text_valid(value, strlen(value));
	return json_string_nocheck(text);
}

/* A field that silently stayed out would be a record with a hole; jansson fails here only for want of memory, and GLib
 * ends the process on that too. */
static void set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new_nocheck(object, key, value))
		g_error("no memory for field \"%s\"", key);
}

void fields_set_string(json_t *object, const char *key, const char *value)
{
	set(object, key, valid_string(value));
}

void fields_set_strings(json_t *object, const char *key, const GPtrArray *values)
{
	json_t *array = json_array();
	for (guint i = 0; values && i < values->len; i++) {
		if (json_array_append_new(array, valid_string(g_ptr_array_index(values, i))))
			g_error("no memory for field \"%s\"", key);
	}
	set(object, key, array);
}
