#include "vocabulary.h"

static const char *const kind_names[KIND_COUNT] = {
	[KIND_REQUEST] = "request",
	[KIND_CONFIRMATION] = "confirmation",
	[KIND_ENQUIRY] = "enquiry",
	[KIND_FEEDBACK_REPORT] = "feedback-report",
	[KIND_DELIVERY_REPORT] = "delivery-report",
	[KIND_DISPOSITION_REPORT] = "disposition-report",
	[KIND_AUTO_REPLY] = "auto-reply",
	[KIND_UNRELATED] = "unrelated",
};

static const char *const request_names[REQUEST_COUNT] = {
	[REQUEST_MARKETING_OPT_OUT] = "marketing-opt-out",
	[REQUEST_DISCLOSURE_OPT_OUT] = "disclosure-opt-out",
	[REQUEST_ACCESS] = "access",
	[REQUEST_PORTABILITY] = "portability",
	[REQUEST_RECTIFICATION] = "rectification",
	[REQUEST_ERASURE] = "erasure",
	[REQUEST_RESTRICTION] = "restriction",
	[REQUEST_OBJECTION] = "objection",
	[REQUEST_CONSENT_WITHDRAWAL] = "consent-withdrawal",
	[REQUEST_MARKETING_OPT_IN] = "marketing-opt-in",
	[REQUEST_COMPLAINT] = "complaint",
};

static const char *const state_names[STATE_COUNT] = {
	[STATE_REVIEW] = "review",       [STATE_WAITING] = "waiting",     [STATE_OPEN] = "open",
	[STATE_EXTENDED] = "extended",   [STATE_COMPLETED] = "completed", [STATE_DENIED] = "denied",
	[STATE_REFERRED] = "referred",   [STATE_WITHDRAWN] = "withdrawn", [STATE_EXPIRED] = "expired",
};

static const char *const law_names[LAW_COUNT] = {
	[LAW_GDPR] = "gdpr",         [LAW_UK_GDPR] = "uk-gdpr", [LAW_CCPA] = "ccpa",     [LAW_US_STATE] = "us-state",
	[LAW_CAN_SPAM] = "can-spam", [LAW_CASL] = "casl",       [LAW_PIPEDA] = "pipeda", [LAW_LGPD] = "lgpd",
	[LAW_FADP] = "fadp",         [LAW_DPF] = "dpf",         [LAW_HOUSE] = "house",
};

static const char *const level_names[EVIDENCE_COUNT] = { "E0", "E1", "E2", "E3", "E4" };
static const char *const role_names[ROLE_COUNT] = { [ROLE_OPT_OUT] = "opt-out", [ROLE_PRIVACY] = "privacy" };

static const char *const after_names[AFTER_COUNT] = {
	[AFTER_DISCARD] = "discard", [AFTER_DELIVER] = "deliver", [AFTER_QUARANTINE] = "quarantine",
};

static const char *const delivery_names[DELIVERY_COUNT] = {
	[DELIVERY_DUE] = "due",   [DELIVERY_HELD] = "held",     [DELIVERY_SENDING] = "sending", [DELIVERY_AMBIGUOUS] = "ambiguous",
	[DELIVERY_SENT] = "sent", [DELIVERY_FAILED] = "failed",   [DELIVERY_WITHDRAWN] = "withdrawn",
};

static gboolean find(const char *const *names, guint count, const char *name, guint *index)
{
	for (guint i = 0; name && i < count; i++)
		if (g_str_equal(names[i], name)) {
			*index = i;
			return TRUE;
		}
	return FALSE;
}

#define WORDS(Type, prefix, names, count)                             \
	const char *prefix##_name(Type value)                         \
	{                                                             \
		return (guint)value < (count) ? names[value] : "?";   \
	}                                                             \
	gboolean prefix##_parse(const char *name, Type *value)        \
	{                                                             \
		guint index;                                          \
		if (!find(names, count, name, &index))                \
			return FALSE;                                 \
		*value = (Type)index;                                 \
		return TRUE;                                          \
	}

WORDS(Kind, kind, kind_names, KIND_COUNT)
WORDS(RequestType, request, request_names, REQUEST_COUNT)
WORDS(CaseState, case_state, state_names, STATE_COUNT)
WORDS(Law, law, law_names, LAW_COUNT)
WORDS(EvidenceLevel, evidence_level, level_names, EVIDENCE_COUNT)
WORDS(Role, role, role_names, ROLE_COUNT)
WORDS(After, after, after_names, AFTER_COUNT)
WORDS(Delivery, delivery, delivery_names, DELIVERY_COUNT)

gboolean case_state_is_finished(CaseState state)
{
	switch (state) {
	case STATE_COMPLETED:
	case STATE_DENIED:
	case STATE_REFERRED:
	case STATE_WITHDRAWN:
	case STATE_EXPIRED:
		return TRUE;
	default:
		return FALSE;
	}
}

gboolean kind_is_machine(Kind kind)
{
	return kind == KIND_FEEDBACK_REPORT || kind == KIND_DELIVERY_REPORT || kind == KIND_DISPOSITION_REPORT ||
	       kind == KIND_AUTO_REPLY;
}

/* Erasure, objection, restriction and withdrawal of consent all end the right to advertise; mail already under way
 * aside, nobody who asked for one of them should get a newsletter while the rest is decided. */
gboolean request_suppresses_marketing(RequestType type)
{
	return type == REQUEST_MARKETING_OPT_OUT || type == REQUEST_ERASURE || type == REQUEST_OBJECTION ||
	       type == REQUEST_RESTRICTION || type == REQUEST_CONSENT_WITHDRAWAL;
}

gboolean request_is_fulfilled_by_record(RequestType type)
{
	return type == REQUEST_MARKETING_OPT_OUT || type == REQUEST_DISCLOSURE_OPT_OUT;
}
