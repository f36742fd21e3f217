#include "address.h"

#include <string.h>

#include "text.h"

enum { LOCAL_MOST = 64, DOMAIN_MOST = 255, ADDRESS_MOST = 254 };   /* RFC 5321 4.5.3.1, and its path limit of 256 with brackets */

/* RFC 5322 3.2.3 atext, and with SMTPUTF8 (RFC 6531 3.3) letters beyond ASCII.  Of those only what can be seen: no
 * controls, separators or formatting characters. */
static gboolean is_local_char(gunichar c)
{
	if (c < 0x80)
		return g_ascii_isalnum((char)c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", (int)c));
	return g_unichar_isgraph(c) && g_unichar_type(c) != G_UNICODE_FORMAT && g_unichar_type(c) != G_UNICODE_PRIVATE_USE;
}

static gboolean is_dot_string(const char *local, gsize length)
{
	gboolean after_dot = TRUE;   /* a dot may neither begin, end nor follow another */
	for (const char *p = local; p < local + length; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		if (c == '.') {
			if (after_dot)
				return FALSE;
			after_dot = TRUE;
		} else {
			if (!is_local_char(c))
				return FALSE;
			after_dot = FALSE;
		}
	}
	return length > 0 && length <= LOCAL_MOST && !after_dot;
}

/* Letters, digits and hyphens in labels of 1 to 63 octets, at least two labels, not all numeric at the end (an address literal without
 * its brackets). */
static gboolean is_ascii_domain(const char *domain)
{
	gsize length = strlen(domain);
	if (!length || length > DOMAIN_MOST)
		return FALSE;
	const char *label = domain;
	for (guint count = 1;; count++) {
		gsize n = strspn(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
		if (!n || n > 63 || label[0] == '-' || label[n - 1] == '-')
			return FALSE;
		if (!label[n])
			return count >= 2 && strspn(label, "0123456789") != n;
		if (label[n] != '.')
			return FALSE;
		label += n + 1;
	}
}

/* The domain as lower-case A-labels, owned; NULL where it can't be one. */
static char *domain_to_ascii(const char *domain)
{
	gsize length = strlen(domain);
	if (!length || length > DOMAIN_MOST)
		return NULL;
	for (const char *p = domain; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		if (c < 0x80 ? !(g_ascii_isalnum((char)c) || c == '-' || c == '.') : !g_unichar_isalnum(c) && !g_unichar_ismark(c))
			return NULL;
	}
	/* What is plain already needs no nameprep, which takes longer than all the rest. */
	if (g_str_is_ascii(domain))
		return is_ascii_domain(domain) ? g_ascii_strdown(domain, -1) : NULL;
	g_autofree char *ascii = g_hostname_to_ascii(domain);
	return ascii && is_ascii_domain(ascii) ? g_ascii_strdown(ascii, -1) : NULL;
}

gboolean address_is_safe(const char *address)
{
	if (!address || strlen(address) > ADDRESS_MOST || !g_utf8_validate(address, -1, NULL))
		return FALSE;
	const char *at = strrchr(address, '@');
	if (!at || !is_dot_string(address, (gsize)(at - address)))
		return FALSE;
	g_autofree char *domain = domain_to_ascii(at + 1);
	return domain != NULL;
}

gboolean address_is_ascii(const char *address)
{
	return address_is_safe(address) && g_str_is_ascii(address);
}

char *address_identity(const char *address)
{
	if (!address_is_safe(address))
		return NULL;
	const char *at = strrchr(address, '@');
	g_autofree char *domain = domain_to_ascii(at + 1);
	return g_strdup_printf("%.*s@%s", (int)(at - address), address, domain);
}

char *address_match(const char *address)
{
	g_autofree char *identity = address_identity(address);
	if (!identity)
		return NULL;
	/* Lower-casing can lengthen a local part beyond ASCII; what is then too long stays as it is. */
	g_autofree char *lower = g_utf8_strdown(identity, -1);
	return address_is_safe(lower) ? g_steal_pointer(&lower) : g_steal_pointer(&identity);
}

gboolean address_same(const char *one, const char *other)
{
	if (!one || !other)
		return FALSE;
	/* Nearly all addresses are plain, and nearly all pairs differ: asked for every recipient of every message. */
	if (g_str_is_ascii(one) && g_str_is_ascii(other) && !strstr(one, "xn--") && !strstr(other, "xn--"))
		return g_ascii_strcasecmp(one, other) == 0 && address_is_safe(one);
	g_autofree char *a = address_match(one);
	g_autofree char *b = address_match(other);
	return a && b && g_str_equal(a, b);
}

const char *address_domain(const char *address)
{
	const char *at = address ? strrchr(address, '@') : NULL;
	return at && at[1] ? at + 1 : NULL;
}

char *address_without_batv(const char *address)
{
	gsize length = strlen(address);
	g_autofree char *bare = length >= 2 && address[0] == '<' && address[length - 1] == '>' ? g_strndup(address + 1, length - 2)
	                                                                                        : g_strdup(address);
	if (g_ascii_strncasecmp(bare, "prvs=", 5) != 0)
		return g_steal_pointer(&bare);

	/* draft-levine-smtp-batv-01: prvs=tag-value=local@domain; older signers wrote prvs=local/tag-value@domain. */
	const char *rest = bare + 5;
	const char *at = strrchr(rest, '@');
	if (!at)
		return g_steal_pointer(&bare);
	const char *equals = memchr(rest, '=', (gsize)(at - rest));
	if (equals)
		return g_strdup(equals + 1);
	const char *slash = memchr(rest, '/', (gsize)(at - rest));
	if (slash)
		return g_strdup_printf("%.*s%s", (int)(slash - rest), rest, at);
	return g_steal_pointer(&bare);
}

char *address_without_detail(const char *address, const char *delimiters, char **detail)
{
	if (detail)
		*detail = NULL;
	const char *at = strrchr(address, '@');
	gsize local = at ? (gsize)(at - address) : strlen(address);
	gsize head = strcspn(address, delimiters && *delimiters ? delimiters : "@");
	if (head == 0 || head >= local)
		return g_strdup(address);
	if (detail)
		*detail = g_strndup(address + head + 1, local - head - 1);
	return g_strdup_printf("%.*s%s", (int)head, address, address + local);
}

char *address_display(const char *address)
{
	g_autofree char *shown = text_escape(address);
	const char *domain = address_domain(address);
	if (!domain || g_str_is_ascii(domain) || !g_utf8_validate(domain, -1, NULL)) {
		const char *ace = domain && g_str_is_ascii(domain) && g_hostname_is_ascii_encoded(domain) ? domain : NULL;
		g_autofree char *unicode = ace ? g_hostname_to_unicode(ace) : NULL;
		if (!unicode || g_str_equal(unicode, ace))
			return g_steal_pointer(&shown);
		g_autofree char *safe = text_escape(unicode);
		return g_strdup_printf("%s (%s)", shown, safe);
	}
	g_autofree char *ascii = domain_to_ascii(domain);
	return ascii ? g_strdup_printf("%s (%s)", shown, ascii) : g_steal_pointer(&shown);
}

gboolean address_is_robot(const char *address)
{
	static const char *const whole[] = { "mailer-daemon", "listserv", "majordomo", "mailman", "postmaster", "noreply", "no-reply",
		"no_reply", "donotreply", "do-not-reply", "do_not_reply", "nobody", "bounce", "bounces", "root", "daemon", "autoreply", "auto-reply" };
	static const char *const heads[] = { "owner-", "bounce-", "bounces-", "bounce+", "bounces+", "noreply-", "noreply+", "no-reply-", "no-reply+",
		"srs0=", "srs1=" };
	static const char *const tails[] = { "-request", "-owner", "-bounces", "-bounce", "-noreply", "-no-reply" };

	if (!address || !*address || g_str_equal(address, "<>"))
		return TRUE;
	const char *at = strrchr(address, '@');
	g_autofree char *local = g_ascii_strdown(address, at ? at - address : -1);
	for (guint i = 0; i < G_N_ELEMENTS(whole); i++)
		if (g_str_equal(local, whole[i]))
			return TRUE;
	for (guint i = 0; i < G_N_ELEMENTS(heads); i++)
		if (g_str_has_prefix(local, heads[i]))
			return TRUE;
	for (guint i = 0; i < G_N_ELEMENTS(tails); i++)
		if (g_str_has_suffix(local, tails[i]))
			return TRUE;
	return FALSE;
}
