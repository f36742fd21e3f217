/* layer 4 edges - submit-settings: what a transfer needs to know of the configuration, checked and shared by threads.
 */
#pragma once
#include <glib.h>

#include "config.h"

typedef struct {
	gatomicrefcount references;
	char *url;                /* with the EHLO name as its path, which is where libcurl looks for it */
	char *user, *password, *ca_file;
	ConfigTls tls;
	gboolean verify;          /* the server's certificate */
	long timeout;             /* seconds for a reply */
} SubmitSettings;

/* *error PERMANENT: no url, or one (or a hello name) that can't be used. */
SubmitSettings *submit_settings_new(const ConfigSmtp *smtp, GError **error);
SubmitSettings *submit_settings_ref(SubmitSettings *settings);
void submit_settings_unref(SubmitSettings *settings);
