#include "address.h"
#include "envelope.h"
#include "testing.h"

static void test_safe(void)
{
	static const struct { const char *address; gboolean safe; } cases[] = {
		{ "a@example.com", TRUE },
		{ "first.last+tag@sub.example.co.uk", TRUE },
		{ "o'brien@example.com", TRUE },
		{ "jürgen@bücher.example", TRUE },
		{ "", FALSE },
		{ "a", FALSE },
		{ "@example.com", FALSE },
		{ "a@", FALSE },
		{ "a@localhost", FALSE },
		{ "a@[127.0.0.1]", FALSE },
		{ "a@127.0.0.1", FALSE },
		{ ".a@example.com", FALSE },
		{ "a..b@example.com", FALSE },
		{ "a.@example.com", FALSE },
		{ "\"a b\"@example.com", FALSE },
		{ "a b@example.com", FALSE },
		{ "a@exam_ple.com", FALSE },
		{ "a@-example.com", FALSE },
		{ "a@example.com>", FALSE },
		{ "a\r\nRCPT TO:<evil@x>@example.com", FALSE },
		{ "a@example.com\r\nDATA", FALSE },
		{ "a\xe2\x80\xae" "b@example.com", FALSE },
		{ "a\x7f@example.com", FALSE },
		{ "a\xff@example.com", FALSE },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].address);
		g_assert_cmpint(address_is_safe(cases[i].address), ==, cases[i].safe);
	}
	g_assert_false(address_is_safe(NULL));
	g_autofree char *local64 = g_strnfill(64, 'a'), *good = g_strconcat(local64, "@example.com", NULL);
	g_autofree char *bad = g_strconcat("a", good, NULL);
	g_assert_true(address_is_safe(good));
	g_assert_false(address_is_safe(bad));
	g_assert_false(address_is_ascii("jürgen@example.com"));
}

static void test_forms(void)
{
	static const struct { const char *address, *identity, *match; } cases[] = {
		{ "John.Doe@Example.COM", "John.Doe@example.com", "john.doe@example.com" },
		{ "A@BÜCHER.example", "A@xn--bcher-kva.example", "a@xn--bcher-kva.example" },
		{ "no address", NULL, NULL },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *identity = address_identity(cases[i].address), *match = address_match(cases[i].address);
		g_assert_cmpstr(identity, ==, cases[i].identity);
		g_assert_cmpstr(match, ==, cases[i].match);
	}
	g_assert_true(address_same("A@bücher.example", "a@XN--BCHER-KVA.example"));
	g_assert_false(address_same(NULL, NULL));
	g_assert_false(address_same("", ""));
	g_autofree char *shown = address_display("a@bücher.example"), *ace = address_display("a@xn--bcher-kva.example");
	g_assert_cmpstr(shown, ==, "a@bücher.example (xn--bcher-kva.example)");
	g_assert_cmpstr(ace, ==, "a@xn--bcher-kva.example (bücher.example)");
}

static void test_batv(void)
{
	static const struct { const char *address, *bare; } cases[] = {
		{ "prvs=1234abcdef=user@example.com", "user@example.com" },
		{ "PRVS=user/1234abcdef@example.com", "user@example.com" },
		{ "<user@example.com>", "user@example.com" },
		{ "prvs=", "prvs=" },
		{ "", "" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *bare = address_without_batv(cases[i].address);
		g_assert_cmpstr(bare, ==, cases[i].bare);
	}
}

static void test_detail(void)
{
	static const struct { const char *address, *delimiters, *bare, *detail; } cases[] = {
		{ "unsubscribe+abc@x.example", "+", "unsubscribe@x.example", "abc" },
		{ "unsubscribe-abc+d@x.example", "+-", "unsubscribe@x.example", "abc+d" },
		{ "unsubscribe@x.example", "+", "unsubscribe@x.example", NULL },
		{ "+abc@x.example", "+", "+abc@x.example", NULL },
		{ "a+b@x.example", "", "a+b@x.example", NULL },
		{ "a@x+y", "+", "a@x+y", NULL },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *detail = NULL, *bare = address_without_detail(cases[i].address, cases[i].delimiters, &detail);
		g_assert_cmpstr(bare, ==, cases[i].bare);
		g_assert_cmpstr(detail, ==, cases[i].detail);
	}
}

static void test_robot(void)
{
	static const char *const robots[] = { "", "<>", "MAILER-DAEMON@x", "owner-list@x", "list-request@x", "No-Reply@x", "bounces+12@x", "postmaster" };
	static const char *const people[] = { "anna@x", "request@x", "reply@x", "owner@x", "rootes@x" };
	for (guint i = 0; i < G_N_ELEMENTS(robots); i++)
		g_assert_true(address_is_robot(robots[i]));
	for (guint i = 0; i < G_N_ELEMENTS(people); i++)
		g_assert_false(address_is_robot(people[i]));
}

static void test_envelope(void)
{
	g_autoptr(Envelope) envelope = envelope_new();
	static const struct { const char *given, *sender; } cases[] = {
		{ "<>", "" }, { "", "" }, { "MAILER-DAEMON", "" }, { "<a@example.com>", "a@example.com" }, { "a@example.com", "a@example.com" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		envelope_set_sender(envelope, cases[i].given);
		g_assert_cmpstr(envelope->sender, ==, cases[i].sender);
	}

	static const struct { const char *client; gboolean is_stranger; } clients[] = {
		{ NULL, FALSE }, { "", FALSE }, { "127.0.0.1", FALSE }, { "10.1.2.3", FALSE }, { "172.16.0.1", FALSE }, { "172.31.255.1", FALSE },
		{ "192.168.1.1", FALSE }, { "IPv6:::1", FALSE }, { "fe80::1", FALSE }, { "fd00::1", FALSE }, { "unix:/run/x", FALSE },
		{ "172.32.0.1", TRUE }, { "192.0.2.1", TRUE }, { "IPv6:2001:db8::1", TRUE }, { "2001:db8::1", TRUE },
	};
	for (guint i = 0; i < G_N_ELEMENTS(clients); i++) {
		g_free(envelope->client);
		envelope->client = g_strdup(clients[i].client);
		g_assert_cmpint(envelope_is_from_stranger(envelope), ==, clients[i].is_stranger);
	}

	g_autoptr(Config) config = config_default();
	ConfigAddress ours = { (char *)"unsubscribe@example.com", NULL, ROLE_OPT_OUT, AFTER_DELIVER };
	g_ptr_array_set_free_func(config->addresses, NULL);
	g_ptr_array_add(config->addresses, &ours);
	g_assert_true(envelope_our_address(config, "<Unsubscribe+tok@EXAMPLE.com>") == &ours);
	g_assert_true(envelope_our_address(config, "unsubscribe@example.com") == &ours);
	/* Mail servers take these for the same mailbox, and hand them on as they came. */
	static const char *const spellings[] = {
		"<\"unsubscribe\"@example.com>", "\"un\\subscribe\"@example.com", "\"Unsubscribe+tok\"@example.com", "<unsubscribe@example.com.>",
		"<@relay.example:unsubscribe@example.com>", "@a.example,@b.example:\"unsubscribe\"@example.com.",
	};
	static const char *const others[] = {
		"<unsubscribes@example.com>", "\"unsubscribe@example.com", "unsubscribe\"@example.com", "\"\"@example.com", "\"@example.com", "@example.com",
		"@unsubscribe@example.com", "@a:", ".", "\"", "", "<>", "\"unsubscribe @example.com\"@example.net", "unsubscribe@example.com..",
	};
	for (guint i = 0; i < G_N_ELEMENTS(spellings); i++)
		g_assert_true(envelope_our_address(config, spellings[i]) == &ours);
	for (guint i = 0; i < G_N_ELEMENTS(others); i++)
		g_assert_null(envelope_our_address(config, others[i]));
	g_assert_false(envelope_is_ours(config, NULL));
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/address/safe", test_safe);
	g_test_add_func("/address/forms", test_forms);
	g_test_add_func("/address/batv", test_batv);
	g_test_add_func("/address/detail", test_detail);
	g_test_add_func("/address/robot", test_robot);
	g_test_add_func("/envelope", test_envelope);
	return g_test_run();
}
