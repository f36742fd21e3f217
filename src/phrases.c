#include "phrases.h"

enum {
	NEGATION_REACH_BEFORE = 5,   /* words between `before` and the request that it takes back */
	NEGATION_REACH_AFTER = 3,
};

Phrase *phrases_at(const Phrases *phrases, guint index)
{
	return &g_array_index(phrases->phrases, Phrase, index);
}

const Token *phrases_token(const Phrases *phrases, guint index)
{
	return &g_array_index(phrases->tokens->tokens, Token, index);
}

gboolean phrase_is_request(const Phrase *phrase)
{
	return phrase->rule->section == SECTION_REQUEST && phrase->rule->strength != STRENGTH_NEVER && !phrase->dropped;
}

static gboolean contains(const Phrase *outer, const Phrase *inner)
{
	return outer->start <= inner->start && inner->end <= outer->end;
}

/* --- finding: what stands where their rule wants them ------------------------------------------------------------- */

static gboolean stands_right(const Phrases *phrases, const FilterRule *rule, const MatcherHit *hit)
{
	if (rule->where != WHERE_ANY && (rule->where == WHERE_SUBJECT) != phrases->is_subject)
		return FALSE;
	if (rule->at_start && hit->start && phrases_token(phrases, hit->start - 1)->sentence == phrases_token(phrases, hit->start)->sentence)
		return FALSE;
	return !rule->at_end || hit->end == phrases->tokens->tokens->len ||
	       phrases_token(phrases, hit->end)->sentence != phrases_token(phrases, hit->end - 1)->sentence;
}

static void count_language(const Phrases *phrases, const MatcherHit *match, const FilterRule *rule, Languages *languages)
{
	if (g_str_equal(filters_language(phrases->filters, rule->language), "und") || rule->section == SECTION_LAW)
		return;
	if (!phrases->is_subject && match->end > languages->known_to) {
		languages->known += match->end - MAX(match->start, languages->known_to);
		languages->known_to = match->end;
	}
	if (!languages->seen[match->rule]) {
		languages->seen[match->rule] = 1;
		languages->points[rule->language] += rule->section == SECTION_LANGUAGE ? 1 : 2;
	}
}

static void find(Phrases *phrases, Languages *languages)
{
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(MatcherHit));
	matcher_match(filters_matcher(phrases->filters), phrases->tokens, found);
	for (guint i = 0; i < found->len; i++) {
		const MatcherHit *match = &g_array_index(found, MatcherHit, i);
		const FilterRule *rule = filters_rule(phrases->filters, match->rule);
		if (!stands_right(phrases, rule, match))
			continue;
		count_language(phrases, match, rule, languages);
		if (rule->section == SECTION_LANGUAGE)
			continue;
		phrases->is_cut = phrases->phrases->len == PHRASES_MAX;
		if (phrases->is_cut)
			return;
		Phrase hit = { rule, match->start, match->end, phrases_token(phrases, match->start)->sentence, FALSE, FALSE, FALSE };
		g_array_append_val(phrases->phrases, hit);
	}
}

/* --- what takes hits back ---------------------------------------------------------------------------------------------- */

/* A language's `never` knows only that language's words for a thing; what belongs to none speaks for all. */
static gboolean speaks_for(const Phrases *phrases, const FilterRule *never, const FilterRule *rule)
{
	return never->language == rule->language || g_str_equal(filters_language(phrases->filters, never->language), "und");
}

/* `never`: cancels the hits of its section in its sentence. */
static void apply_nevers(Phrases *phrases)
{
	for (guint i = 0; i < phrases->phrases->len; i++) {
		const Phrase *never = phrases_at(phrases, i);
		if (never->rule->strength != STRENGTH_NEVER)
			continue;
		for (guint k = 0; k < phrases->phrases->len; k++) {
			Phrase *hit = phrases_at(phrases, k);
			if (hit->rule->section == never->rule->section && hit->rule->value == never->rule->value &&
			    hit->rule->strength != STRENGTH_NEVER && hit->sentence == never->sentence &&
			    speaks_for(phrases, never->rule, hit->rule))
				hit->dropped = TRUE;
		}
	}
}

/* Does `longer` own more than half of the words of `hit`? */
static gboolean owns(const Phrase *longer, const Phrase *hit)
{
	guint32 start = MAX(longer->start, hit->start), end = MIN(longer->end, hit->end);
	return start < end && (end - start) * 2 > hit->end - hit->start && longer->end - longer->start > hit->end - hit->start;
}

/* A request most of whose words belong to a longer strong one of another request is part of that: "delete my address from your
 * mailing list" is one; and so with laws: "UK GDPR". */
static void apply_longer(Phrases *phrases)
{
	for (guint i = 0; i < phrases->phrases->len; i++) {
		const Phrase *longer = phrases_at(phrases, i);
		gboolean may_own = phrase_is_request(longer) || (longer->rule->section == SECTION_LAW && !longer->dropped);
		if (!may_own || longer->rule->strength != STRENGTH_STRONG)
			continue;
		for (guint k = 0; k < phrases->phrases->len; k++) {
			Phrase *hit = phrases_at(phrases, k);
			if (hit->rule->section == longer->rule->section && hit->rule->value != longer->rule->value && owns(longer, hit))
				hit->dropped = TRUE;
		}
	}
}

/* A negation whose words are part of a strong phrase ("do not email me") is used up by it. */
static gboolean is_used_up(const Phrases *phrases, const Phrase *negation)
{
	for (guint i = 0; i < phrases->phrases->len; i++) {
		const Phrase *hit = phrases_at(phrases, i);
		if (phrase_is_request(hit) && hit->rule->strength == STRENGTH_STRONG && hit->start < negation->end && negation->start < hit->end)
			return TRUE;
	}
	return FALSE;
}

static gboolean is_inside(const Phrases *phrases, const Phrase *inner)
{
	for (guint i = 0; i < phrases->phrases->len; i++)
		if (phrase_is_request(phrases_at(phrases, i)) && contains(phrases_at(phrases, i), inner))
			return TRUE;
	return FALSE;
}

static gboolean is_stopped(const Phrases *phrases, guint first, guint end)
{
	for (guint i = first; i + 1 < end; i++)
		if (phrases_token(phrases, i)->clause != phrases_token(phrases, i + 1)->clause)
			return TRUE;
	for (guint i = 0; i < phrases->phrases->len; i++) {
		const Phrase *stop = phrases_at(phrases, i);
		if (stop->rule->section == SECTION_NEGATION && stop->rule->strength == STRENGTH_STOP && stop->start >= first && stop->end <= end)
			return TRUE;
	}
	return FALSE;
}

static gboolean reaches(const Phrases *phrases, const Phrase *negation, const Phrase *hit)
{
	if (negation->rule->strength == STRENGTH_BEFORE)
		return negation->end <= hit->start && hit->start <= negation->end + NEGATION_REACH_BEFORE &&
		       !is_stopped(phrases, negation->end - 1, hit->start + 1);
	return negation->start >= hit->end && negation->start <= hit->end + NEGATION_REACH_AFTER &&
	       !is_stopped(phrases, hit->end - 1, negation->start + 1);
}

static void apply_negations(Phrases *phrases)
{
	for (guint i = 0; i < phrases->phrases->len; i++) {
		const Phrase *negation = phrases_at(phrases, i);
		if (negation->rule->section != SECTION_NEGATION || negation->rule->strength == STRENGTH_STOP || is_used_up(phrases, negation))
			continue;
		for (guint k = 0; k < phrases->phrases->len; k++)
			if (phrase_is_request(phrases_at(phrases, k)) && phrases_at(phrases, k)->sentence == negation->sentence &&
			    reaches(phrases, negation, phrases_at(phrases, k)))
				phrases_at(phrases, k)->spoken_of = phrases_at(phrases, k)->negated = TRUE;
	}
}

static void apply_hypotheticals(Phrases *phrases)
{
	for (guint i = 0; i < phrases->phrases->len; i++) {
		const Phrase *hypothetical = phrases_at(phrases, i);
		if (hypothetical->rule->section != SECTION_HYPOTHETICAL || is_inside(phrases, hypothetical))
			continue;
		for (guint k = 0; k < phrases->phrases->len; k++) {
			Phrase *hit = phrases_at(phrases, k);
			if (hit->sentence != hypothetical->sentence)
				continue;
			hit->spoken_of = hit->spoken_of || phrase_is_request(hit);
			hit->dropped = hit->dropped || hit->rule->section == SECTION_URGENT;   /* "I reserve the right to legal action" */
		}
	}
}

Phrases *phrases_new(const char *text, gboolean is_subject, const Filters *filters, Languages *languages)
{
	Phrases *phrases = g_new0(Phrases, 1);
	phrases->filters = filters;
	phrases->tokens = tokens_new(text);
	phrases->phrases = g_array_new(FALSE, FALSE, sizeof(Phrase));
	phrases->is_subject = is_subject;
	find(phrases, languages);
	apply_nevers(phrases);
	apply_longer(phrases);
	apply_negations(phrases);
	apply_hypotheticals(phrases);
	return phrases;
}

void phrases_free(Phrases *phrases)
{
	if (!phrases)
		return;
	tokens_free(phrases->tokens);
	g_array_unref(phrases->phrases);
	g_free(phrases);
}
