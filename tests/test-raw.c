/* Mail that others wrote, all in one process: every file gives Facts. */
#include "reading-testing.h"

static guint files, troubled;

static void read_file(const char *path)
{
	g_autofree char *bytes = NULL;
	gsize length;
	g_autoptr(GError) error = NULL;
	g_file_get_contents(path, &bytes, &length, &error);
	g_assert_no_error(error);
	if (!length)
		return;
	g_autoptr(Facts) facts = testing_read_bytes(bytes, length, "mx.example");
	g_assert_true(g_utf8_validate(facts->text, -1, NULL));
	g_assert_true(g_utf8_validate(facts->rest, -1, NULL));
	g_assert_true(!facts->subject || g_utf8_validate(facts->subject, -1, NULL));
	g_assert_true(!facts->from || !strpbrk(facts->from, "\r\n <>"));
	files++;
	troubled += facts->trouble->len > 0;
}

static void read_directory(const char *path)
{
	g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
	const char *name;
	while (directory && (name = g_dir_read_name(directory))) {
		g_autofree char *inner = g_build_filename(path, name, NULL);
		if (g_file_test(inner, G_FILE_TEST_IS_DIR))
			read_directory(inner);
		else
			read_file(inner);
	}
}

static void test_corpus(gconstpointer part)
{
	g_autofree char *path = testing_corpus(part);
	if (!path) {
		g_test_skip("no ../shared/corpus");
		return;
	}
	files = troubled = 0;
	read_directory(path);
	g_test_message("%u messages, %u with something to review in how they are made", files, troubled);
	g_assert_cmpuint(files, >, 0);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	message_setup();
	g_test_add_data_func("/raw/raw", "raw", test_corpus);
	g_test_add_data_func("/raw/labelled", "labelled", test_corpus);
	return g_test_run();
}
