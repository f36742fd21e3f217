#include "markers.h"

#include "status.h"

VisibleMarkers *markers_new(const Filters *filters, GError **error)
{
	static const VisibleKind kinds[] = {
		[MARKER_REPLY] = VISIBLE_REPLY,         [MARKER_FORWARD] = VISIBLE_FORWARD, [MARKER_FIELD] = VISIBLE_FIELD,
		[MARKER_SIGNATURE] = VISIBLE_SIGNATURE, [MARKER_FOOTER] = VISIBLE_FOOTER,
	};
	const GPtrArray *lines = filters_markers(filters);
	g_autoptr(VisibleMarkers) markers = visible_markers_new();
	for (guint i = 0; i < lines->len; i++) {
		const FilterMarker *line = lines->pdata[i];
		g_autoptr(GError) wrong = NULL;
		if (visible_markers_add(markers, kinds[line->kind], line->pattern, &wrong))
			continue;
		status_fail(error, STATUS_PERMANENT, "%s:%u: %s", line->file, line->line, wrong->message);
		return NULL;
	}
	return g_steal_pointer(&markers);
}
