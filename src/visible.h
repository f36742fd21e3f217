/* layer 1 mail - visible: parts what the writer wrote from what stands beside it: quotes, forwarded mail, signatures, footers.
 *
 * What mail programs put above a quotation is written in the user's language, so it is policy: filters give it as markers.
 * Built in is only what needs no language: `>`, `-- `, rows of header fields, Mailman's rule.
 */
#pragma once
#include <glib.h>

typedef enum {
	VISIBLE_REPLY,       /* the line above a quotation, `on * wrote:`; mail programs wrap it, so it may run over up to three lines */
	VISIBLE_FORWARD,     /* the line above a forwarded message, `---------- forwarded message ---------` */
	VISIBLE_FIELD,       /* a field's name in the header that Outlook puts above a quotation: `von`, `gesendet` */
	VISIBLE_SIGNATURE,   /* a line that a mail program adds, `sent from my *` */
	VISIBLE_FOOTER,      /* the first line of a legal or mailing list footer; it goes to the end */
	VISIBLE_KINDS
} VisibleKind;

typedef struct VisibleMarkers VisibleMarkers;

VisibleMarkers *visible_markers_new(void);
void visible_markers_free(VisibleMarkers *markers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VisibleMarkers, visible_markers_free)
/* `pattern` is a whole line, compared after text_fold; `*` stands for anything on the line, also nothing.  FALSE and *error
 * (PERMANENT) where it has no letters of its own (it would match everything), more than 8 `*`, or is longer than 200 bytes. */
gboolean visible_markers_add(VisibleMarkers *markers, VisibleKind kind, const char *pattern, GError **error);

typedef struct {
	char *text;           /* the writer's; owned */
	char *rest;           /* everything else, in its order; owned */
	gboolean has_quote;   /* the rest holds a quotation or a forwarded message */
	gboolean is_forward;
} Visible;

/* `text` is valid UTF-8.  `markers` may be NULL.  Linear in the text. */
void visible_split(const char *text, const VisibleMarkers *markers, Visible *visible);
void visible_clear(Visible *visible);
