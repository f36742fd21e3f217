#include "matcher.h"

#include <string.h>

/* --- building -------------------------------------------------------------------------------------------------- */

typedef struct {
	guint32 rule, part, parts, first, count;   /* first: index into `words` */
} Sequence;

struct MatcherBuilder {
	GHashTable *numbers;    /* spelling, with `*` at the end for a prefix → number */
	GArray *same;           /* guint32: union-find over numbers; spellings of one word become one number */
	GArray *words;          /* guint32 */
	GArray *sequences;      /* Sequence */
};

MatcherBuilder *matcher_builder_new(void)
{
	MatcherBuilder *builder = g_new0(MatcherBuilder, 1);
	builder->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	builder->same = g_array_new(FALSE, TRUE, sizeof(guint32));
	guint32 none = 0;
	g_array_append_val(builder->same, none);   /* number 0: a word of no phrase */
	builder->words = g_array_new(FALSE, FALSE, sizeof(guint32));
	builder->sequences = g_array_new(FALSE, FALSE, sizeof(Sequence));
	return builder;
}

void matcher_builder_free(MatcherBuilder *builder)
{
	if (!builder)
		return;
	g_hash_table_unref(builder->numbers);
	g_array_unref(builder->same);
	g_array_unref(builder->words);
	g_array_unref(builder->sequences);
	g_free(builder);
}

static guint32 find(const MatcherBuilder *builder, guint32 number)
{
	while (g_array_index(builder->same, guint32, number) != number)
		number = g_array_index(builder->same, guint32, number);
	return number;
}

static guint32 number_of(MatcherBuilder *builder, const char *word, gboolean is_prefix)
{
	g_autofree char *spelling = g_strconcat(word, is_prefix ? "*" : "", NULL);
	gpointer known = g_hash_table_lookup(builder->numbers, spelling);
	if (known)
		return GPOINTER_TO_UINT(known);
	guint32 number = builder->same->len;
	g_array_append_val(builder->same, number);
	g_hash_table_insert(builder->numbers, g_steal_pointer(&spelling), GUINT_TO_POINTER(number));
	return number;
}

guint32 matcher_builder_word(MatcherBuilder *builder, const char *word, const char *other, gboolean is_prefix)
{
	guint32 number = number_of(builder, word, is_prefix);
	if (other && !g_str_equal(other, word)) {
		guint32 one = find(builder, number), two = find(builder, number_of(builder, other, is_prefix));
		g_array_index(builder->same, guint32, MAX(one, two)) = MIN(one, two);
	}
	return number;
}

void matcher_builder_add(MatcherBuilder *builder, guint32 rule, guint part, guint parts, const guint32 *words, guint count)
{
	g_return_if_fail(count >= 1 && count <= MATCHER_MAX_WORDS && part < parts && parts <= MATCHER_MAX_PARTS);
	Sequence sequence = { rule, part, parts, builder->words->len, count };
	g_array_append_vals(builder->words, words, count);
	g_array_append_val(builder->sequences, sequence);
}

/* --- the compiled form ------------------------------------------------------------------------------------------ */

typedef struct {
	guint32 hash, offset, length, number;   /* number 0: an empty slot */
} WordSlot;

typedef struct {
	guint32 node, number, next;             /* next 0: an empty slot */
} EdgeSlot;

typedef struct {
	guint32 rule;
	guint32 part, parts;
} Accept;

/* Hash tables with open addressing; sizes are powers of two, at most half full. */
struct Matcher {
	char *letters;
	WordSlot *words, *prefixes;
	guint32 words_mask, prefixes_mask;
	guint64 prefix_lengths;      /* bit n: there are prefixes of n bytes; bit 63: of 63 or more */
	EdgeSlot *edges;
	guint32 edges_mask;
	guint32 *roots;              /* number → node, 0: begins no phrase */
	guint32 *accepts_first;      /* node → index into accepts; one more than there are nodes */
	Accept *accepts;
};

static guint32 hash_step(guint32 hash, char byte)
{
	return (hash ^ (guint8)byte) * 16777619u;   /* FNV-1a */
}

static guint32 edge_hash(guint32 node, guint32 number)
{
	guint64 mixed = ((guint64)node << 32 | number) * 0x9e3779b97f4a7c15u;
	return (guint32)(mixed >> 32);
}

static guint32 mask_for(guint32 count)
{
	guint32 size = 16;
	while (size < count * 2)
		size *= 2;
	return size - 1;
}

static void build_words(Matcher *matcher, MatcherBuilder *builder)
{
	GString *letters = g_string_new(NULL);
	guint32 mask = mask_for(g_hash_table_size(builder->numbers));
	matcher->words_mask = matcher->prefixes_mask = mask;
	matcher->words = g_new0(WordSlot, mask + 1);
	matcher->prefixes = g_new0(WordSlot, mask + 1);
	GHashTableIter iter;
	gpointer key, value;
	g_hash_table_iter_init(&iter, builder->numbers);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const char *spelling = key;
		gsize length = strlen(spelling);
		gboolean is_prefix = length > 1 && spelling[length - 1] == '*';
		length -= is_prefix;
		guint32 hash = 2166136261u;
		for (gsize i = 0; i < length; i++)
			hash = hash_step(hash, spelling[i]);
		WordSlot *table = is_prefix ? matcher->prefixes : matcher->words;
		guint32 at = hash & mask;
		while (table[at].number)
			at = (at + 1) & mask;
		table[at] = (WordSlot){ hash, (guint32)letters->len, (guint32)length, find(builder, GPOINTER_TO_UINT(value)) };
		g_string_append_len(letters, spelling, (gssize)length);
		if (is_prefix)
			matcher->prefix_lengths |= (guint64)1 << MIN(length, 63);
	}
	matcher->letters = g_string_free(letters, FALSE);
}

static guint32 edge(const Matcher *matcher, guint32 node, guint32 number)
{
	for (guint32 at = edge_hash(node, number) & matcher->edges_mask;; at = (at + 1) & matcher->edges_mask) {
		const EdgeSlot *slot = &matcher->edges[at];
		if (!slot->next || (slot->node == node && slot->number == number))
			return slot->next;
	}
}

static guint32 add_edge(Matcher *matcher, guint32 node, guint32 number, guint32 *nodes)
{
	guint32 at = edge_hash(node, number) & matcher->edges_mask;
	for (; matcher->edges[at].next; at = (at + 1) & matcher->edges_mask)
		if (matcher->edges[at].node == node && matcher->edges[at].number == number)
			return matcher->edges[at].next;
	matcher->edges[at] = (EdgeSlot){ node, number, (*nodes)++ };
	return matcher->edges[at].next;
}

typedef struct {
	guint32 node;
	Accept accept;
} NodeAccept;

static gint compare_accepts(gconstpointer a, gconstpointer b)
{
	const NodeAccept *one = a, *two = b;
	if (one->node != two->node)
		return one->node < two->node ? -1 : 1;
	if (one->accept.rule != two->accept.rule)
		return one->accept.rule < two->accept.rule ? -1 : 1;
	return (gint)one->accept.part - (gint)two->accept.part;
}

static void build_accepts(Matcher *matcher, GArray *ends, guint32 nodes)
{
	g_array_sort(ends, compare_accepts);
	matcher->accepts_first = g_new0(guint32, nodes + 1);
	matcher->accepts = g_new0(Accept, ends->len + 1);
	guint32 count = 0, node = 0;
	for (guint i = 0; i < ends->len; i++) {
		const NodeAccept *end = &g_array_index(ends, NodeAccept, i);
		if (i && compare_accepts(end, end - 1) == 0)
			continue;
		while (node < end->node)
			matcher->accepts_first[++node] = count;
		matcher->accepts[count++] = end->accept;
	}
	while (node < nodes)
		matcher->accepts_first[++node] = count;
}

Matcher *matcher_builder_finish(MatcherBuilder *builder)
{
	Matcher *matcher = g_new0(Matcher, 1);
	build_words(matcher, builder);
	matcher->edges_mask = mask_for(builder->words->len);
	matcher->edges = g_new0(EdgeSlot, matcher->edges_mask + 1);
	matcher->roots = g_new0(guint32, builder->same->len);

	guint32 nodes = 1;   /* node 0: the root */
	g_autoptr(GArray) ends = g_array_new(FALSE, FALSE, sizeof(NodeAccept));
	for (guint i = 0; i < builder->sequences->len; i++) {
		const Sequence *sequence = &g_array_index(builder->sequences, Sequence, i);
		guint32 node = 0;
		for (guint w = 0; w < sequence->count; w++) {
			guint32 number = find(builder, g_array_index(builder->words, guint32, sequence->first + w));
			node = add_edge(matcher, node, number, &nodes);
			if (w == 0)
				matcher->roots[number] = node;
		}
		NodeAccept end = { node, { sequence->rule, sequence->part, sequence->parts } };
		g_array_append_val(ends, end);
	}
	build_accepts(matcher, ends, nodes);
	matcher_builder_free(builder);
	return matcher;
}

void matcher_free(Matcher *matcher)
{
	if (!matcher)
		return;
	g_free(matcher->letters);
	g_free(matcher->words);
	g_free(matcher->prefixes);
	g_free(matcher->edges);
	g_free(matcher->roots);
	g_free(matcher->accepts_first);
	g_free(matcher->accepts);
	g_free(matcher);
}

/* --- matching ---------------------------------------------------------------------------------------------------- */

enum { MAX_NUMBERS = 6 };   /* of one token: the word itself and prefixes of it */

typedef struct {
	guint32 numbers[MAX_NUMBERS];
	guint32 count;
} TokenNumbers;

/* A phrase with gaps of which the parts before `part` were found. */
typedef struct {
	guint32 rule, part, start, end, sentence;
} Begun;

typedef struct {
	const Matcher *matcher;
	const Token *tokens;
	guint32 count;
	const TokenNumbers *numbers;
	GArray *begun;
	GArray *hits;
} Walk;

static guint32 look_up(const WordSlot *table, guint32 mask, const char *letters, guint32 hash, const char *word, gsize length)
{
	for (guint32 at = hash & mask; table[at].number; at = (at + 1) & mask)
		if (table[at].hash == hash && table[at].length == length && memcmp(letters + table[at].offset, word, length) == 0)
			return table[at].number;
	return 0;
}

static void number_token(const Matcher *matcher, const char *folded, const Token *token, TokenNumbers *numbers)
{
	numbers->count = 0;
	if (token->opaque)
		return;
	const char *word = folded + token->start;
	gsize length = token->end - token->start, used = 0;
	char joined[64];
	if (memchr(word, '\'', length)) {   /* don't is dont */
		for (gsize i = 0; i < length && used < sizeof joined; i++)
			if (word[i] != '\'')
				joined[used++] = word[i];
		word = joined;
		length = used;
	}
	guint32 hash = 2166136261u, number;
	for (gsize i = 0; i < length; i++) {
		hash = hash_step(hash, word[i]);
		if ((matcher->prefix_lengths >> MIN(i + 1, 63) & 1) && numbers->count < MAX_NUMBERS - 1 &&
		    (number = look_up(matcher->prefixes, matcher->prefixes_mask, matcher->letters, hash, word, i + 1)))
			numbers->numbers[numbers->count++] = number;
	}
	if ((number = look_up(matcher->words, matcher->words_mask, matcher->letters, hash, word, length)))
		numbers->numbers[numbers->count++] = number;
}

static void report(Walk *walk, guint32 rule, guint32 start, guint32 end)
{
	MatcherHit hit = { rule, start, end };
	g_array_append_val(walk->hits, hit);
}

static void take_part(Walk *walk, const Accept *accept, guint32 start, guint32 end)
{
	guint32 sentence = walk->tokens[start].sentence;
	if (accept->part == 0) {
		Begun begun = { accept->rule, 1, start, end, sentence };
		g_array_append_val(walk->begun, begun);
		return;
	}
	for (guint i = walk->begun->len; i-- > 0;) {
		const Begun begun = g_array_index(walk->begun, Begun, i);
		if (begun.rule != accept->rule || begun.part != accept->part || begun.sentence != sentence || begun.end > start ||
		    start - begun.end > MATCHER_MAX_GAP)
			continue;
		if (accept->part + 1 == accept->parts) {
			report(walk, accept->rule, begun.start, end);
		} else {
			Begun longer = { accept->rule, accept->part + 1, begun.start, end, sentence };
			g_array_append_val(walk->begun, longer);
		}
		return;   /* the nearest beginning is enough */
	}
}

/* Recursion is bounded by MATCHER_MAX_WORDS. */
static void walk_from(Walk *walk, guint32 node, guint32 start, guint32 at)
{
	const Matcher *matcher = walk->matcher;
	for (guint32 i = matcher->accepts_first[node]; i < matcher->accepts_first[node + 1]; i++) {
		const Accept *accept = &matcher->accepts[i];
		if (accept->parts == 1)
			report(walk, accept->rule, start, at);
		else
			take_part(walk, accept, start, at);
	}
	if (at == walk->count)
		return;
	for (guint32 i = 0; i < walk->numbers[at].count; i++) {
		guint32 next = edge(matcher, node, walk->numbers[at].numbers[i]);
		if (next)
			walk_from(walk, next, start, at + 1);
	}
}

/* Beginnings that no later part can reach any more, so that the list stays short. */
static void forget(GArray *begun, guint32 position)
{
	guint kept = 0;
	for (guint i = 0; i < begun->len; i++) {
		const Begun *old = &g_array_index(begun, Begun, i);
		if (old->end + MATCHER_MAX_GAP >= position)
			g_array_index(begun, Begun, kept++) = *old;
	}
	g_array_set_size(begun, kept);
}

void matcher_match(const Matcher *matcher, const Tokens *tokens, GArray *hits)
{
	guint32 count = tokens->tokens->len;
	g_autofree TokenNumbers *numbers = g_new(TokenNumbers, count + 1);
	g_autoptr(GArray) begun = g_array_new(FALSE, FALSE, sizeof(Begun));
	Walk walk = { matcher, (const Token *)(void *)tokens->tokens->data, count, numbers, begun, hits };
	for (guint32 i = 0; i < count; i++)
		number_token(matcher, tokens->folded, &walk.tokens[i], &numbers[i]);
	for (guint32 i = 0; i < count; i++) {
		if (begun->len)
			forget(begun, i);
		for (guint32 n = 0; n < numbers[i].count; n++) {
			guint32 node = matcher->roots[numbers[i].numbers[n]];
			if (node)
				walk_from(&walk, node, i, i + 1);
		}
	}
}
