/* layer 6 programs - command-filters: `optout filters compile [DIRECTORY…]`: looking after the filters. */
#include "command.h"

#include "filter.h"
#include "markers.h"
#include "output.h"

/* The image, and what is in it; NULL and *error where a reader would not start with these filters. */
static char *compile(char **directories, Filters **filters, GError **error)
{
	char *path = NULL;
	if (!filters_compile(directories, &path, error) || !(*filters = filters_load(directories, error))) {
		g_free(path);
		return NULL;
	}
	g_autoptr(VisibleMarkers) markers = markers_new(*filters, error);
	if (!markers)
		g_clear_pointer(&path, g_free);
	return path;
}

int command_filters(CommandContext *context, int argc, char **argv)
{
	gboolean json = FALSE;
	const GOptionEntry entries[] = { COMMAND_JSON_OPTION(&json), { .long_name = NULL } };
	if (!command_parse(entries, "compile [DIRECTORY…]",
			   "Compiles the filters of the configured directories, or of these, into `filters.image` in the last of them, with "
			   "which everything starts faster.  Needed after no change: an image that is not of exactly these texts is left aside.",
			   1, -1, &argc, &argv))
		return COMMAND_ERROR;
	if (!g_str_equal(argv[1], "compile"))
		return command_fail_with("say: optout filters compile");
	GError *error = NULL;
	g_autoptr(Config) config = argc > 2 ? NULL : command_config(context, &error);
	if (error)
		return command_fail(error);
	g_autoptr(Filters) filters = NULL;
	g_autofree char *path = compile(config ? config->filters : argv + 2, &filters, &error);
	if (!path)
		return command_fail(error);
	Output *output = output_new(json);
	if (json)
		output_object(output, json_pack("{s:s, s:I, s:I}", "image", path, "lines", (json_int_t)filters_rule_count(filters),
						"languages", (json_int_t)filters_language_count(filters)));
	else
		output_line(output, OUTPUT_GOOD, "%s: %u lines, %u languages", path, filters_rule_count(filters),
			    filters_language_count(filters));
	return output_free(output) ? COMMAND_OK : COMMAND_ERROR;
}
