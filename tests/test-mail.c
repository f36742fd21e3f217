/* Reads each tests/mail/LANGUAGE/CASE.eml and compares its verdict with CASE.want beside it; a line of TAP a message.
 *
 * A .want is a JSON object.  Inputs: role, to, from (envelope sender), authserv_id.  All other keys are compared with the verdict:
 * kind, requests (in any order), review, language, law (null: none named), subject_address, agent, urgent, client_made, authentication,
 * answer (whether an acknowledgement would go out, by answerable.h without a history).
 */
#include <glib/gstdio.h>
#include <jansson.h>
#include <stdio.h>

#include "address.h"
#include "answerable.h"
#include "judging.h"

static const char *string_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static gint compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *joined(GPtrArray *words)
{
	g_ptr_array_sort(words, compare_strings);
	g_ptr_array_add(words, NULL);
	return g_strjoinv(" ", (char **)words->pdata);
}

static char *requests_wanted(const json_t *array)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	for (size_t i = 0; i < json_array_size(array); i++)
		g_ptr_array_add(words, (char *)json_string_value(json_array_get(array, i)));
	return joined(words);
}

static char *requests_got(const Verdict *verdict)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	for (guint i = 0; i < verdict->requests->len; i++)
		g_ptr_array_add(words, (char *)request_name(((const VerdictRequest *)verdict->requests->pdata[i])->type));
	return joined(words);
}

static gboolean would_answer(const Verdict *verdict, const ReadRequest *request)
{
	g_autoptr(Config) config = config_default();
	g_autoptr(Envelope) envelope = envelope_new();
	envelope_set_sender(envelope, request->sender ? request->sender : verdict->facts->from ? verdict->facts->from : "");
	ConfigController controller = { .id = (char *)"test" };
	ConfigAddress address = { .address = (char *)request->recipient, .controller = &controller };
	g_clear_pointer(&config->authserv_id, g_free);
	config->authserv_id = g_strdup(request->authserv_id);
	Answerability answerability = answerable(config, envelope, verdict, &address, NULL);
	gboolean yes = answerability.answer == ANSWER_YES;
	answerability_clear(&answerability);
	return yes;
}

/* The verdict's value for a key of .want, as text. */
static char *value_got(const Verdict *verdict, const ReadRequest *request, const char *key)
{
	const struct { const char *key, *value; } values[] = {
		{ "kind", kind_name(verdict->kind) },
		{ "review", verdict->review ? "true" : "false" },
		{ "language", verdict->language },
		{ "law", verdict->names_law ? law_name(verdict->law) : NULL },
		{ "subject_address", verdict->subject_address },
		{ "agent", verdict->agent ? "true" : "false" },
		{ "urgent", verdict->urgent ? "true" : "false" },
		{ "client_made", verdict->client_made ? "true" : "false" },
		{ "authentication", evidence_level_name(verdict->facts->authentication) },
	};
	if (g_str_equal(key, "requests"))
		return requests_got(verdict);
	if (g_str_equal(key, "answer"))
		return g_strdup(would_answer(verdict, request) ? "true" : "false");
	for (guint i = 0; i < G_N_ELEMENTS(values); i++)
		if (g_str_equal(values[i].key, key))
			return g_strdup(values[i].value ? values[i].value : "null");
	return g_strdup_printf("no such key: %s", key);
}

static char *value_wanted(const json_t *value)
{
	if (json_is_array(value))
		return requests_wanted(value);
	if (json_is_string(value))
		return g_strdup(json_string_value(value));
	return g_strdup(json_is_null(value) ? "null" : json_is_true(value) ? "true" : "false");
}

static void say_evidence(GString *faults, const Verdict *verdict)
{
	for (guint i = 0; i < verdict->requests->len; i++) {
		const VerdictRequest *request = verdict->requests->pdata[i];
		for (guint k = 0; k < request->evidence->len; k++) {
			const VerdictEvidence *evidence = request->evidence->pdata[k];
			g_autofree char *words = g_strescape(evidence->text, NULL);
			g_string_append_printf(faults, "#   %s %.2f by %s:%u in the %s: %s\n", request_name(request->type), request->confidence,
					       evidence->filter, evidence->line, evidence->where, words);
		}
	}
	for (guint k = 0; k < verdict->kind_evidence->len; k++) {
		const VerdictEvidence *evidence = verdict->kind_evidence->pdata[k];
		g_autofree char *words = g_strescape(evidence->text, NULL);
		g_string_append_printf(faults, "#   %s by %s:%u: %s\n", kind_name(verdict->kind), evidence->filter, evidence->line, words);
	}
}

static char *check(const Reading *reading, const char *eml, const json_t *want)
{
	g_autofree char *bytes = NULL;
	gsize length;
	if (!g_file_get_contents(eml, &bytes, &length, NULL))
		return g_strdup("# there is no such message\n");
	const ReadRequest request = {
		.sender = string_of(want, "from"), .recipient = string_of(want, "to"), .role = string_of(want, "role"),
		.authserv_id = string_of(want, "authserv_id"), .delimiter = "+",
	};
	g_autoptr(Verdict) verdict = reading_judge(reading, bytes, length, &request);
	g_autoptr(GString) faults = g_string_new(NULL);
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)want, key, value) {
		static const char *const inputs[] = { "role", "to", "from", "authserv_id", NULL };
		if (g_strv_contains(inputs, key))
			continue;
		g_autofree char *got = value_got(verdict, &request, key), *wanted = value_wanted(value);
		if (!g_str_equal(got, wanted))
			g_string_append_printf(faults, "# %s is %s, should be %s\n", key, got, wanted);
	}
	if (faults->len && verdict->review)
		g_string_append_printf(faults, "#   review: %s\n", verdict->review_reason);
	if (faults->len)
		say_evidence(faults, verdict);
	return faults->len ? g_string_free(g_steal_pointer(&faults), FALSE) : NULL;
}

static void find_wants(const char *directory, GPtrArray *wants)
{
	g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(directory, name, NULL);
		if (g_str_has_suffix(name, ".want"))
			g_ptr_array_add(wants, g_steal_pointer(&path));
		else if (g_file_test(path, G_FILE_TEST_IS_DIR))
			find_wants(path, wants);
	}
}

int main(int argc, char **argv)
{
	/* `test-mail WORD` runs the messages whose path holds WORD. */
	const char *only = argc > 1 && argv[1][0] != '-' ? argv[1] : "";
	g_autofree char *directory = testing_source("tests/mail");
	g_autoptr(GPtrArray) wants = g_ptr_array_new_with_free_func(g_free);
	find_wants(directory, wants);
	g_ptr_array_sort(wants, compare_strings);
	Reading reading;
	reading_start(&reading);
	guint n = 0, failed = 0;
	for (guint i = 0; i < wants->len; i++) {
		const char *path = wants->pdata[i];
		if (!strstr(path, only))
			continue;
		json_error_t wrong;
		json_t *want = json_load_file(path, 0, &wrong);
		g_autofree char *stem = g_strndup(path, strlen(path) - 5), *eml = g_strconcat(stem, ".eml", NULL);
		g_autofree char *faults = want ? check(&reading, eml, want) : g_strdup_printf("# line %d: %s\n", wrong.line, wrong.text);
		printf("%sok %u - %s\n%s", faults ? "not " : "", ++n, stem + strlen(directory) + 1, faults ? faults : "");
		failed += faults != NULL;
		json_decref(want);
	}
	printf("1..%u\n", n);
	reading_end(&reading);
	return failed != 0;
}
