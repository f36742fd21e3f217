#include "server-private.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

enum {
	READ_SIZE = 65536,
	MUCH = 262144,           /* bytes kept for a peer, above which nothing more is read from it */
	IDLE_SECONDS = 7210,     /* silence after which a connection is given up: libmilter's default */
	SWEEP_SECONDS = 60,
	PAUSE_SECONDS = 1        /* after accept() failed for want of descriptors or memory */
};

typedef struct {
	ev_io io;
	Server *server;
	char *path;              /* of a Unix socket, or NULL */
} Listener;

struct Server {
	struct ev_loop *loop;
	const ServerHandler *handler;
	gpointer data;
	GPtrArray *listeners;
	GQueue connections;      /* Connection* by their links */
	ev_timer sweep, pause;
	guint8 *scratch;         /* READ_SIZE bytes */
};

struct Connection {
	ev_io in, out;
	GList link;
	Server *server;
	int fd;
	GByteArray *kept;        /* not yet sent */
	gpointer state;
	ev_tstamp active;
	gboolean is_paused, is_ending, is_broken;
};

/* --- connections ------------------------------------------------------------------------------------------------ */

static void update_accepting(Server *server);

static void close_connection(Connection *connection)
{
	Server *server = connection->server;
	ev_io_stop(server->loop, &connection->in);
	ev_io_stop(server->loop, &connection->out);
	close(connection->fd);
	g_queue_unlink(&server->connections, &connection->link);
	server->handler->closed(connection->state);
	g_byte_array_unref(connection->kept);
	g_free(connection);
	update_accepting(server);
}

static void update_reading(Connection *connection)
{
	if (connection->is_paused || connection->is_ending || connection->kept->len > MUCH)
		ev_io_stop(connection->server->loop, &connection->in);
	else
		ev_io_start(connection->server->loop, &connection->in);
}

static gboolean is_temporary(int fault)
{
	return fault == EAGAIN || fault == EWOULDBLOCK || fault == EINTR;
}

/* Sends what is kept; what is to happen then happens from the loop, never from within a handler's call. */
static void flush(Connection *connection)
{
	struct ev_loop *loop = connection->server->loop;
	GByteArray *kept = connection->kept;
	gsize sent = 0;
	while (sent < kept->len && !connection->is_broken) {
		ssize_t n = send(connection->fd, kept->data + sent, kept->len - sent, MSG_NOSIGNAL);
		if (n >= 0)
			sent += (gsize)n;
		else if (is_temporary(errno))
			break;
		else
			connection->is_broken = TRUE;
	}
	if (sent) {
		g_byte_array_remove_range(kept, 0, (guint)sent);
		connection->active = ev_now(loop);
	}
	if (kept->len && !connection->is_broken)
		ev_io_start(loop, &connection->out);
	else
		ev_io_stop(loop, &connection->out);
	if (connection->is_broken || (connection->is_ending && !kept->len))
		ev_feed_event(loop, &connection->out, EV_WRITE);
	update_reading(connection);
}

static void on_writable(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop, (void)events;
	Connection *connection = io->data;
	if (!connection->is_broken && connection->kept->len)
		flush(connection);
	if (connection->is_broken || (connection->is_ending && !connection->kept->len))
		close_connection(connection);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
	(void)events;
	Connection *connection = io->data;
	Server *server = connection->server;
	ssize_t n = recv(connection->fd, server->scratch, READ_SIZE, 0);
	if (n > 0) {
		connection->active = ev_now(loop);
		server->handler->received(connection->state, server->scratch, (gsize)n);
	} else if (n == 0 || !is_temporary(errno)) {
		close_connection(connection);
	}
}

void connection_send(Connection *connection, const guint8 *bytes, gsize length)
{
	gboolean was_empty = connection->kept->len == 0;
	g_byte_array_append(connection->kept, bytes, (guint)length);
	if (was_empty && length)
		flush(connection);
	else
		update_reading(connection);
}

void connection_end(Connection *connection)
{
	connection->is_ending = TRUE;
	flush(connection);
}

void connection_pause(Connection *connection, gboolean is_paused)
{
	if (connection->is_paused == is_paused)
		return;
	connection->is_paused = is_paused;
	update_reading(connection);
}

void server_adopt(Server *server, int fd)
{
	Connection *connection = g_new0(Connection, 1);
	connection->server = server;
	connection->fd = fd;
	connection->kept = g_byte_array_new();
	connection->link.data = connection;
	connection->active = ev_now(server->loop);
	ev_io_init(&connection->in, on_readable, fd, EV_READ);
	ev_io_init(&connection->out, on_writable, fd, EV_WRITE);
	connection->in.data = connection->out.data = connection;
	g_queue_push_tail_link(&server->connections, &connection->link);
	connection->state = server->handler->opened(server->data, connection);
	update_reading(connection);
}

/* Peers that said nothing, and took nothing, for too long. */
static void on_sweep(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)events;
	Server *server = timer->data;
	for (GList *next, *link = server->connections.head; link; link = next) {
		next = link->next;
		Connection *connection = link->data;
		if (ev_now(loop) - connection->active > IDLE_SECONDS)
			close_connection(connection);
	}
}

/* --- accepting -------------------------------------------------------------------------------------------------- */

static void update_accepting(Server *server)
{
	gboolean may = server->connections.length < SERVER_MAX_CONNECTIONS && !ev_is_active(&server->pause);
	for (guint i = 0; i < server->listeners->len; i++) {
		Listener *listener = g_ptr_array_index(server->listeners, i);
		if (may)
			ev_io_start(server->loop, &listener->io);
		else
			ev_io_stop(server->loop, &listener->io);
	}
}

static void on_pause_over(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)events;
	ev_timer_stop(loop, timer);
	update_accepting(timer->data);
}

static void set_options(int fd)
{
	struct sockaddr_storage name;
	socklen_t length = sizeof name;
	int on = 1;
	/* Failures cost speed or tidiness only. */
	if (getsockname(fd, (struct sockaddr *)&name, &length) == 0 && name.ss_family != AF_UNIX) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	}
}

static void on_acceptable(struct ev_loop *loop, ev_io *io, int events)
{
	(void)events;
	Server *server = ((Listener *)io->data)->server;
	while (server->connections.length < SERVER_MAX_CONNECTIONS) {
		int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			set_options(fd);
			server_adopt(server, fd);
			continue;
		}
		if (errno == ECONNABORTED || errno == EINTR)
			continue;
		if (!is_temporary(errno)) {
			/* No descriptors, no memory: the socket stays readable, so asking again at once would spin. */
			log_event(LOG_ERROR, "accept-failed", "why", g_strerror(errno), NULL);
			ev_timer_set(&server->pause, PAUSE_SECONDS, 0.);
			ev_timer_start(loop, &server->pause);
		}
		break;
	}
	update_accepting(server);
}

gboolean server_listen(Server *server, const char *address, guint mode, const char *group, GError **error)
{
	g_autofree char *name = NULL;
	char *path = NULL;
	int fd = server_open_socket(address, mode, group, &name, &path, error);
	if (fd < 0)
		return FALSE;
	Listener *listener = g_new0(Listener, 1);
	listener->server = server;
	listener->path = path;
	ev_io_init(&listener->io, on_acceptable, fd, EV_READ);
	listener->io.data = listener;
	g_ptr_array_add(server->listeners, listener);
	update_accepting(server);
	log_event(LOG_NOTICE, "listening", "socket", name, NULL);
	return TRUE;
}

static void free_listener(gpointer data)
{
	Listener *listener = data;
	ev_io_stop(listener->server->loop, &listener->io);
	/* The name goes first, so that nobody finds a socket that is about to close. */
	if (listener->path)
		unlink(listener->path);
	close(listener->io.fd);
	g_free(listener->path);
	g_free(listener);
}

void server_stop_listening(Server *server)
{
	g_ptr_array_set_size(server->listeners, 0);
}

Server *server_new(struct ev_loop *loop, const ServerHandler *handler, gpointer data)
{
	Server *server = g_new0(Server, 1);
	server->loop = loop;
	server->handler = handler;
	server->data = data;
	server->listeners = g_ptr_array_new_with_free_func(free_listener);
	server->scratch = g_malloc(READ_SIZE);
	ev_timer_init(&server->sweep, on_sweep, SWEEP_SECONDS, SWEEP_SECONDS);
	ev_init(&server->pause, on_pause_over);
	server->sweep.data = server->pause.data = server;
	ev_timer_start(loop, &server->sweep);
	return server;
}

void server_free(Server *server)
{
	if (!server)
		return;
	server_stop_listening(server);
	while (server->connections.head)
		close_connection(server->connections.head->data);
	ev_timer_stop(server->loop, &server->sweep);
	ev_timer_stop(server->loop, &server->pause);
	g_ptr_array_unref(server->listeners);
	g_free(server->scratch);
	g_free(server);
}
