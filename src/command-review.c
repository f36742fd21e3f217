/* layer 6 programs - command-review: `optout approve` and `optout reclassify`: an operator decides what a message was. */
#include "command.h"

#include "date.h"
#include "law.h"
#include "output.h"
#include "review.h"
#include "status.h"

/* Everything a decision needs; closed by desk_close. */
typedef struct {
	Config *config;
	Laws *laws;
	Store *store;
	ReviewDesk desk;
} OpenDesk;

static gboolean desk_open(OpenDesk *open, const CommandContext *context, GError **error)
{
	open->store = command_open_store(context, STORE_WRITE, &open->config, error);
	open->laws = open->store ? laws_load(open->config->filters, error) : NULL;
	open->desk = (ReviewDesk){ open->config, open->laws, command_operator(), date_now() };
	return open->laws != NULL;
}

static void desk_close(OpenDesk *open)
{
	store_close(open->store);
	laws_free(open->laws);
	config_unref(open->config);
}

static int tell_result(const Config *config, const Case *c, gboolean json)
{
	Output *output = output_new(json);
	if (json) {
		output_object(output, case_to_public_json(c));
	} else {
		g_autofree char *due = date_day(&c->due);
		output_line(output, OUTPUT_PLAIN, "%s is now %s, due %s (%s)", c->reference, case_state_name(c->state), due, law_name(c->law));
		if (c->answer_reason)
			output_line(output, OUTPUT_FAINT, "acknowledgement: %s: %s",
			            c->answer == ANSWER_HELD   ? "held"
			            : c->answer != ANSWER_YES  ? "none"
			            : config->observe          ? "queued until mode = observe is gone"
			                                       : "queued",
			            c->answer_reason);
	}
	return output_free(output) ? COMMAND_OK : COMMAND_ERROR;
}

int command_approve(CommandContext *context, int argc, char **argv)
{
	g_autofree char *subject = NULL;
	gboolean json = FALSE;
	const GOptionEntry entries[] = {
		{ "subject", 0, 0, G_OPTION_ARG_STRING, &subject, "The address of the person it is about", "ADDRESS" },
		COMMAND_JSON_OPTION(&json),
		{ 0 },
	};
	if (!command_parse(entries, "REF", "Accepts what optout understood of a case in review, or of one it only observed, and acts on it.", 1, 1, &argc, &argv))
		return COMMAND_ERROR;
	OpenDesk open = { 0 };
	GError *error = NULL;
	g_autoptr(Case) c = NULL;
	gboolean good = desk_open(&open, context, &error) && review_approve(open.store, &open.desk, argv[1], subject, &c, &error);
	int code = good ? tell_result(open.config, c, json) : command_fail(error);
	desk_close(&open);
	return code;
}

/* Requests, or one kind that makes none. */
static gboolean parse_types(char **words, Kind *kind, RequestType *types, guint *count, GError **error)
{
	*kind = KIND_REQUEST;
	*count = 0;
	for (; *words; words++) {
		RequestType type;
		if (request_parse(*words, &type)) {
			gboolean again = FALSE;
			for (guint i = 0; i < *count; i++)
				again = again || types[i] == type;
			if (!again)
				types[(*count)++] = type;
		} else if (!kind_parse(*words, kind) || *kind == KIND_REQUEST) {
			return status_fail(error, STATUS_PERMANENT, "\"%s\" is neither a request (erasure, access, marketing-opt-out …) nor a kind (enquiry, unrelated …); "
			                   "optout(1) lists them", *words);
		}
	}
	if (*kind != KIND_REQUEST && *count)
		return status_fail(error, STATUS_PERMANENT, "a message is either %s or asks for something, not both", kind_name(*kind));
	return TRUE;
}

int command_reclassify(CommandContext *context, int argc, char **argv)
{
	g_autofree char *subject = NULL;
	gboolean json = FALSE;
	const GOptionEntry entries[] = {
		{ "subject", 0, 0, G_OPTION_ARG_STRING, &subject, "The address of the person it is about", "ADDRESS" },
		COMMAND_JSON_OPTION(&json),
		{ 0 },
	};
	if (!command_parse(entries, "REF TYPE…", "Says what a message asks instead (or that it is an enquiry, or unrelated), and acts on it.", 2, -1, &argc, &argv))
		return COMMAND_ERROR;
	Kind kind;
	RequestType types[REQUEST_COUNT];
	guint count;
	OpenDesk open = { 0 };
	GError *error = NULL;
	g_autoptr(Case) c = NULL;
	gboolean good = parse_types(argv + 2, &kind, types, &count, &error) && desk_open(&open, context, &error) &&
	                review_reclassify(open.store, &open.desk, argv[1], subject, kind, types, count, &c, &error);
	int code = good ? tell_result(open.config, c, json) : command_fail(error);
	desk_close(&open);
	return code;
}
