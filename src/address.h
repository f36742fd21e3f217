/* layer 1 mail - address: mail addresses as keys, as arguments, and as something to show.
 *
 * Addresses are strings of the form local@domain, without brackets.  Nothing here needs GMime: the parents of the
 * reader use it too.  Returned strings are owned by the caller.
 */
#pragma once
#include <glib.h>

/* May this address be put into an SMTP command?  A strict allow-list (RFC 5321 4.1.2 Dot-string, SMTPUTF8 letters;
 * no quoted strings, no literals, no controls or spaces; at most 64 + 1 + 255 octets and 254 in all): what is refused
 * can't be answered, only reviewed.  libcurl passes whatever it is given on to the wire. */
gboolean address_is_safe(const char *address);
/* As above, and pure ASCII, so that a server without SMTPUTF8 takes it. */
gboolean address_is_ascii(const char *address);

/* The identity of a mailbox: exact local part, domain as lower-case A-labels.  NULL where it is no safe address. */
char *address_identity(const char *address);
/* What suppressions are looked up by: the identity with its local part lower-cased too. */
char *address_match(const char *address);
/* Whether two addresses are the same mailbox (by address_match; NULL is never the same). */
gboolean address_same(const char *one, const char *other);

/* The domain (after the last @), borrowed from `address`; NULL where there is none. */
const char *address_domain(const char *address);
/* A copy without a BATV prefix (`prvs=tag=local@domain`, `prvs=local/tag@…`) and without angle brackets. */
char *address_without_batv(const char *address);
/* A copy of `address` with its detail cut off: `unsubscribe+abc@x` is `unsubscribe@x`.  `delimiters` are single
 * characters, "" cuts nothing.  *detail (may be NULL) receives the cut part, owned, or NULL. */
char *address_without_detail(const char *address, const char *delimiters, char **detail);

/* For people: escaped; an internationalised domain with its A-label form beside it, `a@bücher.example (xn--…)`. */
char *address_display(const char *address);

/* A sender that mails nobody back: null or MAILER-DAEMON, listserv, majordomo, owner-*, *-request, *-owner, noreply and its spellings,
 * postmaster, bounce* (RFC 3834 section 2 and custom). */
gboolean address_is_robot(const char *address);
