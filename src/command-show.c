/* layer 6 programs - command-show: `optout show REF`: a case, why it is what it is, what happened, what was sent. */
#include "command.h"

#include <stdio.h>
#include <unistd.h>

#include "address.h"
#include "date.h"
#include "output.h"
#include "status.h"
#include "store.h"
#include "text.h"

typedef struct {
	const char *typed;
	Case *c;
	GPtrArray *events;     /* json_t*: as stored, with payload */
	GPtrArray *letters;    /* json_t* */
	GBytes *raw;           /* --raw */
	gboolean wants_raw;
} Dossier;

static gboolean take_event(const Event *event, gpointer data)
{
	Dossier *dossier = data;
	json_t *json = event_to_json(event);
	g_autofree char *time = date_instant(event->time);
	json_object_set_new(json, "time", json_string(time));
	if (event->payload)
		json_object_set(json, "payload", event->payload);
	g_ptr_array_add(dossier->events, json);
	return TRUE;
}

static gboolean take_letter(const Letter *letter, gpointer data)
{
	g_ptr_array_add(((Dossier *)data)->letters, letter_to_public_json(letter));
	return TRUE;
}

static gboolean gather(StoreTxn *txn, gpointer data, GError **error)
{
	Dossier *dossier = data;
	dossier->c = store_find_case(txn, dossier->typed, error);
	if (!dossier->c)
		return FALSE;
	if (dossier->wants_raw) {
		dossier->raw = store_get_raw(txn, dossier->c->record, error);
		return dossier->raw || *error || status_fail(error, STATUS_PERMANENT, "the raw message of case %s is not kept any more", dossier->c->reference);
	}
	return store_each_event(txn, 0, dossier->c->number, take_event, dossier, error) &&
	       store_each_letter(txn, dossier->c->number, take_letter, dossier, error);
}

/* --- for people ------------------------------------------------------------------------------------------------- */

static void print_requests(Output *output, const Case *c)
{
	for (guint i = 0; i < c->requests->len; i++) {
		const CaseRequest *request = g_ptr_array_index(c->requests, i);
		g_autofree char *due = date_day(&request->due);
		output_line(output, OUTPUT_STRONG, "%s%s, due %s (%s), confidence %.2f", request_name(request->asked->type), c->review ? "?" : "", due,
		            law_name(request->law), request->asked->confidence);
		for (guint k = 0; k < request->asked->evidence->len; k++) {
			const VerdictEvidence *e = g_ptr_array_index(request->asked->evidence, k);
			output_line(output, OUTPUT_PLAIN, "  \"%s\" in the %s (%s line %u)", e->text, e->where, e->filter, e->line);
		}
	}
}

static void print_with_reason(Output *output, const char *name, const char *value, const char *reason)
{
	g_autofree char *both = reason ? g_strdup_printf("%s (%s)", value, reason) : g_strdup(value);
	output_field(output, name, both);
}

static void print_case(Output *output, const Case *c)
{
	g_autofree char *due = date_day(&c->due), *received = date_instant(c->received);
	g_autofree char *person = c->subject_address ? address_display(c->subject_address) : NULL, *from = c->from ? address_display(c->from) : NULL;
	output_field(output, "Reference", c->reference);
	output_field(output, "State", case_state_name(c->state));
	output_field(output, "Review", c->review ? c->review_reason : NULL);
	output_field(output, "Urgent", c->urgent ? "yes" : NULL);
	output_field(output, "Observed", c->observed ? "nothing was sent or suppressed; optout approve acts on it" : NULL);
	output_field(output, "Kind", kind_name(c->kind));
	output_field(output, "Person", person);
	output_field(output, "By an agent", c->agent ? "yes" : NULL);
	output_field(output, "From", from);
	output_field(output, "To", c->address);
	output_field(output, "Subject", c->subject);
	output_field(output, "Received", received);
	output_field(output, "Due", due);
	output_field(output, "Law", law_name(c->law));
	output_field(output, "Language", c->language);
	print_with_reason(output, "Sender proved", evidence_level_name(c->authentication), c->authentication_reason);
	/* Whether one has gone out is told by the acknowledgements below. */
	print_with_reason(output, c->observed ? "Would acknowledge" : "Acknowledge", c->answer == ANSWER_YES ? "yes" : c->answer == ANSWER_HELD ? "held" : "no", c->answer_reason);
	output_field(output, "UUID", c->uuid);
}

static const char *string_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void print_history(Output *output, const Dossier *dossier)
{
	output_table(output, (const char *const[]){ "WHEN", "EVENT", "BY", NULL });
	for (guint i = 0; i < dossier->events->len; i++) {
		const json_t *event = g_ptr_array_index(dossier->events, i);
		const char *cells[] = { string_of(event, "time"), string_of(event, "type"), string_of(event, "operator"), NULL };
		output_row(output, OUTPUT_PLAIN, cells);
	}
	output_end_table(output);
	if (!dossier->letters->len)
		return;
	output_line(output, OUTPUT_PLAIN, "%s", "");
	output_table(output, (const char *const[]){ "ACKNOWLEDGEMENT", "TO", "STATE", "WHY", NULL });
	for (guint i = 0; i < dossier->letters->len; i++) {
		const json_t *letter = g_ptr_array_index(dossier->letters, i);
		const char *cells[] = { string_of(letter, "text"), string_of(letter, "to"), string_of(letter, "state"), string_of(letter, "reason"), NULL };
		output_row(output, OUTPUT_PLAIN, cells);
	}
	output_end_table(output);
}

/* --- for programs ----------------------------------------------------------------------------------------------- */

static json_t *as_array(const GPtrArray *items)
{
	json_t *array = json_array();
	for (guint i = 0; i < items->len; i++)
		json_array_append(array, g_ptr_array_index(items, i));
	return array;
}

static json_t *as_json(const Dossier *dossier)
{
	json_t *object = case_to_public_json(dossier->c);
	json_t *whole = case_to_json(dossier->c);
	json_object_set(whole, "received", json_object_get(object, "received"));   /* an instant as everywhere else */
	json_object_set_new(object, "case", whole);
	json_object_set_new(object, "events", as_array(dossier->events));
	json_object_set_new(object, "acknowledgements", as_array(dossier->letters));
	return object;
}

/* ---------------------------------------------------------------------------------------------------------------- */

/* Byte for byte into a file or pipe; on a terminal escaped, since the bytes are a stranger's. */
static int print_raw(GBytes *raw)
{
	gsize length;
	const char *bytes = g_bytes_get_data(raw, &length);
	if (!isatty(STDOUT_FILENO))
		return fwrite(bytes, 1, length, stdout) == length && fflush(stdout) == 0 ? COMMAND_OK : COMMAND_ERROR;
	g_autofree char *valid = text_valid(bytes, length);
	g_auto(GStrv) lines = g_strsplit(valid, "\r\n", -1);
	g_autofree char *text = g_strjoinv("\n", lines), *safe = text_escape_lines(text);
	Output *output = output_new(FALSE);
	output_text(output, OUTPUT_PLAIN, safe);
	return output_free(output) ? COMMAND_OK : COMMAND_ERROR;
}

static int print_dossier(const Dossier *dossier, gboolean json)
{
	Output *output = output_new(json);
	if (json) {
		output_object(output, as_json(dossier));
	} else {
		print_case(output, dossier->c);
		output_line(output, OUTPUT_PLAIN, "%s", "");
		print_requests(output, dossier->c);
		output_line(output, OUTPUT_PLAIN, "%s", "");
		print_history(output, dossier);
	}
	return output_free(output) ? COMMAND_OK : COMMAND_ERROR;
}

int command_show(CommandContext *context, int argc, char **argv)
{
	gboolean json = FALSE, raw = FALSE;
	const GOptionEntry entries[] = {
		{ "raw", 0, 0, G_OPTION_ARG_NONE, &raw, "The message as it was received", NULL },
		COMMAND_JSON_OPTION(&json),
		{ 0 },
	};
	if (!command_parse(entries, "REF", "Tells all about a case: its evidence, its events, its acknowledgements.", 1, 1, &argc, &argv))
		return COMMAND_ERROR;
	GError *error = NULL;
	g_autoptr(Config) config = NULL;
	g_autoptr(Store) store = command_open_store(context, STORE_READ, &config, &error);
	if (!store)
		return command_fail(error);
	Dossier dossier = { .typed = argv[1], .wants_raw = raw };
	dossier.events = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
	dossier.letters = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
	int code = !store_read(store, gather, &dossier, &error) ? command_fail(error)
	           : raw                                        ? print_raw(dossier.raw)
	                                                        : print_dossier(&dossier, json);
	case_free(dossier.c);
	g_ptr_array_unref(dossier.events);
	g_ptr_array_unref(dossier.letters);
	g_clear_pointer(&dossier.raw, g_bytes_unref);
	return code;
}
