/* layer 1 mail - compose: headers and body of a message that we write ourselves, in the form that RFC 5322 and MIME want.
 *
 * Everything goes out as CRLF lines of printable ASCII (internationalised addresses in To aside), at most 76 characters
 * where the content allows it.  Control characters can't get into a header: they become spaces.
 */
#pragma once
#include <glib.h>

enum { COMPOSE_COLUMNS = 72, COMPOSE_MESSAGE_ID_MOST = 250 };

/* `Name: value`, value being ours already in its final form; folded at spaces. */
void compose_header(GString *message, const char *name, const char *value);
/* The same for text of any language: RFC 2047 encoded-words where it isn't plain ASCII. */
void compose_text_header(GString *message, const char *name, const char *text);
/* From, To …: display name (may be NULL) and a safe address. */
void compose_mailbox_header(GString *message, const char *name, const char *display, const char *address);
/* RFC 5322 3.3, in UTC. */
void compose_date_header(GString *message, const char *name, gint64 instant);
/* MIME-Version, Content-Type, Content-Transfer-Encoding, the empty line, and `text` (lines ending in \n) in the encoding that suits it. */
void compose_text_body(GString *message, const char *text, const char *language);

/* A message id as somebody else's header gave it (with or without brackets, alone or as the first of several), as `<id>`; NULL where it is
 * none by the narrow rule of RFC 5322 3.6.4 (dot-atoms and a domain or literal, printable ASCII, bounded), owned. */
char *compose_message_id(const char *id);

/* `Name <address>`, `"Na, me" <address>` or `address`, as an operator writes it: display name (owned, NULL: none) and address (owned).
 * FALSE: the address isn't safe, or there is a control character. */
gboolean compose_parse_mailbox(const char *text, char **display, char **address);

/* One line of text wrapped at COMPOSE_COLUMNS, each with '\n'; what follows a leading "- " or spaces hangs under it.  A word that is longer
 * stays whole. */
void compose_wrap(GString *text, const char *line);
