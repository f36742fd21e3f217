#include "answerable.h"
#include "case.h"
#include "date.h"
#include "status.h"
#include "testing.h"

static Case *sample(void)
{
	Case *c = case_new();
	uuid_new(c->uuid);
	reference_of(c->uuid, c->reference);
	c->record = 12;
	c->state = STATE_REVIEW;
	c->kind = KIND_REQUEST;
	c->controller = g_strdup("shop");
	c->address = g_strdup("privacy@example.com");
	c->role = ROLE_PRIVACY;
	c->subject_address = g_strdup("jane@example.org");
	c->sender = g_strdup("");
	c->message_id = g_strdup("1@example.org");
	c->subject = g_strdup("Löschen\r\nX: \033[2J");
	c->received = 1795514400;
	c->law = LAW_GDPR;
	c->language = g_strdup("de");
	c->review = TRUE;
	c->review_reason = g_strdup("below the threshold");
	c->urgent = c->observed = TRUE;
	c->authentication = EVIDENCE_E2;
	c->authentication_reason = g_strdup("dmarc=pass");
	c->answer = ANSWER_HELD;
	c->answer_reason = g_strdup("an operator must look");
	VerdictRequest *asked = verdict_request_new(REQUEST_ERASURE, 0.75);
	g_ptr_array_add(asked->evidence, verdict_evidence_new("de.filter", 17, "löschen Sie", "body"));
	g_date_set_dmy(&c->due, 24, 12, 2026);
	g_ptr_array_add(c->requests, case_request_new(asked, LAW_GDPR, &c->due));
	g_ptr_array_add(c->requests, case_request_new(verdict_request_new(REQUEST_MARKETING_OPT_OUT, 1), LAW_CAN_SPAM, NULL));
	return c;
}

static void test_round_trip(void)
{
	g_autoptr(Case) c = sample();
	json_t *json = case_to_json(c);
	GError *error = NULL;
	g_autoptr(Case) again = case_from_json(json, &error);
	g_assert_no_error(error);
	json_t *json_again = case_to_json(again);
	g_assert_true(json_equal(json, json_again));
	/* Not only the same text: the same values. */
	g_assert_cmpstr(again->uuid, ==, c->uuid);
	g_assert_cmpstr(again->reference, ==, c->reference);
	g_assert_cmpuint(again->record, ==, 12);
	g_assert_cmpint(again->state, ==, STATE_REVIEW);
	g_assert_cmpstr(again->sender, ==, "");
	g_assert_null(again->from);
	g_assert_cmpstr(again->subject, ==, c->subject);
	g_assert_cmpint(again->received, ==, c->received);
	g_assert_cmpint(g_date_compare(&again->due, &c->due), ==, 0);
	g_assert_cmpint(again->answer, ==, ANSWER_HELD);
	g_assert_true(again->urgent && again->observed && again->review && !again->agent && !again->client_made);
	g_assert_cmpuint(again->requests->len, ==, 2);
	CaseRequest *first = g_ptr_array_index(again->requests, 0), *second = g_ptr_array_index(again->requests, 1);
	g_assert_cmpint(first->asked->type, ==, REQUEST_ERASURE);
	VerdictEvidence *evidence = g_ptr_array_index(first->asked->evidence, 0);
	g_assert_cmpuint(evidence->line, ==, 17);
	g_assert_cmpint(second->law, ==, LAW_CAN_SPAM);
	g_assert_false(g_date_valid(&second->due));
	json_decref(json);
	json_decref(json_again);

	g_autoptr(Case) empty = case_new();
	uuid_new(empty->uuid);
	reference_of(empty->uuid, empty->reference);
	json = case_to_json(empty);
	g_autoptr(Case) empty_again = case_from_json(json, &error);
	g_assert_no_error(error);
	g_assert_false(g_date_valid(&empty_again->due));
	json_decref(json);
}

static void test_newer(void)
{
	g_autoptr(Case) c = sample();
	json_t *json = case_to_json(c);
	json_object_set_new(json, "v", json_integer(2));
	g_autoptr(GError) error = NULL;
	g_assert_null(case_from_json(json, &error));
	g_assert_error(error, STATUS_ERROR, STATUS_TEMPORARY);
	g_assert_nonnull(strstr(error->message, "newer optout (version 2"));
	json_decref(json);
}

/* Every field missing, and every field of every wrong type: refused with an error, or taken where null is allowed. */
static void test_damaged(void)
{
	g_autoptr(Case) c = sample();
	json_t *whole = case_to_json(c);
	const char *const wrong[] = { "[]", "{}", "-1.5", "\"\\u0001 no such word\"", "true", "9223372036854775807", "[[[]]]", "[{}]", "[1]", NULL };
	const char *key;
	json_t *value;
	json_object_foreach(whole, key, value) {
		json_t *without = json_deep_copy(whole);
		json_object_del(without, key);
		GError *error = NULL;
		Case *read = case_from_json(without, &error);
		g_assert_true((read == NULL) == (error != NULL));
		if (json_is_integer(value) || json_is_boolean(value) || json_is_array(value))
			g_assert_null(read);
		case_free(read);
		g_clear_error(&error);
		json_decref(without);
		for (guint i = 0; wrong[i]; i++) {
			json_t *damaged = json_deep_copy(whole);
			json_object_set_new(damaged, key, json_loads(wrong[i], JSON_DECODE_ANY, NULL));
			read = case_from_json(damaged, &error);
			g_assert_true((read == NULL) == (error != NULL));
			if (i <= 2 && !(json_is_array(value) && i == 0))
				g_assert_null(read);
			case_free(read);
			g_clear_error(&error);
			json_decref(damaged);
		}
	}
	json_decref(whole);
	GError *error = NULL;
	json_t *array = json_array();
	g_assert_null(case_from_json(array, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	g_assert_null(case_from_json(NULL, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	json_decref(array);
}

static void test_too_many_requests(void)
{
	g_autoptr(Case) c = sample();
	json_t *json = case_to_json(c);
	json_t *requests = json_object_get(json, "requests");
	json_t *one = json_deep_copy(json_array_get(requests, 0));
	while (json_array_size(requests) <= VERDICT_MAX_REQUESTS)
		json_array_append(requests, one);
	g_autoptr(GError) error = NULL;
	g_assert_null(case_from_json(json, &error));
	g_assert_nonnull(strstr(error->message, "more than"));
	json_decref(one);
	json_decref(json);
}

/* The interface that other tools rely on: exactly these keys. */
static void test_public(void)
{
	g_autoptr(Case) c = sample();
	json_t *json = case_to_public_json(c);
	static const char *const keys[] = {
		"ref", "uuid", "state", "requests", "subject_address", "received", "due", "law", "language", "message_id", "review_reason",
		"kind", "controller", "subject", "authentication", "urgent", "observed",
	};
	g_assert_cmpuint(json_object_size(json), ==, G_N_ELEMENTS(keys));
	for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
		g_assert_nonnull(json_object_get(json, keys[i]));
	g_assert_cmpstr(json_string_value(json_object_get(json, "state")), ==, "review");
	g_assert_cmpstr(json_string_value(json_object_get(json, "due")), ==, "2026-12-24");
	g_assert_cmpstr(json_string_value(json_object_get(json, "received")), ==, "2026-11-24T10:00:00Z");
	g_assert_cmpstr(json_string_value(json_object_get(json, "ref")), ==, c->reference);
	json_t *request = json_array_get(json_object_get(json, "requests"), 0);
	g_assert_cmpstr(json_string_value(json_object_get(request, "type")), ==, "erasure");
	json_decref(json);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/case/round-trip", test_round_trip);
	g_test_add_func("/case/newer", test_newer);
	g_test_add_func("/case/damaged", test_damaged);
	g_test_add_func("/case/too-many-requests", test_too_many_requests);
	g_test_add_func("/case/public", test_public);
	return g_test_run();
}
