#include "clear.h"

#include <string.h>

/* Words: so few say nothing else; a sentence. */
enum { FEW_WORDS = 3, ONE_SENTENCE = 10 };

/* From this share of known words on the filters understand the language, so that what they don't find isn't there. */
#define UNDERSTOOD 0.2

/* Words alone, without a phrase that says it, do in a short text that says nothing else. */
gboolean clear_is(const Score *score, RequestType type)
{
	const Sign *sign = &score->requests[type];
	if (sign->is_strong)
		return TRUE;
	if (sign->confidence < CLEAR_ACCEPTED || score->spoken_of[type].confidence > 0 || score->kinds[KIND_ENQUIRY].is_strong)
		return FALSE;
	for (RequestType other = 0; other < REQUEST_COUNT; other++)
		if (score->requests[other].is_strong)
			return FALSE;
	return score->words <= CLEAR_LITTLE_TEXT;
}

gboolean clear_any(const Score *score)
{
	for (RequestType type = 0; type < REQUEST_COUNT; type++)
		if (clear_is(score, type))
			return TRUE;
	return FALSE;
}

gboolean clear_any_plausible(const Score *score, gboolean (*of_kind)(RequestType type))
{
	for (RequestType type = 0; type < REQUEST_COUNT; type++)
		if (score->requests[type].confidence >= CLEAR_PLAUSIBLE && (!of_kind || of_kind(type)))
			return TRUE;
	return FALSE;
}

gboolean clear_is_grave(RequestType type)
{
	return type == REQUEST_ERASURE || type == REQUEST_ACCESS || type == REQUEST_RECTIFICATION || type == REQUEST_PORTABILITY;
}

gboolean clear_any_spoken_of(const Score *score)
{
	for (RequestType type = 0; type < REQUEST_COUNT; type++)
		if (score->spoken_of[type].confidence > 0)
			return TRUE;
	return FALSE;
}

/* A wish that is none of the requests, and no question: perhaps one in words that nobody wrote into the filters yet. */
gboolean clear_wishes_something_else(const Score *score, const char *text)
{
	const Sign *kinds = score->kinds;
	gboolean is_nothing_known = kinds[KIND_ENQUIRY].confidence == 0 && kinds[KIND_UNRELATED].confidence == 0 &&
				    kinds[KIND_AUTO_REPLY].confidence == 0;
	return score->wish.in_body && is_nothing_known && !clear_any_spoken_of(score) && score->words <= CLEAR_SHORT_TEXT &&
	       (score->wish.is_strong || !strchr(text, '?'));
}

/* A question about something else; "how do I unsubscribe?" is answered at such an address by doing it. */
gboolean clear_is_other_question(const Score *score)
{
	return score->kinds[KIND_ENQUIRY].is_strong && !clear_any_plausible(score, NULL) &&
	       score->spoken_of[REQUEST_MARKETING_OPT_OUT].confidence == 0;
}

/* Requests after which no marketing goes out either. */
static gboolean ends_marketing(RequestType type)
{
	return type == REQUEST_ERASURE || type == REQUEST_OBJECTION || type == REQUEST_CONSENT_WITHDRAWAL;
}

static gboolean any_clear_but_for_marketing(const Score *score)
{
	gboolean other = FALSE;
	for (RequestType type = 0; type < REQUEST_COUNT; type++) {
		if (clear_is(score, type) && ends_marketing(type))
			return FALSE;
		other = other || clear_is(score, type);
	}
	return other;
}

/* Why a message without a clear opt-out is perhaps none, although it was sent to an address for opt-outs; NULL: it is one. */
const char *clear_doubt_at_opt_out_address(const Score *score)
{
	const Sign *opt_out = &score->requests[REQUEST_MARKETING_OPT_OUT];
	if (clear_is(score, REQUEST_MARKETING_OPT_IN))
		return "it asks to subscribe, at an address for opt-outs";
	if (score->is_negated[REQUEST_MARKETING_OPT_OUT])
		return "it says not to, at an address for opt-outs";
	if (any_clear_but_for_marketing(score))
		return "it asks for something else, at an address for opt-outs";
	if (score->words > CLEAR_SHORT_TEXT)
		return "a long text without an opt-out, at an address for opt-outs";
	if (score->spoken_of[REQUEST_MARKETING_OPT_OUT].confidence > 0 && !score->kinds[KIND_ENQUIRY].is_strong)
		return "it only speaks of an opt-out, at an address for opt-outs";
	if (score->kinds[KIND_UNRELATED].is_strong)
		return "it has the words of a newsletter, at an address for opt-outs";
	if (opt_out->confidence > 0 && score->words > ONE_SENTENCE && score->wish.confidence == 0 && !score->kinds[KIND_ENQUIRY].is_strong)
		return "it mentions an opt-out without wishing one, at an address for opt-outs";
	if (opt_out->confidence == 0 && !clear_any_spoken_of(score) && score->words > FEW_WORDS && score->known >= UNDERSTOOD &&
	    !clear_any(score))
		return "it says nothing of an opt-out, at an address for opt-outs";
	return NULL;
}
