/* Sockets and connections, with real ones. */
#include <errno.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "server.h"
#include "status.h"
#include "testing.h"

/* A handler that counts, and does what the test says. */
typedef struct Fixture Fixture;
typedef struct {
	Fixture *fixture;
	Connection *connection;
} Peer;

struct Fixture {
	struct ev_loop *loop;
	Server *server;
	char *directory;
	guint opened, closed;
	gsize received;
	Peer *last;              /* the last that was opened */
	gsize reply;             /* bytes to send for each reading */
};

static gpointer opened(gpointer data, Connection *connection)
{
	Fixture *f = data;
	Peer *peer = g_new0(Peer, 1);
	peer->fixture = f;
	peer->connection = connection;
	f->opened++;
	return f->last = peer;
}

static void received(gpointer state, const guint8 *bytes, gsize length)
{
	Peer *peer = state;
	g_assert_nonnull(bytes);
	peer->fixture->received += length;
	if (peer->fixture->reply) {
		g_autofree guint8 *answer = g_malloc0(peer->fixture->reply);
		connection_send(peer->connection, answer, peer->fixture->reply);
	}
}

static void closed(gpointer state)
{
	Peer *peer = state;
	peer->fixture->closed++;
	g_free(peer);
}

static void set_up(Fixture *f, gconstpointer data)
{
	static const ServerHandler handler = { opened, received, closed };
	(void)data;
	f->loop = ev_loop_new(EVFLAG_AUTO);
	f->server = server_new(f->loop, &handler, f);
	f->directory = g_dir_make_tmp("optout-server-XXXXXX", NULL);
}

static void tear_down(Fixture *f, gconstpointer data)
{
	(void)data;
	server_free(f->server);
	g_assert_cmpuint(f->closed, ==, f->opened);
	ev_loop_destroy(f->loop);
	g_rmdir(f->directory);
	g_free(f->directory);
}

static void turn(Fixture *f)
{
	for (guint i = 0; i < 5; i++)
		ev_run(f->loop, EVRUN_NOWAIT);
}

static int connect_unix(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	g_strlcpy(name.sun_path, path, sizeof name.sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&name, sizeof name) == 0)
		return fd;
	close(fd);
	return -1;
}

static void refuse(Fixture *f, const char *address, Status status, const char *words)
{
	g_autoptr(GError) error = NULL;
	g_assert_false(server_listen(f->server, address, 0600, NULL, &error));
	g_assert_cmpint(status_of(error), ==, status);
	if (!strstr(error->message, words))
		g_error("\"%s\" does not say \"%s\"", error->message, words);
}

static void test_unix(Fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *path = g_build_filename(f->directory, "s", NULL), *address = g_strconcat("unix:", path, NULL);
	GError *error = NULL;
	/* a file that is no socket stays */
	g_assert_true(g_file_set_contents(path, "precious", -1, NULL));
	refuse(f, address, STATUS_PERMANENT, "no socket");
	g_assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR));
	g_unlink(path);
	/* a symbolic link is not followed */
	g_assert_cmpint(symlink("elsewhere", path), ==, 0);
	refuse(f, address, STATUS_PERMANENT, "no socket");
	g_unlink(path);
	/* a socket that nobody listens on is replaced */
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	g_strlcpy(name.sun_path, path, sizeof name.sun_path);
	int stale = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(stale, (struct sockaddr *)&name, sizeof name), ==, 0);
	close(stale);
	g_assert_true(server_listen(f->server, address, 0640, NULL, &error));
	g_assert_no_error(error);
	struct stat made;
	g_assert_cmpint(stat(path, &made), ==, 0);
	g_assert_cmpint(made.st_mode & 07777, ==, 0640);
	/* one that somebody listens on is not */
	refuse(f, address, STATUS_TEMPORARY, "another program");
	turn(f);
	guint before = f->opened;      /* the look whether anyone listens was a connection too */
	int fd = connect_unix(path);
	g_assert_cmpint(fd, >=, 0);
	turn(f);
	g_assert_cmpuint(f->opened, ==, before + 1);
	/* it goes when nobody listens any more; the connection stays */
	server_stop_listening(f->server);
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
	g_assert_cmpint(write(fd, "x", 1), ==, 1);
	turn(f);
	g_assert_cmpuint(f->received, ==, 1);
	close(fd);
	turn(f);
	g_assert_cmpuint(f->closed, ==, before + 1);
}

static void test_bad_addresses(Fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *deep = g_strnfill(200, 'x'), *too_long = g_strconcat("unix:/", deep, NULL);
	refuse(f, too_long, STATUS_PERMANENT, "bytes");
	refuse(f, "unix:/no/such/directory/s", STATUS_PERMANENT, "bind");
	refuse(f, "inet:99999999@127.0.0.1", STATUS_PERMANENT, "inet:99999999");
	refuse(f, "inet:x@127.0.0.1", STATUS_PERMANENT, "inet:x");
	refuse(f, "inet:0@192.0.2.1", STATUS_PERMANENT, "can't listen");
	refuse(f, "tcp:1", STATUS_PERMANENT, "not inet:");
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(f->directory, "s", NULL), *address = g_strconcat("unix:", path, NULL);
	g_assert_false(server_listen(f->server, address, 0600, "no-such-group", &error));
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

/* The port, as the log line says it. */
static guint listen_on_any(void)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	static const ServerHandler handler = { opened, received, closed };
	Server *server = server_new(loop, &handler, NULL);
	GError *error = NULL;
	g_assert_true(server_listen(server, "inet:0@127.0.0.1", 0, NULL, &error));
	g_assert_no_error(error);
	server_free(server);
	ev_loop_destroy(loop);
	return 0;
}

static void test_port(void)
{
	if (g_test_subprocess()) {
		listen_on_any();
		return;
	}
	g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr("*event=listening socket=inet:*@127.0.0.1\n*");
	g_test_trap_assert_stderr_unmatched("*socket=inet:0@*");
}

static int adopt(Fixture *f)
{
	int ends[2];
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), ==, 0);
	server_adopt(f->server, ends[0]);
	return ends[1];
}

/* Says as much as is taken. */
static gsize stuff(Fixture *f, int fd)
{
	static const char block[4096];
	gsize sent = 0;
	for (guint refused = 0; refused < 3;) {
		ssize_t n = send(fd, block, sizeof block, MSG_NOSIGNAL);
		refused = n > 0 ? 0 : refused + 1;
		sent += n > 0 ? (gsize)n : 0;
		turn(f);
		if (sent > 64 << 20)
			break;
	}
	return sent;
}

/* A peer that talks and doesn't listen is not read from for ever, nor is memory spent on it without bound. */
static void test_back_pressure(Fixture *f, gconstpointer data)
{
	(void)data;
	int fd = adopt(f);
	f->reply = 20000;
	gsize sent = stuff(f, fd);
	g_assert_cmpuint(sent, <, 16 << 20);
	/* once it listens, all goes on */
	static char sink[65536];
	gsize got = 0, before = f->received;
	while (f->received < sent) {
		ssize_t n = recv(fd, sink, sizeof sink, 0);
		got += n > 0 ? (gsize)n : 0;
		turn(f);
	}
	g_assert_cmpuint(f->received, >, before);
	g_assert_cmpuint(got, >, 0);
	close(fd);
}

static void test_pause(Fixture *f, gconstpointer data)
{
	(void)data;
	int fd = adopt(f);
	connection_pause(f->last->connection, TRUE);
	g_assert_cmpint(write(fd, "abc", 3), ==, 3);
	turn(f);
	g_assert_cmpuint(f->received, ==, 0);
	connection_pause(f->last->connection, FALSE);
	turn(f);
	g_assert_cmpuint(f->received, ==, 3);
	close(fd);
}

/* What was sent before the end arrives, then the connection closes; what the peer says meanwhile is not heard. */
static void test_end(Fixture *f, gconstpointer data)
{
	(void)data;
	int fd = adopt(f);
	gsize size = 3 << 20, got = 0;
	g_autofree guint8 *much = g_malloc0(size);
	connection_send(f->last->connection, much, size);
	connection_end(f->last->connection);
	g_assert_cmpint(write(fd, "abc", 3), ==, 3);
	turn(f);
	g_assert_cmpuint(f->closed, ==, 0);
	for (;;) {
		ssize_t n = recv(fd, much, size, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
		got += n > 0 ? (gsize)n : 0;
		turn(f);
	}
	g_assert_cmpuint(got, ==, size);
	g_assert_cmpuint(f->closed, ==, 1);
	g_assert_cmpuint(f->received, ==, 0);
	close(fd);
}

static void test_gone(Fixture *f, gconstpointer data)
{
	(void)data;
	int fd = adopt(f);
	f->reply = 100;
	g_assert_cmpint(write(fd, "abc", 3), ==, 3);
	close(fd);
	turn(f);
	g_assert_cmpuint(f->closed, ==, 1);
	/* sending to one that is gone closes it from the loop, not from within the call */
	fd = adopt(f);
	Connection *connection = f->last->connection;
	close(fd);
	connection_send(connection, (const guint8 *)"x", 1);
	connection_send(connection, (const guint8 *)"y", 1);
	g_assert_cmpuint(f->closed, ==, 1);
	turn(f);
	g_assert_cmpuint(f->closed, ==, 2);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add("/server/unix", Fixture, NULL, set_up, test_unix, tear_down);
	g_test_add("/server/bad-addresses", Fixture, NULL, set_up, test_bad_addresses, tear_down);
	g_test_add_func("/server/port", test_port);
	g_test_add("/server/back-pressure", Fixture, NULL, set_up, test_back_pressure, tear_down);
	g_test_add("/server/pause", Fixture, NULL, set_up, test_pause, tear_down);
	g_test_add("/server/end", Fixture, NULL, set_up, test_end, tear_down);
	g_test_add("/server/gone", Fixture, NULL, set_up, test_gone, tear_down);
	return g_test_run();
}
