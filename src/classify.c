#include "classify.h"

#include <string.h>

#include "address.h"
#include "clear.h"
#include "machine.h"
#include "recipient.h"
#include "score.h"

/* Words: a person's opt-out alone is not longer than LONG_TEXT, and out-of-office texts not than the last. */
enum { LITTLE_TEXT = CLEAR_LITTLE_TEXT, SHORT_TEXT = CLEAR_SHORT_TEXT, LONG_TEXT = 150, AUTO_REPLY_TEXT = 200 };

typedef struct {
	Verdict *verdict;
	const Facts *facts;
	const ClassifyContext *context;
	const Score *score;
	const char *recipient;
	gboolean has_role;
	Role role;
} Judgement;

/* --- what every decision is written with ------------------------------------------------------------------------------- */

/* The first reason stays: steps are in the order of what an operator wants to know first. */
static void review(Judgement *j, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void review(Judgement *j, const char *format, ...)
{
	j->verdict->review = TRUE;
	if (j->verdict->review_reason)
		return;
	va_list args;
	va_start(args, format);
	j->verdict->review_reason = g_strdup_vprintf(format, args);
	va_end(args);
}

static void add_evidence(GPtrArray *to, const GPtrArray *from)
{
	for (guint i = 0; from && i < from->len && to->len < VERDICT_MAX_EVIDENCE; i++) {
		const VerdictEvidence *evidence = from->pdata[i];
		g_ptr_array_add(to, verdict_evidence_new(evidence->filter, evidence->line, evidence->text, evidence->where));
	}
}

static void settle_kind(Judgement *j, Kind kind, const char *why)
{
	j->verdict->kind = kind;
	if (why)
		g_ptr_array_add(j->verdict->kind_evidence, verdict_evidence_new("built-in", 0, why, "header"));
	add_evidence(j->verdict->kind_evidence, j->score->kinds[kind].evidence);
}

static VerdictRequest *add_request(Judgement *j, RequestType type, double confidence, const GPtrArray *evidence)
{
	VerdictRequest *request = verdict_request_new(type, confidence);
	add_evidence(request->evidence, evidence);
	g_ptr_array_add(j->verdict->requests, request);
	return request;
}

static gint compare_requests(gconstpointer a, gconstpointer b)
{
	const VerdictRequest *one = *(VerdictRequest *const *)a, *two = *(VerdictRequest *const *)b;
	if (one->confidence != two->confidence)
		return one->confidence > two->confidence ? -1 : 1;
	return (gint)one->type - (gint)two->type;
}

static void add_readings(Judgement *j, double least)
{
	for (RequestType type = 0; type < REQUEST_COUNT; type++)
		if (j->score->requests[type].confidence >= least)
			add_request(j, type, j->score->requests[type].confidence, j->score->requests[type].evidence);
}

static gboolean is_opt_out_address(const Judgement *j)
{
	return j->has_role && j->role == ROLE_OPT_OUT;
}

/* --- machine mail --------------------------------------------------------------------------------------------------------- */

static void settle_client_made(Judgement *j, const char *why)
{
	settle_kind(j, KIND_REQUEST, NULL);
	j->verdict->client_made = TRUE;
	VerdictRequest *request = add_request(j, REQUEST_MARKETING_OPT_OUT, 0.99, j->score->client_made.evidence);
	if (!request->evidence->len)
		g_ptr_array_add(request->evidence, verdict_evidence_new("built-in", 0, why, "header"));
}

/* Mail of a program or a list may still carry a person's request, from a form or through a group's address: nothing is done for it
 * unseen, and nothing is lost. */
static void review_if_it_asks(Judgement *j, const char *reason)
{
	if (j->score->words > SHORT_TEXT)
		return;
	add_readings(j, SCORE_STRONG);
	if (j->verdict->requests->len)
		review(j, "it reads like a request, but: %s", reason);
}

/* An out-of-office says so in a header or in words; a null sender alone says only that nobody waits for an answer. */
static void settle_automatic(Judgement *j, Kind kind, const char *why)
{
	settle_kind(j, kind, why);
	if (kind != KIND_AUTO_REPLY || (!j->facts->auto_submitted && j->score->kinds[KIND_AUTO_REPLY].confidence == 0))
		review_if_it_asks(j, why);
}

/* --- meaning ---------------------------------------------------------------------------------------------------------------- */

/* How plausible another request must be beside the clear ones to be worth a question: beside a mere opt-out, any sign of a
 * graver one; beside those, letters name many articles. */
static double worth_asking(const Judgement *j)
{
	for (RequestType type = 0; type < REQUEST_COUNT; type++)
		if (clear_is(j->score, type) && !request_is_fulfilled_by_record(type))
			return CLASSIFY_ACCEPTED;
	return CLASSIFY_PLAUSIBLE;
}

/* Takes the clear requests, and looks for graver ones that may be meant too. */
static void settle_requests(Judgement *j)
{
	settle_kind(j, KIND_REQUEST, NULL);
	for (RequestType type = 0; type < REQUEST_COUNT; type++) {
		const Sign *sign = &j->score->requests[type];
		if (clear_is(j->score, type)) {
			add_request(j, type, sign->confidence, sign->evidence);
		} else if (clear_is_grave(type) && sign->confidence >= worth_asking(j)) {
			add_request(j, type, MIN(sign->confidence, CLASSIFY_ACCEPTED), sign->evidence);
			review(j, "it may ask for %s too", request_name(type));
		}
	}
}

/* Nothing is clear, but something is plausible. */
static void settle_plausible(Judgement *j)
{
	settle_kind(j, KIND_REQUEST, NULL);
	add_readings(j, CLASSIFY_PLAUSIBLE);
	review(j, "not clear what it asks for");
}

static double best_confidence(const Judgement *j)
{
	double best = 0;
	for (RequestType type = 0; type < REQUEST_COUNT; type++)
		best = MAX(best, j->score->requests[type].confidence);
	return best;
}

static void settle_enquiry(Judgement *j)
{
	const Score *score = j->score;
	settle_kind(j, KIND_ENQUIRY, NULL);
	for (RequestType type = 0; type < REQUEST_COUNT; type++)
		add_evidence(j->verdict->kind_evidence, score->spoken_of[type].evidence);
	if (j->facts->unread->len && score->words < LITTLE_TEXT)
		review(j, "its meaning may lie in an attachment (%s)", (const char *)j->facts->unread->pdata[0]);
	else if (score->words >= 6 && score->known < 0.12)
		review(j, "in no language that the filters know");
	else if (score->words == 0 && !(j->facts->subject && *j->facts->subject))
		review(j, "it is empty");
	else if (j->has_role && clear_wishes_something_else(j->score, j->facts->text))
		review(j, "it wishes something that the filters do not know");
}

/* Whoever writes to such an address wants out, unless the words say otherwise. */
static void settle_at_opt_out_address(Judgement *j)
{
	const Sign *opt_out = &j->score->requests[REQUEST_MARKETING_OPT_OUT];
	gboolean opts_out = clear_is(j->score, REQUEST_MARKETING_OPT_OUT);
	if (!opts_out && clear_is_other_question(j->score)) {
		settle_enquiry(j);
		return;
	}
	settle_requests(j);
	if (opts_out)
		return;
	VerdictRequest *request = add_request(j, REQUEST_MARKETING_OPT_OUT, 0.85, opt_out->evidence);
	const char *address = j->recipient ? j->recipient : "the address is for opt-outs", *doubt = clear_doubt_at_opt_out_address(j->score);
	g_ptr_array_add(request->evidence, verdict_evidence_new("built-in", 0, address, "recipient"));
	if (doubt)
		review(j, "%s", doubt);
}

static gboolean is_reply(const Facts *facts)
{
	return facts->in_reply_to || facts->references->len || facts->has_quote || facts->is_forward;
}

/* "To be removed, …" at the end of somebody's long letter is their offer to others, and the sign of spam; people who want out are
 * brief, answer what they got, or name their law. */
static void review_lone_opt_out(Judgement *j)
{
	const Sign *laws = j->score->laws;
	gboolean is_letter = laws[LAW_GDPR].is_strong || laws[LAW_UK_GDPR].is_strong || laws[LAW_CCPA].is_strong;
	if (j->score->words <= LONG_TEXT || is_letter || is_reply(j->facts) || j->verdict->requests->len != 1)
		return;
	const VerdictRequest *request = j->verdict->requests->pdata[0];
	if (request->type == REQUEST_MARKETING_OPT_OUT)
		review(j, "a long text, in which only the opt-out is understood");
}

static void settle_meaning(Judgement *j)
{
	const Sign *kinds = j->score->kinds;
	gboolean asks = clear_any(j->score);
	if (kinds[KIND_AUTO_REPLY].is_strong && !asks && j->score->words <= AUTO_REPLY_TEXT) {
		settle_kind(j, KIND_AUTO_REPLY, NULL);
	} else if (kinds[KIND_UNRELATED].is_strong && (asks ? j->score->words > SHORT_TEXT : !clear_any_plausible(j->score, clear_is_grave))) {
		settle_kind(j, KIND_UNRELATED, NULL);
	} else if (is_opt_out_address(j)) {
		settle_at_opt_out_address(j);
	} else if (asks) {
		settle_requests(j);
		review_lone_opt_out(j);
		if (kinds[KIND_UNRELATED].is_strong && kinds[KIND_UNRELATED].confidence > best_confidence(j))
			review(j, "it has the words of a newsletter");
	} else if (kinds[KIND_CONFIRMATION].is_strong && is_reply(j->facts)) {
		settle_kind(j, KIND_CONFIRMATION, NULL);
		review(j, "it seems to answer a question of ours");
	} else if (clear_any_plausible(j->score, NULL) && kinds[KIND_ENQUIRY].confidence < 0.9 && !clear_any_spoken_of(j->score)) {
		settle_plausible(j);
	} else {
		settle_enquiry(j);
	}
	if (kinds[KIND_AUTO_REPLY].is_strong && j->verdict->kind == KIND_REQUEST)
		review(j, "it has the words of an automatic reply");
}

/* --- who, by which law, and what else an operator must know -------------------------------------------------------------- */

/* Addresses in the text that can be a data subject's: not the writer's, not ours. */
static const char *other_address(const Judgement *j, gboolean announced_only, guint *count)
{
	const char *found = NULL;
	const char *ours = j->recipient ? address_domain(j->recipient) : NULL;
	*count = 0;
	for (guint i = 0; i < j->score->addresses->len; i++) {
		const ScoreAddress *candidate = j->score->addresses->pdata[i];
		const char *domain = address_domain(candidate->address);
		if (address_same(candidate->address, j->facts->from) || (ours && domain && g_ascii_strcasecmp(ours, domain) == 0) ||
		    address_is_robot(candidate->address) || (announced_only && !candidate->is_announced))
			continue;
		found = candidate->address;
		++*count;
	}
	return found;
}

static void settle_reported(Judgement *j)
{
	const GPtrArray *reported = j->facts->reported;
	for (guint i = 0; i < reported->len; i++)
		if (address_is_safe(reported->pdata[i]) && !j->verdict->subject_address)
			j->verdict->subject_address = g_strdup(reported->pdata[i]);
}

static void settle_subject(Judgement *j)
{
	Verdict *verdict = j->verdict;
	if (verdict->kind == KIND_FEEDBACK_REPORT) {
		settle_reported(j);
		return;
	}
	if (kind_is_machine(verdict->kind) || verdict->kind == KIND_UNRELATED)
		return;
	verdict->agent = j->score->agent.is_strong;
	guint count;
	const char *other = other_address(j, !verdict->agent, &count);
	if (verdict->client_made)
		other = NULL;
	if (other && count == 1)
		verdict->subject_address = g_strdup(other);
	else if (j->facts->from && address_is_safe(j->facts->from) && !(verdict->agent && verdict->kind == KIND_REQUEST))
		verdict->subject_address = g_strdup(j->facts->from);
	if (verdict->kind != KIND_REQUEST)
		return;
	if (other && count > 1)
		review(j, "it names several addresses");
	else if (verdict->agent && !verdict->subject_address)
		review(j, "written for someone else, whose address it does not name");
	else if (!verdict->subject_address)
		review(j, j->facts->from_count > 1 ? "several From addresses" : "no From address that can be used");
}

static void settle_law(Judgement *j)
{
	double best = 0;
	for (Law law = 0; law < LAW_COUNT; law++) {
		double confidence = j->score->laws[law].confidence;
		/* The UK's letters name both regulations, those from the states of the USA more than one act: the later is the narrower. */
		if (confidence > best || (confidence == best && best > 0 && law == LAW_UK_GDPR)) {
			best = confidence;
			j->verdict->law = law;
		}
	}
	j->verdict->names_law = best >= 0.9;
	if (!j->verdict->names_law)
		j->verdict->law = 0;
}

/* What was not read could say anything. */
static void settle_trouble(Judgement *j)
{
	const Facts *facts = j->facts;
	if (j->score->urgent.is_strong) {
		j->verdict->urgent = TRUE;
		g_clear_pointer(&j->verdict->review_reason, g_free);
		review(j, "it has the words of an authority, a lawyer or an incident");
	}
	if (facts->is_encrypted)
		review(j, "it is encrypted");
	if (facts->trouble->len)
		review(j, "%s", (const char *)facts->trouble->pdata[0]);
	if (facts->is_truncated)
		review(j, "longer than the limit: its end was not read");
	if (j->score->is_cut)
		review(j, "too many phrases to judge them all");
}

static void settle_rest(Judgement *j)
{
	settle_subject(j);
	settle_law(j);
	j->verdict->language = g_strdup(j->score->language);
	if (!kind_is_machine(j->verdict->kind) && j->verdict->kind != KIND_UNRELATED)
		settle_trouble(j);
	g_ptr_array_sort(j->verdict->requests, compare_requests);
}

static void drop_text(Facts *facts)
{
	g_clear_pointer(&facts->text, g_free);
	g_clear_pointer(&facts->rest, g_free);
}

Verdict *classify(Facts *facts, const ClassifyContext *context, const Filters *filters)
{
	Verdict *verdict = verdict_new();
	g_autoptr(Score) score = score_new(facts->subject, facts->text, is_reply(facts), filters);
	const char *recipient = context->recipient ? context->recipient : recipient_of(facts, context->delimiter), *why;
	Judgement j = { .verdict = verdict, .facts = facts, .context = context, .score = score, .recipient = recipient };
	j.has_role = context->role ? role_parse(context->role, &j.role) : recipient_usual_role(recipient, context->delimiter, &j.role);

	if ((why = machine_delivery_report(facts, context->sender, score)))
		settle_kind(&j, KIND_DELIVERY_REPORT, why);
	else if ((why = machine_client_made(facts, score)))
		settle_client_made(&j, why);
	else if ((why = machine_feedback_report(facts, score)))
		settle_kind(&j, KIND_FEEDBACK_REPORT, why);
	else if ((why = machine_disposition_report(facts, score)))
		settle_kind(&j, KIND_DISPOSITION_REPORT, why);
	else if ((why = machine_auto_reply(facts, context->sender, score)))
		settle_automatic(&j, KIND_AUTO_REPLY, why);
	else if ((why = machine_bulk_mail(facts)))
		settle_automatic(&j, KIND_UNRELATED, why);
	else
		settle_meaning(&j);

	settle_rest(&j);
	drop_text(facts);
	verdict->facts = facts;
	return verdict;
}
