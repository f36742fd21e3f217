/* layer 4 edges - store-outbox: acknowledgements on their way, and what was answered already; declared in store.h.
 *
 * Keys of `answered` begin with what they hold, then the time, so that a day's counters lie together and old ones at the front:
 *   'a' u32 day, address_match     u32 count    answers queued for an address on that day
 *   'd' u32 day, domain            u32 count
 *   'h' u32 hour                   u32 count    answers queued for anyone
 *   's' u32 hour, SMTP client      u32 count    unauthenticated opt-outs from there
 *   'm' 16 bytes                   u64 time     BLAKE2b-128(address_match NUL matter): when that was last answered
 */
#include <sodium.h>
#include <string.h>

#include "address.h"
#include "status.h"
#include "store-private.h"

/* --- letters --------------------------------------------------------------------------------------------------- */

gboolean store_letter_is_due(const Letter *letter)
{
	return letter->state == DELIVERY_DUE || letter->state == DELIVERY_SENDING || letter->state == DELIVERY_AMBIGUOUS;
}

StoreKey store_letter_due_key(const Letter *letter)
{
	StoreKey key = store_key_number((guint64)MAX(letter->next, 0));
	store_key_u64(&key, letter->number);
	return key;
}

static gboolean put_new_letter(StoreTxn *txn, Letter *letter, GError **error)
{
	if (!store_db_next_number(txn, DB_OUTBOX, &letter->number, error))
		return FALSE;
	if (!uuid_is_valid(letter->uuid))
		uuid_new(letter->uuid);
	StoreKey key = store_key_number(letter->number), due = store_letter_due_key(letter);
	StoreKey of_case = store_key_number(letter->case_number);
	store_key_u64(&of_case, letter->number);
	return store_db_put_json(txn, DB_OUTBOX, &key, letter_to_json(letter), MDB_APPEND, error) &&
	       store_db_put(txn, DB_OUTBOX_CASE, &of_case, "", 0, 0, error) &&
	       (!store_letter_is_due(letter) || store_db_put(txn, DB_OUTBOX_DUE, &due, "", 0, 0, error));
}

gboolean store_put_letter(StoreTxn *txn, Letter *letter, GError **error)
{
	if (!letter->number) {
		gboolean ok = put_new_letter(txn, letter, error);
		if (!ok)
			letter->number = 0;
		return ok;
	}
	g_autoptr(GError) failure = NULL;
	g_autoptr(Letter) old = store_get_letter(txn, letter->number, &failure);
	if (failure) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	if (!old || !g_str_equal(old->uuid, letter->uuid) || old->case_number != letter->case_number)
		return status_fail(error, STATUS_PERMANENT, "letter %" G_GUINT64_FORMAT " is not in the store", letter->number);
	StoreKey key = store_key_number(letter->number), old_due = store_letter_due_key(old), due = store_letter_due_key(letter);
	gboolean was_due = store_letter_is_due(old), is_due = store_letter_is_due(letter);
	if (was_due && (!is_due || old->next != letter->next) && !store_db_delete(txn, DB_OUTBOX_DUE, &old_due, error))
		return FALSE;
	if (is_due && !store_db_put(txn, DB_OUTBOX_DUE, &due, "", 0, 0, error))
		return FALSE;
	return store_db_put_json(txn, DB_OUTBOX, &key, letter_to_json(letter), 0, error);
}

Letter *store_get_letter(StoreTxn *txn, guint64 number, GError **error)
{
	StoreKey key = store_key_number(number);
	json_t *json = store_db_get_json(txn, DB_OUTBOX, &key, error);
	if (!json)
		return NULL;
	Letter *letter = letter_from_json(json, error);
	json_decref(json);
	if (letter)
		letter->number = number;
	return letter;
}

static gboolean visit_letters(StoreTxn *txn, GArray *numbers, StoreLetterVisit visit, gpointer data, GError **error)
{
	for (guint i = 0; numbers && i < numbers->len; i++) {
		guint64 number = g_array_index(numbers, guint64, i);
		g_autoptr(GError) failure = NULL;
		g_autoptr(Letter) letter = store_get_letter(txn, number, &failure);
		if (!letter && !failure)
			status_fail(&failure, STATUS_TEMPORARY, "an index names letter %" G_GUINT64_FORMAT ", which is not there", number);
		if (failure) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return FALSE;
		}
		if (!visit(letter, data))
			return TRUE;
	}
	return numbers != NULL;
}

GArray *store_due_letters(StoreTxn *txn, gint64 until, guint most, GError **error)
{
	StoreKey last = store_key_number((guint64)MAX(until, 0));
	store_key_u64(&last, G_MAXUINT64);
	return store_db_first_numbers(txn, DB_OUTBOX_DUE, &last, most, error);
}

gboolean store_each_letter_due(StoreTxn *txn, gint64 until, StoreLetterVisit visit, gpointer data, GError **error)
{
	g_autoptr(GArray) numbers = store_due_letters(txn, until, G_MAXUINT, error);
	return visit_letters(txn, numbers, visit, data, error);
}

gboolean store_each_letter(StoreTxn *txn, guint64 case_number, StoreLetterVisit visit, gpointer data, GError **error)
{
	g_autoptr(GArray) numbers = NULL;
	if (case_number) {
		StoreKey from = store_key_number(case_number);
		store_key_u64(&from, 0);
		numbers = store_db_numbers(txn, DB_OUTBOX_CASE, &from, sizeof case_number, NULL, error);
	} else {
		numbers = store_db_numbers(txn, DB_OUTBOX, NULL, 0, NULL, error);
	}
	return visit_letters(txn, numbers, visit, data, error);
}

/* --- what was answered ----------------------------------------------------------------------------------------- */

enum { DAY = 86400, HOUR = 3600, PRUNED = 4, SOURCE_MOST = 64 };

static StoreKey counter_key(char what, gint64 period, const char *who)
{
	StoreKey key = store_key();
	store_key_bytes(&key, &what, 1);
	store_key_u32(&key, (guint32)CLAMP(period, 0, G_MAXUINT32));
	store_key_bytes(&key, who, strlen(who));
	return key;
}

static StoreKey matter_key(const char *match, const char *matter)
{
	guint8 digest[16];
	crypto_generichash_state state;
	crypto_generichash_init(&state, NULL, 0, sizeof digest);
	crypto_generichash_update(&state, (const guint8 *)match, strlen(match) + 1);
	crypto_generichash_update(&state, (const guint8 *)matter, strlen(matter));
	crypto_generichash_final(&state, digest, sizeof digest);
	StoreKey key = store_key();
	store_key_bytes(&key, "m", 1);
	store_key_bytes(&key, digest, sizeof digest);
	return key;
}

static gboolean read_count(StoreTxn *txn, const StoreKey *key, guint *count, GError **error)
{
	MDB_val value;
	guint32 number = 0;
	if (!store_db_get(txn, DB_ANSWERED, key, &value, error))
		return FALSE;
	if (value.mv_size == sizeof number)
		memcpy(&number, value.mv_data, sizeof number);
	*count = GUINT32_FROM_BE(number);
	return TRUE;
}

static gboolean add_one(StoreTxn *txn, const StoreKey *key, GError **error)
{
	guint count;
	if (!read_count(txn, key, &count, error))
		return FALSE;
	guint32 number = GUINT32_TO_BE(count < G_MAXUINT32 ? count + 1 : count);
	return store_db_put(txn, DB_ANSWERED, key, &number, sizeof number, 0, error);
}

gboolean store_get_history(StoreTxn *txn, const char *address, const char *matter, gint64 now, guint window, AnswerHistory *history, GError **error)
{
	*history = (AnswerHistory){ .same_matter = FALSE };
	StoreKey hour = counter_key('h', now / HOUR, "");
	if (!read_count(txn, &hour, &history->to_anyone_this_hour, error))
		return FALSE;
	g_autofree char *match = address ? address_match(address) : NULL;
	if (!match)
		return TRUE;   /* never answered, and never answerable */
	StoreKey to_address = counter_key('a', now / DAY, match), to_domain = counter_key('d', now / DAY, address_domain(match));
	StoreKey same = matter_key(match, matter);
	MDB_val value;
	if (!read_count(txn, &to_address, &history->to_address_today, error) ||
	    !read_count(txn, &to_domain, &history->to_domain_today, error) ||
	    !store_db_get(txn, DB_ANSWERED, &same, &value, error))
		return FALSE;
	history->same_matter = value.mv_data && now - (gint64)store_last_number(value.mv_data, value.mv_size) < (gint64)window;
	return TRUE;
}

typedef struct {
	StoreKey until;
	StoreKey old[PRUNED];
	guint count;
} Prune;

static gboolean note_old(const MDB_val *key, const MDB_val *value, gpointer data)
{
	(void)value;
	Prune *prune = data;
	if (memcmp(key->mv_data, prune->until.bytes, MIN(key->mv_size, prune->until.length)) >= 0 || prune->count == PRUNED)
		return FALSE;
	prune->old[prune->count] = store_key();
	store_key_bytes(&prune->old[prune->count++], key->mv_data, key->mv_size);
	return TRUE;
}

/* Each letter takes a few counters of days gone by with it: more than it adds, so they don't pile up. */
static gboolean prune(StoreTxn *txn, char what, gint64 period, GError **error)
{
	Prune p = { .until = counter_key(what, period, ""), .count = 0 };
	StoreKey from = counter_key(what, 0, "");
	if (!store_db_each(txn, DB_ANSWERED, &from, note_old, &p, error))
		return FALSE;
	for (guint i = 0; i < p.count; i++)
		if (!store_db_delete(txn, DB_ANSWERED, &p.old[i], error))
			return FALSE;
	return TRUE;
}

gboolean store_put_matter(StoreTxn *txn, const char *address, const char *matter, gint64 now, GError **error)
{
	g_autofree char *match = address ? address_match(address) : NULL;
	if (!match)
		return status_fail(error, STATUS_PERMANENT, "only a mail address can be answered");
	StoreKey same = matter_key(match, matter), time = store_key_number((guint64)MAX(now, 0));
	return store_db_put(txn, DB_ANSWERED, &same, time.bytes, time.length, 0, error);
}

gboolean store_forget_matter(StoreTxn *txn, const char *address, const char *matter, GError **error)
{
	g_autofree char *match = address ? address_match(address) : NULL;
	if (!match)
		return TRUE;
	StoreKey same = matter_key(match, matter);
	MDB_val value;
	return store_db_get(txn, DB_ANSWERED, &same, &value, error) && (!value.mv_data || store_db_delete(txn, DB_ANSWERED, &same, error));
}

gboolean store_put_answered(StoreTxn *txn, const char *address, const char *matter, gint64 now, GError **error)
{
	g_autofree char *match = address ? address_match(address) : NULL;
	if (!match)
		return status_fail(error, STATUS_PERMANENT, "only a mail address can be answered");
	StoreKey to_address = counter_key('a', now / DAY, match), to_domain = counter_key('d', now / DAY, address_domain(match));
	StoreKey hour = counter_key('h', now / HOUR, "");
	return add_one(txn, &to_address, error) && add_one(txn, &to_domain, error) && add_one(txn, &hour, error) &&
	       store_put_matter(txn, match, matter, now, error) &&
	       prune(txn, 'a', now / DAY - 1, error) && prune(txn, 'd', now / DAY - 1, error) && prune(txn, 'h', now / HOUR - 1, error);
}

gboolean store_count_source(StoreTxn *txn, const char *source, gint64 now, guint *count, GError **error)
{
	g_autofree char *clipped = g_strndup(source, SOURCE_MOST);
	StoreKey key = counter_key('s', now / HOUR, clipped);
	return add_one(txn, &key, error) && read_count(txn, &key, count, error) && prune(txn, 's', now / HOUR - 1, error);
}
