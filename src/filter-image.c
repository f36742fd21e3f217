/* layer 2 judgement - filter-image: the compiled filters in one file, which all readers map and use where it lies.
 *
 * It is of use only if its key is the sum of what it would be made of now: the bytes of every text, and this program.  Times and sizes of
 * files would be read faster, but packages, copies and checkouts change the ones and keep the others.  It holds no path, so that a
 * directory can be filled in one place and used in another.
 *
 * The sums find every accident (a byte changed, an end cut off), and nothing beyond them is checked: whoever may write into a directory
 * of filters decides every verdict anyway, and a reader that this ends is one without files, network or record.  So they are no
 * cryptographic hashes, and cost no more than reading the bytes.
 */
#include "filter-private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "filter-made-by.h"
#include "matcher-private.h"
#include "status.h"

enum { FORMAT = 1, BYTE_ORDER_MARK = 0x01020304, LANES = 4, ALIGNMENT = 8 };

static const char magic[8] = { 'o', 'p', 't', 'f', 'i', 'l', 't', '\n' };

typedef struct {
	guint64 lanes[LANES];
} Sum;

enum { SECTION_RULES = MATCHER_ARRAYS, SECTION_FILES, SECTION_LANGUAGES, SECTION_MARKERS, SECTION_STRINGS, SECTIONS };

typedef struct {
	guint64 offset, count;
} Section;

typedef struct {
	char magic[sizeof magic];
	guint32 byte_order, format;
	guint64 size;
	Sum key;
	Sum content;            /* of all that follows */
	guint64 prefix_lengths;
	guint64 address;
	Section sections[SECTIONS];
} Header;

typedef struct {
	guint32 kind, line, source, pattern;   /* index into the sources; offset into SECTION_STRINGS */
} Marker;

/* --- sums ------------------------------------------------------------------------------------------------------------- */

/* Each step is a bijection of its lane, and of its word: a change within eight bytes never goes unseen, a greater one once in 2^64. */
static Sum sum_of(const char *bytes, gsize length)
{
	Sum sum;
	for (guint i = 0; i < LANES; i++)
		sum.lanes[i] = (length + i) * 0x9e3779b97f4a7c15u;
	for (gsize at = 0; at < length; at += sizeof(guint64) * LANES) {
		guint64 words[LANES] = { 0 };
		memcpy(words, bytes + at, MIN(sizeof words, length - at));
		for (guint i = 0; i < LANES; i++) {
			guint64 mixed = (sum.lanes[i] ^ words[i]) * 0xff51afd7ed558ccdu;
			sum.lanes[i] = mixed ^ mixed >> 32;
		}
	}
	return sum;
}

static gboolean sums_equal(const Sum *one, const Sum *other)
{
	return memcmp(one, other, sizeof *one) == 0;
}

static void append_number(GString *bytes, guint64 number)
{
	g_string_append_len(bytes, (const char *)&number, sizeof number);
}

static Sum key_of(const GPtrArray *sources)
{
	/* GLib folds letters by its version of Unicode. */
	g_autoptr(GString) all = g_string_new(PACKAGE_VERSION " " FILTER_MADE_BY);
	append_number(all, glib_major_version);
	append_number(all, glib_minor_version);
	append_number(all, sizeof(FilterRule));
	for (guint i = 0; i < sources->len; i++) {
		const FilterSource *source = sources->pdata[i];
		Sum content = sum_of(source->content, source->length);
		append_number(all, source->directory);
		append_number(all, source->length);
		g_string_append_len(all, (const char *)&content, sizeof content);
		g_string_append_len(all, source->name, (gssize)strlen(source->name) + 1);
	}
	return sum_of(all->str, all->len);
}

/* --- writing ---------------------------------------------------------------------------------------------------------- */

static void put_section(GString *image, guint number, gconstpointer array, guint count, gsize element)
{
	while (image->len % ALIGNMENT)
		g_string_append_c(image, '\0');
	Section section = { image->len, count };
	memcpy(image->str + G_STRUCT_OFFSET(Header, sections) + number * sizeof section, &section, sizeof section);
	g_string_append_len(image, array, (gssize)(count * element));
}

static guint32 add_string(GString *strings, const char *string)
{
	guint32 at = (guint32)strings->len;
	g_string_append_len(strings, string, (gssize)strlen(string) + 1);
	return at;
}

static void put_names(GString *image, guint number, const GPtrArray *names, GString *strings)
{
	g_autofree guint32 *offsets = g_new0(guint32, names->len + 1);
	for (guint i = 0; i < names->len; i++)
		offsets[i] = add_string(strings, names->pdata[i]);
	put_section(image, number, offsets, names->len, sizeof *offsets);
}

static void put_markers(GString *image, const GPtrArray *lines, const GPtrArray *sources, GString *strings)
{
	g_autofree Marker *markers = g_new0(Marker, lines->len + 1);
	for (guint i = 0; i < lines->len; i++) {
		const FilterMarker *line = lines->pdata[i];
		markers[i] = (Marker){ line->kind, line->line, 0, add_string(strings, line->pattern) };
		while (!g_str_equal(((const FilterSource *)sources->pdata[markers[i].source])->path, line->file))
			markers[i].source++;
	}
	put_section(image, SECTION_MARKERS, markers, lines->len, sizeof *markers);
}

static GString *image_of(const Filters *filters, const GPtrArray *sources)
{
	GString *image = g_string_sized_new(1 << 20);
	g_autoptr(GString) strings = g_string_new(NULL);
	g_string_set_size(image, sizeof(Header));
	memset(image->str, 0, sizeof(Header));
	for (guint i = 0; i < MATCHER_ARRAYS; i++) {
		gsize element;
		void **array = matcher_array(filters->matcher, i, &element);
		put_section(image, i, *array, filters->matcher->counts[i], element);
	}
	put_section(image, SECTION_RULES, filters->rules, filters->rule_count, sizeof(FilterRule));
	put_names(image, SECTION_FILES, filters->files, strings);
	put_names(image, SECTION_LANGUAGES, filters->languages, strings);
	put_markers(image, filters->markers, sources, strings);
	put_section(image, SECTION_STRINGS, strings->str, (guint)strings->len, 1);

	Header *header = (Header *)(void *)image->str;
	memcpy(header->magic, magic, sizeof magic);
	header->byte_order = BYTE_ORDER_MARK;
	header->format = FORMAT;
	header->size = image->len;
	header->key = key_of(sources);
	header->prefix_lengths = filters->matcher->prefix_lengths;
	header->address = filters->matcher->address;
	gsize before = G_STRUCT_OFFSET(Header, prefix_lengths);
	header->content = sum_of(image->str + before, image->len - before);
	return image;
}

gboolean filter_image_write(const Filters *filters, const char *path, const GPtrArray *sources, GError **error)
{
	GString *image = image_of(filters, sources);
	g_autoptr(GError) wrong = NULL;
	/* Under another name first: readers keep the one that they have mapped.  What a crash leaves half written, its sums betray. */
	gboolean done = g_file_set_contents_full(path, image->str, (gssize)image->len, G_FILE_SET_CONTENTS_CONSISTENT, 0644, &wrong);
	g_string_free(image, TRUE);
	if (!done)
		return status_fail(error, STATUS_TEMPORARY, "filters: %s", wrong->message);
	/* Readable for the daemons' user even under a strict umask: it says no more than the texts. */
	if (g_chmod(path, 0644) != 0)
		return status_fail(error, STATUS_TEMPORARY, "filters: %s: %s", path, g_strerror(errno));
	return TRUE;
}

/* --- reading ---------------------------------------------------------------------------------------------------------- */

/* NULL: good. */
static const char *find_fault(const char *bytes, gsize length, const GPtrArray *sources)
{
	const Header *header = (const Header *)(const void *)bytes;
	if (length < sizeof *header || memcmp(header->magic, magic, sizeof magic) != 0)
		return "no image, or damaged";
	if (header->byte_order != BYTE_ORDER_MARK || header->format != FORMAT)
		return "of another version of optout or another machine";
	if (header->size != length)
		return "damaged";
	Sum key = key_of(sources);
	if (!sums_equal(&key, &header->key))
		return "stale: made from other texts or by another version of optout";
	gsize before = G_STRUCT_OFFSET(Header, prefix_lengths);
	Sum content = sum_of(bytes + before, length - before);
	return sums_equal(&content, &header->content) ? NULL : "damaged";
}

static gconstpointer section_at(const Header *header, guint number)
{
	return (const char *)header + header->sections[number].offset;
}

static Matcher *matcher_in(const Header *header)
{
	Matcher *matcher = g_new0(Matcher, 1);
	gsize element;
	matcher->is_borrowed = TRUE;
	for (guint i = 0; i < MATCHER_ARRAYS; i++) {
		*matcher_array(matcher, i, &element) = (gpointer)section_at(header, i);
		matcher->counts[i] = (guint32)header->sections[i].count;
	}
	matcher->words_mask = matcher->counts[MATCHER_WORDS] - 1;
	matcher->prefixes_mask = matcher->counts[MATCHER_PREFIXES] - 1;
	matcher->edges_mask = matcher->counts[MATCHER_EDGES] - 1;
	matcher->prefix_lengths = header->prefix_lengths;
	matcher->address = (guint32)header->address;
	return matcher;
}

static void take_names(const Header *header, guint number, GPtrArray *names)
{
	const guint32 *offsets = section_at(header, number);
	const char *strings = section_at(header, SECTION_STRINGS);
	for (guint i = 0; i < header->sections[number].count; i++)
		g_ptr_array_add(names, g_strdup(strings + offsets[i]));
}

static void take_markers(const Header *header, const GPtrArray *sources, GPtrArray *lines)
{
	const Marker *markers = section_at(header, SECTION_MARKERS);
	const char *strings = section_at(header, SECTION_STRINGS);
	for (guint i = 0; i < header->sections[SECTION_MARKERS].count; i++) {
		FilterMarker *line = g_new0(FilterMarker, 1);
		line->kind = (FilterMarkerKind)markers[i].kind;
		line->pattern = g_strdup(strings + markers[i].pattern);
		line->file = g_strdup(((const FilterSource *)sources->pdata[markers[i].source])->path);
		line->line = markers[i].line;
		g_ptr_array_add(lines, line);
	}
}

Filters *filter_image_load(const char *path, const GPtrArray *sources, const char **why_not)
{
	g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, NULL);
	if (!file) {
		*why_not = g_access(path, F_OK) == 0 ? "unreadable" : "missing";
		return NULL;
	}
	*why_not = find_fault(g_mapped_file_get_contents(file), g_mapped_file_get_length(file), sources);
	if (*why_not)
		return NULL;
	const Header *header = (const Header *)(const void *)g_mapped_file_get_contents(file);
	Filters *filters = filters_new();
	filters->matcher = matcher_in(header);
	filters->rules = section_at(header, SECTION_RULES);
	filters->rule_count = (guint)header->sections[SECTION_RULES].count;
	take_names(header, SECTION_FILES, filters->files);
	take_names(header, SECTION_LANGUAGES, filters->languages);
	take_markers(header, sources, filters->markers);
	filters->image = g_steal_pointer(&file);
	return filters;
}
