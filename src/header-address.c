/* layer 1 mail - header-address: address lists (RFC 5322 3.4), by GMime's parser once it is sure to survive them */
#include <gmime/gmime.h>
#include <string.h>

#include "address.h"
#include "header.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(InternetAddressList, g_object_unref)

/* GMime's parser calls itself for each group inside a group: 50,000 of them end the process.  RFC 5322 knows no nested groups
 * at all, and nobody who writes to us needs thousands of mailboxes. */
static gboolean is_fit_to_parse(const char *raw)
{
	enum { MAX_COLONS = 20, MAX_MAILBOXES = 2000, MAX_COMMENTS = 200 };
	guint colons = 0, mailboxes = 0, comments = 0;
	for (const char *p = raw; *p; p++) {
		colons += *p == ':';
		mailboxes += *p == ',' || *p == ';';
		comments += *p == '(';
	}
	return colons <= MAX_COLONS && mailboxes <= MAX_MAILBOXES && comments <= MAX_COMMENTS;
}

/* Recurses into groups, of which there are MAX_COLONS at most. */
static guint add_list(InternetAddressList *list, GPtrArray *addresses, guint max)
{
	guint count = 0;
	for (int i = 0; i < internet_address_list_length(list); i++) {
		InternetAddress *one = internet_address_list_get_address(list, i);
		if (INTERNET_ADDRESS_IS_GROUP(one)) {
			count += add_list(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(one)), addresses, max);
			continue;
		}
		const char *address = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one));
		count++;
		if (address && addresses->len < max && address_is_safe(address))
			g_ptr_array_add(addresses, g_strdup(address));
	}
	return count;
}

/* The name of a list's first mailbox.  GMime's own decoding of it loses text (see header-words.c). */
static char *display_name(const char *raw)
{
	gboolean quoted = FALSE;
	g_autoptr(GString) name = g_string_new(NULL);
	const char *p = raw;
	for (; *p && (quoted || *p != '<'); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (*p != '\\' || !p[1])
			g_string_append_c(name, *p);
		else
			g_string_append_c(name, *++p);
	}
	if (!*p) {   /* a@b (Name) */
		const char *comment = strchr(raw, '('), *end = comment ? strrchr(comment, ')') : NULL;
		g_string_truncate(name, 0);
		if (end)
			g_string_append_len(name, comment + 1, end - comment - 1);
	}
	char *decoded = g_strstrip(header_decode(name->str, NULL));
	if (*decoded)
		return decoded;
	g_free(decoded);
	return NULL;
}

guint header_add_addresses(const char *raw, GPtrArray *addresses, guint max, char **name, gboolean *refused)
{
	if (!is_fit_to_parse(raw)) {
		*refused = TRUE;
		return 0;
	}
	g_autofree char *hidden = g_strdup(raw);
	header_hide_words(hidden);
	g_autoptr(InternetAddressList) list = internet_address_list_parse(NULL, hidden);
	if (!list)
		return 0;
	if (name) {
		g_free(*name);
		*name = display_name(raw);
	}
	return add_list(list, addresses, max);
}
