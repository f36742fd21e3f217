#include "authentication.h"

#include <string.h>

#include "address.h"
#include "header.h"

enum { MAX_RESULTS = 100, MAX_VALUE = 512 };

typedef struct {
	gboolean dmarc_pass, dmarc_fail;      /* for the From domain */
	gboolean dkim_pass, dkim_fail;        /* of an aligned signature */
	gboolean spf_pass, spf_fail;
	gboolean is_conflicting;
	char *domain;                         /* that an aligned signature vouches with */
	GHashTable *signatures;               /* domain/selector/b → result */
} Evidence;

/* --- lexing: RFC 8601 2.2, RFC 2045 tokens, RFC 5322 quoted strings and comments ---------------------------------- */

static const char *skip_space(const char *p)
{
	for (;;) {
		while (*p == ' ' || *p == '\t')
			p++;
		if (*p != '(')
			return p;
		p = header_past_comment(p);
	}
}

/* A word up to one of `stops`, white space or a comment, or a quoted string; lower case.  Never longer than MAX_VALUE. */
static const char *word(const char *p, const char *stops, char out[MAX_VALUE])
{
	gsize n = 0;
	p = skip_space(p);
	gboolean quoted = *p == '"';
	if (quoted)
		p++;
	for (; *p && (quoted ? *p != '"' : *p != ' ' && *p != '\t' && *p != '(' && !strchr(stops, *p)); p++) {
		if (quoted && *p == '\\' && p[1])
			p++;
		if (n < MAX_VALUE - 1)
			out[n++] = g_ascii_tolower(*p);
	}
	if (quoted && *p)
		p++;
	out[n] = '\0';
	return skip_space(p);
}

/* Past the next `;` outside comments and quoted strings. */
static const char *next_result(const char *p)
{
	while (*(p = skip_space(p)) && *p != ';') {
		if (*p == '"') {
			for (p++; *p && *p != '"'; p++)
				if (*p == '\\' && p[1])
					p++;
		}
		if (*p)
			p++;
	}
	return *p ? p + 1 : p;
}

/* --- alignment ------------------------------------------------------------------------------------------------ */

/* The same domain, or From's is below it.  Stricter than DMARC's relaxed alignment, which needs the public suffix list; a
 * domain without a dot vouches for nobody. */
static gboolean is_aligned(const char *domain, const char *from)
{
	const char *own = from ? address_domain(from) : NULL;
	gsize size = strlen(domain), own_size = own ? strlen(own) : 0;
	if (!own || !strchr(domain, '.') || own_size < size)
		return FALSE;
	return !g_ascii_strcasecmp(own + own_size - size, domain) && (own_size == size || own[own_size - size - 1] == '.');
}

/* --- results -------------------------------------------------------------------------------------------------- */

typedef struct {
	char method[MAX_VALUE], result[MAX_VALUE];
	char from[MAX_VALUE];                                    /* header.from */
	char domain[MAX_VALUE], selector[MAX_VALUE], b[MAX_VALUE];   /* header.d (or the domain of header.i), header.s, header.b */
} Result;

/* Domains are compared as A-labels; RFC 8616 section 3 lets the field hold them as U-labels. */
static void keep_domain(char kept[MAX_VALUE], const char *domain)
{
	g_autofree char *any = g_str_is_ascii(domain) ? NULL : g_strconcat("x@", domain, NULL);
	g_autofree char *ascii = any ? address_identity(any) : NULL;
	g_strlcpy(kept, ascii ? address_domain(ascii) : domain, MAX_VALUE);
}

static void keep_property(Result *result, const char *name, const char *value)
{
	const char *at = strrchr(value, '@');
	if (!strcmp(name, "header.from"))
		keep_domain(result->from, at ? at + 1 : value);
	else if (!strcmp(name, "header.d"))
		keep_domain(result->domain, value);
	else if (!strcmp(name, "header.i") && !*result->domain)
		keep_domain(result->domain, at ? at + 1 : value);
	else if (!strcmp(name, "header.s"))
		g_strlcpy(result->selector, value, MAX_VALUE);
	else if (!strcmp(name, "header.b"))
		g_strlcpy(result->b, value, MAX_VALUE);
}

/* One resinfo at p, up to its end. */
static void read_result(const char *p, Result *result)
{
	char name[MAX_VALUE], value[MAX_VALUE];
	memset(result, 0, sizeof *result);
	p = word(p, "=/;", result->method);
	if (*p == '/')
		p = word(p + 1, "=;", value);   /* a method's version: there is only 1 */
	if (*p != '=')
		return;
	p = word(p + 1, ";", result->result);
	while (*p && *p != ';') {
		p = word(p, "=;", name);
		if (*p == '=')
			p = word(p + 1, ";", value);
		else if (*p && *p != ';')
			continue;
		else
			break;
		keep_property(result, name, value);
	}
}

static void weigh_dkim(Evidence *evidence, const Result *result, const char *from)
{
	gboolean pass = !strcmp(result->result, "pass");
	if (!*result->domain)
		return;
	g_autofree char *key = g_strjoin("/", result->domain, result->selector, result->b, NULL);
	const char *before = g_hash_table_lookup(evidence->signatures, key);
	if (before && g_str_equal(before, "pass") != pass)
		evidence->is_conflicting = TRUE;
	g_hash_table_replace(evidence->signatures, g_steal_pointer(&key), g_strdup(result->result));
	if (!is_aligned(result->domain, from))
		return;
	if (pass && !evidence->domain)
		evidence->domain = g_strdup(result->domain);
	evidence->dkim_pass = evidence->dkim_pass || pass;
	evidence->dkim_fail = evidence->dkim_fail || !strcmp(result->result, "fail");
}

static void weigh(Evidence *evidence, const Result *result, const char *from)
{
	gboolean pass = !strcmp(result->result, "pass"), fail = !strcmp(result->result, "fail");
	const char *own = from ? address_domain(from) : NULL;
	if (!strcmp(result->method, "dmarc")) {
		/* About another From than the one we read: somebody is being misled. */
		if (*result->from && (!own || g_ascii_strcasecmp(result->from, own)))
			evidence->is_conflicting = evidence->is_conflicting || pass;
		else if (own)
			evidence->dmarc_pass = evidence->dmarc_pass || pass;
		evidence->dmarc_fail = evidence->dmarc_fail || fail;
	} else if (!strcmp(result->method, "dkim")) {
		weigh_dkim(evidence, result, from);
	} else if (!strcmp(result->method, "spf")) {
		evidence->spf_pass = evidence->spf_pass || pass;
		evidence->spf_fail = evidence->spf_fail || fail || !strcmp(result->result, "softfail");
	}
}

/* authserv-id [version] *( ";" resinfo ); FALSE where another server wrote it. */
static gboolean read_field(Evidence *evidence, const char *value, const char *authserv_id, const char *from, guint *results)
{
	char id[MAX_VALUE];
	const char *p = word(value, ";", id);
	if (g_ascii_strcasecmp(id, authserv_id))
		return FALSE;
	for (p = next_result(p); *p && (*results)++ < MAX_RESULTS; p = next_result(p)) {
		Result result;
		read_result(p, &result);
		weigh(evidence, &result, from);
	}
	if (*p)
		evidence->is_conflicting = TRUE;   /* more than any border writes: what was left out may contradict */
	return TRUE;
}

static EvidenceLevel conclude(const Evidence *evidence, char **reason)
{
	if (evidence->is_conflicting || (evidence->dmarc_pass && evidence->dmarc_fail) || (evidence->spf_pass && evidence->spf_fail)) {
		*reason = g_strdup("conflicting Authentication-Results");
		return EVIDENCE_E0;
	}
	if (evidence->dmarc_fail || (evidence->dkim_fail && !evidence->dkim_pass && !evidence->dmarc_pass)) {
		*reason = g_strdup(evidence->dmarc_fail ? "dmarc=fail" : "dkim=fail");
		return EVIDENCE_E0;
	}
	if (evidence->dmarc_pass) {
		*reason = g_strdup("dmarc=pass");
		return EVIDENCE_E2;
	}
	if (evidence->dkim_pass) {
		*reason = g_strdup_printf("dkim=pass of %s", evidence->domain);
		return EVIDENCE_E2;
	}
	*reason = g_strdup(evidence->spf_pass ? "spf=pass" : evidence->spf_fail ? "spf=fail" : "no result that passed");
	return evidence->spf_pass ? EVIDENCE_E1 : EVIDENCE_E0;
}

EvidenceLevel authentication_judge(const AuthenticationField *fields, guint count, const char *authserv_id, guint own_hops, const char *from,
				   char **reason)
{
	if (!authserv_id || !*authserv_id) {
		*reason = g_strdup("no authserv-id is configured");
		return EVIDENCE_E0;
	}
	g_autoptr(GHashTable) signatures = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	Evidence evidence = { .signatures = signatures };
	g_autofree char *identity = from ? address_identity(from) : NULL;
	const char *known = identity ? identity : from;
	guint results = 0;
	gboolean found = FALSE;
	for (guint i = 0; i < count; i++)
		if (fields[i].hops <= own_hops)
			found = read_field(&evidence, fields[i].value, authserv_id, known, &results) || found;
	if (!found) {
		*reason = g_strdup_printf("no Authentication-Results of %s", authserv_id);
		return EVIDENCE_E0;
	}
	EvidenceLevel level = conclude(&evidence, reason);
	g_free(evidence.domain);
	return level;
}
