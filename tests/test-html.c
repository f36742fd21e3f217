#include "html.h"
#include "testing.h"

static void test_text(void)
{
	static const struct { const char *html, *text; } cases[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree" },
		{ "<div>a</div><div>b</div>", "a\nb" },
		{ "<div>a<div>b</div></div>c", "a\nb\nc" },
		{ "un<b>sub</b>scribe", "unsubscribe" },
		{ "  a \n\t b ", "a b" },
		{ "<pre>a\n  b</pre>", "a\nb" },
		{ "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc" },
		{ "<ul><li>a<li>b</ul>", "a\nb" },
		{ "&Auml;&amp;&#x4e2d;&lt;b&gt;", "Ä&中<b>" },
		/* what nobody sees */
		{ "<html><head><title>t</title><style>s</style></head><body>a<script>b</script><!-- c --></body>", "a" },
		{ "<span style='display: none'>x</span><div style=\"DISPLAY:NONE\">x</div>a<p hidden>x</p>", "a" },
		{ "<div style='font-size:0px'>x</div><div style='font-size:0.9em'>a</div>", "a" },
		{ "<div style='opacity:0'>x</div><div style='opacity:0.8'>a</div><div style='max-height:0;overflow:hidden'>x</div>", "a" },
		{ "<a href='https://x.example/unsubscribe'>here</a><img alt=unsubscribe src=x>", "here" },
		/* what mail programs mark as quoted */
		{ "mine<blockquote>theirs<br>more<p>and</p></blockquote>mine too", "mine\n>\n> theirs\n> more\n>\n> and\n\nmine too" },
		{ "mine<blockquote style='margin:0 0 0 40px;border:none;padding:0'>indented</blockquote>", "mine\n\nindented" },
		{ "mine<div class='gmail_quote'><div dir=ltr class='gmail_attr'>On x, y wrote:</div><blockquote class='gmail_quote'>theirs</blockquote>between</div>",
		  "mine\n> On x, y wrote:\n>\n> theirs\n\nbetween" },
		{ "see<div class='gmail_quote'><div class='gmail_attr'>---------- Forwarded message</div><div>unsubscribe</div></div>",
		  "see\n> ---------- Forwarded message\n> unsubscribe" },
		{ "mine<div id='ydp123yahoo_quoted' class='ydp123yahoo_quoted'>theirs</div>", "mine\n> theirs" },
		{ "mine<div id='appendonsend'></div><hr><div id='divRplyFwdMsg'>From: x</div><div>theirs</div>", "mine\n>\n> From: x\n> theirs" },
		{ "<div>mine</div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>From: x</div><p>theirs", "mine\n> From: x\n>\n> theirs" },
		{ "mine<div class='moz-cite-prefix'>Am x schrieb y:</div><blockquote type=cite>theirs</blockquote>", "mine\n> Am x schrieb y:\n>\n> theirs" },
		{ "mine<div class='x_protonmail_quote'>theirs</div>", "mine\n> theirs" },
		{ "mine<div class='gmail_signature'>Jo</div>", "mine\n-- \nJo" },
		/* broken */
		{ "a<b<c>d", "ad" },
		{ "a < b", "a < b" },
		{ "<p>a<table><p>b", "a\n\nb" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		gboolean stripped = FALSE;
		g_autofree char *text = html_to_text(cases[i].html, 1000, &stripped);
		g_test_message("case %u", i);
		g_assert_cmpstr(text, ==, cases[i].text);
		g_assert_false(stripped);
	}
}

static char *repeat(const char *before, const char *unit, gsize bytes)
{
	GString *html = g_string_new(before);
	while (html->len < bytes)
		g_string_append(html, unit);
	return g_string_free(html, FALSE);
}

/* Nothing is asserted of the time; gumbo alone would take minutes, gigabytes or the stack for these. */
static void test_hostile(void)
{
	static const struct { const char *before, *unit; } cases[] = {
		{ "", "<" }, { "", ">" }, { "", "</" }, { "", "<!--" }, { "", "&" }, { "", "<div>" }, { "", "<blockquote>" }, { "", "<b x=1>" },
		{ "", "<table><tr><td>" }, { "", "</p>" }, { "", "<a>" }, { "<a ", "a " }, { "<a b=\"", "x" }, { "<p><b 1><i 2><u 3><tt 4><em 5>", "<p>x" },
		{ "", "<style>" }, { "", "<svg><a>" }, { "<table>", "x" }, { "", "<form><div></form>" }, { "", "<b><p></b>" }, { "<select>", "<option>" },
	};
	static const gsize sizes[] = { 90 * 1024, 500 * 1024, 1024 * 1024 };
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		for (guint n = 0; n < G_N_ELEMENTS(sizes); n++) {
			gboolean stripped = FALSE;
			g_autofree char *html = repeat(cases[i].before, cases[i].unit, sizes[n]);
			g_autofree char *text = html_to_text(html, 2 * 1024 * 1024, &stripped);
			g_assert_nonnull(text);
		}
	/* distinct attributes: gumbo keeps them all and compares each with each */
	g_autoptr(GString) attributes = g_string_new("<a ");
	for (guint i = 0; i < 100000; i++)
		g_string_append_printf(attributes, "a%u ", i);
	g_string_append(attributes, ">text");
	gboolean stripped = FALSE;
	g_autofree char *text = html_to_text(attributes->str, 1000, &stripped);
	g_assert_true(stripped);
	g_assert_cmpstr(text, ==, "text");
}

static void test_limit(void)
{
	gboolean stripped = FALSE;
	g_autofree char *html = repeat("<p>", "word ", 100000);
	g_autofree char *text = html_to_text(html, 1000, &stripped);
	g_assert_cmpuint(strlen(text), <, 1010);
}

static void test_stripped(void)
{
	g_autofree char *deep = repeat("<style>p{}</style>seen <b>too</b><br>", "<div>", 200000);
	gboolean stripped = FALSE;
	g_autofree char *text = html_to_text(deep, 1000000, &stripped);
	g_assert_true(stripped);
	g_assert_cmpstr(g_strstrip(text), ==, "seen too");
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/html/text", test_text);
	g_test_add_func("/html/hostile", test_hostile);
	g_test_add_func("/html/limit", test_limit);
	g_test_add_func("/html/stripped", test_stripped);
	return g_test_run();
}
