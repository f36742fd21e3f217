/* layer 6 programs - command-outbox: `optout outbox`: acknowledgements that have not arrived, and their release. */
#include "command.h"

#include "address.h"
#include "date.h"
#include "outbox-fate.h"
#include "output.h"
#include "status.h"
#include "store.h"

typedef struct {
	Output *output;
	gboolean every;            /* those that arrived too */
	guint shown, held, failed;
} Listing;

static gboolean show_letter(const Letter *letter, gpointer data)
{
	Listing *listing = data;
	gboolean over = letter->state == DELIVERY_SENT || letter->state == DELIVERY_WITHDRAWN;
	if (over && !listing->every)
		return TRUE;
	listing->shown++;
	listing->held += letter->state == DELIVERY_HELD;
	listing->failed += letter->state == DELIVERY_FAILED;
	if (output_is_json(listing->output)) {
		output_object(listing->output, letter_to_public_json(letter));
		return TRUE;
	}
	g_autofree char *queued = date_instant(letter->queued), *to = address_display(letter->to);
	g_autofree char *attempts = g_strdup_printf("%u", letter->attempts);
	OutputStyle style = over                               ? OUTPUT_FAINT
	                    : letter->state == DELIVERY_FAILED ? OUTPUT_BAD
	                    : letter->state == DELIVERY_DUE    ? OUTPUT_PLAIN
	                                                       : OUTPUT_WARNING;
	const char *cells[] = { letter->reference, delivery_name(letter->state), queued, attempts, to, letter->reason, NULL };
	output_row(listing->output, style, cells);
	return TRUE;
}

static gboolean list_letters(StoreTxn *txn, gpointer data, GError **error)
{
	return store_each_letter(txn, 0, show_letter, data, error);
}

static int list_outbox(Store *store, gboolean json, gboolean every)
{
	GError *error = NULL;
	Listing listing = { .output = output_new(json), .every = every };
	if (!json)
		output_table(listing.output, (const char *const[]){ "REFERENCE", "STATE", "QUEUED", "TRIES", "TO", "WHY", NULL });
	gboolean good = store_read(store, list_letters, &listing, &error);
	if (!json) {
		output_end_table(listing.output);
		output_line(listing.output, OUTPUT_FAINT, "%u %s", listing.shown, listing.shown == 1 ? "acknowledgement" : "acknowledgements");
		if (listing.held || listing.failed)
			output_line(listing.output, OUTPUT_WARNING, "%u held, %u failed: optout outbox --release REFERENCE sends one", listing.held, listing.failed);
	}
	good = output_free(listing.output) && good;
	return good ? COMMAND_OK : error ? command_fail(error) : COMMAND_ERROR;
}

/* --- release ---------------------------------------------------------------------------------------------------- */

typedef struct {
	const char *typed;
	guint64 letter;            /* the last one that can be released */
	Letter *released;          /* owned */
} Release;

static gboolean find_stuck(const Letter *letter, gpointer data)
{
	Release *release = data;
	if (letter->state == DELIVERY_HELD || letter->state == DELIVERY_FAILED)
		release->letter = letter->number;
	return TRUE;
}

static gboolean release_letter(StoreTxn *txn, gpointer data, GError **error)
{
	Release *release = data;
	g_autoptr(Case) c = store_find_case(txn, release->typed, error);
	if (!c)
		return FALSE;
	if (!store_each_letter(txn, c->number, find_stuck, release, error))
		return FALSE;
	if (!release->letter)
		return status_fail(error, STATUS_PERMANENT, "case %s has no acknowledgement that is held or failed", release->typed);
	g_autoptr(Letter) letter = store_get_letter(txn, release->letter, error);
	if (!letter || !outbox_release(txn, letter, command_operator(), date_now(), error))
		return FALSE;
	release->released = g_steal_pointer(&letter);
	return TRUE;
}

static int tell_released(const Config *config, const Letter *letter, gboolean json)
{
	Output *output = output_new(json);
	if (json) {
		output_object(output, letter_to_public_json(letter));
	} else {
		g_autofree char *to = address_display(letter->to);
		output_line(output, OUTPUT_PLAIN, "%s: the acknowledgement to %s is released%s", letter->reference, to,
			    config->observe ? ", and is sent once mode = observe is gone" : "");
	}
	return output_free(output) ? COMMAND_OK : COMMAND_ERROR;
}

int command_outbox(CommandContext *context, int argc, char **argv)
{
	g_autofree char *ref = NULL;
	gboolean json = FALSE, every = FALSE;
	const GOptionEntry entries[] = {
		{ "all", 0, 0, G_OPTION_ARG_NONE, &every, "Also those that arrived or were withdrawn", NULL },
		{ "release", 0, 0, G_OPTION_ARG_STRING, &ref, "Send the held or failed acknowledgement of this case", "REF" },
		COMMAND_JSON_OPTION(&json),
		{ 0 },
	};
	if (!command_parse(entries, "", "Lists acknowledgements that have not been delivered, or releases one.", 0, 0, &argc, &argv))
		return COMMAND_ERROR;
	GError *error = NULL;
	g_autoptr(Config) config = NULL;
	g_autoptr(Store) store = command_open_store(context, ref ? STORE_WRITE : STORE_READ, &config, &error);
	if (!store)
		return command_fail(error);
	Release release = { .typed = ref };
	if (ref && !store_write(store, release_letter, &release, &error))
		return command_fail(error);
	int code = ref ? tell_released(config, release.released, json) : list_outbox(store, json, every);
	letter_free(release.released);
	return code;
}
