/* layer 6 programs - optout-pipe: one message from standard input to the record; for pipe(8), Exim's pipe transport and alias files.
 *
 * Exit status: 0, recorded; else 75 (EX_TEMPFAIL), whatever is wrong.  Any other status makes mail servers send the mail back,
 * and a request must not be lost to its sender because of a mistake in our configuration: it stays in the queue, the log says why.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "address.h"
#include "date.h"
#include "intake.h"
#include "log.h"
#include "pipe-input.h"
#include "status.h"
#include "store.h"

typedef struct {
	const char *config_file;
	const char *sender;          /* of -f; NULL: not given */
	char **recipients;           /* NULL-terminated rest of the arguments */
	const char *shown;           /* what --help or --version asks for */
} Options;

static const char help[] =
	"Usage: optout-pipe [--config FILE] [-f SENDER] [RECIPIENT…] < MESSAGE\n"
	"Records what a message to unsubscribe@, privacy@ and the like asks for.\n\n"
	"Without SENDER and RECIPIENT, the environment's SENDER and ORIGINAL_RECIPIENT (or RECIPIENT, or\n"
	"LOCAL_PART and DOMAIN) are taken.  It only records: what is to be delivered as well, the mail\n"
	"server must deliver.\n\n"
	"Exit status: 0 recorded, 75 not recorded: the mail server keeps the message and tries again.\n";

static int fail(const char *message)
{
	log_event(LOG_ERROR, "not-recorded", "why", message, NULL);
	return EX_TEMPFAIL;
}

/* FALSE: *fault says what is wrong, in our own words. */
static gboolean parse(int argc, char **argv, Options *options, const char **fault)
{
	int i = 1;
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (g_str_equal(argv[i], "--")) {
			i++;
			break;
		}
		if (g_str_has_prefix(argv[i], "--config=")) {
			options->config_file = argv[i] + strlen("--config=");
			continue;
		}
		if (g_str_equal(argv[i], "--help") || g_str_equal(argv[i], "--version")) {
			options->shown = argv[i][2] == 'h' ? help : "optout-pipe " PACKAGE_VERSION "\n";
			return TRUE;
		}
		const char **value = g_str_equal(argv[i], "-f") ? &options->sender :
				     g_str_equal(argv[i], "--config") ? &options->config_file : NULL;
		if (!value || i + 1 == argc) {
			*fault = value ? "an option lacks its value; see `optout-pipe --help`" : "unknown option; see `optout-pipe --help`";
			return FALSE;
		}
		*value = argv[++i];
	}
	options->recipients = argv + i;
	return TRUE;
}

/* The sender: -f, else SENDER, else what a `From ` line said, else null: then nobody is answered. */
static void set_sender(Envelope *envelope, const Options *options, const char *from_line)
{
	const char *sender = options->sender ? options->sender : g_getenv("SENDER");
	if (!sender)
		sender = from_line;
	if (!sender)
		log_event(LOG_WARNING, "no-sender", "advice", "hand it over with -f or in SENDER; nobody can be answered without", NULL);
	envelope->is_sender_unknown = !sender;
	envelope_set_sender(envelope, sender ? sender : "");
}

static void add_recipients(Envelope *envelope, const Options *options)
{
	for (char **recipient = options->recipients; *recipient; recipient++)
		envelope_add_recipient(envelope, *recipient);
	if (envelope->recipients->len)
		return;
	const char *recipient = g_getenv("ORIGINAL_RECIPIENT");
	if (!recipient || !*recipient)
		recipient = g_getenv("RECIPIENT");
	const char *local = g_getenv("LOCAL_PART"), *domain = g_getenv("DOMAIN");
	g_autofree char *joined = local && domain && *domain ? g_strconcat(local, "@", domain, NULL) : NULL;
	if (!recipient || !*recipient)
		recipient = joined;
	if (recipient)
		envelope_add_recipient(envelope, recipient);
}

/* All of them must be ours: one status goes for all, and what we took from another's mailbox would be lost. */
static gboolean check_recipients(const Config *config, const Envelope *envelope, GError **error)
{
	if (!envelope->recipients->len)
		return status_fail(error, STATUS_TEMPORARY, "no recipient given, neither as argument nor in ORIGINAL_RECIPIENT");
	for (guint i = 0; i < envelope->recipients->len; i++) {
		const char *recipient = g_ptr_array_index(envelope->recipients, i);
		if (!envelope_our_address(config, recipient))
			return status_fail(error, STATUS_TEMPORARY, "%s has no [address …] group in %s; add it, or route it elsewhere", recipient,
					   config->file ? config->file : "the configuration");
	}
	return TRUE;
}

typedef struct {
	struct ev_loop *loop;
	int status;
} End;

static void was_taken(gpointer data, const IntakeResult *result)
{
	End *end = data;
	end->status = result->status == STATUS_OK ? EX_OK : EX_TEMPFAIL;
	ev_break(end->loop, EVBREAK_ALL);
}

/* Reader and store are there: take the message, wait for the commit.  Takes `envelope` and `laws`. */
static int take(struct ev_loop *loop, Store *store, ReaderPool *readers, const Config *config, Laws *laws, Envelope *envelope,
		const PipeInput *input)
{
	End end = { loop, EX_TEMPFAIL };
	Committer *committer = committer_new(store, loop);
	Intake *intake = intake_new(committer, readers);
	intake_configure(intake, config, laws);
	intake_take(intake, envelope, input->message, input->is_truncated, config->own_hops, date_now(), was_taken, &end);
	ev_run(loop, 0);
	committer_free(committer);
	intake_free(intake);
	return end.status;
}

static int run(struct ev_loop *loop, const Options *options, GError **error)
{
	g_autoptr(Config) config = config_load(options->config_file, error);
	if (!config)
		return EX_TEMPFAIL;
	log_setup("optout-pipe", LOG_INFORMATION, config->log_addresses);

	/* The reader loads its filters while we read the message and open the store. */
	g_autoptr(ReaderPool) readers = reader_pool_start(loop, config, 1, error);
	if (!readers)
		return EX_TEMPFAIL;
	g_auto(PipeInput) input = { 0 };
	if (!pipe_input_read(STDIN_FILENO, config->message_size, &input, error))
		return EX_TEMPFAIL;
	g_autoptr(Envelope) envelope = envelope_new();
	set_sender(envelope, options, input.sender);
	add_recipients(envelope, options);
	if (!check_recipients(config, envelope, error))
		return EX_TEMPFAIL;
	g_autoptr(Laws) laws = laws_load(config->filters, error);
	if (!laws)
		return EX_TEMPFAIL;
	g_autoptr(Store) store = store_open(config->store, config->map_size, STORE_WRITE, error);
	if (!store)
		return EX_TEMPFAIL;
	return take(loop, store, readers, config, g_steal_pointer(&laws), g_steal_pointer(&envelope), &input);
}

int main(int argc, char **argv)
{
	log_setup("optout-pipe", LOG_INFORMATION, FALSE);
	umask(077);
	Options options = { 0 };
	const char *fault;
	if (!parse(argc, argv, &options, &fault))
		return fail(fault);
	if (options.shown) {
		fputs(options.shown, stdout);
		return EX_OK;
	}
	g_autoptr(GError) error = NULL;
	struct ev_loop *loop = ev_loop_new(0);
	int status = run(loop, &options, &error);
	ev_loop_destroy(loop);
	return error ? fail(error->message) : status;
}
