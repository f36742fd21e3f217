/* layer 6 programs - optout-milter: records mail to our addresses while the mail server holds it; optout-milter(8). */
#include <signal.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "log.h"
#include "session.h"
#include "status.h"
#include "store.h"
#include "upkeep.h"

enum { PATIENCE = 20 };         /* seconds after SIGTERM for messages that are still being sent; systemd kills after 90 */

typedef struct {
	char *config_file;
	gboolean trace;

	struct ev_loop *loop;
	Config *config;
	Store *store;
	Committer *committer;
	ReaderPool *readers;
	Intake *intake;
	Sessions *sessions;
	Server *server;
	Upkeep *upkeep;
	ev_signal terminate, interrupt, hangup;
	ev_prepare guard;
	gboolean is_stopping;
	int exit_code;
} Program;

static gboolean configure(const char *file, Config **config, Laws **laws, GError **error)
{
	*config = config_load(file, error);
	*laws = *config ? laws_load((*config)->filters, error) : NULL;
	return *laws != NULL;
}

/* --- ending and reloading ---------------------------------------------------------------------------------------- */

static void drained(gpointer data)
{
	Program *program = data;
	ev_break(program->loop, EVBREAK_ALL);
}

static void stop(Program *program, int exit_code)
{
	if (program->is_stopping)
		return;
	program->is_stopping = TRUE;
	program->exit_code = exit_code;
	log_event(LOG_NOTICE, "stopping", NULL);
	server_stop_listening(program->server);
	upkeep_stop(program->upkeep);
	sessions_drain(program->sessions, PATIENCE, drained, program);
}

static void on_terminate(struct ev_loop *loop, ev_signal *watcher, int events)
{
	(void)loop, (void)events;
	stop(watcher->data, EX_OK);
}

/* After an input or output error nobody knows what is on disk: what waits has been told to come again, and a new start reads the disk anew. */
static void on_turn(struct ev_loop *loop, ev_prepare *watcher, int events)
{
	(void)loop, (void)events;
	Program *program = watcher->data;
	if (!program->is_stopping && store_is_broken(program->store))
		stop(program, EX_IOERR);
}

static gboolean same(const char *one, const char *other)
{
	return g_strcmp0(one, other) == 0;
}

/* What is fixed when the program starts. */
static void note_unchanged(const Config *old, const Config *new)
{
	if (!same(old->store, new->store) || old->map_size != new->map_size || !same(old->milter_socket, new->milter_socket) ||
	    old->milter_socket_mode != new->milter_socket_mode || !same(old->milter_socket_group, new->milter_socket_group))
		log_event(LOG_WARNING, "restart-needed", "why", "store, map-size and milter-socket take effect at the next start", NULL);
}

/* A mistake in the new configuration or filters leaves the old ones in force. */
static void on_hangup(struct ev_loop *loop, ev_signal *watcher, int events)
{
	(void)loop, (void)events;
	Program *program = watcher->data;
	g_autoptr(GError) error = NULL;
	g_autoptr(Config) config = NULL;
	g_autoptr(Laws) laws = NULL;
	if (program->is_stopping)
		return;
	if (!configure(program->config_file, &config, &laws, &error) || !reader_pool_renew(program->readers, config, &error)) {
		log_event(LOG_ERROR, "not-reloaded", "why", error->message, NULL);
		return;
	}
	note_unchanged(program->config, config);
	intake_configure(program->intake, config, g_steal_pointer(&laws));
	sessions_configure(program->sessions, config);
	upkeep_configure(program->upkeep, config);
	config_unref(program->config);
	program->config = g_steal_pointer(&config);
	log_event(LOG_NOTICE, "reloaded", NULL);
}

/* --- the program ------------------------------------------------------------------------------------------------- */

static void watch(Program *program, ev_signal *watcher, void (*on)(struct ev_loop *, ev_signal *, int), int number)
{
	ev_signal_init(watcher, on, number);
	watcher->data = program;
	ev_signal_start(program->loop, watcher);
}

static gboolean start(Program *program, GError **error)
{
	g_autoptr(Laws) laws = NULL;
	if (!configure(program->config_file, &program->config, &laws, error))
		return FALSE;
	const Config *config = program->config;
	log_setup("optout-milter", program->trace ? LOG_TRACE : LOG_INFORMATION, config->log_addresses);
	program->readers = reader_pool_start(program->loop, config, config->readers ? config->readers : g_get_num_processors(), error);
	if (!program->readers)
		return FALSE;
	program->store = store_open(config->store, config->map_size, STORE_WRITE, error);
	if (!program->store || !reader_pool_wait(program->readers, error))
		return FALSE;
	program->committer = committer_new(program->store, program->loop);
	program->intake = intake_new(program->committer, program->readers);
	intake_configure(program->intake, config, g_steal_pointer(&laws));
	program->sessions = sessions_new(program->loop, program->intake);
	sessions_configure(program->sessions, config);
	program->upkeep = upkeep_new(program->loop, program->store, program->committer, config);
	program->server = server_new(program->loop, sessions_handler(), program->sessions);
	if (!server_listen(program->server, config->milter_socket, config->milter_socket_mode, config->milter_socket_group, error))
		return FALSE;

	watch(program, &program->terminate, on_terminate, SIGTERM);
	watch(program, &program->interrupt, on_terminate, SIGINT);
	watch(program, &program->hangup, on_hangup, SIGHUP);
	ev_prepare_init(&program->guard, on_turn);
	program->guard.data = program;
	ev_prepare_start(program->loop, &program->guard);
	return TRUE;
}

/* Every part may be missing, where the start failed. */
static void finish(Program *program)
{
	server_free(program->server);
	if (program->upkeep)
		upkeep_stop(program->upkeep);
	reader_pool_free(program->readers);
	if (program->committer)
		committer_free(program->committer);
	upkeep_free(program->upkeep);
	sessions_free(program->sessions);
	intake_free(program->intake);
	if (program->store)
		store_close(program->store);
	if (program->config)
		config_unref(program->config);
	g_free(program->config_file);
}

/* Each connection needs a descriptor; the limit that a shell sets is often too low. */
static void raise_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static gboolean parse(Program *program, int *argc, char ***argv, gboolean *version, GError **error)
{
	GOptionEntry entries[] = {
		{ "config", 'c', 0, G_OPTION_ARG_FILENAME, &program->config_file, "The configuration (default: the installed one)", "FILE" },
		{ "trace", 0, 0, G_OPTION_ARG_NONE, &program->trace, "Log connections as well", NULL },
		{ "version", 0, 0, G_OPTION_ARG_NONE, version, "Print the version", NULL },
		{ 0 },
	};
	g_autoptr(GOptionContext) context = g_option_context_new("- record requests while the mail server holds the message");
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, argc, argv, error))
		return FALSE;
	if (*argc > 1) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "takes no arguments, but got \"%s\"", (*argv)[1]);
		return FALSE;
	}
	return TRUE;
}

int main(int argc, char **argv)
{
	/* Not libev's default loop: that one reaps every child, and then nobody learns what a reader died of. */
	Program program = { .loop = ev_loop_new(0) };
	gboolean version = FALSE;
	g_autoptr(GError) error = NULL;
	log_setup("optout-milter", LOG_INFORMATION, FALSE);
	if (!parse(&program, &argc, &argv, &version, &error)) {
		g_printerr("optout-milter: %s\n", error->message);
		return EX_USAGE;
	}
	if (version) {
		g_print("optout-milter %s\n", PACKAGE_VERSION);
		return EX_OK;
	}
	signal(SIGPIPE, SIG_IGN);
	raise_descriptors();
	if (start(&program, &error)) {
		ev_run(program.loop, 0);
		log_event(LOG_NOTICE, "stopped", NULL);
	} else {
		log_event(LOG_ERROR, "not-started", "why", error->message, NULL);
		program.exit_code = status_of(error) == STATUS_PERMANENT ? EX_CONFIG : EX_TEMPFAIL;
	}
	finish(&program);
	return program.exit_code;
}
