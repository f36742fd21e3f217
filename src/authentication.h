/* layer 1 mail - authentication: what the Authentication-Results (RFC 8601) of our own border prove about the sender.
 *
 * Pure.  Only fields of the configured authserv-id count, and only those that our border put there: whatever stands below
 * a Received field that isn't ours may have come with the message.  (The border must strip forged copies, RFC 8601 section 5.)
 */
#pragma once
#include <glib.h>

#include "vocabulary.h"

typedef struct {
	const char *value;   /* unfolded */
	guint hops;          /* Received fields above it */
} AuthenticationField;

/* The level and, in *reason (owned), what it rests on.  `from` is the only From address, or NULL: then nothing can be aligned
 * with it.  `authserv_id` NULL: nothing is believed. */
EvidenceLevel authentication_judge(const AuthenticationField *fields, guint count, const char *authserv_id, guint own_hops, const char *from,
				   char **reason);
