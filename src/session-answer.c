/* layer 5 stories - session-answer: intake's result, as changes to the message and the final answer to the mail server. */
#include "session-private.h"

#include <string.h>

#include "date.h"
#include "log.h"

typedef struct {
	Milter *milter;
	const SessionMessage *message;
	const char *queue_id;
	const IntakeResult *result;
	guint kept;              /* recipients of ours that will get the message */
} Ending;

/* The mail server did not offer what we need: the message is recorded, and what can't be done is said. */
static void degraded(const Ending *ending, const char *what)
{
	log_event(LOG_WARNING, "degraded", "queue_id", ending->queue_id, "what", what, "why", "the mail server did not offer it", NULL);
}

static guint count(const Ending *ending, After after)
{
	guint n = 0;
	for (guint i = 0; i < ending->result->count; i++)
		n += ending->result->outcomes[i].after == after;
	return n;
}

static void delete_discarded(Ending *ending)
{
	gboolean is_refused = FALSE;
	for (guint i = 0; i < ending->result->count; i++) {
		const IntakeOutcome *outcome = &ending->result->outcomes[i];
		if (outcome->after == AFTER_DISCARD && milter_delete_recipient(ending->milter, outcome->recipient))
			continue;
		is_refused = is_refused || outcome->after == AFTER_DISCARD;
		ending->kept++;
	}
	if (is_refused)
		degraded(ending, "delete recipients");
}

static gint by_text(gconstpointer one, gconstpointer other)
{
	return g_strcmp0(one, other);
}

/* From the last of a name to the first, so that the numbers of those before don't change. */
static void remove_forged(const Ending *ending)
{
	if (!ending->message->forged)
		return;
	gboolean is_refused = FALSE;
	g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(ending->message->forged), by_text);
	for (GList *name = names; name; name = name->next)
		for (guint n = GPOINTER_TO_UINT(g_hash_table_lookup(ending->message->forged, name->data)); n > 0; n--)
			if (!milter_change_header(ending->milter, n, name->data, ""))
				is_refused = TRUE;
	if (is_refused)
		degraded(ending, "remove forged headers");
}

/* `Optout-Case` names each case of the message once, `Optout-Due` the earliest day. */
static void add_headers(const Ending *ending)
{
	g_autoptr(GString) references = g_string_new(NULL);
	GDate due;
	g_date_clear(&due, 1);
	for (guint i = 0; i < ending->result->count; i++) {
		const IntakeOutcome *outcome = &ending->result->outcomes[i];
		if (!outcome->reference || outcome->after == AFTER_DISCARD)
			continue;
		if (!strstr(references->str, outcome->reference))
			g_string_append_printf(references, "%s%s", references->len ? ", " : "", outcome->reference);
		if (g_date_valid(outcome->due) && (!g_date_valid(&due) || g_date_compare(outcome->due, &due) < 0))
			due = *outcome->due;
	}
	g_autofree char *day = date_day(&due);
	gboolean is_refused = references->len && !milter_add_header(ending->milter, "Optout-Case", references->str);
	is_refused = (day && !milter_add_header(ending->milter, "Optout-Due", day)) || is_refused;
	if (is_refused)
		degraded(ending, "add headers");
}

static void quarantine(const Ending *ending)
{
	/* Holding the message back would hold back other people's mail too. */
	if (ending->message->others)
		log_event(LOG_NOTICE, "degraded", "queue_id", ending->queue_id, "what", "quarantine", "why", "the message has other recipients too", NULL);
	else if (!milter_quarantine(ending->milter, "recorded by optout, to be looked at"))
		degraded(ending, "quarantine");
}

static void apply(Ending *ending)
{
	guint discarded = count(ending, AFTER_DISCARD), quarantined = count(ending, AFTER_QUARANTINE);
	if (!ending->message->others && discarded == ending->result->count) {
		milter_answer(ending->milter, MILTER_DISCARD);
		return;
	}
	delete_discarded(ending);
	if (ending->kept)
		remove_forged(ending);
	if (ending->kept && !ending->message->others)
		add_headers(ending);
	if (quarantined)
		quarantine(ending);
	milter_answer(ending->milter, MILTER_ACCEPT);
}

void session_answer(Milter *milter, const SessionMessage *message, const char *queue_id, const IntakeResult *result)
{
	/* Never 5xx: whoever asks us for something must not be turned away for our own troubles. */
	if (result->status != STATUS_OK && result->full)
		milter_answer_code(milter, "452", "4.3.1", "Not enough space to record this message, please try again later");
	else if (result->status != STATUS_OK)
		milter_answer_code(milter, "451", "4.3.0", "This message could not be recorded, please try again later");
	else
		apply(&(Ending){ milter, message, queue_id, result, 0 });
}
