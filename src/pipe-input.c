#include "pipe-input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "status.h"

enum { READ_AT_ONCE = 64 << 10 };

GBytes *pipe_input_without_from_line(GBytes *message, char **sender)
{
	gsize length;
	const char *bytes = g_bytes_get_data(message, &length);
	*sender = NULL;
	if (length < 5 || memcmp(bytes, "From ", 5) != 0)
		return g_bytes_ref(message);
	const char *end = memchr(bytes, '\n', length);
	gsize line = end ? (gsize)(end - bytes) + 1 : length;
	gsize word = 5;
	while (word < line && !g_ascii_isspace(bytes[word]))
		word++;
	*sender = g_strndup(bytes + 5, word - 5);
	return g_bytes_new_from_bytes(message, line, length - line);
}

gboolean pipe_input_read(int fd, gsize most, PipeInput *input, GError **error)
{
	g_autoptr(GByteArray) kept = g_byte_array_sized_new(READ_AT_ONCE);
	g_autofree guint8 *buffer = g_malloc(READ_AT_ONCE);
	for (;;) {
		ssize_t n = read(fd, buffer, READ_AT_ONCE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return status_fail(error, STATUS_TEMPORARY, "reading the message: %s", g_strerror(errno));
		if (n == 0)
			break;
		gsize room = most - kept->len;
		g_byte_array_append(kept, buffer, (guint)MIN((gsize)n, room));
		input->is_truncated = input->is_truncated || (gsize)n > room;
	}
	g_autoptr(GBytes) whole = g_byte_array_free_to_bytes(g_steal_pointer(&kept));
	input->message = pipe_input_without_from_line(whole, &input->sender);
	return TRUE;
}

void pipe_input_clear(PipeInput *input)
{
	g_clear_pointer(&input->message, g_bytes_unref);
	g_clear_pointer(&input->sender, g_free);
}
