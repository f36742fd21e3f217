/* layer 4 edges - submit: hands a message to the relay over SMTP; the only includer of curl.h.
 *
 * Null sender, one recipient a transfer, connections reused.  Non-blocking: several transfers in one libev loop.
 */
#pragma once
#include <ev.h>
#include <glib.h>

#include "config.h"

typedef struct Submit Submit;

typedef enum {
	SUBMIT_SENT,         /* the relay took it: 250 after the final dot */
	SUBMIT_REFUSED,      /* 5xx: for good */
	SUBMIT_DEFERRED,     /* 4xx, or no connection: nothing was handed over */
	SUBMIT_AMBIGUOUS     /* the connection broke after the final dot may have gone out: it may have arrived */
} SubmitResult;

/* `reply`: the server's last words or libcurl's, escaped, one line. */
typedef void (*SubmitDone)(gpointer data, SubmitResult result, const char *reply);

Submit *submit_new(struct ev_loop *loop, const ConfigSmtp *smtp, guint connections, GError **error);
/* `to` must be address_is_safe (else REFUSED); `message` is referenced. */
void submit_send(Submit *submit, const char *to, GBytes *message, SubmitDone done, gpointer data);
guint submit_pending(const Submit *submit);
void submit_free(Submit *submit);
