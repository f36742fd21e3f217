/* layer 6 programs - command-store: `optout store backup DIRECTORY | check | compact | upgrade`: looking after the record. */
#include "command.h"

#include "output.h"
#include "store-admin.h"

typedef struct {
	const Config *config;
	Output *output;
	const char *directory;   /* of backup */
} Task;

static int backup(Task *task, GError **error)
{
	g_autoptr(Store) store = store_open(task->config->store, task->config->map_size, STORE_READ, error);
	if (!store || !store_backup(store, task->directory, error))
		return COMMAND_ERROR;
	if (output_is_json(task->output))
		output_object(task->output, json_pack("{s:s, s:s}", "store", task->config->store, "backup", task->directory));
	else
		output_line(task->output, OUTPUT_GOOD, "%s: copied to %s", task->config->store, task->directory);
	return COMMAND_OK;
}

static int check(Task *task, GError **error)
{
	g_autoptr(GPtrArray) report = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Store) store = store_open(task->config->store, task->config->map_size, STORE_READ, error);
	if (!store || !store_check(store, report, error))
		return COMMAND_ERROR;
	double fill = store_fill(store);
	if (output_is_json(task->output)) {
		json_t *faults = json_array();
		for (guint i = 0; i < report->len; i++)
			json_array_append_new(faults, json_string(g_ptr_array_index(report, i)));
		output_object(task->output, json_pack("{s:s, s:f, s:o}", "store", task->config->store, "fill", fill, "faults", faults));
	} else {
		for (guint i = 0; i < report->len; i++)
			output_line(task->output, OUTPUT_BAD, "%s", (const char *)g_ptr_array_index(report, i));
		if (!report->len)
			output_line(task->output, OUTPUT_GOOD, "%s: good, %.0f %% of map-size used", task->config->store, fill * 100);
	}
	return report->len ? COMMAND_NO : COMMAND_OK;
}

static int compact(Task *task, GError **error)
{
	guint64 before, after;
	if (!store_compact(task->config->store, task->config->map_size, &before, &after, error))
		return COMMAND_ERROR;
	if (output_is_json(task->output))
		output_object(task->output, json_pack("{s:s, s:I, s:I}", "store", task->config->store, "before", (json_int_t)before, "after",
						      (json_int_t)after));
	else
		output_line(task->output, OUTPUT_GOOD, "%s: %" G_GUINT64_FORMAT " bytes, were %" G_GUINT64_FORMAT, task->config->store, after, before);
	return COMMAND_OK;
}

static int upgrade(Task *task, GError **error)
{
	if (!store_upgrade(task->config->store, task->config->map_size, error))
		return COMMAND_ERROR;
	if (output_is_json(task->output))
		output_object(task->output, json_pack("{s:s, s:i}", "store", task->config->store, "format", STORE_FORMAT));
	else
		output_line(task->output, OUTPUT_GOOD, "%s: format %d", task->config->store, STORE_FORMAT);
	return COMMAND_OK;
}

static const struct { const char *name; int parameters; int (*run)(Task *task, GError **error); } tasks[] = {
	{ "backup", 2, backup }, { "check", 1, check }, { "compact", 1, compact }, { "upgrade", 1, upgrade },
};

int command_store(CommandContext *context, int argc, char **argv)
{
	gboolean json = FALSE;
	const GOptionEntry entries[] = { COMMAND_JSON_OPTION(&json), { .long_name = NULL } };
	if (!command_parse(entries, "backup DIRECTORY | check | compact | upgrade",
			   "Looks after the store.  `backup` copies it while it is in use, `check` compares all of its values and indexes (exit status 1: "
			   "faults were found), `compact` gives unused space back (nobody else may have it open), `upgrade` brings it to this version's format.",
			   1, 2, &argc, &argv))
		return COMMAND_ERROR;
	for (guint i = 0; i < G_N_ELEMENTS(tasks); i++) {
		if (!g_str_equal(argv[1], tasks[i].name) || argc - 1 != tasks[i].parameters)
			continue;
		GError *error = NULL;
		g_autoptr(Config) config = command_config(context, &error);
		if (!config)
			return command_fail(error);
		Task task = { config, output_new(json), argc > 2 ? argv[2] : NULL };
		int code = tasks[i].run(&task, &error);
		gboolean written = output_free(task.output);
		return error ? command_fail(error) : written ? code : COMMAND_ERROR;
	}
	return command_fail_with("say: optout store backup DIRECTORY, check, compact or upgrade");
}
