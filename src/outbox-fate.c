#include "outbox-fate.h"

#include "effects.h"
#include "fields.h"
#include "log.h"
#include "outbox.h"
#include "status.h"

static void set_reason(Letter *letter, const char *reason)
{
	char *copy = g_strdup(reason);   /* which may be the former one */
	g_free(letter->reason);
	letter->reason = copy;
}

static void set_reason_about(Letter *letter, const char *about, const char *reply)
{
	g_autofree char *reason = g_strdup_printf("%s: %s", about, reply && *reply ? reply : "no word");
	set_reason(letter, reason);
}

/* Waiting again: one that may have arrived already stays marked. */
static void wait_for(Letter *letter, gint64 next)
{
	letter->state = letter->copies ? DELIVERY_AMBIGUOUS : DELIVERY_DUE;
	letter->next = next;
}

static const char *finish(Letter *letter, Delivery state, const char *event, gint64 now)
{
	letter->state = state;
	letter->next = 0;
	letter->done = now;
	return event;
}

static gint64 delay(const Letter *letter, double jitter)
{
	guint doubled = MIN(letter->attempts ? letter->attempts - 1 : 0, 20);
	gint64 seconds = MIN((gint64)OUTBOX_FIRST_DELAY << doubled, OUTBOX_LONGEST_DELAY);
	return (gint64)((double)seconds * (0.75 + 0.5 * jitter));
}

static const char *may_have_arrived(Letter *letter, const char *reply, gint64 next, gint64 now)
{
	letter->copies++;
	if (letter->copies >= OUTBOX_COPIES_MOST) {
		set_reason_about(letter, "ambiguous twice, it may have arrived", reply);
		return finish(letter, DELIVERY_FAILED, "send-failed", now);
	}
	set_reason_about(letter, "ambiguous, it may have arrived", reply);
	wait_for(letter, next);
	return "send-ambiguous";
}

void outbox_claim(Letter *letter)
{
	letter->state = DELIVERY_SENDING;
	letter->attempts++;
}

const char *outbox_settle(Letter *letter, SubmitResult result, const char *reply, gint64 now, double jitter)
{
	switch (result) {
	case SUBMIT_SENT:
		if (letter->copies++)
			set_reason_about(letter, "sent, but ambiguous: an earlier copy may have arrived too", letter->reason);
		else
			set_reason(letter, NULL);
		return finish(letter, DELIVERY_SENT, "sent", now);
	case SUBMIT_REFUSED:
		if (letter->copies)
			set_reason_about(letter, "refused, but ambiguous: an earlier copy may have arrived", reply);
		else
			set_reason(letter, reply);
		return finish(letter, DELIVERY_FAILED, "send-failed", now);
	case SUBMIT_DEFERRED:
		if (now - letter->queued >= OUTBOX_GIVE_UP) {
			set_reason_about(letter, "given up after five days", reply);
			return finish(letter, DELIVERY_FAILED, "send-failed", now);
		}
		set_reason(letter, reply);
		wait_for(letter, now + delay(letter, jitter));
		return "send-deferred";
	case SUBMIT_AMBIGUOUS:
		return may_have_arrived(letter, reply, now + delay(letter, jitter), now);
	case SUBMIT_UNTRIED:
		break;
	}
	letter->attempts -= letter->attempts > 0;
	wait_for(letter, now);
	return NULL;
}

const char *outbox_recover(Letter *letter, gint64 now)
{
	return may_have_arrived(letter, "the sender was stopped in the middle", now, now);
}

const char *outbox_give_up(Letter *letter, const char *reason, gint64 now)
{
	set_reason(letter, reason);
	return finish(letter, DELIVERY_FAILED, "send-failed", now);
}

static json_t *describe(const Letter *letter)
{
	json_t *payload = json_object();
	fields_set_string(payload, "letter", letter->uuid);
	fields_set_string(payload, "message_id", letter->message_id);
	fields_set_string(payload, "state", delivery_name(letter->state));
	fields_set_string(payload, "reason", letter->reason);
	json_object_set_new(payload, "attempts", json_integer(letter->attempts));
	json_object_set_new(payload, "copies", json_integer(letter->copies));
	return payload;
}

gboolean outbox_put(StoreTxn *txn, Letter *letter, const char *type, gint64 now, GError **error)
{
	return store_put_letter(txn, letter, error) &&
	       (!type || effects_note(txn, type, letter->case_number, now, describe(letter), error));
}

static gboolean note_sending(const Letter *letter, gpointer data)
{
	if (letter->state == DELIVERY_SENDING)
		g_array_append_val((GArray *)data, letter->number);
	return TRUE;
}

gboolean outbox_recover_all(StoreTxn *txn, gint64 now, guint *count, GError **error)
{
	g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint64));
	if (!store_each_letter_due(txn, G_MAXINT64, note_sending, numbers, error))
		return FALSE;
	for (guint i = 0; i < numbers->len; i++) {
		g_autoptr(Letter) letter = store_get_letter(txn, g_array_index(numbers, guint64, i), error);
		if (!letter || !outbox_put(txn, letter, outbox_recover(letter, now), now, error))
			return FALSE;
	}
	*count = numbers->len;
	return TRUE;
}

void outbox_log(const Letter *letter, const char *event, const char *reply)
{
	LogPriority priority = letter->state == DELIVERY_SENT     ? LOG_INFORMATION
			       : letter->state == DELIVERY_FAILED ? LOG_ERROR
			       : letter->state == DELIVERY_DUE    ? LOG_NOTICE
								  : LOG_WARNING;
	g_autofree char *to = log_address(letter->to), *attempts = g_strdup_printf("%u", letter->attempts);
	log_event(priority, event, "ref", letter->reference, "to", to, "state", delivery_name(letter->state), "attempts", attempts,
		  "message_id", letter->message_id, "reply", reply ? reply : letter->reason, NULL);
}

gboolean outbox_release(StoreTxn *txn, Letter *letter, const char *operator, gint64 now, GError **error)
{
	if (letter->state != DELIVERY_HELD && letter->state != DELIVERY_FAILED)
		return status_fail(error, STATUS_PERMANENT, "the acknowledgement is %s; only a held or failed one can be released",
				   delivery_name(letter->state));
	letter->state = DELIVERY_DUE;
	letter->attempts = 0;
	letter->queued = letter->next = now;   /* five days from here */
	letter->done = 0;
	set_reason(letter, NULL);
	g_autoptr(Event) event = event_new("released", letter->case_number, now);
	event->operator = g_strdup(operator);
	json_decref(event->payload);
	event->payload = describe(letter);
	return store_put_letter(txn, letter, error) && store_put_event(txn, event, error);
}
