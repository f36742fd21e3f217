/* Raw messages whose time is over go, in small transactions; the others stay. */
#include "committer.h"
#include "store-testing.h"
#include "upkeep.h"

enum { OLD = 250, NEW = 20, DAY = 86400 };

static gboolean fill(StoreTxn *txn, gpointer data, GError **error)
{
	gint64 now = *(const gint64 *)data;
	g_autoptr(GBytes) raw = g_bytes_new_static("Subject: stop\r\n\r\n", 17);
	for (guint i = 0; i < OLD + NEW; i++) {
		g_autoptr(Record) record = record_new();
		record->received = now - (i < OLD ? 3 : 1) * DAY;
		record->sender = g_strdup("ann@example.org");
		if (!store_put_record(txn, record, raw, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean count(StoreTxn *txn, gpointer data, GError **error)
{
	guint *left = data;
	*left = 0;
	for (guint64 i = 1; i <= OLD + NEW; i++) {
		g_autoptr(GBytes) raw = store_get_raw(txn, i, error);
		*left += raw != NULL;
	}
	return TRUE;
}

static guint left_after(StoreFixture *f, guint keep_raw)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	Committer *committer = committer_new(f->store, loop);
	Config *config = config_default();
	config->keep_raw = keep_raw;
	Upkeep *upkeep = upkeep_new(loop, f->store, committer, config);
	guint left = 0;
	/* The first look comes at once; what it begins goes on until nothing is pending. */
	ev_run(loop, EVRUN_ONCE);
	while (committer_pending(committer))
		ev_run(loop, EVRUN_ONCE);
	testing_read(f->store, count, &left);
	upkeep_stop(upkeep);
	committer_free(committer);
	upkeep_free(upkeep);
	config_unref(config);
	ev_loop_destroy(loop);
	return left;
}

static void test_raw(StoreFixture *f, gconstpointer data)
{
	(void)data;
	gint64 now = g_get_real_time() / G_USEC_PER_SEC;
	testing_write(f->store, fill, &now);
	g_assert_cmpuint(left_after(f, 0), ==, OLD + NEW);
	g_assert_cmpuint(left_after(f, 4), ==, OLD + NEW);
	g_assert_cmpuint(left_after(f, 2), ==, NEW);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add("/upkeep/raw", StoreFixture, NULL, testing_set_up, test_raw, testing_tear_down);
	return g_test_run();
}
