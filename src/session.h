/* layer 5 stories - session: the conversation with a mail server over the milter protocol, message by message.
 *
 *   envelope → is anyone of ours among the recipients? no: accept, before the message is sent
 *            → header and body, rebuilt → intake → recorded → discard, deliver or quarantine
 *
 * A message is answered only after intake has answered.  What the server aborts meanwhile is recorded all the same, and nobody is told.
 */
#pragma once
#include <ev.h>
#include <glib.h>

#include "config.h"
#include "intake.h"
#include "server.h"

/* All conversations of a process. */
typedef struct Sessions Sessions;

/* Both are borrowed.  Needs a configuration before the first connection. */
Sessions *sessions_new(struct ev_loop *loop, Intake *intake);
/* After the server whose handler it is. */
void sessions_free(Sessions *sessions);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sessions, sessions_free)

/* For messages from now on; intake must be given the same. */
void sessions_configure(Sessions *sessions, const Config *config);
/* Seconds between signs of life (SMFIR_PROGRESS) while a message is with intake; default 30 (Postfix waits 300, Sendmail 10 minutes). */
void sessions_set_progress(Sessions *sessions, double seconds);

/* For server_new, with the Sessions as data. */
const ServerHandler *sessions_handler(void);

/* Ends conversations in which no message is under way now, others when it is answered; what is still being sent after `seconds` is cut off (the
 * mail server will send it again), what is with intake is waited for.  `done` is called once, never from within this call, when no message is left. */
void sessions_drain(Sessions *sessions, double seconds, void (*done)(gpointer data), gpointer data);
