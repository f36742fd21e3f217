/* layer 1 mail - digest: what makes two deliveries the same message.
 */
#pragma once
#include <glib.h>

/* Hex BLAKE2b-256 over header and body without the fields that mail servers and filters on the way add (Received,
 * Authentication-Results, DKIM-Signature, X-Spam-* …), without regard to line ends and to empty lines at the end.  Owned. */
char *digest_of(const char *bytes, gsize length);
