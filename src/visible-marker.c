#include "visible-marker.h"

#include <string.h>

#include "status.h"
#include "text.h"

enum { MAX_STARS = 8, MAX_PATTERN = 200 };

typedef struct {
	char **pieces;   /* between the stars: the first must begin the line, the last end it */
	guint count;
	gsize shortest;
} Pattern;

/* By the first byte of a pattern; those that begin with a star by their last byte, at 256 and up, and those that end with one
 * too at 512: so a line meets only the few patterns that can match it, however many languages there are. */
enum { BY_FIRST = 0, BY_LAST = 256, BY_NOTHING = 512, BUCKETS };

struct VisibleMarkers {
	GPtrArray *buckets[VISIBLE_KINDS][BUCKETS];   /* Pattern*, NULL while empty */
};

static void pattern_free(gpointer data)
{
	Pattern *pattern = data;
	g_strfreev(pattern->pieces);
	g_free(pattern);
}

VisibleMarkers *visible_markers_new(void)
{
	return g_new0(VisibleMarkers, 1);
}

void visible_markers_free(VisibleMarkers *markers)
{
	if (!markers)
		return;
	for (guint kind = 0; kind < VISIBLE_KINDS; kind++)
		for (guint i = 0; i < BUCKETS; i++)
			g_clear_pointer(&markers->buckets[kind][i], g_ptr_array_unref);
	g_free(markers);
}

/* `---------- forwarded message ---------` as `--forwarded message--`, for patterns and lines alike.  Owned; NULL where there are no such
 * dashes and the text can be taken as it is. */
static char *with_two_dashes(const char *text, gsize length)
{
	gsize before = 0, after = 0;
	while (before < length && text[before] == '-')
		before++;
	while (after < length - before && text[length - 1 - after] == '-')
		after++;
	if (before < 2 && after < 2)
		return NULL;
	const char *from = text + (before < 2 ? 0 : before), *to = text + length - (after < 2 ? 0 : after);
	while (before >= 2 && from < to && *from == ' ')
		from++;
	while (after >= 2 && from < to && to[-1] == ' ')
		to--;
	return g_strdup_printf("%s%.*s%s", before < 2 ? "" : "--", (int)(to - from), from, after < 2 ? "" : "--");
}

gboolean visible_markers_add(VisibleMarkers *markers, VisibleKind kind, const char *pattern, GError **error)
{
	g_autofree char *folded = text_fold(pattern, NULL);
	gboolean has_letter = FALSE;
	for (const char *p = folded; *p; p = g_utf8_next_char(p))
		has_letter = has_letter || g_unichar_isalnum(g_utf8_get_char(p));
	if (strlen(folded) > MAX_PATTERN)
		return status_fail(error, STATUS_PERMANENT, "marker is longer than %d bytes", MAX_PATTERN);
	if (strchr(folded, '\n'))
		return status_fail(error, STATUS_PERMANENT, "marker runs over more than one line");
	if (!has_letter)
		return status_fail(error, STATUS_PERMANENT, "marker \"%s\" has no letter or digit", pattern);

	g_autofree char *short_dashes = with_two_dashes(folded, strlen(folded));
	Pattern *made = g_new0(Pattern, 1);
	made->pieces = g_strsplit(short_dashes ? short_dashes : folded, "*", -1);
	made->count = g_strv_length(made->pieces);
	for (guint i = 0; i < made->count; i++)
		made->shortest += strlen(made->pieces[i]);
	if (made->count > MAX_STARS + 1) {
		pattern_free(made);
		return status_fail(error, STATUS_PERMANENT, "marker has more than %d stars", MAX_STARS);
	}
	const char *first = made->pieces[0], *last = made->pieces[made->count - 1];
	guint bucket = *first ? BY_FIRST + (guchar)*first : *last ? BY_LAST + (guchar)last[strlen(last) - 1] : BY_NOTHING;
	GPtrArray **list = &markers->buckets[kind][bucket];
	if (!*list)
		*list = g_ptr_array_new_with_free_func(pattern_free);
	g_ptr_array_add(*list, made);
	return TRUE;
}

/* Each piece at its leftmost place after the one before: linear, and right because only stars lie between. */
static gboolean matches(const Pattern *pattern, const char *line, gsize length)
{
	if (length < pattern->shortest)
		return FALSE;
	const char *end = line + length;
	for (guint i = 0; i < pattern->count; i++) {
		const char *piece = pattern->pieces[i];
		gsize size = strlen(piece);
		if (i == pattern->count - 1) {
			if (!i)
				return length == size && !memcmp(line, piece, size);
			return (gsize)(end - line) >= size && !memcmp(end - size, piece, size);
		}
		const char *found = i ? g_strstr_len(line, end - line, piece) : g_str_has_prefix(line, piece) ? line : NULL;
		if (!found)
			return FALSE;
		line = found + size;
	}
	return TRUE;
}

static gboolean any_matches(const GPtrArray *patterns, const char *line, gsize length)
{
	for (guint i = 0; patterns && i < patterns->len; i++)
		if (matches(g_ptr_array_index(patterns, i), line, length))
			return TRUE;
	return FALSE;
}

gboolean marker_matches(const VisibleMarkers *markers, VisibleKind kind, const char *folded, gsize length)
{
	if (!markers || !length || length > MARKER_MAX_LINE)
		return FALSE;
	GPtrArray *const *buckets = markers->buckets[kind];
	g_autofree char *short_dashes = with_two_dashes(folded, length);
	if (short_dashes) {
		folded = short_dashes;
		length = strlen(folded);
	}
	return any_matches(buckets[BY_FIRST + (guchar)folded[0]], folded, length) ||
	       any_matches(buckets[BY_LAST + (guchar)folded[length - 1]], folded, length) || any_matches(buckets[BY_NOTHING], folded, length);
}
