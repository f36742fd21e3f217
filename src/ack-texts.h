/* layer 3 values - ack-texts: the texts and words of acknowledgements, as the files in filters/acks/ give them; see optout-filters(5).
 *
 * acks/<language>/<text> is one text each:
 *
 *     # a remark
 *     subject: We have received your request [ref {reference}]
 *     reviewed-by: nobody yet
 *
 *     Hello,
 *     …
 *
 * and acks/<language>/words holds the names of requests and laws and the form of a date, as `key = value`.  UTF-8.  Lines may be as
 * long as they like: they are wrapped when the message is written.
 *
 *     A line with a field whose value is empty is left out, and paragraphs that have lost all their lines close up.
 *     A line with a field of several values ({requests}, {effective}, a postal address of several lines) is repeated for each.
 *
 * Fields: reference, controller, postal-address, contact, preferences-url, dispute-url, address (the data subject's), requests (those to be
 * answered), due (by when), effective (those fulfilled at once), effective-by (until when mail may still arrive), stopped (the address to
 * which advertising was stopped although only something else was asked), law (empty unless name-laws is set).
 */
#pragma once
#include <glib.h>

#include "ack.h"

typedef enum {
	ACK_REFERENCE, ACK_CONTROLLER, ACK_POSTAL_ADDRESS, ACK_CONTACT, ACK_PREFERENCES_URL, ACK_DISPUTE_URL, ACK_ADDRESS, ACK_REQUESTS,
	ACK_DUE, ACK_EFFECTIVE, ACK_EFFECTIVE_BY, ACK_STOPPED, ACK_LAW, ACK_FIELD_COUNT
} AckField;

/* The value of each field, NULL or "" is empty; several values stand on several lines. */
typedef struct {
	char *value[ACK_FIELD_COUNT];
} AckFields;

void ack_fields_clear(AckFields *fields);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AckFields, ack_fields_clear)

typedef struct {
	char *subject;     /* with fields */
	char *reviewed_by;
	char **lines;      /* of the body, with fields */
} AckText;

/* The texts that each language must have. */
extern const char *const ack_text_names[];

/* Borrowed; NULL: there is none. */
const AckText *ack_texts_find(const AckTexts *texts, const char *language, const char *name);
/* A word of the language, borrowed; NULL: not given. */
const char *ack_texts_word(const AckTexts *texts, const char *language, const char *key);
/* A day as the language writes it, owned; NULL for an invalid day. */
char *ack_texts_day(const AckTexts *texts, const char *language, const GDate *day);

/* Subject and body with their fields filled in, owned; the body's lines are wrapped and end in '\n'. */
char *ack_text_subject(const AckText *text, const AckFields *fields);
char *ack_text_body(const AckText *text, const AckFields *fields);
