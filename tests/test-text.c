#include "testing.h"
#include "text.h"

static void test_fold(void)
{
	static const struct { const char *text, *folded; } cases[] = {
		{ "Löschen Sie MEINE Daten!", "loschen sie meine daten!" },
		{ "  a \t b \r\n\r\n c  ", "a b\nc" },
		{ "droit à l’oubli", "droit a l'oubli" },
		{ "un\xc2\xadsub\xe2\x80\x8bscribe", "unsubscribe" },
		{ "Straße", "strasse" },
		{ "İPTAL ıptal", "iptal iptal" },
		{ "ＵＮＳＵＢ", "unsub" },
		{ "削除してください", "削除してください" },
		{ "Ёж", "еж" },
		{ "ไม่ต้องการ", "ไม่ต้องการ" },
		{ "", "" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree guint32 *origin = NULL;
		g_autofree char *folded = text_fold(cases[i].text, &origin);
		g_assert_cmpstr(folded, ==, cases[i].folded);
		g_assert_cmpuint(origin[strlen(folded)], ==, strlen(cases[i].text));
		g_autofree char *again = text_fold(folded, NULL);
		g_assert_cmpstr(again, ==, folded);
	}
	g_autofree guint32 *origin = NULL;
	g_autofree char *folded = text_fold("ä  ö", &origin);
	g_assert_cmpstr(folded, ==, "a o");
	g_assert_cmpuint(origin[1], ==, 2);
	g_assert_cmpuint(origin[2], ==, 4);
}

static void test_escape(void)
{
	g_autofree char *line = text_escape("a\033[2Jb\nc\xe2\x80\xae" "d\x7f\xc2\x9b");
	g_assert_cmpstr(line, ==, "a\\u{1B}[2Jb\\u{A}c\\u{202E}d\\u{7F}\\u{9B}");
	g_autofree char *lines = text_escape_lines("a\n\tb\r");
	g_assert_cmpstr(lines, ==, "a\n\tb\\u{D}");
	g_autofree char *invalid = text_escape("a\xff");
	g_assert_cmpstr(invalid, ==, "a\xef\xbf\xbd");
	g_autofree char *json = text_escape_json("{\"a\":\"ä\x7f\xe2\x80\xae\U000e0041\"}");
	g_assert_cmpstr(json, ==, "{\"a\":\"ä\\u007f\\u202e\\udb40\\udc41\"}");
}

static void test_valid(void)
{
	g_autofree char *text = text_valid("a\0b\xff", 4);
	g_assert_cmpstr(text, ==, "a b\xef\xbf\xbd");
}

static void test_clip(void)
{
	g_autofree char *wide = text_clip("日本語", 5);
	g_assert_cmpstr(wide, ==, "日本…");
	g_autofree char *whole = text_clip("abc", 3);
	g_assert_cmpstr(whole, ==, "abc");
	g_assert_cmpuint(text_columns("日a"), ==, 3);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/text/fold", test_fold);
	g_test_add_func("/text/escape", test_escape);
	g_test_add_func("/text/valid", test_valid);
	g_test_add_func("/text/clip", test_clip);
	return g_test_run();
}
