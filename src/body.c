#include "body.h"

#include <string.h>

#include "charset.h"
#include "html.h"
#include "text.h"

enum { SMALL_IMAGE = 5 * 1024 };   /* encoded bytes: a logo or smiley */

void body_add_trouble(GPtrArray *trouble, char *owned_sentence)
{
	if (trouble->len < 20 && !g_ptr_array_find_with_equal_func(trouble, owned_sentence, g_str_equal, NULL))
		g_ptr_array_add(trouble, owned_sentence);
	else
		g_free(owned_sentence);
}

/* --- what holds no text ----------------------------------------------------------------------------------------- */

static gboolean says_nothing(const Part *part, gboolean in_related)
{
	static const char *const types[] = {
		"application/pgp-signature", "application/pgp-keys",	"application/pkcs7-signature", "application/x-pkcs7-signature",
		"text/vcard",		     "text/x-vcard",		"text/directory",	       "text/x-amp-html",
		"text/css",		     "message/delivery-status", "message/feedback-report",     "message/disposition-notification",
		"text/rfc822-headers",	     "text/rfc822-header",	"message/global-delivery-status",
	};
	for (guint i = 0; i < G_N_ELEMENTS(types); i++)
		if (part_is(part, types[i]))
			return TRUE;
	if (part->name && (g_str_has_suffix(part->name, ".vcf") || g_str_has_suffix(part->name, ".p7s") || g_str_has_suffix(part->name, ".asc")))
		return TRUE;
	return part_is_kind(part, "image/") && (in_related || part->end - part->body < SMALL_IMAGE);
}

static void note_unread(Body *body, const Part *part, gboolean in_related)
{
	if (says_nothing(part, in_related) || part->body == part->end || body->unread->len >= BODY_MAX_UNREAD)
		return;
	g_autofree char *type = g_strndup(part->type, 100);
	g_ptr_array_add(body->unread, text_valid(type, strlen(type)));
}

/* --- leaves --------------------------------------------------------------------------------------------------- */

static gboolean begins_like_html(const char *text)
{
	while (g_ascii_isspace(*text))
		text++;
	return !g_ascii_strncasecmp(text, "<html", 5) || !g_ascii_strncasecmp(text, "<!doctype html", 14);
}

/* Owned text of a text part. */
static char *leaf_text(Body *body, const Part *part, gboolean *is_html)
{
	gsize room = BODY_MAX_TEXT - body->decoded;
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	if (!decode_append(part->encoding, part->body, (gsize)(part->end - part->body), room, bytes))
		body_add_trouble(body->trouble, g_strdup("text beyond 2 MiB"));
	body->decoded += bytes->len;
	gboolean unknown = FALSE, stripped = FALSE;
	g_autofree char *text = charset_to_utf8(part->charset, (const char *)bytes->data, bytes->len, BODY_MAX_TEXT, &unknown);
	if (unknown) {
		g_autofree char *charset = g_strndup(part->charset, 60);
		g_autofree char *valid = text_valid(charset, strlen(charset));
		body_add_trouble(body->trouble, g_strdup_printf("unknown charset %s", valid));
	}
	*is_html = part_is(part, "text/html") || begins_like_html(text);
	if (!*is_html)
		return g_steal_pointer(&text);
	char *shown = html_to_text(text, BODY_MAX_TEXT, &stripped);
	if (stripped)
		body_add_trouble(body->trouble, g_strdup("HTML too large or too deeply nested"));
	return shown;
}

static gboolean is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0' || !strcmp(text, "\xc2\xa0");
}

static void append(GString *out, const char *text)
{
	if (is_blank(text))
		return;
	if (out->len)
		g_string_append(out, "\n\n");
	g_string_append(out, text);
}

static gboolean is_text_leaf(const Part *part)
{
	if (part_is_kind(part, "multipart/"))
		return !part->count;   /* its boundary is missing: what there is, is text */
	if (!part_is_kind(part, "text/") || (part->is_attachment && part->depth))
		return FALSE;
	return !says_nothing(part, FALSE) && !part_is(part, "text/calendar");
}

static void read_leaf(Body *body, const Part *part, GString *out, gboolean in_related)
{
	if (part_is(part, "application/pkcs7-mime") || part_is(part, "application/x-pkcs7-mime")) {
		body->is_encrypted = TRUE;
	} else if (!is_text_leaf(part)) {
		note_unread(body, part, in_related);
	} else if (out) {
		gboolean is_html;
		g_autofree char *text = leaf_text(body, part, &is_html);
		body->is_encrypted = body->is_encrypted || strstr(text, "-----BEGIN PGP MESSAGE-----");
		if (is_html && !is_blank(text))
			body->is_html_only = TRUE;
		else if (!is_html && !is_blank(text))
			body->has_plain = TRUE;
		append(out, text);
	}
}

/* --- the tree: recursion is bounded by PARTS_MAX_DEPTH -------------------------------------------------------------- */

/* `out` NULL: look only for what can't be read. */
static void read_part(const Parts *parts, guint index, Body *body, GString *out, gboolean in_related);

/* "This message is in HTML, get a better program": in any language it is short and says HTML. */
static gboolean is_placeholder(const char *text)
{
	if (is_blank(text))
		return TRUE;
	g_autofree char *lower = strlen(text) < 250 ? g_ascii_strdown(text, -1) : NULL;
	return lower && strstr(lower, "html") != NULL;
}

/* The plain text, which hides nothing, unless it says nothing; then the last alternative that says something (RFC 2046 5.1.4). */
static void read_alternative(const Parts *parts, const Part *whole, Body *body, GString *out)
{
	g_autoptr(GString) best = g_string_new(NULL);
	guint plain = G_MAXUINT;
	for (guint i = whole->first; out && i < whole->first + whole->count && plain == G_MAXUINT; i++)
		if (part_is(part_at(parts, i), "text/plain") && !part_at(parts, i)->is_attachment)
			plain = i;
	if (plain != G_MAXUINT)
		read_part(parts, plain, body, best, FALSE);
	gboolean is_done = !is_placeholder(best->str);
	for (guint i = whole->first + whole->count; i-- > whole->first;) {
		if (i == plain)
			continue;
		g_autoptr(GString) other = is_done || !out ? NULL : g_string_new(NULL);
		read_part(parts, i, body, other, FALSE);
		if (other && !is_blank(other->str)) {
			g_string_assign(best, other->str);
			is_done = TRUE;
			body->has_plain = FALSE;
		}
	}
	if (out)
		append(out, best->str);
}

static void read_message(const Parts *parts, const Part *whole, Body *body, GString *out)
{
	Body inner = { .text = g_string_new(NULL), .attached = body->attached, .unread = body->unread, .trouble = body->trouble,
		       .decoded = body->decoded };
	if (out && whole->count)
		read_part(parts, whole->first, &inner, inner.text, FALSE);
	append(body->attached, inner.text->str);
	body->decoded = inner.decoded;
	body->has_message = TRUE;
	g_string_free(inner.text, TRUE);
}

static void read_part(const Parts *parts, guint index, Body *body, GString *out, gboolean in_related)
{
	const Part *part = part_at(parts, index);
	if (part_is(part, "message/rfc822") || part_is(part, "message/global")) {
		read_message(parts, part, body, out);
	} else if (part_is(part, "multipart/encrypted")) {
		body->is_encrypted = TRUE;
	} else if (!part_is_kind(part, "multipart/") || !part->count) {
		read_leaf(body, part, out, in_related);
	} else if (part_is(part, "multipart/alternative")) {
		read_alternative(parts, part, body, out);
	} else {
		gboolean is_related = part_is(part, "multipart/related");
		gboolean only_first = is_related || part_is(part, "multipart/signed") || part_is(part, "multipart/report");
		for (guint i = 0; i < part->count; i++) {
			gboolean is_report = part_is(part, "multipart/report") && i;
			if (!is_report)
				read_part(parts, part->first + i, body, only_first && i ? NULL : out, is_related || in_related);
		}
	}
}

void body_read(const Parts *parts, GPtrArray *unread, GPtrArray *trouble, Body *body)
{
	*body = (Body){ .text = g_string_new(NULL), .attached = g_string_new(NULL), .unread = unread, .trouble = trouble };
	read_part(parts, 0, body, body->text, FALSE);
	body->is_html_only = body->is_html_only && !body->has_plain;
}

void body_clear(Body *body)
{
	g_string_free(body->text, TRUE);
	g_string_free(body->attached, TRUE);
}
