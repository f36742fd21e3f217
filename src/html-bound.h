/* layer 1 mail - html-bound: gumbo within limits.
 */
#pragma once
#include <glib.h>
#include <gumbo.h>

/* A tree in memory of its own, all freed at once by html_tree_free: gumbo frees nodes by recursion, which deep nesting turns
 * into a stack overflow.  NULL where the HTML is not tame: too large, or too many tags, nodes or attributes, of which some make
 * gumbo work in the square or multiply nodes (formatting elements are opened anew in each block). */
typedef struct HtmlTree HtmlTree;
HtmlTree *html_tree_new(const char *html);
const GumboNode *html_tree_root(const HtmlTree *tree);
void html_tree_free(HtmlTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HtmlTree, html_tree_free)

/* The text outside tags, comments, style and script, by one pass; owned. */
char *html_strip(const char *html);
