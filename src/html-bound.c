#include "html-bound.h"

#include <setjmp.h>
#include <string.h>

/* A long newsletter has 5,000 tags, 8,000 nodes, 20 attributes a tag and takes 3 MB.  With these gumbo ends within half a second. */
enum { MAX_BYTES = 512 * 1024, MAX_TAGS = 20000, MAX_NODES = 50000, MAX_ATTRIBUTES = 1000, MAX_MEMORY = 64 * 1024 * 1024 };
enum { BLOCK = 64 * 1024, ALIGN = 16 };

typedef struct Block Block;
struct Block {
	Block *next;
	_Alignas(ALIGN) char bytes[];
};

struct HtmlTree {
	Block *blocks;
	char *free;
	gsize left, used;
	guint nodes, attributes;   /* attributes since the last node: of one tag, as good as */
	jmp_buf too_much;
	GumboOutput *output;
};

static void *allocate(void *userdata, size_t size)
{
	HtmlTree *tree = userdata;
	if (size == sizeof(GumboNode)) {
		tree->nodes++;
		tree->attributes = 0;
	} else if (size == sizeof(GumboAttribute)) {
		tree->attributes++;
	}
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	tree->used += size;
	/* Gumbo checks no allocation and has no limits of its own.  All it holds lies in our blocks, so it can be left like this. */
	if (tree->nodes > MAX_NODES || tree->attributes > MAX_ATTRIBUTES || tree->used > MAX_MEMORY)
		longjmp(tree->too_much, 1);
	if (size > tree->left) {
		gsize room = MAX(size, BLOCK);
		Block *block = g_malloc(sizeof *block + room);
		block->next = tree->blocks;
		tree->blocks = block;
		tree->free = block->bytes;
		tree->left = room;
	}
	void *memory = tree->free;
	tree->free += size;
	tree->left -= size;
	return memory;
}

static void deallocate(void *userdata, void *memory)
{
	(void)userdata;
	(void)memory;
}

static gboolean is_tame(const char *html, gsize length)
{
	guint tags = 0;
	if (length > MAX_BYTES)
		return FALSE;
	for (const char *p = html; (p = strchr(p, '<')); p++)
		tags += g_ascii_isalpha(p[1]) || p[1] == '/' || p[1] == '!' || p[1] == '?';
	return tags <= MAX_TAGS;
}

HtmlTree *html_tree_new(const char *html)
{
	gsize length = strlen(html);
	if (!is_tame(html, length))
		return NULL;
	HtmlTree *tree = g_new0(HtmlTree, 1);
	if (setjmp(tree->too_much)) {
		html_tree_free(tree);
		return NULL;
	}
	GumboOptions options = kGumboDefaultOptions;
	options.allocator = allocate;
	options.deallocator = deallocate;
	options.userdata = tree;
	options.max_errors = 0;
	tree->output = gumbo_parse_with_options(&options, html, length);
	return tree;
}

const GumboNode *html_tree_root(const HtmlTree *tree)
{
	return tree->output->root;
}

void html_tree_free(HtmlTree *tree)
{
	if (!tree)
		return;
	for (Block *block = tree->blocks, *next; block; block = next) {
		next = block->next;
		g_free(block);
	}
	g_free(tree);
}

/* --- without a tree ------------------------------------------------------------------------------------------- */

static gboolean tag_is(const char *tag, const char *name)
{
	gsize length = strlen(name);
	return !g_ascii_strncasecmp(tag, name, length) && !g_ascii_isalnum(tag[length]);
}

/* Past the end tag of the raw-text element at `tag`; NULL where there is none. */
static const char *past_raw(const char *p, const char *name)
{
	while ((p = strstr(p, "</"))) {
		p += 2;
		if (tag_is(p, name))
			return strchr(p, '>');
	}
	return NULL;
}

char *html_strip(const char *html)
{
	GString *out = g_string_sized_new(strlen(html) / 2);
	for (const char *p = html; *p; p++) {
		if (*p != '<' || (!g_ascii_isalpha(p[1]) && p[1] != '/' && p[1] != '!' && p[1] != '?')) {
			g_string_append_c(out, *p == '\r' ? ' ' : *p);
			continue;
		}
		const char *end;
		if (g_str_has_prefix(p, "<!--"))
			end = (end = strstr(p + 4, "-->")) ? end + 2 : NULL;
		else if (tag_is(p + 1, "style"))
			end = past_raw(p, "style");
		else if (tag_is(p + 1, "script"))
			end = past_raw(p, "script");
		else
			end = strchr(p, '>');
		const char *name = p + 1 + (p[1] == '/');
		gboolean is_inline = tag_is(name, "a") || tag_is(name, "b") || tag_is(name, "i") || tag_is(name, "em") || tag_is(name, "strong") ||
				     tag_is(name, "span") || tag_is(name, "font") || tag_is(name, "u");
		if (!is_inline)
			g_string_append_c(out, '\n');
		if (!end)
			break;
		p = end;
	}
	return g_string_free(out, FALSE);
}
