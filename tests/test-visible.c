#include "reading-testing.h"
#include "visible.h"

static const struct { const char *all, *text, *rest; gboolean has_quote, is_forward; } cases[] = {
	{ "", "", "", FALSE, FALSE },
	{ "delete my data\n", "delete my data", "", FALSE, FALSE },
	{ "a\r\n\r\n\r\nb\r\n", "a\n\nb", "", FALSE, FALSE },
	/* quotations, above, below and between */
	{ "mine\n> theirs\n", "mine", "> theirs", TRUE, FALSE },
	{ "> theirs\nmine\n> theirs\nmine too", "mine\n\nmine too", "> theirs\n\n> theirs", TRUE, FALSE },
	{ "  > theirs\nmine", "mine", "  > theirs", TRUE, FALSE },
	{ ">From here on I wish to be forgotten", ">From here on I wish to be forgotten", "", FALSE, FALSE },
	{ "mine\n\nOn Monday, Jo <a@b> wrote:\n> click here to unsubscribe", "mine", "On Monday, Jo <a@b> wrote:\n> click here to unsubscribe", TRUE, FALSE },
	{ "On Monday, Jo wrote:\n> theirs\n\nmine below", "mine below", "On Monday, Jo wrote:\n> theirs", TRUE, FALSE },
	{ "mine\n\nOn Monday 1 January 2024 at 12:00, Jo Doe\n<a@b.example> wrote:\n\n> theirs", "mine",
	  "On Monday 1 January 2024 at 12:00, Jo Doe\n<a@b.example> wrote:\n\n> theirs", TRUE, FALSE },
	{ "mine\n\nAm 01.01.2024 schrieb Jo Döe:\n\nohne Zeichen zitiert: abmelden\n\nmehr", "mine",
	  "Am 01.01.2024 schrieb Jo Döe:\n\nohne Zeichen zitiert: abmelden\n\nmehr", TRUE, FALSE },
	{ "mine\n02.04.2012 14:20 кто-то <\na@b.example> написал:\n> theirs", "mine", "02.04.2012 14:20 кто-то <\na@b.example> написал:\n> theirs", TRUE, FALSE },
	{ "I was on holiday at 12:30 as a@b.example says:\nmine", "I was on holiday at 12:30 as a@b.example says:\nmine", "", FALSE, FALSE },
	{ "> a long line that was quoted by a program which broke it where it had no room\nleft\n> theirs", "",
	  "> a long line that was quoted by a program which broke it where it had no room\nleft\n> theirs", TRUE, FALSE },
	{ "> Would you like to receive our newsletter, which tells about all we do?\nno\n> theirs", "no",
	  "> Would you like to receive our newsletter, which tells about all we do?\n\n> theirs", TRUE, FALSE },
	/* forwarded */
	{ "is this yours?\n\n---------- Forwarded message ---------\nFrom: a\n\nunsubscribe here", "is this yours?",
	  "---------- Forwarded message ---------\nFrom: a\n\nunsubscribe here", TRUE, TRUE },
	{ "---- Forwarded message ----\nunsubscribe here", "", "---- Forwarded message ----\nunsubscribe here", TRUE, TRUE },
	{ "Begin forwarded message:\n\n> From: a\n> unsubscribe\n\nmy words", "my words", "Begin forwarded message:\n\n> From: a\n> unsubscribe", TRUE, TRUE },
	{ "mine\n> ---------- Forwarded message ---------\n> x", "mine", "> ---------- Forwarded message ---------\n> x", TRUE, TRUE },
	/* Outlook */
	{ "mine\n\n-----Original Message-----\nFrom: a\nunsubscribe", "mine", "-----Original Message-----\nFrom: a\nunsubscribe", TRUE, FALSE },
	{ "mine\n\n________________________________\nVon: a\nGesendet: b\n\ntheirs", "mine", "________________________________\nVon: a\nGesendet: b\n\ntheirs", TRUE, FALSE },
	{ "mine\n\nVon: a <a@b>\nGesendet: Montag\nAn: c\nBetreff: d\n\ntheirs", "mine", "Von: a <a@b>\nGesendet: Montag\nAn: c\nBetreff: d\n\ntheirs", TRUE, FALSE },
	{ "mine\n\n*From:* a\n*Sent:* Monday\n*To:* c,\n d, e\n*Subject:* f\n\ntheirs", "mine",
	  "*From:* a\n*Sent:* Monday\n*To:* c,\n d, e\n*Subject:* f\n\ntheirs", TRUE, FALSE },
	{ "From: a <a@b.example>\nSent: Monday\nTo: c\nSubject: d\n\ntheirs", "", "From: a <a@b.example>\nSent: Monday\nTo: c\nSubject: d\n\ntheirs", TRUE, TRUE },
	/* letters look alike, but aren't */
	{ "To: The Company\nDate: 1 May\nSubject: erasure\n\nPlease erase", "To: The Company\nDate: 1 May\nSubject: erasure\n\nPlease erase", "", FALSE, FALSE },
	{ "Dear all,\nfrom: me\nto: you", "Dear all,\nfrom: me\nto: you", "", FALSE, FALSE },
	/* signatures and footers */
	{ "mine\n-- \nJo\nunsubscribe@x", "mine", "--\nJo\nunsubscribe@x", FALSE, FALSE },
	{ "mine\n--\nJo\n\n> theirs\n\nmine below", "mine\n\nmine below", "--\nJo\n\n> theirs", TRUE, FALSE },
	{ "mine\n\nSent from my iPhone\n\nmore of mine", "mine\n\nmore of mine", "Sent from my iPhone", FALSE, FALSE },
	{ "mine\n\nThis email and any attachments are confidential and so on.\nTo opt out write to x", "mine",
	  "This email and any attachments are confidential and so on.\nTo opt out write to x", FALSE, FALSE },
	{ "mine\n_______________________________________________\nlist mailing list\nunsubscribe: https://x.example", "mine",
	  "_______________________________________________\nlist mailing list\nunsubscribe: https://x.example", FALSE, FALSE },
	{ "-- \nonly a signature", "", "--\nonly a signature", FALSE, FALSE },
};

static void test_split(void)
{
	g_autoptr(VisibleMarkers) markers = testing_markers();
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		Visible visible;
		visible_split(cases[i].all, markers, &visible);
		g_test_message("case %u", i);
		g_assert_cmpstr(visible.text, ==, cases[i].text);
		g_assert_cmpstr(visible.rest, ==, cases[i].rest);
		g_assert_cmpint(visible.has_quote, ==, cases[i].has_quote);
		g_assert_cmpint(visible.is_forward, ==, cases[i].is_forward);
		visible_clear(&visible);
	}
}

static void test_without_markers(void)
{
	Visible visible;
	visible_split("mine\n> theirs\n-- \nJo", NULL, &visible);
	g_assert_cmpstr(visible.text, ==, "mine");
	visible_clear(&visible);
}

static void test_markers(void)
{
	static const struct { const char *pattern, *text; gboolean is_one; } patterns[] = {
		{ "le * a écrit :", "Le 1 mai, Jo a ecrit :", TRUE },
		{ "le * a écrit :", "xLe 1 mai, Jo a écrit :", FALSE },
		{ "*のメール：", "田中さんのメール：", TRUE },
		{ "*middle*", "in the middle of it", TRUE },
		{ "*middle*", "in the midst", FALSE },
		{ "a*b*a", "aba", TRUE },
		{ "a*ba", "aba", TRUE },
		{ "aba*aba", "aba", FALSE },
		{ "---- forwarded by * ----", "------- Forwarded by Jo -------", TRUE },
		{ "---- forwarded ----", "forwarded", FALSE },
	};
	for (guint i = 0; i < G_N_ELEMENTS(patterns); i++) {
		g_autoptr(VisibleMarkers) markers = visible_markers_new();
		g_assert_true(visible_markers_add(markers, VISIBLE_SIGNATURE, patterns[i].pattern, NULL));
		Visible visible;
		visible_split(patterns[i].text, markers, &visible);
		g_test_message("pattern %s", patterns[i].pattern);
		g_assert_cmpint(*visible.text == '\0', ==, patterns[i].is_one);
		visible_clear(&visible);
	}
	static const char *const bad[] = { "", "*", "* : *", "-----", "a*b*c*d*e*f*g*h*i*j" };
	g_autoptr(VisibleMarkers) markers = visible_markers_new();
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_false(visible_markers_add(markers, VISIBLE_REPLY, bad[i], &error));
		g_assert_nonnull(error);
	}
}

/* Nothing is asserted of the time; what is quadratic would not end. */
static void test_hostile(void)
{
	static const char *const units[] = { ">", "> ", ">\n", "\n", "-", "_", "a:b\n", "on on on ", "on \n", "from:\n", "12:00 a@b\n", " ", "\xc2\xa0", "--\n" };
	g_autoptr(VisibleMarkers) markers = testing_markers();
	for (guint i = 0; i < G_N_ELEMENTS(units); i++) {
		g_autoptr(GString) text = g_string_new(NULL);
		while (text->len < 256 * 1024)
			g_string_append(text, units[i]);
		Visible visible;
		visible_split(text->str, markers, &visible);
		g_assert_cmpuint(strlen(visible.text) + strlen(visible.rest), <=, text->len + 2);
		visible_clear(&visible);
	}
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/visible/split", test_split);
	g_test_add_func("/visible/without-markers", test_without_markers);
	g_test_add_func("/visible/markers", test_markers);
	g_test_add_func("/visible/hostile", test_hostile);
	return g_test_run();
}
