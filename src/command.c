#include "command.h"

#include <stdio.h>
#include <stdlib.h>

#include "text.h"

static void tell(const char *message)
{
	g_autofree char *safe = text_escape_lines(message);
	fflush(stdout);
	fprintf(stderr, "optout: %s\n", safe);
}

gboolean command_parse(const GOptionEntry *entries, const char *parameters, const char *about, int least, int most,
		       int *argc, char ***argv)
{
	g_autofree char *name = g_strconcat("optout ", (*argv)[0], NULL);
	g_set_prgname(name);
	g_autoptr(GOptionContext) options = g_option_context_new(parameters);
	g_option_context_set_summary(options, about);
	g_option_context_add_main_entries(options, entries, NULL);
	g_autoptr(GError) error = NULL;
	if (!g_option_context_parse(options, argc, argv, &error)) {
		tell(error->message);
		return FALSE;
	}
	/* GOption leaves a `--` where it protected a parameter that begins with a dash. */
	if (*argc > 1 && g_str_equal((*argv)[1], "--")) {
		for (int i = 1; i < *argc; i++)
			(*argv)[i] = (*argv)[i + 1];
		(*argc)--;
	}
	if (*argc - 1 < least || (most >= 0 && *argc - 1 > most)) {
		g_autofree char *message = g_strdup_printf("usage: %s [OPTION…] %s\nTry `%s --help`.", name, parameters ? parameters : "", name);
		tell(message);
		return FALSE;
	}
	return TRUE;
}

int command_fail(GError *error)
{
	tell(error ? error->message : "failed for an unknown reason");
	g_clear_error(&error);
	return COMMAND_ERROR;
}

int command_fail_with(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *message = g_strdup_vprintf(format, args);
	va_end(args);
	tell(message);
	return COMMAND_ERROR;
}

Config *command_config(const CommandContext *context, GError **error)
{
	return config_load(context->config_file, error);
}

Store *command_open_store(const CommandContext *context, StoreMode mode, Config **config, GError **error)
{
	*config = command_config(context, error);
	return *config ? store_open((*config)->store, (*config)->map_size, mode, error) : NULL;
}

const char *command_operator(void)
{
	const char *sudo = g_getenv("SUDO_USER");
	return sudo && *sudo ? sudo : g_get_user_name();
}
