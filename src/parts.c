#include "parts.h"

#include <gmime/gmime.h>
#include <string.h>

#include "header.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeContentType, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeContentDisposition, g_object_unref)

enum { MAX_PARAMETERS = 200, MAX_PARAMETER_NAME = 60, MAX_VALUE = 8192, MAX_BOUNDARY = 256 };

static void part_clear(gpointer data)
{
	Part *part = data;
	g_free(part->type);
	g_free(part->charset);
	g_free(part->name);
	g_free(part->report_type);
	g_free(part->boundary);
}

const Part *part_at(const Parts *parts, guint index)
{
	return &g_array_index(parts->parts, Part, index);
}

gboolean part_is(const Part *part, const char *type)
{
	return g_str_equal(part->type, type);
}

gboolean part_is_kind(const Part *part, const char *prefix)
{
	return g_str_has_prefix(part->type, prefix);
}

GByteArray *part_decode(const Part *part, gsize limit)
{
	GByteArray *out = g_byte_array_new();
	decode_append(part->encoding, part->body, (gsize)(part->end - part->body), limit, out);
	return out;
}

/* GMime 3.2.13 loops for ever over a parameter whose name has 70 to 72 characters and whose value isn't ASCII: names are cut off
 * well below that, as is the number of parameters. */
static gboolean is_fit_to_parse(const char *raw)
{
	guint parameters = 0, run = 0;
	if (strlen(raw) > MAX_VALUE)
		return FALSE;
	gboolean in_name = FALSE;
	for (const char *p = raw; *p; p++) {
		if (*p == ';') {
			in_name = TRUE;
			run = 0;
			parameters++;
		} else if (*p == '=') {
			in_name = FALSE;
		} else if (in_name && *p != ' ' && ++run > MAX_PARAMETER_NAME) {
			return FALSE;
		}
	}
	return parameters <= MAX_PARAMETERS;
}

static char *lower_or_null(const char *text)
{
	return text && *text ? g_ascii_strdown(text, -1) : NULL;
}

/* What GMime is to parse: without encoded-words and without RFC 2231's character sets (`filename*=x'y'z` is named `filename_`), both of
 * which it would convert by opening whatever they name. */
static char *harmless(const char *raw)
{
	char *copy = g_strdup(raw);
	header_hide_words(copy);
	for (char *p = copy; (p = strchr(p, '*')); p++)
		if (p[strspn(p, "*0123456789 ")] == '=')   /* in a name, not in a boundary */
			*p = '_';
	return copy;
}

static void set_name(Part *part, const char *name)
{
	if (!name || !*name || part->name)
		return;
	g_autofree char *copy = g_strdup(name);
	header_show_words(copy);
	part->name = header_decode(copy, NULL);
}

static void read_type(Parts *parts, Part *part, const char *raw)
{
	if (!is_fit_to_parse(raw)) {
		parts->is_odd = TRUE;
		return;
	}
	g_autofree char *copy = harmless(raw);
	g_autoptr(GMimeContentType) type = g_mime_content_type_parse(NULL, copy);
	const char *media = type ? g_mime_content_type_get_media_type(type) : NULL;
	const char *subtype = type ? g_mime_content_type_get_media_subtype(type) : NULL;
	if (!media || !subtype || !memchr(raw, '/', strcspn(raw, ";")))
		return;   /* RFC 2045 5.2: what can't be parsed is plain text; GMime would have it octets */
	g_free(part->type);
	g_autofree char *whole = g_strconcat(media, "/", subtype, NULL);
	part->type = g_ascii_strdown(whole, -1);
	part->is_typed = TRUE;
	part->charset = lower_or_null(g_mime_content_type_get_parameter(type, "charset"));
	set_name(part, g_mime_content_type_get_parameter(type, "name"));
	part->report_type = lower_or_null(g_mime_content_type_get_parameter(type, "report-type"));
	part->boundary = g_strdup(g_mime_content_type_get_parameter(type, "boundary"));
	if (part->boundary)
		header_show_words(part->boundary);
	if (part->boundary && (!*g_strchomp(part->boundary) || strlen(part->boundary) > MAX_BOUNDARY))
		g_clear_pointer(&part->boundary, g_free);
}

static void read_disposition(Parts *parts, Part *part, const char *raw)
{
	if (!is_fit_to_parse(raw)) {
		parts->is_odd = TRUE;
		return;
	}
	g_autofree char *copy = harmless(raw);
	g_autoptr(GMimeContentDisposition) disposition = g_mime_content_disposition_parse(NULL, copy);
	if (!disposition)
		return;
	part->is_attachment = g_mime_content_disposition_is_attachment(disposition);
	set_name(part, g_mime_content_disposition_get_parameter(disposition, "filename"));
	set_name(part, g_mime_content_disposition_get_parameter(disposition, "filename_"));
}

/* Of each field the first counts: what comes later may have been added to mislead. */
static void read_header(Parts *parts, Part *part, const char *default_type)
{
	HeaderScan scan;
	HeaderField field;
	gboolean has_type = FALSE, has_encoding = FALSE, has_disposition = FALSE;
	header_scan_begin(&scan, part->header, (gsize)(part->end - part->header));
	part->type = g_strdup(default_type);
	while (header_scan_next(&scan, &field)) {
		if (field.name_length < 12 || g_ascii_strncasecmp(field.name, "Content-", 8))
			continue;
		g_autofree char *raw = header_raw(&field);
		if (!has_type && header_field_is(&field, "Content-Type")) {
			has_type = TRUE;
			read_type(parts, part, raw);
		} else if (!has_encoding && header_field_is(&field, "Content-Transfer-Encoding")) {
			has_encoding = TRUE;
			g_autofree char *token = header_token(&field);
			part->encoding = decode_encoding(token);
		} else if (!has_disposition && header_field_is(&field, "Content-Disposition")) {
			has_disposition = TRUE;
			read_disposition(parts, part, raw);
		}
	}
	part->body = scan.at;
	parts->is_over_limit = parts->is_over_limit || scan.is_over_limit;
}

/* FALSE once there are too many.  `end` leaves out the line break before a delimiter, which belongs to that (RFC 2046 5.1.1). */
static gboolean add_part(Parts *parts, guint parent, const char *from, const char *end, const char *default_type)
{
	if (parts->parts->len >= PARTS_MAX) {
		parts->too_many = TRUE;
		return FALSE;
	}
	if (end > from && end[-1] == '\n')
		end--;
	if (end > from && end[-1] == '\r')
		end--;
	Part part = { .header = from, .body = from, .end = end, .depth = part_at(parts, parent)->depth + 1 };
	read_header(parts, &part, default_type);
	if (part.body > part.end)
		part.body = part.end;
	Part *above = &g_array_index(parts->parts, Part, parent);
	if (!above->count++)
		above->first = parts->parts->len;
	g_array_append_val(parts->parts, part);
	return TRUE;
}

static gboolean is_delimiter(const char *line, const char *end, const char *boundary, gsize length, gboolean *closes)
{
	if ((gsize)(end - line) < length + 2 || line[0] != '-' || line[1] != '-' || memcmp(line + 2, boundary, length))
		return FALSE;
	const char *p = line + 2 + length;
	*closes = end - p >= 2 && p[0] == '-' && p[1] == '-';
	if (*closes)
		return TRUE;
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	return p == end || *p == '\n';
}

static void split_multipart(Parts *parts, guint index)
{
	const Part *whole = part_at(parts, index);
	const char *boundary = whole->boundary, *end = whole->end, *from = NULL;
	const char *default_type = part_is(whole, "multipart/digest") ? "message/rfc822" : "text/plain";
	gsize length = strlen(boundary);
	gboolean closes = FALSE;
	for (const char *p = whole->body; p < end && !closes;) {
		if (is_delimiter(p, end, boundary, length, &closes)) {
			if (from && !add_part(parts, index, from, p, default_type))
				return;
			const char *line = memchr(p, '\n', (gsize)(end - p));
			from = p = line ? line + 1 : end;
			continue;
		}
		const char *line = memchr(p, '\n', (gsize)(end - p));
		p = line ? line + 1 : end;
	}
	if (from && !closes && from < end)   /* cut off without a closing delimiter */
		add_part(parts, index, from, end, default_type);
}

Parts *parts_read(const char *bytes, gsize length)
{
	Parts *parts = g_new0(Parts, 1);
	parts->parts = g_array_new(FALSE, TRUE, sizeof(Part));
	g_array_set_clear_func(parts->parts, part_clear);
	Part root = { .header = bytes, .body = bytes, .end = bytes + length };
	read_header(parts, &root, "text/plain");
	g_array_append_val(parts->parts, root);

	/* Children are put behind all that is there, so this goes down level by level. */
	for (guint i = 0; i < parts->parts->len && !parts->too_many; i++) {
		const Part *part = part_at(parts, i);
		gboolean is_multipart = part_is_kind(part, "multipart/") && part->boundary;
		gboolean is_message = (part_is(part, "message/rfc822") || part_is(part, "message/global")) && part->encoding == DECODE_IDENTITY;
		if (!is_multipart && !is_message)
			continue;
		if (part->depth >= PARTS_MAX_DEPTH)
			parts->too_deep = TRUE;
		else if (is_multipart)
			split_multipart(parts, i);
		else if (part->body < part->end)
			add_part(parts, i, part->body, part->end, "text/plain");
	}
	return parts;
}

void parts_free(Parts *parts)
{
	if (!parts)
		return;
	g_array_unref(parts->parts);
	g_free(parts);
}
