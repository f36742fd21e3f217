/* The hazards of the libraries that read mail, each as it was found, and hostile mail in bulk. */
#include "reading-testing.h"

static char *repeat(const char *before, const char *unit, guint times, const char *after)
{
	GString *text = g_string_new(before);
	for (guint i = 0; i < times; i++)
		g_string_append(text, unit);
	g_string_append(text, after);
	return g_string_free(text, FALSE);
}

/* --- the five that bite first, as far as reading is concerned ----------------------------------------------------------- */

/* GMime returns the CRLF in the address; libcurl would put it on the wire. */
static void test_injection(void)
{
	static const char *const froms[] = {
		"From: <\"a\r\n RCPT TO:<evil@x>\"@c.example>\r\n",
		"From: \"a\\\r\n b\"@c.example\r\n",
		"From: =?utf-8?q?a=40b=0D=0ARCPT_TO:=3Cevil=40x=3E?=\r\n",
		"From: <a@b.example\r\n >RCPT TO:<evil@x>\r\n",
	};
	for (guint i = 0; i < G_N_ELEMENTS(froms); i++) {
		g_autofree char *message = g_strconcat(froms[i], "Reply-To: <\"x\r\n y\"@c>\r\n\r\nbody\r\n", NULL);
		g_autoptr(Facts) facts = testing_read(message);
		g_assert_true(!facts->from || !strpbrk(facts->from, "\r\n <>"));
		g_assert_null(facts->reply_to);
	}
	g_autoptr(Facts) facts = testing_read("From: <\"a\r\n RCPT TO:<evil@x>\"@c.example>\r\n\r\nx");
	g_assert_null(facts->from);
	g_assert_true(testing_has(facts->trouble, "From is no plain address"));
}

/* 50,000 nested groups overflow GMime's stack. */
static void test_groups(void)
{
	g_autofree char *message = repeat("From: a@b.example\r\nTo: ", "g:", 30000, "\r\nSubject: unsubscribe\r\n\r\nplease\r\n");
	g_autoptr(Facts) facts = testing_read(message);
	g_assert_true(testing_has(facts->trouble, "To is no list of addresses"));
	g_assert_cmpstr(facts->from, ==, "a@b.example");
	g_assert_cmpstr(facts->subject, ==, "unsubscribe");
	g_assert_cmpstr(facts->text, ==, "please");
	g_autofree char *longer = repeat("To: ", "g:", 50000, "\r\n\r\nplease\r\n");
	g_autoptr(Facts) cut = testing_read(longer);
	g_assert_cmpstr(cut->text, ==, "please");
	g_assert_cmpuint(cut->trouble->len, ==, 2);   /* too long as well */
}

/* A parameter name of 70 to 72 characters with an 8-bit value hangs GMime. */
static void test_parameter(void)
{
	for (guint length = 50; length < 90; length++) {
		g_autofree char *name = g_strnfill(length, 'x');
		g_autofree char *message = g_strdup_printf("Content-Type: text/plain; %s=\"\xc3\xa4\xe4\"\r\nContent-Disposition: inline; %s=\xe4\r\n\r\nplease\r\n", name, name);
		g_autoptr(Facts) facts = testing_read(message);
		g_assert_cmpstr(facts->text, ==, "please");
		g_assert_cmpint(facts->trouble->len > 0, ==, length > 60);
	}
}

/* What GMime 3.2.13 loses. */
static void test_lost_text(void)
{
	static const struct { const char *field, *subject; } subjects[] = {
		{ "=?utf-8?B?dW5zdWI=?= =?utf-8?B?c2NyaWJl?=", "unsubscribe" },
		{ "=?utf-8?Q?Abmeldung_f=C3?=\r\n =?utf-8?Q?=BCr_alle?=", "Abmeldung für alle" },        /* a character over two words */
		{ "=?utf-8?B?TMO?= =?utf-8?B?tnNjaGVu?=", "Löschen" },                                    /* … cut in its base64 */
		{ "=?utf-8?B?dW5zdWI=c2NyaWJl?=", "unsubscribe" },                                        /* base64 after padding */
		{ "=?iso-2022-jp?B?GyRCR1s/LkRkO18=?= =?iso-2022-jp?B?GyhC?=", "配信停止" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(subjects); i++) {
		g_autofree char *message = g_strdup_printf("Subject: %s\r\n\r\nx", subjects[i].field);
		g_autoptr(Facts) facts = testing_read(message);
		g_test_message("%s", subjects[i].field);
		g_assert_cmpstr(facts->subject, ==, subjects[i].subject);
	}
	g_autoptr(Facts) base64 = testing_read("Content-Transfer-Encoding: base64\r\n\r\ncGxlYXNlIA==\r\ndW5zdWJzY3JpYmU=\r\n");
	g_assert_cmpstr(base64->text, ==, "please unsubscribe");
	const char nul[] = "Subject: un\0subscribe\r\n\r\nplease\0 delete\r\n";
	g_autoptr(Facts) facts = testing_read_bytes(nul, sizeof nul - 1, NULL);
	g_assert_cmpstr(facts->subject, ==, "un subscribe");
	g_assert_cmpstr(facts->text, ==, "please  delete");
	g_autoptr(Facts) twice = testing_read("Subject: unsubscribe\r\nSubject: hello\r\n\r\nx");
	g_assert_cmpstr(twice->subject, ==, "unsubscribe");
	g_assert_true(testing_has(twice->trouble, "several Subject fields"));
}

/* 400,000 empty parts took GMime 549 MB. */
static void test_parts(void)
{
	g_autofree char *message = repeat("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nplease\r\n", "--b\r\n", 400000, "--b--\r\n");
	g_autoptr(Facts) facts = testing_read(message);
	g_assert_true(testing_has(facts->trouble, "parts beyond 10,000"));
	g_assert_cmpstr(facts->text, ==, "please");
}

/* --- limits -------------------------------------------------------------------------------------------------- */

static void test_depth(void)
{
	g_autoptr(GString) multiparts = g_string_new("Subject: deep\n");
	for (guint i = 0; i < 3000; i++)
		g_string_append_printf(multiparts, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i, i);
	g_string_append(multiparts, "\nplease");
	g_autoptr(Facts) facts = testing_read(multiparts->str);
	g_assert_true(testing_has(facts->trouble, "parts nested deeper than 100"));
	g_assert_cmpstr(facts->subject, ==, "deep");
	g_autofree char *messages = repeat("", "Content-Type: message/rfc822\n\n", 30000, "please");
	g_autoptr(Facts) nested = testing_read(messages);
	g_assert_true(testing_has(nested->trouble, "parts nested deeper than 100"));
}

static void test_header(void)
{
	const char *over = "header fields beyond 1,000, 64 KiB each or 1 MiB in all";
	g_autofree char *many = repeat("From: a@b.example\n", "X: y\n", 200000, "Subject: late\n\nplease");
	g_autoptr(Facts) facts = testing_read(many);
	g_assert_true(testing_has(facts->trouble, over));
	g_assert_cmpstr(facts->from, ==, "a@b.example");
	g_assert_cmpstr(facts->text, ==, "please");
	g_autofree char *wide = repeat("Subject: ", "wide ", 400000, "\nFrom: a@b.example\n\nplease");
	g_autoptr(Facts) long_one = testing_read(wide);
	g_assert_true(testing_has(long_one->trouble, over));
	g_assert_cmpstr(long_one->text, ==, "please");
	g_autofree char *text = repeat("\n", "text ", 1000000, "");
	g_autoptr(Facts) large = testing_read(text);
	g_assert_true(testing_has(large->trouble, "text beyond 2 MiB"));
	g_assert_cmpuint(strlen(large->text), <=, 2 * 1024 * 1024);
}

/* Nothing is asserted of the time; what is quadratic would not end. */
static void test_bulk(void)
{
	static const struct { const char *before, *unit, *after; } cases[] = {
		{ "To: ", ",", "\n\nx" }, { "To: ", "a@b,", "\n\nx" }, { "From: ", "\"", "\n\nx" }, { "From: ", "(", "\n\nx" }, { "From: ", "<", "\n\nx" },
		{ "To: ", "\\", "\n\nx" }, { "To: ", "@", "\n\nx" }, { "To: ", "=?", "\n\nx" }, { "To: ", "=?a?q?b?= ", "\n\nx" }, { "To: ", "a ", "\n\nx" },
		{ "Subject: ", "=?a?q?", "\n\nx" }, { "Subject: ", "=?utf-8?q?=?= ", "\n\nx" }, { "Subject: ", "=?utf-8?b?", "?=\n\nx" },
		{ "Subject: ", "\n ", "\n\nx" }, { "References: ", "<", "\n\nx" }, { "References: ", "<a> ", "\n\nx" }, { "Date: ", "1 ", "\n\nx" },
		{ "Content-Type: ", ";", "\n\nx" }, { "Content-Type: text/plain", ";a=b", "\n\nx" }, { "Content-Type: text/plain; x=", "(", "\n\nx" },
		{ "Content-Type: text/plain; x*0*=", "%", "\n\nx" }, { "Content-Disposition: ", "\"", "\n\nx" }, { "Auto-Submitted: ", "(", "\n\nx" },
		{ "\n", "<", "" }, { "\n", ">", "" }, { "\n", ">\n", "" }, { "\n", "\n", "" }, { "\n", "--\n", "" }, { "", ":", "" }, { "", "a:\n", "" }, { "", "\r", "" },
		{ "Content-Type: text/html\n\n", "<", "" }, { "Content-Type: text/html\n\n", "<blockquote>", "" }, { "Content-Type: text/html\n\n", "&#", "" },
		{ "Content-Type: multipart/mixed; boundary=b\n\n", "--b", "" }, { "Content-Type: multipart/mixed; boundary=\"-\"\n\n", "---\n", "" },
		{ "Content-Type: multipart/digest; boundary=b\n\n", "--b\n\n\n", "" },
		{ "Content-Type: multipart/alternative; boundary=b\n\n", "--b\n\nx\n", "" },
		{ "Content-Transfer-Encoding: base64\n\n", "=", "" }, { "Content-Transfer-Encoding: quoted-printable\n\n", "=", "" },
		{ "Content-Transfer-Encoding: quoted-printable\n\n", " ", "" }, { "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n", "M", "" },
		{ "Content-Type: text/plain; charset=iso-2022-jp\n\n", "\033$B", "" }, { "Content-Type: text/plain; charset=gb18030\n\n", "\xff", "" },
		{ "Content-Type: text/plain; charset=utf-16\n\n", "\xd8", "" },
		{ "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n", "\n", "" },
		{ "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/feedback-report\n\n", "Original-Rcpt-To: a@b\n\n", "" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *message = repeat(cases[i].before, cases[i].unit, (guint)(1024 * 1024 / strlen(cases[i].unit)), cases[i].after);
		g_test_message("%s%s…", cases[i].before, cases[i].unit);
		g_autoptr(Facts) facts = testing_read(message);
		g_assert_nonnull(facts);
	}
}

/* Every message cut off at every byte, in memory of that size. */
static void test_cut(void)
{
	const char *message = "From: \"J\" <j@a.example>\r\nSubject: =?utf-8?B?TMO2?= x\r\nAuthentication-Results: mx; dmarc=pass (c) header.from=\"a\"\r\n"
			      "Content-Type: multipart/report; report-type=x; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n"
			      "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>a=C3=A4=\r\n<blockquote>b</blockquote>\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
			      "Subject: y\r\n\r\nz\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj\r\n--b--\r\n";
	for (gsize length = 1; length <= strlen(message); length++) {
		g_autoptr(Facts) facts = testing_read_bytes(message, length, "mx");
		g_assert_nonnull(facts->authentication_reason);
	}
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	message_setup();
	g_test_add_func("/hazards/injection", test_injection);
	g_test_add_func("/hazards/groups", test_groups);
	g_test_add_func("/hazards/parameter", test_parameter);
	g_test_add_func("/hazards/lost-text", test_lost_text);
	g_test_add_func("/hazards/parts", test_parts);
	g_test_add_func("/hazards/depth", test_depth);
	g_test_add_func("/hazards/header", test_header);
	g_test_add_func("/hazards/bulk", test_bulk);
	g_test_add_func("/hazards/cut", test_cut);
	return g_test_run();
}
