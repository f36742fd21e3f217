#include "decode.h"

#include <gmime/gmime.h>
#include <string.h>

DecodeEncoding decode_encoding(const char *token)
{
	if (!g_ascii_strcasecmp(token, "base64"))
		return DECODE_BASE64;
	if (!g_ascii_strcasecmp(token, "quoted-printable"))
		return DECODE_QUOTED_PRINTABLE;
	if (!g_ascii_strcasecmp(token, "x-uuencode") || !g_ascii_strcasecmp(token, "x-uue") || !g_ascii_strcasecmp(token, "uuencode"))
		return DECODE_UUENCODE;
	return DECODE_IDENTITY;
}

static int base64_value(guchar c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* A run of padding ends a quantum, not the text. */
static gsize base64(const char *bytes, gsize length, guint8 *out, gsize room)
{
	guint32 bits = 0;
	guint have = 0;
	gsize n = 0;
	for (gsize i = 0; i < length && n < room; i++) {
		int value = base64_value((guchar)bytes[i]);
		if (bytes[i] == '=')
			have = 0;
		if (value < 0)
			continue;
		bits = (bits << 6 | (guint32)value) & 0xffffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (guint8)(bits >> have);
		}
	}
	return n;
}

/* Quoted-printable: white space at the end of a line is no text, an `=` there joins it to the next (RFC 2045 6.7). */
static gsize quoted_printable(const char *p, gsize length, guint8 *out, gsize room)
{
	const char *end = p + length;
	gsize n = 0;
	while (p < end && n < room) {
		const char *line = memchr(p, '\n', (gsize)(end - p)), *next = line ? line + 1 : end;
		const char *stop = line ? line : end;
		while (stop > p && (stop[-1] == '\r' || stop[-1] == ' ' || stop[-1] == '\t'))
			stop--;
		gboolean soft = stop > p && stop[-1] == '=';
		if (soft)
			stop--;
		for (; p < stop && n < room; p++) {
			int high = *p == '=' && stop - p > 2 ? g_ascii_xdigit_value(p[1]) : -1, low = high < 0 ? -1 : g_ascii_xdigit_value(p[2]);
			if (low >= 0)
				p += 2;
			out[n++] = low >= 0 ? (guint8)(high << 4 | low) : (guint8)*p;
		}
		if (line && !soft && n < room)
			out[n++] = '\n';
		p = next;
	}
	return n;
}

static gsize q(const char *p, gsize length, guint8 *out, gsize room)
{
	const char *end = p + length;
	gsize n = 0;
	for (; p < end && n < room; p++) {
		int high = *p == '=' && end - p > 2 ? g_ascii_xdigit_value(p[1]) : -1, low = high < 0 ? -1 : g_ascii_xdigit_value(p[2]);
		out[n++] = low >= 0 ? (guint8)(high << 4 | low) : *p == '_' ? ' ' : (guint8)*p;
		if (low >= 0)
			p += 2;
	}
	return n;
}

/* The lines between `begin 644 name` and `end`. */
static gsize uuencode(const char *bytes, gsize length, guint8 *out)
{
	GMimeEncoding state;
	g_mime_encoding_init_decode(&state, GMIME_CONTENT_ENCODING_UUENCODE);
	gsize n = g_mime_encoding_step(&state, bytes, length, (char *)out);
	return n + g_mime_encoding_flush(&state, "", 0, (char *)out + n);
}

gboolean decode_append(DecodeEncoding encoding, const char *bytes, gsize length, gsize limit, GByteArray *out)
{
	guint before = out->len;
	gboolean is_whole = length <= limit || encoding == DECODE_BASE64 || encoding == DECODE_QUOTED_PRINTABLE;
	gsize room = MIN(length, limit);
	if (encoding == DECODE_UUENCODE)
		length = room;
	g_byte_array_set_size(out, before + (guint)room + 64);
	guint8 *to = out->data + before;
	gsize n = 0;
	switch (encoding) {
	case DECODE_IDENTITY: memcpy(to, bytes, room); n = room; break;
	case DECODE_BASE64: n = base64(bytes, length, to, room); break;
	case DECODE_QUOTED_PRINTABLE: n = quoted_printable(bytes, length, to, room); break;
	case DECODE_Q: n = q(bytes, length, to, room); break;
	case DECODE_UUENCODE: n = uuencode(bytes, length, to); break;
	}
	g_byte_array_set_size(out, before + (guint)n);
	return is_whole && (n < limit || length <= limit);
}
