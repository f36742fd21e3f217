/* layer 1 mail - parts: the tree of a message's MIME parts (RFC 2046), as an array of spans of its bytes.
 *
 * Ours and not GMime's tree because that has no limit on parts (400,000 empty ones take half a gigabyte), recurses, and is
 * built of objects several times the size of a small message.  Children of a part lie next to each other, so the tree is
 * walked by index.  The bytes must outlive it.
 */
#pragma once
#include <glib.h>

#include "decode.h"

enum { PARTS_MAX = 10000, PARTS_MAX_DEPTH = 100 };

typedef struct {
	const char *header, *body, *end;   /* header to body, body to end */
	guint first, count;                /* children */
	guint depth;
	char *type;                        /* media type in lower case, never NULL */
	char *charset;                     /* NULL: not named */
	char *name;                        /* file name, NULL: none */
	char *report_type;                 /* of multipart/report, lower case, NULL: none */
	char *boundary;
	DecodeEncoding encoding;
	gboolean is_attachment;            /* Content-Disposition: attachment */
	gboolean is_typed;                 /* has a readable Content-Type */
} Part;

typedef struct {
	GArray *parts;        /* Part; the first is the message itself */
	gboolean too_many, too_deep;
	gboolean is_over_limit;   /* a header was */
	gboolean is_odd;          /* a Content-Type field isn't fit to be parsed */
} Parts;

Parts *parts_read(const char *bytes, gsize length);
void parts_free(Parts *parts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Parts, parts_free)

const Part *part_at(const Parts *parts, guint index);
gboolean part_is(const Part *part, const char *type);
/* "text/", "multipart/" … */
gboolean part_is_kind(const Part *part, const char *prefix);
/* The decoded body, at most `limit` bytes; owned. */
GByteArray *part_decode(const Part *part, gsize limit);
