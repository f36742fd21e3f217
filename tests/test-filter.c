#include <glib/gstdio.h>

#include "filter.h"
#include "status.h"
#include "testing.h"

#define HEAD "language de\n[erasure]\n"

static void test_errors(void)
{
	static const struct { const char *content; guint line; const char *says; } cases[] = {
		{ "", 1, "no language: write `language de`" },
		{ "[erasure]\n", 1, "no language before the first section" },
		{ "language de\nlanguage en\n", 2, "a second `language`" },
		{ "language d_e\n", 1, "no language tag" },
		{ "language de\nletters äae\n", 2, "write `ä=ae`" },
		{ "language de\nstrong löschen\n", 2, "before the first section" },
		{ "language de\n[erasing]\n", 2, "unknown section [erasing]" },
		{ "language de\n[law sharia]\n", 2, "unknown section [law sharia]" },
		{ "language de\n[request]\n", 2, "unknown section [request]" },
		{ "language de\n[erasure\n", 2, "no `]`" },
		{ HEAD "löschen\n", 3, "begins with `strong`, `weak` or `never`" },
		{ HEAD "\nstrong\n", 4, "no phrase" },
		{ HEAD "strong subject:\n", 3, "no phrase" },
		{ HEAD "strong (a|b\n", 3, "`(` without its `)`" },
		{ HEAD "strong a|b\n", 3, "`|` outside brackets" },
		{ HEAD "strong a)\n", 3, "`)` without its `(`" },
		{ HEAD "strong (a|)\n", 3, "an empty alternative" },
		{ HEAD "strong (a ... b)\n", 3, "`...` inside brackets" },
		{ HEAD "strong (a|(b|(c|d)))\n", 3, "nest more than once" },
		{ HEAD "strong un(subscribe)\n", 3, "leave a space" },
		{ HEAD "strong (un)subscribe\n", 3, "brackets hold whole words" },
		{ HEAD "strong [a]\n", 3, "can be empty" },
		{ HEAD "strong a ...\n", 3, "can be empty" },
		{ HEAD "strong ...\n", 3, "can be empty" },
		{ HEAD "strong a ... b ... c ... d ... e ... f ... g\n", 3, "more than 5 `...`" },
		{ HEAD "strong a*b\n", 3, "it can only end a word" },
		{ HEAD "strong a * b\n", 3, "at least two letters" },
		{ HEAD "strong mail a@b.example\n", 3, "`@` stands for any mail address" },
		{ HEAD "strong a b c d e f g h i j k l m n o p q r s t u v w x y\n", 3, "more than 24 words" },
		{ HEAD "strong (a|b|c) (a|b|c) (a|b|c) (a|b|c) (a|b|c) (a|b|c) (a|b|c)\n", 3, "more than 2000 variants" },
		{ HEAD "strong a\xff\n", 3, "not UTF-8" },
		{ "language de\n[negation]\nnicht\n", 3, "begins with `before`, `after` or `stop`" },
		{ "language de\n[quote]\nschrieb\n", 3, "`reply`, `forward`, `field`, `signature` or `footer`" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Filters) filters = filters_parse("filters/x.filter", cases[i].content, &error);
		g_assert_null(filters);
		g_assert_error(error, STATUS_ERROR, STATUS_PERMANENT);
		g_autofree char *place = g_strdup_printf("filters/x.filter:%u: ", cases[i].line);
		if (!g_str_has_prefix(error->message, place) || !strstr(error->message, cases[i].says))
			g_error("case %u: wanted %s…%s, got %s", i, place, cases[i].says, error->message);
	}
}

static void test_content(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Filters) filters = filters_parse("a/de.filter",
		"# a comment\nlanguage de   # German\nletters ä=ae\n\n[law gdpr]\nstrong dsgvo\n[all] dsgvo\n[negation]\nafter nicht\nbefore kein\n"
		"[auto-reply]\nweak subject: abwesenheitsnotiz  # in subjects\nnever body: ^nur$\n[language]\nund oder\n[quote]\nreply am * schrieb *:\n",
		&error);
	g_assert_no_error(error);
	g_assert_cmpuint(filters_rule_count(filters), ==, 8);
	g_assert_cmpint(filters_rule(filters, 0)->section, ==, SECTION_LAW);
	g_assert_cmpuint(filters_rule(filters, 0)->value, ==, LAW_GDPR);
	g_assert_cmpint(filters_rule(filters, 1)->strength, ==, STRENGTH_STRONG);
	g_assert_cmpint(filters_rule(filters, 2)->strength, ==, STRENGTH_AFTER);
	g_assert_cmpint(filters_rule(filters, 3)->strength, ==, STRENGTH_BEFORE);
	g_assert_cmpint(filters_rule(filters, 4)->where, ==, WHERE_SUBJECT);
	g_assert_cmpint(filters_rule(filters, 4)->strength, ==, STRENGTH_WEAK);
	g_assert_cmpuint(filters_rule(filters, 4)->line, ==, 12);
	g_assert_cmpint(filters_rule(filters, 5)->where, ==, WHERE_BODY);
	g_assert_true(filters_rule(filters, 5)->at_start && filters_rule(filters, 5)->at_end);
	g_assert_cmpint(filters_rule(filters, 7)->section, ==, SECTION_LANGUAGE);
	g_assert_cmpstr(filters_file_name(filters, 0), ==, "de.filter");
	g_assert_cmpstr(filters_language(filters, 0), ==, "de");
	const GPtrArray *markers = filters_markers(filters);
	g_assert_cmpuint(markers->len, ==, 1);
	const FilterMarker *marker = markers->pdata[0];
	g_assert_cmpint(marker->kind, ==, MARKER_REPLY);
	g_assert_cmpstr(marker->pattern, ==, "am * schrieb *:");
	g_assert_cmpuint(marker->line, ==, 17);
}

static void write_file(const char *directory, const char *name, const char *content)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	g_assert_true(g_file_set_contents(path, content, -1, NULL));
}

static void remove_directory(const char *directory)
{
	g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
	for (const char *name; (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(directory, name, NULL);
		g_remove(path);
	}
	g_rmdir(directory);
}

static void test_directories(void)
{
	g_autofree char *one = g_dir_make_tmp("filters-XXXXXX", NULL), *two = g_dir_make_tmp("filters-XXXXXX", NULL);
	char *directories[] = { one, two, NULL };
	g_autoptr(GError) error = NULL;
	g_assert_null(filters_load(directories, &error));
	g_assert_error(error, STATUS_ERROR, STATUS_PERMANENT);
	g_clear_error(&error);

	write_file(one, "de.filter", "language de\n[erasure]\nstrong a\nstrong b\n");
	write_file(one, "laws", "not a filter\n");
	write_file(two, "de.filter", "language de\n[erasure]\nstrong c\n");
	g_autoptr(Filters) added = filters_load(directories, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(filters_rule_count(added), ==, 3);
	g_assert_cmpuint(filters_language_count(added), ==, 1);

	write_file(two, "de.filter", "# ours\noverride\nlanguage de\n[erasure]\nstrong c\n");
	g_autoptr(Filters) replaced = filters_load(directories, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(filters_rule_count(replaced), ==, 1);

	remove_directory(one);
	g_assert_null(filters_load(directories, &error));
	g_assert_error(error, STATUS_ERROR, STATUS_PERMANENT);
	remove_directory(two);
}

/* The files that are installed load. */
static void test_installed(void)
{
	g_autofree char *directory = testing_source("filters");
	char *directories[] = { directory, NULL };
	g_autoptr(GError) error = NULL;
	g_autoptr(Filters) filters = filters_load(directories, &error);
	g_assert_no_error(error);
	g_assert_nonnull(filters);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/filter/errors", test_errors);
	g_test_add_func("/filter/content", test_content);
	g_test_add_func("/filter/directories", test_directories);
	g_test_add_func("/filter/installed", test_installed);
	return g_test_run();
}
