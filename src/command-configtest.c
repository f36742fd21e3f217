/* layer 6 programs - command-configtest: `optout configtest`: would everything start with this configuration? */
#include "command.h"

#include "ack.h"
#include "filter.h"
#include "law.h"
#include "markers.h"
#include "output.h"

/* Loads all that the daemons load; NULL, or the first fault.  *no_image as of filters_no_image. */
static GError *find_fault(const Config *config, const char **no_image)
{
	GError *error = NULL;
	g_autoptr(Laws) laws = laws_load(config->filters, &error);
	g_autoptr(AckTexts) texts = error ? NULL : ack_texts_load(config->filters, &error);
	g_autoptr(Filters) filters = error ? NULL : filters_load(config->filters, &error);
	g_autoptr(VisibleMarkers) markers = error ? NULL : markers_new(filters, &error);
	*no_image = error ? NULL : filters_no_image(filters);
	return laws && texts && filters && markers ? NULL : error;
}

int command_configtest(CommandContext *context, int argc, char **argv)
{
	gboolean json = FALSE;
	const GOptionEntry entries[] = { COMMAND_JSON_OPTION(&json), { 0 } };
	if (!command_parse(entries, "", "Reads configuration, filters, laws and texts as the daemons do, and tells what they would stumble over.", 0, 0,
	                   &argc, &argv))
		return COMMAND_ERROR;
	GError *error = NULL;
	g_autoptr(Config) config = command_config(context, &error);
	const char *no_image = NULL;
	if (config && config_read_secrets(config, &error))
		error = find_fault(config, &no_image);
	if (error)
		return command_fail(error);

	Output *output = output_new(json);
	g_autoptr(GPtrArray) advice = config_advice(config);
	if (no_image)
		g_ptr_array_add(advice, g_strdup_printf("%s/filters.image: %s: each start compiles the texts; `optout filters compile` "
							"spares that", config->filters[g_strv_length(config->filters) - 1], no_image));
	if (json) {
		json_t *object = json_object(), *list = json_array();
		for (guint i = 0; i < advice->len; i++)
			json_array_append_new(list, json_string(g_ptr_array_index(advice, i)));
		json_object_set_new(object, "file", json_string(config->file));
		json_object_set_new(object, "advice", list);
		output_object(output, object);
	} else {
		output_line(output, OUTPUT_GOOD, "%s: good", config->file);
		for (guint i = 0; i < advice->len; i++)
			output_line(output, OUTPUT_WARNING, "but: %s", (const char *)g_ptr_array_index(advice, i));
	}
	return output_free(output) ? COMMAND_OK : COMMAND_ERROR;
}
