/* layer 0 ground - config-value: one key of a configuration file: its type, its default, and reading it into a struct.
 */
#pragma once
#include <glib.h>

typedef enum { TEXT, LANGUAGES, DIRECTORIES, FILE_PATH, PRESENT_FILE, NUMBER, SIZE, SECONDS, SWITCH, CHOICE, ZONE, OCTAL } ConfigType;

/* A table of these describes a group; offsets are into the struct that the group fills. */
typedef struct {
	const char *name;
	ConfigType type;
	gsize offset;
	const char *standard;     /* as the operator would write it; NULL: none */
	gint64 least, most;       /* NUMBER, SIZE, SECONDS */
	const char *choices;      /* CHOICE: words parted by spaces, in the order of their values */
} ConfigKey;

/* Where a value stands, for messages. */
typedef struct {
	const char *file, *group, *key;
} ConfigPlace;

/* Sets *error (PERMANENT) to `FILE: [GROUP] KEY: why`, and returns FALSE. */
gboolean config_bad_value(const ConfigPlace *place, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Reads `text` as the key's type into `base`; an earlier value must have been cleared. */
gboolean config_set_value(const ConfigKey *key, const char *text, gpointer base, const ConfigPlace *place, GError **error);
void config_set_standards(const ConfigKey *keys, gsize count, gpointer base);
void config_clear_value(const ConfigKey *key, gpointer object);
void config_clear_values(const ConfigKey *keys, gsize count, gpointer base);

/* A copy without the quotes around it. */
char *config_unquoted(const char *value);
