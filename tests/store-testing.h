/* store-testing - what the tests of the store and of what stands on it share: a store in a temporary directory of its own.
 */
#pragma once
#include <glib/gstdio.h>

#include "store.h"
#include "testing.h"

enum { TESTING_MAP = 64 << 20, TESTING_NOW = 1795514400 /* 2026-11-24T10:00:00Z */ };

static inline char *testing_directory(void)
{
	GError *error = NULL;
	char *directory = g_dir_make_tmp("optout-test-XXXXXX", &error);
	g_assert_no_error(error);
	return directory;
}

static inline void testing_remove(char *directory)
{
	GDir *dir = g_dir_open(directory, 0, NULL);
	const char *name;
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(directory, name, NULL);
		if (g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK))
			testing_remove(g_strdup(path));
		else
			g_unlink(path);
	}
	if (dir)
		g_dir_close(dir);
	g_rmdir(directory);
	g_free(directory);
}

static inline Store *testing_store(const char *directory)
{
	GError *error = NULL;
	Store *store = store_open(directory, TESTING_MAP, STORE_WRITE, &error);
	g_assert_no_error(error);
	return store;
}

static inline void testing_write(Store *store, StoreWork work, gpointer data)
{
	GError *error = NULL;
	gboolean ok = store_write(store, work, data, &error);
	g_assert_no_error(error);
	g_assert_true(ok);
}

static inline void testing_read(Store *store, StoreWork work, gpointer data)
{
	GError *error = NULL;
	gboolean ok = store_read(store, work, data, &error);
	g_assert_no_error(error);
	g_assert_true(ok);
}

/* A StoreWork; `data` is a guint64 that becomes the number. */
static inline gboolean testing_put_record(StoreTxn *txn, gpointer data, GError **error)
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

typedef struct {
	char *directory;
	Store *store;
} StoreFixture;

static inline void testing_set_up(StoreFixture *f, gconstpointer data)
{
	(void)data;
	f->directory = testing_directory();
	f->store = testing_store(f->directory);
}

static inline void testing_tear_down(StoreFixture *f, gconstpointer data)
{
	(void)data;
	store_close(f->store);
	testing_remove(f->directory);
}
