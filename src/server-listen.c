/* layer 4 edges - server-listen: addresses to listening sockets. */
#include "server-private.h"

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "status.h"

enum { BACKLOG = 511, SOCKET_FLAGS = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC };

static int failed(int fd, GError **error, Status status, const char *what, const char *address)
{
	status_fail(error, status, "milter-socket %s: %s: %s", address, what, g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* --- Unix ------------------------------------------------------------------------------------------------------- */

/* Removes a socket that nobody listens on any more. */
static gboolean make_way(const char *path, const struct sockaddr_un *name, GError **error)
{
	struct stat there;
	if (lstat(path, &there) < 0)
		return TRUE;
	if (!S_ISSOCK(there.st_mode))
		return status_fail(error, STATUS_PERMANENT, "milter-socket unix:%s: there is a file of that name that is no socket", path);
	int fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
	gboolean is_dead = fd >= 0 && connect(fd, (const struct sockaddr *)name, sizeof *name) < 0 && errno == ECONNREFUSED;
	if (fd >= 0)
		close(fd);
	if (!is_dead)
		return status_fail(error, STATUS_TEMPORARY, "milter-socket unix:%s: another program listens there", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return status_fail(error, STATUS_PERMANENT, "milter-socket unix:%s: can't remove the old socket: %s", path, g_strerror(errno));
	return TRUE;
}

static int open_unix(const char *address, guint mode, const char *group, char **path, GError **error)
{
	const char *file = address + strlen("unix:");
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	if (!*file || strlen(file) >= sizeof name.sun_path) {
		status_fail(error, STATUS_PERMANENT, "milter-socket %s: the path must have 1 to %zu bytes", address, sizeof name.sun_path - 1);
		return -1;
	}
	g_strlcpy(name.sun_path, file, sizeof name.sun_path);
	if (!make_way(file, &name, error))
		return -1;
	struct group *gr = group ? getgrnam(group) : NULL;
	if (group && !gr) {
		status_fail(error, STATUS_PERMANENT, "milter-socket-group %s: no such group", group);
		return -1;
	}
	int fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
	if (fd < 0)
		return failed(fd, error, STATUS_TEMPORARY, "socket", address);
	if (bind(fd, (struct sockaddr *)&name, sizeof name) < 0)
		return failed(fd, error, STATUS_PERMANENT, "bind", address);
	/* Until listen() nobody can connect, so nobody gets in while these are not set yet. */
	if ((gr && chown(file, (uid_t)-1, gr->gr_gid) < 0) || chmod(file, mode) < 0 || listen(fd, BACKLOG) < 0) {
		int fault = errno;
		unlink(file);
		errno = fault;
		return failed(fd, error, STATUS_PERMANENT, "mode and group", address);
	}
	*path = g_strdup(file);
	return fd;
}

/* --- TCP -------------------------------------------------------------------------------------------------------- */

static guint real_port(int fd)
{
	struct sockaddr_storage name;
	socklen_t length = sizeof name;
	if (getsockname(fd, (struct sockaddr *)&name, &length) < 0)
		return 0;
	return g_ntohs(name.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&name)->sin6_port : ((struct sockaddr_in *)&name)->sin_port);
}

/* PORT@HOST; a literal IPv6 address may stand in brackets; without @HOST it is loopback, as this protocol knows no passwords. */
static struct addrinfo *resolve(const char *address, int family, char **host, GError **error)
{
	const char *rest = strchr(address, ':') + 1, *at = strchr(rest, '@');
	g_autofree char *port = at ? g_strndup(rest, (gsize)(at - rest)) : g_strdup(rest);
	/* getaddrinfo would take 65537 for 1. */
	if (!g_ascii_string_to_unsigned(port, 10, 0, 65535, NULL, NULL)) {
		status_fail(error, STATUS_PERMANENT, "milter-socket %s: the port is no number from 0 to 65535", address);
		return NULL;
	}
	*host = g_strdup(at ? at + 1 : family == AF_INET6 ? "::1" : "127.0.0.1");
	g_autofree char *bare = **host == '[' && g_str_has_suffix(*host, "]") ? g_strndup(*host + 1, strlen(*host) - 2) : g_strdup(*host);
	struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_family = family, .ai_socktype = SOCK_STREAM }, *list = NULL;
	int fault = getaddrinfo(bare, port, &hints, &list);
	if (fault)
		status_fail(error, STATUS_PERMANENT, "milter-socket %s: %s", address, gai_strerror(fault));
	return fault ? NULL : list;
}

static int open_inet(const char *address, int family, char **name, GError **error)
{
	g_autofree char *host = NULL;
	struct addrinfo *list = resolve(address, family, &host, error);
	if (!list)
		return -1;
	int fd = socket(list->ai_family, SOCKET_FLAGS, 0), on = 1;
	gboolean is_open = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
			   (family != AF_INET6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
			   bind(fd, list->ai_addr, list->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
	int fault = errno;
	freeaddrinfo(list);
	errno = fault;
	if (!is_open)
		return failed(fd, error, errno == EADDRINUSE ? STATUS_TEMPORARY : STATUS_PERMANENT, "can't listen", address);
	*name = g_strdup_printf("%s:%u@%s", family == AF_INET6 ? "inet6" : "inet", real_port(fd), host);
	return fd;
}

int server_open_socket(const char *address, guint mode, const char *group, char **name, char **path, GError **error)
{
	*name = *path = NULL;
	if (g_str_has_prefix(address, "inet:"))
		return open_inet(address, AF_INET, name, error);
	if (g_str_has_prefix(address, "inet6:"))
		return open_inet(address, AF_INET6, name, error);
	if (!g_str_has_prefix(address, "unix:")) {
		status_fail(error, STATUS_PERMANENT, "milter-socket %s: not inet:PORT@HOST, inet6:PORT@HOST or unix:PATH", address);
		return -1;
	}
	*name = g_strdup(address);
	int fd = open_unix(address, mode, group, path, error);
	if (fd < 0)
		g_clear_pointer(name, g_free);
	return fd;
}
