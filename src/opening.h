/* layer 3 values - opening: a case from a verdict: its state, its clocks and its words.  Pure: no store, no clock of its own.
 */
#pragma once
#include <glib.h>

#include "case.h"
#include "config.h"
#include "envelope.h"
#include "law.h"

/* Does this message make a case?  Requests, enquiries and whatever needs review do; machine mail and the unrelated don't. */
gboolean opening_is_due(const Verdict *verdict);

/* A new case; owned.  `verdict` NULL: the message could not be read, `trouble` says why (else NULL). */
Case *opening_case(const Config *config, const Laws *laws, const ConfigAddress *address, const Envelope *envelope, const Verdict *verdict,
		   const char *trouble, gint64 received);

/* Decides the requests of a case anew: gives each its law and due day, and the case its state, law and earliest due day.
 * Takes the list (VerdictRequest*) and its items.  `country`: of the controller, or NULL. */
void opening_set_requests(Case *c, const Laws *laws, GPtrArray *requests, gboolean names_law, Law named, const char *country, const GDate *received);

/* What the mail server may do with the message now: `discard` only what is recorded and needs nobody's eyes. */
After opening_after(const Config *config, const ConfigAddress *address, const Verdict *verdict, const Case *c);
