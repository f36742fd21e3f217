/* layer 1 mail - visible-marker: the patterns of visible.h, and which of them a line is.
 */
#pragma once
#include "visible.h"

/* Whether a folded line (or lines joined by a space) is a marker of the kind.  How many dashes a program draws at its ends doesn't matter. */
gboolean marker_matches(const VisibleMarkers *markers, VisibleKind kind, const char *folded, gsize length);
/* The longest line that can be a marker; longer ones need not be folded. */
enum { MARKER_MAX_LINE = 600 };
