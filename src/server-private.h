/* layer 4 edges - server-private: what server.c takes from server-listen.c. */
#pragma once
#include "server.h"

/* A listening, non-blocking socket.  *name: the address in our notation with the real port, owned.  *path: of a Unix socket, to be removed
 * at the end, owned, or NULL.  -1 and *error. */
int server_open_socket(const char *address, guint mode, const char *group, char **name, char **path, GError **error);
