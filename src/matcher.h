/* layer 2 judgement - matcher: finds thousands of phrases in a text at once, in time linear in the text.
 *
 * A word of a phrase becomes a number (a hash of its bytes, compared); a phrase a path in a trie over those numbers.  A phrase with gaps
 * is cut into parts which are looked for like phrases, and put together again where they stand in order in one sentence.
 * Everything lies in arrays of integers with offsets, without pointers.
 *
 * A rule is the caller's number for a phrase; several phrases can lead to one rule.
 */
#pragma once
#include <glib.h>

#include "tokens.h"

enum {
	MATCHER_MAX_GAP = 8,      /* words that `...` stands for */
	MATCHER_MAX_WORDS = 24,   /* of one part of a phrase */
	MATCHER_MAX_PARTS = 6,
};

typedef struct {
	guint32 rule;
	guint32 start, end;   /* tokens; `end` is not included */
} MatcherHit;

typedef struct Matcher Matcher;
typedef struct MatcherBuilder MatcherBuilder;

MatcherBuilder *matcher_builder_new(void);
/* The number of a folded word; `@` is any mail address.  `other` is another spelling of the same word, or NULL.
 * A prefix leaves the rest of the word free. */
guint32 matcher_builder_word(MatcherBuilder *builder, const char *word, const char *other, gboolean is_prefix);
/* One variant of part `part` of the `parts` of a rule's phrase: 1 to MATCHER_MAX_WORDS words. */
void matcher_builder_add(MatcherBuilder *builder, guint32 rule, guint part, guint parts, const guint32 *words, guint count);
/* Frees the builder. */
Matcher *matcher_builder_finish(MatcherBuilder *builder);
void matcher_builder_free(MatcherBuilder *builder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MatcherBuilder, matcher_builder_free)

void matcher_free(Matcher *matcher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Matcher, matcher_free)

/* Appends a MatcherHit for each place where a phrase stands, in the order of their starts (of the last part's where there are gaps). */
void matcher_match(const Matcher *matcher, const Tokens *tokens, GArray *hits);
