/* milter-peer - the mail server's side of the milter protocol, as bytes: what the tests and the bench say to the filter.
 */
#pragma once
#include <glib.h>
#include <string.h>

/* One packet: command and data. */
static inline void peer_put(GByteArray *out, char command, const void *data, gsize length)
{
	guint32 size = GUINT32_TO_BE((guint32)length + 1);
	g_byte_array_append(out, (const guint8 *)&size, sizeof size);
	g_byte_array_append(out, (const guint8 *)&command, 1);
	if (length)
		g_byte_array_append(out, data, (guint)length);
}

/* One packet of NUL-terminated strings, up to NULL. */
static inline void G_GNUC_NULL_TERMINATED peer_put_strings(GByteArray *out, int command, ...)
{
	g_autoptr(GByteArray) data = g_byte_array_new();
	va_list args;
	va_start(args, command);
	for (const char *text = va_arg(args, const char *); text; text = va_arg(args, const char *))
		g_byte_array_append(data, (const guint8 *)text, (guint)strlen(text) + 1);
	va_end(args);
	peer_put(out, (char)command, data->data, data->len);
}

/* Macros of a step: name, value, …, NULL. */
static inline void G_GNUC_NULL_TERMINATED peer_put_macros(GByteArray *out, int step, ...)
{
	g_autoptr(GByteArray) data = g_byte_array_new();
	g_byte_array_append(data, (const guint8[]){ (guint8)step }, 1);
	va_list args;
	va_start(args, step);
	for (const char *text = va_arg(args, const char *); text; text = va_arg(args, const char *))
		g_byte_array_append(data, (const guint8 *)text, (guint)strlen(text) + 1);
	va_end(args);
	peer_put(out, 'D', data->data, data->len);
}

static inline void peer_put_options(GByteArray *out, guint32 version, guint32 actions, guint32 steps)
{
	guint32 words[3] = { GUINT32_TO_BE(version), GUINT32_TO_BE(actions), GUINT32_TO_BE(steps) };
	peer_put(out, 'O', words, sizeof words);
}

/* What Postfix 3.7 and Sendmail 8.17 offer. */
enum { PEER_ACTIONS = 0x1ff, PEER_STEPS = 0x1fffff };

static inline guint32 peer_u32(const guint8 *bytes)
{
	guint32 n;
	memcpy(&n, bytes, sizeof n);
	return GUINT32_FROM_BE(n);
}
