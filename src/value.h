/* layer 3 values - value: what all stored JSON values have in common: a version, days, and words of the vocabulary.
 *
 * Readers follow fields.h: FALSE and *error (TEMPORARY) naming the key.  An unknown word is an error: a newer program wrote it, or
 * the value is damaged, and either way this program must not act on a guess.
 */
#pragma once
#include <glib.h>
#include <jansson.h>

#include "vocabulary.h"

/* Bytes of one stored string, and items of one stored list: far above what the edges let in, so that what was written can be read. */
enum { VALUE_MAX_STRING = 1 << 20, VALUE_MAX_ITEMS = 100000 };

/* {"v":version} */
json_t *value_new(int version);
/* `what` names the value in the error, as "case". */
gboolean value_check_version(const json_t *json, const char *what, int newest, GError **error);

void value_set_integer(json_t *object, const char *key, gint64 value);
void value_set_boolean(json_t *object, const char *key, gboolean value);
/* An invalid (cleared) day is null. */
void value_set_day(json_t *object, const char *key, const GDate *day);

gboolean value_string(const json_t *object, const char *key, char **value, GError **error);
gboolean value_optional_string(const json_t *object, const char *key, char **value, GError **error);
gboolean value_uuid(const json_t *object, const char *key, char uuid[], GError **error);
gboolean value_reference(const json_t *object, const char *key, char reference[], GError **error);
gboolean value_instant(const json_t *object, const char *key, gint64 *instant, GError **error);
gboolean value_number(const json_t *object, const char *key, guint64 *number, GError **error);
gboolean value_count(const json_t *object, const char *key, guint *count, GError **error);
gboolean value_day(const json_t *object, const char *key, GDate *day, GError **error);

gboolean value_kind(const json_t *object, const char *key, Kind *value, GError **error);
gboolean value_case_state(const json_t *object, const char *key, CaseState *value, GError **error);
gboolean value_law(const json_t *object, const char *key, Law *value, GError **error);
gboolean value_evidence_level(const json_t *object, const char *key, EvidenceLevel *value, GError **error);
gboolean value_role(const json_t *object, const char *key, Role *value, GError **error);
gboolean value_delivery(const json_t *object, const char *key, Delivery *value, GError **error);
