/* layer 2 judgement - classify: what a message is, what it asks for, and for whom.  Pure.
 *
 * The order is that of the standards (RFC 3834, 5965, 8098; Apple's and Gmail's unsubscribe mail): a bounce; mail that a client made to
 * unsubscribe its user, even where it calls itself automatic; other machine mail; lists and spam; then what the words mean.
 *
 * Wrong is worse than unsure: what is plausible but not clear goes to review, with the plausible readings as its requests.
 */
#pragma once
#include <glib.h>

#include "clear.h"
#include "facts.h"
#include "filter.h"
#include "verdict.h"

/* From this confidence on a request is taken; from the other on it is plausible. */
#define CLASSIFY_ACCEPTED CLEAR_ACCEPTED
#define CLASSIFY_PLAUSIBLE CLEAR_PLAUSIBLE

typedef struct {
	const char *sender;       /* envelope sender, "" is null; NULL: unknown */
	const char *recipient;    /* our address; NULL: taken from the headers */
	const char *role;         /* "opt-out", "privacy", or NULL: by the usual local part of the recipient */
	const char *delimiter;    /* recipient-delimiter; NULL: "+" */
} ClassifyContext;

/* Takes `facts`; they come back in the verdict, without text and rest. */
Verdict *classify(Facts *facts, const ClassifyContext *context, const Filters *filters);
