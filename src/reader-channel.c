#include "reader-channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "status.h"

enum { READ_AT_ONCE = 64 << 10 };

ReaderJob *reader_job_new(const ReadRequest *request, GBytes *message, ReadDone done, gpointer data)
{
	ReaderJob *job = g_new0(ReaderJob, 1);
	job->request = read_request_write(request);
	job->request_length = strlen(job->request);
	job->message = g_bytes_ref(message);
	job->done = done;
	job->data = data;
	frame_put(job->head, (guint32)job->request_length);
	frame_put(job->head + 4, (guint32)g_bytes_get_size(message));
	return job;
}

void reader_job_deliver(ReaderJob *job)
{
	job->done(job->data, job->verdict, job->error);
	g_free(job->request);
	g_bytes_unref(job->message);
	g_clear_error(&job->error);
	g_free(job);
}

void reader_channel_init(ReaderChannel *channel, const ReaderProcess *process)
{
	*channel = (ReaderChannel){ .process = *process, .input = g_byte_array_new() };
	g_queue_init(&channel->jobs);
}

char *reader_channel_end(ReaderChannel *channel)
{
	g_clear_pointer(&channel->input, g_byte_array_unref);
	return reader_process_end(&channel->process);
}

gboolean reader_channel_has_output(const ReaderChannel *channel)
{
	return channel->written < channel->jobs.length;
}

/* Head, request and message without the first `skip` bytes; returns how many are left. */
static gsize parts_of(ReaderJob *job, gsize skip, struct iovec parts[3])
{
	gsize length;
	const void *bytes = g_bytes_get_data(job->message, &length);
	parts[0] = (struct iovec){ job->head, FRAME_TO_READER };
	parts[1] = (struct iovec){ job->request, job->request_length };
	parts[2] = (struct iovec){ (void *)bytes, length };
	gsize left = 0;
	for (guint i = 0; i < 3; i++) {
		gsize cut = MIN(skip, parts[i].iov_len);
		parts[i].iov_base = (char *)parts[i].iov_base + cut;
		parts[i].iov_len -= cut;
		skip -= cut;
		left += parts[i].iov_len;
	}
	return left;
}

void reader_channel_write(ReaderChannel *channel)
{
	while (reader_channel_has_output(channel)) {
		struct iovec parts[3];
		gsize left = parts_of(g_queue_peek_nth(&channel->jobs, channel->written), channel->offset, parts);
		struct msghdr message = { .msg_iov = parts, .msg_iovlen = 3 };
		ssize_t n = sendmsg(channel->process.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return;
		channel->offset += (gsize)n;
		if ((gsize)n == left) {
			channel->written++;
			channel->offset = 0;
		}
	}
}

static gboolean take_greeting(ReaderChannel *channel, const json_t *json, GError **error)
{
	const char *fault = json_string_value(json_object_get(json, "error"));
	if (fault)
		return status_fail(error, STATUS_PERMANENT, "%s", fault);
	if (!json_is_true(json_object_get(json, "ready")))
		return status_fail(error, STATUS_TEMPORARY, "began with nonsense");
	channel->is_ready = TRUE;
	return TRUE;
}

static gboolean take_verdict(ReaderChannel *channel, const json_t *json, GQueue *finished, GError **error)
{
	if (channel->written == 0)
		return status_fail(error, STATUS_TEMPORARY, "answered without a question");
	const char *reason = json_string_value(json_object_get(json, "error"));
	if (reason)
		return status_fail(error, STATUS_TEMPORARY, "gave up: %s", reason);
	g_autoptr(GError) fault = NULL;
	Verdict *verdict = verdict_from_json(json, &fault);
	if (!verdict)
		return status_fail(error, STATUS_TEMPORARY, "answered nonsense: %s", fault->message);
	ReaderJob *job = g_queue_pop_head(&channel->jobs);
	job->verdict = verdict;
	g_queue_push_tail(finished, job);
	channel->written--;
	channel->served++;
	return TRUE;
}

static gboolean take_answer(ReaderChannel *channel, const char *text, gsize length, GQueue *finished, GError **error)
{
	json_error_t where;
	json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
	if (!json)
		return status_fail(error, STATUS_TEMPORARY, "answered no JSON: %s", where.text);
	gboolean ok = channel->is_ready ? take_verdict(channel, json, finished, error) : take_greeting(channel, json, error);
	json_decref(json);
	return ok;
}

gboolean reader_channel_read(ReaderChannel *channel, GQueue *finished, GError **error)
{
	guint8 buffer[READ_AT_ONCE];
	ssize_t n = recv(channel->process.fd, buffer, sizeof buffer, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return TRUE;
	if (n <= 0)
		return FALSE;
	g_byte_array_append(channel->input, buffer, (guint)n);
	guint at = 0;
	while (channel->input->len - at >= FRAME_FROM_READER) {
		guint32 length = frame_get(channel->input->data + at);
		if (length > FRAME_MOST_ANSWER)
			return status_fail(error, STATUS_TEMPORARY, "answered more than it may");
		if (channel->input->len - at - FRAME_FROM_READER < length)
			break;
		if (!take_answer(channel, (const char *)channel->input->data + at + FRAME_FROM_READER, length, finished, error))
			return FALSE;
		at += FRAME_FROM_READER + length;
	}
	if (at)
		g_byte_array_remove_range(channel->input, 0, at);
	return TRUE;
}
