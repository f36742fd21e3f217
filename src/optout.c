/* layer 6 programs - optout: the operator's program; a table of commands. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "log.h"

typedef int (*CommandFunction)(CommandContext *context, int argc, char **argv);

typedef struct {
	const char *name;
	CommandFunction function;
	const char *about;
} Command;

static int command_help(CommandContext *context, int argc, char **argv);

static const Command commands[] = {
	{ "classify", command_classify, "Tell what messages in files ask for" },
	{ "queue", command_queue, "List what waits for someone, soonest due first" },
	{ "show", command_show, "Tell all about one case" },
	{ "approve", command_approve, "Accept what was understood of a case in review" },
	{ "reclassify", command_reclassify, "Say what a message asks instead" },
	{ "check", command_check, "Ask whether mail to an address is suppressed" },
	{ "export", command_export, "Print suppression changes as CSV or NDJSON" },
	{ "store", command_store, "Copy, check or compact the store" },
	{ "outbox", command_outbox, "List acknowledgements not delivered, or release one" },
	{ "filters", command_filters, "Compile the filters, so that everything starts faster" },
	{ "configtest", command_configtest, "Check configuration, filters, laws and texts" },
	{ "help", command_help, "Explain a command" },
};

static void print_help(FILE *file)
{
	fputs("Usage: optout [--config FILE] COMMAND [OPTION…] [PARAMETER…]\n"
	      "Looks after what people asked of unsubscribe@, privacy@ and the like.\n\nCommands:\n", file);
	for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
		fprintf(file, "  %-13s%s\n", commands[i].name, commands[i].about);
	fputs("\nOptions:\n"
	      "  --config FILE  Configuration (default: " SYSCONFDIR "/optout.conf)\n"
	      "  --help         This list; `optout COMMAND --help` explains a command\n"
	      "  --version      The version\n"
	      "\nEach command takes --json: one JSON object a line, for programs.\n"
	      "Exit status: 0 done, 1 the answer is no (check), 2 an error.\n", file);
}

static const Command *find_command(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
		if (g_str_equal(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* Edits (insert, delete, replace) from one word to another. */
static guint distance(const char *one, const char *other)
{
	gsize columns = strlen(other) + 1;
	g_autofree guint *row = g_new(guint, columns);
	for (gsize j = 0; j < columns; j++)
		row[j] = (guint)j;
	for (gsize i = 1; one[i - 1]; i++) {
		guint diagonal = row[0];
		row[0] = (guint)i;
		for (gsize j = 1; j < columns; j++) {
			guint replaced = diagonal + (one[i - 1] != other[j - 1]);
			diagonal = row[j];
			row[j] = MIN(replaced, MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[columns - 1];
}

/* The command most likely meant: one that begins so, else the nearest within two edits; NULL: none. */
static const Command *nearest_command(const char *name)
{
	const Command *best = NULL;
	guint least = 3;
	for (guint i = 0; i < G_N_ELEMENTS(commands) && strlen(name) < 64; i++) {
		if (*name && g_str_has_prefix(commands[i].name, name))
			return &commands[i];
		guint d = distance(name, commands[i].name);
		if (d < least && d < strlen(name)) {
			least = d;
			best = &commands[i];
		}
	}
	return best;
}

static int unknown_command(const char *name)
{
	const Command *near = nearest_command(name);
	if (near)
		return command_fail_with("no command '%s'; did you mean '%s'?  `optout --help` lists them all.", name, near->name);
	return command_fail_with("no command '%s'; `optout --help` lists them all.", name);
}

static int command_help(CommandContext *context, int argc, char **argv)
{
	if (argc < 2) {
		print_help(stdout);
		return COMMAND_OK;
	}
	const Command *command = find_command(argv[1]);
	if (!command)
		return unknown_command(argv[1]);
	if (command->function == command_help) {
		puts("Usage: optout help COMMAND");
		return COMMAND_OK;
	}
	char *words[] = { argv[1], (char *)"--help", NULL };
	return command->function(context, 2, words);
}

/* The option may stand behind the command as well, where people put it; takes it out of the words. */
static int take_config(CommandContext *context, int argc, char **argv)
{
	int kept = 0;
	for (int i = 0; i < argc; i++) {
		if (g_str_equal(argv[i], "--")) {
			while (i < argc)
				argv[kept++] = argv[i++];
		} else if (g_str_equal(argv[i], "--config") && i + 1 < argc) {
			context->config_file = argv[++i];
		} else if (g_str_has_prefix(argv[i], "--config=")) {
			context->config_file = argv[i] + strlen("--config=");
		} else {
			argv[kept++] = argv[i];
		}
	}
	argv[kept] = NULL;
	return kept;
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");
	log_setup("optout", LOG_WARNING, TRUE);
	CommandContext context = { 0 };
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		if (g_str_equal(word, "--help") || g_str_equal(word, "-h")) {
			print_help(stdout);
			return COMMAND_OK;
		}
		if (g_str_equal(word, "--version")) {
			puts("optout " PACKAGE_VERSION);
			return COMMAND_OK;
		}
		if (g_str_equal(word, "--config")) {
			if (++i == argc)
				return command_fail_with("--config needs a file.");
			context.config_file = argv[i];
		} else if (g_str_has_prefix(word, "--config=")) {
			context.config_file = word + strlen("--config=");
		} else if (*word == '-') {
			return command_fail_with("unknown option '%s' before the command; `optout --help` lists them.", word);
		} else {
			const Command *command = find_command(word);
			int count = take_config(&context, argc - i, argv + i);
			return command ? command->function(&context, count, argv + i) : unknown_command(word);
		}
	}
	print_help(stderr);
	return COMMAND_ERROR;
}
