/* layer 1 mail - envelope: who sent a message to whom over SMTP (RFC 5321), and which of the recipients are ours.
 */
#pragma once
#include <glib.h>

#include "config.h"

typedef struct {
	char *sender;            /* MAIL FROM without brackets; "" is the null sender */
	gboolean is_sender_unknown;   /* nobody told it: `sender` is "", so that nobody is answered, but it is no sign of a machine */
	GPtrArray *recipients;   /* char*, RCPT TO exactly as the server gave it, with brackets where it had them */
	char *queue_id;          /* the mail server's name for the message, or NULL */
	char *client;            /* the peer's address as the server told it, or NULL */
} Envelope;

Envelope *envelope_new(void);
void envelope_free(Envelope *envelope);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Envelope, envelope_free)

/* Takes `<a@b>`, `a@b`, `<>`, and a bare MAILER-DAEMON as null (pipe(8)'s default for it). */
void envelope_set_sender(Envelope *envelope, const char *sender);
void envelope_add_recipient(Envelope *envelope, const char *recipient);

/* The mailbox that a path names, in whichever spelling a mail server accepted and handed it on: in brackets, behind a source route, its local part
 * quoted, the dot of the root behind its domain. */
char *envelope_mailbox(const char *path);

/* The configured address that `recipient` (any spelling, detail cut by recipient-delimiter, case ignored) is, borrowed from `config`; NULL:
 * not ours. */
const ConfigAddress *envelope_our_address(const Config *config, const char *recipient);

/* Whether any address of the configuration is this one: we never write to ourselves. */
gboolean envelope_is_ours(const Config *config, const char *address);

/* Whether the SMTP client is known, and neither this host nor in a private network (RFC 1918, RFC 4193, RFC 4291): those are relays and
 * filters of our own, behind which anyone may stand. */
gboolean envelope_is_from_stranger(const Envelope *envelope);
