/* layer 0 ground - fields: strict reading of JSON objects whose writer isn't trusted, or may be of another version.
 *
 * Each reader returns FALSE and sets *error (TEMPORARY, naming the key) where the field is missing (unless optional),
 * of another type, out of range, or too long.  Strings are copied; an optional one that is absent or null gives NULL.
 */
#pragma once
#include <glib.h>
#include <jansson.h>

gboolean fields_string(const json_t *object, const char *key, gsize most, char **value, GError **error);
gboolean fields_optional_string(const json_t *object, const char *key, gsize most, char **value, GError **error);
gboolean fields_integer(const json_t *object, const char *key, gint64 least, gint64 most, gint64 *value, GError **error);
gboolean fields_real(const json_t *object, const char *key, double least, double most, double *value, GError **error);
gboolean fields_boolean(const json_t *object, const char *key, gboolean *value, GError **error);
/* An array of at most `most_items` strings; absent is empty.  `values` gets owned copies appended. */
gboolean fields_strings(const json_t *object, const char *key, gsize most_items, gsize most, GPtrArray *values, GError **error);
/* Borrowed array or object. */
gboolean fields_array(const json_t *object, const char *key, gsize most_items, const json_t **value, GError **error);
gboolean fields_object(const json_t *object, const char *key, const json_t **value, GError **error);

/* Sets `key` to the string made valid UTF-8, or to null. */
void fields_set_string(json_t *object, const char *key, const char *value);
void fields_set_strings(json_t *object, const char *key, const GPtrArray *values);
