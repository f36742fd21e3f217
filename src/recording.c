#include "recording.h"

#include <sodium.h>
#include <string.h>

#include "effects.h"
#include "fields.h"
#include "opening.h"

/* --- values ----------------------------------------------------------------------------------------------------- */

Rules *rules_new(const Config *config, Laws *laws)
{
	Rules *rules = g_atomic_rc_box_new0(Rules);
	rules->config = config_ref(config);
	rules->laws = laws;
	return rules;
}

Rules *rules_ref(Rules *rules)
{
	return g_atomic_rc_box_acquire(rules);
}

static void rules_clear(gpointer data)
{
	Rules *rules = data;
	config_unref((Config *)rules->config);
	laws_free(rules->laws);
}

void rules_unref(Rules *rules)
{
	g_atomic_rc_box_release_full(rules, rules_clear);
}

static void part_clear(gpointer data)
{
	RecordingPart *part = data;
	verdict_free(part->verdict);
	g_free(part->trouble);
}

Recording *recording_new(Rules *rules, Envelope *envelope, GBytes *message, gboolean is_truncated, gint64 received)
{
	Recording *recording = g_new0(Recording, 1);
	recording->rules = rules_ref(rules);
	recording->envelope = envelope;
	recording->message = g_bytes_ref(message);
	recording->is_truncated = is_truncated;
	recording->received = received;
	recording->parts = g_array_new(FALSE, TRUE, sizeof(RecordingPart));
	g_array_set_clear_func(recording->parts, part_clear);
	return recording;
}

void recording_free(Recording *recording)
{
	if (!recording)
		return;
	g_array_unref(recording->parts);
	envelope_free(recording->envelope);
	g_bytes_unref(recording->message);
	rules_unref(recording->rules);
	g_free(recording);
}

/* --- events ----------------------------------------------------------------------------------------------------- */

/* Everything that was known and decided when the message came: what a later decision, or an auditor, starts from. */
static gboolean put_received(StoreTxn *txn, const Recording *r, const RecordingPart *part, guint64 record, const Case *c, GError **error)
{
	json_t *payload = json_object();
	json_object_set_new(payload, "record", json_integer((json_int_t)record));
	fields_set_string(payload, "sender", r->envelope->sender);
	fields_set_string(payload, "recipient", part->recipient);
	fields_set_string(payload, "queue_id", r->envelope->queue_id);
	fields_set_string(payload, "trouble", part->trouble);
	if (part->verdict)
		json_object_set_new(payload, "verdict", verdict_to_json(part->verdict));
	if (c) {
		fields_set_string(payload, "state", case_state_name(c->state));
		fields_set_string(payload, "answer", c->answer_reason);
	}
	return effects_note(txn, "received", c ? c->number : 0, r->received, payload, error);
}

/* --- duplicates ------------------------------------------------------------------------------------------------- */

static void hash_text(crypto_generichash_state *state, const char *text)
{
	const char *known = text ? text : "";
	crypto_generichash_update(state, (const unsigned char *)known, strlen(known) + 1);
}

/* Message-ID, our recipient and the content together: a resend is the same, the copy to a second address of ours is not,
 * nor is another message under a copied Message-ID.  Of a message that no reader survived only the bytes are known. */
static void duplicate_key(const Recording *r, const RecordingPart *part, guint8 key[32])
{
	g_autofree char *mailbox = envelope_mailbox(part->recipient), *recipient = g_utf8_strdown(mailbox, -1);
	crypto_generichash_state state;
	crypto_generichash_init(&state, NULL, 0, 32);
	hash_text(&state, part->verdict ? part->verdict->facts->message_id : "");
	hash_text(&state, recipient);
	if (part->verdict) {
		hash_text(&state, part->verdict->facts->digest);
	} else {
		gsize length;
		const guint8 *bytes = g_bytes_get_data(r->message, &length);
		crypto_generichash_update(&state, bytes, length);
	}
	crypto_generichash_final(&state, key, 32);
}

static EvidenceLevel level_of(const RecordingPart *part)
{
	return part->verdict ? part->verdict->facts->authentication : EVIDENCE_E0;
}

/* Only a message of equal or lower evidence level merges into an earlier one, so that a forged copy sent first can't
 * swallow the genuine one. */
static gboolean merge_duplicate(StoreTxn *txn, const Recording *r, RecordingPart *part, const guint8 key[32], gboolean *merged, GError **error)
{
	EvidenceLevel level;
	*merged = FALSE;
	guint64 number;
	if (!store_find_duplicate(txn, key, &number, &level) || level_of(part) > level)
		return TRUE;
	*merged = part->is_duplicate = TRUE;
	part->after = opening_after(r->rules->config, part->address, part->verdict, NULL);
	if (!number)
		return TRUE;
	g_autoptr(Case) c = store_get_case(txn, number, error);
	if (!c)
		return FALSE;
	g_strlcpy(part->reference, c->reference, sizeof part->reference);
	part->due = c->due;
	part->state = c->state;
	part->after = opening_after(r->rules->config, part->address, part->verdict, c);
	json_t *payload = json_object();
	fields_set_string(payload, "queue_id", r->envelope->queue_id);
	fields_set_string(payload, "authentication", evidence_level_name(level_of(part)));
	return effects_note(txn, "duplicate", number, r->received, payload, error);
}

/* --- spam complaints ----------------------------------------------------------------------------------------------- */

/* A person's click on "this is spam", told by their provider (RFC 5965).  `not-spam` and `auth-failure` are no complaints. */
static gboolean is_spam_complaint(const Verdict *verdict)
{
	const char *type = verdict->facts->feedback_type;
	return verdict->kind == KIND_FEEDBACK_REPORT && type && !g_str_equal(type, "not-spam") && !g_str_equal(type, "auth-failure");
}

/* Whoever can forge a report could silence a customer, and a report that names nobody helps nobody: both go to a person, and so does
 * what would have acted by itself but for mode = observe. */
static void doubt_report(const Config *config, Verdict *verdict)
{
	if (verdict->review || !is_spam_complaint(verdict))
		return;
	const char *doubt = verdict->facts->authentication < EVIDENCE_E2 ? "a spam complaint from a source that nobody vouches for"
	                    : !verdict->facts->reported->len             ? "a spam complaint that names no address"
	                    : config->observe                            ? "a spam complaint, which was only observed: approve it to suppress"
	                                                                 : NULL;
	if (doubt) {
		verdict->review = TRUE;
		g_free(verdict->review_reason);
		verdict->review_reason = g_strdup(doubt);
	}
}

/* --- bursts ----------------------------------------------------------------------------------------------------- */

/* An opt-out is acted on whoever sent it, so anyone could end the mail of many by writing in their names.  Where the border tells who
 * is genuine, many that are not, from one client in an hour, are for a person to see. */
static gboolean doubt_burst(StoreTxn *txn, const Recording *r, Verdict *verdict, GError **error)
{
	const Config *config = r->rules->config;
	guint count = 0;
	if (!config->authserv_id || !config->opt_outs_per_source || !envelope_is_from_stranger(r->envelope) || verdict->review || verdict->kind != KIND_REQUEST ||
	    verdict->facts->authentication > EVIDENCE_E0)
		return TRUE;
	if (!store_count_source(txn, r->envelope->client, r->received, &count, error))
		return FALSE;
	if (count > config->opt_outs_per_source) {
		verdict->review = TRUE;
		g_free(verdict->review_reason);
		verdict->review_reason = g_strdup("one of more unauthenticated opt-outs than opt-outs-per-source from one client in an hour");
	}
	return TRUE;
}

/* --- the transaction -------------------------------------------------------------------------------------------- */

static gboolean put_record(StoreTxn *txn, const Recording *r, guint64 *number, GError **error)
{
	const RecordingPart *first = &g_array_index(r->parts, RecordingPart, 0);
	g_autoptr(Record) record = record_new();
	record->received = r->received;
	record->sender = g_strdup(r->envelope->sender);
	for (guint i = 0; i < r->envelope->recipients->len; i++)
		g_ptr_array_add(record->recipients, g_strdup(g_ptr_array_index(r->envelope->recipients, i)));
	record->queue_id = g_strdup(r->envelope->queue_id);
	record->client = g_strdup(r->envelope->client);
	record->truncated = r->is_truncated;
	record->unread = !first->verdict;
	record->kind = first->verdict ? first->verdict->kind : KIND_ENQUIRY;
	if (first->verdict) {
		record->message_id = g_strdup(first->verdict->facts->message_id);
		record->digest = g_strdup(first->verdict->facts->digest);
	}
	if (!store_put_record(txn, record, r->message, error))
		return FALSE;
	*number = record->number;
	return TRUE;
}

static gboolean put_case(StoreTxn *txn, const Recording *r, RecordingPart *part, guint64 record, Case *c, GError **error)
{
	const Config *config = r->rules->config;
	c->record = record;
	if (!store_name_case(txn, c, error))   /* first: the letter needs its number and reference */
		return FALSE;
	if (part->verdict) {
		if (!c->review && !c->observed && !effects_suppress_case(txn, c, r->received, error))
			return FALSE;
		if (!effects_answer(txn, config, r->envelope, part->verdict, part->address, c, r->received, error))
			return FALSE;
	}
	if (!store_put_case(txn, c, error))
		return FALSE;
	g_strlcpy(part->reference, c->reference, sizeof part->reference);
	part->due = c->due;
	part->state = c->state;
	return TRUE;
}

static gboolean write_part(StoreTxn *txn, const Recording *r, RecordingPart *part, guint64 *record, GError **error)
{
	guint8 key[32];
	gboolean merged = FALSE;
	duplicate_key(r, part, key);
	if (!merge_duplicate(txn, r, part, key, &merged, error))
		return FALSE;
	if (merged)
		return TRUE;
	if (part->verdict)
		doubt_report(r->rules->config, part->verdict);
	if (part->verdict && !doubt_burst(txn, r, part->verdict, error))
		return FALSE;
	if (!*record && !put_record(txn, r, record, error))
		return FALSE;

	g_autoptr(Case) c = NULL;
	if (!part->verdict || opening_is_due(part->verdict)) {
		c = opening_case(r->rules->config, r->rules->laws, part->address, r->envelope, part->verdict, part->trouble, r->received);
		if (!put_case(txn, r, part, *record, c, error))
			return FALSE;
	} else if (is_spam_complaint(part->verdict) &&
	           !effects_suppress_reported(txn, part->verdict, part->address->controller->id, 0, r->received, error)) {
		return FALSE;
	}
	part->after = opening_after(r->rules->config, part->address, part->verdict, c);
	if (!put_received(txn, r, part, *record, c, error))
		return FALSE;
	return store_put_duplicate(txn, key, c ? c->number : 0, level_of(part), r->received, error);
}

static void forget_results(Recording *r)
{
	r->is_postponed = FALSE;
	for (guint i = 0; i < r->parts->len; i++) {
		RecordingPart *part = &g_array_index(r->parts, RecordingPart, i);
		part->reference[0] = '\0';
		g_date_clear(&part->due, 1);
		part->is_duplicate = FALSE;
	}
}

/* The beginning of what stands below the header.  By it a message is known when it comes again: its sender's server may have added to the
 * header, and other filters before us do so anew each time. */
static void fault_key(const Recording *r, guint8 key[32])
{
	enum { MOST = 64 << 10 };
	gsize length;
	const guint8 *bytes = g_bytes_get_data(r->message, &length);
	gsize header = 0;
	for (const guint8 *line = bytes; !header && (line = memchr(line, '\n', length - (gsize)(line - bytes))); line++) {
		gsize at = (gsize)(line - bytes) + 1;
		at += at < length && bytes[at] == '\r';
		header = at < length && bytes[at] == '\n' ? at : 0;
	}
	crypto_generichash_state state;
	crypto_generichash_init(&state, NULL, 0, 32);
	hash_text(&state, r->envelope->sender);
	crypto_generichash_update(&state, bytes + header, MIN(length - header, (gsize)MOST));
	crypto_generichash_final(&state, key, 32);
}

/* A message that no reader survived gets a second chance, since the fault may have been ours or the hour's; the second
 * time it is kept raw for a person. */
static gboolean note_fault(StoreTxn *txn, Recording *r, GError **error)
{
	gboolean faulty = FALSE, before = TRUE;
	for (guint i = 0; i < r->parts->len; i++)
		faulty = faulty || !g_array_index(r->parts, RecordingPart, i).verdict;
	if (!faulty)
		return TRUE;
	guint8 key[32];
	fault_key(r, key);
	if (!store_note_fault(txn, key, r->received, &before, error))
		return FALSE;
	r->is_postponed = !before;
	return TRUE;
}

gboolean recording_write(StoreTxn *txn, gpointer data, GError **error)
{
	Recording *r = data;
	guint64 record = 0;
	forget_results(r);
	if (!note_fault(txn, r, error))
		return FALSE;
	for (guint i = 0; i < r->parts->len && !r->is_postponed; i++)
		if (!write_part(txn, r, &g_array_index(r->parts, RecordingPart, i), &record, error))
			return FALSE;
	return TRUE;
}
