#include "submit.h"

#include <curl/curl.h>
#include <string.h>
#include <sys/socket.h>

#include "address.h"
#include "crew.h"
#include "submit-settings.h"
#include "text.h"

enum {
	IDLE_SECONDS = 5,         /* then a connection is closed with QUIT; relays give up on idle ones after minutes */
	CONNECT_SECONDS = 300,    /* until the greeting (RFC 5321 4.5.3.2.1) and the end of authentication */
	REPLY_MOST = 400
};

typedef struct {
	SubmitSettings *settings;
	char *to;                 /* NULL: not safe */
	GBytes *message;
	SubmitDone done;
	gpointer data;
	SubmitResult result;
	char *reply;
} Job;

struct Submit {
	Crew *crew;
	SubmitSettings *settings;       /* loop's thread only */
	gint aborted;             /* atomic */
};

/* --- one transfer, in a worker's thread ------------------------------------------------------------------------ */

typedef struct {
	const char *message;
	gsize size, offset;
	long code;                /* of the last complete reply; since the message was read to its end: 0 until one came */
	GString *reply;           /* that reply, its lines joined */
	gboolean reply_is_whole;
	gboolean needs_utf8, in_hello, has_utf8, lacks_utf8;
} Transfer;

static size_t read_message(char *buffer, size_t size, size_t count, void *data)
{
	Transfer *transfer = data;
	gsize length = MIN(size * count, transfer->size - transfer->offset);
	memcpy(buffer, transfer->message + transfer->offset, length);
	transfer->offset += length;
	if (transfer->offset == transfer->size && length)
		transfer->code = 0;   /* from here on the final dot may go out at any time */
	return length;
}

/* Without SMTPUTF8 (RFC 6531) libcurl would send the address all the same, as bare bytes.  What the server offers stands in the reply
 * to the EHLO that follows a greeting or STARTTLS (both 220); the next reply is MAIL's, and the last moment to turn back. */
static gboolean may_go_on(Transfer *transfer, const char *line, gboolean is_last)
{
	if (transfer->code == 220 && is_last) {
		transfer->in_hello = TRUE;
		transfer->has_utf8 = FALSE;
	} else if (transfer->in_hello) {
		transfer->has_utf8 = transfer->has_utf8 || g_ascii_strncasecmp(line + 4, "SMTPUTF8", 8) == 0;
		transfer->in_hello = !is_last;
	} else if (is_last && transfer->code == 250 && !transfer->has_utf8 && transfer->needs_utf8) {
		transfer->lacks_utf8 = TRUE;
		return FALSE;
	}
	return TRUE;
}

/* One line of a reply (RFC 5321 4.2): the only way to its enhanced status code. */
static size_t take_reply(char *line, size_t size, size_t count, void *data)
{
	Transfer *transfer = data;
	gsize length = size * count;
	g_autofree char *text = text_valid(line, length);
	g_strchomp(text);
	if (strlen(text) < 3 || !g_ascii_isdigit(text[0]) || !g_ascii_isdigit(text[1]) || !g_ascii_isdigit(text[2]))
		return length;
	if (g_str_has_prefix(text, "221"))
		return length;   /* to the QUIT that libcurl sends by itself after some refusals: it says nothing of the letter */
	if (transfer->reply_is_whole)
		g_string_truncate(transfer->reply, 0);
	transfer->reply_is_whole = text[3] != '-';
	const char *words = transfer->reply->len && text[3] ? text + 4 : text;
	if (transfer->reply->len < REPLY_MOST)
		g_string_append_printf(transfer->reply, "%s%s", transfer->reply->len ? " " : "", words);
	if (transfer->reply_is_whole)
		transfer->code = strtol(text, NULL, 10);
	return may_go_on(transfer, text, transfer->reply_is_whole) ? length : 0;
}

static int look_for_abort(void *data, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)a, (void)b, (void)c, (void)d;
	const Submit *submit = data;
	return g_atomic_int_get(&submit->aborted);
}

/* What stays the same from transfer to transfer. */
static CURL *handle_new(const SubmitSettings *settings, Submit *submit)
{
	static const long tls[] = { [CONFIG_TLS_REQUIRED] = CURLUSESSL_ALL, [CONFIG_TLS_IF_OFFERED] = CURLUSESSL_TRY, [CONFIG_TLS_NONE] = CURLUSESSL_NONE };
	CURL *curl = curl_easy_init();
	if (!curl)
		return NULL;
	curl_easy_setopt(curl, CURLOPT_URL, settings->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_USE_SSL, tls[settings->tls]);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, settings->verify ? 1L : 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, settings->verify ? 2L : 0L);
	if (settings->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, settings->ca_file);
	if (settings->user) {
		curl_easy_setopt(curl, CURLOPT_USERNAME, settings->user);
		curl_easy_setopt(curl, CURLOPT_PASSWORD, settings->password ? settings->password : "");
	}
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, MIN(settings->timeout, (long)CONNECT_SECONDS));
	curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, settings->timeout);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 6 * settings->timeout);   /* a server that feeds us a line now and then */
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_message);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_reply);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_for_abort);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, submit);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	return curl;
}

/* Replies that speak of us and not of the letter: authentication or encryption is missing (RFC 4954 6, RFC 3207 4). */
static gboolean is_about_access(long code)
{
	return code == 530 || code == 534 || code == 535 || code == 538;
}

static SubmitResult judge(const Transfer *transfer, CURLcode result)
{
	gboolean is_drained = transfer->offset == transfer->size;
	if (result == CURLE_OK)
		return SUBMIT_SENT;
	if (is_drained && transfer->code == 0)
		return SUBMIT_AMBIGUOUS;
	if (is_drained && transfer->code == 250)
		return SUBMIT_SENT;   /* the answer was there; what broke came after it */
	if (transfer->lacks_utf8)
		return SUBMIT_REFUSED;
	/* Before the end of the message only a refused MAIL, RCPT or DATA is CURLE_SEND_ERROR with a reply; a refused greeting, EHLO or AUTH has
	 * codes of its own and is about the relay, not the letter. */
	gboolean is_of_letter = is_drained || (result == CURLE_SEND_ERROR && !is_about_access(transfer->code));
	return is_of_letter && transfer->code / 100 == 5 ? SUBMIT_REFUSED : SUBMIT_DEFERRED;
}

static char *describe(const Transfer *transfer, SubmitResult result, CURLcode code, const char *detail)
{
	const char *why = *detail ? detail : curl_easy_strerror(code);
	g_autofree char *words = NULL;
	if (transfer->lacks_utf8)
		words = g_strdup("the relay does not offer SMTPUTF8, which an internationalised address needs");
	else if (result == SUBMIT_AMBIGUOUS)
		words = g_strdup_printf("no reply to the end of the message (%s)", why);
	else if (transfer->reply->len && (result == SUBMIT_SENT || transfer->code >= 400))
		words = g_strdup(transfer->reply->str);
	else
		words = g_strdup(why);
	g_autofree char *valid = g_utf8_make_valid(words, -1);
	g_autofree char *cut = g_utf8_strlen(valid, -1) > REPLY_MOST ? g_utf8_substring(valid, 0, REPLY_MOST) : g_strdup(valid);
	return text_escape(g_strstrip(cut));
}

/* TRUE: a connection kept from before had been closed by the relay, and nothing was said on it but that. */
static gboolean was_stale(CURL *curl, const Transfer *transfer, CURLcode result)
{
	long connects = 1;
	curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &connects);
	return result != CURLE_OK && connects == 0 && transfer->offset == 0 && (transfer->code == 0 || transfer->code == 421);
}

static CURLcode perform(CURL *curl, Transfer *transfer, Job *job, char *detail)
{
	g_autofree char *recipient = g_strdup_printf("<%s>", job->to);
	struct curl_slist *recipients = curl_slist_append(NULL, recipient);
	*detail = '\0';
	transfer->message = g_bytes_get_data(job->message, &transfer->size);
	transfer->offset = 0;
	transfer->code = 0;
	transfer->needs_utf8 = !address_is_ascii(job->to);
	g_string_truncate(transfer->reply, 0);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
	curl_easy_setopt(curl, CURLOPT_READDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)transfer->size);
	/* Only a new connection says what the server offers. */
	curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, transfer->needs_utf8 ? 1L : 0L);
	CURLcode result = curl_easy_perform(curl);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, NULL);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
	curl_slist_free_all(recipients);
	return result;
}

static void transfer(CURL *curl, Job *job)
{
	char detail[CURL_ERROR_SIZE];
	g_autoptr(GString) reply = g_string_new(NULL);
	Transfer t = { .reply = reply };
	CURLcode result = perform(curl, &t, job, detail);
	if (was_stale(curl, &t, result))
		result = perform(curl, &t, job, detail);
	job->result = judge(&t, result);
	job->reply = describe(&t, job->result, result, detail);
}

/* --- a connection, kept by a thread of the crew ---------------------------------------------------------------- */

typedef struct {
	CURL *curl;
	SubmitSettings *settings;       /* that the handle was made for */
} Connection;

/* Ends it with QUIT, to which a relay that hangs may never reply: libcurl then waits two minutes. */
static void connection_close(gpointer *state, gpointer data)
{
	Submit *submit = data;
	Connection *connection = *state;
	curl_socket_t socket = CURL_SOCKET_BAD;
	if (g_atomic_int_get(&submit->aborted) && curl_easy_getinfo(connection->curl, CURLINFO_ACTIVESOCKET, &socket) == CURLE_OK &&
	    socket != CURL_SOCKET_BAD)
		shutdown(socket, SHUT_RDWR);
	curl_easy_cleanup(connection->curl);
	submit_settings_unref(connection->settings);
	g_free(connection);
	*state = NULL;
}

static void work(gpointer data, gpointer *state, gpointer of_crew)
{
	Submit *submit = of_crew;
	Job *job = data;
	if (!job->to) {
		job->result = SUBMIT_REFUSED;
		job->reply = g_strdup("the address can't be put into an SMTP command safely");
		return;
	}
	const Connection *kept = *state;
	if (kept && kept->settings != job->settings)
		connection_close(state, submit);
	if (!*state) {
		Connection *connection = g_new0(Connection, 1);
		connection->settings = submit_settings_ref(job->settings);
		connection->curl = handle_new(job->settings, submit);
		if (!connection->curl)
			g_error("libcurl has no memory for a handle");   /* as GLib does when its own is gone */
		*state = connection;
	}
	transfer(((Connection *)*state)->curl, job);
}

/* --- in the loop's thread -------------------------------------------------------------------------------------- */

static void finish(gpointer data, gboolean was_begun, gpointer of_crew)
{
	(void)of_crew;
	Job *job = data;
	job->done(job->data, was_begun ? job->result : SUBMIT_UNTRIED, was_begun ? job->reply : "stopping");
	submit_settings_unref(job->settings);
	g_free(job->to);
	g_bytes_unref(job->message);
	g_free(job->reply);
	g_free(job);
}

Submit *submit_new(struct ev_loop *loop, const ConfigSmtp *smtp, guint connections, GError **error)
{
	static const CrewRoles roles = { work, connection_close, finish };
	static gsize is_initialised;
	if (g_once_init_enter(&is_initialised)) {
		curl_global_init(CURL_GLOBAL_DEFAULT);   /* not safe in threads: before the first of them */
		g_once_init_leave(&is_initialised, 1);
	}
	SubmitSettings *settings = submit_settings_new(smtp, error);
	if (!settings)
		return NULL;
	Submit *submit = g_new0(Submit, 1);
	submit->settings = settings;
	submit->crew = crew_new(loop, connections, IDLE_SECONDS, &roles, submit);
	return submit;
}

gboolean submit_configure(Submit *submit, const ConfigSmtp *smtp, GError **error)
{
	SubmitSettings *settings = submit_settings_new(smtp, error);
	if (!settings)
		return FALSE;
	submit_settings_unref(submit->settings);
	submit->settings = settings;
	return TRUE;
}

void submit_send(Submit *submit, const char *to, GBytes *message, SubmitDone done, gpointer data)
{
	Job *job = g_new0(Job, 1);
	job->settings = submit_settings_ref(submit->settings);
	job->to = to && address_is_safe(to) ? address_identity(to) : NULL;
	job->message = g_bytes_ref(message);
	job->done = done;
	job->data = data;
	crew_add(submit->crew, job);
}

guint submit_pending(const Submit *submit)
{
	return crew_pending(submit->crew);
}

void submit_stop(Submit *submit)
{
	crew_stop(submit->crew);
}

void submit_abort(Submit *submit)
{
	g_atomic_int_set(&submit->aborted, 1);
}

void submit_free(Submit *submit)
{
	if (!submit)
		return;
	if (submit_pending(submit))
		submit_abort(submit);
	crew_free(submit->crew);
	submit_settings_unref(submit->settings);
	g_free(submit);
}
