#include "score.h"

#include <string.h>

#include "address.h"
#include "phrases.h"

enum {
	LONG_TEXT = 150,             /* words */
	LETTER = 60,                 /* words from which a word on a line of its own is no message any more */
	EVIDENCE_WORDS = 200,        /* bytes */
	ANNOUNCEMENT_REACH = 5,      /* words between an announcement and the address */
};

/* --- adding up ---------------------------------------------------------------------------------------------------------- */

static Sign *sign_of(Score *score, const Phrase *hit)
{
	switch (hit->rule->section) {
	case SECTION_REQUEST: return hit->spoken_of ? &score->spoken_of[hit->rule->value] : &score->requests[hit->rule->value];
	case SECTION_KIND: return &score->kinds[hit->rule->value];
	case SECTION_LAW: return &score->laws[hit->rule->value];
	case SECTION_URGENT: return &score->urgent;
	case SECTION_AGENT: return &score->agent;
	case SECTION_WISH: return &score->wish;
	case SECTION_CLIENT_MADE: return &score->client_made;
	default: return NULL;
	}
}

static gint compare_hits(gconstpointer a, gconstpointer b)
{
	const Phrase *one = *(Phrase *const *)a, *two = *(Phrase *const *)b;
	guint mine = one->end - one->start, its = two->end - two->start;
	if (one->rule->strength != two->rule->strength)
		return (gint)one->rule->strength - (gint)two->rule->strength;
	if (mine != its)
		return mine > its ? -1 : 1;
	return one < two ? -1 : one > two;
}

/* Have these words, or this rule, been counted for the same sign? */
static gboolean is_counted(const GPtrArray *counted, const Phrase *hit)
{
	for (guint i = 0; i < counted->len; i++) {
		const Phrase *other = counted->pdata[i];
		if (other->rule->section != hit->rule->section || other->rule->value != hit->rule->value || other->spoken_of != hit->spoken_of)
			continue;
		if (other->rule == hit->rule || (other->start < hit->end && hit->start < other->end))
			return TRUE;
	}
	return FALSE;
}

static void add_to_sign(const Phrases *phrases, Sign *sign, const Phrase *hit, double weight)
{
	sign->confidence = 1 - (1 - sign->confidence) * (1 - weight);
	sign->is_strong = sign->is_strong || weight == SCORE_STRONG;
	*(phrases->is_subject ? &sign->in_subject : &sign->in_body) = TRUE;
	if (!sign->evidence)
		sign->evidence = g_ptr_array_new_with_free_func((GDestroyNotify)verdict_evidence_free);
	if (sign->evidence->len >= VERDICT_MAX_EVIDENCE)
		return;
	g_autofree char *words = tokens_words(phrases->tokens, hit->start, hit->end, EVIDENCE_WORDS);
	g_ptr_array_add(sign->evidence, verdict_evidence_new(filters_file_name(phrases->filters, hit->rule->file), hit->rule->line, words,
							     phrases->is_subject ? "subject" : "body"));
}

static gboolean any_strong(const Score *score)
{
	for (RequestType type = 0; type < REQUEST_COUNT; type++)
		if (score->requests[type].is_strong)
			return TRUE;
	return FALSE;
}

static gboolean is_wished(const Phrases *phrases, const Phrase *hit)
{
	for (guint i = 0; i < phrases->phrases->len; i++) {
		const Phrase *wish = phrases_at(phrases, i);
		if (wish->rule->section == SECTION_WISH && wish->sentence == hit->sentence && !wish->dropped)
			return TRUE;
	}
	return FALSE;
}

/* In a long text a word says less, and so does a line of its own; where someone wishes something it says more. */
static double weight_of(const Phrases *phrases, const Score *score, const Phrase *hit)
{
	const FilterRule *rule = hit->rule;
	guint words = phrases->tokens->tokens->len;
	if (rule->strength == STRENGTH_STRONG && !(rule->at_start && rule->at_end && words > LETTER))
		return SCORE_STRONG;
	if (words > LONG_TEXT)
		return SCORE_WEAK_IN_LONG_TEXT;
	return phrase_is_request(hit) && !hit->spoken_of && !any_strong(score) && is_wished(phrases, hit) ? SCORE_WISHED : SCORE_WEAK;
}

/* The best first: strong before weak, longer before shorter. */
static void add_up(const Phrases *phrases, gboolean is_reply, Score *score)
{
	g_autoptr(GPtrArray) hits = g_ptr_array_new(), counted = g_ptr_array_new();
	for (guint i = 0; i < phrases->phrases->len; i++) {
		Phrase *hit = phrases_at(phrases, i);
		gboolean others_subject = phrases->is_subject && is_reply && hit->rule->section == SECTION_REQUEST;
		if (sign_of(score, hit) && !hit->dropped && hit->rule->strength != STRENGTH_NEVER && !others_subject)
			g_ptr_array_add(hits, hit);
	}
	g_ptr_array_sort(hits, compare_hits);
	for (guint i = 0; i < hits->len; i++) {
		Phrase *hit = hits->pdata[i];
		if (is_counted(counted, hit))
			continue;
		g_ptr_array_add(counted, hit);
		add_to_sign(phrases, sign_of(score, hit), hit, weight_of(phrases, score, hit));
		if (hit->negated)
			score->is_negated[hit->rule->value] = TRUE;
	}
}

/* --- language ------------------------------------------------------------------------------------------------------------ */

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

/* --- addresses ----------------------------------------------------------------------------------------------------------- */

static void address_free(gpointer data)
{
	ScoreAddress *address = data;
	g_free(address->address);
	g_free(address);
}

static gboolean is_announced(const Phrases *phrases, guint at)
{
	for (guint i = 0; i < phrases->phrases->len; i++) {
		const Phrase *hit = phrases_at(phrases, i);
		if ((hit->rule->section == SECTION_ADDRESS || (phrase_is_request(hit) && !hit->spoken_of)) && hit->start <= at &&
		    at <= hit->end + ANNOUNCEMENT_REACH)
			return TRUE;
	}
	return FALSE;
}

static void find_addresses(const Phrases *phrases, Score *score)
{
	for (guint i = 0; i < phrases->tokens->tokens->len && score->addresses->len < SCORE_MAX_ADDRESSES; i++) {
		if (!phrases_token(phrases, i)->opaque)
			continue;
		g_autofree char *words = tokens_words(phrases->tokens, i, i + 1, 400);
		const char *text = g_ascii_strncasecmp(words, "mailto:", 7) == 0 ? words + 7 : words;
		if (!address_is_safe(text))
			continue;
		gboolean announced = is_announced(phrases, i);
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
	g_autoptr(Phrases) phrases = phrases_new(text, is_subject, filters, languages);
	score->is_cut = score->is_cut || phrases->is_cut;
	add_up(phrases, is_reply, score);
	if (is_subject)
		return;
	score->words = phrases->tokens->tokens->len;
	find_addresses(phrases, score);
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
	sign_clear(&score->wish);
	g_ptr_array_unref(score->addresses);
	g_free(score);
}
