#include "effects.h"

#include <string.h>

#include "ack.h"
#include "address.h"

gboolean effects_note(StoreTxn *txn, const char *type, guint64 case_number, gint64 time, json_t *payload, GError **error)
{
	g_autoptr(Event) event = event_new(type, case_number, time);
	json_decref(event->payload);
	event->payload = payload;
	return store_put_event(txn, event, error);
}

/* --- suppressions ---------------------------------------------------------------------------------------------- */

gboolean effects_suppress(StoreTxn *txn, const char *address, const char *controller, const char *scope, const char *reason, guint64 case_number,
			 gint64 now, GError **error)
{
	g_autofree char *match = address_match(address);
	if (!match)
		return TRUE;
	g_autoptr(Suppression) suppression = suppression_new(match, controller, scope, now);
	g_free(suppression->reason);
	suppression->reason = g_strdup(reason);
	suppression->case_number = case_number;
	gboolean was_new;
	if (!store_put_suppression(txn, suppression, &was_new, error))
		return FALSE;
	if (!was_new)
		return TRUE;
	return effects_note(txn, "suppressed", case_number, now, suppression_to_json(suppression), error);
}

gboolean effects_suppress_case(StoreTxn *txn, const Case *c, gint64 now, GError **error)
{
	gboolean marketing = FALSE, disclosure = FALSE;
	for (guint i = 0; i < c->requests->len; i++) {
		const CaseRequest *request = g_ptr_array_index(c->requests, i);
		marketing = marketing || request_suppresses_marketing(request->asked->type);
		disclosure = disclosure || request->asked->type == REQUEST_DISCLOSURE_OPT_OUT;
	}
	if (!c->subject_address)
		return TRUE;
	return (!marketing || effects_suppress(txn, c->subject_address, c->controller, "marketing", "request", c->number, now, error)) &&
	       (!disclosure || effects_suppress(txn, c->subject_address, c->controller, "disclosure", "request", c->number, now, error));
}

gboolean effects_suppress_reported(StoreTxn *txn, const Verdict *verdict, const char *controller, guint64 case_number, gint64 now, GError **error)
{
	const GPtrArray *reported = verdict->facts->reported;
	for (guint i = 0; i < reported->len; i++)
		if (!effects_suppress(txn, g_ptr_array_index(reported, i), controller, "marketing", "complaint", case_number, now, error))
			return FALSE;
	return TRUE;
}

/* --- the answer ------------------------------------------------------------------------------------------------- */

static int compare_words(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What a second request of the same person must share to be "the same matter". */
static char *matter_of(const Case *c)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	for (guint i = 0; i < c->requests->len; i++)
		g_ptr_array_add(words, (gpointer)request_name(((const CaseRequest *)g_ptr_array_index(c->requests, i))->asked->type));
	g_ptr_array_sort(words, compare_words);
	g_ptr_array_add(words, NULL);
	g_autofree char *list = g_strjoinv(" ", (char **)words->pdata);
	return g_strdup_printf("%s: %s", c->controller, list);
}

/* RFC 3834 section 4: to the Return-Path, which keeps a BATV signature (a host that signs takes no bounce without); where
 * that is someone else's address, an operator may release it to From. */
static const char *answer_to(const Envelope *envelope, const Case *c)
{
	g_autofree char *bare = address_without_batv(envelope->sender);
	if (address_is_safe(envelope->sender) && (!c->from || address_same(bare, c->from)))
		return envelope->sender;
	return c->from;
}

static Letter *letter_for(const Case *c, const char *to, gint64 now)
{
	Letter *letter = letter_new();
	letter->case_number = c->number;
	g_strlcpy(letter->reference, c->reference, sizeof letter->reference);
	letter->to = g_strdup(to);
	letter->language = g_strdup(c->language);
	letter->text = g_strdup(ack_text_name(c));
	letter->in_reply_to = g_strdup(c->message_id);
	/* Our Message-ID lives in the domain of the address that was written to, which is ours. */
	letter->message_id = g_strdup_printf("%s@%s", letter->uuid, address_domain(c->address));
	letter->state = c->answer == ANSWER_YES ? DELIVERY_DUE : DELIVERY_HELD;
	letter->reason = c->answer == ANSWER_YES ? NULL : g_strdup(c->answer_reason);
	letter->queued = letter->next = now;
	return letter;
}

/* What is held has not been answered: it must neither keep the genuine sender from an answer later nor use up the caps, or forged mail
 * would do both.  One held letter a matter is enough for the operator. */
static gboolean is_held_already(StoreTxn *txn, const Config *config, const char *to, const char *held_matter, gint64 now, gboolean *is, GError **error)
{
	AnswerHistory history = { 0 };
	gboolean good = store_get_history(txn, to, held_matter, now, config->answer_window, &history, error);
	*is = history.same_matter;
	return good;
}

gboolean effects_answer(StoreTxn *txn, const Config *config, const Envelope *envelope, const Verdict *verdict, const ConfigAddress *address,
			  Case *c, gint64 now, GError **error)
{
	const char *to = answer_to(envelope, c);
	g_autofree char *matter = matter_of(c), *held_matter = g_strconcat("held ", matter, NULL);
	AnswerHistory history = { 0 };
	if (to && !store_get_history(txn, to, matter, now, config->answer_window, &history, error))
		return FALSE;
	Answerability may = answerable(config, envelope, verdict, address, &history);
	gboolean is_held = FALSE, writes = to && may.answer != ANSWER_NO && !c->review && !c->observed;
	if (writes && may.answer == ANSWER_HELD && !is_held_already(txn, config, to, held_matter, now, &is_held, error)) {
		answerability_clear(&may);
		return FALSE;
	}
	if (is_held) {
		answerability_clear(&may);
		may = (Answerability){ ANSWER_NO, g_strdup("an acknowledgement to the same sender in this matter is held already") };
	}
	c->answer = may.answer;
	g_free(c->answer_reason);
	c->answer_reason = may.reason;
	if (!writes || is_held)
		return TRUE;
	g_autoptr(Letter) letter = letter_for(c, to, now);
	if (!store_put_letter(txn, letter, error))
		return FALSE;
	return may.answer == ANSWER_YES ? store_put_answered(txn, to, matter, now, error) : store_put_matter(txn, to, held_matter, now, error);
}

gboolean effects_forget_answer(StoreTxn *txn, const Case *c, const char *to, GError **error)
{
	g_autofree char *matter = matter_of(c), *held_matter = g_strconcat("held ", matter, NULL);
	return store_forget_matter(txn, to, matter, error) && store_forget_matter(txn, to, held_matter, error);
}
