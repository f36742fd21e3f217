/* layer 1 mail - html: the text of an HTML part as its reader sees it, by gumbo.
 *
 * What isn't shown (style, script, comments, hidden elements, link targets) is left out.  What mail programs mark as quoted
 * (blockquote, gmail_quote, divRplyFwdMsg …) gets `> ` before each line, as in a plain text, so that visible.c parts both
 * alike.  Bounded in memory and time: HTML that is too large or too strangely nested for gumbo (its work grows with the square of
 * depth and attributes) is stripped of its tags instead.
 */
#pragma once
#include <glib.h>

/* Valid UTF-8 in; owned text out, at most about `limit` bytes.  *stripped is set TRUE where gumbo could not be used. */
char *html_to_text(const char *html, gsize limit, gboolean *stripped);
