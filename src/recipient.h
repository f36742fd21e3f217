/* layer 2 judgement - recipient: which address of ours a message was for, and what that address is for.
 */
#pragma once
#include <glib.h>

#include "facts.h"

/* The usual local parts: unsubscribe@, optout@, abmelden@ … are for opt-outs, privacy@, dpo@, datenschutz@ … for privacy.
 * `delimiters`: characters that begin a detail.  FALSE: a general mailbox. */
gboolean recipient_usual_role(const char *address, const char *delimiters, Role *role);

/* The address that the message was for, by X-Original-To, Delivered-To, or the first of To that has a usual role; borrowed from `facts`. */
const char *recipient_of(const Facts *facts, const char *delimiters);
