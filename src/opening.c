#include "opening.h"

#include "address.h"
#include "date.h"

gboolean opening_is_due(const Verdict *verdict)
{
	return verdict->review || verdict->kind == KIND_REQUEST || verdict->kind == KIND_ENQUIRY;
}

static void take_earlier(Case *c, Law law, const GDate *due)
{
	if (g_date_valid(&c->due) && g_date_compare(&c->due, due) <= 0)
		return;
	c->due = *due;
	c->law = law;
}

/* The strictest reading of a message that nobody understood yet: whatever it may turn out to ask, that date holds. */
static void set_strictest_due(Case *c, const Laws *laws, gboolean names_law, Law named, const char *country, const GDate *received)
{
	for (RequestType type = 0; type < REQUEST_COUNT; type++) {
		GDate due;
		Law law = laws_choose(laws, type, names_law, named, country, received);
		laws_due(laws, law, type, received, &due);
		take_earlier(c, law, &due);
	}
}

static CaseState state_of(const Case *c)
{
	if (c->review)
		return STATE_REVIEW;
	if (!c->requests->len || c->observed)
		return STATE_OPEN;
	for (guint i = 0; i < c->requests->len; i++) {
		const CaseRequest *request = g_ptr_array_index(c->requests, i);
		if (!request_is_fulfilled_by_record(request->asked->type))
			return STATE_OPEN;
	}
	return STATE_COMPLETED;
}

void opening_set_requests(Case *c, const Laws *laws, GPtrArray *requests, gboolean names_law, Law named, const char *country, const GDate *received)
{
	g_ptr_array_set_size(c->requests, 0);
	g_date_clear(&c->due, 1);
	for (guint i = 0; i < requests->len; i++) {
		VerdictRequest *asked = g_ptr_array_index(requests, i);
		GDate due;
		Law law = laws_choose(laws, asked->type, names_law, named, country, received);
		laws_due(laws, law, asked->type, received, &due);
		take_earlier(c, law, &due);
		g_ptr_array_add(c->requests, case_request_new(asked, law, &due));
	}
	g_ptr_array_set_free_func(requests, NULL);
	g_ptr_array_unref(requests);

	if (!c->requests->len && c->review) {
		set_strictest_due(c, laws, names_law, named, country, received);
	} else if (!c->requests->len) {
		GDate due;
		laws_due_enquiry(laws, received, &due);
		take_earlier(c, LAW_HOUSE, &due);
	}
	c->state = state_of(c);
}

static GPtrArray *copy_requests(const Verdict *verdict)
{
	GPtrArray *copies = g_ptr_array_new_with_free_func((GDestroyNotify)verdict_request_free);
	for (guint i = 0; verdict && i < verdict->requests->len; i++)
		g_ptr_array_add(copies, verdict_request_copy(g_ptr_array_index(verdict->requests, i)));
	return copies;
}

static void take_words(Case *c, const Verdict *verdict)
{
	const Facts *facts = verdict->facts;
	c->kind = verdict->kind;
	c->subject_address = g_strdup(verdict->subject_address);
	c->from = g_strdup(facts->from);
	c->message_id = g_strdup(facts->message_id);
	c->subject = g_strdup(facts->subject);
	c->language = g_strdup(verdict->language);
	c->review = verdict->review;
	c->review_reason = g_strdup(verdict->review_reason);
	c->urgent = verdict->urgent;
	c->agent = verdict->agent;
	c->client_made = verdict->client_made;
	c->authentication = facts->authentication;
	c->authentication_reason = g_strdup(facts->authentication_reason);
}

/* Nobody can be opted out who has no address; a person may find one in the text. */
static void review_if_nobody(Case *c, const Verdict *verdict)
{
	if (c->review || c->subject_address || verdict->kind != KIND_REQUEST)
		return;
	c->review = TRUE;
	c->review_reason = g_strdup("it has no usable address of the person it is about");
}

Case *opening_case(const Config *config, const Laws *laws, const ConfigAddress *address, const Envelope *envelope, const Verdict *verdict,
		   const char *trouble, gint64 received)
{
	Case *c = case_new();
	c->controller = g_strdup(address->controller->id);
	c->address = g_strdup(address->address);
	c->role = address->role;
	c->sender = g_strdup(envelope->sender);
	c->received = received;
	c->observed = config->observe;
	if (verdict) {
		take_words(c, verdict);
		review_if_nobody(c, verdict);
	} else {
		c->kind = KIND_ENQUIRY;
		c->review = TRUE;
		c->review_reason = g_strdup_printf("it could not be read (%s); the raw message is kept", trouble ? trouble : "unknown reason");
	}
	GDate day;
	date_of_instant(received, config->timezone, &day);
	opening_set_requests(c, laws, copy_requests(verdict), verdict && verdict->names_law, verdict ? verdict->law : LAW_HOUSE,
	                     address->controller->country, &day);
	return c;
}

After opening_after(const Config *config, const ConfigAddress *address, const Verdict *verdict, const Case *c)
{
	if (config->observe)
		return AFTER_DELIVER;
	if (address->after != AFTER_DISCARD)
		return address->after;
	/* A regulator's letter, an enquiry and whatever nobody understood reach the mailbox behind the address as well. */
	gboolean done = verdict && !(c && c->review) && (verdict->kind == KIND_REQUEST || kind_is_machine(verdict->kind));
	return done ? AFTER_DISCARD : AFTER_DELIVER;
}
