/* testing - what every GTest program of ours begins with: TAP on standard output, and where files are.
 */
#pragma once
#include <glib.h>
#include <string.h>

/* g_test_init with `--tap`, which automake's driver reads. */
static inline void testing_init(int argc, char **argv)
{
	static char **args;   /* GTest keeps pointers into it */
	args = g_new0(char *, (gsize)argc + 2);
	memcpy(args, argv, (gsize)argc * sizeof *argv);
	int n = argc;
	gboolean has_tap = FALSE;
	for (int i = 1; i < argc; i++)
		has_tap = has_tap || g_str_equal(argv[i], "--tap");
	if (!has_tap)
		args[n++] = (char *)"--tap";
	g_test_init(&n, &args, G_TEST_OPTION_ISOLATE_DIRS, NULL);
}

/* A path below the source tree; owned. */
static inline char *testing_source(const char *path)
{
	const char *top = g_getenv("top_srcdir");
	return g_build_filename(top ? top : ".", path, NULL);
}

/* A path below ../shared/corpus, owned; NULL where the corpus is absent: then g_test_skip with a word that says so. */
static inline char *testing_corpus(const char *path)
{
	g_autofree char *file = testing_source("../shared/corpus");
	return g_file_test(file, G_FILE_TEST_IS_DIR) ? g_build_filename(file, path, NULL) : NULL;
}

#ifdef WITH_SANITIZERS
/* GLib never frees the directories of G_TEST_OPTION_ISOLATE_DIRS, and has no frame pointers to show that it is its own leak. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:g_set_user_dirs\n";
}

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "fast_unwind_on_malloc=0:print_suppressions=0";
}
#endif
