#include "status.h"
#include "store-testing.h"

/* --- suppressions ---------------------------------------------------------------------------------------------- */

static gboolean work_on_suppressions(StoreTxn *txn, gpointer data, GError **error)
{
	(void)data;
	static const struct { const char *address, *controller, *scope; gint64 since; gboolean is_new; } set[] = {
		{ "jane@example.org", "shop", "marketing", 200, TRUE },
		{ "JANE@EXAMPLE.ORG", "shop", "marketing", 300, FALSE },
		{ "jane@example.org", "shop", "marketing", 100, FALSE },
		{ "joe@example.org", "shop", "weekly", 5, TRUE },
		{ "ann@example.org", "club", "disclosure", 6, TRUE },
	};
	for (guint i = 0; i < G_N_ELEMENTS(set); i++) {
		g_autoptr(Suppression) s = suppression_new(set[i].address, set[i].controller, set[i].scope, set[i].since);
		gboolean was_new;
		g_assert_true(store_put_suppression(txn, s, &was_new, error));
		g_assert_cmpint(was_new, ==, set[i].is_new);
	}
	static const struct { const char *address, *controller, *scope; gint64 since; } asked[] = {
		{ "Jane@Example.org", "shop", "marketing", 100 }, { "jane@example.org", NULL, "marketing", 100 },
		{ "jane@example.org", "shop", "weekly", 100 }, { "jane@example.org", NULL, "weekly", 100 },
		{ "jane@example.org", "shop", "disclosure", 0 }, { "jane@example.org", NULL, "disclosure", 0 },
		{ "jane@example.org", "club", "marketing", 0 }, { "jane@example.or", NULL, "marketing", 0 },
		{ "jane@example.org.uk", NULL, "marketing", 0 },
		{ "joe@example.org", "shop", "weekly", 5 }, { "joe@example.org", NULL, "weekly", 5 },
		{ "joe@example.org", "shop", "daily", 0 }, { "joe@example.org", NULL, "daily", 0 },
		{ "joe@example.org", "shop", "marketing", 0 }, { "joe@example.org", NULL, "marketing", 0 },
		{ "ann@example.org", "club", "disclosure", 6 }, { "ann@example.org", NULL, "disclosure", 6 },
		{ "ann@example.org", NULL, "marketing", 0 },
	};
	for (guint i = 0; i < G_N_ELEMENTS(asked); i++) {
		g_autoptr(Suppression) s = store_find_suppression(txn, asked[i].address, asked[i].controller, asked[i].scope, error);
		g_assert_no_error(*error);
		g_assert_cmpint(s ? s->since : 0, ==, asked[i].since);
	}
	g_assert_false(store_remove_suppression(txn, "joe@example.org", "shop", "daily", error));
	g_assert_true(store_remove_suppression(txn, "JOE@example.org", "shop", "weekly", error));
	g_assert_null(store_find_suppression(txn, "joe@example.org", NULL, "weekly", error));
	g_assert_no_error(*error);
	GError *failure = NULL;
	g_assert_null(store_find_suppression(txn, "not an address", NULL, "marketing", &failure));
	g_assert_error(failure, STATUS_ERROR, STATUS_PERMANENT);
	g_clear_error(&failure);
	/* A key that would be too long is refused, and does not break the store. */
	g_autofree char *scope = g_strnfill(600, 'x');
	g_autoptr(Suppression) s = suppression_new("jane@example.org", "shop", scope, 1);
	g_assert_false(store_put_suppression(txn, s, NULL, &failure));
	g_assert_error(failure, STATUS_ERROR, STATUS_PERMANENT);
	g_clear_error(&failure);
	return TRUE;
}

static void test_suppression(StoreFixture *f, gconstpointer data)
{
	(void)data;
	testing_write(f->store, work_on_suppressions, NULL);
}

static gboolean work_on_digests(StoreTxn *txn, gpointer data, GError **error)
{
	(void)data;
	guint8 one[32] = { 1 }, other[32] = { 1, [31] = 1 };
	guint64 number = 0;
	EvidenceLevel level = EVIDENCE_E0;
	gboolean before;
	g_assert_false(store_find_duplicate(txn, one, &number, &level));
	g_assert_true(store_put_duplicate(txn, one, 12, EVIDENCE_E2, TESTING_NOW, error));
	g_assert_true(store_find_duplicate(txn, one, &number, &level));
	g_assert_cmpuint(number, ==, 12);
	g_assert_cmpint(level, ==, EVIDENCE_E2);
	g_assert_false(store_find_duplicate(txn, other, &number, &level));
	g_assert_true(store_put_duplicate(txn, other, 0, EVIDENCE_E0, TESTING_NOW, error));
	g_assert_true(store_find_duplicate(txn, other, &number, &level));
	g_assert_cmpuint(number, ==, 0);
	g_assert_true(store_put_duplicate(txn, one, 13, EVIDENCE_E3, TESTING_NOW, error));
	g_assert_true(store_find_duplicate(txn, one, &number, &level));
	g_assert_cmpuint(number, ==, 13);
	g_assert_true(store_note_fault(txn, one, 1, &before, error));
	g_assert_false(before);
	g_assert_true(store_note_fault(txn, one, 2, &before, error));
	g_assert_true(before);
	g_assert_true(store_note_fault(txn, other, 2, &before, error));
	g_assert_false(before);
	return TRUE;
}

static void test_digests(StoreFixture *f, gconstpointer data)
{
	(void)data;
	testing_write(f->store, work_on_digests, NULL);
}

/* --- the outbox ------------------------------------------------------------------------------------------------ */

static gboolean note_letter(const Letter *letter, gpointer data)
{
	g_string_append_printf(data, "%" G_GUINT64_FORMAT " ", letter->number);
	return TRUE;
}

static void check_letters(StoreTxn *txn, gint64 until, const char *due, guint64 of, const char *all)
{
	GError *error = NULL;
	g_autoptr(GString) seen = g_string_new(NULL);
	g_assert_true(store_each_letter_due(txn, until, note_letter, seen, &error));
	g_assert_cmpstr(seen->str, ==, due);
	g_string_truncate(seen, 0);
	g_assert_true(store_each_letter(txn, of, note_letter, seen, &error));
	g_assert_cmpstr(seen->str, ==, all);
	g_assert_no_error(error);
}

static gboolean work_on_letters(StoreTxn *txn, gpointer data, GError **error)
{
	(void)data;
	static const struct { guint64 of; Delivery state; gint64 next; } letters[] = {
		{ 1, DELIVERY_DUE, 300 }, { 2, DELIVERY_DUE, 100 }, { 1, DELIVERY_HELD, 100 }, { 1, DELIVERY_SENDING, 200 },
		{ 3, DELIVERY_AMBIGUOUS, 0 }, { 3, DELIVERY_SENT, 0 }, { 3, DELIVERY_FAILED, 0 },
	};
	for (guint i = 0; i < G_N_ELEMENTS(letters); i++) {
		g_autoptr(Letter) letter = letter_new();
		letter->case_number = letters[i].of;
		reference_of(letter->uuid, letter->reference);
		letter->to = g_strdup("jane@example.org");
		letter->state = letters[i].state;
		letter->next = letters[i].next;
		g_assert_true(store_put_letter(txn, letter, error));
		g_assert_cmpuint(letter->number, ==, i + 1);
	}
	check_letters(txn, 1000, "5 2 4 1 ", 1, "1 3 4 ");
	check_letters(txn, 200, "5 2 4 ", 0, "1 2 3 4 5 6 7 ");
	check_letters(txn, 199, "5 2 ", 9, "");
	check_letters(txn, -1, "5 ", 2, "2 ");
	g_autoptr(Letter) first = store_get_letter(txn, 1, error);
	first->next = 50;
	g_assert_true(store_put_letter(txn, first, error));
	check_letters(txn, 1000, "5 1 2 4 ", 1, "1 3 4 ");
	first->state = DELIVERY_SENT;
	g_assert_true(store_put_letter(txn, first, error));
	check_letters(txn, 1000, "5 2 4 ", 1, "1 3 4 ");
	first->state = DELIVERY_DUE;
	first->next = 1001;
	g_assert_true(store_put_letter(txn, first, error));
	check_letters(txn, 1001, "5 2 4 1 ", 1, "1 3 4 ");
	g_assert_null(store_get_letter(txn, 8, error));
	g_assert_no_error(*error);
	GError *failure = NULL;
	first->number = 2;
	g_assert_false(store_put_letter(txn, first, &failure));
	g_assert_error(failure, STATUS_ERROR, STATUS_PERMANENT);
	g_clear_error(&failure);
	return TRUE;
}

static void test_outbox(StoreFixture *f, gconstpointer data)
{
	(void)data;
	testing_write(f->store, work_on_letters, NULL);
}

static void check_history(StoreTxn *txn, const char *address, const char *matter, gint64 now, gboolean same, guint a, guint d, guint h)
{
	AnswerHistory history;
	GError *error = NULL;
	g_assert_true(store_get_history(txn, address, matter, now, 7 * 86400, &history, &error));
	g_assert_cmpint(history.same_matter, ==, same);
	g_assert_cmpuint(history.to_address_today, ==, a);
	g_assert_cmpuint(history.to_domain_today, ==, d);
	g_assert_cmpuint(history.to_anyone_this_hour, ==, h);
}

static gboolean work_on_history(StoreTxn *txn, gpointer data, GError **error)
{
	(void)data;
	const gint64 now = TESTING_NOW, day = 86400;
	check_history(txn, "jane@example.org", "shop erasure", now, FALSE, 0, 0, 0);
	g_assert_true(store_put_answered(txn, "Jane@Example.org", "shop erasure", now, error));
	g_assert_true(store_put_answered(txn, "jane@example.org", "shop access", now + 60, error));
	g_assert_true(store_put_answered(txn, "joe@example.org", "shop erasure", now + 60, error));
	g_assert_true(store_put_answered(txn, "x@other.example", "shop erasure", now + 3600, error));
	check_history(txn, "jane@example.org", "shop erasure", now + 120, TRUE, 2, 3, 3);
	check_history(txn, "jane@example.org", "club erasure", now + 3600, FALSE, 2, 3, 1);
	check_history(txn, "joe@example.org", "shop access", now + 120, FALSE, 1, 3, 3);
	check_history(txn, "x@other.example", "shop erasure", now + 3600, TRUE, 1, 1, 1);
	check_history(txn, "jane@example.org", "shop erasure", now + day, TRUE, 0, 0, 0);
	check_history(txn, "jane@example.org", "shop erasure", now + 7 * day - 1, TRUE, 0, 0, 0);
	check_history(txn, "jane@example.org", "shop erasure", now + 7 * day, FALSE, 0, 0, 0);
	check_history(txn, NULL, "shop erasure", now, FALSE, 0, 0, 3);
	/* Counters of days gone by go away, the last ones stay. */
	for (guint i = 0; i < 20; i++)
		g_assert_true(store_put_answered(txn, "late@example.org", "m", now + 40 * day + i, error));
	check_history(txn, "jane@example.org", "m", now, FALSE, 0, 0, 0);
	check_history(txn, "late@example.org", "m", now + 40 * day + 30, TRUE, 20, 20, 20);
	return TRUE;
}

static void test_history(StoreFixture *f, gconstpointer data)
{
	(void)data;
	testing_write(f->store, work_on_history, NULL);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add("/store-outbox/suppression", StoreFixture, NULL, testing_set_up, test_suppression, testing_tear_down);
	g_test_add("/store-outbox/digests", StoreFixture, NULL, testing_set_up, test_digests, testing_tear_down);
	g_test_add("/store-outbox/outbox", StoreFixture, NULL, testing_set_up, test_outbox, testing_tear_down);
	g_test_add("/store-outbox/history", StoreFixture, NULL, testing_set_up, test_history, testing_tear_down);
	return g_test_run();
}
