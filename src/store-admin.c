#include "store-admin.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "status.h"
#include "store-private.h"

/* --- copies ---------------------------------------------------------------------------------------------------- */

/* A compacted copy of `env` as `directory`/data.mdb, on the disk when this returns.  LMDB would make the file itself, but readable by
 * whoever the umask lets. */
static gboolean copy_env(MDB_env *env, const char *directory, GError **error)
{
	g_autofree char *file = g_build_filename(directory, "data.mdb", NULL);
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return status_fail(error, errno == EEXIST ? STATUS_PERMANENT : STATUS_TEMPORARY, "cannot create %s: %s", file, g_strerror(errno));
	int rc = mdb_env_copyfd2(env, fd, MDB_CP_COMPACT);
	if (!rc && fsync(fd))
		rc = errno;
	if (close(fd) && !rc)
		rc = errno;
	if (rc == 0 && store_directory_sync(directory, error))
		return TRUE;
	g_unlink(file);   /* half a copy must not be taken for one */
	return rc ? status_fail(error, STATUS_TEMPORARY, "cannot copy the store to %s: %s", file, mdb_strerror(rc)) : FALSE;
}

gboolean store_backup(Store *store, const char *directory, GError **error)
{
	return store_directory_ready(directory, TRUE, error) && copy_env(store->env, directory, error);
}

/* --- compaction ------------------------------------------------------------------------------------------------ */

static guint64 size_of(const char *file)
{
	struct stat status;
	return stat(file, &status) == 0 ? (guint64)status.st_size : 0;
}

/* LMDB's own lock on the first byte of its lock file: whoever has the store open holds it shared, and who holds it alone keeps all
 * others waiting in mdb_env_open.  -1 and *error: somebody has the store open. */
static int lock_alone(const char *directory, GError **error)
{
	g_autofree char *file = g_build_filename(directory, "lock.mdb", NULL);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && fcntl(fd, F_SETLK, &lock) == 0)
		return fd;
	if (fd >= 0 && (errno == EAGAIN || errno == EACCES))
		status_fail(error, STATUS_TEMPORARY, "the store %s is in use; stop optout-milter, optout-send and what else has it open", directory);
	else
		status_fail(error, STATUS_TEMPORARY, "cannot lock the store %s: %s", directory, g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static void remove_copy(const char *directory)
{
	g_autofree char *data = g_build_filename(directory, "data.mdb", NULL);
	g_autofree char *lock = g_build_filename(directory, "lock.mdb", NULL);
	g_unlink(data);
	g_unlink(lock);
	g_rmdir(directory);
}

static gboolean check_copy(const char *directory, guint64 map_size, GError **error)
{
	g_autoptr(GPtrArray) report = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Store) copy = store_open(directory, map_size, STORE_READ, error);
	if (!copy || !store_check(copy, report, error))
		return FALSE;
	if (report->len)
		return status_fail(error, STATUS_TEMPORARY, "the store was left as it is, because the copy has %u faults, the first: %s", report->len,
				   (const char *)g_ptr_array_index(report, 0));
	return TRUE;
}

/* The copy is made without LMDB's locks, since we hold them: closing an environment with them would give ours up (POSIX locks go
 * with any descriptor of the file). */
static gboolean make_copy(const char *directory, const char *beside, guint64 map_size, GError **error)
{
	MDB_env *env;
	int rc = store_env_open(directory, map_size, MDB_RDONLY | MDB_NOLOCK, &env);
	if (rc)
		return status_fail(error, STATUS_PERMANENT, "cannot open the store %s: %s", directory, mdb_strerror(rc));
	gboolean ok = store_directory_ready(beside, TRUE, error) && copy_env(env, beside, error);
	mdb_env_close(env);
	return ok && check_copy(beside, map_size, error);
}

/* Under the lock.  The lock file still tells of the old data, and whoever waits for it will believe it: opening the new data once, as
 * the only one, writes it anew before the lock goes. */
static gboolean swap(const char *directory, const char *beside, guint64 map_size, GError **error)
{
	g_autofree char *old = g_build_filename(directory, "data.mdb", NULL);
	g_autofree char *new = g_build_filename(beside, "data.mdb", NULL);
	if (g_rename(new, old))
		return status_fail(error, STATUS_TEMPORARY, "cannot rename %s to %s: %s", new, old, g_strerror(errno));
	g_autoptr(Store) store = NULL;
	return store_directory_sync(directory, error) && (store = store_open(directory, map_size, STORE_WRITE, error)) != NULL;
}

gboolean store_compact(const char *directory, guint64 map_size, guint64 *before, guint64 *after, GError **error)
{
	g_autofree char *data = g_build_filename(directory, "data.mdb", NULL);
	g_autofree char *beside = g_build_filename(directory, "compact", NULL);
	if (!store_directory_ready(directory, FALSE, error))
		return FALSE;
	if (!g_file_test(data, G_FILE_TEST_EXISTS))
		return status_fail(error, STATUS_PERMANENT, "there is no store in %s yet", directory);
	int lock = lock_alone(directory, error);
	if (lock < 0)
		return FALSE;
	*before = size_of(data);
	remove_copy(beside);   /* of an earlier try that was cut off */
	gboolean ok = make_copy(directory, beside, map_size, error) && swap(directory, beside, map_size, error);
	remove_copy(beside);
	close(lock);
	*after = size_of(data);
	return ok;
}

/* --- formats --------------------------------------------------------------------------------------------------- */

gboolean store_upgrade(const char *directory, guint64 map_size, GError **error)
{
	int format = 0;
	g_autoptr(Store) store = store_open_any(directory, map_size, STORE_WRITE, &format, error);
	if (!store)
		return FALSE;
	if (format == STORE_FORMAT)
		return TRUE;
	if (format > STORE_FORMAT)
		return status_fail(error, STATUS_PERMANENT, "the store %s has format %d, and this optout knows %d: a newer optout wrote it", directory,
				   format, STORE_FORMAT);
	/* Format 1 is the first one.  Each later format adds its step from the one before here, in one transaction with the new number. */
	return status_fail(error, STATUS_PERMANENT, "the store %s has format %d, which no optout ever wrote", directory, format);
}

/* --- space ----------------------------------------------------------------------------------------------------- */

gboolean store_drop_raw(StoreTxn *txn, gint64 before, guint most, guint *dropped, GError **error)
{
	enum { LOOKS = 4 };
	*dropped = 0;
	/* Records lie in time order but for clocks that were set: look a little beyond those that are too young, not at all of them. */
	g_autoptr(GArray) numbers = store_db_numbers_after(txn, DB_RAW, 0, most * LOOKS, error);
	if (!numbers)
		return FALSE;
	for (guint i = 0; i < numbers->len && *dropped < most; i++) {
		guint64 number = g_array_index(numbers, guint64, i);
		g_autoptr(GError) failure = NULL;
		g_autoptr(Record) record = store_get_record(txn, number, &failure);
		if (failure) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return FALSE;
		}
		StoreKey key = store_key_number(number);
		if (record && record->received >= before)
			continue;
		if (!store_db_delete(txn, DB_RAW, &key, error))
			return FALSE;
		++*dropped;
	}
	return TRUE;
}

static gboolean add_free_pages(const MDB_val *value, guint64 *pages)
{
	size_t count;
	if (value->mv_size < sizeof count)
		return FALSE;
	memcpy(&count, value->mv_data, sizeof count);   /* an ID list of LMDB: its length first */
	*pages += count;
	return TRUE;
}

/* Pages that were used and are free again; LMDB keeps them in database 0. */
static gboolean count_free(StoreTxn *txn, gpointer data, GError **error)
{
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(txn->txn, 0, &cursor);
	if (rc)
		return store_fail(txn->store, rc, "free pages", error);
	MDB_val key, value;
	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0 && add_free_pages(&value, data))
		;
	mdb_cursor_close(cursor);
	return TRUE;
}

double store_fill(Store *store)
{
	MDB_envinfo info;
	MDB_stat stat;
	guint64 free_pages = 0;
	if (mdb_env_info(store->env, &info) || mdb_env_stat(store->env, &stat) || !info.me_mapsize)
		return 0;
	if (!store_read(store, count_free, &free_pages, NULL))
		free_pages = 0;
	double used = (double)(info.me_last_pgno + 1) - (double)free_pages;
	return CLAMP(used * stat.ms_psize / (double)info.me_mapsize, 0, 1);
}

void store_tidy(Store *store)
{
	int dead;
	if (!store_is_broken(store))
		mdb_reader_check(store->env, &dead);
}
