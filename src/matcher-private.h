/* layer 2 judgement - matcher-private: the compiled form of all phrases; made by matcher-build.c, walked by matcher.c.
 */
#pragma once
#include "matcher.h"

typedef struct {
	guint32 hash, offset, length, number;   /* number 0: an empty slot */
} MatcherWord;

typedef struct {
	guint32 node, number, next;             /* next 0: an empty slot */
} MatcherEdge;

typedef struct {
	guint32 rule, part, parts;
} MatcherAccept;

/* The arrays of a Matcher, as filter-image.c keeps them in a file. */
enum {
	MATCHER_LETTERS, MATCHER_WORDS, MATCHER_PREFIXES, MATCHER_EDGES, MATCHER_ROOTS, MATCHER_ACCEPTS_FIRST, MATCHER_ACCEPTS, MATCHER_ARRAYS
};

/* Hash tables with open addressing; sizes are powers of two, at most half full. */
struct Matcher {
	guint32 counts[MATCHER_ARRAYS];
	gboolean is_borrowed;          /* the arrays belong to someone else */
	char *letters;
	MatcherWord *words, *prefixes;
	guint32 words_mask, prefixes_mask;
	guint64 prefix_lengths;        /* bit n: there are prefixes of n bytes; bit 63: of 63 or more */
	MatcherEdge *edges;
	guint32 edges_mask;
	guint32 address;               /* number of the word `@`, 0: in no phrase */
	guint32 *roots;                /* number → node, 0: begins no phrase */
	guint32 *accepts_first;        /* node → index into accepts; one more than there are nodes */
	MatcherAccept *accepts;
};

enum { MATCHER_HASH_START = 0x811c9dc5 };

/* Where the address of an array is kept, and how many bytes one of its elements takes. */
void **matcher_array(Matcher *matcher, guint array, gsize *element);

static inline guint32 matcher_hash_step(guint32 hash, char byte)
{
	return (hash ^ (guint8)byte) * 16777619u;   /* FNV-1a */
}

static inline guint32 matcher_edge_hash(guint32 node, guint32 number)
{
	guint64 mixed = ((guint64)node << 32 | number) * 0x9e3779b97f4a7c15u;
	return (guint32)(mixed >> 32);
}

/* The node that `number` leads to from `node`, or 0. */
static inline guint32 matcher_edge(const Matcher *matcher, guint32 node, guint32 number)
{
	for (guint32 at = matcher_edge_hash(node, number) & matcher->edges_mask;; at = (at + 1) & matcher->edges_mask) {
		const MatcherEdge *slot = &matcher->edges[at];
		if (!slot->next || (slot->node == node && slot->number == number))
			return slot->next;
	}
}
