/* layer 4 edges - pipe-input: a message read from a descriptor, whole or up to a limit, as mail servers and mail programs hand it over.
 */
#pragma once
#include <glib.h>

typedef struct {
	GBytes *message;          /* without a `From ` line at its start */
	char *sender;             /* the sender that line named; NULL: there was none */
	gboolean is_truncated;    /* longer than the limit: the rest was read and dropped */
} PipeInput;

/* Reads to the end, so that the writer is not met by a closed pipe; keeps at most `most` bytes.  *error: TEMPORARY. */
gboolean pipe_input_read(int fd, gsize most, PipeInput *input, GError **error);
/* Cuts off the `From ` line that mbox and some delivery agents put before a message (RFC 4155); *sender receives its
 * address, owned, or NULL. */
GBytes *pipe_input_without_from_line(GBytes *message, char **sender);
void pipe_input_clear(PipeInput *input);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PipeInput, pipe_input_clear)
