#include "outbox-fate.h"

#include "effects.h"
#include "fields.h"
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
