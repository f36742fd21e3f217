/* layer 6 programs - command-check: `optout check`: may this address still be written to? */
#include "command.h"

#include "address.h"
#include "date.h"
#include "fields.h"
#include "output.h"
#include "status.h"
#include "store.h"

typedef struct {
	const char *address, *controller, *scope;
	Suppression *found;
} Question;

static gboolean look_up(StoreTxn *txn, gpointer data, GError **error)
{
	Question *q = data;
	g_autoptr(GError) cause = NULL;
	q->found = store_find_suppression(txn, q->address, q->controller, q->scope, &cause);
	if (cause)
		g_propagate_error(error, g_steal_pointer(&cause));
	return !*error;
}

static gboolean is_controller(const Config *config, const char *id)
{
	for (guint i = 0; i < config->controllers->len; i++)
		if (g_str_equal(((const ConfigController *)g_ptr_array_index(config->controllers, i))->id, id))
			return TRUE;
	return FALSE;
}

static void print_answer(Output *output, const Question *q)
{
	g_autofree char *since = q->found ? date_instant(q->found->since) : NULL;
	if (output_is_json(output)) {
		json_t *object = json_object();
		fields_set_string(object, "address", q->address);
		json_object_set_new(object, "suppressed", json_boolean(q->found != NULL));
		fields_set_string(object, "scope", q->found ? q->found->scope : NULL);
		fields_set_string(object, "controller", q->found ? q->found->controller : NULL);
		fields_set_string(object, "since", since);
		fields_set_string(object, "reason", q->found ? q->found->reason : NULL);
		output_object(output, object);
		return;
	}
	g_autofree char *shown = address_display(q->address);
	if (q->found)
		output_line(output, OUTPUT_PLAIN, "%s: suppressed, %s since %s (%s, %s)", shown, q->found->scope, since, q->found->controller, q->found->reason);
	else
		output_line(output, OUTPUT_PLAIN, "%s: not suppressed for %s", shown, q->scope);
}

int command_check(CommandContext *context, int argc, char **argv)
{
	g_autofree char *controller = NULL, *scope = NULL;
	gboolean json = FALSE;
	const GOptionEntry entries[] = {
		{ "controller", 0, 0, G_OPTION_ARG_STRING, &controller, "Mail of this controller (default: any)", "NAME" },
		{ "scope", 0, 0, G_OPTION_ARG_STRING, &scope, "marketing (default), disclosure, or a list's name", "SCOPE" },
		COMMAND_JSON_OPTION(&json),
		{ 0 },
	};
	if (!command_parse(entries, "ADDRESS", "Tells whether mail to an address is suppressed: exit status 0 yes, 1 no, 2 error.", 1, 1, &argc, &argv))
		return COMMAND_ERROR;
	Question question = { argv[1], controller, scope ? scope : "marketing", NULL };
	if (!address_is_safe(argv[1]))
		return command_fail_with("\"%s\" is no mail address", argv[1]);

	GError *error = NULL;
	g_autoptr(Config) config = NULL;
	g_autoptr(Store) store = command_open_store(context, STORE_READ, &config, &error);
	if (!store)
		return command_fail(error);
	if (controller && !is_controller(config, controller))
		return command_fail_with("there is no [controller %s] in the configuration", controller);
	if (!store_read(store, look_up, &question, &error))
		return command_fail(error);
	Output *output = output_new(json);
	print_answer(output, &question);
	gboolean written = output_free(output);
	int code = question.found ? COMMAND_OK : COMMAND_NO;
	suppression_free(question.found);
	return written ? code : COMMAND_ERROR;
}
