#include "config-value.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "status.h"

gboolean config_bad_value(const ConfigPlace *place, GError **error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *why = g_strdup_vprintf(format, args);
	va_end(args);
	return status_fail(error, STATUS_PERMANENT, "%s: [%s] %s: %s", place->file, place->group, place->key, why);
}

/* A number with a unit's letter; FALSE where it is none. */
static gboolean parse_number(const char *text, const char *units, const gint64 *factors, gint64 *value)
{
	char *end;
	if (!g_ascii_isdigit(*text))
		return FALSE;
	gint64 number = g_ascii_strtoll(text, &end, 10), factor = 1;
	if (*end) {
		const char *unit = strchr(units, g_ascii_toupper(*end));
		if (!unit || end[1])
			return FALSE;
		factor = factors[unit - units];
	}
	return !__builtin_mul_overflow(number, factor, value);
}

static gboolean set_number(const ConfigKey *key, const char *text, void *to, const ConfigPlace *place, GError **error)
{
	static const gint64 sizes[] = { 1 << 10, 1 << 20, 1 << 30, (gint64)1 << 40 }, times[] = { 1, 60, 3600, 86400 };
	gint64 value;
	gboolean good = key->type == SIZE      ? parse_number(text, "KMGT", sizes, &value)
	                : key->type == SECONDS ? parse_number(text, "SMHD", times, &value)
	                                       : parse_number(text, "", NULL, &value);
	if (!good)
		return config_bad_value(place, error, "\"%s\" is no number%s", text,
		           key->type == SIZE ? " of bytes; write 10M for ten mebibytes" : key->type == SECONDS ? " of seconds; write 7d for seven days" : "");
	if (value < key->least || value > key->most)
		return config_bad_value(place, error, "%s is out of range; it must be from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, text, key->least, key->most);
	if (key->type == SIZE)
		*(guint64 *)to = (guint64)value;
	else
		*(guint *)to = (guint)value;
	return TRUE;
}

static gboolean set_choice(const ConfigKey *key, const char *text, void *to, const ConfigPlace *place, GError **error)
{
	g_auto(GStrv) choices = g_strsplit(key->choices, " ", -1);
	for (int i = 0; choices[i]; i++)
		if (g_str_equal(choices[i], text)) {
			*(int *)to = i;
			return TRUE;
		}
	g_autofree char *list = g_strjoinv(" | ", choices);
	return config_bad_value(place, error, "\"%s\" is none of %s", text, list);
}

static gboolean set_switch(const char *text, void *to, const ConfigPlace *place, GError **error)
{
	gboolean yes = g_str_equal(text, "yes") || g_str_equal(text, "true") || g_str_equal(text, "1");
	if (!yes && !g_str_equal(text, "no") && !g_str_equal(text, "false") && !g_str_equal(text, "0"))
		return config_bad_value(place, error, "\"%s\" is neither yes nor no", text);
	*(gboolean *)to = yes;
	return TRUE;
}

static gboolean set_zone(const char *text, void *to, const ConfigPlace *place, GError **error)
{
	GTimeZone *zone = g_time_zone_new_identifier(text);
	if (!zone)
		return config_bad_value(place, error, "\"%s\" is no time zone; write one like Europe/Berlin", text);
	*(GTimeZone **)to = zone;
	return TRUE;
}

static gboolean is_absolute(const char *path, const ConfigPlace *place, GError **error)
{
	return g_path_is_absolute(path) || config_bad_value(place, error, "\"%s\" is no absolute path", path);
}

/* Whoever may not look (the owner of the file runs other programs) is told by the program that needs it. */
static gboolean is_there(const char *path, gboolean is_directory, const ConfigPlace *place, GError **error)
{
	struct stat status;
	if (stat(path, &status))
		return errno == EACCES || config_bad_value(place, error, "%s: %s", path, g_strerror(errno));
	return S_ISDIR(status.st_mode) == is_directory || config_bad_value(place, error, "%s is %s", path, is_directory ? "no directory" : "a directory");
}

/* BCP 47, RFC 5646 section 2.1: enough of it to see a slip. */
static gboolean is_language(const char *tag, const ConfigPlace *place, GError **error)
{
	return g_regex_match_simple("^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", tag, G_REGEX_DOLLAR_ENDONLY, 0) ||
	       config_bad_value(place, error, "\"%s\" is no language tag; write one like en or pt-BR", tag);
}

static gboolean set_list(const ConfigKey *key, const char *text, void *to, const ConfigPlace *place, GError **error)
{
	g_auto(GStrv) parts = g_strsplit_set(text, ",;", -1);
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
	for (int i = 0; parts[i]; i++) {
		g_autofree char *item = config_unquoted(g_strstrip(parts[i]));
		if (!*item)
			continue;
		if (key->type == LANGUAGES && !is_language(item, place, error))
			return FALSE;
		if (key->type == DIRECTORIES && !(is_absolute(item, place, error) && is_there(item, TRUE, place, error)))
			return FALSE;
		g_ptr_array_add(list, g_steal_pointer(&item));
	}
	if (!list->len)
		return config_bad_value(place, error, "at least one is needed");
	g_ptr_array_add(list, NULL);
	*(char ***)to = (char **)g_ptr_array_free(g_steal_pointer(&list), FALSE);
	return TRUE;
}

gboolean config_set_value(const ConfigKey *key, const char *text, gpointer base, const ConfigPlace *place, GError **error)
{
	void *to = (char *)base + key->offset;
	switch (key->type) {
	case TEXT: *(char **)to = g_strdup(text); return TRUE;
	case LANGUAGES:
	case DIRECTORIES: return set_list(key, text, to, place, error);
	case FILE_PATH:
	case PRESENT_FILE:
		if (!is_absolute(text, place, error) || (key->type == PRESENT_FILE && !is_there(text, FALSE, place, error)))
			return FALSE;
		*(char **)to = g_strdup(text);
		return TRUE;
	case NUMBER:
	case SIZE:
	case SECONDS: return set_number(key, text, to, place, error);
	case SWITCH: return set_switch(text, to, place, error);
	case CHOICE: return set_choice(key, text, to, place, error);
	case ZONE: return set_zone(text, to, place, error);
	case OCTAL: {
		char *end;
		guint64 mode = g_ascii_strtoull(text, &end, 8);
		if (!*text || *end || mode > (guint64)key->most)
			return config_bad_value(place, error, "\"%s\" is no octal mode such as 0660", text);
		*(guint *)to = (guint)mode;
		return TRUE;
	}
	}
	return FALSE;
}

/* GKeyFile keeps quotes that stand around a value, and users write them.  `"a", "b"` is a list, and its items' affair. */
char *config_unquoted(const char *value)
{
	gsize length = strlen(value);
	if (length >= 2 && (value[0] == '"' || value[0] == '\'') && strchr(value + 1, value[0]) == value + length - 1)
		return g_strndup(value + 1, length - 2);
	return g_strdup(value);
}

void config_set_standards(const ConfigKey *keys, gsize count, gpointer base)
{
	const ConfigPlace place = { "built-in", "defaults", "" };
	for (gsize i = 0; i < count; i++)
		if (keys[i].standard && !config_set_value(&keys[i], keys[i].standard, base, &place, NULL))
			g_error("the default of %s is no good", keys[i].name);
}

void config_clear_value(const ConfigKey *key, gpointer object)
{
	char *base = object;
	if (key->type == TEXT || key->type == FILE_PATH || key->type == PRESENT_FILE)
		g_clear_pointer((char **)(base + key->offset), g_free);
	else if (key->type == LANGUAGES || key->type == DIRECTORIES)
		g_clear_pointer((char ***)(base + key->offset), g_strfreev);
	else if (key->type == ZONE)
		g_clear_pointer((GTimeZone **)(base + key->offset), g_time_zone_unref);
}

void config_clear_values(const ConfigKey *keys, gsize count, gpointer base)
{
	for (gsize i = 0; i < count; i++)
		config_clear_value(&keys[i], base);
}
