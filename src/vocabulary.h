/* layer 0 ground - vocabulary: the project's words as enumerations, and their spelling everywhere else (store, JSON, command line, filters).
 *
 * `*_name` returns a static string; `*_parse` returns FALSE for an unknown word.
 */
#pragma once
#include <glib.h>

typedef enum {
	KIND_REQUEST,
	KIND_CONFIRMATION,
	KIND_ENQUIRY,
	KIND_FEEDBACK_REPORT,      /* ARF, RFC 5965 */
	KIND_DELIVERY_REPORT,      /* DSN, RFC 3464 */
	KIND_DISPOSITION_REPORT,   /* MDN, RFC 8098 */
	KIND_AUTO_REPLY,           /* RFC 3834 */
	KIND_UNRELATED,
	KIND_COUNT
} Kind;

typedef enum {
	REQUEST_MARKETING_OPT_OUT,    /* CAN-SPAM, GDPR Art. 21(2) */
	REQUEST_DISCLOSURE_OPT_OUT,   /* CCPA 1798.120 and its like */
	REQUEST_ACCESS,               /* GDPR Art. 15 */
	REQUEST_PORTABILITY,          /* Art. 20 */
	REQUEST_RECTIFICATION,        /* Art. 16 */
	REQUEST_ERASURE,              /* Art. 17 */
	REQUEST_RESTRICTION,          /* Art. 18; CCPA 1798.121 */
	REQUEST_OBJECTION,            /* Art. 21(1) */
	REQUEST_CONSENT_WITHDRAWAL,   /* Art. 7(3) */
	REQUEST_MARKETING_OPT_IN,
	REQUEST_COMPLAINT,
	REQUEST_COUNT
} RequestType;

typedef enum {
	STATE_REVIEW, STATE_WAITING, STATE_OPEN, STATE_EXTENDED, STATE_COMPLETED, STATE_DENIED, STATE_REFERRED,
	STATE_WITHDRAWN, STATE_EXPIRED, STATE_COUNT
} CaseState;

typedef enum {
	LAW_GDPR, LAW_UK_GDPR, LAW_CCPA, LAW_US_STATE, LAW_CAN_SPAM, LAW_CASL, LAW_PIPEDA, LAW_LGPD, LAW_FADP, LAW_DPF,
	LAW_HOUSE, LAW_COUNT
} Law;

/* How well the sender's identity is established: E0 nothing, E1 SPF only, E2 the domain vouches for From, E3 a verify
 * token answered, E4 an operator checked. */
typedef enum { EVIDENCE_E0, EVIDENCE_E1, EVIDENCE_E2, EVIDENCE_E3, EVIDENCE_E4, EVIDENCE_COUNT } EvidenceLevel;

/* What an address of ours is for. */
typedef enum { ROLE_OPT_OUT, ROLE_PRIVACY, ROLE_COUNT } Role;

/* What becomes of a message after it was recorded. */
typedef enum { AFTER_DISCARD, AFTER_DELIVER, AFTER_QUARANTINE, AFTER_COUNT } After;

/* An acknowledgement's state in the outbox. */
typedef enum {
	DELIVERY_DUE,        /* will be sent */
	DELIVERY_HELD,       /* an operator must release it */
	DELIVERY_SENDING,    /* committed before the transfer starts; found so after a crash it is ambiguous */
	DELIVERY_AMBIGUOUS,  /* may have arrived: retried once with the same Message-ID */
	DELIVERY_SENT,
	DELIVERY_FAILED,     /* refused for good: a task for the operator */
	DELIVERY_WITHDRAWN,  /* overtaken before it went out: the case was decided otherwise */
	DELIVERY_COUNT
} Delivery;

const char *kind_name(Kind kind);
const char *request_name(RequestType type);
const char *case_state_name(CaseState state);
const char *law_name(Law law);
const char *evidence_level_name(EvidenceLevel level);
const char *role_name(Role role);
const char *after_name(After after);
const char *delivery_name(Delivery delivery);

gboolean kind_parse(const char *name, Kind *kind);
gboolean request_parse(const char *name, RequestType *type);
gboolean case_state_parse(const char *name, CaseState *state);
gboolean law_parse(const char *name, Law *law);
gboolean evidence_level_parse(const char *name, EvidenceLevel *level);
gboolean role_parse(const char *name, Role *role);
gboolean after_parse(const char *name, After *after);
gboolean delivery_parse(const char *name, Delivery *delivery);

/* A finished case needs nothing more from anyone. */
gboolean case_state_is_finished(CaseState state);
/* Machine mail: reports and auto-replies, which nobody waits for an answer to. */
gboolean kind_is_machine(Kind kind);
/* Requests that set a marketing suppression at once, as well as or as their whole fulfilment. */
gboolean request_suppresses_marketing(RequestType type);
/* Requests that are fulfilled by recording them: the opt-outs.  An opt-in is not: it may lift a suppression only when it
 * is known who asks. */
gboolean request_is_fulfilled_by_record(RequestType type);
