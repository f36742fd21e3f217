#include "ack-texts.h"

#include <string.h>

#include "compose.h"
#include "status.h"

enum { TEXT_MOST = 16 * 1024, SUBJECT_MOST = 200, LANGUAGES_MOST = 200 };

typedef struct {
	GHashTable *texts;   /* name → AckText* */
	GHashTable *words;   /* key → value */
} Language;

struct AckTexts {
	GHashTable *languages;   /* lower-case name → Language* */
};

static const char *const field_names[ACK_FIELD_COUNT + 1] = {
	[ACK_REFERENCE] = "reference",
	[ACK_CONTROLLER] = "controller",
	[ACK_POSTAL_ADDRESS] = "postal-address",
	[ACK_CONTACT] = "contact",
	[ACK_PREFERENCES_URL] = "preferences-url",
	[ACK_DISPUTE_URL] = "dispute-url",
	[ACK_ADDRESS] = "address",
	[ACK_REQUESTS] = "requests",
	[ACK_DUE] = "due",
	[ACK_EFFECTIVE] = "effective",
	[ACK_EFFECTIVE_BY] = "effective-by",
	[ACK_STOPPED] = "stopped",
	[ACK_LAW] = "law",
};

const char *const ack_text_names[] = { "opt-out", "request", "mixed", NULL };

void ack_fields_clear(AckFields *fields)
{
	for (guint i = 0; i < ACK_FIELD_COUNT; i++)
		g_clear_pointer(&fields->value[i], g_free);
}

static void text_free(gpointer data)
{
	AckText *text = data;
	g_free(text->subject);
	g_free(text->reviewed_by);
	g_strfreev(text->lines);
	g_free(text);
}

static void language_free(gpointer data)
{
	Language *language = data;
	g_hash_table_unref(language->texts);
	g_hash_table_unref(language->words);
	g_free(language);
}

/* --- fields --- */

/* The field that `{name}` at `p` names; *end is behind the brace.  ACK_FIELD_COUNT: none of ours. */
static AckField field_at(const char *p, const char **end)
{
	const char *close = strchr(p, '}');
	*end = close ? close + 1 : p + strlen(p);
	for (guint i = 0; close && i < ACK_FIELD_COUNT; i++)
		if (strlen(field_names[i]) == (gsize)(close - p - 1) && strncmp(p + 1, field_names[i], (gsize)(close - p - 1)) == 0)
			return (AckField)i;
	return ACK_FIELD_COUNT;
}

static gboolean check_fields(const char *line, const char *file, guint number, GError **error)
{
	for (const char *p = line, *end; (p = strpbrk(p, "{}")); p = end)
		if (*p == '}' || field_at(p, &end) == ACK_FIELD_COUNT) {
			g_autofree char *fields = g_strjoinv("} {", (char **)(gpointer)field_names);
			return status_fail(error, STATUS_PERMANENT, "%s:%u: \"%.40s\" is no field; there are {%s}", file, number, p, fields);
		}
	return TRUE;
}

/* The `n`th of the values of each field; FALSE where one is empty. */
static gboolean fill(GString *out, const char *line, const AckFields *fields, guint n, guint *count)
{
	*count = 1;
	for (const char *p = line, *end; *p; p = end) {
		if (*p != '{') {
			end = p + strcspn(p, "{");
			g_string_append_len(out, p, end - p);
			continue;
		}
		AckField field = field_at(p, &end);
		const char *value = field < ACK_FIELD_COUNT ? fields->value[field] : NULL;
		if (!value || !*value)
			return FALSE;
		g_auto(GStrv) values = g_strsplit(value, "\n", -1);
		guint length = g_strv_length(values);
		*count = MAX(*count, length);
		g_string_append(out, values[MIN(n, length - 1)]);
	}
	return TRUE;
}

char *ack_text_subject(const AckText *text, const AckFields *fields)
{
	guint count;
	GString *subject = g_string_new(NULL);
	fill(subject, text->subject, fields, 0, &count);
	return g_string_free(subject, FALSE);
}

char *ack_text_body(const AckText *text, const AckFields *fields)
{
	GString *body = g_string_new(NULL);
	gboolean after_gap = TRUE;
	for (char **line = text->lines; *line; line++) {
		if (!**line) {
			if (!after_gap)
				g_string_append_c(body, '\n');
			after_gap = TRUE;
			continue;
		}
		guint count = 1;
		for (guint n = 0; n < count; n++) {
			g_autoptr(GString) filled = g_string_new(NULL);
			if (!fill(filled, *line, fields, n, &count))
				break;
			compose_wrap(body, filled->str);
			after_gap = FALSE;
		}
	}
	while (g_str_has_suffix(body->str, "\n\n"))
		g_string_truncate(body, body->len - 1);
	return g_string_free(body, FALSE);
}

/* --- reading --- */

/* The file's lines, checked to be UTF-8 and of a sane size. */
static char **read_lines(const char *file, GError **error)
{
	g_autofree char *content = NULL;
	gsize length;
	g_autoptr(GError) cause = NULL;
	if (!g_file_get_contents(file, &content, &length, &cause)) {
		status_fail(error, STATUS_PERMANENT, "%s", cause->message);
		return NULL;
	}
	if (length > TEXT_MOST) {
		status_fail(error, STATUS_PERMANENT, "%s: is larger than %d bytes; a letter should be short", file, TEXT_MOST);
		return NULL;
	}
	if (!g_utf8_validate(content, (gssize)length, NULL)) {
		status_fail(error, STATUS_PERMANENT, "%s: is not UTF-8", file);
		return NULL;
	}
	char **lines = g_strsplit(content, "\n", -1);
	for (char **line = lines; *line; line++)
		g_strchomp(*line);
	return lines;
}

static gboolean check_text(const AckText *text, const char *file, GError **error)
{
	if (!text->subject || !strstr(text->subject, "{reference}"))
		return status_fail(error, STATUS_PERMANENT, "%s: needs a line \"subject: …\" that holds [ref {reference}]", file);
	if (strlen(text->subject) > SUBJECT_MOST)
		return status_fail(error, STATUS_PERMANENT, "%s: the subject is longer than %d bytes", file, SUBJECT_MOST);
	/* Whoever gets the letter must see who wrote it. */
	for (char **line = text->lines; *line; line++)
		if (strstr(*line, "{controller}"))
			return TRUE;
	return status_fail(error, STATUS_PERMANENT, "%s: says nowhere who {controller} is", file);
}

static AckText *read_text(const char *file, GError **error)
{
	g_auto(GStrv) lines = read_lines(file, error);
	if (!lines)
		return NULL;
	AckText *text = g_new0(AckText, 1);
	guint i = 0;
	for (; lines[i] && *lines[i]; i++) {
		char *colon = strchr(lines[i], ':');
		gboolean is_subject = g_str_has_prefix(lines[i], "subject:") && !text->subject;
		gboolean is_review = g_str_has_prefix(lines[i], "reviewed-by:") && !text->reviewed_by;
		if (*lines[i] == '#')
			continue;
		if (!is_subject && !is_review) {
			status_fail(error, STATUS_PERMANENT, "%s:%u: expected \"subject: …\", \"reviewed-by: …\" or the empty line before the text",
				    file, i + 1);
			goto broken;
		}
		*(is_subject ? &text->subject : &text->reviewed_by) = g_strstrip(g_strdup(colon + 1));
	}
	text->lines = g_strdupv(lines + i);
	for (guint k = 0; lines[k]; k++)
		if ((k >= i || *lines[k] != '#') && !check_fields(lines[k], file, k + 1, error))
			goto broken;
	if (check_text(text, file, error))
		return text;
broken:
	text_free(text);
	return NULL;
}

static gboolean is_word_key(const char *key)
{
	RequestType type;
	Law law;
	return g_str_equal(key, "date") || g_str_equal(key, "months") || g_str_equal(key, "reviewed-by") ||
	       request_parse(key, &type) || law_parse(key, &law);
}

static gboolean read_words(GHashTable *words, const char *file, GError **error)
{
	g_auto(GStrv) lines = read_lines(file, error);
	if (!lines)
		return FALSE;
	for (guint i = 0; lines[i]; i++) {
		if (!*lines[i] || *lines[i] == '#')
			continue;
		char *equals = strchr(lines[i], '=');
		if (!equals)
			return status_fail(error, STATUS_PERMANENT, "%s:%u: expected \"key = value\"", file, i + 1);
		*equals = '\0';
		const char *key = g_strstrip(lines[i]), *value = g_strstrip(equals + 1);
		if (!is_word_key(key))
			return status_fail(error, STATUS_PERMANENT, "%s:%u: \"%s\" is no request, no law, and none of date, months, reviewed-by",
					   file, i + 1, key);
		if (!*value && !g_str_equal(key, "reviewed-by"))
			return status_fail(error, STATUS_PERMANENT, "%s:%u: %s is empty", file, i + 1, key);
		g_hash_table_replace(words, g_strdup(key), g_strdup(value));
	}
	return TRUE;
}

static gboolean is_language(const char *name)
{
	gsize length = strlen(name);
	return length >= 2 && length <= 35 && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == length;
}

static Language *language_of(AckTexts *texts, const char *name)
{
	g_autofree char *key = g_ascii_strdown(name, -1);
	Language *language = g_hash_table_lookup(texts->languages, key);
	if (!language) {
		language = g_new0(Language, 1);
		language->texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, text_free);
		language->words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
		g_hash_table_insert(texts->languages, g_steal_pointer(&key), language);
	}
	return language;
}

/* Each file of a language's directory, hidden ones and editors' copies aside. */
static gboolean read_language(AckTexts *texts, const char *directory, const char *name, GError **error)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	if (!dir)
		return status_fail(error, STATUS_PERMANENT, "%s: can't be read", path);
	Language *language = language_of(texts, name);
	for (const char *entry; (entry = g_dir_read_name(dir));) {
		if (*entry == '.' || strpbrk(entry, "~#.") != NULL)
			continue;
		g_autofree char *file = g_build_filename(path, entry, NULL);
		if (g_str_equal(entry, "words")) {
			if (!read_words(language->words, file, error))
				return FALSE;
			continue;
		}
		AckText *text = read_text(file, error);
		if (!text)
			return FALSE;
		g_hash_table_replace(language->texts, g_strdup(entry), text);
	}
	return TRUE;
}

/* Whatever a case can need must be there, so that no letter fails for want of a word. */
static gboolean check_language(const Language *language, const char *name, GError **error)
{
	for (guint i = 0; ack_text_names[i]; i++)
		if (!g_hash_table_lookup(language->texts, ack_text_names[i]))
			return status_fail(error, STATUS_PERMANENT, "acks/%s: the text \"%s\" is missing", name, ack_text_names[i]);
	for (guint type = 0; type < REQUEST_COUNT; type++)
		if (!g_hash_table_lookup(language->words, request_name((RequestType)type)))
			return status_fail(error, STATUS_PERMANENT, "acks/%s/words: no words for \"%s\"", name, request_name((RequestType)type));
	const char *date = g_hash_table_lookup(language->words, "date"), *months = g_hash_table_lookup(language->words, "months");
	if (!date || !strstr(date, "{day}") || !strstr(date, "{month}") || !strstr(date, "{year}"))
		return status_fail(error, STATUS_PERMANENT, "acks/%s/words: needs a line like date = {day} {month} {year}", name);
	g_auto(GStrv) each = g_strsplit(months ? months : "", ",", -1);
	if (g_strv_length(each) != 12)
		return status_fail(error, STATUS_PERMANENT, "acks/%s/words: months must be twelve names parted by commas", name);
	return TRUE;
}

AckTexts *ack_texts_load(char **directories, GError **error)
{
	g_autoptr(AckTexts) texts = g_new0(AckTexts, 1);
	texts->languages = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, language_free);
	for (char **directory = directories; directory && *directory; directory++) {
		g_autofree char *acks = g_build_filename(*directory, "acks", NULL);
		g_autoptr(GDir) dir = g_dir_open(acks, 0, NULL);
		for (const char *name; dir && (name = g_dir_read_name(dir));) {
			g_autofree char *path = g_build_filename(acks, name, NULL);
			if (!is_language(name) || !g_file_test(path, G_FILE_TEST_IS_DIR))
				continue;
			if (g_hash_table_size(texts->languages) >= LANGUAGES_MOST) {
				status_fail(error, STATUS_PERMANENT, "%s: more than %d languages", acks, LANGUAGES_MOST);
				return NULL;
			}
			if (!read_language(texts, acks, name, error))
				return NULL;
		}
	}
	GHashTableIter iter;
	gpointer name, language;
	g_hash_table_iter_init(&iter, texts->languages);
	while (g_hash_table_iter_next(&iter, &name, &language))
		if (!check_language(language, name, error))
			return NULL;
	if (!g_hash_table_lookup(texts->languages, "en")) {
		status_fail(error, STATUS_PERMANENT, "no texts in acks/en in any of the filter directories");
		return NULL;
	}
	return g_steal_pointer(&texts);
}

void ack_texts_free(AckTexts *texts)
{
	if (!texts)
		return;
	g_hash_table_unref(texts->languages);
	g_free(texts);
}

/* --- looking up --- */

/* The name of the directory that serves a language: its own, or that of the language without region and script (RFC 4647 3.4). */
static const char *served(const AckTexts *texts, const char *language)
{
	g_autofree char *key = language ? g_ascii_strdown(language, -1) : NULL;
	while (key) {
		gpointer name;
		if (g_hash_table_lookup_extended(texts->languages, key, &name, NULL))
			return name;
		char *hyphen = strrchr(key, '-');
		if (!hyphen)
			break;
		*hyphen = '\0';
	}
	return NULL;
}

const char *ack_language(const AckTexts *texts, const Case *c, const ConfigController *controller)
{
	const char *name = served(texts, c->language);
	for (char **language = controller ? controller->languages : NULL; !name && language && *language; language++)
		name = served(texts, *language);
	return name ? name : served(texts, "en");
}

const AckText *ack_texts_find(const AckTexts *texts, const char *language, const char *name)
{
	const char *key = served(texts, language);
	const Language *found = key ? g_hash_table_lookup(texts->languages, key) : NULL;
	return found ? g_hash_table_lookup(found->texts, name) : NULL;
}

const char *ack_texts_word(const AckTexts *texts, const char *language, const char *word)
{
	const char *key = served(texts, language);
	const Language *found = key ? g_hash_table_lookup(texts->languages, key) : NULL;
	return found ? g_hash_table_lookup(found->words, word) : NULL;
}

char *ack_texts_day(const AckTexts *texts, const char *language, const GDate *day)
{
	const char *form = ack_texts_word(texts, language, "date"), *months = ack_texts_word(texts, language, "months");
	if (!form || !months || !g_date_valid(day))
		return NULL;
	g_auto(GStrv) names = g_strsplit(months, ",", -1);
	g_autofree char *mday = g_strdup_printf("%d", g_date_get_day(day)), *year = g_strdup_printf("%d", g_date_get_year(day));
	GString *out = g_string_new(form);
	g_string_replace(out, "{day}", mday, 1);
	g_string_replace(out, "{month}", g_strstrip(names[g_date_get_month(day) - 1]), 1);
	g_string_replace(out, "{year}", year, 1);
	return g_string_free(out, FALSE);
}
