#include <errno.h>
#include <lmdb.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "status.h"
#include "store-testing.h"

typedef struct {
	char *directory;
	Store *store;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
	(void)data;
	f->directory = testing_directory();
	f->store = testing_store(f->directory);
}

static void tear_down(Fixture *f, gconstpointer data)
{
	(void)data;
	store_close(f->store);
	testing_remove(f->directory);
}

/* What an unconfigured environment of LMDB sees: the files as another program, or an older one, finds them. */
static void set_meta(const char *directory, const char *key, const char *value)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	g_assert_cmpint(mdb_env_create(&env), ==, 0);
	g_assert_cmpint(mdb_env_set_maxdbs(env, 4), ==, 0);
	g_assert_cmpint(mdb_env_open(env, directory, 0, 0600), ==, 0);
	g_assert_cmpint(mdb_txn_begin(env, NULL, 0, &txn), ==, 0);
	g_assert_cmpint(mdb_dbi_open(txn, "meta", 0, &dbi), ==, 0);
	MDB_val k = { strlen(key), (void *)key }, v = { strlen(value), (void *)value };
	g_assert_cmpint(mdb_put(txn, dbi, &k, &v, 0), ==, 0);
	g_assert_cmpint(mdb_txn_commit(txn), ==, 0);
	mdb_env_close(env);
}

/* --- opening --------------------------------------------------------------------------------------------------- */

static void refused(const char *directory, StoreMode mode, const char *words)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(store_open(directory, TESTING_MAP, mode, &error));
	g_assert_error(error, STATUS_ERROR, STATUS_PERMANENT);
	if (!strstr(error->message, words))
		g_error("\"%s\" does not say \"%s\"", error->message, words);
}

static void test_open(void)
{
	g_autofree char *parent = testing_directory();
	g_autofree char *directory = g_build_filename(parent, "store", NULL);
	struct stat status;
	refused(directory, STORE_READ, "there is no store");
	Store *store = testing_store(directory);
	g_assert_cmpint(stat(directory, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0700);
	g_autofree char *data = g_build_filename(directory, "data.mdb", NULL);
	g_assert_cmpint(stat(data, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0600);
	g_autofree char *node = g_strdup(store_node(store));
	g_assert_true(uuid_is_valid(node));
	store_close(store);
	/* The node keeps its name; a reader sees it too, and writes nothing. */
	GError *error = NULL;
	store = store_open(directory, TESTING_MAP, STORE_READ, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(store_node(store), ==, node);
	g_assert_false(store_write(store, NULL, NULL, &error));
	g_assert_error(error, STATUS_ERROR, STATUS_PERMANENT);
	g_clear_error(&error);
	store_close(store);

	g_autofree char *nowhere = g_build_filename(parent, "a", "b", NULL);
	refused(nowhere, STORE_WRITE, "cannot create");
	refused(data, STORE_WRITE, "there is no store");
	testing_remove(g_steal_pointer(&parent));
}

static void test_empty_directory(void)
{
	char *directory = testing_directory();
	refused(directory, STORE_READ, "no store in");
	testing_remove(directory);
}

static void test_mode(Fixture *f, gconstpointer data)
{
	(void)data;
	store_close(g_steal_pointer(&f->store));
	g_assert_cmpint(g_chmod(f->directory, 0750), ==, 0);
	refused(f->directory, STORE_WRITE, "chmod 700");
	g_assert_cmpint(g_chmod(f->directory, 0701), ==, 0);
	refused(f->directory, STORE_READ, "chmod 700");
	g_assert_cmpint(g_chmod(f->directory, 0700), ==, 0);
	f->store = testing_store(f->directory);
}

static void test_wrong_user(Fixture *f, gconstpointer data)
{
	(void)data;
	const struct passwd *nobody = getpwnam("nobody");
	if (geteuid() != 0 || !nobody) {
		g_test_skip("only root can be two users");
		return;
	}
	uid_t uid = nobody->pw_uid;
	store_close(g_steal_pointer(&f->store));
	g_assert_cmpint(seteuid(uid), ==, 0);
	refused(f->directory, STORE_READ, "belongs to user root; run: sudo -u root -- ");
	refused(f->directory, STORE_WRITE, "test-store");
	g_assert_cmpint(seteuid(0), ==, 0);
	g_assert_cmpint(chown(f->directory, uid, (gid_t)-1), ==, 0);
	refused(f->directory, STORE_WRITE, "belongs to user nobody; run: runuser -u nobody -- ");
	g_assert_cmpint(chown(f->directory, 3999999, (gid_t)-1), ==, 0);
	refused(f->directory, STORE_WRITE, "setpriv --reuid=3999999");
	g_assert_cmpint(chown(f->directory, 0, (gid_t)-1), ==, 0);
	f->store = testing_store(f->directory);
}

static void test_format(Fixture *f, gconstpointer data)
{
	(void)data;
	store_close(g_steal_pointer(&f->store));
	set_meta(f->directory, "format", "2");
	refused(f->directory, STORE_WRITE, "a newer optout wrote it");
	refused(f->directory, STORE_READ, "format 2");
	set_meta(f->directory, "format", "0");
	refused(f->directory, STORE_WRITE, "optout store upgrade");
	set_meta(f->directory, "format", "1");
	f->store = testing_store(f->directory);
}

/* A data file that is none of LMDB's is refused, not overwritten. */
static void test_foreign_file(void)
{
	char *directory = testing_directory();
	g_autofree char *file = g_build_filename(directory, "data.mdb", NULL);
	g_autofree char *text = g_strnfill(20000, 'x');
	g_assert_true(g_file_set_contents(file, text, -1, NULL));
	refused(directory, STORE_WRITE, "cannot open the store");
	testing_remove(directory);
}

/* --- records --------------------------------------------------------------------------------------------------- */

static gboolean put_record(StoreTxn *txn, gpointer data, GError **error)
{
	guint64 *number = data;
	g_autoptr(Record) record = record_new();
	g_autoptr(GBytes) raw = g_bytes_new_static("Subject: x\r\n\r\n\0", 15);
	record->received = TESTING_NOW;
	record->sender = g_strdup("jane@example.org");
	g_ptr_array_add(record->recipients, g_strdup("<privacy@example.com>"));
	record->digest = g_strdup("d1");
	if (!store_put_record(txn, record, raw, error))
		return FALSE;
	*number = record->number;
	return TRUE;
}

static gboolean read_record(StoreTxn *txn, gpointer data, GError **error)
{
	guint64 *number = data;
	g_autoptr(Record) record = store_get_record(txn, *number, error);
	g_assert_nonnull(record);
	g_assert_cmpuint(record->number, ==, *number);
	g_assert_cmpstr(record->digest, ==, "d1");
	g_autoptr(GBytes) raw = store_get_raw(txn, *number, error);
	g_assert_cmpuint(g_bytes_get_size(raw), ==, 15);
	g_assert_null(store_get_record(txn, *number + 1, error));
	g_assert_null(store_get_raw(txn, *number + 1, error));
	g_assert_no_error(*error);
	return TRUE;
}

static gboolean put_record_and_fail(StoreTxn *txn, gpointer data, GError **error)
{
	return put_record(txn, data, error) && status_fail(error, STATUS_PERMANENT, "changed my mind");
}

static gboolean fail_without_reason(StoreTxn *txn, gpointer data, GError **error)
{
	(void)txn, (void)data, (void)error;
	return FALSE;
}

static void test_record(Fixture *f, gconstpointer data)
{
	(void)data;
	guint64 first = 0, second = 0;
	testing_write(f->store, put_record, &first);
	g_autoptr(GError) error = NULL;
	g_assert_false(store_write(f->store, put_record_and_fail, &second, &error));
	g_assert_error(error, STATUS_ERROR, STATUS_PERMANENT);
	g_clear_error(&error);
	g_assert_false(store_write(f->store, fail_without_reason, NULL, &error));
	g_assert_error(error, STATUS_ERROR, STATUS_TEMPORARY);
	testing_write(f->store, put_record, &second);
	g_assert_cmpuint(first, ==, 1);
	g_assert_cmpuint(second, ==, 2);   /* what was undone left no gap */
	testing_read(f->store, read_record, &second);
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

static gboolean put_strange_case(StoreTxn *txn, gpointer data, GError **error)
{
	(void)data;
	g_autoptr(Case) c = new_case(NULL, STATE_OPEN, 1);
	uuid_new(c->uuid);
	reference_of(c->uuid, c->reference);
	c->number = 1;
	return store_put_case(txn, c, error);
}

static void test_case(Fixture *f, gconstpointer data)
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

static void test_walk_and_write(Fixture *f, gconstpointer data)
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

static void test_event(Fixture *f, gconstpointer data)
{
	(void)data;
	testing_write(f->store, work_on_events, (gpointer)store_node(f->store));
}

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

static void test_suppression(Fixture *f, gconstpointer data)
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

static void test_digests(Fixture *f, gconstpointer data)
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

static void test_outbox(Fixture *f, gconstpointer data)
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

static void test_history(Fixture *f, gconstpointer data)
{
	(void)data;
	testing_write(f->store, work_on_history, NULL);
}

/* --- a full store, and two processes --------------------------------------------------------------------------- */

static gboolean put_big_record(StoreTxn *txn, gpointer data, GError **error)
{
	g_autoptr(Record) record = record_new();
	return store_put_record(txn, record, data, error);
}

static void test_full(void)
{
	char *directory = testing_directory();
	g_autoptr(GError) error = NULL;
	Store *store = store_open(directory, 1 << 20, STORE_WRITE, &error);
	g_assert_no_error(error);
	g_autofree char *text = g_strnfill(100000, 'x');
	g_autoptr(GBytes) raw = g_bytes_new_static(text, 100000);
	guint count = 0;
	while (count < 100 && store_write(store, put_big_record, raw, &error))
		count++;
	g_assert_cmpuint(count, >, 3);
	g_assert_cmpuint(count, <, 10);
	g_assert_true(store_is_full(error));
	g_assert_cmpint(status_of(error), ==, STATUS_TEMPORARY);
	g_assert_false(store_is_broken(store));
	g_clear_error(&error);
	/* What was there before is still there, and reading goes on. */
	store_close(store);
	store = testing_store(directory);   /* a larger map: room again */
	testing_write(store, put_big_record, raw);
	store_close(store);
	testing_remove(directory);
	g_assert_false(store_is_full(NULL));
}

enum { CHILD_RECORDS = 60 };

static int child(const char *directory)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = store_open(directory, (guint64)TESTING_MAP * 2, STORE_WRITE, &error);
	guint64 number;
	for (guint i = 0; store && i < CHILD_RECORDS && store_write(store, put_record, &number, &error); i++)
		printf("%" G_GUINT64_FORMAT "\n", number);
	return error ? 1 : 0;
}

static char *own_program;

/* The child's map is larger than ours: we must notice and follow (MDB_MAP_RESIZED), and never share a number. */
static void test_two_processes(Fixture *f, gconstpointer data)
{
	(void)data;
	char *argv[] = { own_program, (char *)"--child", f->directory, NULL };
	g_autoptr(GError) error = NULL;
	GPid pid;
	int out;
	g_assert_true(g_spawn_async_with_pipes(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL, &out, NULL, &error));
	gboolean seen[2 * CHILD_RECORDS + 1] = { FALSE };
	guint64 number;
	for (guint i = 0; i < CHILD_RECORDS; i++) {
		testing_write(f->store, put_record, &number);
		g_assert_cmpuint(number, <=, 2 * CHILD_RECORDS);
		g_assert_false(seen[number]);
		seen[number] = TRUE;
	}
	FILE *stream = fdopen(out, "r");
	guint count = 0;
	for (char line[64]; fgets(line, sizeof line, stream); count++) {
		number = g_ascii_strtoull(line, NULL, 10);
		g_assert_cmpuint(number, <=, 2 * CHILD_RECORDS);
		g_assert_false(seen[number]);
		seen[number] = TRUE;
	}
	fclose(stream);
	int status;
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_cmpint(status, ==, 0);
	g_assert_cmpuint(count, ==, CHILD_RECORDS);
	testing_read(f->store, read_record, &number);
}

int main(int argc, char **argv)
{
	if (argc == 3 && g_str_equal(argv[1], "--child"))
		return child(argv[2]);
	own_program = argv[0];
	testing_init(argc, argv);
	g_test_add_func("/store/open", test_open);
	g_test_add_func("/store/empty-directory", test_empty_directory);
	g_test_add_func("/store/foreign-file", test_foreign_file);
	g_test_add("/store/mode", Fixture, NULL, set_up, test_mode, tear_down);
	g_test_add("/store/wrong-user", Fixture, NULL, set_up, test_wrong_user, tear_down);
	g_test_add("/store/format", Fixture, NULL, set_up, test_format, tear_down);
	g_test_add("/store/record", Fixture, NULL, set_up, test_record, tear_down);
	g_test_add("/store/case", Fixture, NULL, set_up, test_case, tear_down);
	g_test_add("/store/walk-and-write", Fixture, NULL, set_up, test_walk_and_write, tear_down);
	g_test_add("/store/event", Fixture, NULL, set_up, test_event, tear_down);
	g_test_add("/store/suppression", Fixture, NULL, set_up, test_suppression, tear_down);
	g_test_add("/store/digests", Fixture, NULL, set_up, test_digests, tear_down);
	g_test_add("/store/outbox", Fixture, NULL, set_up, test_outbox, tear_down);
	g_test_add("/store/history", Fixture, NULL, set_up, test_history, tear_down);
	g_test_add_func("/store/full", test_full);
	g_test_add("/store/two-processes", Fixture, NULL, set_up, test_two_processes, tear_down);
	return g_test_run();
}
