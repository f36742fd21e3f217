/* layer 1 mail - report: the machine-readable parts of delivery, disposition and feedback reports.
 */
#pragma once
#include "facts.h"
#include "parts.h"

/* Fills report_type, feedback_type, reported and original_message_id (RFC 3464, 5965, 8098, and Microsoft's JMRP, which is none of
 * them).  From a returned message only its header is read; its Authentication-Results and the like are a stranger's. */
void report_read(const Parts *parts, Facts *facts);
