/* layer 5 stories - intake: a message that arrived, to the record: read, judge, record; the answer comes after the commit.
 *
 *   message → readers (one verdict for each of our recipients) → committer: ONE transaction → done
 *
 * The same story for the milter (many at once) and the pipe (one).
 */
#pragma once
#include <ev.h>
#include <glib.h>

#include "committer.h"
#include "envelope.h"
#include "law.h"
#include "reader.h"
#include "status.h"

typedef struct Intake Intake;

/* What became of the message for one of our recipients. */
typedef struct {
	const char *recipient;             /* as in the envelope */
	const ConfigAddress *address;
	After after;                       /* what the hook must do now: `discard` only where that is allowed */
	const char *reference;             /* NULL: recorded without a case */
	const GDate *due;                  /* invalid: none */
} IntakeOutcome;

typedef struct {
	Status status;                     /* TEMPORARY: nothing is recorded, the MTA must try again */
	gboolean full;                     /* … because the store is full (452 4.3.1) */
	const IntakeOutcome *outcomes;
	guint count;
} IntakeResult;

/* In the loop's thread.  `result` is borrowed for the call. */
typedef void (*IntakeDone)(gpointer data, const IntakeResult *result);

/* Both are borrowed; the configuration is referenced by each message on its way, so that a reload can't change rules under it. */
Intake *intake_new(Committer *committer, ReaderPool *readers);
void intake_free(Intake *intake);
/* A new configuration and laws (taken) for messages from now on. */
void intake_configure(Intake *intake, const Config *config, Laws *laws);

/* Takes `envelope`; references `message`.  `own_hops`: see ReadRequest.  `is_truncated`: cut off at message-size.
 * At least one recipient must be ours.  `done` is called once, never from within this call. */
void intake_take(Intake *intake, Envelope *envelope, GBytes *message, gboolean is_truncated, guint own_hops, gint64 received,
		 IntakeDone done, gpointer data);
/* Messages taken and not done. */
guint intake_pending(const Intake *intake);
