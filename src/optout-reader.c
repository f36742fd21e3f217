/* layer 6 programs - optout-reader: reads hostile mail for the others, and can do nothing else.
 *
 * Started by reader-process.c with one end of a socket pair as standard input (frame.h); not meant for people.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "classify.h"
#include "config.h"
#include "filter.h"
#include "log.h"
#include "markers.h"
#include "message.h"
#include "reader-child.h"
#include "sandbox.h"
#include "visible.h"

/* GMime recurses on some headers (`To: g:g:g:…`): what passes the caps before it ends here, in this process. */
enum { STACK = 8 << 20 };

typedef struct {
	GPtrArray *directories;   /* char*, NULL-terminated */
	guint64 memory, message_size, cpu_seconds;
} Options;

static gboolean number(const char *word, const char *name, guint64 *value)
{
	gsize length = strlen(name);
	return strncmp(word, name, length) == 0 && g_ascii_string_to_unsigned(word + length, 10, 0, G_MAXINT64, value, NULL);
}

/* Everything from the configuration, as the parents would pass it on: for whoever starts a reader by hand. */
static gboolean take_config(const char *file, Options *options)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Config) config = config_load(file, &error);
	if (!config) {
		fprintf(stderr, "optout-reader: %s\n", error->message);
		return FALSE;
	}
	for (guint i = 0; config->filters[i]; i++)
		g_ptr_array_add(options->directories, g_strdup(config->filters[i]));
	options->memory = config->reader_memory;
	options->message_size = config->message_size;
	options->cpu_seconds = config->reader_timeout;
	return TRUE;
}

static gboolean parse(int argc, char **argv, Options *options)
{
	for (int i = 1; i < argc; i++) {
		if (g_str_equal(argv[i], "--filters") && i + 1 < argc) {
			g_ptr_array_add(options->directories, g_strdup(argv[++i]));
		} else if (g_str_equal(argv[i], "--config") && i + 1 < argc) {
			if (!take_config(argv[++i], options))
				return FALSE;
		} else if (!number(argv[i], "--memory=", &options->memory) && !number(argv[i], "--message-size=", &options->message_size) &&
			 !number(argv[i], "--cpu-seconds=", &options->cpu_seconds)) {
			return FALSE;
		}
	}
	g_ptr_array_add(options->directories, NULL);
	return options->directories->len > 1 && options->message_size;
}

/* Policy, loaded once. */
typedef struct {
	Filters *filters;
	VisibleMarkers *markers;
} Policy;

static gboolean load(char **directories, Policy *policy, GError **error)
{
	policy->filters = filters_load(directories, error);
	if (!policy->filters)
		return FALSE;
	policy->markers = markers_new(policy->filters, error);
	return policy->markers != NULL;
}

static json_t *answer(const ReadRequest *request, const guint8 *message, gsize length, gpointer data)
{
	const Policy *policy = data;
	const MessageOptions options = { request->authserv_id, request->own_hops, request->is_truncated, policy->markers };
	g_autoptr(GError) error = NULL;
	Facts *facts = message_read(message, length, &options, &error);
	if (!facts) {
		/* Nothing at all is a message too: its envelope says who sent it, and where. */
		facts = facts_new();
		g_ptr_array_add(facts->trouble, g_strdup(error->message));
	}
	const ClassifyContext context = { request->sender, request->recipient, request->role, request->delimiter };
	g_autoptr(Verdict) verdict = classify(facts, &context, policy->filters);
	return verdict_to_json(verdict);
}

/* The parent decides when we end, not signals meant for its whole group, nor a closed pipe behind standard error. */
static void ignore_signals(void)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE };
	for (guint i = 0; i < G_N_ELEMENTS(signals); i++)
		signal(signals[i], SIG_IGN);
}

int main(int argc, char **argv)
{
	sandbox_prepare();
	ignore_signals();
	log_setup("optout-reader", LOG_WARNING, FALSE);
	if (argc == 2 && g_str_equal(argv[1], "--version")) {
		puts("optout-reader " PACKAGE_VERSION);
		return EX_OK;
	}
	Options options = { .directories = g_ptr_array_new_with_free_func(g_free) };
	if (!parse(argc, argv, &options)) {
		fputs("optout-reader is started by the other programs of optout.\n", stderr);
		return EX_USAGE;
	}
	g_autoptr(GError) error = NULL;
	Policy policy = { 0 };
	gboolean loaded = load((char **)options.directories->pdata, &policy, &error);
	if (loaded)
		message_setup();
	const SandboxLimits limits = { .memory = options.memory, .stack = STACK };
	if (!loaded || !sandbox_enter(&limits, &error)) {
		reader_child_say_error(STDIN_FILENO, error->message);
		return EX_CONFIG;
	}
	if (reader_child_say_ready(STDIN_FILENO) &&
	    reader_child_serve(STDIN_FILENO, options.message_size, (guint)options.cpu_seconds, answer, &policy, &error))
		return EX_OK;
	/* Nobody reads our standard error. */
	if (error)
		reader_child_say_error(STDIN_FILENO, error->message);
	return EX_TEMPFAIL;
}
