/* layer 6 programs - command-classify: `optout classify`: what messages in files ask, with the words that say so. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "classify-run.h"
#include "classify-show.h"
#include "command.h"
#include "date.h"
#include "output.h"
#include "places.h"

typedef struct {
	Output *output;
	ClassifySummary *summary;   /* NULL: each message is printed */
	guint unread;               /* files that could not be read */
} Printing;

static void take(const ClassifyResult *result, gpointer data)
{
	Printing *printing = data;
	if (result->error) {
		printing->unread++;
		command_fail_with("%s", result->error->message);
	} else if (printing->summary) {
		classify_summary_add(printing->summary, result);
	} else if (output_is_json(printing->output)) {
		output_object(printing->output, classify_result_to_json(result));
	} else {
		classify_result_show(printing->output, result);
	}
}

/* The configuration named, else the installed one where it can be read, else the defaults: classifying needs none. */
static Config *configuration(const CommandContext *context, GError **error)
{
	if (context->config_file)
		return command_config(context, error);
	g_autofree char *installed = places_config();
	return access(installed, R_OK) == 0 ? command_config(context, error) : config_default();
}

static gboolean check_options(const ClassifyOptions *options)
{
	Role role;
	if (options->role && !role_parse(options->role, &role)) {
		command_fail_with("--role is %s or %s, not '%s'", role_name(ROLE_OPT_OUT), role_name(ROLE_PRIVACY), options->role);
		return FALSE;
	}
	return TRUE;
}

static int run(const CommandContext *context, const ClassifyOptions *options, char **paths, gboolean as_json, gboolean as_summary)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Config) config = configuration(context, &error);
	if (!config)
		return command_fail(g_steal_pointer(&error));
	gint64 now = date_now();
	Printing printing = { .output = output_new(as_json), .summary = as_summary ? classify_summary_new(config, now) : NULL };
	gboolean ok = classify_run(config, options, paths, now, take, &printing, &error);
	if (ok && printing.summary) {
		classify_summary_set_unread(printing.summary, printing.unread);
		classify_summary_show(printing.output, printing.summary);
	}
	classify_summary_free(printing.summary);
	gboolean written = output_free(printing.output);
	if (!ok)
		return command_fail(g_steal_pointer(&error));
	if (!written)
		return COMMAND_ERROR;
	return printing.unread ? COMMAND_ERROR : COMMAND_OK;
}

int command_classify(CommandContext *context, int argc, char **argv)
{
	gboolean as_json = FALSE, as_summary = FALSE;
	g_autofree char *role = NULL, *to = NULL, *from = NULL, *authserv_id = NULL;
	const GOptionEntry entries[] = {
		{ "role", 0, 0, G_OPTION_ARG_STRING, &role, "What the address is for: opt-out or privacy", "ROLE" },
		{ "to", 0, 0, G_OPTION_ARG_STRING, &to, "Our address that the mail came to", "ADDRESS" },
		{ "from", 0, 0, G_OPTION_ARG_STRING, &from, "Envelope sender; '' is the null sender", "ADDRESS" },
		{ "authserv-id", 0, 0, G_OPTION_ARG_STRING, &authserv_id, "Believe Authentication-Results of this server", "NAME" },
		{ "summary", 0, 0, G_OPTION_ARG_NONE, &as_summary, "Only tell what there is, and how much of it", NULL },
		COMMAND_JSON_OPTION(&as_json),
		{ 0 },
	};
	if (!command_parse(entries, "FILE|DIRECTORY|-…",
			   "Tells what messages ask for: files, directories, Maildirs, mbox files, or standard input.\n"
			   "Needs no store and no configuration, and changes nothing.",
			   1, -1, &argc, &argv))
		return COMMAND_ERROR;
	const ClassifyOptions options = { .role = role, .to = to, .from = from, .authserv_id = authserv_id };
	if (!check_options(&options))
		return COMMAND_ERROR;
	return run(context, &options, argv + 1, as_json, as_summary);
}
