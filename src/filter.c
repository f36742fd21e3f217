#include "filter.h"

#include <string.h>

#include "pattern.h"
#include "status.h"

/* One filter file as read, before it is compiled. */
typedef struct {
	char *path, *name, *content;
} Source;

struct Filters {
	Matcher *matcher;
	GArray *rules;          /* FilterRule */
	GPtrArray *files;       /* char*: names */
	GPtrArray *languages;   /* char* */
	GPtrArray *markers;     /* FilterMarker* */
};

/* Reading one file, line by line. */
typedef struct {
	Filters *filters;
	MatcherBuilder *builder;
	const Source *source;
	guint line, file, language;
	gboolean has_language, in_section;
	FilterSection section;
	guint value;
	GArray *letters;        /* PatternLetter */
} Reading;

static void source_free(gpointer data)
{
	Source *source = data;
	g_free(source->path);
	g_free(source->name);
	g_free(source->content);
	g_free(source);
}

static void marker_free(gpointer data)
{
	FilterMarker *marker = data;
	g_free(marker->pattern);
	g_free(marker->file);
	g_free(marker);
}

static void letter_clear(gpointer data)
{
	g_free(((PatternLetter *)data)->instead);
}

static gboolean fail(const Reading *reading, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);
static gboolean fail(const Reading *reading, GError **error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *what = g_strdup_vprintf(format, args);
	va_end(args);
	return status_fail(error, STATUS_PERMANENT, "%s:%u: %s", reading->source->path, reading->line, what);
}

/* --- sections ------------------------------------------------------------------------------------------------------- */

static gboolean find_section(const char *name, FilterSection *section, guint *value)
{
	static const struct { const char *name; FilterSection section; } plain[] = {
		{ "negation", SECTION_NEGATION }, { "hypothetical", SECTION_HYPOTHETICAL }, { "urgent", SECTION_URGENT },
		{ "agent", SECTION_AGENT },       { "language", SECTION_LANGUAGE },         { "quote", SECTION_QUOTE },
		{ "address", SECTION_ADDRESS },   { "client-made", SECTION_CLIENT_MADE },
	};
	RequestType request;
	Kind kind;
	Law law;
	*value = 0;
	for (guint i = 0; i < G_N_ELEMENTS(plain); i++)
		if (g_str_equal(name, plain[i].name)) {
			*section = plain[i].section;
			return TRUE;
		}
	if (request_parse(name, &request)) {
		*section = SECTION_REQUEST;
		*value = request;
	} else if (kind_parse(name, &kind) && kind != KIND_REQUEST) {
		*section = SECTION_KIND;
		*value = kind;
	} else if (g_str_has_prefix(name, "law ") && law_parse(name + 4, &law)) {
		*section = SECTION_LAW;
		*value = law;
	} else {
		return FALSE;
	}
	return TRUE;
}

static gboolean read_section(Reading *reading, char *line, GError **error)
{
	gsize length = strlen(line);
	if (line[length - 1] != ']')
		return fail(reading, error, "`%s` has no `]` at its end", line);
	line[length - 1] = '\0';
	if (!reading->has_language)
		return fail(reading, error, "no language before the first section: write `language de` above it");
	if (!find_section(line + 1, &reading->section, &reading->value))
		return fail(reading, error, "unknown section [%s]: a request such as [erasure], a kind such as [auto-reply], [law gdpr], [negation], "
			    "[hypothetical], [quote], [urgent], [agent], [address], [client-made] or [language]", line + 1);
	reading->in_section = TRUE;
	return TRUE;
}

/* --- lines ---------------------------------------------------------------------------------------------------------- */

static gboolean read_language(Reading *reading, const char *value, GError **error)
{
	gsize length = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
	if (reading->has_language)
		return fail(reading, error, "a second `language`: a file is of one language");
	if (length < 2 || value[length])
		return fail(reading, error, "`language %s` is no language tag: write `language de` or `language pt-BR`", value);
	GPtrArray *languages = reading->filters->languages;
	for (reading->language = 0; reading->language < languages->len; reading->language++)
		if (g_str_equal(languages->pdata[reading->language], value))
			break;
	if (reading->language == languages->len)
		g_ptr_array_add(languages, g_strdup(value));
	reading->has_language = TRUE;
	return TRUE;
}

static gboolean read_letters(Reading *reading, const char *value, GError **error)
{
	g_auto(GStrv) pairs = g_strsplit_set(value, " \t", -1);
	for (guint i = 0; pairs[i]; i++) {
		if (!*pairs[i])
			continue;
		const char *next = g_utf8_next_char(pairs[i]);
		if (*next != '=' || !next[1])
			return fail(reading, error, "`%s` is no letter and its other spelling: write `ä=ae`", pairs[i]);
		PatternLetter letter = { g_unichar_tolower(g_utf8_get_char(pairs[i])), g_strdup(next + 1) };
		g_array_append_val(reading->letters, letter);
	}
	return TRUE;
}

static gboolean read_marker(Reading *reading, const char *line, GError **error)
{
	static const char *const kinds[] = { "reply", "forward", "field", "signature", "footer" };
	gsize length = strcspn(line, " \t");
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (strlen(kinds[i]) == length && strncmp(line, kinds[i], length) == 0 && line[length]) {
			FilterMarker *marker = g_new0(FilterMarker, 1);
			marker->kind = (FilterMarkerKind)i;
			marker->pattern = g_strstrip(g_strdup(line + length));
			marker->file = g_strdup(reading->source->path);
			marker->line = reading->line;
			g_ptr_array_add(reading->filters->markers, marker);
			return TRUE;
		}
	return fail(reading, error, "`%s`: a line of [quote] is `reply`, `forward`, `field`, `signature` or `footer` and a marker", line);
}

static gboolean add_rule(Reading *reading, FilterStrength strength, FilterWhere where, const char *pattern, GError **error)
{
	PatternAnchors anchors;
	g_autoptr(GError) wrong = NULL;
	if (!pattern_add(reading->builder, reading->filters->rules->len, pattern, reading->letters, &anchors, &wrong))
		return fail(reading, error, "%s", wrong->message);
	FilterRule rule = {
		.section = reading->section, .value = reading->value, .strength = strength, .where = where,
		.at_start = anchors.at_start, .at_end = anchors.at_end,
		.file = reading->file, .language = reading->language, .line = reading->line,
	};
	g_array_append_val(reading->filters->rules, rule);
	return TRUE;
}

static const char *skip_word(const char *line, const char *word)
{
	gsize length = strlen(word);
	if (strncmp(line, word, length) != 0 || (line[length] && !g_ascii_isspace(line[length])))
		return NULL;
	line += length;
	while (g_ascii_isspace(*line))
		line++;
	return line;
}

static gboolean read_rule(Reading *reading, const char *line, GError **error)
{
	static const char *const strengths[] = { "strong", "weak", "never", "before", "after", "stop" };
	gboolean negation = reading->section == SECTION_NEGATION;
	const char *rest = NULL;
	FilterStrength strength = STRENGTH_STRONG;
	for (guint i = negation ? STRENGTH_BEFORE : STRENGTH_STRONG; !rest && i <= (negation ? STRENGTH_STOP : STRENGTH_NEVER); i++)
		if ((rest = skip_word(line, strengths[i])))
			strength = (FilterStrength)i;
	gboolean needed = negation || reading->section == SECTION_REQUEST || reading->section == SECTION_KIND;
	if (!rest && needed)
		return fail(reading, error, negation ? "`%s`: a line of [negation] begins with `before`, `after` or `stop`"
						     : "`%s`: a line here begins with `strong`, `weak` or `never`", line);
	if (!rest)
		rest = line;
	FilterWhere where = WHERE_ANY;
	const char *after;
	if ((after = skip_word(rest, "subject:")))
		where = WHERE_SUBJECT;
	else if ((after = skip_word(rest, "body:")))
		where = WHERE_BODY;
	if (after)
		rest = after;
	if (!*rest)
		return fail(reading, error, "no phrase after `%s`", line);
	return add_rule(reading, strength, where, rest, error);
}

static gboolean read_words(Reading *reading, const char *line, GError **error)
{
	g_auto(GStrv) words = g_strsplit_set(line, " \t", -1);
	for (guint i = 0; words[i]; i++)
		if (*words[i] && !add_rule(reading, STRENGTH_STRONG, WHERE_ANY, words[i], error))
			return FALSE;
	return TRUE;
}

static gboolean read_line(Reading *reading, char *line, GError **error)
{
	const char *value, *close = strchr(line, ']');
	/* An optional word can begin a phrase: `[all] my data` is no section. */
	if (*line == '[' && (!reading->in_section || !close || !close[1]))
		return read_section(reading, line, error);
	if (reading->in_section) {
		if (reading->section == SECTION_QUOTE)
			return read_marker(reading, line, error);
		return reading->section == SECTION_LANGUAGE ? read_words(reading, line, error) : read_rule(reading, line, error);
	}
	if ((value = skip_word(line, "language")))
		return read_language(reading, value, error);
	if ((value = skip_word(line, "letters")))
		return read_letters(reading, value, error);
	if (g_str_equal(line, "override"))
		return TRUE;
	return fail(reading, error, "`%s` before the first section: only `language`, `letters` and `override` stand there", line);
}

/* A comment begins the line, or stands after two spaces. */
static void cut_comment(char *line)
{
	if (*g_strchug(line) == '#')
		*line = '\0';
	char *comment = strstr(line, "  #");
	if (comment)
		*comment = '\0';
	g_strchomp(line);
}

static gboolean read_source(Filters *filters, MatcherBuilder *builder, const Source *source, GError **error)
{
	Reading reading = { .filters = filters, .builder = builder, .source = source, .file = filters->files->len };
	g_autoptr(GArray) letters = g_array_new(FALSE, FALSE, sizeof(PatternLetter));
	g_array_set_clear_func(letters, letter_clear);
	reading.letters = letters;
	g_ptr_array_add(filters->files, g_strdup(source->name));
	g_auto(GStrv) lines = g_strsplit(source->content, "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		reading.line = i + 1;
		if (!g_utf8_validate(lines[i], -1, NULL))
			return fail(&reading, error, "not UTF-8: save the file as UTF-8");
		cut_comment(lines[i]);
		if (*lines[i] && !read_line(&reading, lines[i], error))
			return FALSE;
	}
	reading.line = MAX(reading.line, 1);
	if (!reading.has_language)
		return fail(&reading, error, "no language: write `language de` at the top");
	return TRUE;
}

/* --- files ---------------------------------------------------------------------------------------------------------- */

static gboolean has_override(const Source *source)
{
	g_auto(GStrv) lines = g_strsplit(source->content, "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		cut_comment(lines[i]);
		if (*lines[i])
			return g_str_equal(lines[i], "override");
	}
	return FALSE;
}

static void add_source(GPtrArray *sources, Source *source)
{
	if (has_override(source))
		for (guint i = sources->len; i-- > 0;)
			if (g_str_equal(((const Source *)sources->pdata[i])->name, source->name))
				g_ptr_array_remove_index(sources, i);
	g_ptr_array_add(sources, source);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static gboolean read_directory(const char *directory, GPtrArray *sources, GError **error)
{
	g_autoptr(GError) wrong = NULL;
	g_autoptr(GDir) dir = g_dir_open(directory, 0, &wrong);
	if (!dir)
		return status_fail(error, STATUS_PERMANENT, "filters: %s", wrong->message);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	for (const char *name; (name = g_dir_read_name(dir));)
		if (g_str_has_suffix(name, ".filter") && *name != '.')
			g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, compare_names);
	for (guint i = 0; i < names->len; i++) {
		Source *source = g_new0(Source, 1);
		source->name = g_strdup(names->pdata[i]);
		source->path = g_build_filename(directory, source->name, NULL);
		if (!g_file_get_contents(source->path, &source->content, NULL, &wrong)) {
			status_fail(error, STATUS_TEMPORARY, "filters: %s", wrong->message);
			source_free(source);
			return FALSE;
		}
		add_source(sources, source);
	}
	return TRUE;
}

static Filters *compile(const GPtrArray *sources, GError **error)
{
	g_autoptr(Filters) filters = g_new0(Filters, 1);
	filters->rules = g_array_new(FALSE, FALSE, sizeof(FilterRule));
	filters->files = g_ptr_array_new_with_free_func(g_free);
	filters->languages = g_ptr_array_new_with_free_func(g_free);
	filters->markers = g_ptr_array_new_with_free_func(marker_free);
	g_autoptr(MatcherBuilder) builder = matcher_builder_new();
	for (guint i = 0; i < sources->len; i++)
		if (!read_source(filters, builder, sources->pdata[i], error))
			return NULL;
	filters->matcher = matcher_builder_finish(g_steal_pointer(&builder));
	return g_steal_pointer(&filters);
}

Filters *filters_load(char **directories, GError **error)
{
	g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func(source_free);
	for (guint i = 0; directories[i]; i++)
		if (!read_directory(directories[i], sources, error))
			return NULL;
	if (!sources->len) {
		g_autofree char *all = g_strjoinv(", ", directories);
		status_fail(error, STATUS_PERMANENT, "filters: no *.filter file in %s", *all ? all : "any directory");
		return NULL;
	}
	return compile(sources, error);
}

Filters *filters_parse(const char *path, const char *content, GError **error)
{
	g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func(source_free);
	Source *source = g_new0(Source, 1);
	source->path = g_strdup(path);
	source->name = g_path_get_basename(path);
	source->content = g_strdup(content);
	g_ptr_array_add(sources, source);
	return compile(sources, error);
}

void filters_free(Filters *filters)
{
	if (!filters)
		return;
	matcher_free(filters->matcher);
	g_array_unref(filters->rules);
	g_ptr_array_unref(filters->files);
	g_ptr_array_unref(filters->languages);
	g_ptr_array_unref(filters->markers);
	g_free(filters);
}

const Matcher *filters_matcher(const Filters *filters)
{
	return filters->matcher;
}

const FilterRule *filters_rule(const Filters *filters, guint rule)
{
	return &g_array_index(filters->rules, FilterRule, rule);
}

guint filters_rule_count(const Filters *filters)
{
	return filters->rules->len;
}

const char *filters_file_name(const Filters *filters, guint file)
{
	return filters->files->pdata[file];
}

const char *filters_language(const Filters *filters, guint language)
{
	return filters->languages->pdata[language];
}

guint filters_language_count(const Filters *filters)
{
	return filters->languages->len;
}

const GPtrArray *filters_markers(const Filters *filters)
{
	return filters->markers;
}
