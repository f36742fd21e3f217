/* layer 2 judgement - filter-lines: the lines of one filter file, as filter.h describes them.
 */
#include "filter-private.h"

#include <string.h>

#include "pattern.h"
#include "status.h"

/* Reading one file, line by line. */
typedef struct {
	Filters *filters;
	MatcherBuilder *builder;
	const FilterSource *source;
	guint line, file, language;
	gboolean has_language, in_section;
	FilterSection section;
	guint value;
	GArray *letters;        /* PatternLetter */
} Reading;

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
		{ "agent", SECTION_AGENT },       { "wish", SECTION_WISH },                 { "language", SECTION_LANGUAGE },
		{ "quote", SECTION_QUOTE },
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
	if (!pattern_add(reading->builder, reading->filters->built->len, pattern, reading->letters, &anchors, &wrong))
		return fail(reading, error, "%s", wrong->message);
	FilterRule rule = {
		.section = reading->section, .value = reading->value, .strength = strength, .where = where,
		.at_start = anchors.at_start, .at_end = anchors.at_end,
		.file = reading->file, .language = reading->language, .line = reading->line,
	};
	g_array_append_val(reading->filters->built, rule);
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

void filter_lines_cut_comment(char *line)
{
	if (*g_strchug(line) == '#')
		*line = '\0';
	char *comment = strstr(line, "  #");
	if (comment)
		*comment = '\0';
	g_strchomp(line);
}

gboolean filter_lines_read(Filters *filters, MatcherBuilder *builder, const FilterSource *source, GError **error)
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
		filter_lines_cut_comment(lines[i]);
		if (*lines[i] && !read_line(&reading, lines[i], error))
			return FALSE;
	}
	reading.line = MAX(reading.line, 1);
	if (!reading.has_language)
		return fail(&reading, error, "no language: write `language de` at the top");
	return TRUE;
}
