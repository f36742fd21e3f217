#include "review.h"

#include "address.h"
#include "date.h"
#include "effects.h"
#include "fields.h"
#include "opening.h"
#include "status.h"

/* A decision on its way through the transaction. */
typedef struct {
	const ReviewDesk *desk;
	const char *reference;
	const char *subject;          /* NULL: as the case has it */
	gboolean is_approval;
	Kind kind;                    /* reclassify */
	const RequestType *types;
	guint count;
	Case *result;                 /* owned */
} Decision;

/* What was known when the message came, from the case's first event. */
typedef struct {
	Verdict *verdict;             /* NULL: it could not be read */
	Envelope *envelope;
	GError *error;
} Arrival;

static gboolean take_arrival(const Event *event, gpointer data)
{
	Arrival *arrival = data;
	if (!g_str_equal(event->type, "received") || !event->payload)
		return TRUE;
	const char *sender = json_string_value(json_object_get(event->payload, "sender"));
	envelope_set_sender(arrival->envelope, sender ? sender : "");
	const json_t *verdict = json_object_get(event->payload, "verdict");
	if (verdict)
		arrival->verdict = verdict_from_json(verdict, &arrival->error);
	return FALSE;
}

static gboolean find_arrival(StoreTxn *txn, const Case *c, Arrival *arrival, GError **error)
{
	arrival->envelope = envelope_new();
	if (!store_each_event(txn, 0, c->number, take_arrival, arrival, error))
		return FALSE;
	if (arrival->error) {
		g_propagate_prefixed_error(error, g_steal_pointer(&arrival->error), "the event that opened the case: ");
		return FALSE;
	}
	return TRUE;
}

static void arrival_clear(Arrival *arrival)
{
	verdict_free(arrival->verdict);
	envelope_free(arrival->envelope);
	g_clear_error(&arrival->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Arrival, arrival_clear)

/* --- what it is now --------------------------------------------------------------------------------------------- */

static GPtrArray *approved_requests(const Case *c)
{
	GPtrArray *requests = g_ptr_array_new();
	for (guint i = 0; i < c->requests->len; i++)
		g_ptr_array_add(requests, verdict_request_copy(((const CaseRequest *)g_ptr_array_index(c->requests, i))->asked));
	return requests;
}

static GPtrArray *decided_requests(const Decision *d)
{
	GPtrArray *requests = g_ptr_array_new();
	for (guint i = 0; i < d->count; i++) {
		VerdictRequest *request = verdict_request_new(d->types[i], 1.0);
		g_ptr_array_add(request->evidence, verdict_evidence_new("operator", 0, d->desk->operator, "decision"));
		g_ptr_array_add(requests, request);
	}
	return requests;
}

static const char *country_of(const Config *config, const char *controller)
{
	for (guint i = 0; i < config->controllers->len; i++) {
		const ConfigController *known = g_ptr_array_index(config->controllers, i);
		if (g_str_equal(known->id, controller))
			return known->country;
	}
	return NULL;
}

static void decide(const Decision *d, const Arrival *arrival, Case *c)
{
	GPtrArray *requests = d->is_approval ? approved_requests(c) : decided_requests(d);
	if (requests->len)
		c->kind = KIND_REQUEST;
	else if (!d->is_approval)
		c->kind = d->kind;
	c->review = FALSE;
	c->observed = FALSE;
	GDate received;
	date_of_instant(c->received, d->desk->config->timezone, &received);
	const Verdict *verdict = arrival->verdict;
	opening_set_requests(c, d->desk->laws, requests, verdict && verdict->names_law, verdict ? verdict->law : LAW_HOUSE,
	                     country_of(d->desk->config, c->controller), &received);
	if (c->kind != KIND_REQUEST && c->kind != KIND_ENQUIRY)
		c->state = STATE_COMPLETED;   /* nobody waits for anything */
}

/* --- what follows ----------------------------------------------------------------------------------------------- */

typedef struct {
	StoreTxn *txn;
	const Case *c;            /* as it was */
	GError **error;
	gboolean failed;
} Withdrawal;

/* An acknowledgement of the earlier reading that has not gone out must not, and answered nobody. */
static gboolean withdraw_letter(const Letter *letter, gpointer data)
{
	Withdrawal *w = data;
	if (letter->state != DELIVERY_DUE && letter->state != DELIVERY_HELD)
		return TRUE;
	g_autoptr(Letter) copy = store_get_letter(w->txn, letter->number, w->error);
	if (copy) {
		copy->state = DELIVERY_WITHDRAWN;
		g_free(copy->reason);
		copy->reason = g_strdup("an operator decided the case otherwise");
	}
	w->failed = !copy || !store_put_letter(w->txn, copy, w->error) ||
	            (!copy->attempts && !effects_forget_answer(w->txn, w->c, copy->to, w->error));
	return !w->failed;
}

static gboolean suppresses(const Case *c, const char *scope)
{
	for (guint i = 0; i < c->requests->len; i++) {
		RequestType type = ((const CaseRequest *)g_ptr_array_index(c->requests, i))->asked->type;
		if (g_str_equal(scope, "marketing") ? request_suppresses_marketing(type) : type == REQUEST_DISCLOSURE_OPT_OUT)
			return TRUE;
	}
	return FALSE;
}

/* Another case of the same person that asks for the same. */
typedef struct {
	const Case *decided;
	const char *scope;
	guint64 number;           /* 0: none */
} Other;

static gboolean find_other(const Case *c, gpointer data)
{
	Other *other = data;
	if (c->number != other->decided->number && !c->review && !c->observed && c->state != STATE_WITHDRAWN &&
	    g_strcmp0(c->controller, other->decided->controller) == 0 && suppresses(c, other->scope))
		other->number = c->number;
	return other->number == 0;
}

/* What the earlier reading suppressed, and the new one does not, is lifted: it was this case's doing, and a mistake.  Unless the
 * person asked for it in another message as well: then it is that one's from now on. */
static gboolean lift(StoreTxn *txn, const Decision *d, const Case *c, const char *address, const char *scope, GError **error)
{
	if (!address || (address_same(address, c->subject_address) && suppresses(c, scope)))
		return TRUE;
	g_autoptr(GError) cause = NULL;
	g_autoptr(Suppression) set = store_find_suppression(txn, address, c->controller, scope, &cause);
	if (cause) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return FALSE;
	}
	if (!set || set->case_number != c->number)
		return TRUE;
	Other other = { c, scope, 0 };
	if (!store_each_case_of(txn, address, find_other, &other, error) ||
	    !store_remove_suppression(txn, address, c->controller, scope, error))
		return FALSE;
	if (!other.number)
		return effects_note(txn, "unsuppressed", c->number, d->desk->now, suppression_to_json(set), error);
	set->case_number = other.number;
	return store_put_suppression(txn, set, NULL, error);
}

static gboolean suppress_reported(StoreTxn *txn, const Decision *d, const Arrival *arrival, const Case *c, GError **error)
{
	if (!d->is_approval || c->kind != KIND_FEEDBACK_REPORT || !arrival->verdict)
		return TRUE;
	return effects_suppress_reported(txn, arrival->verdict, c->controller, c->number, d->desk->now, error);
}

static gboolean answer(StoreTxn *txn, const Decision *d, Arrival *arrival, Case *c, GError **error)
{
	const ConfigAddress *address = envelope_our_address(d->desk->config, c->address);
	if (!arrival->verdict || !address)
		return TRUE;
	arrival->verdict->kind = c->kind;
	arrival->verdict->review = FALSE;
	return effects_answer(txn, d->desk->config, arrival->envelope, arrival->verdict, address, c, d->desk->now, error);
}

static gboolean note(StoreTxn *txn, const Decision *d, const char *before, const Case *c, GError **error)
{
	g_autoptr(Event) event = event_new(d->is_approval ? "approved" : "reclassified", c->number, d->desk->now);
	event->operator = g_strdup(d->desk->operator);
	json_t *requests = json_array();
	for (guint i = 0; i < c->requests->len; i++)
		json_array_append_new(requests, json_string(request_name(((const CaseRequest *)g_ptr_array_index(c->requests, i))->asked->type)));
	fields_set_string(event->payload, "before", before);
	fields_set_string(event->payload, "state", case_state_name(c->state));
	fields_set_string(event->payload, "kind", kind_name(c->kind));
	json_object_set_new(event->payload, "requests", requests);
	return store_put_event(txn, event, error);
}

/* --- the transaction -------------------------------------------------------------------------------------------- */

static gboolean name_subject(const Decision *d, Case *c, GError **error)
{
	if (!d->subject)
		return TRUE;
	if (!address_is_safe(d->subject))
		return status_fail(error, STATUS_PERMANENT, "\"%s\" is no mail address", d->subject);
	g_free(c->subject_address);
	c->subject_address = g_strdup(d->subject);
	return TRUE;
}

static gboolean is_decidable(const Decision *d, const Case *c, GError **error)
{
	if (d->is_approval && c->state != STATE_REVIEW && !c->observed)
		return status_fail(error, STATUS_PERMANENT, "case %s is %s: there is nothing to approve; `optout reclassify %s TYPE…` changes what it is",
		                   c->reference, case_state_name(c->state), c->reference);
	gboolean acts = d->is_approval ? c->requests->len > 0 : d->count > 0;
	if (acts && !c->subject_address)
		return status_fail(error, STATUS_PERMANENT, "case %s has no address of the person it is about, so there is nobody to act for; "
		                   "name one with --subject ADDRESS",
		                   c->reference);
	return TRUE;
}

static gboolean write_decision(StoreTxn *txn, gpointer data, GError **error)
{
	Decision *d = data;
	g_autoptr(Case) c = store_find_case(txn, d->reference, error);
	g_auto(Arrival) arrival = { 0 };
	g_autofree char *former = c ? g_strdup(c->subject_address) : NULL;
	if (!c || !name_subject(d, c, error) || !is_decidable(d, c, error) || !find_arrival(txn, c, &arrival, error))
		return FALSE;
	const char *before = case_state_name(c->state);
	Withdrawal withdrawal = { txn, c, error, FALSE };
	if (!store_each_letter(txn, c->number, withdraw_letter, &withdrawal, error) || withdrawal.failed)
		return FALSE;
	decide(d, &arrival, c);
	if (!lift(txn, d, c, former, "marketing", error) || !lift(txn, d, c, former, "disclosure", error) ||
	    !effects_suppress_case(txn, c, d->desk->now, error) || !suppress_reported(txn, d, &arrival, c, error) ||
	    !answer(txn, d, &arrival, c, error) || !store_put_case(txn, c, error) || !note(txn, d, before, c, error))
		return FALSE;
	d->result = g_steal_pointer(&c);
	return TRUE;
}

static gboolean run(Store *store, Decision *decision, Case **result, GError **error)
{
	gboolean good = store_write(store, write_decision, decision, error);
	if (good && result)
		*result = g_steal_pointer(&decision->result);
	case_free(decision->result);
	return good;
}

gboolean review_approve(Store *store, const ReviewDesk *desk, const char *reference, const char *subject, Case **result, GError **error)
{
	Decision decision = { .desk = desk, .reference = reference, .subject = subject, .is_approval = TRUE };
	return run(store, &decision, result, error);
}

gboolean review_reclassify(Store *store, const ReviewDesk *desk, const char *reference, const char *subject, Kind kind,
			   const RequestType *types, guint count, Case **result, GError **error)
{
	Decision decision = { .desk = desk, .reference = reference, .subject = subject, .kind = kind, .types = types, .count = count };
	return run(store, &decision, result, error);
}
