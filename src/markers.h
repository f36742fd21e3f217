/* layer 2 judgement - markers: the lines of the filters' [quote] sections, for visible.h.  For the programs that read mail.
 */
#pragma once
#include "filter.h"
#include "visible.h"

/* *error (PERMANENT): `FILE:LINE: …` of a marker that visible_markers_add refuses. */
VisibleMarkers *markers_new(const Filters *filters, GError **error);
