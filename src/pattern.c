#include "pattern.h"

#include <string.h>

#include "status.h"

/* A pattern is parsed into items; brackets hold alternatives, each again a list of items. */
typedef struct {
	GArray *words;            /* guint32, numbers of a word's tokens; NULL for brackets and gaps */
	GPtrArray *alternatives;  /* GPtrArray* of Item*; NULL for words and gaps */
	gboolean optional;
} Item;

typedef struct {
	MatcherBuilder *builder;
	const GArray *letters;
	const char *at;
	GError **error;
} Parser;

static void item_free(gpointer data)
{
	Item *item = data;
	if (item->words)
		g_array_unref(item->words);
	if (item->alternatives)
		g_ptr_array_unref(item->alternatives);
	g_free(item);
}

static GPtrArray *items_new(void)
{
	return g_ptr_array_new_with_free_func(item_free);
}

static gboolean is_gap(const Item *item)
{
	return !item->words && !item->alternatives;
}

/* --- words --------------------------------------------------------------------------------------------------------- */

static char *respelled(const char *word, const GArray *letters)
{
	g_autofree char *composed = g_utf8_normalize(word, -1, G_NORMALIZE_DEFAULT_COMPOSE);
	g_autofree char *lower = g_utf8_strdown(composed ? composed : word, -1);
	g_autoptr(GString) out = g_string_new(NULL);
	gboolean changed = FALSE;
	for (const char *p = lower; *p; p = g_utf8_next_char(p)) {
		const char *instead = NULL;
		for (guint i = 0; i < letters->len; i++)
			if (g_array_index(letters, PatternLetter, i).letter == g_utf8_get_char(p))
				instead = g_array_index(letters, PatternLetter, i).instead;
		changed = changed || instead;
		if (instead)
			g_string_append(out, instead);
		else
			g_string_append_unichar(out, g_utf8_get_char(p));
	}
	return changed ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}

static char *token_text(const Tokens *tokens, guint index)
{
	const Token *token = &g_array_index(tokens->tokens, Token, index);
	g_autofree char *text = g_strndup(tokens->folded + token->start, token->end - token->start);
	g_auto(GStrv) parts = g_strsplit(text, "'", -1);
	return g_strjoinv("", parts);
}

static gboolean is_hangul(const char *word)
{
	gunichar c = g_utf8_get_char(word);
	return c >= 0xac00 && c <= 0xd7a3;
}

/* The numbers of one written word: several where it holds a hyphen, or is of a script without spaces. */
static gboolean add_word(Parser *parser, const char *word, GArray *numbers)
{
	if (g_str_equal(word, "@")) {
		guint32 number = matcher_builder_word(parser->builder, word, NULL, FALSE);
		g_array_append_val(numbers, number);
		return TRUE;
	}
	g_autofree char *bare = g_strdup(word);
	gsize length = strlen(bare);
	gboolean is_prefix = length && bare[length - 1] == '*';
	if (is_prefix)
		bare[length - 1] = '\0';
	if (strchr(bare, '*'))
		return status_fail(parser->error, STATUS_PERMANENT, "`*` inside `%s`: it can only end a word", word);
	g_autoptr(Tokens) tokens = tokens_new(bare);
	g_autofree char *other = parser->letters ? respelled(bare, parser->letters) : NULL;
	g_autoptr(Tokens) others = other ? tokens_new(other) : NULL;
	if (is_prefix && (!tokens->tokens->len || g_utf8_strlen(bare, -1) < 2))
		return status_fail(parser->error, STATUS_PERMANENT,
				   "`%s`: write at least two letters before `*`; `...` stands for words in between", word);
	for (guint i = 0; i < tokens->tokens->len; i++) {
		if (g_array_index(tokens->tokens, Token, i).opaque)
			return status_fail(parser->error, STATUS_PERMANENT,
					   "`%s`: a phrase can't hold an address or URL: `@` stands for any mail address", word);
		g_autofree char *text = token_text(tokens, i);
		g_autofree char *alias = others && others->tokens->len == tokens->tokens->len ? token_text(others, i) : NULL;
		gboolean last = i + 1 == tokens->tokens->len;
		guint32 number = matcher_builder_word(parser->builder, text, alias, (last && is_prefix) || is_hangul(text));
		g_array_append_val(numbers, number);
	}
	return TRUE;
}

/* --- structure ------------------------------------------------------------------------------------------------------ */

static GPtrArray *parse_items(Parser *parser, guint depth);

static Item *parse_bracket(Parser *parser, guint depth)
{
	char open = *parser->at++, close = open == '(' ? ')' : ']';
	if (depth == 2) {
		status_fail(parser->error, STATUS_PERMANENT, "brackets nest more than once: write two lines");
		return NULL;
	}
	Item *item = g_new0(Item, 1);
	item->optional = open == '[';
	item->alternatives = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	for (;;) {
		GPtrArray *items = parse_items(parser, depth + 1);
		if (!items)
			break;
		g_ptr_array_add(item->alternatives, items);
		if (items->len == 0) {
			status_fail(parser->error, STATUS_PERMANENT, "an empty alternative: `[a|b]` means one of them or nothing");
			break;
		}
		if (*parser->at == '|') {
			parser->at++;
			continue;
		}
		if (*parser->at != close) {
			status_fail(parser->error, STATUS_PERMANENT, "`%c` without its `%c`", open, close);
			break;
		}
		if (*++parser->at && !strchr(" \t)]|", *parser->at)) {
			status_fail(parser->error, STATUS_PERMANENT,
				    "`%c` is followed by a letter: brackets hold whole words, write `(opt out|optout)`", close);
			break;
		}
		return item;
	}
	item_free(item);
	return NULL;
}

static Item *parse_word(Parser *parser, guint depth)
{
	gsize length = strcspn(parser->at, " \t()[]|");
	g_autofree char *word = g_strndup(parser->at, length);
	parser->at += length;
	if (*parser->at == '(' || *parser->at == '[') {
		status_fail(parser->error, STATUS_PERMANENT, "`%s%c`: brackets hold whole words, leave a space before them", word, *parser->at);
		return NULL;
	}
	Item *item = g_new0(Item, 1);
	if (g_str_equal(word, "...") || g_str_equal(word, "…")) {
		if (depth == 0)
			return item;
		status_fail(parser->error, STATUS_PERMANENT, "`...` inside brackets: write two lines");
	} else {
		item->words = g_array_new(FALSE, FALSE, sizeof(guint32));
		if (add_word(parser, word, item->words))
			return item;
	}
	item_free(item);
	return NULL;
}

static GPtrArray *parse_items(Parser *parser, guint depth)
{
	g_autoptr(GPtrArray) items = items_new();
	for (;;) {
		while (*parser->at == ' ' || *parser->at == '\t')
			parser->at++;
		char c = *parser->at;
		if (!c || (depth && strchr(")]|", c)))
			return g_steal_pointer(&items);
		if (strchr(")]", c)) {
			status_fail(parser->error, STATUS_PERMANENT, "`%c` without its `%c`", c, c == ')' ? '(' : '[');
			return NULL;
		}
		if (c == '|') {
			status_fail(parser->error, STATUS_PERMANENT, "`|` outside brackets: write `(a|b)`, or two lines");
			return NULL;
		}
		Item *item = c == '(' || c == '[' ? parse_bracket(parser, depth) : parse_word(parser, depth);
		if (!item)
			return NULL;
		if (item->words && !item->words->len)
			item_free(item);   /* punctuation only */
		else
			g_ptr_array_add(items, item);
	}
}

/* --- variants ------------------------------------------------------------------------------------------------------- */

/* Appends each of `heads` followed by each of `tails` (GArray* of guint32 numbers). */
static GPtrArray *product(const GPtrArray *heads, const GPtrArray *tails)
{
	GPtrArray *out = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
	for (guint h = 0; h < heads->len; h++)
		for (guint t = 0; t < tails->len; t++) {
			const GArray *head = heads->pdata[h], *tail = tails->pdata[t];
			GArray *both = g_array_sized_new(FALSE, FALSE, sizeof(guint32), head->len + tail->len);
			if (head->len)
				g_array_append_vals(both, head->data, head->len);
			if (tail->len)
				g_array_append_vals(both, tail->data, tail->len);
			g_ptr_array_add(out, both);
		}
	return out;
}

static gboolean too_many(guint count, GError **error)
{
	return count > PATTERN_MAX_VARIANTS &&
	       !status_fail(error, STATUS_PERMANENT, "more than %d variants: write several lines", PATTERN_MAX_VARIANTS);
}

/* All variants of items first..end (no gaps among them); NULL and *error where there are too many. */
static GPtrArray *expand(const GPtrArray *items, guint first, guint end, GError **error)
{
	g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
	g_ptr_array_add(out, g_array_new(FALSE, FALSE, sizeof(guint32)));
	for (guint i = first; i < end; i++) {
		const Item *item = items->pdata[i];
		g_autoptr(GPtrArray) choices = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
		if (item->words)
			g_ptr_array_add(choices, g_array_ref(item->words));
		if (item->optional)
			g_ptr_array_add(choices, g_array_new(FALSE, FALSE, sizeof(guint32)));
		for (guint a = 0; item->alternatives && a < item->alternatives->len; a++) {
			const GPtrArray *alternative = item->alternatives->pdata[a];
			g_autoptr(GPtrArray) inner = expand(alternative, 0, alternative->len, error);
			if (!inner)
				return NULL;
			for (guint v = 0; v < inner->len; v++)
				g_ptr_array_add(choices, g_array_ref(inner->pdata[v]));
		}
		if (too_many(out->len * choices->len, error))
			return NULL;
		GPtrArray *longer = product(out, choices);
		g_ptr_array_unref(out);
		out = longer;
	}
	return g_steal_pointer(&out);
}

static gboolean add_part(MatcherBuilder *builder, guint32 rule, guint part, guint parts, const GPtrArray *variants, GError **error)
{
	for (guint v = 0; v < variants->len; v++) {
		const GArray *words = variants->pdata[v];
		if (!words->len)
			return status_fail(error, STATUS_PERMANENT, "a phrase that can be empty: write at least one word without `[ ]`%s",
					   parts > 1 ? " on each side of `...`" : "");
		if (words->len > MATCHER_MAX_WORDS)
			return status_fail(error, STATUS_PERMANENT, "more than %d words in a row: shorten it, or put `...` between", MATCHER_MAX_WORDS);
		matcher_builder_add(builder, rule, part, parts, (const guint32 *)(void *)words->data, words->len);
	}
	return TRUE;
}

static gboolean add_items(MatcherBuilder *builder, guint32 rule, const GPtrArray *items, GError **error)
{
	guint parts = 1, part = 0, total = 0;
	for (guint i = 0; i < items->len; i++)
		parts += is_gap(items->pdata[i]);
	if (parts > MATCHER_MAX_PARTS)
		return status_fail(error, STATUS_PERMANENT, "more than %d `...` in a line", MATCHER_MAX_PARTS - 1);
	for (guint first = 0; part < parts; part++) {
		guint end = first;
		while (end < items->len && !is_gap(items->pdata[end]))
			end++;
		g_autoptr(GPtrArray) variants = expand(items, first, end, error);
		if (!variants || too_many(total += variants->len, error) || !add_part(builder, rule, part, parts, variants, error))
			return FALSE;
		first = end + 1;
	}
	return TRUE;
}

gboolean pattern_add(MatcherBuilder *builder, guint32 rule, const char *pattern, const GArray *letters, PatternAnchors *anchors,
		     GError **error)
{
	g_autofree char *copy = g_strstrip(g_strdup(pattern));
	gsize length = strlen(copy);
	anchors->at_end = length && copy[length - 1] == '$';
	if (anchors->at_end)
		copy[length - 1] = '\0';
	anchors->at_start = *copy == '^';

	Parser parser = { builder, letters, copy + anchors->at_start, error };
	g_autoptr(GPtrArray) items = parse_items(&parser, 0);
	return items && add_items(builder, rule, items, error);
}
