/* layer 3 values - case: one message's requests by one data subject, and how it is written down.
 */
#pragma once
#include <glib.h>
#include <jansson.h>

#include "reference.h"
#include "verdict.h"

typedef struct {
	VerdictRequest *asked;   /* type, confidence, evidence */
	Law law;                 /* whose clock runs */
	GDate due;
} CaseRequest;

typedef struct {
	guint64 number;              /* key in this node's store, in time order; 0: not stored yet */
	char uuid[UUID_SIZE];
	char reference[REFERENCE_SIZE];
	guint64 record;              /* number of the message's record; 0: none */
	CaseState state;
	Kind kind;
	GPtrArray *requests;         /* CaseRequest* */
	char *controller;            /* its id in the configuration */
	char *address;               /* our address that was written to */
	Role role;
	char *subject_address;       /* the data subject; NULL where nobody knows */
	char *from;                  /* From of the message, as a safe address, or NULL */
	char *sender;                /* envelope sender, "" is null */
	char *message_id;
	char *subject;
	gint64 received;             /* instant */
	GDate due;                   /* the earliest clock */
	Law law;                     /* … and its law */
	char *language;              /* BCP 47, NULL unknown */
	gboolean review;
	char *review_reason;
	gboolean urgent, agent, client_made;
	gboolean observed;           /* recorded in observe mode: nothing was sent or suppressed for it */
	EvidenceLevel authentication;
	char *authentication_reason;
	int answer;                  /* Answer of answerable.h */
	char *answer_reason;
} Case;

Case *case_new(void);
void case_free(Case *c);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Case, case_free)

CaseRequest *case_request_new(VerdictRequest *asked, Law law, const GDate *due);   /* takes `asked` */
void case_request_free(CaseRequest *request);

/* The stored value: {"v":1,…}.  Owned. */
json_t *case_to_json(const Case *c);
/* *error is TEMPORARY; a newer "v" than this program knows is refused. */
Case *case_from_json(const json_t *json, GError **error);

/* One line of `optout queue --json`: the public keys only.  Owned. */
json_t *case_to_public_json(const Case *c);
