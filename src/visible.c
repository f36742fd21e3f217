#include "visible.h"

#include <string.h>

#include "text.h"
#include "visible-marker.h"

typedef struct {
	const char *start;
	guint32 length;
	guint is_quote : 1;
	guint is_blank : 1;
	guint is_rest : 1;
	guint is_folded : 1;
	char *folded;   /* once asked for; NULL where the line is too long to be a marker */
} Line;

typedef struct {
	const VisibleMarkers *markers;
	GArray *lines;
	Visible *visible;
	gboolean has_text;    /* the writer wrote something before */
	gboolean in_tail;     /* below a signature or footer, up to the next quotation */
} Split;

static Line *line_at(Split *split, guint i)
{
	return &g_array_index(split->lines, Line, i);
}

/* --- lines ---------------------------------------------------------------------------------------------------- */

static void line_clear(gpointer line)
{
	g_free(((Line *)line)->folded);
}

static void read_lines(Split *split, const char *text)
{
	for (const char *p = text; *p;) {
		gsize length = strcspn(p, "\n");
		const char *next = p + length + (p[length] == '\n');
		while (length && (p[length - 1] == '\r' || p[length - 1] == ' ' || p[length - 1] == '\t'))
			length--;
		Line line = { .start = p, .length = (guint32)length };
		gsize indent = 0;
		while (indent < length && (p[indent] == ' ' || p[indent] == '\t'))
			indent++;
		line.is_blank = indent == length || (length - indent == 2 && !memcmp(p + indent, "\xc2\xa0", 2));
		/* `>From ` is how mbox files escape a line of the writer's. */
		line.is_quote = indent < length && indent < 5 && p[indent] == '>' && strncmp(p, ">From ", 6);
		g_array_append_val(split->lines, line);
		p = next;
	}
}

/* Borrowed; "" where the line can't be a marker. */
static const char *folded(Line *line)
{
	if (!line->is_folded) {
		line->is_folded = TRUE;
		if (line->length <= MARKER_MAX_LINE) {
			g_autofree char *copy = g_strndup(line->start, line->length);
			line->folded = text_fold(copy, NULL);
		}
	}
	return line->folded ? line->folded : "";
}

static gboolean is_marker(Split *split, VisibleKind kind, const char *text)
{
	return marker_matches(split->markers, kind, text, strlen(text));
}

/* --- header fields that a mail program puts above what it quotes ------------------------------------------------- */

static gboolean is_known_field(Split *split, const char *name, gsize length)
{
	static const char *const fields[] = { "from", "to", "cc", "date", "sent", "subject", "reply-to" };   /* RFC 5322, and Outlook's */
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
		if (strlen(fields[i]) == length && !memcmp(fields[i], name, length))
			return TRUE;
	return marker_matches(split->markers, VISIBLE_FIELD, name, length);
}

/* The name's length at *name, or 0.  Outlook's bold becomes `*From:* x` in plain text. */
static gsize field_of(Split *split, Line *line, const char **name)
{
	if (line->is_quote || line->is_blank)
		return 0;
	const char *p = folded(line);
	while (*p == '*' || *p == ' ')
		p++;
	const char *colon = strchr(p, ':');
	gsize length = colon ? (gsize)(colon - p) : 0;
	while (length && (p[length - 1] == ' ' || p[length - 1] == '*'))
		length--;
	*name = p;
	return length && length <= 60 && is_known_field(split, p, length) ? length : 0;
}

/* The number of different fields in a row from line i; up to two lines between them may continue the one before (a long To), and one may be blank. */
static guint count_fields(Split *split, guint i)
{
	const char *names[8];
	gsize lengths[8];
	guint count = 0;
	for (guint others = 0; i < split->lines->len && others <= 2 && count < G_N_ELEMENTS(names); i++) {
		const char *name;
		gsize length = field_of(split, line_at(split, i), &name);
		if (!length) {
			others++;
			continue;
		}
		gboolean is_new = TRUE;
		for (guint n = 0; n < count; n++)
			is_new = is_new && !(lengths[n] == length && !memcmp(names[n], name, length));
		if (!is_new)
			break;
		names[count] = name;
		lengths[count++] = length;
		others = 0;
	}
	return count;
}

static guint next_filled(Split *split, guint i)
{
	while (i < split->lines->len && line_at(split, i)->is_blank)
		i++;
	return i;
}

/* `________`, `-----` or `----- words -----` */
static gboolean is_rule(const Line *line)
{
	const char *p = line->start, *end = line->start + line->length;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return end - p >= 5 && (*p == '-' || *p == '_') && p[1] == *p && p[2] == *p && end[-1] == *p && end[-2] == *p;
}

static gboolean has_at(const Line *line)
{
	return memchr(line->start, '@', line->length) != NULL;
}

/* A rule and two fields, or three fields below the writer's words.  Alone at the top it takes the four that Outlook writes, with
 * an address in the first: letters begin with lines such as `To:`, `Date:`, `Subject:` as well. */
static gboolean is_quoted_header(Split *split, guint i)
{
	const char *name;
	Line *line = line_at(split, i);
	if (is_rule(line)) {
		guint next = next_filled(split, i + 1);
		return next < split->lines->len && field_of(split, line_at(split, next), &name) && count_fields(split, next) >= 2;
	}
	if (!field_of(split, line, &name))
		return FALSE;
	guint count = count_fields(split, i);
	return split->has_text ? count >= 3 : count >= 4 && (has_at(line) || (i + 1 < split->lines->len && has_at(line_at(split, i + 1))));
}

/* --- parting -------------------------------------------------------------------------------------------------- */

static void to_rest(Split *split, guint from, guint to)
{
	for (guint i = from; i < to; i++)
		line_at(split, i)->is_rest = TRUE;
}

/* The lines of a quotation's announcement end before `next`.  Where `>` follows, they alone are parted off, and the quotation line
 * by line; else all that follows was quoted without signs.  The line to go on with. */
static guint announce(Split *split, guint i, guint next)
{
	split->visible->has_quote = TRUE;
	guint filled = next_filled(split, next);
	if (filled >= split->lines->len || !line_at(split, filled)->is_quote)
		next = split->lines->len;
	to_rest(split, i, next);
	return next;
}

/* How many lines from i are one reply marker: 1 to 3, or 0. */
static guint reply_marker(Split *split, guint i)
{
	g_autoptr(GString) joined = g_string_new(NULL);
	for (guint n = 0; n < 3 && i + n < split->lines->len; n++) {
		Line *line = line_at(split, i + n);
		if (line->is_quote || line->is_blank || line->length > MARKER_MAX_LINE)
			return 0;
		if (n)
			g_string_append_c(joined, ' ');
		g_string_append(joined, folded(line));
		if (is_marker(split, VISIBLE_REPLY, joined->str))
			return n + 1;
	}
	return 0;
}

static gboolean has_time(const Line *line)
{
	for (guint i = 1; i + 2 < line->length; i++)
		if (line->start[i] == ':' && g_ascii_isdigit(line->start[i - 1]) && g_ascii_isdigit(line->start[i + 1]) && g_ascii_isdigit(line->start[i + 2]))
			return TRUE;
	return FALSE;
}

/* A reply's announcement in a language that no filter knows: a time, an address and a colon at the end, and `>` right below. */
static guint unknown_reply(Split *split, guint i)
{
	gboolean has_address = FALSE;
	if (!has_time(line_at(split, i)))
		return 0;
	for (guint n = 0; n < 3 && i + n < split->lines->len; n++) {
		const Line *line = line_at(split, i + n);
		if (line->is_quote || line->is_blank || line->length > MARKER_MAX_LINE)
			return 0;
		has_address = has_address || has_at(line);
		if (line->start[line->length - 1] != ':' || !has_address)
			continue;
		guint next = next_filled(split, i + n + 1);
		return next < split->lines->len && line_at(split, next)->is_quote ? n + 1 : 0;
	}
	return 0;
}

/* RFC 3676 4.3; without its space where a program trimmed the line. */
static gboolean is_signature_mark(const Line *line)
{
	return line->length == 2 && !memcmp(line->start, "--", 2);
}

/* Mailman's 47 underscores with a few lines below that end the message and name an address or a page. */
static gboolean is_list_footer(Split *split, guint i)
{
	const Line *line = line_at(split, i);
	if (!split->has_text || line->length < 40 || strspn(line->start, "_") < line->length || split->lines->len - i > 12)
		return FALSE;
	for (guint n = i + 1; n < split->lines->len; n++)
		if (has_at(line_at(split, n)) || g_strstr_len(line_at(split, n)->start, line_at(split, n)->length, "://"))
			return TRUE;
	return FALSE;
}

/* A program wrapped a long quoted line without a sign before its rest: `> …a long line` / `cut` / `> …`. */
static gboolean is_broken_quote(Split *split, guint i)
{
	const Line *line = line_at(split, i);
	if (!i || i + 1 >= split->lines->len || line->length > 40 || !line_at(split, i + 1)->is_quote)
		return FALSE;
	const Line *above = line_at(split, i - 1);
	return above->is_quote && above->length >= 66 && !strchr(".?!:;>", above->start[above->length - 1]) &&
	       g_unichar_islower(g_utf8_get_char(line->start));
}

/* The first lines of a quotation may say that it is a forwarded message. */
static void look_into_quote(Split *split, guint i)
{
	if (i && line_at(split, i - 1)->is_quote && i > 1 && line_at(split, i - 2)->is_quote)
		return;
	const char *p = folded(line_at(split, i));
	p += strspn(p, "> ");
	split->visible->is_forward = split->visible->is_forward || is_marker(split, VISIBLE_FORWARD, p);
}

/* One line that is no quotation; returns the next to look at. */
static guint part_line(Split *split, guint i)
{
	Line *line = line_at(split, i);
	guint reply;
	if (is_marker(split, VISIBLE_FORWARD, folded(line))) {
		split->visible->is_forward = TRUE;
		return announce(split, i, i + 1);
	}
	if ((reply = reply_marker(split, i)) || (reply = unknown_reply(split, i)))
		return announce(split, i, i + reply);
	if (is_quoted_header(split, i)) {
		split->visible->is_forward = split->visible->is_forward || !split->has_text;
		split->visible->has_quote = TRUE;
		to_rest(split, i, split->lines->len);
		return split->lines->len;
	}
	if (is_list_footer(split, i)) {
		to_rest(split, i, split->lines->len);
		return split->lines->len;
	}
	split->in_tail = split->in_tail || is_signature_mark(line) || is_marker(split, VISIBLE_FOOTER, folded(line));
	if (split->in_tail || is_marker(split, VISIBLE_SIGNATURE, folded(line)) || is_broken_quote(split, i))
		line->is_rest = TRUE;
	else
		split->has_text = TRUE;
	return i + 1;
}

static char *collect(Split *split, gboolean rest)
{
	GString *out = g_string_new(NULL);
	gboolean gap = FALSE;
	for (guint i = 0; i < split->lines->len; i++) {
		const Line *line = line_at(split, i);
		if (line->is_blank || line->is_rest != rest) {
			gap = TRUE;
			continue;
		}
		if (out->len)
			g_string_append(out, gap ? "\n\n" : "\n");
		gap = FALSE;
		g_string_append_len(out, line->start, line->length);
	}
	return g_string_free(out, FALSE);
}

void visible_split(const char *text, const VisibleMarkers *markers, Visible *visible)
{
	*visible = (Visible){ 0 };
	Split split = { .markers = markers, .lines = g_array_new(FALSE, FALSE, sizeof(Line)), .visible = visible };
	g_array_set_clear_func(split.lines, line_clear);
	read_lines(&split, text);
	for (guint i = 0; i < split.lines->len;) {
		Line *line = line_at(&split, i);
		if (line->is_quote) {
			look_into_quote(&split, i);
			line->is_rest = TRUE;
			visible->has_quote = TRUE;
			split.in_tail = FALSE;
			i++;
		} else {
			i = line->is_blank ? i + 1 : part_line(&split, i);
		}
	}
	visible->text = collect(&split, FALSE);
	visible->rest = collect(&split, TRUE);
	g_array_unref(split.lines);
}

void visible_clear(Visible *visible)
{
	g_clear_pointer(&visible->text, g_free);
	g_clear_pointer(&visible->rest, g_free);
}
