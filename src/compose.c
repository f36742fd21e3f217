#include "compose.h"

#include <string.h>

#include "address.h"
#include "text.h"

enum {
	HEADER_MOST = 76,          /* RFC 5322 2.1.1 asks for 78, RFC 2047 section 2 for 76 where encoded-words stand */
	ENCODED_WORD_MOST = 75,    /* RFC 2047 section 2 */
	BODY_MOST = 76             /* RFC 2045 6.7 (5) and 6.8 */
};

static gboolean is_plain(const char *text)
{
	for (const char *p = text; *p; p++)
		if ((guchar)*p < 0x20 || (guchar)*p > 0x7e)
			return FALSE;
	return TRUE;
}

/* Header values may come from a configuration or a text file: a line break in one must not begin a header of its own. */
static char *without_controls(const char *text)
{
	char *copy = g_utf8_make_valid(text, -1);
	for (char *p = copy; *p; p++)
		if ((guchar)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	return g_strstrip(copy);
}

/* Appends words parted by single spaces, on a new line where one would not fit. */
static void fold(GString *message, gsize column, const char *value)
{
	g_auto(GStrv) words = g_strsplit(value, " ", -1);
	for (int i = 0; words[i]; i++) {
		gsize length = strlen(words[i]);
		if (!length)
			continue;
		if (column + 1 + length > HEADER_MOST && i > 0) {
			g_string_append(message, "\r\n");
			column = 0;
		}
		g_string_append_c(message, ' ');
		g_string_append_len(message, words[i], (gssize)length);
		column += 1 + length;
	}
	g_string_append(message, "\r\n");
}

void compose_header(GString *message, const char *name, const char *value)
{
	g_autofree char *safe = without_controls(value);
	g_string_append_printf(message, "%s:", name);
	fold(message, strlen(name) + 1, safe);
}

/* RFC 2047 section 5 (3): the characters that are safe in a phrase as well stay as they are. */
static void append_q(GString *word, const char *bytes, gsize length)
{
	for (gsize i = 0; i < length; i++) {
		guchar c = (guchar)bytes[i];
		if (c == ' ')
			g_string_append_c(word, '_');
		else if (g_ascii_isalnum(c) || (c && strchr("!*+-/", c)))
			g_string_append_c(word, (char)c);
		else
			g_string_append_printf(word, "=%02X", c);
	}
}

/* The text as encoded-words parted by spaces; each ends at the end of a character (RFC 2047 section 5). */
static char *encoded_words(const char *text)
{
	static const char begin[] = "=?utf-8?Q?", end[] = "?=";
	g_autoptr(GString) word = g_string_new(begin);
	GString *out = g_string_new(NULL);
	for (const char *p = text; *p; p = g_utf8_next_char(p)) {
		g_autoptr(GString) character = g_string_new(NULL);
		append_q(character, p, (gsize)(g_utf8_next_char(p) - p));
		if (word->len + character->len + strlen(end) > ENCODED_WORD_MOST - 12) {   /* room for the header's name on the first line */
			g_string_append_printf(out, "%s%s ", word->str, end);
			g_string_assign(word, begin);
		}
		g_string_append_len(word, character->str, (gssize)character->len);
	}
	g_string_append_printf(out, "%s%s", word->str, end);
	return g_string_free(out, FALSE);
}

/* "=?" in plain text would be read as an encoded-word. */
static char *header_text(const char *text)
{
	g_autofree char *safe = without_controls(text);
	return is_plain(safe) && !strstr(safe, "=?") ? g_steal_pointer(&safe) : encoded_words(safe);
}

void compose_text_header(GString *message, const char *name, const char *text)
{
	g_autofree char *value = header_text(text);
	g_string_append_printf(message, "%s:", name);
	fold(message, strlen(name) + 1, value);
}

/* RFC 5322 3.2.4: a phrase of atoms stays bare, any other ASCII is quoted. */
static char *phrase(const char *display)
{
	g_autofree char *safe = without_controls(display);
	if (!is_plain(safe) || strstr(safe, "=?"))
		return encoded_words(safe);
	if (strspn(safe, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !#$%&'*+-/=?^_`{|}~") == strlen(safe))
		return g_steal_pointer(&safe);
	GString *quoted = g_string_new("\"");
	for (const char *p = safe; *p; p++) {
		if (*p == '"' || *p == '\\')
			g_string_append_c(quoted, '\\');
		g_string_append_c(quoted, *p);
	}
	g_string_append_c(quoted, '"');
	return g_string_free(quoted, FALSE);
}

void compose_mailbox_header(GString *message, const char *name, const char *display, const char *address)
{
	g_autofree char *words = display && *display ? phrase(display) : NULL;
	g_autofree char *value = words ? g_strdup_printf("%s <%s>", words, address) : g_strdup(address);
	g_string_append_printf(message, "%s:", name);
	fold(message, strlen(name) + 1, value);
}

/* Not through strftime: its names of days and months follow the locale. */
void compose_date_header(GString *message, const char *name, gint64 instant)
{
	static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(instant);
	if (!time)
		return;
	g_string_append_printf(message, "%s: %s, %d %s %d %02d:%02d:%02d +0000\r\n", name, days[g_date_time_get_day_of_week(time) - 1],
		g_date_time_get_day_of_month(time), months[g_date_time_get_month(time) - 1], g_date_time_get_year(time),
		g_date_time_get_hour(time), g_date_time_get_minute(time), g_date_time_get_second(time));
}

/* RFC 2045 6.7: soft breaks so that no line is longer than 76, white space at a line's end encoded. */
static char *quoted_printable(const char *text)
{
	GString *out = g_string_new(NULL);
	gsize column = 0;
	for (const char *p = text; *p; p++) {
		guchar c = (guchar)*p;
		if (c == '\n') {
			g_string_append(out, "\r\n");
			column = 0;
			continue;
		}
		gboolean at_end = p[1] == '\n' || !p[1];
		gboolean bare = (c > 0x20 && c < 0x7f && c != '=') || (c == ' ' && !at_end);
		if (column + (bare ? 1 : 3) > BODY_MOST - (at_end ? 0 : 1)) {
			g_string_append(out, "=\r\n");
			column = 0;
		}
		if (bare)
			g_string_append_c(out, (char)c);
		else
			g_string_append_printf(out, "=%02X", c);
		column += bare ? 1 : 3;
	}
	return g_string_free(out, FALSE);
}

/* What is encoded as base64 must have its line ends in the canonical form first (RFC 2045 6.8). */
static char *with_crlf(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	return g_strjoinv("\r\n", lines);
}

static char *base64(const char *text)
{
	g_autofree char *canonical = with_crlf(text);
	g_autofree char *encoded = g_base64_encode((const guchar *)canonical, strlen(canonical));
	GString *out = g_string_new(NULL);
	for (gsize i = 0, length = strlen(encoded); i < length; i += BODY_MOST)
		g_string_append_printf(out, "%.*s\r\n", BODY_MOST, encoded + i);
	return g_string_free(out, FALSE);
}

static gboolean needs_no_encoding(const char *text)
{
	gsize column = 0;
	for (const char *p = text; *p; p++) {
		column = *p == '\n' ? 0 : column + 1;
		if (column > BODY_MOST || (guchar)*p > 0x7e || ((guchar)*p < 0x20 && *p != '\n'))
			return FALSE;
	}
	return TRUE;
}

void compose_text_body(GString *message, const char *text, const char *language)
{
	const char *encoding = "7bit";
	g_autofree char *body = NULL;
	if (needs_no_encoding(text)) {
		body = with_crlf(text);
	} else {
		encoding = "quoted-printable";
		body = quoted_printable(text);
		g_autofree char *shorter = base64(text);
		if (strlen(shorter) < strlen(body)) {   /* scripts that have no letters in ASCII */
			encoding = "base64";
			g_free(body);
			body = g_steal_pointer(&shorter);
		}
	}
	compose_header(message, "MIME-Version", "1.0");
	compose_header(message, "Content-Type", "text/plain; charset=utf-8");
	compose_header(message, "Content-Transfer-Encoding", encoding);
	if (language)
		compose_header(message, "Content-Language", language);
	g_string_append(message, "\r\n");
	g_string_append(message, body);
	if (!g_str_has_suffix(message->str, "\r\n"))
		g_string_append(message, "\r\n");
}

static gboolean is_dot_atom(const char *text, gsize length)
{
	static const char atext[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~.";
	return length > 0 && strspn(text, atext) >= length;
}

char *compose_message_id(const char *id)
{
	if (!id)
		return NULL;
	id += strspn(id, " \t");
	gboolean is_bracketed = *id == '<';
	id += is_bracketed;
	gsize length = is_bracketed ? strcspn(id, ">") : strlen(id);
	if ((is_bracketed && !id[length]) || length > COMPOSE_MESSAGE_ID_MOST)
		return NULL;
	const char *at = memchr(id, '@', length);
	if (!at || !is_dot_atom(id, (gsize)(at - id)))
		return NULL;
	const char *right = at + 1, *end = id + length;
	gboolean is_literal = end - right > 2 && *right == '[' && end[-1] == ']' &&
		strspn(right + 1, "0123456789abcdefABCDEFIPv:.") == (gsize)(end - right - 2);
	return is_literal || is_dot_atom(right, (gsize)(end - right)) ? g_strdup_printf("<%.*s>", (int)length, id) : NULL;
}

gboolean compose_parse_mailbox(const char *text, char **display, char **address)
{
	*display = *address = NULL;
	for (const char *p = text; *p; p++)
		if ((guchar)*p < 0x20 || *p == 0x7f)
			return FALSE;
	g_autofree char *copy = g_utf8_make_valid(text, -1);
	g_strstrip(copy);
	char *open = strrchr(copy, '<');
	if (!open) {
		*address = address_identity(copy);
		return *address != NULL;
	}
	gsize length = strlen(open);
	if (open[length - 1] != '>')
		return FALSE;
	open[length - 1] = '\0';
	*address = address_identity(open + 1);
	*open = '\0';
	char *name = g_strstrip(copy);
	gsize n = strlen(name);
	if (n >= 2 && name[0] == '"' && name[n - 1] == '"') {   /* a quoted-string: its content, without the backslashes */
		name[n - 1] = '\0';
		char *to = name;
		for (char *from = name + 1; *from; from++) {
			if (*from == '\\' && from[1])
				from++;
			*to++ = *from;
		}
		*to = '\0';
	}
	*display = *address && *name ? g_strdup(name) : NULL;
	return *address != NULL;
}

void compose_wrap(GString *text, const char *line)
{
	gsize indent = strspn(line, " ");
	if (g_str_has_prefix(line + indent, "- "))
		indent += 2;
	guint column = (guint)indent;
	g_string_append_len(text, line, (gssize)indent);
	g_auto(GStrv) words = g_strsplit(line + indent, " ", -1);
	for (int i = 0; words[i]; i++) {
		guint width = text_columns(words[i]);
		if (i > 0 && column + 1 + width > COMPOSE_COLUMNS) {
			g_string_append_printf(text, "\n%*s", (int)indent, "");
			column = (guint)indent;
		} else if (i > 0) {
			g_string_append_c(text, ' ');
			column++;
		}
		g_string_append(text, words[i]);
		column += width;
	}
	g_string_append_c(text, '\n');
}
