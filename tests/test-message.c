#include "reading-testing.h"

/* --- header ------------------------------------------------------------------------------------------------- */

static void test_subject(void)
{
	static const struct { const char *field, *subject; } cases[] = {
		{ "plain", "plain" },
		{ "folded\r\n over\r\n\tlines", "folded over lines" },
		{ "=?utf-8?Q?L=C3=B6schung?=", "Löschung" },
		{ "=?iso-8859-1?q?L=F6schung_bitte?=", "Löschung bitte" },
		{ "=?UTF-8?B?TMO2c2NodW5n?=", "Löschung" },
		{ "a =?utf-8?q?b?= c", "a b c" },
		{ "=?utf-8?q?a?= =?utf-8?q?b?=", "ab" },
		{ "=?utf-8?q?a?=\r\n =?iso-8859-1?q?=E4?=", "aä" },
		{ "=?utf-8*de?q?Sprache?=", "Sprache" },
		{ "=?utf-8?q?two words?=", "two words" },
		{ "=?utf-8?x?not?=", "=?utf-8?x?not?=" },
		{ "=?utf-8?q?unended", "=?utf-8?q?unended" },
		{ "=?gb2312?B?zcu2qQ==?=", "退订" },
		{ "=?iso-2022-jp?B?GyRCR1s/LkRkO18bKEI=?=", "配信停止" },
		{ "raw 8-bit \xc3\xa4", "raw 8-bit ä" },
		{ "raw latin \xe4", "raw latin ä" },
		{ "a =?utf-7?q?+ADw-?=", "a +ADw-" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *message = g_strdup_printf("Subject: %s\r\n\r\nx\r\n", cases[i].field);
		g_autoptr(Facts) facts = testing_read(message);
		g_assert_cmpstr(facts->subject, ==, cases[i].subject);
	}
}

static void test_from(void)
{
	static const struct { const char *header, *from, *name; guint count; } cases[] = {
		{ "From: a@b.example\n", "a@b.example", NULL, 1 },
		{ "From: Jo Doe <jo@b.example>\n", "jo@b.example", "Jo Doe", 1 },
		{ "From: \"Doe, Jo\" <jo@b.example>\n", "jo@b.example", "Doe, Jo", 1 },
		{ "From: =?utf-8?q?J=C3=B6?= <jo@b.example>\n", "jo@b.example", "Jö", 1 },
		{ "From: jo@b.example (Jo)\n", "jo@b.example", "Jo", 1 },
		{ "from : a@b.example\n", "a@b.example", NULL, 1 },
		{ "From: a@b.example, c@d.example\n", NULL, NULL, 2 },
		{ "From: a@b.example\nFrom: c@d.example\n", NULL, NULL, 2 },
		{ "From: nobody\n", NULL, NULL, 1 },
		{ "X: y\n", NULL, NULL, 0 },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *message = g_strconcat(cases[i].header, "\nx\n", NULL);
		g_autoptr(Facts) facts = testing_read(message);
		g_assert_cmpstr(facts->from, ==, cases[i].from);
		g_assert_cmpstr(facts->from_name, ==, cases[i].name);
		g_assert_cmpuint(facts->from_count, ==, cases[i].count);
		g_assert_cmpint(facts->trouble->len > 0, ==, cases[i].count > 1 || (cases[i].count && !cases[i].from));
	}
}

static void test_fields(void)
{
	g_autoptr(Facts) facts = testing_read("From - Mon Jan  1 00:00:00 2024\n"
					      "Message-ID: <id@a.example>\nIn-Reply-To: (x) <r@a.example>\nReferences: <1@a> <2@a>\n\t<3@a>\n"
					      "Date: Mon, 1 Jan 2024 12:00:00 +0100\nReply-To: r@a.example\nSender: s@a.example\n"
					      "To: one@a.example, Group: two@a.example, three@a.example;\nCc: four@a.example\n"
					      "X-Original-To: five@a.example\nDelivered-To: six@a.example\n"
					      "Auto-Submitted: (c) Auto-Replied (d); x=y\nPrecedence: Bulk\nX-Auto-Response-Suppress: OOF, AutoReply\n"
					      "X-Loop: yes\nX-Spam-Flag: YES\nX-Apple-Unsubscribe: true\nList-Unsubscribe: <mailto:u@a.example>\n\nx\n");
	g_assert_cmpstr(facts->message_id, ==, "id@a.example");
	g_assert_cmpstr(facts->in_reply_to, ==, "r@a.example");
	g_assert_cmpuint(facts->references->len, ==, 3);
	g_assert_cmpstr(facts->references->pdata[2], ==, "3@a");
	g_assert_cmpint(facts->date, ==, 1704106800);
	g_assert_cmpstr(facts->reply_to, ==, "r@a.example");
	g_assert_cmpstr(facts->sender, ==, "s@a.example");
	g_assert_cmpuint(facts->to->len, ==, 4);
	g_assert_cmpstr(facts->to->pdata[2], ==, "three@a.example");
	g_assert_cmpuint(facts->delivered_to->len, ==, 2);
	g_assert_cmpstr(facts->auto_submitted, ==, "auto-replied");
	g_assert_cmpstr(facts->precedence, ==, "bulk");
	g_assert_cmpstr(facts->suppress, ==, "oof, autoreply");
	g_assert_true(facts->has_list_field && facts->has_loop_field && facts->is_flagged_spam && facts->is_apple_unsubscribe);
	g_assert_cmpstr(facts->list_unsubscribe, ==, "<mailto:u@a.example>");
	g_assert_cmpuint(facts->trouble->len, ==, 0);
	g_assert_null(facts->report_type);
}

static void test_digest(void)
{
	static const char *const same[] = {
		"Subject: x\r\nFrom: a@b\r\n\r\nbody\r\n",
		"Subject: x\nFrom: a@b\n\nbody\n\n\n",
		"Received: from x\n\tby y\nSubject: x\nX-Spam-Score: 3\nFrom: a@b\nDKIM-Signature: v=1\nOptout-Case: 1\n\nbody",
	};
	static const char *const others[] = { "Subject: y\nFrom: a@b\n\nbody\n", "Subject: x\nFrom: a@b\n\nbody \n", "Subject: x\nFrom: a@b\n\n\nbody\n" };
	g_autoptr(Facts) first = testing_read(same[0]);
	for (guint i = 1; i < G_N_ELEMENTS(same); i++) {
		g_autoptr(Facts) facts = testing_read(same[i]);
		g_assert_cmpstr(facts->digest, ==, first->digest);
	}
	for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
		g_autoptr(Facts) facts = testing_read(others[i]);
		g_assert_cmpstr(facts->digest, !=, first->digest);
	}
}

/* --- the best text -------------------------------------------------------------------------------------------- */

#define PART "\r\n--b\r\nContent-Type: "
#define MULTIPART(kind) "Content-Type: multipart/" kind "; boundary=b\r\n\r\npreamble" PART

static void test_text(void)
{
	static const struct { const char *message, *text; } cases[] = {
		{ "Subject: no type\n\nplain", "plain" },
		{ "Content-Type: text/html\n\n<p>one<br>two</p>", "one\ntwo" },
		{ "Content-Transfer-Encoding: quoted-printable\n\nsoft=\nbreak=20=C3=A4  \nnext", "softbreak ä\nnext" },
		{ "Content-Type: text/plain; charset=iso-8859-15\nContent-Transfer-Encoding: 8bit\n\n\xa4 \xe4", "€ ä" },
		{ "Content-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: base64\n\naABpAA==\n", "hi" },
		{ MULTIPART("alternative") "text/plain\r\n\r\nplain" PART "text/html\r\n\r\n<b>html</b>\r\n--b--\r\nepilogue", "plain" },
		{ MULTIPART("alternative") "text/html\r\n\r\n<b>html</b>" PART "text/plain\r\n\r\nplain\r\n--b--", "plain" },
		{ MULTIPART("alternative") "text/plain\r\n\r\n \r\n" PART "text/html\r\n\r\n<b>html</b>\r\n--b--", "html" },
		{ MULTIPART("alternative") "text/plain\r\n\r\nPlease view in HTML" PART "text/html\r\n\r\n<b>html</b>\r\n--b--", "html" },
		{ MULTIPART("mixed") "text/plain\r\n\r\none" PART "text/plain\r\n\r\ntwo\r\n--b--", "one\n\ntwo" },
		{ MULTIPART("mixed") "text/plain\r\n\r\none" PART "text/plain\r\nContent-Disposition: attachment\r\n\r\ntwo\r\n--b--", "one" },
		{ MULTIPART("signed") "text/plain\r\n\r\none" PART "application/pgp-signature\r\n\r\ntwo\r\n--b--", "one" },
		{ MULTIPART("mixed") "multipart/alternative; boundary=\"b c\"\r\n\r\n--b c\r\n\r\ninner\r\n--b c--\r\n--b--", "inner" },
		{ MULTIPART("mixed") "text/plain\r\n\r\ncut off with no end", "cut off with no end" },
		{ "Content-Type: multipart/mixed; boundary=b\n\nno delimiter at all", "no delimiter at all" },
		{ "Content-Type: multipart/mixed\n\nno boundary named", "no boundary named" },
		{ "Content-Type: nonsense\n\ntext", "text" },
		{ MULTIPART("mixed") "message/rfc822\r\n\r\n\r\n--b--", "" },
		{ MULTIPART("mixed") "message/rfc822\r\n--b--", "" },
		{ "Subject: bare cr\rTo: x\r\rbody\rmore", "body\nmore" },
		{ "Subject: x\nno header line\n\nmore", "no header line\n\nmore" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Facts) facts = testing_read(cases[i].message);
		g_test_message("case %u", i);
		g_assert_cmpstr(facts->text, ==, cases[i].text);
	}
}

static void test_flags(void)
{
	g_autoptr(Facts) html = testing_read("Content-Type: text/html\n\n<p>x");
	g_assert_true(html->is_html_only);
	g_autoptr(Facts) encrypted = testing_read(MULTIPART("encrypted") "application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b--");
	g_assert_true(encrypted->is_encrypted);
	g_autoptr(Facts) smime = testing_read("Content-Type: application/pkcs7-mime\n\nMII");
	g_assert_true(smime->is_encrypted);
	g_autoptr(Facts) unknown = testing_read("Content-Type: text/plain; charset=klingon\n\nabc \xff");
	g_assert_true(testing_has(unknown->trouble, "unknown charset klingon"));
	g_assert_cmpstr(unknown->text, ==, "abc \xef\xbf\xbd");
	g_autoptr(Facts) utf7 = testing_read("Content-Type: text/plain; charset=utf-7\n\n+ADw-script");
	g_assert_true(testing_has(utf7->trouble, "unknown charset utf-7"));
	g_autoptr(Facts) forward = testing_read(MULTIPART("mixed") "text/plain\r\n\r\nsee below" PART
						"message/rfc822\r\n\r\nSubject: x\r\n\r\nclick to unsubscribe\r\n--b--");
	g_assert_true(forward->is_forward);
	g_assert_cmpstr(forward->text, ==, "see below");
	g_assert_cmpstr(forward->rest, ==, "click to unsubscribe");
	MessageOptions options = { .is_truncated = TRUE };
	g_autoptr(Facts) truncated = message_read((const guint8 *)"a: b\n\nc", 7, &options, NULL);
	g_assert_true(truncated->is_truncated && truncated->trouble->len);
	g_autoptr(GError) error = NULL;
	g_assert_null(message_read((const guint8 *)"", 0, &options, &error));
	g_assert_nonnull(error);
}

static void test_unread(void)
{
	g_autofree char *photo = g_strnfill(8000, 'A');
	g_autofree char *message = g_strconcat(
		MULTIPART("mixed") "text/plain\r\n\r\nsee attached" PART "application/pdf\r\n\r\nJVBERi0=" PART "image/png\r\n\r\nsmall" PART
		"image/jpeg\r\n\r\n", photo, PART "text/x-vcard\r\n\r\nBEGIN:VCARD" PART "application/octet-stream; name=smime.p7s\r\n\r\nx\r\n--b--", NULL);
	g_autoptr(Facts) facts = testing_read(message);
	g_assert_cmpuint(facts->unread->len, ==, 2);
	g_assert_cmpstr(facts->unread->pdata[0], ==, "application/pdf");
	g_assert_cmpstr(facts->unread->pdata[1], ==, "image/jpeg");
	g_autofree char *related = g_strconcat(MULTIPART("related") "text/html\r\n\r\n<img src=cid:1>hi" PART "image/png\r\n\r\n", photo, "\r\n--b--", NULL);
	g_autoptr(Facts) logo = testing_read(related);
	g_assert_cmpuint(logo->unread->len, ==, 0);
	g_assert_cmpstr(logo->text, ==, "hi");
}

/* --- reports -------------------------------------------------------------------------------------------------- */

static void test_delivery_report(void)
{
	g_autoptr(Facts) facts = testing_read("Content-Type: multipart/report; report-type=Delivery-Status; boundary=b\r\n" PART
					      "text/plain\r\n\r\nfailed" PART "message/delivery-status\r\n\r\n"
					      "Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; <one@a.example>\r\nAction: failed\r\n\r\n"
					      "Original-Recipient: rfc822;two@a.example\r\n" PART
					      "message/rfc822\r\n\r\nMessage-ID: <orig@a.example>\r\nSubject: unsubscribe\r\n\r\nunsubscribe me\r\n--b--");
	g_assert_cmpstr(facts->report_type, ==, "delivery-status");
	g_assert_cmpuint(facts->reported->len, ==, 2);
	g_assert_cmpstr(facts->reported->pdata[0], ==, "one@a.example");
	g_assert_cmpstr(facts->reported->pdata[1], ==, "two@a.example");
	g_assert_cmpstr(facts->original_message_id, ==, "orig@a.example");
	g_assert_cmpstr(facts->text, ==, "failed");
	g_assert_null(facts->feedback_type);
	g_assert_false(facts->is_forward);
}

static void test_feedback_report(void)
{
	g_autoptr(Facts) facts = testing_read("Content-Type: multipart/report; boundary=\"b\"; report-type=\"feedback-report\"\n\n--b\n\nspam report\n"
					      "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: Abuse\nOriginal-Rcpt-To: <one@a.example>\n"
					      "Original-Rcpt-To: two@a.example\n\n--b\nContent-Type: text/rfc822-headers\n\n"
					      "Message-ID: <orig@a.example>\nTo: three@a.example\nAuthentication-Results: mx.example; dmarc=pass\n\n--b--\n");
	g_assert_cmpstr(facts->report_type, ==, "feedback-report");
	g_assert_cmpstr(facts->feedback_type, ==, "abuse");
	g_assert_cmpuint(facts->reported->len, ==, 2);
	g_assert_cmpstr(facts->original_message_id, ==, "orig@a.example");
	g_autoptr(Facts) bare = testing_read("Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nx\n"
					     "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: opt-out\n\n"
					     "--b\nContent-Type: text/rfc822-header\n\nTo: three@a.example\n\n--b--\n");
	g_assert_cmpstr(bare->reported->pdata[0], ==, "three@a.example");
	g_assert_cmpstr(bare->feedback_type, ==, "opt-out");
}

static void test_jmrp(void)
{
	const char *rest = ">\nSubject: complaint about message from 192.0.2.1\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
			   "Content-Type: message/rfc822\n\nX-HmXmrOriginalRecipient: <hater@hotmail.example>\nMessage-ID: <o@a>\n\nbuy\n--b--\n";
	g_autofree char *real = g_strconcat("From: <staff@hotmail.com", rest, NULL);
	g_autofree char *other = g_strconcat("From: <staff@hotmail.example", rest, NULL);
	g_autoptr(Facts) facts = testing_read(real);
	g_assert_cmpstr(facts->feedback_type, ==, "abuse");
	g_assert_cmpstr(facts->reported->pdata[0], ==, "hater@hotmail.example");
	g_assert_cmpstr(facts->original_message_id, ==, "o@a");
	g_autoptr(Facts) forged = testing_read(other);
	g_assert_null(forged->feedback_type);
	g_assert_cmpuint(forged->reported->len, ==, 0);
}

static void test_authentication(void)
{
	const char *message = "Authentication-Results: mx.example; dmarc=pass header.from=a.example\nReceived: from x by mx.example\n"
			      "Authentication-Results: mx.example; dmarc=fail\nFrom: u@a.example\n\nx\n";
	g_autoptr(Facts) facts = testing_read_bytes(message, strlen(message), "mx.example");
	g_assert_cmpint(facts->authentication, ==, EVIDENCE_E2);
	g_assert_cmpstr(facts->authentication_reason, ==, "dmarc=pass");
	const char *below = "Received: from x by y\nAuthentication-Results: mx.example; dmarc=pass\nFrom: u@a.example\n\nx\n";
	g_autoptr(Facts) forged = testing_read_bytes(below, strlen(below), "mx.example");
	g_assert_cmpint(forged->authentication, ==, EVIDENCE_E0);
	g_assert_cmpstr(forged->authentication_reason, ==, "no Authentication-Results of mx.example");
	MessageOptions options = { .authserv_id = "mx.example", .own_hops = 1 };
	g_autoptr(Facts) hop = message_read((const guint8 *)below, strlen(below), &options, NULL);
	g_assert_cmpint(hop->authentication, ==, EVIDENCE_E2);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	message_setup();
	g_test_add_func("/message/subject", test_subject);
	g_test_add_func("/message/from", test_from);
	g_test_add_func("/message/fields", test_fields);
	g_test_add_func("/message/digest", test_digest);
	g_test_add_func("/message/text", test_text);
	g_test_add_func("/message/flags", test_flags);
	g_test_add_func("/message/unread", test_unread);
	g_test_add_func("/message/delivery-report", test_delivery_report);
	g_test_add_func("/message/feedback-report", test_feedback_report);
	g_test_add_func("/message/jmrp", test_jmrp);
	g_test_add_func("/message/authentication", test_authentication);
	return g_test_run();
}
