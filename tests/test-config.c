#include "config.h"
#include "status.h"
#include "testing.h"

#include <glib/gstdio.h>

static char *directory;

/* Loads a configuration of this text; the file's name is `c.conf`. */
static Config *load(const char *text, GError **error)
{
	g_autofree char *file = g_build_filename(directory, "c.conf", NULL);
	g_assert_true(g_file_set_contents(file, text, -1, NULL));
	return config_load(file, error);
}

#define MINIMAL "[controller shop]\n[address privacy@example.com]\nrole=privacy\n"

static void test_defaults(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Config) config = load(MINIMAL, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(config->store, ==, "/var/lib/optout");
	g_assert_cmpuint(config->milter_socket_mode, ==, 0660);
	g_assert_cmpuint(config->answer_window, ==, 7 * 86400);
	g_assert_cmpuint(config->message_size, ==, 10 << 20);
	g_assert_cmpuint(config->smtp.timeout, ==, 600);
	g_assert_cmpint(config->smtp.tls, ==, CONFIG_TLS_IF_OFFERED);
	g_assert_false(config->observe);
	g_assert_null(config->authserv_id);
	const ConfigAddress *address = g_ptr_array_index(config->addresses, 0);
	g_assert_cmpstr(address->address, ==, "privacy@example.com");
	g_assert_cmpint(address->after, ==, AFTER_DELIVER);
	g_assert_cmpstr(address->controller->name, ==, "shop");
	g_assert_cmpstr(address->controller->languages[0], ==, "en");
}

static void test_values(void)
{
	g_autofree char *secret = g_build_filename(directory, "secret", NULL);
	g_assert_true(g_file_set_contents(secret, "hush\n", -1, NULL));
	g_autofree char *text = g_strdup_printf("[optout]\nstore = \"/srv/optout\"\nmode = observe\nfilters = \"%s\", /\ntimezone=Europe/Berlin\n"
	                                        "milter-socket = inet:8890@127.0.0.1\nauthserv-id = 'mx.example.com'\nmap-size = 2G\nrecipient-delimiter=\n"
	                                        "[smtp]\nurl = smtp://127.0.0.1:25\ntls = required\nuser=u\npassword-file=%s\nfrom = Privacy Team <privacy@example.com>\n"
	                                        "[controller a]\nname = A GmbH\ncountry = de\nlanguages = \"de\", 'en'\n[controller b]\n"
	                                        "[address unsubscribe@example.com]\ncontroller = a\nrole = opt-out\n"
	                                        "[address privacy@example.com]\ncontroller = b\nrole = privacy\nafter = quarantine\n", directory, secret);
	g_autoptr(GError) error = NULL;
	g_autoptr(Config) config = load(text, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(config->store, ==, "/srv/optout");
	g_assert_true(config->observe);
	g_assert_cmpstr(config->filters[0], ==, directory);
	g_assert_cmpstr(config->filters[1], ==, "/");
	g_assert_null(config->filters[2]);
	g_assert_cmpstr(config->authserv_id, ==, "mx.example.com");
	g_assert_cmpstr(config->recipient_delimiter, ==, "");
	g_assert_cmpuint(config->map_size, ==, (guint64)2 << 30);
	g_assert_null(config->smtp.password);
	g_assert_true(config_read_secrets(config, &error));
	g_assert_cmpstr(config->smtp.password, ==, "hush");
	g_assert_cmpint(config->smtp.tls, ==, CONFIG_TLS_REQUIRED);
	const ConfigAddress *first = g_ptr_array_index(config->addresses, 0), *second = g_ptr_array_index(config->addresses, 1);
	g_assert_cmpint(first->after, ==, AFTER_DISCARD);
	g_assert_cmpint(second->after, ==, AFTER_QUARANTINE);
	g_assert_cmpstr(first->controller->country, ==, "DE");
	g_assert_cmpstr(first->controller->languages[0], ==, "de");
	g_assert_cmpstr(first->controller->languages[1], ==, "en");
}

static void test_errors(void)
{
	static const struct { const char *text, *words; } cases[] = {
		{ "[optout]\nsotre=/a\n", "c.conf: [optout] sotre: no such key" },
		{ "[optuot]\n", "no such group [optuot]" },
		{ "[optout]\nstore=/a\n[optout]\nmode=act\n", "c.conf:3: [optout] stands twice" },
		{ "[optout]\nstore=/a\nstore=/b\n", "c.conf:3: [optout] store stands twice" },
		{ "[optout]\nstore=relative\n", "[optout] store: \"relative\" is no absolute path" },
		{ "[optout]\nstore=\n", "[optout] store: is empty" },
		{ "[optout]\nmode=perhaps\n", "\"perhaps\" is none of act | observe" },
		{ "[optout]\nmap-size=10X\n", "is no number of bytes" },
		{ "[optout]\nmap-size=99999999999999999999T\n", "map-size" },
		{ "[optout]\nreader-timeout=0\n", "0 is out of range; it must be from 1 to 250" },
		{ "[optout]\nmilter-socket=/run/x\n", "neither inet:PORT@HOST nor unix:/PATH" },
		{ "[optout]\nmilter-socket-mode=999\n", "no octal mode" },
		{ "[optout]\nmilter-socket-group=no such group\n", "there is no group" },
		{ "[optout]\ntimezone=Mars/Base\n", "\"Mars/Base\" is no time zone" },
		{ "[optout]\nname-laws=maybe\n", "neither yes nor no" },
		{ "[smtp]\nurl=http://x\n", "neither smtp://HOST:PORT" },
		{ "[smtp]\nurl=smtp://x\n", "[smtp] from: is missing" },
		{ "[smtp]\ntls=always\n", "\"always\" is none of required | if-offered | none" },
		{ "[smtp]\npassword-file=/no/such/file\n", "[smtp] password-file: " },
		{ "[address privacy@example.com]\nrole=privacy\n", "[address privacy@example.com] controller: is missing" },
		{ "[controller a]\n[address privacy]\nrole=privacy\n", "\"privacy\" is no address" },
		{ "[controller a]\n[address a@b.example]\n", "role: is missing" },
		{ "[controller a]\n[address a@b.example]\nrole=boss\n", "neither opt-out nor privacy" },
		{ "[controller a]\n[address a@b.example]\nrole=privacy\nafter=delete\n", "none of discard | deliver | quarantine" },
		{ "[controller a]\n[address a@b.example]\nrole=privacy\ncontroller=b\n", "there is no group [controller b]" },
		{ "[controller a]\ncountry=Germany\n", "no country code of two letters" },
		{ "[controller a]\nlanguages=,\n", "at least one is needed" },
		{ "[controller a]\nlanguages=en, d e\n", "[controller a] languages: \"d e\" is no language tag" },
		{ "[controller a]\n[controller  a]\n", "[controller  a]: controller a stands twice" },
		{ "[controller a]\n[address a@b.example]\nrole=privacy\n[address A@B.example]\nrole=privacy\n", "address A@B.example stands twice" },
		{ "[optout]\nfilters=/,/no/such/filters\n", "[optout] filters: /no/such/filters: No such file" },
		{ "[optout]\nfilters=/dev/null\n", "[optout] filters: /dev/null is no directory" },
		{ "[optout]\nfilters=here\n", "no absolute path" },
		{ "[optout]\ntoken-key-file=/no/such/key\n", "[optout] token-key-file: /no/such/key: No such file" },
		{ "[optout]\nmilter-socket=inet:99999@127.0.0.1\n", "neither inet:PORT@HOST nor unix:/PATH" },
		{ "[optout]\nmilter-socket=inet:smtp@127.0.0.1\n", "neither inet:PORT@HOST nor unix:/PATH" },
		{ "[smtp]\nca-file=/no/such/ca\n", "[smtp] ca-file: /no/such/ca: No such file" },
		{ "[smtp]\nurl=smtp://\nfrom=a@b.example\n", "[smtp] url: \"smtp://\" is neither" },
		{ "[smtp]\nurl=smtp://a:b:c\nfrom=a@b.example\n", "is neither smtp://HOST:PORT" },
		{ "[smtp]\nfrom=Privacy Team\n", "[smtp] from: \"Privacy Team\" is no address" },
		{ "[smtp]\nfrom=Privacy Team <a b@c.example>\n", "is no address" },
		{ "[smtp]\nuser=u\n", "[smtp] password-file: is missing" },
		{ "[smtp]\npassword-file=/dev/null\n", "[smtp] user: is missing" },
		{ "nonsense\n", "c.conf" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Config) config = load(cases[i].text, &error);
		g_test_message("%s -> %s", cases[i].text, error ? error->message : "no error");
		g_assert_null(config);
		g_assert_cmpint(status_of(error), ==, STATUS_PERMANENT);
		g_assert_nonnull(strstr(error->message, cases[i].words));
	}
	g_autoptr(GError) error = NULL;
	g_autofree char *binary = g_build_filename(directory, "c.conf", NULL);
	g_assert_true(g_file_set_contents(binary, "[optout]\n\0[", 11, NULL));
	g_assert_null(config_load(binary, &error));
	g_assert_nonnull(strstr(error->message, "NUL byte"));
	g_clear_error(&error);
	g_assert_null(config_load("/no/such/optout.conf", &error));
	g_assert_nonnull(strstr(error->message, "/no/such/optout.conf"));
	g_assert_nonnull(strstr(error->message, "--config"));
}

static void test_advice(void)
{
	g_autoptr(Config) config = load(MINIMAL, NULL);
	g_autoptr(GPtrArray) advice = config_advice(config);
	g_assert_cmpuint(advice->len, ==, 2);
	g_assert_nonnull(strstr(g_ptr_array_index(advice, 0), "authserv-id"));
	g_assert_nonnull(strstr(g_ptr_array_index(advice, 1), "[smtp] url"));
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	directory = g_dir_make_tmp("optout-config-XXXXXX", NULL);
	g_test_add_func("/config/defaults", test_defaults);
	g_test_add_func("/config/values", test_values);
	g_test_add_func("/config/errors", test_errors);
	g_test_add_func("/config/advice", test_advice);
	int failed = g_test_run();
	g_autofree char *file = g_build_filename(directory, "c.conf", NULL), *secret = g_build_filename(directory, "secret", NULL);
	g_unlink(file);
	g_unlink(secret);
	g_rmdir(directory);
	return failed;
}
