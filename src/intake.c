#include "intake.h"

#include "date.h"
#include "log.h"
#include "recording.h"

struct Intake {
	Committer *committer;
	ReaderPool *readers;
	Rules *rules;
	guint pending;
};

/* One message on its way. */
typedef struct {
	Intake *intake;
	Recording *recording;
	guint unread;             /* parts whose verdict is not there yet */
	GError *unavailable;      /* no reader could be started */
	guint own_hops;
	IntakeDone done;
	gpointer data;
} Passage;

/* A part's place in its passage, for the reader's answer. */
typedef struct {
	Passage *passage;
	guint index;
} Reading;

Intake *intake_new(Committer *committer, ReaderPool *readers)
{
	Intake *intake = g_new0(Intake, 1);
	intake->committer = committer;
	intake->readers = readers;
	return intake;
}

void intake_free(Intake *intake)
{
	if (!intake)
		return;
	if (intake->rules)
		rules_unref(intake->rules);
	g_free(intake);
}

void intake_configure(Intake *intake, const Config *config, Laws *laws)
{
	if (intake->rules)
		rules_unref(intake->rules);
	intake->rules = rules_new(config, laws);
}

guint intake_pending(const Intake *intake)
{
	return intake->pending;
}

/* --- after the commit ------------------------------------------------------------------------------------------- */

static void log_part(const Recording *r, const RecordingPart *part)
{
	g_autofree char *from = log_address(r->envelope->sender), *to = log_address(part->address->address);
	const Verdict *verdict = part->verdict;
	g_autoptr(GString) requests = g_string_new(NULL);
	for (guint i = 0; verdict && i < verdict->requests->len; i++)
		g_string_append_printf(requests, "%s%s", i ? "," : "",
		                       request_name(((const VerdictRequest *)g_ptr_array_index(verdict->requests, i))->type));
	log_event(LOG_INFORMATION, part->is_duplicate ? "duplicate" : "recorded", "queue_id", r->envelope->queue_id, "from", from, "to", to,
	          "kind", verdict ? kind_name(verdict->kind) : "unread", "requests", requests->len ? requests->str : NULL,
	          "ref", *part->reference ? part->reference : NULL, "state", *part->reference ? case_state_name(part->state) : NULL,
	          "after", after_name(part->after), "trouble", part->trouble, NULL);
}

static const char *first_trouble(const Recording *r)
{
	const char *trouble = NULL;
	for (guint i = 0; i < r->parts->len && !trouble; i++)
		trouble = g_array_index(r->parts, RecordingPart, i).trouble;
	return trouble;
}

static void tell(Passage *passage, const GError *error)
{
	Recording *r = passage->recording;
	g_autofree IntakeOutcome *outcomes = g_new0(IntakeOutcome, r->parts->len);
	IntakeResult result = { STATUS_OK, FALSE, outcomes, r->parts->len };
	if (error || r->is_postponed) {
		result.status = STATUS_TEMPORARY;
		result.full = error && store_is_full(error);
		log_event(LOG_ERROR, "not-recorded", "queue_id", r->envelope->queue_id, "why",
		          error ? error->message : first_trouble(r), NULL);
	}
	for (guint i = 0; i < r->parts->len; i++) {
		RecordingPart *part = &g_array_index(r->parts, RecordingPart, i);
		outcomes[i] = (IntakeOutcome){ part->recipient, part->address, part->after, *part->reference ? part->reference : NULL, &part->due };
		if (result.status == STATUS_OK)
			log_part(r, part);
	}
	passage->done(passage->data, &result);
}

static void committed(gpointer data, const GError *error)
{
	Passage *passage = data;
	passage->intake->pending--;
	tell(passage, error);
	recording_free(passage->recording);
	g_clear_error(&passage->unavailable);
	g_free(passage);
}

/* --- before it -------------------------------------------------------------------------------------------------- */

/* In the committer's thread. */
static gboolean write_recording(StoreTxn *txn, gpointer data, GError **error)
{
	return recording_write(txn, ((const Passage *)data)->recording, error);
}

static void was_read(gpointer data, Verdict *verdict, const GError *error)
{
	Reading *reading = data;
	Passage *passage = reading->passage;
	RecordingPart *part = &g_array_index(passage->recording->parts, RecordingPart, reading->index);
	part->verdict = verdict;
	/* Nobody read it: that is no fault of the message's, and the mail server keeps it until readers start again. */
	if (reader_is_unavailable(error) && !passage->unavailable)
		passage->unavailable = g_error_copy(error);
	if (!verdict)
		part->trouble = g_strdup(error ? error->message : "the reader gave no answer");
	g_free(reading);
	if (--passage->unread > 0)
		return;
	if (passage->unavailable)
		committed(passage, passage->unavailable);
	else
		committer_submit(passage->intake->committer, write_recording, committed, passage);
}

static void read_part(Passage *passage, guint index)
{
	const Recording *r = passage->recording;
	const RecordingPart *part = &g_array_index(r->parts, RecordingPart, index);
	const Config *config = r->rules->config;
	ReadRequest request = {
		.sender = r->envelope->is_sender_unknown ? NULL : r->envelope->sender,
		.recipient = part->recipient,
		.role = role_name(part->address->role),
		.delimiter = config->recipient_delimiter,
		.authserv_id = config->authserv_id,
		.own_hops = passage->own_hops,
		.is_truncated = r->is_truncated,
	};
	Reading *reading = g_new0(Reading, 1);
	reading->passage = passage;
	reading->index = index;
	reader_pool_read(passage->intake->readers, &request, r->message, was_read, reading);
}

void intake_take(Intake *intake, Envelope *envelope, GBytes *message, gboolean is_truncated, guint own_hops, gint64 received,
		 IntakeDone done, gpointer data)
{
	Passage *passage = g_new0(Passage, 1);
	passage->intake = intake;
	passage->own_hops = own_hops;
	passage->done = done;
	passage->data = data;
	Recording *r = passage->recording = recording_new(intake->rules, envelope, message, is_truncated, received);
	for (guint i = 0; i < envelope->recipients->len; i++) {
		const char *recipient = g_ptr_array_index(envelope->recipients, i);
		const ConfigAddress *address = envelope_our_address(intake->rules->config, recipient);
		if (address)
			g_array_append_vals(r->parts, &(RecordingPart){ .recipient = recipient, .address = address }, 1);
	}
	g_assert(r->parts->len);
	intake->pending++;
	passage->unread = r->parts->len;
	for (guint i = 0; i < r->parts->len; i++)
		read_part(passage, i);
}
