/* layer 6 programs - command-queue: `optout queue`: what waits for someone, soonest due first. */
#include "command.h"

#include "address.h"
#include "date.h"
#include "output.h"
#include "store.h"

typedef struct {
	Output *output;
	gboolean has_state;    /* only this one */
	CaseState state;
	GDate today;
	guint shown, overdue;
} Listing;

static OutputStyle style_of(const Listing *listing, const Case *c)
{
	if (case_state_is_finished(c->state))
		return OUTPUT_FAINT;
	int left = g_date_days_between(&listing->today, &c->due);
	return left < 0 ? OUTPUT_BAD : left <= 3 || c->urgent ? OUTPUT_WARNING : OUTPUT_PLAIN;
}

/* In mode = observe: what would have happened by itself.  A review, or an answer to an enquiry, is a person's work in any mode. */
static const char *would_have_done(const Case *c)
{
	gboolean suppresses = FALSE, answers = c->answer == ANSWER_YES, holds = c->answer == ANSWER_HELD;
	for (guint i = 0; i < c->requests->len; i++) {
		RequestType type = ((const CaseRequest *)g_ptr_array_index(c->requests, i))->asked->type;
		suppresses = suppresses || request_suppresses_marketing(type) || type == REQUEST_DISCLOSURE_OPT_OUT;
	}
	if (c->review)
		return "";
	if (!suppresses)
		return answers ? ": would acknowledge" : holds ? ": would hold an acknowledgement" : "";
	return answers ? ": would suppress and acknowledge" : holds ? ": would suppress, and hold an acknowledgement" : ": would suppress";
}

/* What it asks, in a word or two; with a question mark as long as nobody has decided. */
static char *what_it_asks(const Case *c)
{
	g_autoptr(GString) words = g_string_new(NULL);
	for (guint i = 0; i < c->requests->len; i++)
		g_string_append_printf(words, "%s%s", i ? ", " : "", request_name(((const CaseRequest *)g_ptr_array_index(c->requests, i))->asked->type));
	if (!c->requests->len)
		g_string_append(words, kind_name(c->kind));
	if (c->review)
		g_string_append_c(words, '?');
	if (c->urgent)
		g_string_prepend(words, "URGENT ");
	if (c->observed)
		g_string_append_printf(words, " (observed%s)", would_have_done(c));
	return g_string_free(g_steal_pointer(&words), FALSE);
}

static gboolean show_case(const Case *c, gpointer data)
{
	Listing *listing = data;
	if (listing->has_state && c->state != listing->state)
		return TRUE;
	listing->shown++;
	if (output_is_json(listing->output)) {
		output_object(listing->output, case_to_public_json(c));
		return TRUE;
	}
	if (!case_state_is_finished(c->state) && g_date_compare(&c->due, &listing->today) < 0)
		listing->overdue++;
	g_autofree char *due = date_day(&c->due), *asks = what_it_asks(c);
	g_autofree char *person = address_display(c->subject_address ? c->subject_address : c->from ? c->from : c->sender);
	const char *cells[] = { c->reference, case_state_name(c->state), due, law_name(c->law), asks, person, NULL };
	output_row(listing->output, style_of(listing, c), cells);
	return TRUE;
}

typedef struct {
	Listing *listing;
	gboolean every;        /* finished ones too */
} Work;

/* A case's place in the list. */
typedef struct {
	guint32 due;           /* Julian day; 0: none known, which comes first as in the index */
	guint64 number;
} Place;

typedef struct {
	const Listing *listing;
	GArray *places;
} Sorting;

static gboolean note_place(const Case *c, gpointer data)
{
	const Sorting *sorting = data;
	if (!sorting->listing->has_state || c->state == sorting->listing->state)
		g_array_append_vals(sorting->places, &(Place){ g_date_valid(&c->due) ? g_date_get_julian(&c->due) : 0, c->number }, 1);
	return TRUE;
}

static int compare_places(gconstpointer one, gconstpointer other)
{
	const Place *a = one, *b = other;
	return a->due != b->due ? (a->due < b->due ? -1 : 1) : a->number < b->number ? -1 : a->number > b->number;
}

/* Finished cases are in no index by due date: their order is found first, then each is read again. */
static gboolean list_every(StoreTxn *txn, Listing *listing, GError **error)
{
	g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(Place));
	Sorting sorting = { listing, places };
	if (!store_each_case(txn, note_place, &sorting, error))
		return FALSE;
	g_array_sort(places, compare_places);
	for (guint i = 0; i < places->len; i++) {
		g_autoptr(Case) c = store_get_case(txn, g_array_index(places, Place, i).number, error);
		if (!c)
			return FALSE;
		show_case(c, listing);
	}
	return TRUE;
}

static gboolean list_cases(StoreTxn *txn, gpointer data, GError **error)
{
	Work *work = data;
	return work->every ? list_every(txn, work->listing, error) : store_each_due(txn, show_case, work->listing, error);
}

int command_queue(CommandContext *context, int argc, char **argv)
{
	g_autofree char *state = NULL;
	gboolean json = FALSE;
	const GOptionEntry entries[] = {
		{ "state", 0, 0, G_OPTION_ARG_STRING, &state, "Only cases in state S, or `all` (default: the unfinished)", "S" },
		COMMAND_JSON_OPTION(&json),
		{ 0 },
	};
	if (!command_parse(entries, "", "Lists cases, soonest due first.", 0, 0, &argc, &argv))
		return COMMAND_ERROR;
	Listing listing = { .has_state = state && !g_str_equal(state, "all") };
	if (listing.has_state && !case_state_parse(state, &listing.state))
		return command_fail_with("no state '%s'; there are review, waiting, open, extended, completed, denied, referred, withdrawn, expired, and all", state);

	GError *error = NULL;
	g_autoptr(Config) config = NULL;
	g_autoptr(Store) store = command_open_store(context, STORE_READ, &config, &error);
	if (!store)
		return command_fail(error);
	date_of_instant(date_now(), config->timezone, &listing.today);
	listing.output = output_new(json);
	if (!json)
		output_table(listing.output, (const char *const[]){ "REFERENCE", "STATE", "DUE", "LAW", "ASKS", "PERSON", NULL });
	Work work = { &listing, state && (!listing.has_state || case_state_is_finished(listing.state)) };
	gboolean good = store_read(store, list_cases, &work, &error);
	if (!json) {
		output_end_table(listing.output);
		output_line(listing.output, OUTPUT_FAINT, "%u %s%s", listing.shown, listing.shown == 1 ? "case" : "cases",
		            listing.shown ? "; optout show REFERENCE tells all about one" : "");
		if (listing.overdue)
			output_line(listing.output, OUTPUT_BAD, "%u overdue", listing.overdue);
	}
	good = output_free(listing.output) && good;
	return good ? COMMAND_OK : error ? command_fail(error) : COMMAND_ERROR;
}
