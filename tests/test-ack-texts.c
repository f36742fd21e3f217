#include <glib/gstdio.h>

#include "ack-texts.h"
#include "status.h"
#include "testing.h"

/* Every language that lies in filters/acks: each of its texts can be filled in, with and without what is optional. */
static void test_shipped(void)
{
	g_autofree char *filters = testing_source("filters"), *acks = g_build_filename(filters, "acks", NULL);
	char *directories[] = { filters, NULL };
	GError *error = NULL;
	g_autoptr(AckTexts) texts = ack_texts_load(directories, &error);
	g_assert_no_error(error);
	g_autoptr(GDir) dir = g_dir_open(acks, 0, NULL);
	guint languages = 0;
	for (const char *language; (language = g_dir_read_name(dir)); languages++)
		for (guint i = 0; ack_text_names[i]; i++) {
			const AckText *text = ack_texts_find(texts, language, ack_text_names[i]);
			g_assert_nonnull(text);
			g_assert_nonnull(text->reviewed_by);
			g_auto(AckFields) all = { { NULL } }, least = { { NULL } };
			for (guint field = 0; field < ACK_FIELD_COUNT; field++)
				all.value[field] = g_strdup_printf("value-%u-", field);
			least.value[ACK_REFERENCE] = g_strdup("7K3M-QX4T");
			least.value[ACK_CONTROLLER] = g_strdup("Example");
			least.value[ACK_REQUESTS] = g_strdup("this\nthat");
			least.value[ACK_EFFECTIVE] = g_strdup("something");
			g_autofree char *subject = ack_text_subject(text, &all), *full = ack_text_body(text, &all), *sparse = ack_text_body(text, &least);
			g_assert_null(strpbrk(subject, "{}"));
			g_assert_null(strpbrk(full, "{}"));
			g_assert_null(strpbrk(sparse, "{}"));
			g_assert_null(strstr(sparse, "\n\n\n"));
			g_assert_nonnull(strstr(sparse, "7K3M-QX4T"));
			/* Nothing that is introduced may be missing. */
			for (const char *p = sparse; (p = strstr(p, ":\n")); p++)
				g_assert_true(g_str_has_prefix(p, ":\n\n- "));
			/* What was understood, until when, and how to reach someone. */
			gboolean has_effective = strstr(full, "value-9-") && strstr(full, "value-10-");
			gboolean has_requests = strstr(full, "value-7-") && strstr(full, "value-8-");
			g_assert_true(has_effective || g_str_equal(ack_text_names[i], "request"));
			g_assert_true(has_requests || g_str_equal(ack_text_names[i], "opt-out"));
			g_assert_nonnull(strstr(full, "value-4-"));
			g_assert_nonnull(strstr(full, "value-5-"));
			g_assert_nonnull(strstr(full, "value-2-"));
			g_assert_nonnull(strstr(full, "value-12-"));
			g_assert_cmpuint(strlen(full), <, 3000);
		}
	g_assert_cmpuint(languages, >=, 2);
}

static void write_text(const char *directory, const char *name, const char *content)
{
	g_autofree char *file = g_build_filename(directory, name, NULL);
	g_assert_true(g_file_set_contents(file, content, -1, NULL));
}

static void remove_all(const char *directory)
{
	g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
	for (const char *name; (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(directory, name, NULL);
		if (g_file_test(path, G_FILE_TEST_IS_DIR))
			remove_all(path);
		else
			g_unlink(path);
	}
	g_rmdir(directory);
}

/* A second directory adds to and overrides the first; a broken file in it stops the start with a message that names file and line. */
static void test_override(void)
{
	static const struct { const char *name, *content, *says; } cases[] = {
		{ "opt-out", "subject: Done [ref {reference}]\nreviewed-by: me\n\nBye, {controller}\n", NULL },
		{ "words", "access = a look at your file\n", NULL },
		{ "opt-out", "subject: Done\n\nBye, {controller}\n", "opt-out: needs a line \"subject: …\"" },
		{ "opt-out", "subject: Done [ref {reference}]\n\nBye\n", "opt-out: says nowhere who {controller} is" },
		{ "opt-out", "subject: Done [ref {reference}]\n\nBye {controller}\nto {name}\n",
		  "opt-out:4: \"{name}\" is no field; there are {reference} {controller}" },
		{ "opt-out", "subject: Done [ref {reference}]\n\nBye {controller\n", "opt-out:3: \"{controller\" is no field" },
		{ "opt-out", "subject: Done [ref {reference}]\n\nBye }{controller}\n", "opt-out:3: \"}{controller}\" is no field" },
		{ "opt-out", "Hello\n", "opt-out:1: expected \"subject: …\"" },
		{ "opt-out", "subject: \xff [ref {reference}]\n", "opt-out: is not UTF-8" },
		{ "words", "acess = x\n", "words:1: \"acess\" is no request" },
		{ "words", "# x\naccess\n", "words:2: expected \"key = value\"" },
		{ "words", "access = \n", "words:1: access is empty" },
		{ "words", "months = January\n", "words: months must be twelve" },
		{ "words", "date = {day}.{month}.\n", "words: needs a line like date" },
	};
	g_autofree char *filters = testing_source("filters");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *own = g_dir_make_tmp("optout-texts-XXXXXX", NULL), *acks = g_build_filename(own, "acks", "en", NULL);
		g_assert_cmpint(g_mkdir_with_parents(acks, 0700), ==, 0);
		write_text(acks, cases[i].name, cases[i].content);
		write_text(acks, ".opt-out.swp", "\xff");
		write_text(acks, "opt-out~", "\xff");
		char *directories[] = { filters, own, NULL };
		g_autoptr(GError) error = NULL;
		g_autoptr(AckTexts) texts = ack_texts_load(directories, &error);
		if (cases[i].says) {
			g_assert_null(texts);
			g_assert_cmpint(status_of(error), ==, STATUS_PERMANENT);
			if (!strstr(error->message, cases[i].says))
				g_error("wanted \"%s\", got \"%s\"", cases[i].says, error->message);
		} else {
			g_assert_no_error(error);
			if (g_str_equal(cases[i].name, "words"))
				g_assert_cmpstr(ack_texts_word(texts, "en", "access"), ==, "a look at your file");
			else
				g_assert_cmpstr(ack_texts_find(texts, "en", "opt-out")->reviewed_by, ==, "me");
			g_assert_cmpstr(ack_texts_word(texts, "en", "complaint"), ==, "a complaint about how we handle personal data");
			g_assert_nonnull(ack_texts_find(texts, "de", "opt-out"));
		}
		remove_all(own);
	}
}

/* A new language is a directory, and must be whole. */
static void test_incomplete(void)
{
	g_autofree char *filters = testing_source("filters"), *own = g_dir_make_tmp("optout-texts-XXXXXX", NULL);
	g_autofree char *acks = g_build_filename(own, "acks", "nl", NULL);
	g_assert_cmpint(g_mkdir_with_parents(acks, 0700), ==, 0);
	write_text(acks, "opt-out", "subject: Klaar [ref {reference}]\n\n{controller}\n");
	char *directories[] = { filters, own, NULL };
	g_autoptr(GError) error = NULL;
	g_assert_null(ack_texts_load(directories, &error));
	g_assert_nonnull(strstr(error->message, "acks/nl: the text \"request\" is missing"));
	remove_all(own);
	char *none[] = { acks, NULL };
	g_autoptr(GError) missing = NULL;
	g_assert_null(ack_texts_load(none, &missing));
	g_assert_nonnull(strstr(missing->message, "no texts in acks/en"));
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/ack-texts/shipped", test_shipped);
	g_test_add_func("/ack-texts/override", test_override);
	g_test_add_func("/ack-texts/incomplete", test_incomplete);
	return g_test_run();
}
