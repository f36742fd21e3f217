#include "header.h"

#include <string.h>

#include "charset.h"
#include "text.h"

void header_scan_begin(HeaderScan *scan, const char *bytes, gsize length)
{
	*scan = (HeaderScan){ .at = bytes, .end = bytes + length };
	if (length > 5 && !memcmp(bytes, "From ", 5)) {
		const char *line = memchr(bytes, '\n', length);
		if (line)
			scan->at = line + 1;
	}
}

static const char *next_line(const char *p, const char *end)
{
	const char *line = memchr(p, '\n', (gsize)(end - p));
	return line ? line + 1 : end;
}

/* The length of a field name at p (RFC 5322 3.6.8), 0 where there is none; *value is behind the colon. */
static gsize name_at(const char *p, const char *end, const char **value)
{
	const char *q = p;
	while (q < end && *q > ' ' && *q < 0x7f && *q != ':')
		q++;
	gsize length = (gsize)(q - p);
	while (q < end && (*q == ' ' || *q == '\t'))   /* obsolete syntax, RFC 5322 4.5 */
		q++;
	if (!length || length > 200 || q >= end || *q != ':')
		return 0;
	*value = q + 1;
	return length;
}

gboolean header_scan_next(HeaderScan *scan, HeaderField *field)
{
	const char *start = scan->at;
	for (;;) {
		const char *p = scan->at, *value;
		if (p >= scan->end)
			return FALSE;
		if (*p == '\n' || (*p == '\r' && (p + 1 == scan->end || p[1] == '\n'))) {
			scan->at = next_line(p, scan->end);
			return FALSE;
		}
		gsize length = name_at(p, scan->end, &value);
		if (!length)
			return FALSE;
		const char *q = next_line(p, scan->end);
		while (q < scan->end && (*q == ' ' || *q == '\t'))
			q = next_line(q, scan->end);
		scan->at = q;
		while (q > value && (q[-1] == '\n' || q[-1] == '\r'))
			q--;
		gsize size = (gsize)(q - value);
		if (size > HEADER_MAX_FIELD) {
			size = HEADER_MAX_FIELD;
			scan->is_over_limit = TRUE;
		}
		*field = (HeaderField){ p, value, (guint16)length, (guint32)size };
		if (++scan->fields <= HEADER_MAX_FIELDS && (gsize)(p - start) < HEADER_MAX_BYTES)
			return TRUE;
		scan->is_over_limit = TRUE;   /* on to the body, without telling of the rest */
	}
}

gboolean header_field_is(const HeaderField *field, const char *name)
{
	gsize length = strlen(name);
	return field->name_length == length && !g_ascii_strncasecmp(field->name, name, length);
}

char *header_raw(const HeaderField *field)
{
	g_autofree char *copy = g_malloc(field->value_length + 1);
	gsize n = 0;
	for (guint i = 0; i < field->value_length; i++) {
		char c = field->value[i];
		if (c == '\n' || (c == '\r' && i + 1 < field->value_length && field->value[i + 1] == '\n'))
			continue;   /* white space follows */
		/* ESC stays: ISO-2022 text without an encoded-word can't be read without it. */
		copy[n++] = ((guchar)c < 0x20 && c != '\033') || c == 0x7f ? ' ' : c;
	}
	copy[n] = '\0';
	gboolean unknown = FALSE;
	return g_strstrip(charset_to_utf8(NULL, copy, n, HEADER_MAX_FIELD * 3, &unknown));
}

const char *header_past_comment(const char *p)
{
	guint depth = 0;
	for (; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '(')
			depth++;
		else if (*p == ')' && !--depth)
			return p + 1;
	}
	return p;
}

char *header_token(const HeaderField *field)
{
	g_autofree char *raw = header_raw(field);
	const char *p = raw;
	while (*p == ' ' || *p == '(')
		p = *p == '(' ? header_past_comment(p) : p + 1;
	gsize length = strcspn(p, " ;(");
	g_autofree char *token = g_strndup(p, length);
	return g_utf8_strdown(token, -1);
}

void header_add_ids(const char *raw, GPtrArray *ids, guint max)
{
	const char *p = raw;
	while (ids->len < max && (p = strchr(p, '<'))) {
		const char *end = strpbrk(p + 1, "<>");
		if (!end || *end == '<' || end == p + 1) {
			p++;
			continue;
		}
		g_autofree char *id = g_strstrip(g_strndup(p + 1, (gsize)(end - p - 1)));
		if (*id && strlen(id) <= 998 && !strpbrk(id, " \t\r\n\033"))
			g_ptr_array_add(ids, g_steal_pointer(&id));
		p = end + 1;
	}
}
