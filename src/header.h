/* layer 1 mail - header: the fields of a message's or part's header, found in the raw bytes and decoded.
 *
 * The scan is ours and not GMime's because GMime merges duplicate From fields, keeps the last Subject, ends values at a
 * NUL, and knows no limit on number and size.  Nothing is copied: fields point into the bytes, which must outlive them.
 */
#pragma once
#include <glib.h>

enum { HEADER_MAX_FIELDS = 1000, HEADER_MAX_FIELD = 64 * 1024, HEADER_MAX_BYTES = 1024 * 1024 };

typedef struct {
	const char *name, *value;   /* not terminated; value is still folded and encoded */
	guint16 name_length;
	guint32 value_length;
} HeaderField;

typedef struct {
	const char *at, *end;
	guint fields;
	gboolean is_over_limit;   /* set when fields were cut off or left out */
} HeaderScan;

/* Begins at a field.  An mbox `From ` line before the first is skipped. */
void header_scan_begin(HeaderScan *scan, const char *bytes, gsize length);
/* The next field; FALSE at the end of the header.  Then scan->at is where the body begins (past the empty line; a line that is
 * no field ends the header too, and belongs to the body, as mail servers take it). */
gboolean header_scan_next(HeaderScan *scan, HeaderField *field);
gboolean header_field_is(const HeaderField *field, const char *name);

/* --- values; all returned strings are owned and valid UTF-8 --- */

/* Unfolded (RFC 5322 2.2.3), controls and NUL as spaces, 8-bit bytes as UTF-8 (RFC 6532) or else windows-1252; no encoded-words decoded. */
char *header_raw(const HeaderField *field);
/* Unstructured text with its encoded-words decoded (RFC 2047).  Adjacent ones in the same character set are joined before they are
 * converted, since mailers split characters over them.  *unknown as in charset.h (the last unknown name), owned, may be NULL. */
char *header_text(const HeaderField *field, char **unknown);
char *header_decode(const char *raw, char **unknown);
/* The first word outside comments, lower case, without what follows a `;`: `Auto-Submitted: (x) auto-replied; a=b`. */
char *header_token(const HeaderField *field);
/* Past a comment that begins at p (RFC 5322 3.2.2: nested, with quoted pairs). */
const char *header_past_comment(const char *p);
/* Adds the message ids (without brackets, without spaces and controls) of a value; at most `max`. */
void header_add_ids(const char *raw, GPtrArray *ids, guint max);

/* GMime decodes encoded-words wherever it parses, and opens any character set they name.  Hides them from it (in place), and
 * shows them again. */
void header_hide_words(char *raw);
void header_show_words(char *raw);

/* Adds the addr-specs of an address list, unsafe ones left out; at most `max`.  Returns how many mailboxes there were in all, safe
 * or not.  *name (may be NULL) receives the display name of the first, or NULL.  *refused is set TRUE where the list isn't fit to be parsed. */
guint header_add_addresses(const char *raw, GPtrArray *addresses, guint max, char **name, gboolean *refused);
