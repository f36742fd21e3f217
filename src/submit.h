/* layer 4 edges - submit: hands a message to the relay over SMTP; the only includer of curl.h.
 *
 * Null sender, one recipient a transfer, connections reused and closed after some seconds of idleness.  The loop never waits: each
 * connection lives in a thread of its own, because libcurl waits for the reply to the final dot without giving way, even in its multi
 * interface, and a relay takes its time there (it syncs).  Threads come with the load, up to `connections`, and go with it.
 */
#pragma once
#include <ev.h>
#include <glib.h>

#include "config.h"

typedef struct Submit Submit;

typedef enum {
	SUBMIT_SENT,         /* the relay took it: 250 after the final dot */
	SUBMIT_REFUSED,      /* 5xx: for good */
	SUBMIT_DEFERRED,     /* 4xx, no connection, or one that the relay does not let us use: nothing was handed over */
	SUBMIT_AMBIGUOUS,    /* the connection broke after the final dot may have gone out: it may have arrived */
	SUBMIT_UNTRIED       /* submit_stop came first: no transfer was begun */
} SubmitResult;

/* In the loop's thread, never from within submit_send.  `reply`: the server's last words or libcurl's, escaped, one line. */
typedef void (*SubmitDone)(gpointer data, SubmitResult result, const char *reply);

/* `smtp` is copied.  *error PERMANENT: no url, or one (or a hello name) that can't be used. */
Submit *submit_new(struct ev_loop *loop, const ConfigSmtp *smtp, guint connections, GError **error);
/* For transfers from now on; on error the former settings stay. */
gboolean submit_configure(Submit *submit, const ConfigSmtp *smtp, GError **error);
/* `to` must be address_is_safe (else REFUSED); `message` (CRLF lines, without dot-stuffing) is referenced. */
void submit_send(Submit *submit, const char *to, GBytes *message, SubmitDone done, gpointer data);
/* Transfers whose `done` was not called yet. */
guint submit_pending(const Submit *submit);
/* Transfers that wait for a connection end as UNTRIED; those under way go on. */
void submit_stop(Submit *submit);
/* Those under way are broken off within a second or so: DEFERRED, or AMBIGUOUS after the final dot. */
void submit_abort(Submit *submit);
/* submit_stop, submit_abort, and every `done`. */
void submit_free(Submit *submit);
