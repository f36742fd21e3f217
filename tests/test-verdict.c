#include "status.h"
#include "testing.h"
#include "verdict.h"

static Verdict *sample(void)
{
	Verdict *verdict = verdict_new();
	verdict->kind = KIND_REQUEST;
	verdict->language = g_strdup("de");
	verdict->subject_address = g_strdup("anna@example.com");
	verdict->names_law = TRUE;
	verdict->law = LAW_GDPR;
	VerdictRequest *request = verdict_request_new(REQUEST_ERASURE, 0.9);
	g_ptr_array_add(request->evidence, verdict_evidence_new("de.filter", 12, "Löschen Sie meine Daten", "body"));
	g_ptr_array_add(verdict->requests, request);
	verdict->facts = facts_new();
	verdict->facts->from = g_strdup("anna@example.com");
	verdict->facts->from_count = 1;
	verdict->facts->subject = g_strdup("Daten \033[2J");
	verdict->facts->authentication = EVIDENCE_E2;
	verdict->facts->has_quote = TRUE;
	verdict->facts->date = -5;
	g_ptr_array_add(verdict->facts->to, g_strdup("privacy@example.com"));
	return verdict;
}

static void test_round_trip(void)
{
	g_autoptr(Verdict) verdict = sample();
	json_t *json = verdict_to_json(verdict);
	g_autoptr(GError) error = NULL;
	g_autoptr(Verdict) back = verdict_from_json(json, &error);
	g_assert_no_error(error);
	json_t *again = verdict_to_json(back);
	g_assert_true(json_equal(json, again));
	g_assert_cmpint(back->kind, ==, KIND_REQUEST);
	g_assert_cmpint(back->facts->authentication, ==, EVIDENCE_E2);
	g_assert_cmpstr(back->facts->subject, ==, "Daten \033[2J");
	g_assert_cmpint(back->facts->date, ==, -5);
	g_assert_nonnull(verdict_request(back, REQUEST_ERASURE));
	g_assert_null(verdict_request(back, REQUEST_ACCESS));
	json_decref(json);
	json_decref(again);
}

static void test_long_strings(void)
{
	g_autoptr(Verdict) verdict = sample();
	g_free(verdict->facts->subject);
	g_autofree char *many = g_strnfill(VERDICT_MAX_STRING - 17, 'x');
	verdict->facts->subject = g_strconcat(many, "üüüüüüüüüüüüüüüüüüü", NULL);
	json_t *json = verdict_to_json(verdict);
	g_autoptr(GError) error = NULL;
	g_autoptr(Verdict) back = verdict_from_json(json, &error);
	g_assert_no_error(error);
	g_assert_true(g_utf8_validate(back->facts->subject, -1, NULL));
	json_decref(json);
}

/* One field set to something that an honest reader never sends. */
static void test_hostile(void)
{
	static const struct { const char *object, *key, *value, *words; } cases[] = {
		{ "", "kind", "\"boss\"", "kind" },
		{ "", "kind", "7", "kind" },
		{ "", "review", "\"yes\"", "review" },
		{ "", "law", "\"martial\"", "law" },
		{ "", "subject_address", "\"a\\r\\nRCPT TO:<b@c>@d.example\"", "subject_address" },
		{ "", "requests", "[]", "asks for nothing" },
		{ "", "requests", "[{\"type\":\"erasure\",\"confidence\":2,\"evidence\":[]}]", "confidence" },
		{ "", "requests", "[{\"type\":\"eraser\",\"confidence\":1,\"evidence\":[]}]", "type" },
		{ "", "requests", "[{\"type\":\"access\",\"confidence\":1,\"evidence\":[]},{\"type\":\"access\",\"confidence\":1,\"evidence\":[]}]", "twice" },
		{ "", "requests", "[{\"type\":\"access\",\"confidence\":1,\"evidence\":[{\"filter\":\"x\",\"line\":-1,\"text\":\"\",\"where\":\"\"}]}]", "line" },
		{ "", "facts", "null", "facts" },
		{ "facts", "authentication", "\"E4\"", "beyond" },
		{ "facts", "from", "\"a b@c\"", "from" },
		{ "facts", "to", "\"a\"", "to" },
		{ "facts", "from_count", "-1", "from_count" },
		{ "facts", "has_quote", "1", "has_quote" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Verdict) verdict = sample();
		json_t *json = verdict_to_json(verdict);
		json_t *object = *cases[i].object ? json_object_get(json, cases[i].object) : json;
		json_object_set_new(object, cases[i].key, json_loads(cases[i].value, JSON_DECODE_ANY, NULL));
		g_autoptr(GError) error = NULL;
		g_assert_null(verdict_from_json(json, &error));
		g_test_message("%s", error->message);
		g_assert_cmpint(status_of(error), ==, STATUS_TEMPORARY);
		g_assert_nonnull(strstr(error->message, cases[i].words));
		json_decref(json);
	}
	g_autoptr(GError) error = NULL;
	json_t *list = json_array();
	g_assert_null(verdict_from_json(list, &error));
	json_decref(list);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/verdict/round-trip", test_round_trip);
	g_test_add_func("/verdict/long-strings", test_long_strings);
	g_test_add_func("/verdict/hostile", test_hostile);
	return g_test_run();
}
