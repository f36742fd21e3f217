#include "submit-settings.h"

#include <string.h>

#include "status.h"

SubmitSettings *submit_settings_ref(SubmitSettings *settings)
{
	g_atomic_ref_count_inc(&settings->references);
	return settings;
}

void submit_settings_unref(SubmitSettings *settings)
{
	if (!settings || !g_atomic_ref_count_dec(&settings->references))
		return;
	g_free(settings->url);
	g_free(settings->user);
	g_free(settings->password);
	g_free(settings->ca_file);
	g_free(settings);
}

/* RFC 5321 4.1.1.1: a domain or an address literal.  libcurl takes the name from the URL's path and sends it as it stands. */
static gboolean is_hello(const char *name)
{
	gsize length = strlen(name);
	return length > 0 && length <= 255 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") == length;
}

static char *url_with_hello(const ConfigSmtp *smtp, GError **error)
{
	if (!smtp->url) {
		status_fail(error, STATUS_PERMANENT, "[smtp] url is missing: there is no relay to send through");
		return NULL;
	}
	if (smtp->hello && !is_hello(smtp->hello)) {
		status_fail(error, STATUS_PERMANENT, "[smtp] hello: \"%s\" is no host name", smtp->hello);
		return NULL;
	}
	g_autofree char *url = g_strdup(smtp->url);
	while (g_str_has_suffix(url, "/") && !g_str_has_suffix(url, "://"))
		url[strlen(url) - 1] = '\0';
	const char *host = strstr(url, "://");
	gboolean is_smtp = g_str_has_prefix(url, "smtp://") || g_str_has_prefix(url, "smtps://");
	if (!host || !is_smtp || !host[3] || strpbrk(host + 3, "/?#@ \\") || strpbrk(url, "\r\n")) {
		status_fail(error, STATUS_PERMANENT, "[smtp] url: \"%s\" is neither smtp://HOST:PORT nor smtps://HOST:PORT", smtp->url);
		return NULL;
	}
	return g_strconcat(url, "/", smtp->hello, NULL);
}

SubmitSettings *submit_settings_new(const ConfigSmtp *smtp, GError **error)
{
	g_autofree char *url = url_with_hello(smtp, error);
	if (!url)
		return NULL;
	SubmitSettings *settings = g_new0(SubmitSettings, 1);
	g_atomic_ref_count_init(&settings->references);
	settings->url = g_steal_pointer(&url);
	settings->user = g_strdup(smtp->user);
	settings->password = g_strdup(smtp->password);
	settings->ca_file = g_strdup(smtp->ca_file);
	settings->tls = smtp->tls;
	/* Encryption that may be absent can't be trusted to the name of the other end either, and must not fail for it (RFC 7435) — unless
	 * a password is at stake, or the operator has said whom to trust. */
	settings->verify = smtp->tls == CONFIG_TLS_REQUIRED || smtp->ca_file || smtp->user;
	settings->timeout = smtp->timeout ? (long)smtp->timeout : 600;
	return settings;
}
