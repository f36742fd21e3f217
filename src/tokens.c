#include "tokens.h"

#include <string.h>

#include "text.h"

/* A line that is shorter than this was ended by its writer, not by a program that wraps at 60 to 80 columns. */
enum { SHORT_LINE = 45 };

static gboolean is_unspaced(gunichar c)
{
	return (c >= 0x0e00 && c <= 0x0eff) || (c >= 0x1000 && c <= 0x109f) || (c >= 0x1780 && c <= 0x17ff) ||
	       (c >= 0x3005 && c <= 0x3007) || (c >= 0x3040 && c <= 0x312f) || (c >= 0x3400 && c <= 0x9fff) ||
	       (c >= 0xf900 && c <= 0xfaff) || (c >= 0x20000 && c <= 0x3ffff);
}

static gboolean is_word_char(gunichar c)
{
	if (c < 0x80)
		return g_ascii_isalnum((char)c);
	return g_unichar_isalnum(c) || g_unichar_ismark(c);
}

static gboolean is_address_char(char c)
{
	switch (c) {
	case '.': case '_': case '%': case '+': case '-': case '@': case '/': case ':': case '?': case '=': case '&': case '#': case '~': case '!':
	case '$': case '*': case '\'':
		return TRUE;
	default:
		return g_ascii_isalnum(c);
	}
}

/* The length of the mail address or URL that begins here, or 0. */
static gsize opaque_length(const char *p)
{
	gsize length = 0;
	gboolean at = FALSE, scheme = FALSE;
	for (; is_address_char(p[length]); length++) {
		if (p[length] == '@')
			at = at || (length && g_ascii_isalnum(p[length + 1]));
		else if (p[length] == ':')
			scheme = scheme || (p[length + 1] == '/' && p[length + 2] == '/');
	}
	if (!at && !scheme && strncmp(p, "www.", 4) != 0)
		return 0;
	while (length && strchr(".:?!'*", p[length - 1]))
		length--;
	return length;
}

typedef struct {
	Tokens *out;
	guint32 sentence, clause;
	gsize line_start;        /* of the current line, in the folded text */
	gboolean ended;          /* the sentence ended since the last token */
	gboolean paused;         /* … the clause */
} Cutter;

static void put(Cutter *cutter, gsize start, gsize end, gboolean opaque)
{
	if (cutter->out->tokens->len) {
		cutter->sentence += cutter->ended;
		cutter->clause += cutter->ended || cutter->paused;
	}
	cutter->ended = cutter->paused = FALSE;
	Token token = { (guint32)start, (guint32)end, cutter->sentence, cutter->clause, opaque };
	g_array_append_val(cutter->out->tokens, token);
}

/* Words that a full stop shortens, in letters about law above all; no word that could end a sentence is among them. */
static gboolean is_abbreviation(const char *word, gsize length)
{
	static const char *const words[] = {
		"art", "abs", "gem", "nr", "bzw", "bzgl", "inkl", "ggf", "vgl", "lit", "evtl", "zzgl", "ca", "lt", "str", "hr", "fr", "dr", "prof", "ing",
		"mr", "mrs", "ms", "st", "sec", "para", "cf", "ref", "inc", "ltd", "tel", "inh", "sog", "usw", "ziff", "inst", "approx", "dept",
		"mme", "mlle",
		"sr", "sra", "sig", "dott", "num", "pag", "cap", "odst", "ust", "pkt", "mgr", "dhr", "mevr", "bijv", "al",
	};
	for (guint i = 0; i < G_N_ELEMENTS(words); i++)
		if (strlen(words[i]) == length && memcmp(words[i], word, length) == 0)
			return TRUE;
	return FALSE;
}

/* Does the full stop at `p` end a sentence?  Not in `5.1.1`, `Art. 17`, `17. November`, `z. B.`, `gem. Artikel`. */
static gboolean stop_ends_sentence(const Cutter *cutter, const char *p)
{
	if (p[1] && p[1] != ' ' && p[1] != '\n' && p[1] != '"' && p[1] != ')')
		return FALSE;
	const GArray *tokens = cutter->out->tokens;
	if (!p[1] || !tokens->len)
		return TRUE;
	const Token *last = &g_array_index(tokens, Token, tokens->len - 1);
	const char *folded = cutter->out->folded;
	gsize length = last->end - last->start;
	if (length == 1 || (p[1] == ' ' && g_ascii_isdigit(p[2])))
		return FALSE;
	if (is_abbreviation(folded + last->start, length))
		return FALSE;
	gboolean number = length <= 2;   /* an ordinal */
	for (gsize i = last->start; i < last->end; i++)
		number = number && g_ascii_isdigit(folded[i]);
	const char *next = cutter->out->text + cutter->out->origin[(gsize)(p - folded) + 2];
	gboolean lower = g_unichar_islower(g_utf8_get_char(next));
	return !(number && p[1] == ' ') && !(length <= 3 && lower);
}

static void take_line_break(Cutter *cutter, gsize at)
{
	const Tokens *out = cutter->out;
	const char *p = out->folded + at + 1;
	guint breaks = 0;
	for (gsize i = out->origin[at]; i < out->origin[at + 1]; i++)
		breaks += out->text[i] == '\n';
	gboolean item = ((*p == '-' || *p == '*') && p[1] == ' ') || (g_ascii_isdigit(*p) && (p[1] == '.' || p[1] == ')')) ||
			(*p == '(' && p[1] && p[2] == ')') || (g_ascii_isalpha(*p) && p[1] == ')');
	gboolean announces = at && out->folded[at - 1] == ':';   /* Unsubscribe:⏎http://… */
	if (breaks > 1 || item || (at - cutter->line_start < SHORT_LINE && !announces))
		cutter->ended = TRUE;
	cutter->line_start = at + 1;
}

static void take_punctuation(Cutter *cutter, gunichar c, const char *p)
{
	switch (c) {
	case '.':
		cutter->ended = cutter->ended || stop_ends_sentence(cutter, p);
		break;
	case '!': case '?': case ';':
	case 0x3002: case 0x0964: case 0x0965: case 0x061f: case 0x06d4: case 0x037e: case 0x1362: case 0x17d4: case 0x104b:
		cutter->ended = TRUE;
		break;
	case '\n':
		take_line_break(cutter, (gsize)(p - cutter->out->folded));
		break;
	case ',': case ':': case '(': case ')': case '[': case ']': case '"': case '/': case 0x3001: case 0x060c:
		cutter->paused = TRUE;
		break;
	case '-':
		cutter->paused = cutter->paused || p[1] == ' ';
		break;
	}
}

/* `'` inside a word: part of it where what follows is an English ending (don't, you're), or after `i`; else it parts two words. */
static gboolean apostrophe_joins(const char *word, const char *apostrophe)
{
	const char *p = apostrophe + 1;
	while (g_ascii_isalpha(*p))
		p++;
	gsize after = (gsize)(p - apostrophe - 1), before = (gsize)(apostrophe - word);
	return after && after <= 2 && (before >= 2 || *word == 'i');
}

static const char *take_word(Cutter *cutter, const char *p)
{
	const char *start = p, *folded = cutter->out->folded;
	for (;;) {
		unsigned char byte = (unsigned char)*p;
		if (g_ascii_isalnum(byte)) {
			p++;
			continue;
		}
		if (byte == '\'' && apostrophe_joins(start, p)) {
			p++;
			continue;
		}
		gunichar c = byte < 0x80 ? byte : g_utf8_get_char(p);
		if (byte < 0x80 || !is_word_char(c) || is_unspaced(c))
			break;
		p = g_utf8_next_char(p);
	}
	put(cutter, (gsize)(start - folded), (gsize)(p - folded), FALSE);
	return p;
}

Tokens *tokens_new(const char *text)
{
	Tokens *out = g_new0(Tokens, 1);
	out->text = text;
	out->folded = text_fold(text, &out->origin);
	out->tokens = g_array_sized_new(FALSE, FALSE, sizeof(Token), (guint)(strlen(out->folded) / 5 + 4));
	Cutter cutter = { .out = out };

	gboolean in_run = FALSE;   /* inside characters without white space, already known to be no address */
	for (const char *p = out->folded; *p;) {
		gsize at = (gsize)(p - out->folded), length;
		if (!in_run && g_ascii_isalnum(*p)) {
			if ((length = opaque_length(p))) {
				put(&cutter, at, at + length, TRUE);
				p += length;
				continue;
			}
			in_run = TRUE;
		}
		unsigned char byte = (unsigned char)*p;
		gunichar c = byte < 0x80 ? byte : g_utf8_get_char(p);
		const char *next = byte < 0x80 ? p + 1 : g_utf8_next_char(p);
		if (byte >= 0x80 && is_unspaced(c) && is_word_char(c)) {
			put(&cutter, at, (gsize)(next - out->folded), FALSE);
			in_run = FALSE;
		} else if (is_word_char(c)) {
			next = take_word(&cutter, p);
		} else {
			in_run = in_run && is_address_char((char)byte);
			take_punctuation(&cutter, c, p);
		}
		p = next;
	}
	return out;
}

void tokens_free(Tokens *tokens)
{
	if (!tokens)
		return;
	g_free(tokens->folded);
	g_free(tokens->origin);
	g_array_unref(tokens->tokens);
	g_free(tokens);
}

char *tokens_words(const Tokens *tokens, guint first, guint end, gsize most)
{
	if (first >= end || end > tokens->tokens->len)
		return g_strdup("");
	const Token *from = &g_array_index(tokens->tokens, Token, first), *to = &g_array_index(tokens->tokens, Token, end - 1);
	const char *start = tokens->text + tokens->origin[from->start], *stop = tokens->text + tokens->origin[to->end];
	while (stop > start && (stop[-1] == ' ' || stop[-1] == '\n' || stop[-1] == '\r' || stop[-1] == '\t'))
		stop--;
	if ((gsize)(stop - start) > most) {
		stop = start + most;
		while (stop > start && ((unsigned char)*stop & 0xc0) == 0x80)
			stop--;
	}
	return g_strndup(start, (gsize)(stop - start));
}
