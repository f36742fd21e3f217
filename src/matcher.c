#include "matcher-private.h"

#include <string.h>

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
	GArray *begun;         /* Begun, in the order of their starts; those before `forgotten` are out of reach */
	guint forgotten;
	guint32 *last;         /* end + 1 of the last one begun, by a hash of rule and part: most parts stand alone */
	GArray *hits;
} Walk;

enum { LAST_SIZE = 256 };

static guint32 last_slot(guint32 rule, guint32 part)
{
	return (rule * 7 + part) % LAST_SIZE;
}

static inline guint32 look_up(const MatcherWord *table, guint32 mask, const char *letters, guint32 hash, const char *word, gsize length)
{
	for (guint32 at = hash & mask; table[at].number; at = (at + 1) & mask)
		if (table[at].hash == hash && table[at].length == length && memcmp(letters + table[at].offset, word, length) == 0)
			return table[at].number;
	return 0;
}

static void number_token(const Matcher *matcher, const char *folded, const Token *token, TokenNumbers *numbers)
{
	const char *word = folded + token->start;
	numbers->count = 0;
	if (token->opaque) {
		gsize bytes = token->end - token->start;
		if (matcher->address && memchr(word, '@', bytes) && !g_strstr_len(word, (gssize)bytes, "://"))
			numbers->numbers[numbers->count++] = matcher->address;
		return;
	}
	gsize length = token->end - token->start, used = 0;
	char joined[64];
	if (memchr(word, '\'', length)) {   /* don't is dont */
		for (gsize i = 0; i < length && used < sizeof joined; i++)
			if (word[i] != '\'')
				joined[used++] = word[i];
		word = joined;
		length = used;
	}
	guint32 hash = MATCHER_HASH_START, number;
	for (gsize i = 0; i < length; i++) {
		hash = matcher_hash_step(hash, word[i]);
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

static void begin(Walk *walk, guint32 rule, guint32 part, guint32 start, guint32 end)
{
	Begun begun = { rule, part, start, end, walk->tokens[start].sentence };
	g_array_append_val(walk->begun, begun);
	guint32 *last = &walk->last[last_slot(rule, part)];
	*last = MAX(*last, end + 1);
}

static void take_part(Walk *walk, const MatcherAccept *accept, guint32 start, guint32 end)
{
	if (accept->part == 0) {
		begin(walk, accept->rule, 1, start, end);
		return;
	}
	if (walk->last[last_slot(accept->rule, accept->part)] + MATCHER_MAX_GAP < start + 1)
		return;
	guint32 sentence = walk->tokens[start].sentence;
	for (guint i = walk->begun->len; i-- > walk->forgotten;) {
		const Begun begun = g_array_index(walk->begun, Begun, i);
		if (begun.rule != accept->rule || begun.part != accept->part || begun.sentence != sentence || begun.end > start ||
		    start - begun.end > MATCHER_MAX_GAP)
			continue;
		if (accept->part + 1 == accept->parts)
			report(walk, accept->rule, begun.start, end);
		else
			begin(walk, accept->rule, accept->part + 1, begun.start, end);
		return;   /* the nearest beginning is enough */
	}
}

/* Recursion is bounded by MATCHER_MAX_WORDS. */
static void walk_from(Walk *walk, guint32 node, guint32 start, guint32 at)
{
	const Matcher *matcher = walk->matcher;
	for (guint32 i = matcher->accepts_first[node]; i < matcher->accepts_first[node + 1]; i++) {
		const MatcherAccept *accept = &matcher->accepts[i];
		if (accept->parts == 1)
			report(walk, accept->rule, start, at);
		else
			take_part(walk, accept, start, at);
	}
	if (at == walk->count)
		return;
	for (guint32 i = 0; i < walk->numbers[at].count; i++) {
		guint32 next = matcher_edge(matcher, node, walk->numbers[at].numbers[i]);
		if (next)
			walk_from(walk, next, start, at + 1);
	}
}

/* Beginnings that no later part can reach any more, so that the list stays short. */
static void forget(Walk *walk, guint32 position)
{
	while (walk->forgotten < walk->begun->len &&
	       g_array_index(walk->begun, Begun, walk->forgotten).end + MATCHER_MAX_GAP < position)
		walk->forgotten++;
	if (walk->forgotten > 4096) {
		g_array_remove_range(walk->begun, 0, walk->forgotten);
		walk->forgotten = 0;
	}
}

void matcher_match(const Matcher *matcher, const Tokens *tokens, GArray *hits)
{
	guint32 count = tokens->tokens->len, last[LAST_SIZE] = { 0 };
	g_autofree TokenNumbers *numbers = g_new(TokenNumbers, count + 1);
	g_autoptr(GArray) begun = g_array_new(FALSE, FALSE, sizeof(Begun));
	Walk walk = { matcher, (const Token *)(void *)tokens->tokens->data, count, numbers, begun, 0, last, hits };
	for (guint32 i = 0; i < count; i++)
		number_token(matcher, tokens->folded, &walk.tokens[i], &numbers[i]);
	for (guint32 i = 0; i < count; i++) {
		forget(&walk, i);
		for (guint32 n = 0; n < numbers[i].count; n++) {
			guint32 node = matcher->roots[numbers[i].numbers[n]];
			if (node)
				walk_from(&walk, node, i, i + 1);
		}
	}
}
