/* smtp-peer - an SMTP server for tests that does as its script says, one thread a connection, on a free port of the loopback.
 */
#pragma once
#include <arpa/inet.h>
#include <glib.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What to say at each step; NULL is the usual word, "" closes the connection without one, and a reply in brackets "[…]" closes after it. */
typedef struct {
	const char *greeting, *hello, *mail, *rcpt, *data, *end, *rset;
	guint greeting_delay;      /* milliseconds */
	guint end_hangs;           /* no reply at all to the final dot; the connection stays open */
	guint closes_after;        /* messages a connection, then it is closed without a word; 0: never */
} SmtpScript;

typedef struct {
	SmtpScript script;
	int listener, stop[2];
	guint port;
	GThread *thread;
	GPtrArray *connections;    /* GThread* */
	GMutex mutex;
	GPtrArray *lines;          /* char*: every command of every connection, in order */
	GPtrArray *messages;       /* char*: as they came, with dots still stuffed */
	guint connected;
} SmtpPeer;

typedef struct {
	SmtpPeer *peer;
	FILE *in;
	int out;
} SmtpSession;

static inline gboolean smtp_peer_say(SmtpSession *s, const char *scripted, const char *usual)
{
	g_autofree char *reply = g_strdup(scripted ? scripted : usual);
	if (!*reply)
		return FALSE;
	gboolean closes = *reply == '[';
	g_autofree char *line = g_strconcat(closes ? reply + 1 : reply, "\r\n", NULL);
	if (closes)
		line[strlen(line) - 3] = '\r', line[strlen(line) - 2] = '\n', line[strlen(line) - 1] = '\0';
	return send(s->out, line, strlen(line), MSG_NOSIGNAL) >= 0 && !closes;
}

/* Until the peer is stopped. */
static inline void smtp_peer_hang(SmtpPeer *peer, int milliseconds)
{
	struct pollfd stop = { peer->stop[0], POLLIN, 0 };
	poll(&stop, 1, milliseconds);
}

static inline gboolean smtp_peer_take_message(SmtpSession *s)
{
	g_autoptr(GString) message = g_string_new(NULL);
	char line[2048];
	while (fgets(line, sizeof line, s->in)) {
		if (g_str_equal(line, ".\r\n")) {
			g_mutex_lock(&s->peer->mutex);
			g_ptr_array_add(s->peer->messages, g_strdup(message->str));
			g_mutex_unlock(&s->peer->mutex);
			return TRUE;
		}
		g_string_append(message, line);
	}
	return FALSE;
}

static inline gboolean smtp_peer_answer(SmtpSession *s, const char *line, guint *messages)
{
	const SmtpScript *script = &s->peer->script;
	if (g_str_has_prefix(line, "EHLO") || g_str_has_prefix(line, "HELO"))
		return smtp_peer_say(s, script->hello, "250-peer.example\r\n250-SIZE 1000000\r\n250 ENHANCEDSTATUSCODES");
	if (g_str_has_prefix(line, "MAIL"))
		return smtp_peer_say(s, script->mail, "250 2.1.0 Ok");
	if (g_str_has_prefix(line, "RCPT"))
		return smtp_peer_say(s, script->rcpt, "250 2.1.5 Ok");
	if (g_str_has_prefix(line, "DATA")) {
		if (!smtp_peer_say(s, script->data, "354 go ahead"))
			return FALSE;
		if (script->data && script->data[0] != '3')
			return TRUE;
		if (!smtp_peer_take_message(s))
			return FALSE;
		if (script->end_hangs) {
			smtp_peer_hang(s->peer, 60000);
			return FALSE;
		}
		return smtp_peer_say(s, script->end, "250 2.0.0 queued") && ++*messages != script->closes_after;
	}
	if (g_str_has_prefix(line, "QUIT")) {
		smtp_peer_say(s, NULL, "221 2.0.0 bye");
		return FALSE;
	}
	return smtp_peer_say(s, NULL, "500 5.5.2 what?");
}

static inline gpointer smtp_peer_serve(gpointer data)
{
	SmtpSession *s = data;
	char line[2048];
	guint messages = 0;
	if (s->peer->script.greeting_delay)
		smtp_peer_hang(s->peer, (int)s->peer->script.greeting_delay);
	gboolean goes_on = smtp_peer_say(s, s->peer->script.greeting, "220 peer.example ESMTP");
	while (goes_on && fgets(line, sizeof line, s->in)) {
		g_strchomp(line);
		g_mutex_lock(&s->peer->mutex);
		g_ptr_array_add(s->peer->lines, g_strdup(line));
		g_mutex_unlock(&s->peer->mutex);
		goes_on = smtp_peer_answer(s, line, &messages);
	}
	fclose(s->in);
	g_free(s);
	return NULL;
}

static inline gpointer smtp_peer_run(gpointer data)
{
	SmtpPeer *peer = data;
	for (;;) {
		struct pollfd fds[2] = { { peer->stop[0], POLLIN, 0 }, { peer->listener, POLLIN, 0 } };
		if (poll(fds, 2, -1) < 0 || fds[0].revents)
			return NULL;
		int fd = accept(peer->listener, NULL, NULL);
		if (fd < 0)
			continue;
		SmtpSession *session = g_new0(SmtpSession, 1);
		session->peer = peer;
		session->out = fd;
		session->in = fdopen(fd, "r");
		g_mutex_lock(&peer->mutex);
		peer->connected++;
		g_mutex_unlock(&peer->mutex);
		g_ptr_array_add(peer->connections, g_thread_new("smtp", smtp_peer_serve, session));
	}
}

static inline SmtpPeer *smtp_peer_start(const SmtpScript *script)
{
	SmtpPeer *peer = g_new0(SmtpPeer, 1);
	peer->script = *script;
	peer->lines = g_ptr_array_new_with_free_func(g_free);
	peer->messages = g_ptr_array_new_with_free_func(g_free);
	peer->connections = g_ptr_array_new();
	g_mutex_init(&peer->mutex);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;
	peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(peer->listener, (struct sockaddr *)&address, length), ==, 0);
	g_assert_cmpint(listen(peer->listener, 64), ==, 0);
	g_assert_cmpint(getsockname(peer->listener, (struct sockaddr *)&address, &length), ==, 0);
	g_assert_cmpint(pipe(peer->stop), ==, 0);
	peer->port = ntohs(address.sin_port);
	peer->thread = g_thread_new("smtp-peer", smtp_peer_run, peer);
	return peer;
}

/* Waits for the sessions: the client must have closed its connections, or do so once the peer's hanging ends. */
static inline void smtp_peer_stop(SmtpPeer *peer)
{
	g_assert_cmpint(write(peer->stop[1], "x", 1), ==, 1);
	g_thread_join(peer->thread);
	for (guint i = 0; i < peer->connections->len; i++)
		g_thread_join(g_ptr_array_index(peer->connections, i));
	close(peer->listener);
	close(peer->stop[0]);
	close(peer->stop[1]);
	g_ptr_array_unref(peer->connections);
	g_ptr_array_unref(peer->lines);
	g_ptr_array_unref(peer->messages);
	g_mutex_clear(&peer->mutex);
	g_free(peer);
}
