/* layer 2 judgement - answerable: may we reply to this message, and why (RFC 3834; CAN-SPAM and CCPA set limits the other way).
 *
 * Pure.  The order of the checks is the order of the reasons an operator wants to read: what the message is, who it
 * comes from, what we already sent.
 */
#pragma once
#include <glib.h>

#include "config.h"
#include "envelope.h"
#include "verdict.h"

/* What was sent before, read in the transaction that records the message. */
typedef struct {
	gboolean same_matter;      /* this sender got an answer in the same matter within the window */
	guint to_address_today;    /* answers queued for the address, for its domain, and for anyone within the hour */
	guint to_domain_today;
	guint to_anyone_this_hour;
} AnswerHistory;

typedef enum {
	ANSWER_NO,     /* never: the reason says why */
	ANSWER_HELD,   /* would be answered but for something an operator can judge: queued, released by hand */
	ANSWER_YES
} Answer;

typedef struct {
	Answer answer;
	char *reason;   /* one sentence in lower case without a period; owned */
} Answerability;

/* `recipient` is our address that the message was for; `history` may be NULL (nothing known: `optout classify`). */
Answerability answerable(const Config *config, const Envelope *envelope, const Verdict *verdict,
			 const ConfigAddress *recipient, const AnswerHistory *history);
void answerability_clear(Answerability *answerability);
