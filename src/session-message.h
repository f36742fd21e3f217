/* layer 5 stories - session-message: one message as it comes in over the milter protocol, piece by piece.
 */
#pragma once
#include <glib.h>

#include "config.h"
#include "envelope.h"
#include "milter.h"

enum { SESSION_MAX_RECIPIENTS = 20000, SESSION_MAX_FORGED = 10000 };

typedef struct {
	Envelope *envelope;      /* NULL once handed over */
	guint ours, others;      /* recipients */
	GByteArray *bytes;       /* header and body as they were on the wire; NULL once handed over */
	gsize most;              /* … at most so many */
	gboolean is_truncated, in_body;
	GHashTable *forged;      /* our own header fields that came in, lower-case name → number of them; NULL: none */
	guint forged_count;
	const char *refusal;     /* why the whole message can't be taken now (a log's words), or NULL */
} SessionMessage;

SessionMessage *session_message_new(const Config *config, const char *sender);
void session_message_free(SessionMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SessionMessage, session_message_free)

void session_message_recipient(SessionMessage *message, const Config *config, const char *recipient);
/* `has_space`: the value comes with the space behind the colon (SMFIP_HDR_LEADSPC). */
void session_message_header(SessionMessage *message, const MilterEvent *event, gboolean has_space);
void session_message_end_of_header(SessionMessage *message);
void session_message_body(SessionMessage *message, const MilterEvent *event);
/* Whether more of it would be thrown away. */
gboolean session_message_is_full(const SessionMessage *message);
