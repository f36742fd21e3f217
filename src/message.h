/* layer 1 mail - message: the bytes of a mail as Facts.
 *
 * The one door to all of this layer's reading (GMime's decoders, gumbo, iconv); for the reader process and its tests only.
 * Whatever exceeds a limit or can't be read as it should is named in `trouble`; the rest of the message is read all the same.
 */
#pragma once
#include <glib.h>

#include "facts.h"
#include "visible.h"

typedef struct {
	const char *authserv_id;           /* NULL: no Authentication-Results are believed */
	guint own_hops;                    /* Received fields of our own above the border's; in the milter 0 */
	gboolean is_truncated;             /* the caller cut the message off */
	const VisibleMarkers *markers;     /* NULL: only what needs no language */
} MessageOptions;

/* Once, before message_read, while files can still be opened: GMime, and iconv with the modules of every character set we know
 * (checked by strace: none of them opens a file later). */
void message_setup(void);

/* NULL and *error (PERMANENT) only where there is nothing to read: no bytes at all. */
Facts *message_read(const guint8 *bytes, gsize length, const MessageOptions *options, GError **error);
