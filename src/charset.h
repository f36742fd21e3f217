/* layer 1 mail - charset: bytes in the character sets that mail names, as UTF-8.
 *
 * iconv loads its modules from files on demand; the reader has no files once it is confined.  So every character set
 * that is known here is opened by charset_setup() and stays open; one that isn't is unknown for good.
 */
#pragma once
#include <glib.h>

/* Opens all of them.  Once, by the program that reads, before it gives up its rights. */
void charset_setup(void);

/* `length` bytes as valid UTF-8 of at most `limit` bytes (cut at a character), owned.  `charset` NULL, us-ascii and the
 * names that mean "don't know" are taken as UTF-8 where the bytes are that, else as windows-1252.  What a character set does not
 * define becomes U+FFFD.  *unknown is set TRUE (never FALSE) where the name means nothing to us: then text_valid of the bytes. */
char *charset_to_utf8(const char *charset, const char *bytes, gsize length, gsize limit, gboolean *unknown);
