/* layer 2 judgement - phrases: the phrases of the filters that stand in one text, and which of them something takes back.
 */
#pragma once
#include <glib.h>

#include "filter.h"

enum { PHRASES_MAX = 3000 };

typedef struct {
	const FilterRule *rule;
	guint32 start, end;    /* tokens */
	guint32 sentence;
	gboolean dropped;      /* counts for nothing */
	gboolean spoken_of;    /* a request that is negated or hypothetical */
	gboolean negated;
} Phrase;

/* What the phrases of all texts of a message tell of its language. */
typedef struct {
	guint *points;         /* a language: each rule counts once */
	guint8 *seen;          /* a rule */
	guint known;           /* words of the body that some filter knows */
	guint32 known_to;      /* token up to which they were counted */
} Languages;

typedef struct {
	const Filters *filters;   /* borrowed */
	Tokens *tokens;
	GArray *phrases;          /* Phrase, without those of [language] */
	gboolean is_subject;
	gboolean is_cut;          /* there are more than PHRASES_MAX */
} Phrases;

/* `text` must outlive the result. */
Phrases *phrases_new(const char *text, gboolean is_subject, const Filters *filters, Languages *languages);
void phrases_free(Phrases *phrases);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Phrases, phrases_free)

Phrase *phrases_at(const Phrases *phrases, guint index);
const Token *phrases_token(const Phrases *phrases, guint index);
/* A phrase of a request that counts for something. */
gboolean phrase_is_request(const Phrase *phrase);
