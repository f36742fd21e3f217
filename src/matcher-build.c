/* layer 2 judgement - matcher-build: phrases to a graph.
 *
 * First a tree of words is grown; then branches that end alike are made one (`(a|b|c) (d|e) f` is four nodes, not sixteen), from the
 * leaves up, as nodes are made before their children.
 */
#include "matcher-private.h"

#include <string.h>

/* --- building -------------------------------------------------------------------------------------------------- */

typedef struct {
	guint32 rule, part, parts;
	guint32 first, count;   /* index into `words` */
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

/* --- the tree ---------------------------------------------------------------------------------------------------- */

typedef struct {
	guint32 child, sibling;    /* 0: none; siblings by their numbers, so that alike nodes look alike */
	guint32 number;            /* the word that leads here */
	guint32 accept;            /* index + 1 of the first of its accepts, a list */
} Node;

typedef struct {
	MatcherAccept accept;
	guint32 next;              /* index + 1 */
} Ending;

typedef struct {
	GArray *nodes;             /* Node; 0 is the root, whose children are in `roots` instead of a list */
	GArray *endings;           /* Ending */
	guint32 *roots;            /* number → node, 0: none */
} Tree;

static Node *node_at(const Tree *tree, guint32 index)
{
	return &g_array_index(tree->nodes, Node, index);
}

static const Ending *ending_at(const Tree *tree, guint32 index)
{
	return &g_array_index(tree->endings, Ending, index - 1);
}

static guint32 tree_add(Tree *tree, guint32 number, guint32 sibling)
{
	Node node = { 0, sibling, number, 0 };
	g_array_append_val(tree->nodes, node);
	return tree->nodes->len - 1;
}

static guint32 tree_step(Tree *tree, guint32 node, guint32 number)
{
	if (node == 0) {
		if (!tree->roots[number])
			tree->roots[number] = tree_add(tree, number, 0);
		return tree->roots[number];
	}
	guint32 before = 0, child = node_at(tree, node)->child;
	while (child && node_at(tree, child)->number < number) {
		before = child;
		child = node_at(tree, child)->sibling;
	}
	if (child && node_at(tree, child)->number == number)
		return child;
	guint32 fresh = tree_add(tree, number, child);
	if (before)
		node_at(tree, before)->sibling = fresh;
	else
		node_at(tree, node)->child = fresh;
	return fresh;
}

static void tree_end(Tree *tree, guint32 node, const Sequence *sequence)
{
	for (guint32 i = node_at(tree, node)->accept; i; i = ending_at(tree, i)->next)
		if (ending_at(tree, i)->accept.rule == sequence->rule && ending_at(tree, i)->accept.part == sequence->part)
			return;
	Ending ending = { { sequence->rule, sequence->part, sequence->parts }, node_at(tree, node)->accept };
	g_array_append_val(tree->endings, ending);
	node_at(tree, node)->accept = tree->endings->len;
}

static void tree_grow(Tree *tree, const MatcherBuilder *builder)
{
	tree_add(tree, 0, 0);
	/* The last first, as the lists of endings grow at their heads. */
	for (guint i = builder->sequences->len; i-- > 0;) {
		const Sequence *sequence = &g_array_index(builder->sequences, Sequence, i);
		guint32 node = 0;
		for (guint w = 0; w < sequence->count; w++)
			node = tree_step(tree, node, find(builder, g_array_index(builder->words, guint32, sequence->first + w)));
		tree_end(tree, node, sequence);
	}
}

/* --- branches that end alike ---------------------------------------------------------------------------------------- */

/* Tree nodes that became one, by what they are: their accepts, and their edges to nodes that are one already. */
typedef struct {
	const Tree *tree;
	guint32 *same;     /* tree node → node of the graph, 1 and up; the root is 0 */
	guint32 *slots;    /* hash table of tree nodes, 0: empty */
	guint32 mask, count;
} Union;

static guint64 hash_node(const Union *u, guint32 index)
{
	guint64 hash = 0x9e3779b97f4a7c15u;
	for (guint32 i = node_at(u->tree, index)->accept; i; i = ending_at(u->tree, i)->next)
		hash = (hash ^ (ending_at(u->tree, i)->accept.rule * 8u + ending_at(u->tree, i)->accept.part)) * 0xff51afd7ed558ccdu;
	for (guint32 i = node_at(u->tree, index)->child; i; i = node_at(u->tree, i)->sibling)
		hash = (hash ^ ((guint64)node_at(u->tree, i)->number << 32 | u->same[i])) * 0xc4ceb9fe1a85ec53u;
	return hash ^ hash >> 32;
}

static gboolean are_alike(const Union *u, guint32 one, guint32 other)
{
	guint32 a = node_at(u->tree, one)->accept, b = node_at(u->tree, other)->accept;
	for (; a && b; a = ending_at(u->tree, a)->next, b = ending_at(u->tree, b)->next)
		if (memcmp(&ending_at(u->tree, a)->accept, &ending_at(u->tree, b)->accept, sizeof(MatcherAccept)) != 0)
			return FALSE;
	guint32 c = node_at(u->tree, one)->child, d = node_at(u->tree, other)->child;
	for (; c && d; c = node_at(u->tree, c)->sibling, d = node_at(u->tree, d)->sibling)
		if (node_at(u->tree, c)->number != node_at(u->tree, d)->number || u->same[c] != u->same[d])
			return FALSE;
	return !a && !b && !c && !d;
}

/* Children before parents: they have the greater indexes. */
static void unite(Union *u)
{
	u->count = 1;
	for (guint32 i = u->tree->nodes->len; i-- > 1;) {
		guint32 at = (guint32)hash_node(u, i) & u->mask;
		while (u->slots[at] && !are_alike(u, u->slots[at], i))
			at = (at + 1) & u->mask;
		if (!u->slots[at]) {
			u->slots[at] = i;
			u->same[i] = u->count++;
		} else {
			u->same[i] = u->same[u->slots[at]];
		}
	}
}

/* --- the compiled form ------------------------------------------------------------------------------------------------ */

static guint32 mask_for(guint32 count)
{
	guint32 size = 16;
	while (size < count * 2)
		size *= 2;
	return size - 1;
}

static void put_edge(Matcher *matcher, guint32 node, guint32 number, guint32 next)
{
	guint32 at = matcher_edge_hash(node, number) & matcher->edges_mask;
	while (matcher->edges[at].next)
		at = (at + 1) & matcher->edges_mask;
	matcher->edges[at] = (MatcherEdge){ node, number, next };
}

static void build_edges(Matcher *matcher, const Union *u)
{
	guint32 edges = 0;
	for (guint32 slot = 0; slot <= u->mask; slot++)
		for (guint32 i = u->slots[slot] ? node_at(u->tree, u->slots[slot])->child : 0; i; i = node_at(u->tree, i)->sibling)
			edges++;
	matcher->edges_mask = mask_for(edges);
	matcher->counts[MATCHER_EDGES] = matcher->edges_mask + 1;
	matcher->edges = g_new0(MatcherEdge, matcher->edges_mask + 1);
	for (guint32 slot = 0; slot <= u->mask; slot++)
		for (guint32 i = u->slots[slot] ? node_at(u->tree, u->slots[slot])->child : 0; i; i = node_at(u->tree, i)->sibling)
			put_edge(matcher, u->same[u->slots[slot]], node_at(u->tree, i)->number, u->same[i]);
}

static void build_accepts(Matcher *matcher, const Union *u)
{
	g_autofree guint32 *of = g_new0(guint32, u->count);   /* node of the graph → its tree node */
	for (guint32 slot = 0; slot <= u->mask; slot++)
		of[u->slots[slot] ? u->same[u->slots[slot]] : 0] = u->slots[slot];
	of[0] = 0;
	guint32 count = 0;
	matcher->accepts_first = g_new0(guint32, u->count + 1);
	matcher->accepts = g_new0(MatcherAccept, u->tree->endings->len + 1);
	for (guint32 node = 1; node < u->count; node++) {
		matcher->accepts_first[node] = count;
		for (guint32 i = node_at(u->tree, of[node])->accept; i; i = ending_at(u->tree, i)->next)
			matcher->accepts[count++] = ending_at(u->tree, i)->accept;
	}
	matcher->accepts_first[u->count] = count;
	matcher->counts[MATCHER_ACCEPTS_FIRST] = u->count + 1;
	matcher->counts[MATCHER_ACCEPTS] = count;
}

static void build_graph(Matcher *matcher, const MatcherBuilder *builder)
{
	guint32 numbers = builder->same->len;
	Tree tree = {
		g_array_new(FALSE, FALSE, sizeof(Node)), g_array_new(FALSE, FALSE, sizeof(Ending)), g_new0(guint32, numbers),
	};
	tree_grow(&tree, builder);
	guint32 mask = mask_for(tree.nodes->len);
	Union u = { &tree, g_new0(guint32, tree.nodes->len), g_new0(guint32, mask + 1), mask, 0 };
	unite(&u);
	matcher->counts[MATCHER_ROOTS] = numbers;
	matcher->roots = g_new0(guint32, numbers);
	for (guint32 number = 0; number < numbers; number++)
		matcher->roots[number] = u.same[tree.roots[number]];
	build_edges(matcher, &u);
	build_accepts(matcher, &u);
	g_free(u.same);
	g_free(u.slots);
	g_free(tree.roots);
	g_array_unref(tree.nodes);
	g_array_unref(tree.endings);
}

static void put_word(MatcherWord *table, guint32 mask, guint32 hash, guint32 offset, guint32 length, guint32 number)
{
	guint32 at = hash & mask;
	while (table[at].number)
		at = (at + 1) & mask;
	table[at] = (MatcherWord){ hash, offset, length, number };
}

static void build_words(Matcher *matcher, const MatcherBuilder *builder)
{
	GString *letters = g_string_new(NULL);
	GHashTableIter iter;
	gpointer key, value;
	guint32 prefixes = 0;
	g_hash_table_iter_init(&iter, builder->numbers);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		prefixes += g_str_has_suffix(key, "*");
	matcher->words_mask = mask_for(g_hash_table_size(builder->numbers) - prefixes);
	matcher->prefixes_mask = mask_for(prefixes * 2);
	matcher->counts[MATCHER_WORDS] = matcher->words_mask + 1;
	matcher->counts[MATCHER_PREFIXES] = matcher->prefixes_mask + 1;
	matcher->words = g_new0(MatcherWord, matcher->words_mask + 1);
	matcher->prefixes = g_new0(MatcherWord, matcher->prefixes_mask + 1);

	g_hash_table_iter_init(&iter, builder->numbers);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const char *spelling = key;
		gsize length = strlen(spelling);
		gboolean is_prefix = length > 1 && spelling[length - 1] == '*';
		length -= is_prefix;
		guint32 hash = MATCHER_HASH_START, number = find(builder, GPOINTER_TO_UINT(value));
		for (gsize i = 0; i < length; i++)
			hash = matcher_hash_step(hash, spelling[i]);
		if (is_prefix)
			put_word(matcher->prefixes, matcher->prefixes_mask, hash, (guint32)letters->len, (guint32)length, number);
		else
			put_word(matcher->words, matcher->words_mask, hash, (guint32)letters->len, (guint32)length, number);
		g_string_append_len(letters, spelling, (gssize)length);
		if (is_prefix)
			matcher->prefix_lengths |= (guint64)1 << MIN(length, 63);
	}
	matcher->counts[MATCHER_LETTERS] = (guint32)letters->len;
	matcher->letters = g_string_free(letters, FALSE);
	matcher->address = find(builder, GPOINTER_TO_UINT(g_hash_table_lookup(builder->numbers, "@")));
}

Matcher *matcher_builder_finish(MatcherBuilder *builder)
{
	Matcher *matcher = g_new0(Matcher, 1);
	build_words(matcher, builder);
	build_graph(matcher, builder);
	matcher_builder_free(builder);
	return matcher;
}

void **matcher_array(Matcher *matcher, guint array, gsize *element)
{
	const struct { void *at; gsize element; } arrays[MATCHER_ARRAYS] = {
		[MATCHER_LETTERS] = { &matcher->letters, 1 },
		[MATCHER_WORDS] = { &matcher->words, sizeof(MatcherWord) },
		[MATCHER_PREFIXES] = { &matcher->prefixes, sizeof(MatcherWord) },
		[MATCHER_EDGES] = { &matcher->edges, sizeof(MatcherEdge) },
		[MATCHER_ROOTS] = { &matcher->roots, sizeof(guint32) },
		[MATCHER_ACCEPTS_FIRST] = { &matcher->accepts_first, sizeof(guint32) },
		[MATCHER_ACCEPTS] = { &matcher->accepts, sizeof(MatcherAccept) },
	};
	*element = arrays[array].element;
	return arrays[array].at;
}

void matcher_free(Matcher *matcher)
{
	if (!matcher)
		return;
	gsize element;
	for (guint i = 0; i < MATCHER_ARRAYS && !matcher->is_borrowed; i++)
		g_free(*matcher_array(matcher, i, &element));
	g_free(matcher);
}
