#include "text.h"

#include <string.h>

char *text_valid(const char *bytes, gsize length)
{
	if (!memchr(bytes, 0, length))
		return g_utf8_make_valid(bytes, (gssize)length);
	g_autofree char *copy = g_malloc(length + 1);
	for (gsize i = 0; i < length; i++)
		copy[i] = bytes[i] ? bytes[i] : ' ';
	copy[length] = '\0';
	return g_utf8_make_valid(copy, (gssize)length);
}

/* Controls, and what is invisible or turns the direction of a line: general categories Cc, Cf, Zl, Zp, Cs, Co, Cn. */
static gboolean is_hidden(gunichar c)
{
	if (c >= 0x20 && c < 0x7f)
		return FALSE;
	switch (g_unichar_type(c)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
	case G_UNICODE_SURROGATE:
	case G_UNICODE_PRIVATE_USE:
	case G_UNICODE_UNASSIGNED:
		return TRUE;
	default:
		/* Hangul and Khmer fillers, Braille blank: letters by category that show as nothing. */
		return c == 0x115f || c == 0x1160 || c == 0x3164 || c == 0xffa0 || c == 0x17b4 || c == 0x17b5 || c == 0x2800;
	}
}

static char *escape(const char *text, gboolean keep_lines)
{
	g_autofree char *valid = g_utf8_validate(text, -1, NULL) ? NULL : g_utf8_make_valid(text, -1);
	GString *out = g_string_sized_new(strlen(text) + 16);
	for (const char *p = valid ? valid : text; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		if (keep_lines && (c == '\n' || c == '\t'))
			g_string_append_c(out, (char)c);
		else if (is_hidden(c))
			g_string_append_printf(out, "\\u{%X}", c);
		else
			g_string_append_len(out, p, g_utf8_next_char(p) - p);
	}
	return g_string_free(out, FALSE);
}

char *text_escape(const char *text)
{
	return escape(text, FALSE);
}

char *text_escape_lines(const char *text)
{
	return escape(text, TRUE);
}

char *text_escape_json(const char *json)
{
	GString *out = g_string_sized_new(strlen(json) + 16);
	for (const char *p = json; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		if (!is_hidden(c))
			g_string_append_len(out, p, g_utf8_next_char(p) - p);
		else if (c < 0x10000)
			g_string_append_printf(out, "\\u%04x", c);
		else
			g_string_append_printf(out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 0x3ff));
	}
	return g_string_free(out, FALSE);
}

static guint columns_of(gunichar c)
{
	if (g_unichar_iszerowidth(c))
		return 0;
	return g_unichar_iswide(c) ? 2 : 1;
}

guint text_columns(const char *text)
{
	guint columns = 0;
	for (const char *p = text; *p; p = g_utf8_next_char(p))
		columns += columns_of(g_utf8_get_char(p));
	return columns;
}

char *text_clip(const char *text, guint columns)
{
	if (text_columns(text) <= columns)
		return g_strdup(text);
	guint used = 0;
	const char *p = text;
	for (; *p; p = g_utf8_next_char(p)) {
		guint width = columns_of(g_utf8_get_char(p));
		if (used + width + 1 > columns)
			break;
		used += width;
	}
	g_autofree char *head = g_strndup(text, (gsize)(p - text));
	return columns ? g_strconcat(head, "…", NULL) : g_strdup("");
}

/* --- folding ------------------------------------------------------------------------------------------------ */

/* Marks that people leave out when they type: Latin, Greek and Cyrillic diacritics, Hebrew points, Arabic harakat and
 * tatweel, variation selectors.  Vowel signs of Indic scripts, Thai and kana voicing marks are letters to their
 * readers and stay. */
static gboolean is_optional_mark(gunichar c)
{
	return (c >= 0x0300 && c <= 0x036f) || (c >= 0x0483 && c <= 0x0489) || (c >= 0x0591 && c <= 0x05c7 && c != 0x05be) ||
	       (c >= 0x064b && c <= 0x065f) || c == 0x0670 || c == 0x0640 || (c >= 0x06d6 && c <= 0x06ed && g_unichar_ismark(c)) ||
	       (c >= 0x1ab0 && c <= 0x1aff) || (c >= 0x1dc0 && c <= 0x1dff) || (c >= 0x20d0 && c <= 0x20ff) ||
	       (c >= 0xfe00 && c <= 0xfe0f);
}

/* Letters that NFKD leaves whole, and punctuation that has a plain form. */
static const char *plain_form(gunichar c)
{
	switch (c) {
	case 0x00df: case 0x1e9e: return "ss";
	case 0x00e6: case 0x00c6: return "ae";
	case 0x0153: case 0x0152: return "oe";
	case 0x00f8: case 0x00d8: return "o";
	case 0x0111: case 0x0110: return "d";
	case 0x0142: case 0x0141: return "l";
	case 0x0131: case 0x0130: return "i";
	case 0x00fe: case 0x00de: return "th";
	case 0x00f0: case 0x00d0: return "d";
	case 0x0127: case 0x0126: return "h";
	case 0x03c2: return "σ";
	case 0x2018: case 0x2019: case 0x201a: case 0x201b: case 0x2032: case 0x00b4: case 0x02bc: case 0x0060: return "'";
	case 0x201c: case 0x201d: case 0x201e: case 0x201f: case 0x00ab: case 0x00bb: case 0x2033: return "\"";
	case 0x2010: case 0x2011: case 0x2012: case 0x2013: case 0x2014: case 0x2015: case 0x2212: return "-";
	default: return NULL;
	}
}

typedef struct {
	char *out;
	guint32 *origin;   /* NULL when not asked for */
	gsize length, room;
} Fold;

static void reserve(Fold *fold, gsize length)
{
	if (fold->length + length + 1 <= fold->room)
		return;
	fold->room = (fold->length + length + 1) * 2;
	fold->out = g_realloc(fold->out, fold->room);
	if (fold->origin)
		fold->origin = g_renew(guint32, fold->origin, fold->room);
}

static void put(Fold *fold, const char *bytes, gsize length, guint32 from)
{
	reserve(fold, length);
	for (gsize i = 0; i < length; i++) {
		if (fold->origin)
			fold->origin[fold->length] = from;
		fold->out[fold->length++] = bytes[i];
	}
}

static void put_folded_char(Fold *fold, gunichar c, guint32 from)
{
	const char *plain = plain_form(c);
	if (plain) {
		put(fold, plain, strlen(plain), from);
		return;
	}
	char bytes[6];
	gint length = g_unichar_to_utf8(g_unichar_tolower(c), bytes);
	put(fold, bytes, (gsize)length, from);
}

static void fold_wide_char(Fold *fold, gunichar c, guint32 from)
{
	if (is_optional_mark(c) || c == 0x00ad || (is_hidden(c) && c != '\n'))
		return;
	/* Hangul syllables and kana stay composed: their parts are no marks that a writer might leave out. */
	if ((c >= 0xac00 && c <= 0xd7a3) || (c >= 0x3040 && c <= 0x30ff)) {
		put_folded_char(fold, c, from);
		return;
	}
	gunichar parts[G_UNICHAR_MAX_DECOMPOSITION_LENGTH];
	gsize n = g_unichar_fully_decompose(c, TRUE, parts, G_N_ELEMENTS(parts));
	for (gsize i = 0; i < n; i++)
		if (!is_optional_mark(parts[i]))
			put_folded_char(fold, parts[i], from);
}

static gboolean is_plain(char c)
{
	return c > ' ' && c < 0x7f && c != '`';
}

/* A run of visible ASCII, most of most mail: as it is, in lower case. */
static const char *fold_plain_run(Fold *fold, const char *p, guint32 from)
{
	gsize length = 1;
	while (is_plain(p[length]))
		length++;
	reserve(fold, length);
	char *out = fold->out + fold->length;
	for (gsize i = 0; i < length; i++)
		out[i] = (char)(p[i] | (p[i] >= 'A' && p[i] <= 'Z' ? 0x20 : 0));
	for (gsize i = 0; fold->origin && i < length; i++)
		fold->origin[fold->length + i] = from + (guint32)i;
	fold->length += length;
	return p + length;
}

char *text_fold(const char *text, guint32 **origin)
{
	gsize room = strlen(text) + 16;
	Fold fold = { g_malloc(room), origin ? g_new(guint32, room) : NULL, 0, room };

	for (const char *p = text; *p;) {
		guint32 from = (guint32)(p - text);
		if (is_plain(*p)) {
			p = fold_plain_run(&fold, p, from);
			continue;
		}
		unsigned char byte = (unsigned char)*p;
		const char *next = byte < 0x80 ? p + 1 : g_utf8_next_char(p);
		gunichar c = byte < 0x80 ? byte : g_utf8_get_char(p);
		p = next;

		gboolean line = c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029 || c == 0x85;
		if (line || c == ' ' || c == '\t' || (c >= 0x80 && g_unichar_isspace(c))) {
			char last = fold.length ? fold.out[fold.length - 1] : '\n';
			if (line && last == ' ')
				fold.out[fold.length - 1] = '\n';
			else if (last != ' ' && last != '\n')
				put(&fold, line ? "\n" : " ", 1, from);
		} else if (c < 0x80) {
			if (c == '`')   /* other controls are dropped */
				put(&fold, "'", 1, from);
		} else {
			fold_wide_char(&fold, c, from);
		}
	}
	while (fold.length && (fold.out[fold.length - 1] == ' ' || fold.out[fold.length - 1] == '\n'))
		fold.length--;
	put(&fold, "", 1, (guint32)strlen(text));   /* the terminator, with its origin */
	if (origin)
		*origin = fold.origin;
	return fold.out;
}
