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

static gboolean has_override(const FilterSource *source)
{
	g_auto(GStrv) lines = g_strsplit(source->content, "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		filter_lines_cut_comment(lines[i]);
		if (*lines[i])
			return g_str_equal(lines[i], "override");
	}
	return FALSE;
}

static void add_source(GPtrArray *sources, FilterSource *source)
{
	if (has_override(source))
		for (guint i = sources->len; i-- > 0;)
			if (g_str_equal(((const FilterSource *)sources->pdata[i])->name, source->name))
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
		FilterSource *source = g_new0(FilterSource, 1);
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
		if (!filter_lines_read(filters, builder, sources->pdata[i], error))
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
	FilterSource *source = g_new0(FilterSource, 1);
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
