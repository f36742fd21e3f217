#include "verdict.h"

#include <string.h>

#include "address.h"
#include "fields.h"
#include "status.h"

Verdict *verdict_new(void)
{
	Verdict *verdict = g_new0(Verdict, 1);
	verdict->kind_evidence = g_ptr_array_new_with_free_func((GDestroyNotify)verdict_evidence_free);
	verdict->requests = g_ptr_array_new_with_free_func((GDestroyNotify)verdict_request_free);
	return verdict;
}

void verdict_free(Verdict *verdict)
{
	if (!verdict)
		return;
	g_ptr_array_unref(verdict->kind_evidence);
	g_ptr_array_unref(verdict->requests);
	g_free(verdict->language);
	g_free(verdict->review_reason);
	g_free(verdict->subject_address);
	facts_free(verdict->facts);
	g_free(verdict);
}

VerdictEvidence *verdict_evidence_new(const char *filter, guint line, const char *text, const char *where)
{
	VerdictEvidence *evidence = g_new0(VerdictEvidence, 1);
	evidence->filter = g_strdup(filter);
	evidence->line = line;
	evidence->text = g_utf8_make_valid(text, (gssize)strnlen(text, 200));
	/* The words, not the lines they were broken into. */
	g_strdelimit(evidence->text, "\r\n\t", ' ');
	evidence->where = g_strdup(where);
	return evidence;
}

void verdict_evidence_free(VerdictEvidence *evidence)
{
	if (!evidence)
		return;
	g_free(evidence->filter);
	g_free(evidence->text);
	g_free(evidence->where);
	g_free(evidence);
}

VerdictRequest *verdict_request_new(RequestType type, double confidence)
{
	VerdictRequest *request = g_new0(VerdictRequest, 1);
	request->type = type;
	request->confidence = CLAMP(confidence, 0.0, 1.0);
	request->evidence = g_ptr_array_new_with_free_func((GDestroyNotify)verdict_evidence_free);
	return request;
}

VerdictRequest *verdict_request_copy(const VerdictRequest *request)
{
	VerdictRequest *copy = verdict_request_new(request->type, request->confidence);
	for (guint i = 0; i < request->evidence->len; i++) {
		const VerdictEvidence *e = g_ptr_array_index(request->evidence, i);
		g_ptr_array_add(copy->evidence, verdict_evidence_new(e->filter, e->line, e->text, e->where));
	}
	return copy;
}

void verdict_request_free(VerdictRequest *request)
{
	if (!request)
		return;
	g_ptr_array_unref(request->evidence);
	g_free(request);
}

const VerdictRequest *verdict_request(const Verdict *verdict, RequestType type)
{
	for (guint i = 0; i < verdict->requests->len; i++) {
		const VerdictRequest *request = g_ptr_array_index(verdict->requests, i);
		if (request->type == type)
			return request;
	}
	return NULL;
}

/* --- evidence and requests ------------------------------------------------------------------------------------ */

static json_t *evidence_to_json(const GPtrArray *list)
{
	json_t *array = json_array();
	for (guint i = 0; i < list->len && i < VERDICT_MAX_EVIDENCE; i++) {
		const VerdictEvidence *evidence = g_ptr_array_index(list, i);
		json_t *object = json_object();
		fields_set_string(object, "filter", evidence->filter);
		json_object_set_new(object, "line", json_integer(evidence->line));
		fields_set_string(object, "text", evidence->text);
		fields_set_string(object, "where", evidence->where);
		json_array_append_new(array, object);
	}
	return array;
}

static gboolean evidence_from_json(const json_t *object, const char *key, GPtrArray *list, GError **error)
{
	const json_t *array;
	if (!fields_array(object, key, VERDICT_MAX_EVIDENCE, &array, error))
		return FALSE;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *item = json_array_get(array, i);
		VerdictEvidence *evidence = g_new0(VerdictEvidence, 1);
		g_ptr_array_add(list, evidence);
		gint64 line;
		if (!fields_string(item, "filter", 100, &evidence->filter, error) || !fields_integer(item, "line", 0, G_MAXINT32, &line, error) ||
		    !fields_string(item, "text", VERDICT_MAX_STRING, &evidence->text, error) ||
		    !fields_string(item, "where", 40, &evidence->where, error))
			return FALSE;
		evidence->line = (guint)line;
	}
	return TRUE;
}

json_t *verdict_request_to_json(const VerdictRequest *request)
{
	json_t *object = json_object();
	fields_set_string(object, "type", request_name(request->type));
	json_object_set_new(object, "confidence", json_real(request->confidence));
	json_object_set_new(object, "evidence", evidence_to_json(request->evidence));
	return object;
}

VerdictRequest *verdict_request_from_json(const json_t *json, GError **error)
{
	g_autofree char *type = NULL;
	VerdictRequest *request = verdict_request_new(REQUEST_MARKETING_OPT_OUT, 0);
	if (!fields_string(json, "type", 40, &type, error) ||
	    !fields_real(json, "confidence", 0, 1, &request->confidence, error) ||
	    !evidence_from_json(json, "evidence", request->evidence, error)) {
		verdict_request_free(request);
		return NULL;
	}
	if (!request_parse(type, &request->type)) {
		verdict_request_free(request);
		status_fail(error, STATUS_TEMPORARY, "\"type\" is no request of the vocabulary");
		return NULL;
	}
	return request;
}

/* --- facts: one table, so that writing and reading can't differ ------------------------------------------------ */

#define FACT(member) { #member, G_STRUCT_OFFSET(Facts, member) }
typedef struct { const char *key; gsize offset; } FactField;

static const FactField fact_strings[] = {
	FACT(message_id), FACT(from), FACT(from_name), FACT(reply_to), FACT(sender), FACT(subject), FACT(in_reply_to), FACT(auto_submitted),
	FACT(precedence), FACT(suppress), FACT(report_type), FACT(list_unsubscribe), FACT(feedback_type), FACT(original_message_id),
	FACT(authentication_reason), FACT(digest),
};
static const FactField fact_lists[] = { FACT(references), FACT(to), FACT(delivered_to), FACT(reported), FACT(unread), FACT(trouble) };
static const FactField fact_flags[] = {
	FACT(has_list_field), FACT(has_loop_field), FACT(is_flagged_spam), FACT(is_apple_unsubscribe), FACT(is_html_only), FACT(is_encrypted),
	FACT(is_forward), FACT(has_quote), FACT(is_truncated),
};
enum { FACT_MOST_ITEMS = 100 };

static json_t *facts_to_json(const Facts *facts)
{
	json_t *object = json_object();
	for (guint i = 0; i < G_N_ELEMENTS(fact_strings); i++) {
		const char *value = G_STRUCT_MEMBER(char *, facts, fact_strings[i].offset);
		/* Cut in the middle of a character at worst, which make_valid mends within the margin. */
		g_autofree char *cut = value ? g_utf8_make_valid(value, (gssize)strnlen(value, VERDICT_MAX_STRING - 16)) : NULL;
		if (cut)
			fields_set_string(object, fact_strings[i].key, cut);
	}
	for (guint i = 0; i < G_N_ELEMENTS(fact_lists); i++) {
		const GPtrArray *list = G_STRUCT_MEMBER(GPtrArray *, facts, fact_lists[i].offset);
		if (list->len)
			fields_set_strings(object, fact_lists[i].key, list);
	}
	for (guint i = 0; i < G_N_ELEMENTS(fact_flags); i++)
		json_object_set_new(object, fact_flags[i].key, json_boolean(G_STRUCT_MEMBER(gboolean, facts, fact_flags[i].offset)));
	json_object_set_new(object, "from_count", json_integer(facts->from_count));
	json_object_set_new(object, "date", json_integer(facts->date));
	fields_set_string(object, "authentication", evidence_level_name(facts->authentication));
	return object;
}

static gboolean facts_from_json(const json_t *object, Facts *facts, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(fact_strings); i++)
		if (!fields_optional_string(object, fact_strings[i].key, VERDICT_MAX_STRING,
		                            G_STRUCT_MEMBER_P(facts, fact_strings[i].offset), error))
			return FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(fact_lists); i++)
		if (!fields_strings(object, fact_lists[i].key, FACT_MOST_ITEMS, VERDICT_MAX_STRING,
		                    G_STRUCT_MEMBER(GPtrArray *, facts, fact_lists[i].offset), error))
			return FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(fact_flags); i++)
		if (!fields_boolean(object, fact_flags[i].key, G_STRUCT_MEMBER_P(facts, fact_flags[i].offset), error))
			return FALSE;
	gint64 from_count;
	g_autofree char *level = NULL;
	if (!fields_integer(object, "from_count", 0, G_MAXINT32, &from_count, error) ||
	    !fields_integer(object, "date", G_MININT64 / 2, G_MAXINT64 / 2, &facts->date, error) ||
	    !fields_string(object, "authentication", 4, &level, error))
		return FALSE;
	facts->from_count = (guint)from_count;
	if (!evidence_level_parse(level, &facts->authentication) || facts->authentication > EVIDENCE_E2)
		return status_fail(error, STATUS_TEMPORARY, "\"authentication\" is beyond what a message can prove");
	if (facts->from && !address_is_safe(facts->from))
		return status_fail(error, STATUS_TEMPORARY, "\"from\" is no safe address");
	return TRUE;
}

/* --- the verdict ------------------------------------------------------------------------------------------------ */

json_t *verdict_to_json(const Verdict *verdict)
{
	json_t *object = json_object();
	fields_set_string(object, "kind", kind_name(verdict->kind));
	json_object_set_new(object, "kind_evidence", evidence_to_json(verdict->kind_evidence));
	json_t *requests = json_array();
	for (guint i = 0; i < verdict->requests->len && i < VERDICT_MAX_REQUESTS; i++)
		json_array_append_new(requests, verdict_request_to_json(g_ptr_array_index(verdict->requests, i)));
	json_object_set_new(object, "requests", requests);
	fields_set_string(object, "language", verdict->language);
	fields_set_string(object, "review_reason", verdict->review_reason);
	fields_set_string(object, "subject_address", verdict->subject_address);
	fields_set_string(object, "law", verdict->names_law ? law_name(verdict->law) : NULL);
	json_object_set_new(object, "review", json_boolean(verdict->review));
	json_object_set_new(object, "urgent", json_boolean(verdict->urgent));
	json_object_set_new(object, "client_made", json_boolean(verdict->client_made));
	json_object_set_new(object, "agent", json_boolean(verdict->agent));
	json_object_set_new(object, "facts", facts_to_json(verdict->facts));
	return object;
}

static gboolean requests_from_json(const json_t *object, Verdict *verdict, GError **error)
{
	const json_t *array;
	if (!fields_array(object, "requests", VERDICT_MAX_REQUESTS, &array, error))
		return FALSE;
	for (size_t i = 0; i < json_array_size(array); i++) {
		VerdictRequest *request = verdict_request_from_json(json_array_get(array, i), error);
		if (!request)
			return FALSE;
		gboolean again = verdict_request(verdict, request->type) != NULL;
		g_ptr_array_add(verdict->requests, request);
		if (again)
			return status_fail(error, STATUS_TEMPORARY, "\"requests\" names %s twice", request_name(request->type));
	}
	return TRUE;
}

static gboolean read_verdict(const json_t *json, Verdict *verdict, GError **error)
{
	g_autofree char *kind = NULL, *law = NULL;
	const json_t *facts;
	if (!fields_string(json, "kind", 40, &kind, error) ||
	    !evidence_from_json(json, "kind_evidence", verdict->kind_evidence, error) || !requests_from_json(json, verdict, error) ||
	    !fields_optional_string(json, "language", 35, &verdict->language, error) ||
	    !fields_optional_string(json, "review_reason", 500, &verdict->review_reason, error) ||
	    !fields_optional_string(json, "subject_address", 254, &verdict->subject_address, error) ||
	    !fields_optional_string(json, "law", 20, &law, error) || !fields_boolean(json, "review", &verdict->review, error) ||
	    !fields_boolean(json, "urgent", &verdict->urgent, error) ||
	    !fields_boolean(json, "client_made", &verdict->client_made, error) ||
	    !fields_boolean(json, "agent", &verdict->agent, error) || !fields_object(json, "facts", &facts, error) ||
	    !facts_from_json(facts, verdict->facts, error))
		return FALSE;
	if (!kind_parse(kind, &verdict->kind))
		return status_fail(error, STATUS_TEMPORARY, "\"kind\" is no kind of the vocabulary");
	verdict->names_law = law != NULL;
	if (law && !law_parse(law, &verdict->law))
		return status_fail(error, STATUS_TEMPORARY, "\"law\" is no law of the vocabulary");
	if (verdict->subject_address && !address_is_safe(verdict->subject_address))
		return status_fail(error, STATUS_TEMPORARY, "\"subject_address\" is no safe address");
	if (verdict->kind == KIND_REQUEST && !verdict->requests->len && !verdict->review)
		return status_fail(error, STATUS_TEMPORARY, "a request asks for nothing");
	return TRUE;
}

Verdict *verdict_from_json(const json_t *json, GError **error)
{
	g_autoptr(Verdict) verdict = verdict_new();
	verdict->facts = facts_new();
	if (!json_is_object(json)) {
		status_fail(error, STATUS_TEMPORARY, "the reader's answer is no JSON object");
		return NULL;
	}
	if (!read_verdict(json, verdict, error)) {
		g_prefix_error(error, "the reader's answer: ");
		return NULL;
	}
	return g_steal_pointer(&verdict);
}
