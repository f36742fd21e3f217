/* layer 3 values - letter: one acknowledgement on its way; declared in record.h. */
#include "date.h"
#include "fields.h"
#include "record.h"
#include "value.h"

enum { LETTER_VERSION = 1 };

Letter *letter_new(void)
{
	Letter *letter = g_new0(Letter, 1);
	uuid_new(letter->uuid);
	return letter;
}

void letter_free(Letter *letter)
{
	if (!letter)
		return;
	g_free(letter->to);
	g_free(letter->language);
	g_free(letter->text);
	g_free(letter->message_id);
	g_free(letter->in_reply_to);
	g_free(letter->reason);
	g_free(letter);
}

json_t *letter_to_json(const Letter *letter)
{
	json_t *json = value_new(LETTER_VERSION);
	fields_set_string(json, "uuid", letter->uuid);
	value_set_integer(json, "case", (gint64)letter->case_number);
	fields_set_string(json, "reference", letter->reference);
	fields_set_string(json, "to", letter->to);
	fields_set_string(json, "language", letter->language);
	fields_set_string(json, "text", letter->text);
	fields_set_string(json, "message_id", letter->message_id);
	fields_set_string(json, "in_reply_to", letter->in_reply_to);
	fields_set_string(json, "state", delivery_name(letter->state));
	fields_set_string(json, "reason", letter->reason);
	value_set_integer(json, "queued", letter->queued);
	value_set_integer(json, "next", letter->next);
	value_set_integer(json, "done", letter->done);
	value_set_integer(json, "attempts", letter->attempts);
	value_set_integer(json, "copies", letter->copies);
	return json;
}

Letter *letter_from_json(const json_t *json, GError **error)
{
	if (!value_check_version(json, "letter", LETTER_VERSION, error))
		return NULL;
	g_autoptr(Letter) letter = g_new0(Letter, 1);
	if (value_uuid(json, "uuid", letter->uuid, error) &&
	    value_number(json, "case", &letter->case_number, error) &&
	    value_reference(json, "reference", letter->reference, error) &&
	    value_string(json, "to", &letter->to, error) &&
	    value_optional_string(json, "language", &letter->language, error) &&
	    value_optional_string(json, "text", &letter->text, error) &&
	    value_optional_string(json, "message_id", &letter->message_id, error) &&
	    value_optional_string(json, "in_reply_to", &letter->in_reply_to, error) &&
	    value_delivery(json, "state", &letter->state, error) &&
	    value_optional_string(json, "reason", &letter->reason, error) &&
	    value_instant(json, "queued", &letter->queued, error) &&
	    value_instant(json, "next", &letter->next, error) &&
	    value_instant(json, "done", &letter->done, error) &&
	    value_count(json, "attempts", &letter->attempts, error) &&
	    value_count(json, "copies", &letter->copies, error))
		return g_steal_pointer(&letter);
	return NULL;
}

json_t *letter_to_public_json(const Letter *letter)
{
	json_t *object = json_object();
	g_autofree char *queued = date_instant(letter->queued), *next = letter->next ? date_instant(letter->next) : NULL,
	                *done = letter->done ? date_instant(letter->done) : NULL;
	fields_set_string(object, "ref", letter->reference);
	fields_set_string(object, "state", delivery_name(letter->state));
	fields_set_string(object, "to", letter->to);
	fields_set_string(object, "text", letter->text);
	fields_set_string(object, "language", letter->language);
	fields_set_string(object, "message_id", letter->message_id);
	fields_set_string(object, "queued", queued);
	fields_set_string(object, "next", letter->state == DELIVERY_DUE || letter->state == DELIVERY_AMBIGUOUS ? next : NULL);
	fields_set_string(object, "done", done);
	json_object_set_new(object, "attempts", json_integer(letter->attempts));
	json_object_set_new(object, "copies", json_integer(letter->copies));
	fields_set_string(object, "reason", letter->reason);
	return object;
}
