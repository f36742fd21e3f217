/* filters.image: the same verdicts as the texts give, and never used where it is not of exactly these texts, whole, and of this program. */
#include <glib/gstdio.h>
#include <stdio.h>

#include "judging.h"
#include "status.h"
#include "verdict.h"

/* A directory of filters of our own, to change. */
typedef struct {
	char *directory, *image;
	char *directories[2];
} Copy;

static void write_file(const char *directory, const char *name, const char *content, gssize length)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	gsize bytes = length < 0 ? strlen(content) : (gsize)length;
	FILE *file = fopen(path, "wb");   /* g_file_set_contents would wait for the disk each time */
	g_assert_nonnull(file);
	g_assert_cmpuint(fwrite(content, 1, bytes, file), ==, bytes);
	g_assert_cmpint(fclose(file), ==, 0);
}

static void copy_begin(Copy *copy, gboolean installed)
{
	copy->directory = g_dir_make_tmp("image-XXXXXX", NULL);
	copy->image = g_build_filename(copy->directory, "filters.image", NULL);
	copy->directories[0] = copy->directory;
	copy->directories[1] = NULL;
	if (!installed) {
		write_file(copy->directory, "en.filter", "language en\n[erasure]\nstrong delete my data\n[quote]\nreply on * wrote:\n", -1);
		return;
	}
	g_autofree char *source = testing_source("filters");
	g_autoptr(GDir) dir = g_dir_open(source, 0, NULL);
	for (const char *name; (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(source, name, NULL), *content = NULL;
		gsize length;
		if (g_str_has_suffix(name, ".filter") && g_file_get_contents(path, &content, &length, NULL))
			write_file(copy->directory, name, content, (gssize)length);
	}
}

static void copy_end(Copy *copy)
{
	g_autoptr(GDir) dir = g_dir_open(copy->directory, 0, NULL);
	for (const char *name; (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(copy->directory, name, NULL);
		g_assert_cmpint(g_remove(path), ==, 0);
	}
	g_assert_cmpint(g_rmdir(copy->directory), ==, 0);
	g_free(copy->directory);
	g_free(copy->image);
}

static void compile(char **directories)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	g_assert_true(filters_compile(directories, &path, &error));
	g_assert_no_error(error);
}

static Filters *load(char **directories)
{
	g_autoptr(GError) error = NULL;
	Filters *filters = filters_load(directories, &error);
	g_assert_no_error(error);
	return filters;
}

/* Loads; is the image used, or left aside for a reason that begins so? */
static void assert_image(char **directories, const char *no_image)
{
	g_autoptr(Filters) filters = load(directories);
	if (!no_image)
		g_assert_null(filters_no_image(filters));
	else if (!filters_no_image(filters) || !g_str_has_prefix(filters_no_image(filters), no_image))
		g_error("wanted: %s, got: %s", no_image, filters_no_image(filters) ? filters_no_image(filters) : "used");
}

/* --- the same ------------------------------------------------------------------------------------------------------------ */

static void judge_all(const Reading *reading, const char *directory, GString *out)
{
	g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(directory, name, NULL), *bytes = NULL;
		gsize length;
		if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
			judge_all(reading, path, out);
		} else if (g_str_has_suffix(name, ".eml") && g_file_get_contents(path, &bytes, &length, NULL)) {
			const ReadRequest request = { .recipient = "privacy@optout.example", .role = "privacy", .delimiter = "+" };
			g_autoptr(Verdict) verdict = reading_judge(reading, bytes, length, &request);
			json_t *json = verdict_to_json(verdict);
			g_autofree char *text = json_dumps(json, JSON_SORT_KEYS);
			g_string_append_printf(out, "%s %s\n", path, text);
			json_decref(json);
		}
	}
}

static char *judge(Filters *filters)
{
	g_autoptr(GError) error = NULL;
	Reading reading = { filters, markers_new(filters, &error) };
	g_assert_no_error(error);
	g_autofree char *mail = testing_source("tests/mail");
	GString *out = g_string_new(NULL);
	judge_all(&reading, mail, out);
	visible_markers_free(reading.markers);
	return g_string_free(out, FALSE);
}

static void test_verdicts(void)
{
	message_setup();
	Copy copy;
	copy_begin(&copy, TRUE);
	g_autoptr(Filters) texts = load(copy.directories);
	g_assert_cmpstr(filters_no_image(texts), ==, "missing");
	compile(copy.directories);
	g_autoptr(Filters) image = load(copy.directories);
	g_assert_null(filters_no_image(image));

	g_assert_cmpuint(filters_rule_count(image), ==, filters_rule_count(texts));
	for (guint i = 0; i < filters_rule_count(texts); i++)
		g_assert_cmpmem(filters_rule(image, i), sizeof(FilterRule), filters_rule(texts, i), sizeof(FilterRule));
	const GPtrArray *one = filters_markers(texts), *other = filters_markers(image);
	g_assert_cmpuint(one->len, ==, other->len);
	for (guint i = 0; i < one->len; i++) {
		const FilterMarker *a = one->pdata[i], *b = other->pdata[i];
		g_assert_true(a->kind == b->kind && a->line == b->line);
		g_assert_cmpstr(a->pattern, ==, b->pattern);
		g_assert_cmpstr(a->file, ==, b->file);
	}
	g_autofree char *by_texts = judge(texts), *by_image = judge(image);
	g_assert_cmpuint(strlen(by_texts), >, 10000);
	g_assert_true(g_str_equal(by_texts, by_image));
	copy_end(&copy);
}

/* Made twice it is the same, also elsewhere: it can be part of a package. */
static void test_reproducible(void)
{
	Copy one, other;
	copy_begin(&one, TRUE);
	copy_begin(&other, TRUE);
	compile(one.directories);
	compile(other.directories);
	g_autofree char *a = NULL, *b = NULL;
	gsize a_length = 0, b_length = 0;
	g_assert_true(g_file_get_contents(one.image, &a, &a_length, NULL));
	g_assert_true(g_file_get_contents(other.image, &b, &b_length, NULL));
	g_assert_cmpmem(a, a_length, b, b_length);
	g_assert_cmpint(g_rename(one.image, other.image), ==, 0);
	assert_image(other.directories, NULL);
	copy_end(&one);
	copy_end(&other);
}

/* --- stale ----------------------------------------------------------------------------------------------------------------- */

static void test_stale(void)
{
	static const struct { const char *name, *content; } changes[] = {
		/* of the same size */
		{ "en.filter", "language en\n[erasure]\nstrong delete my date\n[quote]\nreply on * wrote:\n" },
		{ "en.filter", "language en\n[erasure]\nstrong delete my data\n" },
		{ "en.filter", "language en\n[erasure]\nstrong delete my data\n[quote]\nreply on * wrote:\n\n" },
		{ "xx.filter", "language xx\n[erasure]\nstrong foo\n" },
		{ "xx.filter", "language xx\n" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(changes); i++) {
		Copy copy;
		copy_begin(&copy, FALSE);
		compile(copy.directories);
		assert_image(copy.directories, NULL);
		write_file(copy.directory, changes[i].name, changes[i].content, -1);
		assert_image(copy.directories, "stale");
		compile(copy.directories);
		assert_image(copy.directories, NULL);
		copy_end(&copy);
	}
}

static void test_renamed_and_removed(void)
{
	Copy copy;
	copy_begin(&copy, FALSE);
	g_autofree char *from = g_build_filename(copy.directory, "en.filter", NULL), *to = g_build_filename(copy.directory, "fr.filter", NULL);
	compile(copy.directories);
	g_assert_cmpint(g_rename(from, to), ==, 0);
	assert_image(copy.directories, "stale");
	g_assert_cmpint(g_rename(to, from), ==, 0);
	assert_image(copy.directories, NULL);
	write_file(copy.directory, "fr.filter", "language fr\n[erasure]\nstrong oui\n", -1);
	compile(copy.directories);
	g_assert_cmpint(g_remove(to), ==, 0);
	assert_image(copy.directories, "stale");

	/* Without a text there is nothing, whatever the image says; and an error in a text is one even beside an image. */
	compile(copy.directories);
	write_file(copy.directory, "en.filter", "language en\n[erasing]\n", -1);
	g_autoptr(GError) error = NULL;
	g_assert_null(filters_load(copy.directories, &error));
	g_assert_error(error, STATUS_ERROR, STATUS_PERMANENT);
	g_clear_error(&error);
	g_assert_cmpint(g_remove(from), ==, 0);
	g_assert_null(filters_load(copy.directories, &error));
	g_assert_error(error, STATUS_ERROR, STATUS_PERMANENT);
	copy_end(&copy);
}

/* The image of the last directory, of all of them in their order. */
static void test_directories(void)
{
	Copy one, two;
	copy_begin(&one, FALSE);
	copy_begin(&two, FALSE);
	write_file(two.directory, "en.filter", "language en\noverride\n[erasure]\nstrong erase it\n[quote]\nreply he wrote:\n", -1);
	char *both[] = { one.directory, two.directory, NULL }, *reverse[] = { two.directory, one.directory, NULL };
	compile(one.directories);
	assert_image(both, "missing");
	write_file(two.directory, "en.filter", "override\nlanguage en\n[erasure]\nstrong erase it\n[quote]\nreply he wrote:\n", -1);
	compile(both);
	g_autoptr(Filters) filters = load(both);
	g_assert_null(filters_no_image(filters));
	g_assert_cmpuint(filters_rule_count(filters), ==, 1);
	g_assert_cmpuint(filters_markers(filters)->len, ==, 1);
	const FilterMarker *marker = filters_markers(filters)->pdata[0];
	g_assert_true(g_str_has_prefix(marker->file, two.directory));
	assert_image(one.directories, NULL);
	assert_image(two.directories, "stale");
	assert_image(reverse, "stale");
	write_file(one.directory, "de.filter", "language de\n", -1);
	assert_image(both, "stale");
	copy_end(&one);
	copy_end(&two);
}

/* --- damaged ----------------------------------------------------------------------------------------------------------------- */

static void test_truncated(void)
{
	Copy copy;
	copy_begin(&copy, TRUE);
	compile(copy.directories);
	g_autofree char *bytes = NULL;
	gsize length;
	g_assert_true(g_file_get_contents(copy.image, &bytes, &length, NULL));
	/* Beside small texts, so that falling back is quick; the image is read up to its end or its sums first. */
	static const char *const names[] = { "de.filter", "en.filter", "common.filter" };
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		write_file(copy.directory, names[i], "language en\n[erasure]\nstrong delete my data\n", -1);
	for (guint i = 0; i < 64; i++) {
		write_file(copy.directory, "filters.image", bytes, (gssize)(length * i / 64));
		assert_image(copy.directories, i ? "damaged" : "no image");
	}
	g_autofree char *longer = g_malloc0(length + 1);
	memcpy(longer, bytes, length);
	write_file(copy.directory, "filters.image", longer, (gssize)length + 1);
	assert_image(copy.directories, "damaged");
	copy_end(&copy);
}

/* Every byte of a small one. */
static void test_flipped(void)
{
	Copy copy;
	copy_begin(&copy, FALSE);
	compile(copy.directories);
	g_autofree char *bytes = NULL;
	gsize length;
	g_assert_true(g_file_get_contents(copy.image, &bytes, &length, NULL));
	g_assert_cmpuint(length, <, 20000);
	for (gsize i = 0; i < length; i++) {
		bytes[i] ^= (char)(1 << i % 8);
		write_file(copy.directory, "filters.image", bytes, (gssize)length);
		g_autoptr(Filters) filters = load(copy.directories);
		if (!filters_no_image(filters))
			g_error("byte %" G_GSIZE_FORMAT " goes unseen", i);
		bytes[i] ^= (char)(1 << i % 8);
	}
	write_file(copy.directory, "filters.image", bytes, (gssize)length);
	assert_image(copy.directories, NULL);
	copy_end(&copy);
}

static void test_other_version(void)
{
	enum { BYTE_ORDER_AT = 8, FORMAT_AT = 12 };
	Copy copy;
	copy_begin(&copy, FALSE);
	compile(copy.directories);
	g_autofree char *bytes = NULL;
	gsize length;
	g_assert_true(g_file_get_contents(copy.image, &bytes, &length, NULL));
	static const guint places[] = { BYTE_ORDER_AT, FORMAT_AT };
	for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
		guint32 number, swapped;
		memcpy(&number, bytes + places[i], sizeof number);
		swapped = GUINT32_SWAP_LE_BE(number);
		memcpy(bytes + places[i], &swapped, sizeof swapped);
		write_file(copy.directory, "filters.image", bytes, (gssize)length);
		assert_image(copy.directories, "of another version");
		memcpy(bytes + places[i], &number, sizeof number);
	}
	write_file(copy.directory, "filters.image", "override\n", -1);
	assert_image(copy.directories, "no image");
	g_assert_cmpint(g_remove(copy.image), ==, 0);
	g_assert_cmpint(g_mkdir(copy.image, 0700), ==, 0);
	assert_image(copy.directories, "unreadable");
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	g_assert_false(filters_compile(copy.directories, &path, &error));
	g_assert_error(error, STATUS_ERROR, STATUS_TEMPORARY);
	copy_end(&copy);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/filter-image/verdicts", test_verdicts);
	g_test_add_func("/filter-image/reproducible", test_reproducible);
	g_test_add_func("/filter-image/stale", test_stale);
	g_test_add_func("/filter-image/renamed-and-removed", test_renamed_and_removed);
	g_test_add_func("/filter-image/directories", test_directories);
	g_test_add_func("/filter-image/truncated", test_truncated);
	g_test_add_func("/filter-image/flipped", test_flipped);
	g_test_add_func("/filter-image/other-version", test_other_version);
	return g_test_run();
}
