/* layer 6 programs - command: what the commands of `optout` have in common.
 *
 * One small file a command, command-NAME.c, holding `int command_NAME(CommandContext *, int argc, char **argv)`; a line in the
 * table of optout.c lists it.  argv[0] is the command's name.  A command parses its own options (command_parse), opens what it needs,
 * and returns one of the three codes below; what went wrong is told by command_fail.
 */
#pragma once
#include <glib.h>

#include "config.h"
#include "store.h"

typedef struct {
	const char *config_file;   /* of --config; NULL: the installed one */
} CommandContext;

enum {
	COMMAND_OK = 0,
	COMMAND_NO = 1,            /* the answer is "no", where the command asks a question (check) */
	COMMAND_ERROR = 2          /* usage, configuration, store: the question could not be answered */
};

/* The option every command has: whether the output is for programs. */
#define COMMAND_JSON_OPTION(variable) \
	{ "json", 0, 0, G_OPTION_ARG_NONE, (variable), "One JSON object a line, for programs", NULL }

/* Parses the options out of argv; `--help` prints them and exits.  `parameters` as in the usage line ("REF"), `about` one sentence.
 * Between `least` and `most` (negative: any number) parameters must remain.  FALSE: the fault was told; return COMMAND_ERROR. */
gboolean command_parse(const GOptionEntry *entries, const char *parameters, const char *about, int least, int most,
		       int *argc, char ***argv);

/* Tells the error on standard error, escaped, after the program's name; returns COMMAND_ERROR.  Takes `error`. */
int command_fail(GError *error);
/* The same with words of our own. */
int command_fail_with(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* The configuration that --config names, or the installed one. */
Config *command_config(const CommandContext *context, GError **error);
/* Configuration and store together; *config is set even where the store can't be opened.  NULL and *error otherwise. */
Store *command_open_store(const CommandContext *context, StoreMode mode, Config **config, GError **error);

/* Who decides: the person behind sudo(8) rather than the user whom the store belongs to.  Borrowed. */
const char *command_operator(void);

/* --- the commands, each in its file --- */
int command_classify(CommandContext *context, int argc, char **argv);
int command_queue(CommandContext *context, int argc, char **argv);
int command_show(CommandContext *context, int argc, char **argv);
int command_approve(CommandContext *context, int argc, char **argv);
int command_reclassify(CommandContext *context, int argc, char **argv);
int command_check(CommandContext *context, int argc, char **argv);
int command_export(CommandContext *context, int argc, char **argv);
int command_outbox(CommandContext *context, int argc, char **argv);
int command_store(CommandContext *context, int argc, char **argv);
int command_filters(CommandContext *context, int argc, char **argv);
int command_configtest(CommandContext *context, int argc, char **argv);
