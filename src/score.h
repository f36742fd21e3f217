/* layer 2 judgement - score: what the phrases found in a message add up to; no decision yet.
 *
 * Confidence: a strong phrase is worth 0.9, a weak one 0.45 (less in a long text), and they combine as independent signs,
 * 1 - (1-a)(1-b).  Where no phrase of a request is strong, a weak one in a sentence that wishes something is worth 0.7.  A phrase counts once however often it stands there, and words count once: of two that overlap in one
 * section the longer counts, and a phrase of one request inside a longer strong one of another belongs to that.
 */
#pragma once
#include <glib.h>

#include "filter.h"
#include "verdict.h"

#define SCORE_STRONG 0.9
#define SCORE_WEAK 0.45
#define SCORE_WISHED 0.7
#define SCORE_WEAK_IN_LONG_TEXT 0.28

typedef struct {
	double confidence;
	gboolean is_strong;      /* has a strong phrase */
	GPtrArray *evidence;     /* VerdictEvidence*, the strongest first found */
	gboolean in_subject, in_body;
} Sign;

typedef struct {
	char *address;           /* safe */
	gboolean is_announced;   /* inside or close behind a request's words, or those of [address] */
} ScoreAddress;

enum { SCORE_MAX_ADDRESSES = 20 };

typedef struct {
	Sign requests[REQUEST_COUNT];
	Sign spoken_of[REQUEST_COUNT];   /* requests that were negated, or only asked about */
	gboolean is_negated[REQUEST_COUNT];
	Sign kinds[KIND_COUNT];
	Sign laws[LAW_COUNT];
	Sign urgent, agent, client_made, wish;
	GPtrArray *addresses;            /* ScoreAddress*: mail addresses in the body, each once, at most SCORE_MAX_ADDRESSES */
	const char *language;            /* borrowed from the filters; NULL: too little to tell */
	double known;                    /* share of the body's words that some filter knows */
	guint words;                     /* of the body */
	gboolean is_cut;                 /* more phrases than are looked at */
} Score;

/* Both texts may be NULL.  `is_reply`: the subject is that of another's message, so requests in it are not the writer's. */
Score *score_new(const char *subject, const char *body, gboolean is_reply, const Filters *filters);
void score_free(Score *score);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Score, score_free)
