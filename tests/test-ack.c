#include "ack.h"
#include "ack-texts.h"
#include "compose.h"
#include "status.h"
#include "testing.h"

/* 2026-11-24T10:00:00Z, a Tuesday. */
enum { NOW = 1795514400 };

typedef struct {
	AckTexts *texts;
	Config *config;
	ConfigController *controller;
	Case *c;
	Letter *letter;
} Fixture;

static AckTexts *load(void)
{
	g_autofree char *filters = testing_source("filters");
	char *directories[] = { filters, NULL };
	GError *error = NULL;
	AckTexts *texts = ack_texts_load(directories, &error);
	g_assert_no_error(error);
	return texts;
}

static void set_up(Fixture *f, gconstpointer data)
{
	(void)data;
	f->texts = load();
	f->config = config_default();
	f->config->smtp.from = g_strdup("Datenschutz Müller <privacy@example.com>");
	f->controller = g_new0(ConfigController, 1);
	f->controller->id = g_strdup("shop");
	f->controller->name = g_strdup("Müller & Söhne GmbH");
	f->controller->postal_address = g_strdup("Hauptstraße 1\n10115 Berlin");
	f->controller->preferences_url = g_strdup("https://example.com/preferences");
	f->controller->languages = g_strsplit("fr de", " ", -1);
	f->c = case_new();
	uuid_new(f->c->uuid);
	g_strlcpy(f->c->reference, "7K3M-QX4T", REFERENCE_SIZE);
	f->c->kind = KIND_REQUEST;
	f->c->controller = g_strdup("shop");
	f->c->subject_address = g_strdup("jane@EXAMPLE.org");
	f->c->law = LAW_GDPR;
	f->c->received = 1795514400;   /* 2026-11-24T10:00:00Z */
	f->letter = letter_new();
	g_strlcpy(f->letter->reference, f->c->reference, REFERENCE_SIZE);
	f->letter->to = g_strdup("jane@example.org");
	f->letter->message_id = g_strdup("5f0c.1@example.com");
	f->letter->in_reply_to = g_strdup("abc.1@mail.example.org");
}

static void tear_down(Fixture *f, gconstpointer data)
{
	(void)data;
	ack_texts_free(f->texts);
	config_unref(f->config);
	g_free(f->controller->id);
	g_free(f->controller->name);
	g_free(f->controller->postal_address);
	g_free(f->controller->preferences_url);
	g_free(f->controller->contact);
	g_strfreev(f->controller->languages);
	g_free(f->controller);
	case_free(f->c);
	letter_free(f->letter);
}

static void ask(Fixture *f, RequestType type, guint day)
{
	GDate due;
	g_date_clear(&due, 1);
	if (day)
		g_date_set_dmy(&due, (GDateDay)day, 12, 2026);
	g_ptr_array_add(f->c->requests, case_request_new(verdict_request_new(type, 1), LAW_GDPR, &due));
}

static char *compose(Fixture *f)
{
	GError *error = NULL;
	g_autoptr(GBytes) message = ack_compose(f->texts, f->letter, f->c, f->config, f->controller, NOW, &error);
	g_assert_no_error(error);
	gsize size;
	const char *bytes = g_bytes_get_data(message, &size);
	g_assert_cmpuint(size, <, 4096);
	for (gsize i = 0, column = 0; i < size; i++) {
		g_assert_cmpint((guchar)bytes[i], <, 0x7f);
		g_assert_true(bytes[i] != '\n' || (i > 0 && bytes[i - 1] == '\r'));
		g_assert_true(bytes[i] != '\r' || bytes[i + 1] == '\n');
		column = bytes[i] == '\n' ? 0 : column + 1;
		g_assert_cmpuint(column, <=, 78 + 1);   /* with the CR */
	}
	return g_strndup(bytes, size);
}

static char *without_cr(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, "\r\n", -1);
	return g_strjoinv("\n", parts);
}

/* Undoes quoted-printable, the shortest way. */
static char *body_of(const char *message)
{
	g_autofree char *plain = without_cr(strstr(message, "\r\n\r\n") + 4);
	GString *out = g_string_new(NULL);
	gboolean is_encoded = strstr(message, "Content-Transfer-Encoding: quoted-printable\r\n") != NULL;
	for (const char *p = plain; *p; p++) {
		if (!is_encoded || *p != '=') {
			g_string_append_c(out, *p);
		} else if (p[1] == '\n') {
			p++;
		} else {
			g_string_append_c(out, (char)(g_ascii_xdigit_value(p[1]) << 4 | g_ascii_xdigit_value(p[2])));
			p += 2;
		}
	}
	return g_string_free(out, FALSE);
}

static void test_english(Fixture *f, gconstpointer data)
{
	(void)data;
	f->c->language = g_strdup("en-GB");
	g_free(f->config->smtp.from);
	f->config->smtp.from = g_strdup("Privacy Team <privacy@example.com>");
	g_free(f->controller->name);
	f->controller->name = g_strdup("Example Ltd");
	g_free(f->controller->postal_address);
	f->controller->postal_address = g_strdup("1 High Street, London");
	ask(f, REQUEST_MARKETING_OPT_OUT, 8);
	g_autofree char *message = compose(f), *plain = without_cr(message);
	g_assert_cmpstr(plain, ==,
		"Date: Tue, 24 Nov 2026 10:00:00 +0000\n"
		"From: Privacy Team <privacy@example.com>\n"
		"To: jane@example.org\n"
		"Subject: Your opt-out is recorded [ref 7K3M-QX4T]\n"
		"Message-ID: <5f0c.1@example.com>\n"
		"In-Reply-To: <abc.1@mail.example.org>\n"
		"References: <abc.1@mail.example.org>\n"
		"Auto-Submitted: auto-replied\n"
		"X-Auto-Response-Suppress: All\n"
		"MIME-Version: 1.0\n"
		"Content-Type: text/plain; charset=utf-8\n"
		"Content-Transfer-Encoding: 7bit\n"
		"Content-Language: en\n"
		"\n"
		"Hello,\n"
		"\n"
		"we have received your message and understood that you want:\n"
		"\n"
		"- no more advertising or newsletters from us\n"
		"\n"
		"This is recorded and takes effect now. You need to do nothing else.\n"
		"\n"
		"It applies to the address jane@example.org.\n"
		"\n"
		"Messages that were already on their way may still reach you, until 26\n"
		"November 2026 at the latest.\n"
		"\n"
		"If you did not mean this, or change your mind, please reply to this\n"
		"message in a sentence of your own and leave the reference in the\n"
		"subject.\n"
		"\n"
		"You can also see and change your preferences here:\n"
		"https://example.com/preferences\n"
		"\n"
		"Reference: 7K3M-QX4T\n"
		"\n"
		"Kind regards\n"
		"Example Ltd\n"
		"1 High Street, London\n"
		"\n"
		"This message was written automatically because a message was sent to us\n"
		"from your address.\n");
}

static void test_german(Fixture *f, gconstpointer data)
{
	(void)data;
	f->c->language = g_strdup("de");
	ask(f, REQUEST_ERASURE, 24);
	ask(f, REQUEST_ACCESS, 28);
	g_autofree char *message = compose(f), *body = body_of(message);
	g_assert_nonnull(strstr(message, "From: =?utf-8?Q?Datenschutz_M=C3=BCller?= <privacy@example.com>\r\n"));
	g_assert_nonnull(strstr(message, "Subject: Wir haben Ihr Anliegen erhalten [ref 7K3M-QX4T]\r\n"));
	g_assert_nonnull(strstr(message, "Content-Transfer-Encoding: quoted-printable\r\nContent-Language: de\r\n\r\n"));
	g_assert_cmpstr(body, ==,
		"Guten Tag,\n"
		"\n"
		"vielen Dank für Ihre Nachricht. Wir haben sie so verstanden, dass es\n"
		"Ihnen um Folgendes geht:\n"
		"\n"
		"- Löschung Ihrer personenbezogenen Daten\n"
		"- Auskunft über die personenbezogenen Daten, die wir über Sie\n"
		"  gespeichert haben\n"
		"\n"
		"Ihr Anliegen ist eingetragen, und wir kümmern uns unverzüglich darum.\n"
		"\n"
		"Unsere Antwort erhalten Sie bis spätestens 28. Dezember 2026.\n"
		"\n"
		"Ab sofort senden wir außerdem keine Werbung mehr an jane@example.org.\n"
		"\n"
		"Wenn wir sicher sein müssen, dass die Anfrage von Ihnen stammt, melden\n"
		"wir uns bei Ihnen. Bitte senden Sie uns keine Ausweiskopie, solange wir\n"
		"nicht darum bitten.\n"
		"\n"
		"Falls wir Sie falsch verstanden haben oder Sie Ihr Anliegen zurückziehen\n"
		"möchten, antworten Sie bitte auf diese Nachricht und lassen Sie die\n"
		"Vorgangsnummer im Betreff stehen.\n"
		"\n"
		"Ihre Einstellungen können Sie auch hier ansehen und ändern:\n"
		"https://example.com/preferences\n"
		"\n"
		"Vorgangsnummer: 7K3M-QX4T\n"
		"\n"
		"Mit freundlichen Grüßen\n"
		"Müller & Söhne GmbH\n"
		"Hauptstraße 1\n"
		"10115 Berlin\n"
		"\n"
		"Diese Nachricht wurde automatisch erstellt, weil uns eine Nachricht von\n"
		"Ihrer Adresse erreicht hat.\n");
}

/* The lines of one message that depend on what was asked and configured. */
static void test_mixed(Fixture *f, gconstpointer data)
{
	(void)data;
	f->c->language = g_strdup("en");
	f->config->name_laws = TRUE;
	ask(f, REQUEST_ERASURE, 24);
	ask(f, REQUEST_MARKETING_OPT_OUT, 8);
	g_assert_cmpstr(ack_text_name(f->c), ==, "mixed");
	g_autofree char *message = compose(f), *body = body_of(message);
	g_assert_nonnull(strstr(body, "\n- no more advertising or newsletters from us\n"));
	g_assert_nonnull(strstr(body, "until 26\nNovember 2026 at the latest.\n"));
	g_assert_nonnull(strstr(body, "You also ask for:\n\n- erasure of your personal data\n\nThis is recorded too"));
	g_assert_nonnull(strstr(body, "You will have our answer by 24 December 2026 at the latest.\n"));
	g_assert_nonnull(strstr(body, "\nLegal basis: General Data Protection Regulation (EU) 2016/679\n"));
}

/* A letter that comes late promises no day that has passed, and a case corrected since it was queued gets the text that suits it now. */
static void test_late(Fixture *f, gconstpointer data)
{
	(void)data;
	f->c->language = g_strdup("en");
	f->letter->text = g_strdup("opt-out");
	g_free(f->letter->to);
	f->letter->to = g_strdup("prvs=2345abcdef=jane@example.org");   /* BATV is for the envelope only */
	g_date_set_dmy(&f->c->due, 23, 11, 2026);
	ask(f, REQUEST_ACCESS, 0);
	g_autofree char *message = compose(f), *body = body_of(message);
	g_assert_nonnull(strstr(message, "\r\nTo: jane@example.org\r\n"));
	g_assert_nonnull(strstr(body, "- access to the personal data"));
	g_assert_null(strstr(body, "at the latest"));
	g_assert_null(strstr(body, "{"));
	g_assert_null(strstr(body, "\n\n\n"));
	g_assert_null(strstr(body, "Legal basis"));
}

static void test_injection(Fixture *f, gconstpointer data)
{
	(void)data;
	static const char *const ids[] = {
		"a@b\r\nBcc: victim@example.net", "a@b> <c@d", "a b@c", "<a@b", "", "@", "a@", "\xc3\xa4@b", "a@b\tc", "<a@b\r\n>", "\"x\r\n y\"@z",
		"<script>@example.org",
	};
	f->c->language = g_strdup("en");
	ask(f, REQUEST_MARKETING_OPT_OUT, 8);
	g_free(f->controller->name);
	f->controller->name = g_strdup("Evil\r\nBcc: victim@example.net");
	for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
		g_free(f->letter->in_reply_to);
		f->letter->in_reply_to = g_strdup(ids[i]);
		g_autofree char *message = compose(f);
		g_autofree char *headers = g_strndup(message, (gsize)(strstr(message, "\r\n\r\n") - message));
		g_assert_null(strstr(headers, "In-Reply-To"));
		g_assert_null(strstr(headers, "References"));
		g_assert_null(strstr(headers, "Bcc"));
		g_assert_null(strstr(headers, "script"));
	}
	g_autofree char *longest = g_strdup_printf("%0*d@example.org", COMPOSE_MESSAGE_ID_MOST, 1);
	g_assert_null(compose_message_id(longest));
	g_autofree char *literal = compose_message_id(" <x.1@[IPv6:::1]>");
	g_assert_cmpstr(literal, ==, "<x.1@[IPv6:::1]>");
}

/* Whatever is wrong with one letter is said, and is for good. */
static void test_refused(Fixture *f, gconstpointer data)
{
	(void)data;
	const struct { const char *to, *from, *id, *text; gboolean has_requests; const char *says; } cases[] = {
		{ "a@b.example", "a@b.example", "1@b.example", NULL, FALSE, "no request" },
		{ "a@b.example\r\nRCPT TO:<c@d.example>", "a@b.example", "1@b.example", NULL, TRUE, "recipient" },
		{ "a@b.example", NULL, "1@b.example", NULL, TRUE, "[smtp] from" },
		{ "a@b.example", "x\r\nBcc: y <a@b.example>", "1@b.example", NULL, TRUE, "[smtp] from" },
		{ "a@b.example", "a@b.example", "1 2@b.example", NULL, TRUE, "Message-ID" },
		{ "a@b.example", "a@b.example", "1@b.example", "birthday", TRUE, "acks/en/birthday" },
	};
	f->c->language = g_strdup("en");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_ptr_array_set_size(f->c->requests, 0);
		if (cases[i].has_requests)
			ask(f, REQUEST_ERASURE, 24);
		g_free(f->letter->to);
		f->letter->to = g_strdup(cases[i].to);
		g_free(f->config->smtp.from);
		f->config->smtp.from = g_strdup(cases[i].from);
		g_free(f->letter->message_id);
		f->letter->message_id = g_strdup(cases[i].id);
		g_free(f->letter->text);
		f->letter->text = g_strdup(cases[i].text);
		g_autoptr(GError) error = NULL;
		g_assert_null(ack_compose(f->texts, f->letter, f->c, f->config, f->controller, NOW, &error));
		g_assert_cmpint(status_of(error), ==, STATUS_PERMANENT);
		g_assert_nonnull(strstr(error->message, cases[i].says));
	}
}

static void test_language(Fixture *f, gconstpointer data)
{
	(void)data;
	static const struct { const char *of_case, *want; } cases[] = {
		{ "de-AT", "de" }, { "DE-Latn-CH", "de" }, { "en", "en" }, { "tlh", "de" }, { NULL, "de" }, { "", "de" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_free(f->c->language);
		f->c->language = g_strdup(cases[i].of_case);
		g_assert_cmpstr(ack_language(f->texts, f->c, f->controller), ==, cases[i].want);
	}
	g_assert_cmpstr(ack_language(f->texts, f->c, NULL), ==, "en");
}

static void test_headers(void)
{
	static const struct { const char *text, *want; } cases[] = {
		{ "plain", "Subject: plain\r\n" },
		{ "a\r\nBcc: b", "Subject: a Bcc: b\r\n" },
		{ "=?utf-8?Q?x?=", "Subject: =?utf-8?Q?=3D=3Futf-8=3FQ=3Fx=3F=3D?=\r\n" },
		{ "日本語日本語日本語", "Subject: =?utf-8?Q?=E6=97=A5=E6=9C=AC=E8=AA=9E=E6=97=A5=E6=9C=AC?=\r\n =?utf-8?Q?=E8=AA=9E=E6=97=A5=E6=9C=AC=E8=AA=9E?=\r\n" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) message = g_string_new(NULL);
		compose_text_header(message, "Subject", cases[i].text);
		g_assert_cmpstr(message->str, ==, cases[i].want);
	}
	g_autoptr(GString) from = g_string_new(NULL);
	compose_mailbox_header(from, "From", "Shop, \"Inc.\"", "a@b.example");
	g_assert_cmpstr(from->str, ==, "From: \"Shop, \\\"Inc.\\\"\" <a@b.example>\r\n");
}

static void test_body(void)
{
	g_autoptr(GString) japanese = g_string_new(NULL);
	compose_text_body(japanese, "受け付けました。\n登録済みです。\n", "ja");
	g_assert_nonnull(strstr(japanese->str, "Content-Transfer-Encoding: base64\r\n"));
	gsize length;
	g_autofree char *decoded = (char *)g_base64_decode(strstr(japanese->str, "\r\n\r\n") + 4, &length);
	g_autofree char *text = g_strndup(decoded, length);
	g_assert_cmpstr(text, ==, "受け付けました。\r\n登録済みです。\r\n");
	/* Ends of lines at the limit, white space before a line's end, and an equals sign. */
	g_autofree char *line = g_strnfill(76, 'x'), *longer = g_strnfill(77, 'x');
	g_autofree char *all = g_strdup_printf("%s\n%s\na=b \nä\n", line, longer);
	g_autoptr(GString) quoted = g_string_new(NULL);
	compose_text_body(quoted, all, NULL);
	g_autofree char *want = g_strdup_printf("\r\n\r\n%s\r\n%.75s=\r\nxx\r\na=3Db=20\r\n=C3=A4\r\n", line, line);
	g_assert_true(g_str_has_suffix(quoted->str, want));
}

static void test_mailbox(void)
{
	static const struct { const char *text, *name, *address; } cases[] = {
		{ "Privacy Team <privacy@example.com>", "Privacy Team", "privacy@example.com" },
		{ "\"Shop, \\\"Inc.\\\"\" <a@B.example>", "Shop, \"Inc.\"", "a@b.example" },
		{ "a@b.example", NULL, "a@b.example" },
		{ "<a@b.example>", NULL, "a@b.example" },
		{ "x <a@b.example> y", NULL, NULL },
		{ "x <a b@c.example>", NULL, NULL },
		{ "x\ny <a@b.example>", NULL, NULL },
		{ "nobody", NULL, NULL },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *name = NULL, *address = NULL;
		g_assert_cmpint(compose_parse_mailbox(cases[i].text, &name, &address), ==, cases[i].address != NULL);
		g_assert_cmpstr(name, ==, cases[i].name);
		g_assert_cmpstr(address, ==, cases[i].address);
	}
}

#define TEST(name, function) g_test_add("/ack/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	TEST("english", test_english);
	TEST("german", test_german);
	TEST("mixed", test_mixed);
	TEST("late", test_late);
	TEST("injection", test_injection);
	TEST("refused", test_refused);
	TEST("language", test_language);
	g_test_add_func("/compose/headers", test_headers);
	g_test_add_func("/compose/body", test_body);
	g_test_add_func("/compose/mailbox", test_mailbox);
	return g_test_run();
}
