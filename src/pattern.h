/* layer 2 judgement - pattern: one line of a filter file, `(a|b) [c] word* ... d`, as the phrases that it stands for.
 *
 *   (a|b)   one of these; each may be several words, and hold one more bracket
 *   [a|b]   one of these, or nothing
 *   word*   the rest of the word is free (Hangul words are always open, their particles follow without a space)
 *   @       a mail address
 *   ...     up to MATCHER_MAX_GAP words, within one sentence; not inside brackets
 *   ^ $     at the very beginning, or end: the sentence begins, or ends, here
 */
#pragma once
#include <glib.h>

#include "matcher.h"

enum { PATTERN_MAX_VARIANTS = 2000 };

/* Other spellings of letters: what people write instead of a letter that their keyboard lacks. */
typedef struct {
	gunichar letter;
	char *instead;
} PatternLetter;

typedef struct {
	gboolean at_start, at_end;   /* ^ and $ */
} PatternAnchors;

/* Adds every variant of `pattern` for `rule`.  `letters` is a GArray of PatternLetter, or NULL.
 * *error (PERMANENT): what is wrong with the pattern and what would be right, without file and line. */
gboolean pattern_add(MatcherBuilder *builder, guint32 rule, const char *pattern, const GArray *letters, PatternAnchors *anchors,
		     GError **error);
