/* layer 2 judgement - machine: mail that no person wrote, told by its structure; the words of mail programs come from the filters.
 *
 * RFC 3464 and 8098 reports, RFC 5965 feedback, RFC 3834 automatic mail, and the many that follow none of them.  Pure.
 */
#pragma once
#include <glib.h>

#include "facts.h"
#include "score.h"

/* Each returns NULL for no, else a static phrase that says by what it was known, for the evidence. */

/* A bounce.  `sender` is the envelope sender, "" is null, NULL unknown. */
const char *machine_delivery_report(const Facts *facts, const char *sender, const Score *score);
/* Mail that a mail client made when its user pressed Unsubscribe. */
const char *machine_client_made(const Facts *facts, const Score *score);
const char *machine_feedback_report(const Facts *facts, const Score *score);
const char *machine_disposition_report(const Facts *facts, const Score *score);
/* Out of office, tickets, challenges. */
const char *machine_auto_reply(const Facts *facts, const char *sender, const Score *score);
/* Mailing lists, newsletters, what programs write that answers nothing. */
const char *machine_bulk_mail(const Facts *facts);
