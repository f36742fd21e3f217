/* layer 2 judgement - tokens: a text as the sequence of words that phrases are compared with.
 *
 * Words of scripts with spaces are tokens, without punctuation; in Han, kana, Thai, Lao, Khmer and Burmese each character is
 * one, so that phrases need no dictionary there.  `don't` and `dont` are the same token, `l'oubli` is two.  Mail addresses and
 * URLs are one opaque token each, which no phrase matches: `https://x.example/unsubscribe` asks for nothing.
 */
#pragma once
#include <glib.h>

typedef struct {
	guint32 start, end;   /* bytes in the folded text */
	guint32 sentence;     /* counted from 0; a full stop, a blank line, a list item or a short line ends one */
	guint32 clause;       /* counted from 0 through the whole text; commas, dashes and brackets end one too */
	gboolean opaque;
} Token;

typedef struct {
	const char *text;     /* the original, borrowed */
	char *folded;
	guint32 *origin;      /* of each byte of `folded` in `text` */
	GArray *tokens;       /* Token */
} Tokens;

/* `text` is valid UTF-8 and must outlive the result. */
Tokens *tokens_new(const char *text);
void tokens_free(Tokens *tokens);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tokens, tokens_free)

/* The writer's own words from token `first` up to, not including, token `end`; at most `most` bytes, whole characters.  Owned. */
char *tokens_words(const Tokens *tokens, guint first, guint end, gsize most);
