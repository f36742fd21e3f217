#include "status.h"
#include "store-testing.h"

/* --- records --------------------------------------------------------------------------------------------------- */

static gboolean read_record(StoreTxn *txn, gpointer data, GError **error)
{
	guint64 *number = data;
	g_autoptr(Record) record = store_get_record(txn, *number, error);
	g_assert_nonnull(record);
	g_assert_cmpuint(record->number, ==, *number);
	g_assert_cmpstr(record->digest, ==, "d1");
	g_autoptr(GBytes) raw = store_get_raw(txn, *number, error);
	g_assert_cmpuint(g_bytes_get_size(raw), ==, 15);
	return TRUE;
}

static gboolean read_beyond(StoreTxn *txn, gpointer data, GError **error)
{
	guint64 *number = data;
	g_assert_null(store_get_record(txn, *number + 1, error));
	g_assert_null(store_get_raw(txn, *number + 1, error));
	g_assert_no_error(*error);
	return TRUE;
}

static gboolean put_record_and_fail(StoreTxn *txn, gpointer data, GError **error)
{
	return testing_put_record(txn, data, error) && status_fail(error, STATUS_PERMANENT, "changed my mind");
}

static gboolean fail_without_reason(StoreTxn *txn, gpointer data, GError **error)
{
	(void)txn, (void)data, (void)error;
	return FALSE;
}

static void test_record(StoreFixture *f, gconstpointer data)
{
	(void)data;
	guint64 first = 0, second = 0;
	testing_write(f->store, testing_put_record, &first);
	g_autoptr(GError) error = NULL;
	g_assert_false(store_write(f->store, put_record_and_fail, &second, &error));
	g_assert_error(error, STATUS_ERROR, STATUS_PERMANENT);
	g_clear_error(&error);
	g_assert_false(store_write(f->store, fail_without_reason, NULL, &error));
	g_assert_error(error, STATUS_ERROR, STATUS_TEMPORARY);
	testing_write(f->store, testing_put_record, &second);
	g_assert_cmpuint(first, ==, 1);
	g_assert_cmpuint(second, ==, 2);   /* what was undone left no gap */
	testing_read(f->store, read_record, &second);
	testing_read(f->store, read_beyond, &second);
	store_close(f->store);
	f->store = testing_store(f->directory);
	testing_read(f->store, read_record, &second);
}

/* --- cases ----------------------------------------------------------------------------------------------------- */

static Case *new_case(const char *subject, CaseState state, guint day)
{
	Case *c = case_new();
	c->state = state;
	c->controller = g_strdup("shop");
	c->subject_address = g_strdup(subject);
	c->received = TESTING_NOW;
	if (day)
		g_date_set_dmy(&c->due, (GDateDay)day, 12, 2026);
	return c;
}

static gboolean note_case(const Case *c, gpointer data)
{
	g_string_append_printf(data, "%" G_GUINT64_FORMAT " ", c->number);
	return TRUE;
}

static gboolean note_first_case(const Case *c, gpointer data)
{
	note_case(c, data);
	return FALSE;
}

static void check_walks(StoreTxn *txn, const char *due, const char *all, const char *of_jane)
{
	GError *error = NULL;
	g_autoptr(GString) seen = g_string_new(NULL);
	g_assert_true(store_each_due(txn, note_case, seen, &error));
	g_assert_cmpstr(seen->str, ==, due);
	g_string_truncate(seen, 0);
	g_assert_true(store_each_case(txn, note_case, seen, &error));
	g_assert_cmpstr(seen->str, ==, all);
	g_string_truncate(seen, 0);
	g_assert_true(store_each_case_of(txn, "JANE@Example.ORG", note_case, seen, &error));
	g_assert_cmpstr(seen->str, ==, of_jane);
	g_assert_no_error(error);
}

static gboolean work_on_cases(StoreTxn *txn, gpointer data, GError **error)
{
	(void)data;
	g_autoptr(Case) one = new_case("jane@example.org", STATE_OPEN, 24), two = new_case("Jane@example.org", STATE_REVIEW, 3),
			done = new_case("jane@example.org", STATE_COMPLETED, 1), other = new_case("jane@example.org.uk", STATE_WAITING, 0),
			none = new_case(NULL, STATE_OPEN, 30);
	Case *const all[] = { one, two, done, other, none };
	for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
		g_assert_true(store_put_case(txn, all[i], error));
		g_assert_cmpuint(all[i]->number, ==, i + 1);
		g_assert_true(uuid_is_valid(all[i]->uuid));
		g_autofree char *lower = g_ascii_strdown(all[i]->reference, -1), *upper = g_ascii_strup(all[i]->uuid, -1);
		g_assert_cmpuint(store_find_reference(txn, lower), ==, i + 1);
		g_assert_cmpuint(store_find_reference(txn, upper), ==, i + 1);
	}
	check_walks(txn, "4 2 1 5 ", "1 2 3 4 5 ", "1 2 3 ");
	/* Each index follows its case. */
	one->state = STATE_DENIED;
	g_date_set_dmy(&two->due, 31, 12, 2026);
	g_free(other->subject_address);
	other->subject_address = g_strdup("jane@example.org");
	done->state = STATE_OPEN;
	for (guint i = 0; i < 4; i++)
		g_assert_true(store_put_case(txn, all[i], error));
	check_walks(txn, "4 3 5 2 ", "1 2 3 4 5 ", "1 2 3 4 ");
	/* The same again changes nothing. */
	g_assert_true(store_put_case(txn, two, error));
	check_walks(txn, "4 3 5 2 ", "1 2 3 4 5 ", "1 2 3 4 ");
	g_autoptr(GString) seen = g_string_new(NULL);
	g_assert_true(store_each_due(txn, note_first_case, seen, error));
	g_assert_true(store_each_case(txn, note_first_case, seen, error));
	g_assert_cmpstr(seen->str, ==, "4 1 ");
	/* Nobody's. */
	char reference[REFERENCE_SIZE], uuid[UUID_SIZE];
	uuid_new(uuid);
	reference_of(uuid, reference);
	g_assert_cmpuint(store_find_reference(txn, reference), ==, 0);
	g_assert_cmpuint(store_find_reference(txn, uuid), ==, 0);
	g_assert_cmpuint(store_find_reference(txn, "nonsense"), ==, 0);
	memcpy(uuid, one->uuid, 8);   /* the reference of another UUID's case, the UUID of nobody's */
	memcpy(uuid + 9, one->uuid + 9, 4);
	g_assert_cmpuint(store_find_reference(txn, uuid), ==, 0);
	g_assert_null(store_get_case(txn, 99, error));
	g_assert_no_error(*error);
	return TRUE;
}

/* What has to point to a case can know it before it is put; then it is found like any other. */
static gboolean name_and_put(StoreTxn *txn, gpointer data, GError **error)
{
	(void)data;
	g_autoptr(Case) before = new_case("jane@example.org", STATE_OPEN, 1);
	g_assert_true(store_put_case(txn, before, error));
	g_autoptr(Case) c = new_case("joe@example.org", STATE_OPEN, 2);
	g_assert_true(store_name_case(txn, c, error));
	g_assert_cmpuint(c->number, ==, before->number + 1);
	g_assert_true(uuid_is_valid(c->uuid));
	g_assert_cmpuint(store_find_reference(txn, c->reference), ==, c->number);
	g_assert_null(store_get_case(txn, c->number, error));
	c->state = STATE_COMPLETED;
	g_assert_true(store_put_case(txn, c, error));
	c->state = STATE_DENIED;
	g_assert_true(store_put_case(txn, c, error));
	g_autoptr(Case) found = store_get_case(txn, c->number, error);
	g_assert_cmpint(found->state, ==, STATE_DENIED);
	return TRUE;
}

static void test_name(StoreFixture *f, gconstpointer data)
{
	(void)data;
	testing_write(f->store, name_and_put, NULL);
}

static gboolean put_strange_case(StoreTxn *txn, gpointer data, GError **error)
{
	(void)data;
	g_autoptr(Case) c = new_case(NULL, STATE_OPEN, 1);
	uuid_new(c->uuid);
	reference_of(c->uuid, c->reference);
	c->number = 1;
	return store_put_case(txn, c, error);
}

static void test_case(StoreFixture *f, gconstpointer data)
{
	(void)data;
	testing_write(f->store, work_on_cases, NULL);
	g_autoptr(GError) error = NULL;
	g_assert_false(store_write(f->store, put_strange_case, NULL, &error));
	g_assert_error(error, STATUS_ERROR, STATUS_PERMANENT);
}

/* A walk may change what it walks over, and meets each case once. */
static gboolean postpone(const Case *c, gpointer data)
{
	StoreTxn *txn = ((gpointer *)data)[0];
	guint *count = ((gpointer *)data)[1];
	GError *error = NULL;
	g_autoptr(Case) later = store_get_case(txn, c->number, &error);
	g_date_add_days(&later->due, 400);
	g_assert_true(store_put_case(txn, later, &error));
	++*count;
	return TRUE;
}

static gboolean postpone_all(StoreTxn *txn, gpointer data, GError **error)
{
	guint count = 0;
	gpointer both[] = { txn, &count };
	for (guint i = 0; i < 1200; i++) {
		g_autoptr(Case) c = new_case("jane@example.org", STATE_OPEN, 1 + i % 28);
		g_assert_true(store_put_case(txn, c, error));
	}
	g_assert_true(store_each_due(txn, postpone, both, error));
	g_assert_cmpuint(count, ==, 1200);
	g_assert_true(store_each_case(txn, postpone, both, error));
	g_assert_cmpuint(count, ==, 2400);
	g_assert_true(store_each_case_of(txn, "jane@example.org", postpone, both, error));
	g_assert_cmpuint(count, ==, 3600);
	(void)data;
	return TRUE;
}

static void test_walk_and_write(StoreFixture *f, gconstpointer data)
{
	(void)data;
	testing_write(f->store, postpone_all, NULL);
}

/* --- events ---------------------------------------------------------------------------------------------------- */

static gboolean note_event(const Event *event, gpointer data)
{
	g_string_append_printf(data, "%" G_GUINT64_FORMAT ":%s:%s ", event->number, event->type,
			       json_string_value(json_object_get(event->payload, "k")));
	return TRUE;
}

static gboolean work_on_events(StoreTxn *txn, gpointer data, GError **error)
{
	const char *node = data;
	g_autofree char *digest = NULL;
	static const struct { const char *type; guint64 of; } events[] = { { "a", 7 }, { "b", 8 }, { "c", 7 }, { "d", 0 } };
	for (guint i = 0; i < G_N_ELEMENTS(events); i++) {
		g_autoptr(Event) event = event_new(events[i].type, events[i].of, TESTING_NOW);
		json_object_set_new(event->payload, "k", json_string("same"));
		g_assert_true(store_put_event(txn, event, error));
		g_assert_cmpuint(event->number, ==, i + 1);
		g_assert_cmpstr(event->node, ==, node);
		g_assert_cmpuint(strlen(event->digest), ==, 64);
		g_assert_cmpstr(event->digest, !=, digest);   /* the same payload, another salt */
		g_free(digest);
		digest = g_strdup(event->digest);
	}
	static const struct { guint64 after, of; const char *seen; } walks[] = {
		{ 0, 0, "1:a:same 2:b:same 3:c:same 4:d:same " }, { 2, 0, "3:c:same 4:d:same " }, { 4, 0, "" }, { G_MAXUINT64, 0, "" },
		{ 0, 7, "1:a:same 3:c:same " }, { 1, 7, "3:c:same " }, { 3, 7, "" }, { 0, 9, "" }, { 0, 8, "2:b:same " },
	};
	for (guint i = 0; i < G_N_ELEMENTS(walks); i++) {
		g_autoptr(GString) seen = g_string_new(NULL);
		g_assert_true(store_each_event(txn, walks[i].after, walks[i].of, note_event, seen, error));
		g_assert_cmpstr(seen->str, ==, walks[i].seen);
	}
	return TRUE;
}

static void test_event(StoreFixture *f, gconstpointer data)
{
	(void)data;
	testing_write(f->store, work_on_events, (gpointer)store_node(f->store));
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add("/store/record", StoreFixture, NULL, testing_set_up, test_record, testing_tear_down);
	g_test_add("/store/case", StoreFixture, NULL, testing_set_up, test_case, testing_tear_down);
	g_test_add("/store/name", StoreFixture, NULL, testing_set_up, test_name, testing_tear_down);
	g_test_add("/store/walk-and-write", StoreFixture, NULL, testing_set_up, test_walk_and_write, testing_tear_down);
	g_test_add("/store/event", StoreFixture, NULL, testing_set_up, test_event, testing_tear_down);
	return g_test_run();
}
