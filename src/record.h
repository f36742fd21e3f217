/* layer 3 values - record, event, suppression, letter: what else the store keeps, and how each is written down.
 *
 * Each value is JSON with a version "v"; `*_from_json` refuses a newer one (TEMPORARY: a newer program wrote it).
 */
#pragma once
#include <glib.h>
#include <jansson.h>

#include "envelope.h"
#include "reference.h"
#include "vocabulary.h"

/* One message to our addresses.  Its raw bytes lie apart, so that they can go earlier. */
typedef struct {
	guint64 number;
	gint64 received;
	char *sender;
	GPtrArray *recipients;      /* char* */
	char *queue_id, *client;    /* may be NULL */
	Kind kind;
	char *message_id, *digest;  /* may be NULL (a message that could not be read) */
	gboolean truncated;
	gboolean unread;            /* the reader could not read it */
} Record;

/* What happened, append-only.  The payload lies apart with its salt; `digest` is BLAKE2b-256(salt || payload), so that payload and salt can
 * be erased while the event stays verifiable. */
typedef struct {
	guint64 number;             /* this node's order */
	char uuid[UUID_SIZE];       /* the same on every node */
	char *node;                 /* who made it */
	gint64 time;
	char *type;                 /* "received", "duplicate", "suppressed", "answered", "approved", … */
	guint64 case_number;        /* 0: of no case */
	char *operator;             /* user name, NULL: the program itself */
	char *digest;               /* hex; set by the store */
	json_t *payload;            /* an object; NULL once erased */
} Event;

typedef struct {
	char *address;              /* as address_match */
	char *controller;           /* id */
	char *scope;                /* "marketing", "disclosure", or a list's name */
	gint64 since;
	char *reason;               /* "request", "complaint", "operator", … */
	guint64 case_number;        /* 0: of no case */
} Suppression;

/* One acknowledgement on its way. */
typedef struct {
	guint64 number;             /* key in the outbox, in time order */
	char uuid[UUID_SIZE];
	guint64 case_number;
	char reference[REFERENCE_SIZE];
	char *to;                   /* envelope recipient: safe */
	char *language;             /* of the text */
	char *text;                 /* which text of filters/acks/<language>/: "acknowledgement" … */
	char *message_id;           /* ours, without brackets, stable over all attempts */
	char *in_reply_to;          /* theirs, or NULL */
	Delivery state;
	char *reason;               /* why held, failed or ambiguous: the server's last reply, or ours */
	gint64 queued, next, done;  /* instants; 0: none */
	guint attempts;
	guint copies;               /* transfers whose end could have put a copy in the mailbox */
} Letter;

Record *record_new(void);
void record_free(Record *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Record, record_free)
json_t *record_to_json(const Record *record);
Record *record_from_json(const json_t *json, GError **error);

Event *event_new(const char *type, guint64 case_number, gint64 time);   /* with a UUID and an empty payload */
void event_free(Event *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Event, event_free)
json_t *event_to_json(const Event *event);     /* without the payload */
Event *event_from_json(const json_t *json, GError **error);

Suppression *suppression_new(const char *address, const char *controller, const char *scope, gint64 since);
void suppression_free(Suppression *suppression);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Suppression, suppression_free)
json_t *suppression_to_json(const Suppression *suppression);
Suppression *suppression_from_json(const json_t *json, GError **error);

Letter *letter_new(void);
void letter_free(Letter *letter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Letter, letter_free)
json_t *letter_to_json(const Letter *letter);
json_t *letter_to_public_json(const Letter *letter);   /* as `optout outbox --json` prints it: stable */
Letter *letter_from_json(const json_t *json, GError **error);
