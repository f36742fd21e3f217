#include "record.h"
#include "status.h"
#include "testing.h"

/* Each kind of value by the same functions: writes and reads back what it is given, as JSON. */
typedef struct {
	const char *name;
	json_t *(*sample)(void);
	json_t *(*again)(const json_t *json, GError **error);   /* NULL and *error where it is refused */
} Value;

#define AGAIN(Type, prefix) \
	static json_t *prefix##_again(const json_t *json, GError **error) \
	{ \
		g_autoptr(Type) value = prefix##_from_json(json, error); \
		return value ? prefix##_to_json(value) : NULL; \
	}
AGAIN(Record, record)
AGAIN(Event, event)
AGAIN(Suppression, suppression)
AGAIN(Letter, letter)

static json_t *record_sample(void)
{
	g_autoptr(Record) record = record_new();
	record->received = 1795514400;
	record->sender = g_strdup("jane@example.org");
	g_ptr_array_add(record->recipients, g_strdup("<privacy@example.com>"));
	g_ptr_array_add(record->recipients, g_strdup("<caf\xe9@example.com>"));   /* not UTF-8: still recorded */
	record->queue_id = g_strdup("4XyZ");
	record->kind = KIND_ENQUIRY;
	record->digest = g_strdup("00ff");
	record->truncated = TRUE;
	return record_to_json(record);
}

static json_t *event_sample(void)
{
	g_autoptr(Event) event = event_new("received", 7, 1795514400);
	g_assert_true(uuid_is_valid(event->uuid));
	g_assert_true(json_is_object(event->payload));
	event->node = g_strdup("n1");
	event->operator = g_strdup("anna");
	event->digest = g_strdup("abcd");
	json_object_set_new(event->payload, "secret", json_true());
	json_t *json = event_to_json(event);
	g_assert_null(json_object_get(json, "payload"));   /* it lies apart, so that it can be erased */
	return json;
}

static json_t *suppression_sample(void)
{
	g_autoptr(Suppression) suppression = suppression_new("jane@example.org", "shop", "marketing", 1795514400);
	suppression->reason = g_strdup("request");
	suppression->case_number = 3;
	return suppression_to_json(suppression);
}

static json_t *letter_sample(void)
{
	g_autoptr(Letter) letter = letter_new();
	letter->case_number = 9;
	reference_of(letter->uuid, letter->reference);
	letter->to = g_strdup("jane@example.org");
	letter->language = g_strdup("de");
	letter->text = g_strdup("acknowledgement");
	letter->message_id = g_strdup("x@example.com");
	letter->state = DELIVERY_AMBIGUOUS;
	letter->queued = 1;
	letter->next = 2;
	letter->done = 3;
	letter->attempts = 4;
	letter->copies = 1;
	return letter_to_json(letter);
}

static const Value values[] = {
	{ "record", record_sample, record_again },
	{ "event", event_sample, event_again },
	{ "suppression", suppression_sample, suppression_again },
	{ "letter", letter_sample, letter_again },
};

static void test_round_trip(gconstpointer data)
{
	const Value *value = data;
	json_t *json = value->sample();
	GError *error = NULL;
	json_t *again = value->again(json, &error);
	g_assert_no_error(error);
	g_assert_true(json_equal(json, again));
	json_decref(json);
	json_decref(again);
}

static void test_newer(gconstpointer data)
{
	const Value *value = data;
	json_t *json = value->sample();
	json_object_set_new(json, "v", json_integer(99));
	g_autoptr(GError) error = NULL;
	g_assert_null(value->again(json, &error));
	g_assert_error(error, STATUS_ERROR, STATUS_TEMPORARY);
	g_assert_nonnull(strstr(error->message, "newer"));
	g_assert_nonnull(strstr(error->message, value->name));
	json_decref(json);
}

static void test_damaged(gconstpointer data)
{
	const Value *value = data;
	static const char *const wrong[] = { "{}", "-1.5", "[[1]]", "\"no such word\"", "null", "-9223372036854775808", NULL };
	json_t *whole = value->sample();
	const char *key;
	json_t *field;
	json_object_foreach(whole, key, field) {
		for (guint i = 0; i <= G_N_ELEMENTS(wrong) - 1; i++) {
			json_t *damaged = json_deep_copy(whole);
			if (wrong[i])
				json_object_set_new(damaged, key, json_loads(wrong[i], JSON_DECODE_ANY, NULL));
			else
				json_object_del(damaged, key);
			GError *error = NULL;
			json_t *read = value->again(damaged, &error);
			g_assert_true((read == NULL) == (error != NULL));
			if (i < 3)
				g_assert_null(read);
			json_decref(read);
			g_clear_error(&error);
			json_decref(damaged);
		}
	}
	json_decref(whole);
	g_autoptr(GError) error = NULL;
	g_assert_null(value->again(NULL, &error));
	g_assert_nonnull(error);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
		g_autofree char *round_trip = g_strdup_printf("/record/%s/round-trip", values[i].name);
		g_autofree char *newer = g_strdup_printf("/record/%s/newer", values[i].name);
		g_autofree char *damaged = g_strdup_printf("/record/%s/damaged", values[i].name);
		g_test_add_data_func(round_trip, &values[i], test_round_trip);
		g_test_add_data_func(newer, &values[i], test_newer);
		g_test_add_data_func(damaged, &values[i], test_damaged);
	}
	return g_test_run();
}
