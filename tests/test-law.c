#include "date.h"
#include "law.h"
#include "status.h"
#include "testing.h"

#include <glib/gstdio.h>

static Laws *load_ours(void)
{
	g_autofree char *directory = testing_source("filters");
	char *directories[] = { directory, NULL };
	g_autoptr(GError) error = NULL;
	Laws *laws = laws_load(directories, &error);
	g_assert_no_error(error);
	return laws;
}

static void test_due(void)
{
	static const struct { Law law; RequestType type; const char *received, *due; } cases[] = {
		/* Regulation 1182/71 Art. 3; C-171/03 */
		{ LAW_GDPR, REQUEST_ACCESS, "2026-08-25", "2026-09-25" },
		{ LAW_GDPR, REQUEST_ACCESS, "2027-01-31", "2027-03-01" },      /* 28 Feb 2027 is a Sunday */
		{ LAW_GDPR, REQUEST_ACCESS, "2028-01-31", "2028-02-29" },
		{ LAW_GDPR, REQUEST_ERASURE, "2026-08-31", "2026-09-30" },
		{ LAW_GDPR, REQUEST_ERASURE, "2026-09-24", "2026-10-26" },     /* 24 Oct 2026 is a Saturday */
		{ LAW_CCPA, REQUEST_ACCESS, "2026-11-24", "2027-01-08" },
		{ LAW_CCPA, REQUEST_DISCLOSURE_OPT_OUT, "2026-11-24", "2026-12-15" },
		{ LAW_CAN_SPAM, REQUEST_MARKETING_OPT_OUT, "2026-11-24", "2026-12-08" },
		{ LAW_CAN_SPAM, REQUEST_MARKETING_OPT_OUT, "2026-11-28", "2026-12-11" },   /* received on a Saturday */
		{ LAW_LGPD, REQUEST_ACCESS, "2026-11-24", "2026-12-09" },
		{ LAW_CAN_SPAM, REQUEST_ACCESS, "2026-11-24", "2026-12-24" },  /* no clock of its own: the house promise */
		{ LAW_HOUSE, REQUEST_ACCESS, "2026-11-26", "2026-12-28" },
	};
	g_autoptr(Laws) laws = load_ours();
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		GDate received, due;
		g_assert_true(date_parse_day(cases[i].received, &received));
		laws_due(laws, cases[i].law, cases[i].type, &received, &due);
		g_autofree char *text = date_day(&due);
		g_test_message("%s %s %s", law_name(cases[i].law), request_name(cases[i].type), cases[i].received);
		g_assert_cmpstr(text, ==, cases[i].due);
	}
}

static void test_choose(void)
{
	static const struct { RequestType type; gboolean names; Law named; const char *country; Law chosen; } cases[] = {
		{ REQUEST_ERASURE, TRUE, LAW_GDPR, "US", LAW_GDPR },
		{ REQUEST_ERASURE, FALSE, LAW_GDPR, "DE", LAW_GDPR },
		{ REQUEST_ERASURE, FALSE, LAW_GDPR, NULL, LAW_HOUSE },
		{ REQUEST_ERASURE, FALSE, LAW_GDPR, "ZZ", LAW_HOUSE },
		{ REQUEST_ERASURE, FALSE, LAW_GDPR, "US", LAW_CCPA },
		{ REQUEST_MARKETING_OPT_OUT, FALSE, LAW_GDPR, "US", LAW_CAN_SPAM },
		{ REQUEST_MARKETING_OPT_OUT, TRUE, LAW_CCPA, "US", LAW_CAN_SPAM },   /* CCPA has no clock for it */
		{ REQUEST_ACCESS, FALSE, LAW_GDPR, "GB", LAW_UK_GDPR },
		{ REQUEST_ACCESS, FALSE, LAW_GDPR, "CA", LAW_PIPEDA },
	};
	g_autoptr(Laws) laws = load_ours();
	GDate received;
	g_assert_true(date_parse_day("2026-11-24", &received));
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpstr(law_name(laws_choose(laws, cases[i].type, cases[i].names, cases[i].named, cases[i].country, &received)), ==,
		                law_name(cases[i].chosen));
}

/* Over every day of eight years: the due day is never before receipt, never on a weekend where it moves, and never runs backwards. */
static void test_properties(void)
{
	g_autoptr(Laws) laws = load_ours();
	GDate day, last;
	g_date_clear(&last, 1);
	g_assert_true(date_parse_day("2024-01-01", &day));
	for (int i = 0; i < 8 * 366; i++, g_date_add_days(&day, 1)) {
		GDate due;
		laws_due(laws, LAW_GDPR, REQUEST_ACCESS, &day, &due);
		g_assert_cmpint(g_date_days_between(&day, &due), >=, 28);
		g_assert_cmpint(g_date_days_between(&day, &due), <=, 33);
		g_assert_cmpint(g_date_get_weekday(&due), <, G_DATE_SATURDAY);
		if (g_date_valid(&last))
			g_assert_cmpint(g_date_compare(&last, &due), <=, 0);
		last = due;
	}
}

static void test_errors(void)
{
	static const struct { const char *text, *words; } cases[] = {
		{ "[martial]\n", "[martial] is no law" },
		{ "[gdpr]\naccess = soon\n", "[gdpr] access: \"soon\"" },
		{ "[gdpr]\naccess = 1 fortnight\n", "[gdpr] access" },
		{ "[gdpr]\naccess = 0 days\n", "[gdpr] access" },
		{ "[gdpr]\nbanana = 1 days\n", "[gdpr] banana" },
		{ "[gdpr]\nend-on-weekend = perhaps\n", "end-on-weekend" },
		{ "[gdpr]\naccess = 1 days\n", "[house] must have" },
		{ "[house]\nevery-request = 1 days\n", "[house] must have" },
	};
	g_autofree char *directory = g_dir_make_tmp("optout-laws-XXXXXX", NULL), *file = g_build_filename(directory, "laws", NULL);
	char *directories[] = { directory, NULL };
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_true(g_file_set_contents(file, cases[i].text, -1, NULL));
		g_assert_null(laws_load(directories, &error));
		g_test_message("%s", error->message);
		g_assert_cmpint(status_of(error), ==, STATUS_PERMANENT);
		g_assert_nonnull(strstr(error->message, cases[i].words));
		g_assert_nonnull(strstr(error->message, file));
	}
	g_unlink(file);
	g_autoptr(GError) error = NULL;
	g_assert_null(laws_load(directories, &error));
	g_rmdir(directory);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/law/due", test_due);
	g_test_add_func("/law/choose", test_choose);
	g_test_add_func("/law/properties", test_properties);
	g_test_add_func("/law/errors", test_errors);
	return g_test_run();
}
