/* layer 0 ground - reference: ids of cases: a UUID for programs, a short reference for people.
 *
 * A reference is seven Crockford base32 characters taken from the UUID and a check character (Luhn mod 32: it finds any single
 * wrong character and nearly all swapped neighbours), written `XXXX-XXXX`.  Reading it back forgives case, the hyphen, spaces, and O, I, L for 0, 1, 1.
 */
#pragma once
#include <glib.h>

enum { REFERENCE_SIZE = 10, UUID_SIZE = 37 };   /* with the NUL */

/* A new random UUID (libuuid) in lower case. */
void uuid_new(char uuid[UUID_SIZE]);
gboolean uuid_is_valid(const char *uuid);

/* The reference of a UUID. */
void reference_of(const char *uuid, char reference[REFERENCE_SIZE]);
/* What a person typed, in the canonical form; FALSE where it is no reference or its check character is wrong. */
gboolean reference_parse(const char *typed, char reference[REFERENCE_SIZE]);
