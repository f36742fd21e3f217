#include "answerable.h"

#include <string.h>

#include "address.h"

/* What the checks look at. */
typedef struct {
	const Config *config;
	const Envelope *envelope;
	const Verdict *verdict;
	const Facts *facts;
	const ConfigAddress *recipient;
	const AnswerHistory *history;
	char *sender;             /* envelope sender without BATV */
} Question;

/* A check gives the reason that settles the question, or NULL. */
typedef const char *(*Check)(const Question *question);

/* --- never ------------------------------------------------------------------------------------------------------ */

static const char *what_it_is(const Question *q)
{
	if (q->verdict->kind != KIND_REQUEST)
		return q->verdict->kind == KIND_ENQUIRY ? "an enquiry is answered by a person" : "it is no request";
	if (q->verdict->client_made && !q->config->answer_client_made)
		return "made by a mail client's unsubscribe button, and answer-client-made is off";
	return NULL;
}

/* RFC 3834 section 2: no response to automatic mail, lists, loops or robots. */
static const char *automatic(const Question *q)
{
	const Facts *facts = q->facts;
	if (!*q->sender)
		return "null envelope sender";
	/* Apple Mail marks what its user's click sends as auto-replied; answer-client-made is then the operator's wish. */
	if (facts->auto_submitted && !g_str_equal(facts->auto_submitted, "no") && !q->verdict->client_made)
		return "Auto-Submitted says it is automatic";
	if (facts->has_list_field)
		return "it came over a mailing list";
	if (facts->precedence && (g_str_equal(facts->precedence, "bulk") || g_str_equal(facts->precedence, "junk") || g_str_equal(facts->precedence, "list")))
		return "Precedence says it is bulk mail";
	if (facts->suppress && (strstr(facts->suppress, "all") || strstr(facts->suppress, "oof") || strstr(facts->suppress, "autoreply")))
		return "X-Auto-Response-Suppress forbids it";
	if (facts->has_loop_field)
		return "it has passed an automatic responder";
	if (facts->report_type)
		return "it is a report";
	if (facts->is_flagged_spam)
		return "a spam filter flagged it";
	if (address_is_robot(q->sender) || (facts->from && address_is_robot(facts->from)))
		return "its sender is a robot's address";
	return NULL;
}

static const char *ourselves(const Question *q)
{
	if (envelope_is_ours(q->config, q->sender) || envelope_is_ours(q->config, q->facts->from))
		return "it comes from an address of our own";
	return NULL;
}

/* RFC 3834 section 2, personal responders: only mail that names us. */
static const char *not_to_us(const Question *q)
{
	for (guint i = 0; i < q->facts->to->len; i++)
		if (envelope_our_address(q->config, g_ptr_array_index(q->facts->to, i)) == q->recipient)
			return NULL;
	return "our address is in neither To nor Cc";
}

static const char *answered_before(const Question *q)
{
	return q->history && q->history->same_matter ? "the same sender was answered in this matter within answer-window" : NULL;
}

/* --- only if an operator says so -------------------------------------------------------------------------------- */

static const char *undecided(const Question *q)
{
	return q->verdict->review ? "an operator must first decide what it asks" : NULL;
}

/* A reply to a forged sender makes us a reflector: the domain must vouch for From, and the reply goes to no other address. */
static const char *unproven(const Question *q)
{
	if (q->facts->from_count != 1 || !q->facts->from)
		return "it has no single From address that can be written to";
	if (!address_is_safe(q->sender))
		return "its envelope sender is no address that can be written to";
	if (!address_same(q->sender, q->facts->from))
		return "envelope sender and From differ";
	if (!q->config->authserv_id)
		return "no authserv-id is configured, so that nobody is authenticated";
	if (q->facts->authentication < EVIDENCE_E2)
		return "the sender is not authenticated";
	return NULL;
}

/* Our letters carry Message-IDs of our addresses' domains.  What comes with one is a loop, or a colleague's mail: a person can tell. */
static const char *of_our_making(const Question *q)
{
	const char *domain = address_domain(q->facts->message_id);
	for (guint i = 0; domain && i < q->config->addresses->len; i++) {
		const char *ours = address_domain(((const ConfigAddress *)g_ptr_array_index(q->config->addresses, i))->address);
		if (ours && g_ascii_strcasecmp(domain, ours) == 0)
			return "its Message-ID is of our own domain";
	}
	return NULL;
}

static const char *too_many(const Question *q)
{
	if (!q->history)
		return NULL;
	if (q->history->to_address_today >= q->config->answers_per_address)
		return "answers-per-address is reached today";
	if (q->history->to_domain_today >= q->config->answers_per_domain)
		return "answers-per-domain is reached today";
	if (q->history->to_anyone_this_hour >= q->config->answers_in_all)
		return "answers-in-all is reached this hour";
	return NULL;
}

/* ---------------------------------------------------------------------------------------------------------------- */

Answerability answerable(const Config *config, const Envelope *envelope, const Verdict *verdict, const ConfigAddress *recipient,
			 const AnswerHistory *history)
{
	static const struct { Check check; Answer answer; } checks[] = {
		{ what_it_is, ANSWER_NO },      { automatic, ANSWER_NO }, { ourselves, ANSWER_NO },  { not_to_us, ANSWER_NO },
		{ answered_before, ANSWER_NO }, { unproven, ANSWER_HELD }, { of_our_making, ANSWER_HELD },
		{ too_many, ANSWER_HELD },      { undecided, ANSWER_HELD },
	};
	Question question = { config, envelope, verdict, verdict->facts, recipient, history, address_without_batv(envelope->sender) };
	Answerability result = { ANSWER_YES, NULL };
	for (guint i = 0; i < G_N_ELEMENTS(checks) && !result.reason; i++) {
		const char *reason = checks[i].check(&question);
		if (reason)
			result = (Answerability){ checks[i].answer, g_strdup(reason) };
	}
	if (!result.reason)
		result.reason = g_strdup("the domain vouches for From, which is the envelope sender");
	g_free(question.sender);
	return result;
}

void answerability_clear(Answerability *answerability)
{
	g_clear_pointer(&answerability->reason, g_free);
}
