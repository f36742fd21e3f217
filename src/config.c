#include "config.h"

#include <grp.h>
#include <string.h>

#include "config-value.h"
#include "places.h"
#include "status.h"

/* --- the keys of each group: what they are called, what they hold, what they are when absent ------------------- */

static const ConfigKey optout_keys[] = {
	{ "store", FILE_PATH, G_STRUCT_OFFSET(Config, store), "/var/lib/optout", 0, 0, NULL },
	{ "milter-socket", TEXT, G_STRUCT_OFFSET(Config, milter_socket), "unix:/run/optout/milter.sock", 0, 0, NULL },
	{ "milter-socket-mode", OCTAL, G_STRUCT_OFFSET(Config, milter_socket_mode), "0660", 0, 0777, NULL },
	{ "milter-socket-group", TEXT, G_STRUCT_OFFSET(Config, milter_socket_group), NULL, 0, 0, NULL },
	{ "filters", DIRECTORIES, G_STRUCT_OFFSET(Config, filters), NULL, 0, 0, NULL },
	{ "authserv-id", TEXT, G_STRUCT_OFFSET(Config, authserv_id), NULL, 0, 0, NULL },
	{ "own-hops", NUMBER, G_STRUCT_OFFSET(Config, own_hops), "1", 0, 20, NULL },
	{ "recipient-delimiter", TEXT, G_STRUCT_OFFSET(Config, recipient_delimiter), "+", 0, 0, NULL },
	{ "timezone", ZONE, G_STRUCT_OFFSET(Config, timezone), NULL, 0, 0, NULL },
	{ "token-key-file", PRESENT_FILE, G_STRUCT_OFFSET(Config, token_key_file), NULL, 0, 0, NULL },
	{ "mode", CHOICE, G_STRUCT_OFFSET(Config, observe), "act", 0, 0, "act observe" },
	{ "answer-client-made", SWITCH, G_STRUCT_OFFSET(Config, answer_client_made), "no", 0, 0, NULL },
	{ "name-laws", SWITCH, G_STRUCT_OFFSET(Config, name_laws), "no", 0, 0, NULL },
	{ "log-addresses", SWITCH, G_STRUCT_OFFSET(Config, log_addresses), "no", 0, 0, NULL },
	{ "map-size", SIZE, G_STRUCT_OFFSET(Config, map_size), "64G", 1 << 20, G_MAXINT64, NULL },
	{ "message-size", SIZE, G_STRUCT_OFFSET(Config, message_size), "10M", 4096, 1 << 30, NULL },
	{ "keep-raw", NUMBER, G_STRUCT_OFFSET(Config, keep_raw), "0", 0, 36500, NULL },
	{ "readers", NUMBER, G_STRUCT_OFFSET(Config, readers), "0", 0, 256, NULL },
	{ "reader-messages", NUMBER, G_STRUCT_OFFSET(Config, reader_messages), "10000", 1, G_MAXINT32, NULL },
	{ "reader-timeout", SECONDS, G_STRUCT_OFFSET(Config, reader_timeout), "20", 1, 250, NULL },
	{ "reader-memory", SIZE, G_STRUCT_OFFSET(Config, reader_memory), "512M", 64 << 20, G_MAXINT64, NULL },
	{ "mail-under-way", NUMBER, G_STRUCT_OFFSET(Config, mail_under_way), "2", 0, 30, NULL },
	{ "answer-window", SECONDS, G_STRUCT_OFFSET(Config, answer_window), "7d", 0, 366 * 86400, NULL },
	{ "answers-per-address", NUMBER, G_STRUCT_OFFSET(Config, answers_per_address), "3", 0, G_MAXINT32, NULL },
	{ "answers-per-domain", NUMBER, G_STRUCT_OFFSET(Config, answers_per_domain), "200", 0, G_MAXINT32, NULL },
	{ "opt-outs-per-source", NUMBER, G_STRUCT_OFFSET(Config, opt_outs_per_source), "100", 0, G_MAXINT32, NULL },
	{ "answers-in-all", NUMBER, G_STRUCT_OFFSET(Config, answers_in_all), "1000", 0, G_MAXINT32, NULL },
};

static const ConfigKey smtp_keys[] = {
	{ "url", TEXT, G_STRUCT_OFFSET(Config, smtp.url), NULL, 0, 0, NULL },
	{ "tls", CHOICE, G_STRUCT_OFFSET(Config, smtp.tls), "if-offered", 0, 0, "required if-offered none" },
	{ "user", TEXT, G_STRUCT_OFFSET(Config, smtp.user), NULL, 0, 0, NULL },
	{ "password-file", PRESENT_FILE, G_STRUCT_OFFSET(Config, smtp.password_file), NULL, 0, 0, NULL },
	{ "from", TEXT, G_STRUCT_OFFSET(Config, smtp.from), NULL, 0, 0, NULL },
	{ "ca-file", PRESENT_FILE, G_STRUCT_OFFSET(Config, smtp.ca_file), NULL, 0, 0, NULL },
	{ "hello", TEXT, G_STRUCT_OFFSET(Config, smtp.hello), NULL, 0, 0, NULL },
	{ "timeout", SECONDS, G_STRUCT_OFFSET(Config, smtp.timeout), "600", 1, 86400, NULL },
};

static const ConfigKey controller_keys[] = {
	{ "name", TEXT, G_STRUCT_OFFSET(ConfigController, name), NULL, 0, 0, NULL },
	{ "postal-address", TEXT, G_STRUCT_OFFSET(ConfigController, postal_address), NULL, 0, 0, NULL },
	{ "preferences-url", TEXT, G_STRUCT_OFFSET(ConfigController, preferences_url), NULL, 0, 0, NULL },
	{ "dispute-url", TEXT, G_STRUCT_OFFSET(ConfigController, dispute_url), NULL, 0, 0, NULL },
	{ "contact", TEXT, G_STRUCT_OFFSET(ConfigController, contact), NULL, 0, 0, NULL },
	{ "country", TEXT, G_STRUCT_OFFSET(ConfigController, country), NULL, 0, 0, NULL },
	{ "languages", LANGUAGES, G_STRUCT_OFFSET(ConfigController, languages), "en", 0, 0, NULL },
};

typedef struct {
	char *controller, *role, *after;
} AddressKeys;

static const ConfigKey address_keys[] = {
	{ "controller", TEXT, G_STRUCT_OFFSET(AddressKeys, controller), NULL, 0, 0, NULL },
	{ "role", TEXT, G_STRUCT_OFFSET(AddressKeys, role), NULL, 0, 0, NULL },
	{ "after", TEXT, G_STRUCT_OFFSET(AddressKeys, after), NULL, 0, 0, NULL },
};

/* --- groups ----------------------------------------------------------------------------------------------------- */

static gboolean read_group(GKeyFile *file, const char *path, const char *group, const ConfigKey *keys, gsize count, gpointer base, GError **error)
{
	g_auto(GStrv) names = g_key_file_get_keys(file, group, NULL, NULL);
	for (int i = 0; names && names[i]; i++) {
		const ConfigPlace place = { path, group, names[i] };
		const ConfigKey *key = NULL;
		for (gsize k = 0; k < count && !key; k++)
			if (g_str_equal(keys[k].name, names[i]))
				key = &keys[k];
		if (!key)
			return config_bad_value(&place, error, "no such key in this group; see optout.conf(5)");
		g_autoptr(GError) cause = NULL;
		g_autofree char *raw = g_key_file_get_string(file, group, names[i], &cause);
		if (!raw)
			return config_bad_value(&place, error, "%s", cause->message);
		g_autofree char *value = config_unquoted(raw);
		if (!*value && !g_str_equal(key->name, "recipient-delimiter"))
			return config_bad_value(&place, error, "is empty; leave the line out for the default");
		config_clear_value(key, base);
		if (!config_set_value(key, value, base, &place, error))
			return FALSE;
	}
	return TRUE;
}

/* GKeyFile merges groups of the same name and lets the last of two equal keys win; both are mistakes that should be seen. */
static gboolean find_repeats(const char *text, const char *path, GError **error)
{
	g_autoptr(GHashTable) groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *group = g_strdup("");
	for (int i = 0; lines[i]; i++) {
		char *line = g_strstrip(lines[i]);
		char *end = *line == '[' ? strchr(line, ']') : NULL;
		char *equals = *line && *line != '#' && !end ? strchr(line, '=') : NULL;
		if (end) {
			g_free(group);
			group = g_strndup(line + 1, (gsize)(end - line - 1));
			g_hash_table_remove_all(keys);
			if (!g_hash_table_add(groups, g_strdup(group)))
				return status_fail(error, STATUS_PERMANENT, "%s:%d: [%s] stands twice; put its keys together", path, i + 1, group);
		} else if (equals) {
			g_autofree char *key = g_strndup(line, (gsize)(equals - line));
			if (!g_hash_table_add(keys, g_strdup(g_strstrip(key))))
				return status_fail(error, STATUS_PERMANENT, "%s:%d: [%s] %s stands twice; which one is meant?", path, i + 1, group, key);
		}
	}
	return TRUE;
}

static void controller_free(gpointer data)
{
	ConfigController *controller = data;
	g_free(controller->id);
	config_clear_values(controller_keys, G_N_ELEMENTS(controller_keys), controller);
	g_free(controller);
}

static void address_free(gpointer data)
{
	ConfigAddress *address = data;
	g_free(address->address);
	g_free(address);
}

static const ConfigController *find_controller(const Config *config, const char *id)
{
	for (guint i = 0; i < config->controllers->len; i++) {
		const ConfigController *controller = g_ptr_array_index(config->controllers, i);
		if (g_str_equal(controller->id, id))
			return controller;
	}
	return NULL;
}

static gboolean read_controller(Config *config, GKeyFile *file, const char *path, const char *group, GError **error)
{
	g_autofree char *id = g_strstrip(g_strdup(group + strlen("controller ")));
	if (find_controller(config, id))
		return status_fail(error, STATUS_PERMANENT, "%s: [%s]: controller %s stands twice; put its keys together", path, group, id);
	ConfigController *controller = g_new0(ConfigController, 1);
	g_ptr_array_add(config->controllers, controller);
	controller->id = g_steal_pointer(&id);
	const ConfigPlace place = { path, group, "country" };
	config_set_standards(controller_keys, G_N_ELEMENTS(controller_keys), controller);
	if (!read_group(file, path, group, controller_keys, G_N_ELEMENTS(controller_keys), controller, error))
		return FALSE;
	/* The id is part of the store's keys. */
	if (!*controller->id || strlen(controller->id) > 64)
		return status_fail(error, STATUS_PERMANENT, "%s: [%s]: a controller needs a name of at most 64 bytes: [controller shop]", path, group);
	if (!controller->name)
		controller->name = g_strdup(controller->id);
	if (controller->country) {
		if (strlen(controller->country) != 2 || !g_ascii_isalpha(controller->country[0]) || !g_ascii_isalpha(controller->country[1]))
			return config_bad_value(&place, error, "\"%s\" is no country code of two letters (ISO 3166), such as DE", controller->country);
		controller->country[0] = g_ascii_toupper(controller->country[0]);
		controller->country[1] = g_ascii_toupper(controller->country[1]);
	}
	return TRUE;
}

static gboolean fill_address(Config *config, ConfigAddress *address, const AddressKeys *keys, const char *path, const char *group, GError **error)
{
	const ConfigPlace controller = { path, group, "controller" }, role = { path, group, "role" }, after = { path, group, "after" };
	const char *at = strrchr(address->address, '@');
	if (!at || at == address->address || !at[1] || strpbrk(address->address, " <>\""))
		return status_fail(error, STATUS_PERMANENT, "%s: [%s]: \"%s\" is no address; write [address unsubscribe@example.com]", path, group, address->address);
	if (!keys->role)
		return config_bad_value(&role, error, "is missing; write role = opt-out or role = privacy");
	if (!role_parse(keys->role, &address->role))
		return config_bad_value(&role, error, "\"%s\" is neither opt-out nor privacy", keys->role);
	/* A machine's unsubscribe mail is noise once it is recorded; what people write to privacy@ is read. */
	address->after = address->role == ROLE_OPT_OUT ? AFTER_DISCARD : AFTER_DELIVER;
	if (keys->after && !after_parse(keys->after, &address->after))
		return config_bad_value(&after, error, "\"%s\" is none of discard | deliver | quarantine", keys->after);
	if (keys->controller) {
		address->controller = find_controller(config, keys->controller);
		if (!address->controller)
			return config_bad_value(&controller, error, "there is no group [controller %s]", keys->controller);
	} else if (config->controllers->len == 1) {
		address->controller = g_ptr_array_index(config->controllers, 0);
	} else {
		return config_bad_value(&controller, error, "is missing; name one of the [controller …] groups");
	}
	return TRUE;
}

static gboolean read_address(Config *config, GKeyFile *file, const char *path, const char *group, GError **error)
{
	g_autofree char *name = g_strstrip(g_strdup(group + strlen("address ")));
	/* As mail is matched to them: the first would take it all. */
	for (guint i = 0; i < config->addresses->len; i++)
		if (g_ascii_strcasecmp(((const ConfigAddress *)g_ptr_array_index(config->addresses, i))->address, name) == 0)
			return status_fail(error, STATUS_PERMANENT, "%s: [%s]: address %s stands twice; put its keys together", path, group, name);
	ConfigAddress *address = g_new0(ConfigAddress, 1);
	g_ptr_array_add(config->addresses, address);
	address->address = g_steal_pointer(&name);
	AddressKeys keys = { 0 };
	gboolean good = read_group(file, path, group, address_keys, G_N_ELEMENTS(address_keys), &keys, error) &&
	                fill_address(config, address, &keys, path, group, error);
	config_clear_values(address_keys, G_N_ELEMENTS(address_keys), &keys);
	return good;
}

/* --- the whole -------------------------------------------------------------------------------------------------- */

/* inet:PORT@HOST with a port that is one. */
static gboolean is_internet_socket(const char *socket)
{
	const char *port = g_str_has_prefix(socket, "inet6:") ? socket + 6 : g_str_has_prefix(socket, "inet:") ? socket + 5 : "";
	char *end;
	guint64 number = g_ascii_strtoull(port, &end, 10);
	return g_ascii_isdigit(*port) && number <= G_MAXUINT16 && *end == '@' && end[1];
}

/* SCHEME://HOST[:PORT]; the host may be an address literal in brackets. */
static gboolean is_relay_url(const char *url)
{
	return g_regex_match_simple("^smtps?://([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?/?$", url, G_REGEX_DOLLAR_ENDONLY, 0);
}

/* Roughly, to see a slip; letters are only ever sent from what address.h finds safe. */
static gboolean is_mailbox(const char *text)
{
	return g_regex_match_simple("^([^\\r\\n<>]*<[^\\s<>@\"]+@[^\\s<>@\"]+>|[^\\s<>@\"]+@[^\\s<>@\"]+)$", text, G_REGEX_DOLLAR_ENDONLY, 0);
}

static gboolean check_smtp(const ConfigSmtp *smtp, const char *path, GError **error)
{
	const ConfigPlace url = { path, "smtp", "url" }, from = { path, "smtp", "from" }, user = { path, "smtp", "user" },
	            password = { path, "smtp", "password-file" };
	if (smtp->url && !is_relay_url(smtp->url))
		return config_bad_value(&url, error, "\"%s\" is neither smtp://HOST:PORT nor smtps://HOST:PORT", smtp->url);
	if (smtp->url && !smtp->from)
		return config_bad_value(&from, error, "is missing; write from = Privacy Team <privacy@example.com>");
	if (smtp->from && !is_mailbox(smtp->from))
		return config_bad_value(&from, error, "\"%s\" is no address; write from = Privacy Team <privacy@example.com>", smtp->from);
	if (smtp->user && !smtp->password_file)
		return config_bad_value(&password, error, "is missing, though there is a user");
	if (smtp->password_file && !smtp->user)
		return config_bad_value(&user, error, "is missing, though there is a password-file");
	return TRUE;
}

static gboolean check_whole(const Config *config, const char *path, GError **error)
{
	const ConfigPlace socket = { path, "optout", "milter-socket" }, group = { path, "optout", "milter-socket-group" };
	if (!g_str_has_prefix(config->milter_socket, "unix:/") && !is_internet_socket(config->milter_socket))
		return config_bad_value(&socket, error, "\"%s\" is neither inet:PORT@HOST nor unix:/PATH", config->milter_socket);
	if (config->milter_socket_group && !getgrnam(config->milter_socket_group))
		return config_bad_value(&group, error, "there is no group \"%s\" on this system", config->milter_socket_group);
	return check_smtp(&config->smtp, path, error);
}

static gboolean read_all(Config *config, GKeyFile *file, const char *path, GError **error)
{
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
	/* Controllers first: addresses name them. */
	for (int i = 0; groups[i]; i++)
		if (g_str_has_prefix(groups[i], "controller ") && !read_controller(config, file, path, groups[i], error))
			return FALSE;
	for (int i = 0; groups[i]; i++) {
		gboolean good = TRUE;
		if (g_str_equal(groups[i], "optout"))
			good = read_group(file, path, groups[i], optout_keys, G_N_ELEMENTS(optout_keys), config, error);
		else if (g_str_equal(groups[i], "smtp"))
			good = read_group(file, path, groups[i], smtp_keys, G_N_ELEMENTS(smtp_keys), config, error);
		else if (g_str_has_prefix(groups[i], "address "))
			good = read_address(config, file, path, groups[i], error);
		else if (!g_str_has_prefix(groups[i], "controller "))
			good = status_fail(error, STATUS_PERMANENT, "%s: no such group [%s]; there are [optout], [smtp], [controller NAME] and [address ADDRESS]",
			                   path, groups[i]);
		if (!good)
			return FALSE;
	}
	return check_whole(config, path, error);
}

static void finish(Config *config)
{
	if (!config->filters) {
		config->filters = g_new0(char *, 2);
		config->filters[0] = places_filters();
	}
	if (!config->timezone)
		config->timezone = g_time_zone_new_local();
	if (!config->readers)
		config->readers = g_get_num_processors();
}

static Config *config_new(void)
{
	Config *config = g_atomic_rc_box_new0(Config);
	config->controllers = g_ptr_array_new_with_free_func(controller_free);
	config->addresses = g_ptr_array_new_with_free_func(address_free);
	config_set_standards(optout_keys, G_N_ELEMENTS(optout_keys), config);
	config_set_standards(smtp_keys, G_N_ELEMENTS(smtp_keys), config);
	return config;
}

Config *config_load(const char *file, GError **error)
{
	g_autofree char *path = file ? g_strdup(file) : places_config();
	g_autofree char *text = NULL;
	g_autoptr(GError) cause = NULL;
	gsize length;
	if (!g_file_get_contents(path, &text, &length, &cause)) {
		status_fail(error, STATUS_PERMANENT, "no configuration: %s; name another file with --config FILE", cause->message);
		return NULL;
	}
	if (memchr(text, '\0', length)) {
		status_fail(error, STATUS_PERMANENT, "%s: holds a NUL byte; it is no text", path);
		return NULL;
	}
	g_autoptr(GKeyFile) keys = g_key_file_new();
	if (!g_key_file_load_from_data(keys, text, (gsize)-1, G_KEY_FILE_NONE, &cause)) {
		status_fail(error, STATUS_PERMANENT, "%s: %s", path, cause->message);
		return NULL;
	}
	g_autoptr(Config) config = config_new();
	config->file = g_strdup(path);
	if (!find_repeats(text, path, error) || !read_all(config, keys, path, error))
		return NULL;
	finish(config);
	return g_steal_pointer(&config);
}

gboolean config_read_secrets(Config *config, GError **error)
{
	const ConfigPlace place = { config->file, "smtp", "password-file" };
	g_autofree char *content = NULL;
	g_autoptr(GError) cause = NULL;
	if (!config->smtp.password_file)
		return TRUE;
	if (!g_file_get_contents(config->smtp.password_file, &content, NULL, &cause))
		return config_bad_value(&place, error, "%s", cause->message);
	content[strcspn(content, "\r\n")] = '\0';
	if (!*content)
		return config_bad_value(&place, error, "%s is empty", config->smtp.password_file);
	g_free(config->smtp.password);
	config->smtp.password = g_steal_pointer(&content);
	return TRUE;
}

Config *config_default(void)
{
	Config *config = config_new();
	finish(config);
	return config;
}

Config *config_ref(const Config *config)
{
	return g_atomic_rc_box_acquire((Config *)config);
}

static void config_clear(gpointer data)
{
	Config *config = data;
	g_free(config->file);
	g_free(config->smtp.password);
	config_clear_values(optout_keys, G_N_ELEMENTS(optout_keys), config);
	config_clear_values(smtp_keys, G_N_ELEMENTS(smtp_keys), config);
	g_ptr_array_unref(config->addresses);
	g_ptr_array_unref(config->controllers);
}

void config_unref(Config *config)
{
	if (config)
		g_atomic_rc_box_release_full(config, config_clear);
}
