/* layer 1 mail - read-request: how a message is to be read; goes with its bytes to the reader process.
 *
 * Made by the parent, from the envelope and the configuration: trusted words, but for the addresses, which are the sender's.
 */
#pragma once
#include <glib.h>
#include <jansson.h>

/* Strings are borrowed. */
typedef struct {
	const char *sender;        /* envelope sender; NULL: unknown (a file) */
	const char *recipient;     /* our address it came to, with its detail; NULL: take it from the headers */
	const char *role;          /* "opt-out", "privacy", or NULL: from the usual local part of the recipient */
	const char *delimiter;     /* recipient-delimiter */
	const char *authserv_id;   /* NULL: believe none */
	guint own_hops;            /* Received fields of our own above the border's Authentication-Results; milter: 0 */
	gboolean is_truncated;
} ReadRequest;

/* Compact JSON, owned. */
char *read_request_write(const ReadRequest *request);
/* Fills `request` with strings borrowed from `json`.  FALSE and *error (TEMPORARY) where anything is off. */
gboolean read_request_read(const json_t *json, ReadRequest *request, GError **error);
