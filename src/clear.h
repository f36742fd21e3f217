/* layer 2 judgement - clear: which requests the signs say clearly, which only perhaps, and where a doubt remains.  Pure.
 */
#pragma once
#include <glib.h>

#include "score.h"

/* From this confidence on a request is taken; from the other on it is plausible. */
#define CLEAR_ACCEPTED 0.65
#define CLEAR_PLAUSIBLE 0.4

/* Words: up to the first, single words can be the whole message. */
enum { CLEAR_LITTLE_TEXT = 40, CLEAR_SHORT_TEXT = 120 };

gboolean clear_is(const Score *score, RequestType type);
gboolean clear_any(const Score *score);
/* `of_kind` may be NULL: any. */
gboolean clear_any_plausible(const Score *score, gboolean (*of_kind)(RequestType type));
/* Requests that nobody may overlook beside a mere opt-out. */
gboolean clear_is_grave(RequestType type);
/* Requests that are negated, or only asked about. */
gboolean clear_any_spoken_of(const Score *score);
gboolean clear_wishes_something_else(const Score *score, const char *text);
gboolean clear_is_other_question(const Score *score);
/* Why a message without a clear opt-out is perhaps none, although it was sent to an address for opt-outs; NULL: it is one. */
const char *clear_doubt_at_opt_out_address(const Score *score);
