/* layer 4 edges - reader-child: the reader's side of the process boundary (frame.h): one message after the other, blocking.
 *
 * Everything here may be ended at any moment by a limit: there is nothing to save.
 */
#pragma once
#include <glib.h>
#include <jansson.h>

#include "read-request.h"

/* The answer to one message, owned by the caller; NULL: there is none, the process should end. */
typedef json_t *(*ReaderChildAnswer)(const ReadRequest *request, const guint8 *message, gsize length, gpointer data);

/* The greeting: the filters are loaded, or why not (`FILE:LINE: …`). */
gboolean reader_child_say_ready(int fd);
gboolean reader_child_say_error(int fd, const char *fault);

/* Until the parent closes its end (TRUE).  `most`: bytes of a message; `cpu_seconds`: processor time of each. */
gboolean reader_child_serve(int fd, gsize most, guint cpu_seconds, ReaderChildAnswer answer, gpointer data, GError **error);
