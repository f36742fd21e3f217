#include "places.h"

/* The file named by the environment; else the installed one; else, where that is absent, the build tree's. */
static char *find(const char *variable, const char *installed, const char *beside)
{
	const char *named = g_getenv(variable);
	if (named && *named)
		return g_strdup(named);
	if (g_file_test(installed, G_FILE_TEST_EXISTS))
		return g_strdup(installed);
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
	if (program) {
		g_autofree char *directory = g_path_get_dirname(program);
		g_autofree char *file = g_build_filename(directory, beside, NULL);
		if (g_file_test(file, G_FILE_TEST_EXISTS))
			return g_canonicalize_filename(file, NULL);
	}
	return g_strdup(installed);
}

char *places_reader(void)
{
	return find("OPTOUT_READER", PKGLIBEXECDIR "/optout-reader", "optout-reader");
}

char *places_filters(void)
{
	return find("OPTOUT_FILTERS", FILTERDIR, "../filters");
}

char *places_config(void)
{
	return g_strdup(SYSCONFDIR "/optout.conf");
}
