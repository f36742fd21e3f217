#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "status.h"
#include "store-admin.h"
#include "store-testing.h"

/* One of everything, and enough of it that a copy has something to leave out. */
static gboolean fill_store(StoreTxn *txn, gpointer data, GError **error)
{
	(void)data;
	for (guint i = 0; i < 50; i++) {
		g_autoptr(Record) record = record_new();
		g_autofree char *text = g_strnfill(6000, 'r');
		g_autoptr(GBytes) raw = g_bytes_new_static(text, 6000);
		record->received = TESTING_NOW + i;
		g_autoptr(Case) c = case_new();
		g_autoptr(Letter) letter = letter_new();
		g_autoptr(Suppression) s = suppression_new("jane@example.org", "shop", "marketing", TESTING_NOW);
		if (!store_put_record(txn, record, raw, error))
			return FALSE;
		c->record = record->number;
		c->state = i % 2 ? STATE_OPEN : STATE_COMPLETED;
		c->subject_address = g_strdup("jane@example.org");
		g_date_set_dmy(&c->due, 1 + i % 28, 12, 2026);
		if (!store_put_case(txn, c, error))
			return FALSE;
		g_autoptr(Event) event = event_new("received", c->number, TESTING_NOW);
		letter->case_number = c->number;
		memcpy(letter->reference, c->reference, REFERENCE_SIZE);
		letter->to = g_strdup("jane@example.org");
		letter->state = i % 3 ? DELIVERY_DUE : DELIVERY_SENT;
		guint8 key[32] = { (guint8)i };
		gboolean before;
		if (!store_put_event(txn, event, error) || !store_put_letter(txn, letter, error) ||
		    !store_put_suppression(txn, s, NULL, error) || !store_note_fault(txn, key, 1, &before, error) ||
		    !store_put_duplicate(txn, key, c->number, EVIDENCE_E2, TESTING_NOW, error) ||
		    !store_put_answered(txn, "jane@example.org", "m", TESTING_NOW, error))
			return FALSE;
	}
	return TRUE;
}

static void set_up(StoreFixture *f, gconstpointer data)
{
	testing_set_up(f, data);
	testing_write(f->store, fill_store, NULL);
}

/* The number of faults, the first of which holds `words`. */
static guint faults(Store *store, const char *words)
{
	GError *error = NULL;
	g_autoptr(GPtrArray) report = g_ptr_array_new_with_free_func(g_free);
	g_assert_true(store_check(store, report, &error));
	g_assert_no_error(error);
	if (report->len && !(words && strstr(g_ptr_array_index(report, 0), words)))
		g_error("unexpected: %s", (char *)g_ptr_array_index(report, 0));
	return report->len;
}

static guint faults_of(const char *directory, const char *words)
{
	g_autoptr(Store) store = store_open(directory, TESTING_MAP, STORE_READ, NULL);
	g_assert_nonnull(store);
	return faults(store, words);
}

static void test_backup(StoreFixture *f, gconstpointer data)
{
	(void)data;
	GError *error = NULL;
	struct stat status;
	g_autofree char *copy = g_build_filename(f->directory, "copy", NULL);
	g_autofree char *file = g_build_filename(copy, "data.mdb", NULL);
	g_assert_true(store_backup(f->store, copy, &error));
	g_assert_no_error(error);
	g_assert_cmpint(stat(file, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0600);
	g_assert_false(store_backup(f->store, copy, &error));   /* never over another one */
	g_assert_error(error, STATUS_ERROR, STATUS_PERMANENT);
	g_clear_error(&error);
	Store *other = testing_store(copy);
	g_assert_cmpstr(store_node(other), ==, store_node(f->store));
	g_assert_cmpuint(faults(other, NULL), ==, 0);
	testing_write(other, fill_store, NULL);
	store_close(other);
	g_autofree char *nowhere = g_build_filename(copy, "a", "b", NULL);
	g_assert_false(store_backup(f->store, nowhere, &error));
	g_assert_error(error, STATUS_ERROR, STATUS_PERMANENT);
	g_clear_error(&error);
}

/* --- damage, done with LMDB itself ----------------------------------------------------------------------------- */

typedef enum { DELETE_FIRST, SPOIL_FIRST, ADD } Damage;

static void damage(const char *directory, const char *db, Damage what)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	MDB_cursor *cursor;
	MDB_val key, value;
	g_assert_cmpint(mdb_env_create(&env), ==, 0);
	g_assert_cmpint(mdb_env_set_maxdbs(env, 20), ==, 0);
	g_assert_cmpint(mdb_env_open(env, directory, 0, 0600), ==, 0);
	g_assert_cmpint(mdb_txn_begin(env, NULL, 0, &txn), ==, 0);
	g_assert_cmpint(mdb_dbi_open(txn, db, 0, &dbi), ==, 0);
	g_assert_cmpint(mdb_cursor_open(txn, dbi, &cursor), ==, 0);
	g_assert_cmpint(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), ==, 0);
	if (what == DELETE_FIRST) {
		g_assert_cmpint(mdb_cursor_del(cursor, 0), ==, 0);
	} else {
		g_autofree char *changed = g_malloc0(value.mv_size + 1);
		memcpy(changed, value.mv_data, value.mv_size);
		g_autofree char *other = g_memdup2(key.mv_data, key.mv_size);
		MDB_val v = { value.mv_size, changed }, k = { key.mv_size, other };
		if (what == ADD)
			other[key.mv_size - 1] = 'x';       /* an entry for number 120 */
		else
			changed[value.mv_size - 1] ^= 1;
		g_assert_cmpint(mdb_put(txn, dbi, &k, &v, 0), ==, 0);
	}
	mdb_cursor_close(cursor);
	g_assert_cmpint(mdb_txn_commit(txn), ==, 0);
	mdb_env_close(env);
}

static void test_check(StoreFixture *f, gconstpointer data)
{
	(void)data;
	g_assert_cmpuint(faults(f->store, NULL), ==, 0);
	static const struct { const char *db; Damage damage; const char *words; } cases[] = {
		{ "due", DELETE_FIRST, "case" },            { "due", ADD, "due has an entry for 120" },
		{ "subject", DELETE_FIRST, "case 1" },      { "subject", ADD, "subject has an entry" },
		{ "reference", DELETE_FIRST, "reference" }, { "reference", SPOIL_FIRST, "case" },
		{ "record", DELETE_FIRST, "case 1 names record 1" }, { "record", SPOIL_FIRST, "record 1" },
		{ "case", SPOIL_FIRST, "case 1" },          { "event", DELETE_FIRST, "payload 1 names event 1" },
		{ "event", SPOIL_FIRST, "event 1" },        { "payload", SPOIL_FIRST, "event 1: its payload is not" },
		{ "salt", SPOIL_FIRST, "event 1: its payload is not" }, { "salt", ADD, "salt has an entry for 120" },
		{ "event-case", DELETE_FIRST, "event 1" },  { "event-case", ADD, "event-case has an entry" },
		{ "outbox", SPOIL_FIRST, "outbox 1" },      { "outbox-due", DELETE_FIRST, "letter" },
		{ "outbox-due", ADD, "outbox-due has" },    { "outbox-case", DELETE_FIRST, "letter 1" },
		{ "suppression", SPOIL_FIRST, "a suppression" }, { "suppression", ADD, "under the key of another" },
		{ "raw", ADD, "raw has an entry" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		GError *error = NULL;
		g_autofree char *copy = g_strdup_printf("%s/copy%u", f->directory, i);
		g_assert_true(store_backup(f->store, copy, &error));
		damage(copy, cases[i].db, cases[i].damage);
		g_assert_cmpuint(faults_of(copy, cases[i].words), >, 0);
	}
	/* An erased payload, or an erased salt, is no damage. */
	for (guint i = 0; i < 2; i++) {
		GError *error = NULL;
		g_autofree char *copy = g_strdup_printf("%s/erased%u", f->directory, i);
		g_assert_true(store_backup(f->store, copy, &error));
		damage(copy, i ? "payload" : "salt", DELETE_FIRST);
		g_assert_cmpuint(faults_of(copy, NULL), ==, 0);
	}
}

/* --- another process ------------------------------------------------------------------------------------------- */

static char *own_program;

static gboolean tell_and_wait(StoreTxn *txn, gpointer data, GError **error)
{
	(void)txn, (void)data, (void)error;
	char c;
	puts("open");
	fflush(stdout);
	return read(STDIN_FILENO, &c, 1) == 0;   /* until it is killed, or its parent is gone */
}

static int child(const char *directory)
{
	g_autoptr(Store) store = store_open(directory, TESTING_MAP, STORE_READ, NULL);
	return store && store_read(store, tell_and_wait, NULL, NULL) ? 0 : 1;
}

static GPid start_reader(const char *directory)
{
	char *argv[] = { own_program, (char *)"--child", (char *)directory, NULL };
	GError *error = NULL;
	GPid pid;
	int in, out;
	g_assert_true(g_spawn_async_with_pipes(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, &in, &out, NULL, &error));
	char line[8] = "";
	g_assert_cmpint(read(out, line, 5), ==, 5);
	g_assert_cmpstr(line, ==, "open\n");
	close(out);   /* `in` stays open: the child waits */
	return pid;
}

static void end_reader(GPid pid)
{
	kill(pid, SIGKILL);
	g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
}

static int count_line(const char *line, void *data)
{
	*(int *)data += strstr(line, "(no active readers)") ? 0 : 1;
	return 0;
}

/* Lines of LMDB's own list of readers: a title and one for each. */
static int readers(const char *directory)
{
	MDB_env *env;
	int lines = 0;
	g_assert_cmpint(mdb_env_create(&env), ==, 0);
	g_assert_cmpint(mdb_env_open(env, directory, MDB_RDONLY, 0600), ==, 0);
	g_assert_cmpint(mdb_reader_list(env, count_line, &lines), >=, 0);
	mdb_env_close(env);
	return lines;
}

/* A reader that was killed keeps its slot, and with it every page since, until somebody looks. */
static void test_tidy(StoreFixture *f, gconstpointer data)
{
	(void)data;
	/* Once in this process: the list is read while the store is closed, so another child keeps the locks. */
	store_close(g_steal_pointer(&f->store));
	GPid keeper = start_reader(f->directory), victim = start_reader(f->directory);
	int both = readers(f->directory);
	end_reader(victim);
	g_assert_cmpint(readers(f->directory), ==, both);
	f->store = testing_store(f->directory);
	store_tidy(f->store);
	store_close(g_steal_pointer(&f->store));
	g_assert_cmpint(readers(f->directory), ==, both - 1);
	end_reader(keeper);
	f->store = testing_store(f->directory);
}

static gboolean drop(StoreTxn *txn, gpointer data, GError **error)
{
	guint *dropped = data;
	return store_drop_raw(txn, TESTING_NOW + 40, 25, dropped, error);
}

static gboolean check_dropped(StoreTxn *txn, gpointer data, GError **error)
{
	(void)data;
	for (guint64 i = 1; i <= 50; i++) {
		g_autoptr(GBytes) raw = store_get_raw(txn, i, error);
		g_autoptr(Record) record = store_get_record(txn, i, error);
		g_assert_nonnull(record);
		g_assert_cmpint(raw != NULL, ==, i > 40);
	}
	return TRUE;
}

static void test_drop_raw(StoreFixture *f, gconstpointer data)
{
	(void)data;
	static const guint expected[] = { 25, 15, 0 };
	for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
		guint dropped = 99;
		testing_write(f->store, drop, &dropped);
		g_assert_cmpuint(dropped, ==, expected[i]);
	}
	testing_read(f->store, check_dropped, NULL);
	g_assert_cmpuint(faults(f->store, NULL), ==, 0);
	/* Numbers go on where they were, and raw messages are appended behind what is gone. */
	testing_write(f->store, fill_store, NULL);
}

static void test_compact(StoreFixture *f, gconstpointer data)
{
	(void)data;
	guint dropped;
	guint64 before = 0, after = 0;
	g_autoptr(GError) error = NULL;
	g_autofree char *node = g_strdup(store_node(f->store));
	g_autofree char *beside = g_build_filename(f->directory, "compact", NULL);
	testing_write(f->store, drop, &dropped);
	store_close(g_steal_pointer(&f->store));

	GPid reader = start_reader(f->directory);
	g_assert_false(store_compact(f->directory, TESTING_MAP, &before, &after, &error));
	g_assert_nonnull(strstr(error->message, "is in use"));
	g_clear_error(&error);
	end_reader(reader);

	g_assert_cmpint(g_mkdir(beside, 0700), ==, 0);   /* what a compaction that was killed leaves */
	g_autofree char *half = g_build_filename(beside, "data.mdb", NULL);
	g_assert_true(g_file_set_contents(half, "half", -1, NULL));
	g_assert_true(store_compact(f->directory, TESTING_MAP, &before, &after, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(after, <, before);
	g_assert_cmpuint(after, >, 0);
	g_assert_false(g_file_test(beside, G_FILE_TEST_EXISTS));
	f->store = testing_store(f->directory);
	g_assert_cmpstr(store_node(f->store), ==, node);
	g_assert_cmpuint(faults(f->store, NULL), ==, 0);
	testing_write(f->store, fill_store, NULL);
	g_assert_cmpuint(faults(f->store, NULL), ==, 0);
}

static void test_compact_nothing(void)
{
	char *directory = testing_directory();
	guint64 before, after;
	g_autoptr(GError) error = NULL;
	g_assert_false(store_compact(directory, TESTING_MAP, &before, &after, &error));
	g_assert_error(error, STATUS_ERROR, STATUS_PERMANENT);
	testing_remove(directory);
}

/* A damaged store is not replaced by its damaged copy. */
static void test_compact_damaged(StoreFixture *f, gconstpointer data)
{
	(void)data;
	guint64 before, after;
	g_autoptr(GError) error = NULL;
	store_close(g_steal_pointer(&f->store));
	damage(f->directory, "payload", SPOIL_FIRST);
	g_assert_false(store_compact(f->directory, TESTING_MAP, &before, &after, &error));
	g_assert_nonnull(strstr(error->message, "left as it is"));
	f->store = testing_store(f->directory);
	g_assert_cmpuint(faults(f->store, "event 1"), >, 0);
}

static void test_upgrade(StoreFixture *f, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	store_close(g_steal_pointer(&f->store));
	g_assert_true(store_upgrade(f->directory, TESTING_MAP, &error));
	damage(f->directory, "meta", SPOIL_FIRST);   /* "1" ^ 1 is "0" */
	g_assert_false(store_upgrade(f->directory, TESTING_MAP, &error));
	g_assert_error(error, STATUS_ERROR, STATUS_PERMANENT);
	damage(f->directory, "meta", SPOIL_FIRST);
	f->store = testing_store(f->directory);
}

static void test_fill(StoreFixture *f, gconstpointer data)
{
	(void)data;
	double full = store_fill(f->store);
	guint dropped;
	g_assert_cmpfloat(full, >, 0.005);   /* 50 raw messages of two pages, of 64 MiB */
	g_assert_cmpfloat(full, <, 0.05);
	testing_write(f->store, drop, &dropped);
	testing_write(f->store, drop, &dropped);
	g_assert_cmpfloat(store_fill(f->store), <, full);   /* free pages are not in use */
}

int main(int argc, char **argv)
{
	if (argc == 3 && g_str_equal(argv[1], "--child"))
		return child(argv[2]);
	own_program = argv[0];
	testing_init(argc, argv);
	g_test_add("/store-admin/backup", StoreFixture, NULL, set_up, test_backup, testing_tear_down);
	g_test_add("/store-admin/check", StoreFixture, NULL, set_up, test_check, testing_tear_down);
	g_test_add("/store-admin/tidy", StoreFixture, NULL, set_up, test_tidy, testing_tear_down);
	g_test_add("/store-admin/drop-raw", StoreFixture, NULL, set_up, test_drop_raw, testing_tear_down);
	g_test_add("/store-admin/compact", StoreFixture, NULL, set_up, test_compact, testing_tear_down);
	g_test_add("/store-admin/compact-damaged", StoreFixture, NULL, set_up, test_compact_damaged, testing_tear_down);
	g_test_add_func("/store-admin/compact-nothing", test_compact_nothing);
	g_test_add("/store-admin/upgrade", StoreFixture, NULL, set_up, test_upgrade, testing_tear_down);
	g_test_add("/store-admin/fill", StoreFixture, NULL, set_up, test_fill, testing_tear_down);
	return g_test_run();
}
