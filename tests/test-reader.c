/* The pool, with this program itself as its reader (started with the reader's options): so that it can die, hang, and lie on demand. */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "reader-child.h"
#include "reader.h"
#include "status.h"

/* --- as the reader -------------------------------------------------------------------------------------------- */

static guint count_descriptors(void)
{
	g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
	guint count = 0;
	while (dir && g_dir_read_name(dir))
		count++;
	return count - 1;   /* the directory's own */
}

static json_t *answer(const ReadRequest *request, const guint8 *message, gsize length, gpointer data)
{
	(void)data;
	g_autofree char *text = g_strndup((const char *)message, MIN(length, 40));
	if (g_str_equal(text, "die"))
		kill(getpid(), SIGKILL);
	if (g_str_equal(text, "hang"))
		for (;;)
			pause();
	if (g_str_equal(text, "nonsense"))
		return json_pack("{s:s}", "kind", "shopping");
	g_autoptr(Verdict) verdict = verdict_new();
	verdict->kind = KIND_ENQUIRY;
	verdict->facts = facts_new();
	verdict->facts->subject = g_strdup(text);
	verdict->facts->message_id = g_strdup_printf("%" G_GSIZE_FORMAT, length);
	verdict->facts->from_name = g_strdup_printf("%d", (int)getpid());
	verdict->facts->report_type = g_strdup_printf("%u", count_descriptors());
	verdict->facts->reply_to = g_strdup(request->recipient);
	return verdict_to_json(verdict);
}

static int be_reader(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (g_str_has_suffix(argv[i], "/broken"))
			return !reader_child_say_error(0, "broken/de.filter:3: no section of this name");
		if (g_str_has_suffix(argv[i], "/mute"))
			return 3;
	}
	g_autoptr(GError) error = NULL;
	return !(reader_child_say_ready(0) && reader_child_serve(0, 16 << 20, 10, answer, NULL, &error));
}

/* --- as the parent -------------------------------------------------------------------------------------------- */

typedef struct {
	struct ev_loop *loop;
	guint answered, failed, unavailable, waiting;
	GHashTable *pids;       /* of the readers that answered */
	char *last_error;
} Tally;

typedef struct {
	Tally *tally;
	char *text;
	gsize length;
} Asked;

static void done(gpointer data, Verdict *verdict, const GError *error)
{
	Asked *asked = data;
	Tally *tally = asked->tally;
	if (verdict) {
		g_assert_no_error(error);
		g_autofree char *length = g_strdup_printf("%" G_GSIZE_FORMAT, asked->length);
		g_autofree char *text = g_strndup(asked->text, 40);
		g_assert_cmpstr(verdict->facts->subject, ==, text);
		g_assert_cmpstr(verdict->facts->message_id, ==, length);
		g_assert_cmpstr(verdict->facts->reply_to, ==, "privacy@example.com");
		/* 0, 1, 2 and nothing more, whatever the parent has open. */
		g_assert_cmpstr(verdict->facts->report_type, ==, "3");
		g_hash_table_add(tally->pids, g_strdup(verdict->facts->from_name));
		tally->answered++;
		verdict_free(verdict);
	} else {
		g_assert_cmpint(status_of(error), ==, STATUS_TEMPORARY);
		tally->unavailable += reader_is_unavailable(error);
		g_free(tally->last_error);
		tally->last_error = g_strdup(error->message);
		tally->failed++;
	}
	g_free(asked->text);
	g_free(asked);
	if (--tally->waiting == 0)
		ev_break(tally->loop, EVBREAK_ALL);
}

static void tally_init(Tally *tally)
{
	*tally = (Tally){ .loop = ev_loop_new(0), .pids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) };
}

static void tally_clear(Tally *tally)
{
	g_hash_table_unref(tally->pids);
	g_free(tally->last_error);
	ev_loop_destroy(tally->loop);
}

static void ask(ReaderPool *pool, Tally *tally, const char *text, gsize pad)
{
	Asked *asked = g_new(Asked, 1);
	asked->tally = tally;
	asked->length = strlen(text) + pad;
	asked->text = g_malloc0(asked->length + 1);
	memset(asked->text, 'x', asked->length);
	memcpy(asked->text, text, strlen(text));
	g_autoptr(GBytes) message = g_bytes_new(asked->text, asked->length);
	ReadRequest request = { .sender = "a@example.org", .recipient = "privacy@example.com", .delimiter = "+" };
	tally->waiting++;
	guint before = tally->answered + tally->failed;
	reader_pool_read(pool, &request, message, done, asked);
	g_assert_cmpuint(tally->answered + tally->failed, ==, before);
}

static Config *config_with(const char *filters)
{
	Config *config = config_default();
	g_strfreev(config->filters);
	config->filters = g_strsplit(filters, ":", -1);
	return config;
}

static void on_late(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop, (void)timer, (void)events;
	g_error("nothing was answered within 30 seconds");
}

/* Until every message asked for has its answer. */
static void run(Tally *tally)
{
	ev_timer late;
	ev_timer_init(&late, on_late, 30., 0.);
	ev_now_update(tally->loop);
	ev_timer_start(tally->loop, &late);
	if (tally->waiting)
		ev_run(tally->loop, 0);
	ev_timer_stop(tally->loop, &late);
}

static ReaderPool *new_pool(Tally *tally, const Config *config, guint readers)
{
	g_autoptr(GError) error = NULL;
	ReaderPool *pool = reader_pool_new(tally->loop, config, readers, &error);
	g_assert_no_error(error);
	g_assert_nonnull(pool);
	return pool;
}

static void test_answers(void)
{
	g_autoptr(Config) config = config_with("/fine");
	Tally tally;
	tally_init(&tally);
	int inheritable = open("/dev/null", O_RDONLY);
	g_assert_cmpint(inheritable, >=, 0);
	g_autoptr(ReaderPool) pool = new_pool(&tally, config, 2);
	for (guint i = 0; i < 200; i++)
		ask(pool, &tally, "hello", i * 97 + (i % 50 == 7 ? 3 << 20 : 0));
	g_assert_cmpuint(reader_pool_pending(pool), ==, 200);
	run(&tally);
	g_assert_cmpuint(tally.answered, ==, 200);
	g_assert_cmpuint(reader_pool_pending(pool), ==, 0);
	g_assert_cmpuint(g_hash_table_size(tally.pids), <=, 2);
	close(inheritable);
	g_clear_pointer(&pool, reader_pool_free);
	tally_clear(&tally);
}

/* Each fault costs the message it happened at, and no other. */
static void test_faults(void)
{
	static const struct { const char *message, *reason; } cases[] = {
		{ "die", "ended by signal 9" },
		{ "nonsense", "answered nonsense" },
		{ "hang", "ran out of time" },
	};
	for (guint c = 0; c < G_N_ELEMENTS(cases); c++) {
		g_autoptr(Config) config = config_with("/fine");
		config->reader_timeout = 1;
		Tally tally;
		tally_init(&tally);
		g_autoptr(ReaderPool) pool = new_pool(&tally, config, 1);
		for (guint i = 0; i < 12; i++)
			ask(pool, &tally, i == 2 || (c < 2 && i == 9) ? cases[c].message : "hello", 0);
		run(&tally);
		g_assert_cmpuint(tally.failed, ==, c < 2 ? 2 : 1);
		g_assert_cmpuint(tally.answered, ==, 12 - tally.failed);
		g_assert_nonnull(strstr(tally.last_error, cases[c].reason));
		g_assert_cmpuint(tally.unavailable, ==, 0);
		g_assert_cmpuint(g_hash_table_size(tally.pids), ==, tally.failed + 1);
		g_clear_pointer(&pool, reader_pool_free);
		tally_clear(&tally);
	}
}

/* A reader killed while it has nothing to do is replaced, and nobody notices. */
static void test_idle_death(void)
{
	g_autoptr(Config) config = config_with("/fine");
	Tally tally;
	tally_init(&tally);
	g_autoptr(ReaderPool) pool = new_pool(&tally, config, 1);
	ask(pool, &tally, "hello", 0);
	run(&tally);
	GHashTableIter iter;
	gpointer pid;
	g_hash_table_iter_init(&iter, tally.pids);
	g_assert_true(g_hash_table_iter_next(&iter, &pid, NULL));
	g_assert_cmpint(kill((pid_t)atoi(pid), SIGKILL), ==, 0);
	ev_run(tally.loop, EVRUN_ONCE);
	ask(pool, &tally, "hello", 0);
	run(&tally);
	g_assert_cmpuint(tally.answered, ==, 2);
	g_assert_cmpuint(tally.failed, ==, 0);
	g_assert_cmpuint(g_hash_table_size(tally.pids), ==, 2);
	g_clear_pointer(&pool, reader_pool_free);
	tally_clear(&tally);
}

static void test_worn(void)
{
	g_autoptr(Config) config = config_with("/fine");
	config->reader_messages = 5;
	Tally tally;
	tally_init(&tally);
	g_autoptr(ReaderPool) pool = new_pool(&tally, config, 1);
	for (guint i = 0; i < 40; i++) {
		ask(pool, &tally, "hello", 0);
		ask(pool, &tally, "hello", 10);
		run(&tally);
		if (g_hash_table_size(tally.pids) == 3)
			break;
	}
	for (guint i = 0; i < 10000 && g_hash_table_size(tally.pids) < 3; i++) {
		ask(pool, &tally, "hello", 0);
		run(&tally);
	}
	g_assert_cmpuint(g_hash_table_size(tally.pids), >=, 3);
	g_assert_cmpuint(tally.failed, ==, 0);
	g_clear_pointer(&pool, reader_pool_free);
	tally_clear(&tally);
}

static void test_renew(void)
{
	g_autoptr(Config) config = config_with("/fine"), broken = config_with("/fine:/broken"), better = config_with("/fine:/better");
	Tally tally;
	tally_init(&tally);
	g_autoptr(ReaderPool) pool = new_pool(&tally, config, 2);
	ask(pool, &tally, "hello", 0);
	g_autoptr(GError) error = NULL;
	g_assert_false(reader_pool_renew(pool, broken, &error));
	g_assert_cmpstr(error->message, ==, "broken/de.filter:3: no section of this name");
	g_assert_cmpint(status_of(error), ==, STATUS_PERMANENT);
	g_clear_error(&error);
	for (guint i = 0; i < 20; i++)
		ask(pool, &tally, "hello", 100000);
	g_assert_true(reader_pool_renew(pool, better, &error));
	g_assert_no_error(error);
	for (guint i = 0; i < 20; i++)
		ask(pool, &tally, "hello", 0);
	run(&tally);
	g_assert_cmpuint(tally.answered, ==, 41);
	g_hash_table_remove_all(tally.pids);
	for (guint i = 0; i < 20; i++)
		ask(pool, &tally, "hello", 0);
	run(&tally);
	g_assert_cmpuint(tally.answered, ==, 61);
	g_assert_cmpuint(g_hash_table_size(tally.pids), <=, 2);
	g_clear_pointer(&pool, reader_pool_free);
	tally_clear(&tally);
}

static void test_start(void)
{
	g_autoptr(Config) broken = config_with("/broken"), mute = config_with("/mute");
	Tally tally;
	tally_init(&tally);
	g_autoptr(GError) error = NULL;
	g_assert_null(reader_pool_new(tally.loop, broken, 2, &error));
	g_assert_cmpstr(error->message, ==, "broken/de.filter:3: no section of this name");
	g_clear_error(&error);
	g_assert_null(reader_pool_new(tally.loop, mute, 1, &error));
	g_assert_cmpstr(error->message, ==, "the reader ended with status 3");
	g_clear_error(&error);

	/* Without waiting for the start, the message learns of it. */
	g_autoptr(ReaderPool) pool = reader_pool_start(tally.loop, mute, 1, &error);
	g_assert_no_error(error);
	ask(pool, &tally, "hello", 0);
	run(&tally);
	g_assert_cmpuint(tally.failed, ==, 1);
	g_assert_cmpstr(tally.last_error, ==, "the reader ended with status 3");
	/* The next one waits for the next attempt. */
	ask(pool, &tally, "hello", 0);
	run(&tally);
	g_assert_cmpuint(tally.failed, ==, 2);
	g_assert_cmpuint(tally.unavailable, ==, 2);
	g_clear_pointer(&pool, reader_pool_free);

	g_autofree char *program = g_strdup(g_getenv("OPTOUT_READER"));
	g_setenv("OPTOUT_READER", "/nonexistent/optout-reader", TRUE);
	g_assert_null(reader_pool_new(tally.loop, mute, 1, &error));
	g_assert_nonnull(strstr(error->message, "/nonexistent/optout-reader"));
	g_setenv("OPTOUT_READER", program, TRUE);
	tally_clear(&tally);
}

static void test_free_with_work(void)
{
	g_autoptr(Config) config = config_with("/fine");
	Tally tally;
	tally_init(&tally);
	ReaderPool *pool = new_pool(&tally, config, 1);
	for (guint i = 0; i < 10; i++)
		ask(pool, &tally, "hello", 0);
	reader_pool_free(pool);
	g_assert_cmpuint(tally.failed, ==, 10);
	tally_clear(&tally);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (g_str_has_prefix(argv[i], "--memory="))
			return be_reader(argc, argv);
	testing_init(argc, argv);
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	if (!self) {
		g_test_skip("no /proc");
		return 77;
	}
	g_setenv("OPTOUT_READER", self, TRUE);
	g_test_add_func("/reader/answers", test_answers);
	g_test_add_func("/reader/faults", test_faults);
	g_test_add_func("/reader/idle-death", test_idle_death);
	g_test_add_func("/reader/worn", test_worn);
	g_test_add_func("/reader/renew", test_renew);
	g_test_add_func("/reader/start", test_start);
	g_test_add_func("/reader/free-with-work", test_free_with_work);
	return g_test_run();
}
