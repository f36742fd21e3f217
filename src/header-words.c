/* layer 1 mail - header-words: encoded-words (RFC 2047).
 *
 * GMime 3.2.13 decodes each for itself and gives up at the first that ends within a character or a base64 quantum.
 */
#include <string.h>

#include "charset.h"
#include "decode.h"
#include "header.h"

typedef struct {
	GString *out;
	GByteArray *pending;   /* decoded bytes of adjacent encoded-words in one character set */
	char *charset;
	char **unknown;
} Words;

static void flush(Words *words)
{
	if (words->pending->len) {
		gboolean unknown = FALSE;
		g_autofree char *text = charset_to_utf8(words->charset, (const char *)words->pending->data, words->pending->len,
							HEADER_MAX_FIELD * 3, &unknown);
		g_string_append(words->out, text);
		if (unknown && words->unknown) {
			g_free(*words->unknown);
			*words->unknown = g_strdup(words->charset);
		}
	}
	g_byte_array_set_size(words->pending, 0);
	g_clear_pointer(&words->charset, g_free);
}

/* An encoded-word at p: NULL where there is none, else what follows it.  Spaces inside are let pass, mailers write them. */
static const char *encoded_word(const char *p, Words *words)
{
	const char *charset = p + 2, *encoding = strchr(charset, '?');
	if (!encoding || encoding == charset || encoding - charset > 60 || !encoding[1] || encoding[2] != '?')
		return NULL;
	char kind = g_ascii_toupper(encoding[1]);
	if (kind != 'B' && kind != 'Q')
		return NULL;
	const char *data = encoding + 3, *end = strstr(data, "?=");
	if (!end)
		return NULL;
	const char *language = memchr(charset, '*', (gsize)(encoding - charset));   /* RFC 2231 section 5 */
	g_autofree char *name = g_ascii_strdown(charset, (language ? language : encoding) - charset);
	if (g_strcmp0(name, words->charset))
		flush(words);
	if (!words->charset)
		words->charset = g_steal_pointer(&name);
	decode_append(kind == 'B' ? DECODE_BASE64 : DECODE_Q, data, (gsize)(end - data), HEADER_MAX_FIELD, words->pending);
	return end + 2;
}

char *header_decode(const char *raw, char **unknown)
{
	if (!strstr(raw, "=?"))
		return g_strdup(raw);
	Words words = { g_string_sized_new(strlen(raw)), g_byte_array_new(), NULL, unknown };
	gboolean hopeless = FALSE;   /* no `?=` ahead: don't look for it again and again */
	for (const char *p = raw; *p;) {
		const char *next = NULL;
		if (p[0] == '=' && p[1] == '?' && !hopeless) {
			next = encoded_word(p, &words);
			hopeless = !next && !strstr(p + 2, "?=");
		}
		if (next) {
			p = next;
			continue;
		}
		/* White space between two encoded-words is not text (RFC 2047 6.2). */
		gsize space = strspn(p, " \t");
		if (space && words.charset && p[space] == '=' && p[space + 1] == '?') {
			next = encoded_word(p + space, &words);
			if (next) {
				p = next;
				continue;
			}
		}
		flush(&words);
		g_string_append_c(words.out, *p++);
	}
	flush(&words);
	g_byte_array_unref(words.pending);
	return g_string_free(words.out, FALSE);
}

char *header_text(const HeaderField *field, char **unknown)
{
	g_autofree char *raw = header_raw(field);
	return header_decode(raw, unknown);
}

/* `=~` stands for nothing anywhere: no boundary may hold it, and in a name it does no harm to be taken for `=?`. */
void header_hide_words(char *raw)
{
	for (char *p = raw; (p = strstr(p, "=?")); p++)
		p[1] = '~';
}

void header_show_words(char *raw)
{
	for (char *p = raw; (p = strstr(p, "=~")); p++)
		p[1] = '?';
}
