/* layer 5 stories - review: an operator decides what a message was.
 *
 * Each decision is one transaction: the case, its event (who, when, what before, what after), and the effects that the program
 * would have had, had it understood the message itself: suppressions and the acknowledgement.
 * Errors are PERMANENT and advise: no such case, nothing to decide, nothing to act on.
 */
#pragma once
#include <glib.h>

#include "config.h"
#include "law.h"
#include "store.h"

typedef struct {
	const Config *config;
	const Laws *laws;
	const char *operator;     /* who decides */
	gint64 now;
} ReviewDesk;

/* `subject`: whom the case is about, where the message did not say or said it wrong; NULL: as the case has it. */

/* Accepts the reading that the program proposed: of a case in `review`, or of one that was only observed.
 * *result (may be NULL) is the case as it is now; owned. */
gboolean review_approve(Store *store, const ReviewDesk *desk, const char *reference, const char *subject, Case **result,
			GError **error);

/* Says what it is instead: any number of requests, or (with none) a kind such as `enquiry` or `unrelated`. */
gboolean review_reclassify(Store *store, const ReviewDesk *desk, const char *reference, const char *subject, Kind kind,
			   const RequestType *types, guint count, Case **result, GError **error);
