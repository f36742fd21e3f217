#include "case.h"

#include "answerable.h"
#include "date.h"
#include "fields.h"
#include "status.h"
#include "value.h"

enum { CASE_VERSION = 1 };

static const char *const answer_names[] = { [ANSWER_NO] = "no", [ANSWER_HELD] = "held", [ANSWER_YES] = "yes" };

Case *case_new(void)
{
	Case *c = g_new0(Case, 1);
	c->requests = g_ptr_array_new_with_free_func((GDestroyNotify)case_request_free);
	g_date_clear(&c->due, 1);
	return c;
}

void case_free(Case *c)
{
	if (!c)
		return;
	g_ptr_array_unref(c->requests);
	char *const strings[] = {
		c->controller, c->address,    c->subject_address, c->from,          c->sender,
		c->message_id, c->subject,    c->language,        c->review_reason, c->authentication_reason,
		c->answer_reason,
	};
	for (guint i = 0; i < G_N_ELEMENTS(strings); i++)
		g_free(strings[i]);
	g_free(c);
}

CaseRequest *case_request_new(VerdictRequest *asked, Law law, const GDate *due)
{
	CaseRequest *request = g_new0(CaseRequest, 1);
	request->asked = asked;
	request->law = law;
	if (due)
		request->due = *due;
	else
		g_date_clear(&request->due, 1);
	return request;
}

void case_request_free(CaseRequest *request)
{
	if (!request)
		return;
	verdict_request_free(request->asked);
	g_free(request);
}

/* The public shape of a request with its own clock. */
static json_t *request_to_json(const CaseRequest *request)
{
	json_t *json = verdict_request_to_json(request->asked);
	fields_set_string(json, "law", law_name(request->law));
	value_set_day(json, "due", &request->due);
	return json;
}

static CaseRequest *request_from_json(const json_t *json, GError **error)
{
	Law law;
	GDate due;
	if (!json_is_object(json)) {
		status_fail(error, STATUS_TEMPORARY, "a stored request is not an object");
		return NULL;
	}
	if (!value_law(json, "law", &law, error) || !value_day(json, "due", &due, error))
		return NULL;
	VerdictRequest *asked = verdict_request_from_json(json, error);
	return asked ? case_request_new(asked, law, &due) : NULL;
}

static void set_requests(json_t *json, const Case *c)
{
	json_t *requests = json_array();
	for (guint i = 0; i < c->requests->len; i++)
		json_array_append_new(requests, request_to_json(g_ptr_array_index(c->requests, i)));
	json_object_set_new(json, "requests", requests);
}

json_t *case_to_json(const Case *c)
{
	json_t *json = value_new(CASE_VERSION);
	fields_set_string(json, "uuid", c->uuid);
	fields_set_string(json, "reference", c->reference);
	value_set_integer(json, "record", (gint64)c->record);
	fields_set_string(json, "state", case_state_name(c->state));
	fields_set_string(json, "kind", kind_name(c->kind));
	set_requests(json, c);
	fields_set_string(json, "controller", c->controller);
	fields_set_string(json, "address", c->address);
	fields_set_string(json, "role", role_name(c->role));
	fields_set_string(json, "subject_address", c->subject_address);
	fields_set_string(json, "from", c->from);
	fields_set_string(json, "sender", c->sender);
	fields_set_string(json, "message_id", c->message_id);
	fields_set_string(json, "subject", c->subject);
	value_set_integer(json, "received", c->received);
	value_set_day(json, "due", &c->due);
	fields_set_string(json, "law", law_name(c->law));
	fields_set_string(json, "language", c->language);
	value_set_boolean(json, "review", c->review);
	fields_set_string(json, "review_reason", c->review_reason);
	value_set_boolean(json, "urgent", c->urgent);
	value_set_boolean(json, "agent", c->agent);
	value_set_boolean(json, "client_made", c->client_made);
	value_set_boolean(json, "observed", c->observed);
	fields_set_string(json, "authentication", evidence_level_name(c->authentication));
	fields_set_string(json, "authentication_reason", c->authentication_reason);
	fields_set_string(json, "answer", answer_names[CLAMP(c->answer, ANSWER_NO, ANSWER_YES)]);
	fields_set_string(json, "answer_reason", c->answer_reason);
	return json;
}

static gboolean read_requests(const json_t *json, Case *c, GError **error)
{
	const json_t *requests;
	if (!fields_array(json, "requests", VERDICT_MAX_REQUESTS, &requests, error))
		return FALSE;
	for (gsize i = 0; i < json_array_size(requests); i++) {
		CaseRequest *request = request_from_json(json_array_get(requests, i), error);
		if (!request)
			return FALSE;
		g_ptr_array_add(c->requests, request);
	}
	return TRUE;
}

static gboolean read_answer(const json_t *json, int *answer, GError **error)
{
	g_autofree char *word = NULL;
	if (!fields_string(json, "answer", 64, &word, error))
		return FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(answer_names); i++) {
		if (g_str_equal(word, answer_names[i])) {
			*answer = (int)i;
			return TRUE;
		}
	}
	return status_fail(error, STATUS_TEMPORARY, "field \"answer\" holds an unknown word");
}

/* Who wrote, to whom, about what. */
static gboolean read_parties(const json_t *json, Case *c, GError **error)
{
	return value_optional_string(json, "controller", &c->controller, error) &&
	       value_optional_string(json, "address", &c->address, error) &&
	       value_role(json, "role", &c->role, error) &&
	       value_optional_string(json, "subject_address", &c->subject_address, error) &&
	       value_optional_string(json, "from", &c->from, error) &&
	       value_optional_string(json, "sender", &c->sender, error) &&
	       value_optional_string(json, "message_id", &c->message_id, error) &&
	       value_optional_string(json, "subject", &c->subject, error);
}

/* What was made of it. */
static gboolean read_judgement(const json_t *json, Case *c, GError **error)
{
	return value_instant(json, "received", &c->received, error) &&
	       value_day(json, "due", &c->due, error) &&
	       value_law(json, "law", &c->law, error) &&
	       value_optional_string(json, "language", &c->language, error) &&
	       fields_boolean(json, "review", &c->review, error) &&
	       value_optional_string(json, "review_reason", &c->review_reason, error) &&
	       fields_boolean(json, "urgent", &c->urgent, error) &&
	       fields_boolean(json, "agent", &c->agent, error) &&
	       fields_boolean(json, "client_made", &c->client_made, error) &&
	       fields_boolean(json, "observed", &c->observed, error) &&
	       value_evidence_level(json, "authentication", &c->authentication, error) &&
	       value_optional_string(json, "authentication_reason", &c->authentication_reason, error) &&
	       read_answer(json, &c->answer, error) &&
	       value_optional_string(json, "answer_reason", &c->answer_reason, error);
}

Case *case_from_json(const json_t *json, GError **error)
{
	if (!value_check_version(json, "case", CASE_VERSION, error))
		return NULL;
	g_autoptr(Case) c = case_new();
	if (value_uuid(json, "uuid", c->uuid, error) &&
	    value_reference(json, "reference", c->reference, error) &&
	    value_number(json, "record", &c->record, error) &&
	    value_case_state(json, "state", &c->state, error) &&
	    value_kind(json, "kind", &c->kind, error) &&
	    read_requests(json, c, error) &&
	    read_parties(json, c, error) &&
	    read_judgement(json, c, error))
		return g_steal_pointer(&c);
	return NULL;
}

json_t *case_to_public_json(const Case *c)
{
	g_autofree char *received = date_instant(c->received);
	json_t *json = json_object();
	fields_set_string(json, "ref", c->reference);
	fields_set_string(json, "uuid", c->uuid);
	fields_set_string(json, "state", case_state_name(c->state));
	set_requests(json, c);
	fields_set_string(json, "subject_address", c->subject_address);
	fields_set_string(json, "received", received);
	value_set_day(json, "due", &c->due);
	fields_set_string(json, "law", law_name(c->law));
	fields_set_string(json, "language", c->language);
	fields_set_string(json, "message_id", c->message_id);
	fields_set_string(json, "review_reason", c->review_reason);
	fields_set_string(json, "kind", kind_name(c->kind));
	fields_set_string(json, "controller", c->controller);
	fields_set_string(json, "subject", c->subject);
	fields_set_string(json, "authentication", evidence_level_name(c->authentication));
	json_object_set_new(json, "urgent", json_boolean(c->urgent));
	json_object_set_new(json, "observed", json_boolean(c->observed));
	return json;
}
