/* layer 2 judgement - verdict: what a message asks for, how sure that is and why; the reader's whole answer.
 *
 * A verdict crosses a process boundary as JSON.  verdict_from_json treats its input as hostile: every field's type, range, length and
 * count is checked and an unknown word is an error, because the process that wrote it has just handled hostile mail.
 */
#pragma once
#include <glib.h>
#include <jansson.h>

#include "facts.h"
#include "vocabulary.h"

enum { VERDICT_MAX_REQUESTS = REQUEST_COUNT, VERDICT_MAX_EVIDENCE = 20, VERDICT_MAX_STRING = 4096 };

typedef struct {
	char *filter;   /* file name, `de.filter`; "built-in" for rules in the code */
	guint line;     /* in that file; 0 for built-in rules */
	char *text;     /* the writer's words that hit, at most 200 bytes */
	char *where;    /* "subject", "body", "header", "recipient" */
} VerdictEvidence;

typedef struct {
	RequestType type;
	double confidence;      /* 0 to 1 */
	GPtrArray *evidence;    /* VerdictEvidence* */
} VerdictRequest;

typedef struct {
	Kind kind;
	GPtrArray *kind_evidence;   /* VerdictEvidence*: why this kind, where it is not for its requests */
	GPtrArray *requests;        /* VerdictRequest*, surest first; only for KIND_REQUEST, or as the plausible readings of one in review */
	char *language;             /* BCP 47, NULL: the text says nothing of it */
	gboolean review;            /* an operator must decide */
	char *review_reason;
	gboolean urgent;            /* from an authority or lawyer, or about an incident */
	gboolean client_made;       /* made by a mail client's unsubscribe button */
	gboolean agent;             /* written for someone else */
	char *subject_address;      /* the data subject's address: safe, or NULL */
	Law law;                    /* the law that the message itself names */
	gboolean names_law;         /* … if it names one */
	Facts *facts;               /* without text and rest */
} Verdict;

Verdict *verdict_new(void);
void verdict_free(Verdict *verdict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Verdict, verdict_free)

VerdictEvidence *verdict_evidence_new(const char *filter, guint line, const char *text, const char *where);
void verdict_evidence_free(VerdictEvidence *evidence);
VerdictRequest *verdict_request_new(RequestType type, double confidence);
VerdictRequest *verdict_request_copy(const VerdictRequest *request);
void verdict_request_free(VerdictRequest *request);

/* The request of a type, borrowed, or NULL. */
const VerdictRequest *verdict_request(const Verdict *verdict, RequestType type);

/* A new JSON object; owned. */
json_t *verdict_to_json(const Verdict *verdict);
/* NULL and *error (TEMPORARY: the reader is at fault, not the message) where anything is off. */
Verdict *verdict_from_json(const json_t *json, GError **error);

/* A request's and evidence's public shape, {"type","confidence","evidence":[{"filter","line","text","where"}]}, shared by the
 * command line and the store. */
json_t *verdict_request_to_json(const VerdictRequest *request);
VerdictRequest *verdict_request_from_json(const json_t *json, GError **error);
