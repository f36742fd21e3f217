#include "store.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "status.h"
#include "store-private.h"

/* "The store is full" needs an answer of its own (452 4.3.1).  A foreign domain is TEMPORARY to everyone else. */
static GQuark store_full_quark(void);
G_DEFINE_QUARK(optout-store-full, store_full)

static const char *const db_names[DB_COUNT] = {
	[DB_META] = "meta",
	[DB_RECORD] = "record",
	[DB_RAW] = "raw",
	[DB_CASE] = "case",
	[DB_DUE] = "due",
	[DB_REFERENCE] = "reference",
	[DB_SUBJECT] = "subject",
	[DB_EVENT] = "event",
	[DB_EVENT_CASE] = "event-case",
	[DB_PAYLOAD] = "payload",
	[DB_SALT] = "salt",
	[DB_SUPPRESSION] = "suppression",
	[DB_OUTBOX] = "outbox",
	[DB_OUTBOX_DUE] = "outbox-due",
	[DB_OUTBOX_CASE] = "outbox-case",
	[DB_DUPLICATE] = "duplicate",
	[DB_FAULT] = "fault",
	[DB_ANSWERED] = "answered",
};

/* Readers of all processes together; LMDB's own 126 is soon used up by many short commands. */
enum { MAX_READERS = 1024 };

const char *store_db_name(StoreDb db)
{
	return db_names[db];
}

/* --- failing --------------------------------------------------------------------------------------------------- */

static gboolean is_fatal(int code)
{
	switch (code) {
	case EIO:                   /* what reached the disk is unknown: after an fdatasync that failed, the next one may lie */
	case MDB_PANIC:
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
		return TRUE;
	default:
		return FALSE;
	}
}

static void set_broken(Store *store, int code, const char *what)
{
	if (g_atomic_int_exchange(&store->broken, 1) == 0)
		log_event(LOG_ERROR, "store-broken", "store", store->directory, "during", what, "reason", mdb_strerror(code), NULL);
}

gboolean store_fail(Store *store, int code, const char *what, GError **error)
{
	if (is_fatal(code))
		set_broken(store, code, what);
	if (code == MDB_MAP_FULL || code == ENOSPC || code == EDQUOT) {
		g_set_error(error, store_full_quark(), 0, "the store %s is full (%s: %s)", store->directory, what, mdb_strerror(code));
		return FALSE;
	}
	return status_fail(error, STATUS_TEMPORARY, "store %s: %s: %s", store->directory, what, mdb_strerror(code));
}

gboolean store_is_full(const GError *error)
{
	return error && error->domain == store_full_quark();
}

gboolean store_is_broken(const Store *store)
{
	return g_atomic_int_get(&store->broken) != 0;
}

const char *store_node(const Store *store)
{
	return store->node;
}

/* --- transactions ---------------------------------------------------------------------------------------------- */

/* On success the map can't change until `finish`. */
static int begin(Store *store, guint flags, MDB_txn **txn)
{
	int rc = 0;
	for (guint attempt = 0; attempt < 8; attempt++) {
		g_rw_lock_reader_lock(&store->resize);
		rc = mdb_txn_begin(store->env, NULL, flags, txn);
		if (rc == 0)
			return 0;
		g_rw_lock_reader_unlock(&store->resize);
		if (rc == MDB_MAP_RESIZED) {
			/* Another process made the map larger: adopt its size. */
			g_rw_lock_writer_lock(&store->resize);
			rc = mdb_env_set_mapsize(store->env, 0);
			g_rw_lock_writer_unlock(&store->resize);
			if (rc)
				return rc;
		} else if (rc == MDB_READERS_FULL) {
			int dead = 0;
			if (mdb_reader_check(store->env, &dead) || !dead)
				return rc;
		} else {
			return rc;
		}
	}
	return rc;
}

static int commit(StoreTxn *txn)
{
	int rc = mdb_txn_commit(txn->txn);
	g_rw_lock_reader_unlock(&txn->store->resize);
	return rc;
}

static void abandon(StoreTxn *txn)
{
	mdb_txn_abort(txn->txn);
	g_rw_lock_reader_unlock(&txn->store->resize);
}

static gboolean start(Store *store, StoreTxn *txn, guint flags, GError **error)
{
	txn->store = store;
	txn->txn = NULL;
	txn->failed = FALSE;
	txn->last_case.number = 0;
	if (store_is_broken(store))
		return status_fail(error, STATUS_TEMPORARY, "the store %s broke; this program must be started again", store->directory);
	int rc = begin(store, flags, &txn->txn);
	return rc == 0 || store_fail(store, rc, "begin", error);
}

/* Runs the work; what it left undone without a reason is a failure all the same. */
static gboolean run(StoreTxn *txn, StoreWork work, gpointer data, GError **error)
{
	g_autoptr(GError) failure = NULL;
	gboolean ok = work(txn, data, &failure) && !txn->failed;
	if (!ok && !failure)
		status_fail(&failure, STATUS_TEMPORARY, "store %s: the transaction failed", txn->store->directory);
	if (!ok)
		g_propagate_error(error, g_steal_pointer(&failure));
	return ok;
}

gboolean store_write(Store *store, StoreWork work, gpointer data, GError **error)
{
	StoreTxn txn;
	if (store->mode != STORE_WRITE)
		return status_fail(error, STATUS_PERMANENT, "the store %s was opened for reading", store->directory);
	if (!start(store, &txn, 0, error))
		return FALSE;
	if (!run(&txn, work, data, error)) {
		abandon(&txn);
		return FALSE;
	}
	int rc = commit(&txn);
	if (rc == 0)
		return TRUE;
	/* A map that is full shows before anything is written.  Any other failure leaves it unknown what is on the disk. */
	if (rc != MDB_MAP_FULL && rc != MDB_BAD_TXN && rc != MDB_TXN_FULL)
		set_broken(store, rc, "commit");
	return store_fail(store, rc, "commit", error);
}

gboolean store_read(Store *store, StoreWork work, gpointer data, GError **error)
{
	StoreTxn txn;
	if (!start(store, &txn, MDB_RDONLY, error))
		return FALSE;
	gboolean ok = run(&txn, work, data, error);
	abandon(&txn);
	return ok;
}

/* --- opening --------------------------------------------------------------------------------------------------- */

int store_env_open(const char *directory, guint64 map_size, guint flags, MDB_env **out)
{
	MDB_env *env = NULL;
	int rc = mdb_env_create(&env);
	if (rc)
		return rc;
	guint64 page = 65536;   /* a multiple of any page size */
	if (map_size)
		rc = mdb_env_set_mapsize(env, (size_t)((map_size + page - 1) / page * page));
	if (!rc)
		rc = mdb_env_set_maxreaders(env, MAX_READERS);
	if (!rc)
		rc = mdb_env_set_maxdbs(env, DB_COUNT);
	/* NOTLS: a reader's slot belongs to the transaction, not to the thread. */
	if (!rc)
		rc = mdb_env_open(env, directory, MDB_NOTLS | flags, 0600);
	if (rc)
		mdb_env_close(env);   /* also after a failed open, says the manual */
	else
		*out = env;
	return rc;
}

/* Whether the data file is still the one in the directory: store_compact may have swapped it while we waited for its lock. */
static gboolean is_current(Store *store)
{
	struct stat ours, there;
	int fd;
	g_autofree char *file = g_build_filename(store->directory, "data.mdb", NULL);
	return mdb_env_get_fd(store->env, &fd) == 0 && fstat(fd, &ours) == 0 && stat(file, &there) == 0 &&
	       ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

/* STORE_READ maps the data read-only through a read-only descriptor: a command that only looks can't write by mistake, and it
 * takes the map's size from the data.  The lock file it writes all the same, which is why it needs the owner's uid too. */
static gboolean open_env(Store *store, guint64 map_size, GError **error)
{
	guint flags = store->mode == STORE_READ ? MDB_RDONLY : 0;
	for (guint attempt = 0; attempt < 8; attempt++) {
		int rc = store_env_open(store->directory, flags ? 0 : map_size, flags, &store->env);
		if (rc == ENOENT)
			return status_fail(error, STATUS_PERMANENT, "there is no store in %s yet: optout-milter or optout-pipe makes it", store->directory);
		if (rc == MDB_VERSION_MISMATCH || rc == MDB_INVALID || rc == EACCES || rc == EPERM)
			return status_fail(error, STATUS_PERMANENT, "cannot open the store %s: %s", store->directory, mdb_strerror(rc));
		if (rc)
			return store_fail(store, rc, "open", error);
		if (is_current(store))
			return TRUE;
		mdb_env_close(g_steal_pointer(&store->env));
	}
	return status_fail(error, STATUS_TEMPORARY, "the store %s is being replaced", store->directory);
}

/* Opens all databases and reads what meta says; with `create`, writes it.  Returns LMDB's code, MDB_NOTFOUND where something is not there yet. */
static int open_databases(Store *store, MDB_txn *txn, gboolean create, int *format)
{
	for (guint db = 0; db < DB_COUNT; db++) {
		int rc = mdb_dbi_open(txn, db_names[db], create ? MDB_CREATE : 0, &store->dbi[db]);
		if (rc)
			return rc;
	}
	MDB_val key = { 6, (void *)"format" }, value;
	int rc = mdb_get(txn, store->dbi[DB_META], &key, &value);
	if (rc == MDB_NOTFOUND && create) {
		char node[UUID_SIZE];
		uuid_new(node);
		value = (MDB_val){ 1, (void *)"1" };
		G_STATIC_ASSERT(STORE_FORMAT == 1);
		rc = mdb_put(txn, store->dbi[DB_META], &key, &value, 0);
		MDB_val node_key = { 4, (void *)"node" }, node_value = { UUID_SIZE - 1, node };
		if (!rc)
			rc = mdb_put(txn, store->dbi[DB_META], &node_key, &node_value, 0);
		*format = STORE_FORMAT;
	} else if (rc == 0) {
		g_autofree char *text = g_strndup(value.mv_data, value.mv_size);
		*format = (int)CLAMP(g_ascii_strtoll(text, NULL, 10), 0, G_MAXINT);
	}
	MDB_val node_key = { 4, (void *)"node" };
	if (!rc)
		rc = mdb_get(txn, store->dbi[DB_META], &node_key, &value);
	if (!rc) {
		g_free(store->node);
		store->node = g_strndup(value.mv_data, value.mv_size);
	}
	return rc;
}

/* The handles count for other transactions once this one is committed, a read-only one too. */
static int try_databases(Store *store, gboolean create, int *format)
{
	StoreTxn txn = { .store = store };
	int rc = begin(store, create ? 0 : MDB_RDONLY, &txn.txn);
	if (rc)
		return rc;
	rc = open_databases(store, txn.txn, create, format);
	if (rc) {
		abandon(&txn);
		return rc;
	}
	return commit(&txn);
}

static gboolean open_or_create(Store *store, int *format, GError **error)
{
	/* Reading first: opening a store that is whole costs no commit. */
	int rc = try_databases(store, FALSE, format);
	if (rc == 0)
		return TRUE;
	if (rc != MDB_NOTFOUND)
		return store_fail(store, rc, "open", error);
	if (store->mode == STORE_READ)
		return status_fail(error, STATUS_PERMANENT, "the store in %s is not complete yet: optout-milter or optout-pipe makes it", store->directory);
	/* The names of the files first: what meta tells about must not vanish with them. */
	if (!store_directory_sync(store->directory, error))
		return FALSE;
	rc = try_databases(store, TRUE, format);
	return rc == 0 || store_fail(store, rc, "create", error);
}

Store *store_open_any(const char *directory, guint64 map_size, StoreMode mode, int *format, GError **error)
{
	if (sodium_init() < 0) {
		status_fail(error, STATUS_TEMPORARY, "libsodium does not start");
		return NULL;
	}
	if (!store_directory_ready(directory, mode == STORE_WRITE, error))
		return NULL;
	g_autoptr(Store) store = g_new0(Store, 1);
	g_rw_lock_init(&store->resize);
	store->directory = g_strdup(directory);
	store->mode = mode;
	if (!open_env(store, map_size, error) || !open_or_create(store, format, error))
		return NULL;
	return g_steal_pointer(&store);
}

Store *store_open(const char *directory, guint64 map_size, StoreMode mode, GError **error)
{
	int format = 0;
	g_autoptr(Store) store = store_open_any(directory, map_size, mode, &format, error);
	if (!store)
		return NULL;
	if (format == STORE_FORMAT)
		return g_steal_pointer(&store);
	if (format > STORE_FORMAT)
		status_fail(error, STATUS_PERMANENT, "the store %s has format %d, and this optout knows %d: a newer optout wrote it, use that one",
			    directory, format, STORE_FORMAT);
	else
		status_fail(error, STATUS_PERMANENT, "the store %s has the older format %d; run: optout store upgrade", directory, format);
	return NULL;
}

void store_close(Store *store)
{
	if (!store)
		return;
	if (store->env)
		mdb_env_close(store->env);
	g_rw_lock_clear(&store->resize);
	g_free(store->directory);
	g_free(store->node);
	g_free(store);
}
