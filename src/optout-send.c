/* layer 6 programs - optout-send: sends the acknowledgements that are due; optout-send(8). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "outbox.h"
#include "places.h"
#include "status.h"

enum {
	CONNECTIONS = 8,
	PATIENCE = 60           /* seconds from SIGTERM until transfers under way are broken off; systemd kills after 90 */
};

typedef struct {
	char *config_file;
	gboolean once;

	struct ev_loop *loop;
	Config *config;
	AckTexts *texts;
	Store *store;
	Committer *committer;
	Submit *submit;         /* NULL: observe mode without a relay */
	Outbox *outbox;
	ev_signal terminate, interrupt, hangup;
	ev_timer patience;
	gboolean is_stopping;
} Sender;

static gboolean configure(const char *file, Config **config, AckTexts **texts, GError **error)
{
	*config = config_load(file, error);
	*texts = *config ? ack_texts_load((*config)->filters, error) : NULL;
	return *texts != NULL;
}

/* Two senders would send the same letters; -1: another one is at work. */
static int lock_store(const char *directory, GError **error)
{
	g_autofree char *file = g_build_filename(directory, "send.lock", NULL);
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		status_fail(error, STATUS_TEMPORARY, "%s: %s", file, g_strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	status_fail(error, STATUS_TEMPORARY, "%s: %s", file, errno == EWOULDBLOCK ? "another optout-send works this store" : g_strerror(errno));
	close(fd);
	return -1;
}

/* --- signals ----------------------------------------------------------------------------------------------------- */

static void end(gpointer data)
{
	Sender *sender = data;
	ev_break(sender->loop, EVBREAK_ALL);
}

static void on_impatience(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop, (void)events;
	const Sender *sender = timer->data;
	if (sender->submit)
		submit_abort(sender->submit);
}

/* The first time what is under way may end by itself; the second, it is broken off. */
static void on_terminate(struct ev_loop *loop, ev_signal *watcher, int events)
{
	(void)events;
	Sender *sender = watcher->data;
	if (sender->is_stopping) {
		on_impatience(loop, &sender->patience, 0);
		return;
	}
	sender->is_stopping = TRUE;
	log_event(LOG_NOTICE, "stopping", NULL);
	ev_timer_start(loop, &sender->patience);
	outbox_drain(sender->outbox, end, sender);
}

/* A mistake in the new configuration leaves the old one in force. */
static void on_hangup(struct ev_loop *loop, ev_signal *watcher, int events)
{
	(void)loop, (void)events;
	Sender *sender = watcher->data;
	g_autoptr(GError) error = NULL;
	g_autoptr(Config) config = NULL;
	g_autoptr(AckTexts) texts = NULL;
	gboolean good = configure(sender->config_file, &config, &texts, &error) && config_read_secrets(config, &error);
	if (good && !g_str_equal(config->store, sender->config->store))
		good = status_fail(&error, STATUS_PERMANENT, "[optout] store can't change while the program runs; restart it");
	if (good && !sender->submit && config->smtp.url)
		good = status_fail(&error, STATUS_PERMANENT, "[smtp] is new; restart the program");
	if (!good || (sender->submit && !submit_configure(sender->submit, &config->smtp, &error))) {
		log_event(LOG_ERROR, "not-reloaded", "reason", error->message, NULL);
		return;
	}
	outbox_configure(sender->outbox, texts, config);
	config_unref(sender->config);
	ack_texts_free(sender->texts);
	sender->config = g_steal_pointer(&config);
	sender->texts = g_steal_pointer(&texts);
	log_event(LOG_NOTICE, "reloaded", NULL);
}

static void watch(Sender *sender, ev_signal *watcher, void (*on)(struct ev_loop *, ev_signal *, int), int number)
{
	ev_signal_init(watcher, on, number);
	watcher->data = sender;
	ev_signal_start(sender->loop, watcher);
	ev_unref(sender->loop);
}

/* --- the program ------------------------------------------------------------------------------------------------- */

static gboolean start(Sender *sender, int *lock, GError **error)
{
	if (!configure(sender->config_file, &sender->config, &sender->texts, error))
		return FALSE;
	const Config *config = sender->config;
	log_setup("optout-send", LOG_INFORMATION, config->log_addresses);
	if (!config->smtp.url && !config->observe)
		return status_fail(error, STATUS_PERMANENT, "%s: [smtp] url is missing: there is no relay to send through", config->file);
	sender->store = store_open(config->store, config->map_size, STORE_WRITE, error);
	/* The password after the store: the wrong user is then told which would be right. */
	if (!sender->store || !config_read_secrets(sender->config, error))
		return FALSE;
	*lock = lock_store(config->store, error);
	if (*lock < 0)
		return FALSE;
	if (config->smtp.url) {
		sender->submit = submit_new(sender->loop, &config->smtp, CONNECTIONS, error);
		if (!sender->submit)
			return FALSE;
	}
	sender->committer = committer_new(sender->store, sender->loop);
	sender->outbox = outbox_new(sender->loop, sender->store, sender->committer, sender->submit, CONNECTIONS, sender->texts, config);
	return TRUE;
}

static void run(Sender *sender)
{
	watch(sender, &sender->terminate, on_terminate, SIGTERM);
	watch(sender, &sender->interrupt, on_terminate, SIGINT);
	watch(sender, &sender->hangup, on_hangup, SIGHUP);
	ev_timer_init(&sender->patience, on_impatience, PATIENCE, 0);
	sender->patience.data = sender;
	log_event(LOG_NOTICE, "started", "store", sender->config->store, "relay", sender->config->smtp.url, "mode",
		  sender->config->observe ? "observe" : NULL, NULL);
	if (sender->once)
		outbox_run_once(sender->outbox, end, sender);
	else
		outbox_start(sender->outbox);
	ev_run(sender->loop, 0);
}

static void clean_up(Sender *sender)
{
	submit_free(sender->submit);
	committer_free(sender->committer);
	outbox_free(sender->outbox);
	store_close(sender->store);
	ack_texts_free(sender->texts);
	config_unref(sender->config);
	g_free(sender->config_file);
}

static gboolean read_options(Sender *sender, int argc, char **argv)
{
	const GOptionEntry entries[] = {
		{ "config", 0, 0, G_OPTION_ARG_FILENAME, &sender->config_file, "Read FILE instead of the installed configuration", "FILE" },
		{ "once", 0, 0, G_OPTION_ARG_NONE, &sender->once, "Send what is due now, then exit", NULL },
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(GOptionContext) context = g_option_context_new("- send the acknowledgements that are due");
	g_option_context_add_main_entries(context, entries, NULL);
	if (g_option_context_parse(context, &argc, &argv, &error) && argc == 1)
		return TRUE;
	g_printerr("optout-send: %s\n", error ? error->message : "takes no arguments");
	return FALSE;
}

int main(int argc, char **argv)
{
	Sender sender = { 0 };
	int lock = -1;
	g_autoptr(GError) error = NULL;
	log_setup("optout-send", LOG_INFORMATION, FALSE);
	if (!read_options(&sender, argc, argv))
		return EX_USAGE;
	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_CORE, &(struct rlimit) { 0, 0 });   /* memory holds addresses and a password */
	sender.loop = ev_default_loop(0);
	if (!sender.loop)
		return EX_OSERR;
	int code = EX_OK;
	if (start(&sender, &lock, &error)) {
		run(&sender);
		code = outbox_has_failed(sender.outbox) ? EX_TEMPFAIL : EX_OK;
	} else {
		log_event(LOG_ERROR, "not-started", "reason", error->message, NULL);
		code = status_of(error) == STATUS_PERMANENT ? EX_CONFIG : EX_TEMPFAIL;
	}
	clean_up(&sender);
	if (lock >= 0)
		close(lock);
	return code;
}
