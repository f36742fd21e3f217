/* layer 0 ground - text: Unicode text from strangers, made valid, safe to show, or comparable.
 *
 * All strings are NUL-terminated UTF-8 unless said otherwise; returned ones are owned by the caller.
 */
#pragma once
#include <glib.h>

/* Any bytes as valid UTF-8: what is not UTF-8 is replaced by U+FFFD, NUL by a space. */
char *text_valid(const char *bytes, gsize length);

/* For a terminal, a log line or a page: C0, C1, DEL, bidi controls, zero-width and other invisible characters
 * become \u{XXXX} (line breaks and tabs too), so that text from mail can neither move a cursor nor hide. */
char *text_escape(const char *text);

/* As text_escape, but keeps line breaks and tabs: for showing a message's text over several lines. */
char *text_escape_lines(const char *text);

/* A compact JSON text that is valid UTF-8: what text_escape hides is written as \uXXXX, which a parser undoes. */
char *text_escape_json(const char *json);

/* At most `columns` terminal columns of an already escaped text, with `…` at the end where it was cut. */
char *text_clip(const char *text, guint columns);

/* The number of terminal columns a text takes (wide East Asian characters count two, combining ones none). */
guint text_columns(const char *text);

/* The fold in which phrases and texts are compared: compatibility decomposition (NFKD), marks dropped, full case
 * folding, typographic quotes and dashes to ASCII, invisible characters (soft hyphen, zero-width, bidi) dropped,
 * white space runs to one space.  Line breaks are kept as one '\n'.  One function for both sides, so that they
 * can't drift apart.  Marks are dropped after decomposition, so `ö` folds to `o`; a writer's `oe` is the filter
 * file's business.  In scripts where marks carry the vowels (Indic, Thai) they are kept.
 *
 * `origin` (may be NULL) receives an array, owned by the caller, of (strlen(result) + 1) guint32: the byte offset
 * in `text` that each byte of the result came from. */
char *text_fold(const char *text, guint32 **origin);
