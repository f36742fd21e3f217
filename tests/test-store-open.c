#include <errno.h>
#include <lmdb.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "status.h"
#include "store-testing.h"

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

static void test_mode(StoreFixture *f, gconstpointer data)
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

static void test_wrong_user(StoreFixture *f, gconstpointer data)
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
	refused(f->directory, STORE_WRITE, "test-store-open");
	g_assert_cmpint(seteuid(0), ==, 0);
	g_assert_cmpint(chown(f->directory, uid, (gid_t)-1), ==, 0);
	refused(f->directory, STORE_WRITE, "belongs to user nobody; run: runuser -u nobody -- ");
	g_assert_cmpint(chown(f->directory, 3999999, (gid_t)-1), ==, 0);
	refused(f->directory, STORE_WRITE, "setpriv --reuid=3999999");
	g_assert_cmpint(chown(f->directory, 0, (gid_t)-1), ==, 0);
	f->store = testing_store(f->directory);
}

static void test_format(StoreFixture *f, gconstpointer data)
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

/* `big`: more than a megabyte in all. */
static int child(const char *directory, gboolean big)
{
	g_autofree char *text = g_strnfill(100000, 'x');
	g_autoptr(GBytes) raw = g_bytes_new_static(text, 100000);
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = store_open(directory, (guint64)TESTING_MAP * 2, STORE_WRITE, &error);
	guint64 number = 0;
	for (guint i = 0; store && i < CHILD_RECORDS; i++) {
		if (!store_write(store, big ? put_big_record : testing_put_record, big ? (gpointer)raw : &number, &error))
			break;
		if (!big)
			printf("%" G_GUINT64_FORMAT "\n", number);
	}
	return error ? 1 : 0;
}

static char *own_program;

static gboolean count_records(StoreTxn *txn, gpointer data, GError **error)
{
	(void)data;
	for (guint64 i = 1; i <= 2 * CHILD_RECORDS; i++) {
		g_autoptr(Record) record = store_get_record(txn, i, error);
		g_autoptr(GBytes) raw = store_get_raw(txn, i, error);
		g_assert_nonnull(record);
		g_assert_nonnull(raw);
	}
	return TRUE;
}

/* Two who write at once never share a number. */
static void test_two_processes(StoreFixture *f, gconstpointer data)
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
		testing_write(f->store, testing_put_record, &number);
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
	testing_read(f->store, count_records, &number);
}

static gboolean has_record(StoreTxn *txn, gpointer data, GError **error)
{
	g_autoptr(Record) record = store_get_record(txn, *(guint64 *)data, error);
	g_assert_nonnull(record);
	return TRUE;
}

/* The child's map is larger, and it filled more than ours holds: we must notice and follow (MDB_MAP_RESIZED). */
static void test_resized(void)
{
	char *directory = testing_directory();
	char *argv[] = { own_program, (char *)"--child", directory, (char *)"big", NULL };
	g_autoptr(GError) error = NULL;
	int status;
	guint64 number;
	Store *store = store_open(directory, 1 << 20, STORE_WRITE, &error), *reader;
	g_assert_no_error(error);
	testing_write(store, testing_put_record, &number);
	g_assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, &error));
	g_assert_cmpint(status, ==, 0);
	testing_write(store, testing_put_record, &number);
	g_assert_cmpuint(number, ==, CHILD_RECORDS + 2);
	store_close(store);
	reader = store_open(directory, 1 << 20, STORE_READ, &error);
	g_assert_no_error(error);
	g_assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, &error));
	testing_read(reader, has_record, &number);
	store_close(reader);
	testing_remove(directory);
}

int main(int argc, char **argv)
{
	if (argc >= 3 && g_str_equal(argv[1], "--child"))
		return child(argv[2], argc > 3);
	own_program = argv[0];
	testing_init(argc, argv);
	g_test_add_func("/store-open/open", test_open);
	g_test_add_func("/store-open/empty-directory", test_empty_directory);
	g_test_add_func("/store-open/foreign-file", test_foreign_file);
	g_test_add("/store-open/mode", StoreFixture, NULL, testing_set_up, test_mode, testing_tear_down);
	g_test_add("/store-open/wrong-user", StoreFixture, NULL, testing_set_up, test_wrong_user, testing_tear_down);
	g_test_add("/store-open/format", StoreFixture, NULL, testing_set_up, test_format, testing_tear_down);
	g_test_add_func("/store-open/full", test_full);
	g_test_add("/store-open/two-processes", StoreFixture, NULL, testing_set_up, test_two_processes, testing_tear_down);
	g_test_add_func("/store-open/resized", test_resized);
	return g_test_run();
}
