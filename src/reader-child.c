#include "reader-child.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "frame.h"
#include "sandbox.h"
#include "status.h"

/* A large message's memory is given back, an ordinary one's kept for the next. */
enum { KEPT_BUFFER = 1 << 20, FIRST_BUFFER = 64 << 10 };

/* Exactly `length` bytes.  FALSE without *error: the end, before the first of them. */
static gboolean read_all(int fd, guint8 *bytes, gsize length, GError **error)
{
	gsize got = 0;
	while (got < length) {
		ssize_t n = read(fd, bytes + got, length - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return status_fail(error, STATUS_TEMPORARY, "reading from the parent: %s", g_strerror(errno));
		if (n == 0)
			return got ? status_fail(error, STATUS_TEMPORARY, "the parent broke off inside a message") : FALSE;
		got += (gsize)n;
	}
	return TRUE;
}

static gboolean write_all(int fd, const void *head, gsize head_length, const void *body, gsize body_length)
{
	struct iovec parts[2] = { { (void *)head, head_length }, { (void *)body, body_length } };
	while (parts[1].iov_len > 0 || parts[0].iov_len > 0) {
		ssize_t n = writev(fd, parts, 2);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FALSE;
		for (guint i = 0; i < 2; i++) {
			gsize cut = MIN((gsize)n, parts[i].iov_len);
			parts[i].iov_base = (char *)parts[i].iov_base + cut;
			parts[i].iov_len -= cut;
			n -= (ssize_t)cut;
		}
	}
	return TRUE;
}

/* Takes `json`. */
static gboolean say(int fd, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	gboolean ok = FALSE;
	if (text) {
		guint8 head[FRAME_FROM_READER];
		gsize length = strlen(text);
		frame_put(head, (guint32)length);
		ok = length <= FRAME_MOST_ANSWER && write_all(fd, head, sizeof head, text, length);
	}
	free(text);
	return ok;
}

gboolean reader_child_say_ready(int fd)
{
	return say(fd, json_pack("{s:b}", "ready", 1));
}

gboolean reader_child_say_error(int fd, const char *fault)
{
	g_autofree char *valid = g_utf8_make_valid(fault, -1);
	return say(fd, json_pack("{s:s}", "error", valid));
}

static json_t *answer_one(const guint8 *bytes, gsize request_length, gsize message_length, ReaderChildAnswer answer, gpointer data,
			  GError **error)
{
	json_error_t where;
	json_t *json = json_loadb((const char *)bytes, request_length, 0, &where);
	ReadRequest request;
	if (!json) {
		status_fail(error, STATUS_TEMPORARY, "the request is no JSON: %s", where.text);
		return NULL;
	}
	json_t *result = NULL;
	if (read_request_read(json, &request, error)) {
		result = answer(&request, bytes + request_length, message_length, data);
		if (!result)
			status_fail(error, STATUS_TEMPORARY, "no answer to the message");
	}
	json_decref(json);
	return result;
}

/* Room for `length` bytes and a NUL, so that a text function that runs on by a byte meets an end. */
static void *make_room(guint8 **buffer, gsize *size, gsize length)
{
	if (length + 1 > *size || (*size > KEPT_BUFFER && length < KEPT_BUFFER)) {
		g_free(*buffer);
		*size = MAX(length + 1, (gsize)FIRST_BUFFER);
		*buffer = g_try_malloc(*size);
	}
	return *buffer;
}

gboolean reader_child_serve(int fd, gsize most, guint cpu_seconds, ReaderChildAnswer answer, gpointer data, GError **error)
{
	g_autofree guint8 *buffer = NULL;
	gsize size = 0;
	for (;;) {
		guint8 head[FRAME_TO_READER];
		GError *fault = NULL;
		if (!read_all(fd, head, sizeof head, &fault)) {
			if (fault)
				g_propagate_error(error, fault);
			return fault == NULL;
		}
		gsize request_length = frame_get(head), message_length = frame_get(head + 4), length = request_length + message_length;
		if (request_length > FRAME_MOST_REQUEST || message_length > most)
			return status_fail(error, STATUS_TEMPORARY, "the message is larger than agreed");
		if (!make_room(&buffer, &size, length))
			return status_fail(error, STATUS_TEMPORARY, "no memory for the message");
		if (length && !read_all(fd, buffer, length, &fault)) {
			if (!fault)
				status_fail(&fault, STATUS_TEMPORARY, "the parent broke off inside a message");
			g_propagate_error(error, fault);
			return FALSE;
		}
		buffer[length] = '\0';
		sandbox_allow_cpu(cpu_seconds);
		json_t *result = answer_one(buffer, request_length, message_length, answer, data, error);
		sandbox_allow_cpu(0);
		if (!result)
			return FALSE;
		if (!say(fd, result))
			return status_fail(error, STATUS_TEMPORARY, "writing to the parent: %s", g_strerror(errno));
	}
}
