/* layer 6 programs - command-export: `optout export`: suppression changes, for whoever sends the mail today. */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "date.h"
#include "fields.h"
#include "output.h"
#include "status.h"
#include "store.h"

typedef struct {
	Output *output;            /* NDJSON; NULL: CSV */
	gint64 since;
} Export;

/* RFC 4180; a cell that a spreadsheet would take for a formula gets an apostrophe in front. */
static void print_cell(const char *text, char end)
{
	const char *guard = *text && strchr("=+-@\t\r", *text) ? "'" : "";
	if (!strpbrk(text, ",\"\r\n") && !*guard) {
		printf("%s%c", text, end);
		return;
	}
	putchar('"');
	fputs(guard, stdout);
	for (const char *p = text; *p; p++) {
		if (*p == '"')
			putchar('"');
		putchar(*p);
	}
	printf("\"%c", end);
}

static gboolean show_change(const Event *event, gpointer data)
{
	Export *export = data;
	gboolean added = g_str_equal(event->type, "suppressed");
	if ((!added && !g_str_equal(event->type, "unsuppressed")) || event->time < export->since || !event->payload)
		return TRUE;
	g_autoptr(Suppression) s = suppression_from_json(event->payload, NULL);
	if (!s)
		return TRUE;
	g_autofree char *time = date_instant(event->time);
	if (export->output) {
		json_t *object = json_object();
		fields_set_string(object, "time", time);
		fields_set_string(object, "change", added ? "add" : "remove");
		fields_set_string(object, "address", s->address);
		fields_set_string(object, "controller", s->controller);
		fields_set_string(object, "scope", s->scope);
		fields_set_string(object, "reason", s->reason);
		output_object(export->output, object);
		return TRUE;
	}
	const char *cells[] = { time, added ? "add" : "remove", s->address, s->controller, s->scope, s->reason };
	for (guint i = 0; i < G_N_ELEMENTS(cells); i++)
		print_cell(cells[i], i + 1 == G_N_ELEMENTS(cells) ? '\n' : ',');
	return TRUE;
}

static gboolean show_all(StoreTxn *txn, gpointer data, GError **error)
{
	return store_each_event(txn, 0, 0, show_change, data, error);
}

/* An instant, or a day (its first second in the configured time zone). */
static gboolean parse_since(const char *text, GTimeZone *zone, gint64 *since)
{
	GDate day;
	if (date_parse_instant(text, since))
		return TRUE;
	if (!date_parse_day(text, &day))
		return FALSE;
	g_autoptr(GDateTime) start = g_date_time_new(zone, g_date_get_year(&day), g_date_get_month(&day), g_date_get_day(&day), 0, 0, 0);
	*since = start ? g_date_time_to_unix(start) : 0;
	return start != NULL;
}

int command_export(CommandContext *context, int argc, char **argv)
{
	g_autofree char *since = NULL, *format = NULL;
	gboolean json = FALSE;
	const GOptionEntry entries[] = {
		{ "since", 0, 0, G_OPTION_ARG_STRING, &since, "Changes from this time on: 2026-11-24 or 2026-11-24T10:00:00Z (default: all)", "TIME" },
		{ "format", 0, 0, G_OPTION_ARG_STRING, &format, "csv (default) or ndjson", "FORMAT" },
		COMMAND_JSON_OPTION(&json),
		{ 0 },
	};
	if (!command_parse(entries, "", "Prints suppressions that were set or lifted, oldest first.", 0, 0, &argc, &argv))
		return COMMAND_ERROR;
	if (format && !g_str_equal(format, "csv") && !g_str_equal(format, "ndjson"))
		return command_fail_with("no format '%s'; there are csv and ndjson", format);
	json = json || (format && g_str_equal(format, "ndjson"));

	GError *error = NULL;
	g_autoptr(Config) config = NULL;
	g_autoptr(Store) store = command_open_store(context, STORE_READ, &config, &error);
	if (!store)
		return command_fail(error);
	Export export = { NULL, G_MININT64 };
	if (since && !parse_since(since, config->timezone, &export.since))
		return command_fail_with("\"%s\" is no time; write 2026-11-24 or 2026-11-24T10:00:00Z", since);
	if (json)
		export.output = output_new(TRUE);
	else
		puts("time,change,address,controller,scope,reason");
	gboolean good = store_read(store, show_all, &export, &error);
	gboolean written = export.output ? output_free(export.output) : fflush(stdout) == 0;
	if (!written && !export.output)
		command_fail_with("standard output could not be written");
	return good && written ? COMMAND_OK : error ? command_fail(error) : COMMAND_ERROR;
}
