/* layer 0 ground - config: the operator's configuration file (optout.conf(5)), read whole and checked whole.
 *
 * A GKeyFile with the groups [optout], [smtp], [controller NAME] and [address ADDRESS].  Unknown groups and keys,
 * duplicate groups, bad values and missing files are errors (PERMANENT) that name file, group and key.  A value may stand in quotes.
 * A Config never changes once loaded; reloading makes a new one.  Reference-counted: config_ref/config_unref, any thread.
 */
#pragma once
#include <glib.h>

#include "vocabulary.h"

typedef struct {
	char *id;               /* NAME of the group; the store's name for the controller */
	char *name;             /* as letters say it; defaults to the id */
	char *postal_address, *preferences_url, *dispute_url, *contact;   /* each may be NULL */
	char *country;          /* ISO 3166 alpha-2, upper case, or NULL */
	char **languages;       /* BCP 47, most wanted first; at least one, default "en" */
} ConfigController;

typedef struct {
	char *address;                       /* as written */
	const ConfigController *controller;
	Role role;
	After after;
} ConfigAddress;

typedef enum { CONFIG_TLS_REQUIRED, CONFIG_TLS_IF_OFFERED, CONFIG_TLS_NONE } ConfigTls;

typedef struct {
	char *url;              /* smtp:// or smtps://, NULL: nothing can be sent */
	ConfigTls tls;
	char *user, *password_file;
	char *password;         /* the content of password-file, without its line end; set by config_read_secrets */
	char *from;             /* `Name <addr-spec>` */
	char *ca_file;          /* NULL: the system's */
	char *hello;            /* EHLO name; NULL: the host's */
	guint timeout;          /* seconds for a reply; default 600 (RFC 5321 4.5.3.2) */
} ConfigSmtp;

typedef struct {
	char *file;                     /* where it was read from; NULL for config_default() */
	char *store;                    /* directory */
	char *milter_socket;            /* inet:PORT@HOST, inet6:PORT@HOST or unix:PATH */
	guint milter_socket_mode;       /* of a Unix socket, default 0660 */
	char *milter_socket_group;      /* NULL: the process's */
	char **filters;                 /* directories, later ones add or override; default: the installed one */
	char *authserv_id;              /* NULL: no Authentication-Results are believed */
	guint own_hops;                 /* pipe: how many Received fields at the top are our own */
	char *recipient_delimiter;      /* characters, default "+" */
	GTimeZone *timezone;            /* of due dates; default the system's */
	char *token_key_file;           /* may be NULL */
	gboolean observe;               /* mode = observe: record and deliver only */
	gboolean answer_client_made;    /* acknowledge mail that a mail client made for its user */
	gboolean name_laws;             /* may acknowledgements name a law */
	gboolean log_addresses;         /* log whole addresses */
	guint64 map_size;               /* of the store, bytes */
	guint64 message_size;           /* bytes of a message that are read and kept; the rest is cut off */
	guint keep_raw;                 /* days that raw messages are kept; 0: always */
	guint readers;                  /* reader processes; default: processors */
	guint reader_messages;          /* messages after which a reader is replaced */
	guint reader_timeout;           /* seconds a message */
	guint64 reader_memory;          /* address space of a reader, bytes */
	guint mail_under_way;           /* days in which mail already handed over may still reach someone who opted out */
	guint answer_window;            /* seconds in which the same sender and matter is answered once; default 7 days */
	guint answers_per_address;      /* a day */
	guint answers_per_domain;       /* a day */
	guint answers_in_all;           /* an hour */
	guint opt_outs_per_source;      /* unauthenticated ones an hour that are acted on; 0: any number */
	ConfigSmtp smtp;
	GPtrArray *controllers;         /* ConfigController* */
	GPtrArray *addresses;           /* ConfigAddress* */
} Config;

/* Reads `file`; NULL is the installed default (SYSCONFDIR/optout.conf).  NULL and *error (PERMANENT) on any fault. */
Config *config_load(const char *file, GError **error);

/* Reads the files that hold secrets: for optout-send, which needs them, and configtest.  Others may be run by users who may not.
 * FALSE and *error (PERMANENT) names file, group and key. */
gboolean config_read_secrets(Config *config, GError **error);

/* All defaults, no addresses: for commands that need no configuration. */
Config *config_default(void);

/* What is legal but probably not meant (no authserv-id, no smtp url, observe mode …): sentences for `configtest`.
 * Owned array of owned strings. */
GPtrArray *config_advice(const Config *config);

Config *config_ref(const Config *config);
void config_unref(Config *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Config, config_unref)
