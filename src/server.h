/* layer 4 edges - server: listening sockets and the connections that come in, in one libev loop; knows no protocol.
 *
 * Connections never block: what a peer doesn't read yet is kept, and while much is kept, or a handler asks for it, nothing more is read from that
 * peer.  At SERVER_MAX_CONNECTIONS no more are accepted until one ends: they wait in the kernel's queue.
 */
#pragma once
#include <ev.h>
#include <glib.h>

enum { SERVER_MAX_CONNECTIONS = 2000 };

typedef struct Server Server;
typedef struct Connection Connection;

typedef struct {
	/* A connection came in.  What it returns is handed to the other two. */
	gpointer (*opened)(gpointer data, Connection *connection);
	void (*received)(gpointer state, const guint8 *bytes, gsize length);
	/* The last call, in which `connection` may no longer be used. */
	void (*closed)(gpointer state);
} ServerHandler;

/* `loop` is borrowed, `data` goes to handler->opened. */
Server *server_new(struct ev_loop *loop, const ServerHandler *handler, gpointer data);
/* Closes everything; a Unix socket of ours is removed. */
void server_free(Server *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Server, server_free)

/* `inet:PORT@HOST`, `inet6:PORT@HOST` (port 0: any; the log says which) or `unix:PATH`.  A Unix socket that is there is replaced if nothing
 * listens on it; any other file there is an error.  It gets its mode and group (NULL: leave it) before it listens.
 * *error: PERMANENT for what is wrong in the configuration, else TEMPORARY. */
gboolean server_listen(Server *server, const char *address, guint mode, const char *group, GError **error);
/* Takes a connected socket, as if it had been accepted. */
void server_adopt(Server *server, int fd);
/* Closes the listening sockets; connections go on. */
void server_stop_listening(Server *server);

/* Sends at once what the peer takes, keeps the rest.  Never calls back from within. */
void connection_send(Connection *connection, const guint8 *bytes, gsize length);
/* Reads no more, and closes when what was sent is gone (`closed` follows, never from within). */
void connection_end(Connection *connection);
/* Stops or goes on reading. */
void connection_pause(Connection *connection, gboolean is_paused);
