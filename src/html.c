#include "html.h"

#include <string.h>

#include "html-bound.h"

typedef struct {
	GString *out;
	gsize limit;
	guint quotes;          /* elements around that mail programs mark as quoted */
	gboolean to_the_end;   /* all that follows is quoted */
	guint preformatted;
	guint breaks;          /* line breaks owed before the next character */
	gboolean space;        /* … or a space */
} Writer;

/* --- attributes ----------------------------------------------------------------------------------------------- */

static const char *attribute(const GumboNode *node, const char *name)
{
	const GumboAttribute *found = gumbo_get_attribute(&node->v.element.attributes, name);
	return found ? found->value : NULL;
}

/* A class as the mail program wrote it: Outlook on the web puts `x_` before, Yahoo `ydp` and digits. */
static gboolean has_class(const GumboNode *node, const char *name)
{
	const char *classes = attribute(node, "class");
	gsize length = strlen(name);
	for (const char *p = classes; p && (p = strstr(p, name)); p += length)
		if ((!p[length] || g_ascii_isspace(p[length])) &&
		    (p == classes || g_ascii_isspace(p[-1]) || (p - classes >= 2 && !strncmp(p - 2, "x_", 2)) || g_ascii_isalnum(p[-1])))
			return TRUE;
	return FALSE;
}

static gboolean has_id(const GumboNode *node, const char *name)
{
	const char *id = attribute(node, "id");
	return id && (!strcmp(id, name) || (g_str_has_prefix(id, "x_") && !strcmp(id + 2, name)));
}

/* Lower case and without spaces; owned, or NULL.  Cut off at 2,000 characters. */
static char *style_of(const GumboNode *node)
{
	const char *style = attribute(node, "style");
	if (!style || !*style)
		return NULL;
	GString *plain = g_string_new(NULL);
	for (; *style && plain->len < 2000; style++)
		if (!g_ascii_isspace(*style))
			g_string_append_c(plain, g_ascii_tolower(*style));
	return g_string_free(plain, FALSE);
}

/* `property` is given with its value: 0 means nothing but 0 and its units. */
static gboolean style_has(const char *style, const char *property)
{
	gsize length = strlen(property);
	gboolean is_zero = property[length - 1] == '0';
	for (const char *p = style; (p = strstr(p, property)); p += length) {
		gboolean begins = p == style || p[-1] == ';' || p[-1] == '-';   /* -ms-…: the same property */
		if (begins && !(is_zero && (g_ascii_isdigit(p[length]) || (p[length] == '.' && strspn(p + length, ".0") != strcspn(p + length, ";p!")))))
			return TRUE;
	}
	return FALSE;
}

static gboolean is_hidden(const GumboNode *node, const char *style)
{
	if (attribute(node, "hidden"))
		return TRUE;
	return style && (style_has(style, "display:none") || style_has(style, "visibility:hidden") || style_has(style, "font-size:0") ||
			 style_has(style, "max-height:0") || style_has(style, "opacity:0"));
}

/* --- what mail programs mark ---------------------------------------------------------------------------------- */

static const GumboNode *child_element(const GumboNode *node, GumboTag tag, const char *class)
{
	const GumboVector *children = &node->v.element.children;
	for (guint i = 0; i < children->length; i++) {
		const GumboNode *child = children->data[i];
		if (child->type == GUMBO_NODE_ELEMENT && (tag == GUMBO_TAG_UNKNOWN || child->v.element.tag == tag) && (!class || has_class(child, class)))
			return child;
	}
	return NULL;
}

/* Gmail's div.gmail_quote holds a line div.gmail_attr and the quoted blockquote, and between blockquotes what an
 * interleaving writer wrote.  Without a blockquote of its own it is a forward: all of it is another's. */
static gboolean is_gmail_forward(const GumboNode *node)
{
	return has_class(node, "gmail_quote") && node->v.element.tag != GUMBO_TAG_BLOCKQUOTE && !child_element(node, GUMBO_TAG_BLOCKQUOTE, NULL);
}

/* Gmail and others indent by a blockquote that shows no border. */
static gboolean is_indentation(const GumboNode *node, const char *style)
{
	return style && !attribute(node, "cite") && !attribute(node, "type") && !attribute(node, "class") && strstr(style, "border:none") &&
	       strstr(style, "margin:0");
}

static gboolean is_quote(const GumboNode *node, const char *style)
{
	static const char *const classes[] = { "gmail_attr", "yahoo_quoted", "moz-cite-prefix", "protonmail_quote", "tutanota_quote",
					       "OutlookMessageHeader", "gmail_extra_quote", "zmail_extra" };
	if (node->v.element.tag == GUMBO_TAG_BLOCKQUOTE)
		return !is_indentation(node, style);
	for (guint i = 0; i < G_N_ELEMENTS(classes); i++)
		if (has_class(node, classes[i]))
			return TRUE;
	return is_gmail_forward(node) || has_id(node, "mail-editor-reference-message-container");
}

/* Outlook marks where the quoted begins, not where it ends: it always quotes below. */
static gboolean begins_quote(const GumboNode *node, const char *style)
{
	if (has_id(node, "divRplyFwdMsg") || has_id(node, "appendonsend"))
		return TRUE;
	return style && g_str_has_prefix(style, "border:none;border-top:solid#") && strstr(style, "padding:3.0pt0");
}

static gboolean is_signature(const GumboNode *node)
{
	return has_class(node, "gmail_signature") || has_class(node, "moz-signature") || has_id(node, "AppleMailSignature") ||
	       has_id(node, "ms-outlook-mobile-signature");
}

/* --- writing -------------------------------------------------------------------------------------------------- */

static void want_breaks(Writer *writer, guint breaks)
{
	writer->breaks = MAX(writer->breaks, breaks);
	writer->space = FALSE;
}

static void begin_line(Writer *writer)
{
	if (writer->quotes || writer->to_the_end)
		g_string_append(writer->out, "> ");
}

static void put_bytes(Writer *writer, const char *bytes, gsize length)
{
	if (!writer->out->len) {
		begin_line(writer);
	} else if (writer->breaks) {
		for (; writer->breaks > 1; writer->breaks--) {
			g_string_append_c(writer->out, '\n');
			if (writer->quotes || writer->to_the_end)
				g_string_append_c(writer->out, '>');
		}
		g_string_append_c(writer->out, '\n');
		begin_line(writer);
	} else if (writer->space) {
		g_string_append_c(writer->out, ' ');
	}
	writer->breaks = 0;
	writer->space = FALSE;
	g_string_append_len(writer->out, bytes, (gssize)length);
}

static void put_text(Writer *writer, const char *text)
{
	while (*text && writer->out->len < writer->limit) {
		gsize word = strcspn(text, " \t\r\n\f");
		if (word)
			put_bytes(writer, text, word);
		text += word;
		for (; *text && strchr(" \t\r\n\f", *text); text++) {
			if (*text == '\n' && writer->preformatted)
				writer->breaks++;
			else
				writer->space = writer->space || !writer->breaks;
		}
	}
}

/* Line breaks around an element, 0 where it stands in a line. */
static guint breaks_around(GumboTag tag)
{
	switch (tag) {
	case GUMBO_TAG_P: case GUMBO_TAG_H1: case GUMBO_TAG_H2: case GUMBO_TAG_H3: case GUMBO_TAG_H4: case GUMBO_TAG_H5: case GUMBO_TAG_H6:
	case GUMBO_TAG_BLOCKQUOTE: case GUMBO_TAG_TABLE: case GUMBO_TAG_UL: case GUMBO_TAG_OL: case GUMBO_TAG_DL: case GUMBO_TAG_PRE:
	case GUMBO_TAG_HR:
		return 2;
	case GUMBO_TAG_DIV: case GUMBO_TAG_TR: case GUMBO_TAG_LI: case GUMBO_TAG_DT: case GUMBO_TAG_DD: case GUMBO_TAG_SECTION:
	case GUMBO_TAG_ARTICLE: case GUMBO_TAG_HEADER: case GUMBO_TAG_FOOTER: case GUMBO_TAG_MAIN: case GUMBO_TAG_ASIDE: case GUMBO_TAG_NAV:
	case GUMBO_TAG_CENTER: case GUMBO_TAG_FIELDSET: case GUMBO_TAG_FORM: case GUMBO_TAG_ADDRESS: case GUMBO_TAG_CAPTION:
	case GUMBO_TAG_BODY: case GUMBO_TAG_FIGURE: case GUMBO_TAG_DETAILS: case GUMBO_TAG_SUMMARY:
		return 1;
	default:
		return 0;
	}
}

static gboolean is_shown(const GumboNode *node, const char *style)
{
	switch (node->v.element.tag) {
	case GUMBO_TAG_HEAD: case GUMBO_TAG_STYLE: case GUMBO_TAG_SCRIPT: case GUMBO_TAG_TITLE: case GUMBO_TAG_TEMPLATE: case GUMBO_TAG_OBJECT:
	case GUMBO_TAG_SVG: case GUMBO_TAG_IFRAME: case GUMBO_TAG_NOEMBED: case GUMBO_TAG_NOFRAMES: case GUMBO_TAG_AUDIO: case GUMBO_TAG_VIDEO:
		return FALSE;
	default:
		return !is_hidden(node, style);
	}
}

/* TRUE: its children are to be read, and leave() follows. */
static gboolean enter(Writer *writer, const GumboNode *node)
{
	g_autofree char *style = style_of(node);
	if (!is_shown(node, style))
		return FALSE;
	GumboTag tag = node->v.element.tag;
	if (tag == GUMBO_TAG_BR) {
		writer->breaks++;
		writer->space = FALSE;
		return FALSE;
	}
	if (breaks_around(tag))
		want_breaks(writer, breaks_around(tag));
	else if (tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH)
		writer->space = writer->space || !writer->breaks;
	if (begins_quote(node, style)) {
		want_breaks(writer, 1);
		writer->to_the_end = TRUE;
	} else if (is_quote(node, style)) {
		want_breaks(writer, 1);
		writer->quotes++;
	} else if (is_signature(node) && writer->out->len) {
		want_breaks(writer, 1);
		put_bytes(writer, "-- ", 3);
		want_breaks(writer, 1);
	}
	writer->preformatted += tag == GUMBO_TAG_PRE;
	return TRUE;
}

static void leave(Writer *writer, const GumboNode *node)
{
	g_autofree char *style = style_of(node);
	GumboTag tag = node->v.element.tag;
	writer->preformatted -= tag == GUMBO_TAG_PRE;
	if (breaks_around(tag))
		want_breaks(writer, breaks_around(tag));
	if (!begins_quote(node, style) && is_quote(node, style)) {
		want_breaks(writer, 1);
		writer->quotes--;
	}
}

/* By the nodes' own links, not by recursion: hostile HTML nests as deep as it likes. */
static void walk(Writer *writer, const GumboNode *root)
{
	const GumboNode *node = root;
	for (;;) {
		const GumboNode *next = NULL;
		if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_CDATA)
			put_text(writer, node->v.text.text);
		else if (node->type == GUMBO_NODE_WHITESPACE)
			put_text(writer, node->v.text.text);
		else if (node->type == GUMBO_NODE_ELEMENT && enter(writer, node)) {
			if (node->v.element.children.length)
				next = node->v.element.children.data[0];
			else
				leave(writer, node);
		}
		while (!next) {
			if (node == root || writer->out->len >= writer->limit)
				return;
			const GumboNode *parent = node->parent;
			if (node->index_within_parent + 1 < parent->v.element.children.length) {
				next = parent->v.element.children.data[node->index_within_parent + 1];
			} else {
				leave(writer, parent);
				node = parent;
			}
		}
		node = next;
	}
}

char *html_to_text(const char *html, gsize limit, gboolean *stripped)
{
	g_autoptr(HtmlTree) tree = html_tree_new(html);
	if (!tree) {
		*stripped = TRUE;
		return html_strip(html);
	}
	Writer writer = { .out = g_string_sized_new(1024), .limit = limit };
	walk(&writer, html_tree_root(tree));
	return g_string_free(writer.out, FALSE);
}
