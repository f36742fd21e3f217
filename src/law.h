/* layer 2 judgement - law: which law's clock runs for a request, and when it ends.
 *
 * The rules are data (filters/laws, a block a law); this module reads them and does the calendar arithmetic of
 * Regulation (EEC, Euratom) 1182/71 Art. 3 and of business-day laws.  Pure: the day of receipt is an argument.
 */
#pragma once
#include <glib.h>

#include "vocabulary.h"

typedef struct Laws Laws;

/* Reads `laws` from each directory, later ones overriding whole blocks.  *error (PERMANENT) names file and block. */
Laws *laws_load(char **directories, GError **error);
void laws_free(Laws *laws);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Laws, laws_free)

/* The law for a request: the one the message names (if it has a clock for this request), else the earliest of those
 * that the country (alpha-2 or NULL) brings, else `house`. */
Law laws_choose(const Laws *laws, RequestType type, gboolean names_law, Law named, const char *country, const GDate *received);

/* Day on which the answer must have been given at the latest. */
void laws_due(const Laws *laws, Law law, RequestType type, const GDate *received, GDate *due);
/* The due day of an enquiry: the house promise. */
void laws_due_enquiry(const Laws *laws, const GDate *received, GDate *due);
