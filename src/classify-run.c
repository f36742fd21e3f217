#include "classify-run.h"

#include <ev.h>
#include <string.h>

#include "address.h"
#include "envelope.h"
#include "law.h"
#include "mailbox.h"
#include "opening.h"
#include "reader.h"
#include "recipient.h"
#include "status.h"

/* Enough to keep every reader at work while the first in order is slow. */
enum { MOST_UNDER_WAY = 64, MOST_BYTES = 64 << 20 };

typedef struct {
	const Config *config;
	const ClassifyOptions *options;
	gint64 now;
	ClassifyTake take;
	gpointer data;
	Laws *laws;
	ConfigController controller;   /* of addresses that are not configured */
	struct ev_loop *loop;
	ReaderPool *readers;
	Mailbox *mailbox;
	gboolean at_end;
	GQueue under_way;              /* Entry*, in the order of the files */
	gsize bytes;                   /* of their messages */
	GError *fault;                 /* the readers failed: no use in going on */
} Run;

/* One message. */
typedef struct {
	Run *run;
	MailboxItem item;
	gboolean is_done, was_tried;
	char *recipient;               /* a configured address that its header names; NULL: none */
	Verdict *verdict;
	char *trouble;
} Entry;

static void entry_free(Entry *entry)
{
	mailbox_item_clear(&entry->item);
	verdict_free(entry->verdict);
	g_free(entry->trouble);
	g_free(entry->recipient);
	g_free(entry);
}

/* --- judging ---------------------------------------------------------------------------------------------------- */

static const char *our_recipient(const Run *run, const Entry *entry)
{
	if (run->options->to || entry->recipient || !entry->verdict)
		return run->options->to ? run->options->to : entry->recipient;
	return recipient_of(entry->verdict->facts, run->config->recipient_delimiter);
}

static const char *first_of_ours(const Config *config, const GPtrArray *addresses)
{
	for (guint i = 0; i < addresses->len; i++)
		if (envelope_our_address(config, addresses->pdata[i]))
			return addresses->pdata[i];
	return NULL;
}

/* The address as if it were configured. */
static ConfigAddress address_of(const Run *run, const char *recipient)
{
	const ConfigAddress *configured = recipient ? envelope_our_address(run->config, recipient) : NULL;
	ConfigAddress address = { .address = (char *)(recipient ? recipient : ""), .controller = &run->controller, .role = ROLE_PRIVACY,
				  .after = AFTER_DELIVER };
	if (configured)
		address = *configured;
	else
		recipient_usual_role(recipient, run->config->recipient_delimiter, &address.role);
	if (run->options->role)
		role_parse(run->options->role, &address.role);
	return address;
}

/* The envelope that is known, or else the most likely: what its From says. */
static Envelope *envelope_of(const Run *run, const Entry *entry, const char *recipient)
{
	Envelope *envelope = envelope_new();
	const char *sender = run->options->from ? run->options->from : entry->item.sender;
	if (!sender && entry->verdict)
		sender = entry->verdict->facts->from;
	envelope_set_sender(envelope, sender ? sender : "");
	if (recipient)
		envelope_add_recipient(envelope, recipient);
	return envelope;
}

static void tell(Run *run, Entry *entry)
{
	ClassifyResult result = { .file = entry->item.name, .verdict = entry->verdict, .trouble = entry->trouble, .error = entry->item.error };
	if (entry->item.error) {
		run->take(&result, run->data);
		return;
	}
	const char *recipient = our_recipient(run, entry);
	ConfigAddress address = address_of(run, recipient);
	/* A configuration of which that address and the options are part, for as long as it is judged by. */
	g_autoptr(GPtrArray) addresses = g_ptr_array_copy(run->config->addresses, NULL, NULL);
	g_ptr_array_set_free_func(addresses, NULL);
	g_ptr_array_insert(addresses, 0, &address);
	Config config = *run->config;
	config.addresses = addresses;
	if (run->options->authserv_id)
		config.authserv_id = (char *)run->options->authserv_id;
	g_autoptr(Envelope) envelope = envelope_of(run, entry, recipient);
	gint64 received = entry->verdict && entry->verdict->facts->date > 0 ? MIN(entry->verdict->facts->date, run->now) : run->now;
	g_autoptr(Case) opened = opening_case(&config, run->laws, &address, envelope, entry->verdict, entry->trouble, received);
	result.opened = opened;
	result.is_due = !entry->verdict || opening_is_due(entry->verdict);
	if (entry->verdict)
		result.answer = answerable(&config, envelope, entry->verdict, &address, NULL);
	else
		result.answer = (Answerability){ ANSWER_NO, g_strdup("it could not be read") };
	run->take(&result, run->data);
	answerability_clear(&result.answer);
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static void was_read(gpointer data, Verdict *verdict, const GError *error);

static void ask(Run *run, Entry *entry)
{
	const char *recipient = run->options->to ? run->options->to : entry->recipient;
	const ConfigAddress *configured = recipient ? envelope_our_address(run->config, recipient) : NULL;
	const ReadRequest request = {
		.sender = run->options->from ? run->options->from : entry->item.sender,
		.recipient = recipient,
		.role = run->options->role ? run->options->role : configured ? role_name(configured->role) : NULL,
		.delimiter = run->config->recipient_delimiter,
		.authserv_id = run->options->authserv_id ? run->options->authserv_id : run->config->authserv_id,
		.own_hops = run->config->own_hops,
		.is_truncated = entry->item.is_truncated,
	};
	reader_pool_read(run->readers, &request, entry->item.message, was_read, entry);
}

/* The reader knows no configuration.  Where the header names a configured address that it would not have chosen by itself, or whose role
 * is not the usual one, the message is read once more as mail to that address.  TRUE: it is being read. */
static gboolean ask_as_configured(Run *run, Entry *entry, const Verdict *verdict)
{
	const Facts *facts = verdict->facts;
	if (run->options->to || entry->recipient)
		return FALSE;
	const char *ours = first_of_ours(run->config, facts->delivered_to);
	if (!ours)
		ours = first_of_ours(run->config, facts->to);
	if (!ours)
		return FALSE;
	Role usual;
	gboolean is_usual = g_strcmp0(ours, recipient_of(facts, run->config->recipient_delimiter)) == 0 &&
			    recipient_usual_role(ours, run->config->recipient_delimiter, &usual) &&
			    usual == envelope_our_address(run->config, ours)->role;
	entry->recipient = g_strdup(ours);
	if (is_usual)
		return FALSE;
	ask(run, entry);
	return TRUE;
}

/* Keeps so many messages under way. */
static void feed(Run *run)
{
	while (!run->at_end && !run->fault && run->under_way.length < MOST_UNDER_WAY && run->bytes < MOST_BYTES) {
		Entry *entry = g_new0(Entry, 1);
		entry->run = run;
		if (!mailbox_next(run->mailbox, &entry->item)) {
			g_free(entry);
			run->at_end = TRUE;
			return;
		}
		g_queue_push_tail(&run->under_way, entry);
		if (entry->item.message) {
			run->bytes += g_bytes_get_size(entry->item.message);
			ask(run, entry);
		} else {
			entry->is_done = TRUE;
		}
	}
}

/* What is done at the head of the line. */
static void flush(Run *run)
{
	for (Entry *entry; (entry = g_queue_peek_head(&run->under_way)) && entry->is_done;) {
		g_queue_pop_head(&run->under_way);
		if (entry->item.message)
			run->bytes -= g_bytes_get_size(entry->item.message);
		if (!run->fault)
			tell(run, entry);
		entry_free(entry);
	}
}

static void go_on(Run *run)
{
	do {
		flush(run);
		feed(run);
	} while (!g_queue_is_empty(&run->under_way) && ((const Entry *)g_queue_peek_head(&run->under_way))->is_done);
	if (g_queue_is_empty(&run->under_way))
		ev_break(run->loop, EVBREAK_ALL);
}

static void was_read(gpointer data, Verdict *verdict, const GError *error)
{
	Entry *entry = data;
	Run *run = entry->run;
	if (!verdict && reader_is_unavailable(error) && !run->fault)
		run->fault = g_error_copy(error);
	/* The first time, the fault may have been another's. */
	if (!verdict && !run->fault && !entry->was_tried) {
		entry->was_tried = TRUE;
		ask(run, entry);
		return;
	}
	if (verdict && !run->fault && ask_as_configured(run, entry, verdict)) {
		verdict_free(verdict);
		return;
	}
	entry->verdict = verdict;
	entry->trouble = verdict ? NULL : g_strdup(error->message);
	entry->is_done = TRUE;
	go_on(run);
}

gboolean classify_run(const Config *config, const ClassifyOptions *options, char **paths, gint64 now, ClassifyTake take, gpointer data,
		      GError **error)
{
	char *languages[] = { (char *)"en", NULL };
	Run run = { .config = config, .options = options, .now = now, .take = take, .data = data };
	run.controller = (ConfigController){ .id = (char *)"", .name = (char *)"", .languages = languages };
	g_queue_init(&run.under_way);
	run.laws = laws_load(config->filters, error);
	if (!run.laws)
		return FALSE;
	run.loop = ev_loop_new(0);
	run.readers = reader_pool_new(run.loop, config, config->readers, error);
	if (run.readers) {
		run.mailbox = mailbox_new(paths, config->message_size);
		go_on(&run);
		if (!g_queue_is_empty(&run.under_way))
			ev_run(run.loop, 0);
		mailbox_free(run.mailbox);
		reader_pool_free(run.readers);
		if (run.fault)
			g_propagate_error(error, run.fault);
	}
	ev_loop_destroy(run.loop);
	laws_free(run.laws);
	return run.readers && !run.fault;
}
