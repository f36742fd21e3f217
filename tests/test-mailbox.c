/* Messages out of files, directories, Maildirs and mbox files; and out of a pipe. */
#include "testing.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "mailbox.h"
#include "pipe-input.h"
#include "status.h"

static void put(const char *root, const char *path, const char *content, gssize length)
{
	g_autofree char *file = g_build_filename(root, path, NULL);
	g_autofree char *directory = g_path_get_dirname(file);
	g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
	g_assert_true(g_file_set_contents(file, content, length, NULL));
}

/* `name=content|` for each message, names without `root`, `!` for one that could not be read. */
static char *walk(const char *root, const char *path, gsize most)
{
	g_autofree char *whole = g_build_filename(root, path, NULL);
	char *paths[] = { whole, NULL };
	g_autoptr(Mailbox) mailbox = mailbox_new(paths, most);
	GString *all = g_string_new(NULL);
	MailboxItem item;
	while (mailbox_next(mailbox, &item)) {
		const char *name = g_str_has_prefix(item.name, root) ? item.name + strlen(root) + 1 : item.name;
		g_string_append_printf(all, "%s=", name);
		if (item.message) {
			g_assert_no_error(item.error);
			gsize length;
			const char *bytes = g_bytes_get_data(item.message, &length);
			g_string_append_len(all, bytes, (gssize)length);
		} else {
			g_assert_nonnull(item.error);
			g_string_append_c(all, '!');
		}
		if (item.sender)
			g_string_append_printf(all, "<%s>", item.sender);
		g_string_append(all, item.is_truncated ? "~|" : "|");
		mailbox_item_clear(&item);
	}
	return g_string_free(all, FALSE);
}

static void remove_all(const char *root)
{
	g_autofree char *command = g_strdup_printf("rm -rf '%s'", root);
	g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
}

static void test_directories(void)
{
	g_autofree char *root = g_dir_make_tmp("mailbox-XXXXXX", NULL);
	put(root, "d/b.eml", "B", -1);
	put(root, "d/a.eml", "A", -1);
	put(root, "d/sub/c", "C", -1);
	put(root, "d/.hidden", "H", -1);
	put(root, "d/empty", "", -1);
	g_autofree char *link = g_build_filename(root, "d", "loop", NULL), *target = g_build_filename(root, "d", NULL);
	g_assert_cmpint(symlink(target, link), ==, 0);
	put(root, "m/cur/1:2,S", "1", -1);
	put(root, "m/new/2", "2", -1);
	put(root, "m/tmp/3", "3", -1);
	put(root, "m/dovecot.index", "x", -1);
	put(root, "m/.Old/cur/4", "4", -1);
	put(root, "m/.Old/new/x", "5", -1);
	put(root, "m/.Old/tmp/6", "6", -1);

	static const struct { const char *path, *all; } cases[] = {
		{ "d", "d/a.eml=A|d/b.eml=B|d/empty=|d/sub/c=C|" },
		{ "d/a.eml", "d/a.eml=A|" },
		{ "m", "m/.Old/cur/4=4|m/.Old/new/x=5|m/cur/1:2,S=1|m/new/2=2|" },
		{ "nowhere", "nowhere=!|" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *all = walk(root, cases[i].path, 1000);
		g_assert_cmpstr(all, ==, cases[i].all);
	}
	remove_all(root);
}

static void test_mbox(void)
{
	static const struct { const char *content, *all; } cases[] = {
		{ "From a@b Mon Jan  1 10:00:00 2024\nS: 1\n\nx\n", "f=S: 1\n\nx\n<a@b>|" },
		{ "From a@b Mon Jan  1 10:00:00 2024\nS: 1\n\nFrom here to there\n\nFrom c@d Mon Jan  1 10:00:00 2024\nS: 2\n",
		  "f:1=S: 1\n\nFrom here to there\n\n<a@b>|f:2=S: 2\n<c@d>|" },
		/* Not after an empty line, and without a time of day. */
		{ "From - x\nS: 1\nFrom c@d 10:00:00\n\nFrom now on: no\n", "f=S: 1\nFrom c@d 10:00:00\n\nFrom now on: no\n|" },
		{ "From MAILER-DAEMON 10:00:00\r\nS\r\n\r\nFrom x@y 10:00:00\r\nT\r\n", "f:1=S\r\n\r\n<MAILER-DAEMON>|f:2=T\r\n<x@y>|" },
		{ "Subject: x\n\nFrom c@d Mon Jan  1 10:00:00 2024\n", "f=Subject: x\n\nFrom c@d Mon Jan  1 10:00:00 2024\n|" },
		{ "From a@b 1:1", "f=<a@b>|" },
	};
	g_autofree char *root = g_dir_make_tmp("mailbox-XXXXXX", NULL);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		put(root, "f", cases[i].content, -1);
		g_autofree char *all = walk(root, "f", 1000);
		g_assert_cmpstr(all, ==, cases[i].all);
	}
	/* `From ` lines across the edges of the buffer, wherever those are. */
	g_autoptr(GString) big = g_string_new(NULL);
	guint count = 0;
	for (; big->len < 300000; count++)
		g_string_append_printf(big, "From a@b Mon Jan  1 10:00:00 2024\nS: %u\n%*s\n\n", count, (int)(count % 977), "");
	put(root, "f", big->str, (gssize)big->len);
	g_autofree char *all = walk(root, "f", 1000);
	g_autofree char *last = g_strdup_printf("f:%u=S: %u\n", count, count - 1);
	g_assert_nonnull(strstr(all, last));
	remove_all(root);
}

static void test_limit(void)
{
	g_autofree char *root = g_dir_make_tmp("mailbox-XXXXXX", NULL);
	put(root, "f", "12345", 5);
	g_autofree char *cut = walk(root, "f", 4), *whole = walk(root, "f", 5);
	g_assert_cmpstr(cut, ==, "f=1234~|");
	g_assert_cmpstr(whole, ==, "f=12345|");
	/* A line without end, larger than the buffer; and bytes of any kind. */
	g_autofree char *line = g_strnfill(200000, 'x');
	put(root, "f", line, 200000);
	g_autofree char *got = walk(root, "f", 150000);
	g_assert_cmpuint(strlen(got), ==, strlen("f=") + 150000 + strlen("~|"));
	remove_all(root);
}

static void test_pipe(void)
{
	static const struct { const char *in, *message, *sender; gboolean is_truncated; } cases[] = {
		{ "Subject: x\n", "Subject: x\n", NULL, FALSE },
		{ "From a@b Mon\nSubject: x\n", "Subject: x\n", "a@b", FALSE },
		{ "From a@b", "", "a@b", FALSE },
		{ "From: a@b\n", "From: a@b\n", NULL, FALSE },
		{ "", "", NULL, FALSE },
		{ "0123456789012345678901234567890123456789", "01234567890123456789012345678901", NULL, TRUE },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		int ends[2];
		g_assert_cmpint(pipe(ends), ==, 0);
		g_assert_cmpint(write(ends[1], cases[i].in, strlen(cases[i].in)), ==, (int)strlen(cases[i].in));
		close(ends[1]);
		g_auto(PipeInput) input = { 0 };
		g_autoptr(GError) error = NULL;
		g_assert_true(pipe_input_read(ends[0], 32, &input, &error));
		close(ends[0]);
		gsize length;
		const char *bytes = g_bytes_get_data(input.message, &length);
		g_autofree char *got = g_strndup(bytes ? bytes : "", length);
		g_assert_cmpstr(got, ==, cases[i].message);
		g_assert_cmpstr(input.sender, ==, cases[i].sender);
		g_assert_cmpint(input.is_truncated, ==, cases[i].is_truncated);
	}
	g_auto(PipeInput) input = { 0 };
	g_autoptr(GError) error = NULL;
	g_assert_false(pipe_input_read(-1, 32, &input, &error));
	g_assert_cmpint(status_of(error), ==, STATUS_TEMPORARY);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/mailbox/directories", test_directories);
	g_test_add_func("/mailbox/mbox", test_mbox);
	g_test_add_func("/mailbox/limit", test_limit);
	g_test_add_func("/mailbox/pipe", test_pipe);
	return g_test_run();
}
