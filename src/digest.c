#include "digest.h"

#include <sodium.h>
#include <string.h>

#include "header.h"

enum { DIGEST_BYTES = 32 };

static gboolean is_trace(const HeaderField *field)
{
	static const char *const fields[] = { "Received", "Return-Path", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To",
					      "X-Received", "Received-SPF", "Authentication-Results", "DKIM-Signature", "DomainKey-Signature" };
	static const char *const prefixes[] = { "ARC-", "X-Spam-", "X-Virus-", "Optout-" };
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
		if (header_field_is(field, fields[i]))
			return TRUE;
	for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++)
		if (field->name_length > strlen(prefixes[i]) && !g_ascii_strncasecmp(field->name, prefixes[i], strlen(prefixes[i])))
			return TRUE;
	return FALSE;
}

/* Each line with one \n; empty ones only when a filled one follows. */
static void add_lines(crypto_generichash_state *state, const char *p, const char *end)
{
	guint empty = 0;
	while (p < end) {
		const char *line = memchr(p, '\n', (gsize)(end - p)), *next = line ? line + 1 : end;
		const char *stop = line ? line : end;
		while (stop > p && stop[-1] == '\r')
			stop--;
		if (stop == p) {
			empty++;
		} else {
			for (; empty; empty--)
				crypto_generichash_update(state, (const guchar *)"\n", 1);
			crypto_generichash_update(state, (const guchar *)p, (unsigned long long)(stop - p));
			crypto_generichash_update(state, (const guchar *)"\n", 1);
		}
		p = next;
	}
}

char *digest_of(const char *bytes, gsize length)
{
	crypto_generichash_state state;
	crypto_generichash_init(&state, NULL, 0, DIGEST_BYTES);
	HeaderScan scan;
	HeaderField field;
	header_scan_begin(&scan, bytes, length);
	while (header_scan_next(&scan, &field))
		if (!is_trace(&field))
			add_lines(&state, field.name, field.value + field.value_length);
	crypto_generichash_update(&state, (const guchar *)"\n", 1);
	add_lines(&state, scan.at, scan.end);

	guchar hash[DIGEST_BYTES];
	char hex[DIGEST_BYTES * 2 + 1];
	crypto_generichash_final(&state, hash, sizeof hash);
	sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
	hex[DIGEST_BYTES * 2] = '\0';
	return g_strdup(hex);
}
