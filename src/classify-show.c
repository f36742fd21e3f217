#include "classify-show.h"

#include "date.h"
#include "fields.h"

static Kind kind_of(const ClassifyResult *result)
{
	return result->opened->kind;
}

json_t *classify_result_to_json(const ClassifyResult *result)
{
	const Verdict *verdict = result->verdict;
	const Case *c = result->opened;
	json_t *object = json_object();
	fields_set_string(object, "file", result->file);
	fields_set_string(object, "kind", kind_name(kind_of(result)));
	json_t *requests = json_array();
	for (guint i = 0; verdict && i < verdict->requests->len; i++)
		json_array_append_new(requests, verdict_request_to_json(verdict->requests->pdata[i]));
	json_object_set_new(object, "requests", requests);
	fields_set_string(object, "language", c->language);
	fields_set_string(object, "law", result->is_due ? law_name(c->law) : NULL);
	json_object_set_new(object, "review", json_boolean(c->review && result->is_due));
	fields_set_string(object, "review_reason", c->review ? c->review_reason : NULL);
	fields_set_string(object, "subject_address", c->subject_address);
	json_object_set_new(object, "agent", json_boolean(c->agent));
	fields_set_string(object, "authentication", evidence_level_name(c->authentication));
	json_object_set_new(object, "answer", json_boolean(result->answer.answer == ANSWER_YES));
	fields_set_string(object, "answer_reason", result->answer.reason);
	return object;
}

static void show_request(Output *output, const VerdictRequest *request)
{
	output_line(output, OUTPUT_GOOD, "  %s %.2f", request_name(request->type), request->confidence);
	for (guint i = 0; i < request->evidence->len; i++) {
		const VerdictEvidence *evidence = request->evidence->pdata[i];
		if (evidence->line)
			output_line(output, OUTPUT_PLAIN, "    “%s” (%s, %s:%u)", evidence->text, evidence->where, evidence->filter, evidence->line);
		else
			output_line(output, OUTPUT_PLAIN, "    %s (%s)", evidence->text, evidence->where);
	}
}

void classify_result_show(Output *output, const ClassifyResult *result)
{
	const Case *c = result->opened;
	g_autofree char *due = result->is_due ? date_day(&c->due) : NULL;
	g_autoptr(GString) facts = g_string_new(kind_name(kind_of(result)));
	if (c->language)
		g_string_append_printf(facts, ", language %s", c->language);
	if (due)
		g_string_append_printf(facts, ", due %s (%s)", due, law_name(c->law));
	if (c->subject_address)
		g_string_append_printf(facts, ", for %s", c->subject_address);
	g_string_append_printf(facts, ", %s", evidence_level_name(c->authentication));

	output_line(output, OUTPUT_STRONG, "%s", result->file);
	output_line(output, OUTPUT_PLAIN, "  %s", facts->str);
	for (guint i = 0; result->verdict && i < result->verdict->requests->len; i++)
		show_request(output, result->verdict->requests->pdata[i]);
	if (c->review && result->is_due)
		output_line(output, OUTPUT_WARNING, "  review: %s", c->review_reason ? c->review_reason : "");
	output_line(output, OUTPUT_FAINT, "  %s: %s", result->answer.answer == ANSWER_YES ? "would be answered" : "no answer", result->answer.reason);
}

/* --- summed up -------------------------------------------------------------------------------------------------- */

struct ClassifySummary {
	GDate today;
	GTimeZone *zone;
	guint messages, unread, review, urgent, apple, client_made, past_due;
	guint kinds[KIND_COUNT], requests[REQUEST_COUNT];
	gint64 first, last;        /* of their Date fields; 0: none */
};

ClassifySummary *classify_summary_new(const Config *config, gint64 now)
{
	ClassifySummary *summary = g_new0(ClassifySummary, 1);
	summary->zone = config->timezone;
	date_of_instant(now, config->timezone, &summary->today);
	return summary;
}

void classify_summary_add(ClassifySummary *summary, const ClassifyResult *result)
{
	const Verdict *verdict = result->verdict;
	summary->messages++;
	summary->kinds[kind_of(result)]++;
	summary->review += result->is_due && result->opened->review;
	if (!verdict)
		return;
	for (guint i = 0; i < verdict->requests->len; i++)
		summary->requests[((const VerdictRequest *)verdict->requests->pdata[i])->type]++;
	summary->urgent += verdict->urgent;
	summary->apple += verdict->client_made && verdict->facts->is_apple_unsubscribe;
	summary->client_made += verdict->client_made;
	const GDate *due = &result->opened->due;
	gboolean has_request = verdict->kind == KIND_REQUEST && verdict->requests->len;
	summary->past_due += has_request && g_date_valid(due) && g_date_compare(due, &summary->today) < 0;
	gint64 date = verdict->facts->date;
	if (date > 0) {
		summary->first = summary->first ? MIN(summary->first, date) : date;
		summary->last = MAX(summary->last, date);
	}
}

void classify_summary_set_unread(ClassifySummary *summary, guint files)
{
	summary->unread = files;
}

void classify_summary_free(ClassifySummary *summary)
{
	g_free(summary);
}

static char *day_of(const ClassifySummary *summary, gint64 instant)
{
	if (!instant)
		return NULL;
	GDate day;
	date_of_instant(instant, summary->zone, &day);
	return date_day(&day);
}

static json_t *counts(const guint *list, guint count, const char *(*name)(guint))
{
	json_t *object = json_object();
	for (guint i = 0; i < count; i++)
		if (list[i])
			json_object_set_new(object, name(i), json_integer(list[i]));
	return object;
}

static const char *name_of_kind(guint kind) { return kind_name((Kind)kind); }
static const char *name_of_request(guint type) { return request_name((RequestType)type); }

static void show_counts(Output *output, const char *title, const guint *list, guint count, const char *(*name)(guint))
{
	output_line(output, OUTPUT_STRONG, "%s", title);
	for (guint i = 0; i < count; i++)
		if (list[i])
			output_line(output, OUTPUT_PLAIN, "%8u  %s", list[i], name(i));
}

void classify_summary_show(Output *output, const ClassifySummary *summary)
{
	g_autofree char *first = day_of(summary, summary->first), *last = day_of(summary, summary->last);
	if (output_is_json(output)) {
		json_t *object = json_pack("{s:i,s:i,s:s?,s:s?}", "messages", (int)summary->messages, "unreadable_files", (int)summary->unread,
					   "first", first, "last", last);
		json_object_set_new(object, "kinds", counts(summary->kinds, KIND_COUNT, name_of_kind));
		json_object_set_new(object, "requests", counts(summary->requests, REQUEST_COUNT, name_of_request));
		json_object_set_new(object, "client_made", json_integer(summary->client_made));
		json_object_set_new(object, "apple", json_integer(summary->apple));
		json_object_set_new(object, "review", json_integer(summary->review));
		json_object_set_new(object, "urgent", json_integer(summary->urgent));
		json_object_set_new(object, "past_due", json_integer(summary->past_due));
		output_object(output, object);
		return;
	}
	output_line(output, OUTPUT_STRONG, "%u messages%s%s%s%s", summary->messages, first ? ", " : "", first ? first : "", last ? " to " : "",
		    last ? last : "");
	if (summary->unread)
		output_line(output, OUTPUT_BAD, "%8u  files could not be read", summary->unread);
	show_counts(output, "What they are", summary->kinds, KIND_COUNT, name_of_kind);
	show_counts(output, "What they ask", summary->requests, REQUEST_COUNT, name_of_request);
	output_line(output, OUTPUT_STRONG, "What to look at");
	output_line(output, OUTPUT_PLAIN, "%8u  made by an unsubscribe button (%u by Apple Mail's)", summary->client_made, summary->apple);
	output_line(output, OUTPUT_WARNING, "%8u  need a person to decide what they are", summary->review);
	output_line(output, OUTPUT_WARNING, "%8u  urgent: from an authority or a lawyer, or about an incident", summary->urgent);
	output_line(output, OUTPUT_BAD, "%8u  requests past their due day, if nobody answered them", summary->past_due);
}
