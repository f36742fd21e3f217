/* layer 5 stories - recording: what ONE transaction writes for a message: record, cases, events, suppressions, acknowledgements due, dedup keys.
 *
 *   duplicate? → record → case → event → suppression → may we answer? (history read here) → letter → dedup key
 *
 * The transaction may run twice (committer.h), so nothing of a first run is kept.
 */
#pragma once
#include <glib.h>

#include "config.h"
#include "envelope.h"
#include "law.h"
#include "store.h"
#include "verdict.h"

/* Configuration and laws that a message is judged by, together and for good: a reload makes new ones. */
typedef struct {
	const Config *config;
	Laws *laws;
} Rules;
Rules *rules_new(const Config *config, Laws *laws);   /* references config, takes laws; g_atomic_rc_box memory */
Rules *rules_ref(Rules *rules);
void rules_unref(Rules *rules);

/* The message as one of our recipients got it. */
typedef struct {
	const char *recipient;            /* borrowed from the envelope */
	const ConfigAddress *address;     /* borrowed from the configuration */
	Verdict *verdict;                 /* NULL: it could not be read, `trouble` says why */
	char *trouble;
	/* results */
	char reference[REFERENCE_SIZE];   /* "" where there is no case */
	GDate due;
	After after;
	gboolean is_duplicate;
	CaseState state;
} RecordingPart;

typedef struct {
	Rules *rules;
	Envelope *envelope;
	GBytes *message;
	gboolean is_truncated;
	gint64 received;
	GArray *parts;                    /* RecordingPart */
	/* result */
	gboolean is_postponed;            /* unreadable for the first time: noted, nothing else recorded; the MTA shall try again */
} Recording;

Recording *recording_new(Rules *rules, Envelope *envelope, GBytes *message, gboolean is_truncated, gint64 received);   /* takes envelope */
void recording_free(Recording *recording);

/* A StoreWork; `data` is a Recording whose parts have their verdicts. */
gboolean recording_write(StoreTxn *txn, gpointer data, GError **error);
