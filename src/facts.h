/* layer 1 mail - facts: what is known of one message once it was read; plain data, filled by message.c, never changed after.
 *
 * All strings are valid UTF-8 but otherwise hostile: they can hold line breaks, escapes, anything a header decodes to.
 * NULL is "absent".  Owned by the Facts.
 */
#pragma once
#include <glib.h>

#include "vocabulary.h"

typedef struct {
	/* header */
	char *message_id;        /* without angle brackets */
	char *from;              /* addr-spec of the only From mailbox; NULL where there is none, several, or it is no safe address */
	char *from_name;
	guint from_count;        /* mailboxes in all From fields */
	char *reply_to;          /* addr-spec, if exactly one */
	char *sender;            /* Sender: addr-spec */
	char *subject;
	gint64 date;             /* Date: as an instant, 0 where absent or unreadable */
	char *in_reply_to;       /* message id without brackets */
	GPtrArray *references;   /* char*: message ids without brackets, at most 50 */
	GPtrArray *to;           /* char*: addr-specs of To and Cc, at most 100 */
	GPtrArray *delivered_to; /* char*: X-Original-To, Delivered-To, Envelope-To, in order, at most 20 */

	/* signs of automatic mail, RFC 3834 and custom */
	char *auto_submitted;    /* the token, lower case, without parameters and comments */
	char *precedence;        /* lower case */
	char *suppress;          /* X-Auto-Response-Suppress, lower case */
	gboolean has_list_field; /* any List-* (RFC 2369, 2919) */
	gboolean has_loop_field; /* X-Loop, X-Autorespond, X-Autoreply and the like */
	gboolean is_flagged_spam;/* X-Spam-Flag: YES, X-Spam-Status: Yes, X-Spam: Yes */
	gboolean is_apple_unsubscribe;   /* X-Apple-Unsubscribe: true */
	char *report_type;       /* report-type of a multipart/report at the top, lower case; "" where it is a report without one */
	char *list_unsubscribe;  /* of the message itself */

	/* reports: fields of their machine-readable part, and of the message they return */
	char *feedback_type;     /* Feedback-Type, lower case */
	GPtrArray *reported;     /* char*: addresses a report is about (Original-Rcpt-To, Removal-Recipient, Final-Recipient, X-HmXmrOriginalRecipient …) */
	char *original_message_id;   /* Message-ID of the message a report returns */

	/* the text */
	char *text;              /* what the writer wrote, quotes, forwards, signatures and footers parted off */
	char *rest;              /* those, in their order: for evidence of context, never of meaning */
	gboolean is_html_only;   /* the text came from HTML */
	gboolean is_encrypted;   /* multipart/encrypted, application/pkcs7-mime: unreadable */
	gboolean is_forward;     /* a forwarded message is attached or inlined */
	gboolean has_quote;      /* something quoted was parted off */
	GPtrArray *unread;       /* char*: media types of parts that could hold the meaning but were not read (PDF, Word, image …), at most 20 */
	GPtrArray *trouble;      /* char*: what could not be read as it should: "unknown charset x", "parts beyond 10,000", … each one a reason to review */

	/* evidence */
	EvidenceLevel authentication;
	char *authentication_reason;   /* "dmarc=pass", "no Authentication-Results of mx.example.com", … */
	char *digest;            /* hex BLAKE2b-256 of the content without trace headers, line ends normalised */
	gboolean is_truncated;   /* the message was longer than the limit */
} Facts;

Facts *facts_new(void);
void facts_free(Facts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Facts, facts_free)
