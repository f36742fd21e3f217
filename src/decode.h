/* layer 1 mail - decode: content transfer encodings (RFC 2045 section 6) and the Q encoding (RFC 2047 4.2).
 *
 * GMime's base64 decoder ends at the first padding; mail holds base64 texts one after another (gateways append footers so).
 */
#pragma once
#include <glib.h>

typedef enum { DECODE_IDENTITY, DECODE_BASE64, DECODE_QUOTED_PRINTABLE, DECODE_UUENCODE, DECODE_Q } DecodeEncoding;

/* The encoding of a Content-Transfer-Encoding token; an unknown one is identity. */
DecodeEncoding decode_encoding(const char *token);

/* Appends at most `limit` decoded bytes; FALSE where there were more.  What breaks the rules is skipped or taken as it stands. */
gboolean decode_append(DecodeEncoding encoding, const char *bytes, gsize length, gsize limit, GByteArray *out);
