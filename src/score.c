#include "score.h"

#include <string.h>

#include "address.h"

enum {
	NEGATION_REACH_BEFORE = 5,   /* words between `before` and the request that it takes back */
	NEGATION_REACH_AFTER = 3,
	LONG_TEXT = 150,             /* words */
	EVIDENCE_WORDS = 200,        /* bytes */
	ANNOUNCEMENT_REACH = 5,      /* words between an announcement and the address */
};

typedef struct {
	const FilterRule *rule;
	guint32 start, end, sentence;
	gboolean dropped;      /* counts for nothing */
	gboolean spoken_of;    /* negated or hypothetical */
	gboolean negated;
} Hit;

/* One text on its way through the steps below. */
typedef struct {
	const Filters *filters;
	Tokens *tokens;
	GArray *hits;          /* Hit */
	gboolean is_subject;
} Reading;

static Hit *hit_at(const Reading *reading, guint index)
{
	return &g_array_index(reading->hits, Hit, index);
}

static const Token *token_at(const Reading *reading, guint index)
{
	return &g_array_index(reading->tokens->tokens, Token, index);
}

static gboolean is_request(const Hit *hit)
{
	return hit->rule->section == SECTION_REQUEST && hit->rule->strength != STRENGTH_NEVER && !hit->dropped;
}

static gboolean contains(const Hit *outer, const Hit *inner)
{
	return outer->start <= inner->start && inner->end <= outer->end;
}

/* --- language ------------------------------------------------------------------------------------------------------------ */

typedef struct {
	guint *points;         /* a language: each rule counts once */
	guint8 *seen;          /* a rule */
	guint known;           /* words of the body that some filter knows */
	guint32 known_to;      /* token up to which they were counted */
} Languages;

static void count_language(const Reading *reading, const MatcherHit *match, const FilterRule *rule, Languages *languages)
{
	if (g_str_equal(filters_language(reading->filters, rule->language), "und") || rule->section == SECTION_LAW)
		return;
	if (!reading->is_subject && match->end > languages->known_to) {
		languages->known += match->end - MAX(match->start, languages->known_to);
		languages->known_to = match->end;
	}
	if (!languages->seen[match->rule]) {
		languages->seen[match->rule] = 1;
		languages->points[rule->language] += rule->section == SECTION_LANGUAGE ? 1 : 2;
	}
}

/* Three points: one word that happens to be known, such as `unsubscribe`, tells nothing. */
static const char *best_language(const Filters *filters, const Languages *languages)
{
	guint best = 0, second = 0;
	const char *language = NULL;
	for (guint i = 0; i < filters_language_count(filters); i++) {
		if (languages->points[i] > best) {
			second = best;
			best = languages->points[i];
			language = filters_language(filters, i);
		} else if (languages->points[i] > second) {
			second = languages->points[i];
		}
	}
	return best >= 3 && best > second ? language : NULL;
}

/* --- reading: hits that stand where their rule wants them ------------------------------------------------------------- */

static gboolean stands_right(const Reading *reading, const FilterRule *rule, const MatcherHit *hit)
{
	if (rule->where != WHERE_ANY && (rule->where == WHERE_SUBJECT) != reading->is_subject)
		return FALSE;
	if (rule->at_start && hit->start && token_at(reading, hit->start - 1)->sentence == token_at(reading, hit->start)->sentence)
		return FALSE;
	return !rule->at_end || hit->end == reading->tokens->tokens->len ||
	       token_at(reading, hit->end)->sentence != token_at(reading, hit->end - 1)->sentence;
}

/* FALSE: there were more than are looked at. */
static gboolean find_hits(Reading *reading, Languages *languages)
{
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(MatcherHit));
	matcher_match(filters_matcher(reading->filters), reading->tokens, found);
	for (guint i = 0; i < found->len; i++) {
		const MatcherHit *match = &g_array_index(found, MatcherHit, i);
		const FilterRule *rule = filters_rule(reading->filters, match->rule);
		if (!stands_right(reading, rule, match))
			continue;
		count_language(reading, match, rule, languages);
		if (rule->section == SECTION_LANGUAGE)
			continue;
		if (reading->hits->len == SCORE_MAX_HITS)
			return FALSE;
		Hit hit = { rule, match->start, match->end, token_at(reading, match->start)->sentence, FALSE, FALSE, FALSE };
		g_array_append_val(reading->hits, hit);
	}
	return TRUE;
}

/* --- what takes hits back ---------------------------------------------------------------------------------------------- */

/* `never`: cancels the hits of its section in its sentence. */
static void apply_nevers(Reading *reading)
{
	for (guint i = 0; i < reading->hits->len; i++) {
		const Hit *never = hit_at(reading, i);
		if (never->rule->strength != STRENGTH_NEVER)
			continue;
		for (guint k = 0; k < reading->hits->len; k++) {
			Hit *hit = hit_at(reading, k);
			if (hit->rule->section == never->rule->section && hit->rule->value == never->rule->value &&
			    hit->rule->strength != STRENGTH_NEVER && hit->sentence == never->sentence)
				hit->dropped = TRUE;
		}
	}
}

/* A request inside a longer strong one of another request belongs to that: "delete my address from your mailing list" is one; and
 * so with laws: "UK GDPR". */
static void apply_longer(Reading *reading)
{
	for (guint i = 0; i < reading->hits->len; i++) {
		const Hit *longer = hit_at(reading, i);
		gboolean owns = is_request(longer) || (longer->rule->section == SECTION_LAW && !longer->dropped);
		if (!owns || longer->rule->strength != STRENGTH_STRONG)
			continue;
		for (guint k = 0; k < reading->hits->len; k++) {
			Hit *hit = hit_at(reading, k);
			if (hit->rule->section == longer->rule->section && hit->rule->value != longer->rule->value && contains(longer, hit) &&
			    hit->end - hit->start < longer->end - longer->start)
				hit->dropped = TRUE;
		}
	}
}

/* A negation that is part of a request's own phrase ("do not email me") is used up by it. */
static gboolean is_used_up(const Reading *reading, const Hit *negation)
{
	for (guint i = 0; i < reading->hits->len; i++)
		if (is_request(hit_at(reading, i)) && contains(hit_at(reading, i), negation))
			return TRUE;
	return FALSE;
}

static gboolean is_stopped(const Reading *reading, guint first, guint end)
{
	for (guint i = first; i + 1 < end; i++)
		if (token_at(reading, i)->clause != token_at(reading, i + 1)->clause)
			return TRUE;
	for (guint i = 0; i < reading->hits->len; i++) {
		const Hit *stop = hit_at(reading, i);
		if (stop->rule->section == SECTION_NEGATION && stop->rule->strength == STRENGTH_STOP && stop->start >= first && stop->end <= end)
			return TRUE;
	}
	return FALSE;
}

static gboolean reaches(const Reading *reading, const Hit *negation, const Hit *hit)
{
	if (negation->rule->strength == STRENGTH_BEFORE)
		return negation->start < hit->start && hit->start <= negation->end + NEGATION_REACH_BEFORE &&
		       !is_stopped(reading, negation->end - 1, hit->start + 1);
	return negation->start >= hit->end && negation->start <= hit->end + NEGATION_REACH_AFTER &&
	       !is_stopped(reading, hit->end - 1, negation->start + 1);
}

static void apply_negations(Reading *reading)
{
	for (guint i = 0; i < reading->hits->len; i++) {
		const Hit *negation = hit_at(reading, i);
		if (negation->rule->section != SECTION_NEGATION || negation->rule->strength == STRENGTH_STOP || is_used_up(reading, negation))
			continue;
		for (guint k = 0; k < reading->hits->len; k++)
			if (is_request(hit_at(reading, k)) && hit_at(reading, k)->sentence == negation->sentence &&
			    reaches(reading, negation, hit_at(reading, k)))
				hit_at(reading, k)->spoken_of = hit_at(reading, k)->negated = TRUE;
	}
}

static void apply_hypotheticals(Reading *reading)
{
	for (guint i = 0; i < reading->hits->len; i++) {
		const Hit *hypothetical = hit_at(reading, i);
		if (hypothetical->rule->section != SECTION_HYPOTHETICAL || is_used_up(reading, hypothetical))
			continue;
		for (guint k = 0; k < reading->hits->len; k++) {
			Hit *hit = hit_at(reading, k);
			if (hit->sentence != hypothetical->sentence)
				continue;
			hit->spoken_of = hit->spoken_of || is_request(hit);
			hit->dropped = hit->dropped || hit->rule->section == SECTION_URGENT;   /* "I reserve the right to legal action" */
		}
	}
}

/* --- adding up ---------------------------------------------------------------------------------------------------------- */

static Sign *sign_of(Score *score, const Hit *hit)
{
	switch (hit->rule->section) {
	case SECTION_REQUEST: return hit->spoken_of ? &score->spoken_of[hit->rule->value] : &score->requests[hit->rule->value];
	case SECTION_KIND: return &score->kinds[hit->rule->value];
	case SECTION_LAW: return &score->laws[hit->rule->value];
	case SECTION_URGENT: return &score->urgent;
	case SECTION_AGENT: return &score->agent;
	case SECTION_CLIENT_MADE: return &score->client_made;
	default: return NULL;
	}
}

static gint compare_hits(gconstpointer a, gconstpointer b)
{
	const Hit *one = *(Hit *const *)a, *two = *(Hit *const *)b;
	guint mine = one->end - one->start, its = two->end - two->start;
	if (one->rule->strength != two->rule->strength)
		return (gint)one->rule->strength - (gint)two->rule->strength;
	if (mine != its)
		return mine > its ? -1 : 1;
	return one < two ? -1 : one > two;
}

/* Have these words, or this rule, been counted for the same sign? */
static gboolean is_counted(const GPtrArray *counted, const Hit *hit)
{
	for (guint i = 0; i < counted->len; i++) {
		const Hit *other = counted->pdata[i];
		if (other->rule->section != hit->rule->section || other->rule->value != hit->rule->value || other->spoken_of != hit->spoken_of)
			continue;
		if (other->rule == hit->rule || (other->start < hit->end && hit->start < other->end))
			return TRUE;
	}
	return FALSE;
}

static void add_to_sign(const Reading *reading, Sign *sign, const Hit *hit, double weight)
{
	sign->confidence = 1 - (1 - sign->confidence) * (1 - weight);
	sign->is_strong = sign->is_strong || weight == SCORE_STRONG;
	*(reading->is_subject ? &sign->in_subject : &sign->in_body) = TRUE;
	if (!sign->evidence)
		sign->evidence = g_ptr_array_new_with_free_func((GDestroyNotify)verdict_evidence_free);
	if (sign->evidence->len >= VERDICT_MAX_EVIDENCE)
		return;
	g_autofree char *words = tokens_words(reading->tokens, hit->start, hit->end, EVIDENCE_WORDS);
	g_ptr_array_add(sign->evidence, verdict_evidence_new(filters_file_name(reading->filters, hit->rule->file), hit->rule->line, words,
							     reading->is_subject ? "subject" : "body"));
}

/* In a long text a word says less, and so does a line of its own. */
static double weight_of(const Reading *reading, const FilterRule *rule)
{
	gboolean is_long = reading->tokens->tokens->len > LONG_TEXT;
	if (rule->strength == STRENGTH_STRONG && !(is_long && rule->at_start && rule->at_end))
		return SCORE_STRONG;
	return is_long ? SCORE_WEAK_IN_LONG_TEXT : SCORE_WEAK;
}

/* The best first: strong before weak, longer before shorter. */
static void add_up(const Reading *reading, gboolean is_reply, Score *score)
{
	g_autoptr(GPtrArray) hits = g_ptr_array_new(), counted = g_ptr_array_new();
	for (guint i = 0; i < reading->hits->len; i++) {
		Hit *hit = hit_at(reading, i);
		gboolean others_subject = reading->is_subject && is_reply && hit->rule->section == SECTION_REQUEST;
		if (sign_of(score, hit) && !hit->dropped && hit->rule->strength != STRENGTH_NEVER && !others_subject)
			g_ptr_array_add(hits, hit);
	}
	g_ptr_array_sort(hits, compare_hits);
	for (guint i = 0; i < hits->len; i++) {
		Hit *hit = hits->pdata[i];
		if (is_counted(counted, hit))
			continue;
		g_ptr_array_add(counted, hit);
		add_to_sign(reading, sign_of(score, hit), hit, weight_of(reading, hit->rule));
		if (hit->negated)
			score->is_negated[hit->rule->value] = TRUE;
	}
}

/* --- addresses ----------------------------------------------------------------------------------------------------------- */

static void address_free(gpointer data)
{
	ScoreAddress *address = data;
	g_free(address->address);
	g_free(address);
}

static gboolean is_announced(const Reading *reading, guint at)
{
	for (guint i = 0; i < reading->hits->len; i++) {
		const Hit *hit = hit_at(reading, i);
		if ((hit->rule->section == SECTION_ADDRESS || (is_request(hit) && !hit->spoken_of)) && hit->start <= at &&
		    at <= hit->end + ANNOUNCEMENT_REACH)
			return TRUE;
	}
	return FALSE;
}

static void find_addresses(const Reading *reading, Score *score)
{
	for (guint i = 0; i < reading->tokens->tokens->len && score->addresses->len < SCORE_MAX_ADDRESSES; i++) {
		if (!token_at(reading, i)->opaque)
			continue;
		g_autofree char *words = tokens_words(reading->tokens, i, i + 1, 400);
		const char *text = g_ascii_strncasecmp(words, "mailto:", 7) == 0 ? words + 7 : words;
		if (!address_is_safe(text))
			continue;
		gboolean announced = is_announced(reading, i);
		ScoreAddress *known = NULL;
		for (guint k = 0; !known && k < score->addresses->len; k++)
			if (address_same(((ScoreAddress *)score->addresses->pdata[k])->address, text))
				known = score->addresses->pdata[k];
		if (!known) {
			known = g_new0(ScoreAddress, 1);
			known->address = g_strdup(text);
			g_ptr_array_add(score->addresses, known);
		}
		known->is_announced = known->is_announced || announced;
	}
}

/* --- both texts ------------------------------------------------------------------------------------------------------------ */

static void read_text(Score *score, const char *text, gboolean is_subject, gboolean is_reply, const Filters *filters, Languages *languages)
{
	g_autoptr(Tokens) tokens = tokens_new(text);
	g_autoptr(GArray) hits = g_array_new(FALSE, FALSE, sizeof(Hit));
	Reading reading = { filters, tokens, hits, is_subject };
	score->is_cut = !find_hits(&reading, languages) || score->is_cut;
	apply_nevers(&reading);
	apply_longer(&reading);
	apply_negations(&reading);
	apply_hypotheticals(&reading);
	add_up(&reading, is_reply, score);
	if (is_subject)
		return;
	score->words = tokens->tokens->len;
	find_addresses(&reading, score);
}

Score *score_new(const char *subject, const char *body, gboolean is_reply, const Filters *filters)
{
	Score *score = g_new0(Score, 1);
	score->addresses = g_ptr_array_new_with_free_func(address_free);
	g_autofree guint *points = g_new0(guint, filters_language_count(filters) + 1);
	g_autofree guint8 *seen = g_new0(guint8, filters_rule_count(filters) + 1);
	Languages languages = { points, seen, 0, 0 };
	if (subject)
		read_text(score, subject, TRUE, is_reply, filters, &languages);
	if (body)
		read_text(score, body, FALSE, is_reply, filters, &languages);
	score->language = best_language(filters, &languages);
	score->known = score->words ? (double)languages.known / score->words : 0;
	return score;
}

static void sign_clear(Sign *sign)
{
	g_clear_pointer(&sign->evidence, g_ptr_array_unref);
}

void score_free(Score *score)
{
	if (!score)
		return;
	for (guint i = 0; i < REQUEST_COUNT; i++) {
		sign_clear(&score->requests[i]);
		sign_clear(&score->spoken_of[i]);
	}
	for (guint i = 0; i < KIND_COUNT; i++)
		sign_clear(&score->kinds[i]);
	for (guint i = 0; i < LAW_COUNT; i++)
		sign_clear(&score->laws[i]);
	sign_clear(&score->urgent);
	sign_clear(&score->agent);
	sign_clear(&score->client_made);
	g_ptr_array_unref(score->addresses);
	g_free(score);
}
