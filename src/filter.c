#include "filter-private.h"

#include <string.h>

#include "status.h"

static void source_free(gpointer data)
{
	FilterSource *source = data;
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

/* --- files ---------------------------------------------------------------------------------------------------------- */

/* Says the first line that is not a comment so? */
static gboolean has_override(const FilterSource *source)
{
	for (const char *at = source->content; *at;) {
		gsize length = strcspn(at, "\n");
		g_autofree char *line = g_strndup(at, length);
		filter_lines_cut_comment(line);
		if (*line)
			return g_str_equal(line, "override");
		at += length + (at[length] != '\0');
	}
	return FALSE;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static gboolean read_directory(const char *directory, guint number, GPtrArray *sources, GError **error)
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
		FilterSource *source = g_new0(FilterSource, 1);
		source->name = g_strdup(names->pdata[i]);
		source->directory = number;
		source->path = g_build_filename(directory, source->name, NULL);
		if (!g_file_get_contents(source->path, &source->content, &source->length, &wrong)) {
			status_fail(error, STATUS_TEMPORARY, "filters: %s", wrong->message);
			source_free(source);
			return FALSE;
		}
		g_ptr_array_add(sources, source);
	}
	return TRUE;
}

/* A name's last override, and what comes after it, counts. */
static gboolean is_replaced(const GPtrArray *sources, guint index)
{
	const FilterSource *source = sources->pdata[index];
	for (guint i = index + 1; i < sources->len; i++) {
		const FilterSource *later = sources->pdata[i];
		if (g_str_equal(later->name, source->name) && has_override(later))
			return TRUE;
	}
	return FALSE;
}

Filters *filters_new(void)
{
	Filters *filters = g_new0(Filters, 1);
	filters->files = g_ptr_array_new_with_free_func(g_free);
	filters->languages = g_ptr_array_new_with_free_func(g_free);
	filters->markers = g_ptr_array_new_with_free_func(marker_free);
	return filters;
}

static Filters *compile(const GPtrArray *sources, GError **error)
{
	g_autoptr(Filters) filters = filters_new();
	filters->built = g_array_new(FALSE, FALSE, sizeof(FilterRule));
	g_autoptr(MatcherBuilder) builder = matcher_builder_new();
	for (guint i = 0; i < sources->len; i++)
		if (!is_replaced(sources, i) && !filter_lines_read(filters, builder, sources->pdata[i], error))
			return NULL;
	filters->rules = (const FilterRule *)(void *)filters->built->data;
	filters->rule_count = filters->built->len;
	filters->matcher = matcher_builder_finish(g_steal_pointer(&builder));
	return g_steal_pointer(&filters);
}

static GPtrArray *read_sources(char **directories, GError **error)
{
	g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func(source_free);
	for (guint i = 0; directories[i]; i++)
		if (!read_directory(directories[i], i, sources, error))
			return NULL;
	if (sources->len)
		return g_steal_pointer(&sources);
	g_autofree char *all = g_strjoinv(", ", directories);
	status_fail(error, STATUS_PERMANENT, "filters: no *.filter file in %s", *all ? all : "any directory");
	return NULL;
}

/* In the last directory: it belongs to whoever has the last word. */
static char *image_path(char **directories)
{
	return g_build_filename(directories[g_strv_length(directories) - 1], "filters.image", NULL);
}

Filters *filters_load(char **directories, GError **error)
{
	g_autoptr(GPtrArray) sources = read_sources(directories, error);
	if (!sources)
		return NULL;
	g_autofree char *path = image_path(directories);
	const char *why_not;
	Filters *filters = filter_image_load(path, sources, &why_not);
	if (filters)
		return filters;
	filters = compile(sources, error);
	if (filters)
		filters->no_image = why_not;
	return filters;
}

gboolean filters_compile(char **directories, char **path, GError **error)
{
	g_autoptr(GPtrArray) sources = read_sources(directories, error);
	g_autoptr(Filters) filters = sources ? compile(sources, error) : NULL;
	*path = NULL;
	if (!filters)
		return FALSE;
	*path = image_path(directories);
	return filter_image_write(filters, *path, sources, error);
}

const char *filters_no_image(const Filters *filters)
{
	return filters->no_image;
}

Filters *filters_parse(const char *path, const char *content, GError **error)
{
	g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func(source_free);
	FilterSource *source = g_new0(FilterSource, 1);
	source->path = g_strdup(path);
	source->name = g_path_get_basename(path);
	source->content = g_strdup(content);
	source->length = strlen(content);
	g_ptr_array_add(sources, source);
	return compile(sources, error);
}

void filters_free(Filters *filters)
{
	if (!filters)
		return;
	matcher_free(filters->matcher);
	if (filters->built)
		g_array_unref(filters->built);
	g_ptr_array_unref(filters->files);
	g_ptr_array_unref(filters->languages);
	g_ptr_array_unref(filters->markers);
	if (filters->image)
		g_mapped_file_unref(filters->image);
	g_free(filters);
}

const Matcher *filters_matcher(const Filters *filters)
{
	return filters->matcher;
}

const FilterRule *filters_rule(const Filters *filters, guint rule)
{
	return &filters->rules[rule];
}

guint filters_rule_count(const Filters *filters)
{
	return filters->rule_count;
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
