/* bench-mta - a load generator: a mail server's side of many milter connections in one epoll loop.  For bench-milter.
 *
 * It sends as Postfix does: packets are collected until a step that must be answered.
 */
#pragma once
#include <glib.h>

typedef struct {
	const char *socket;          /* path of a Unix socket */
	guint connections;
	gint64 microseconds;         /* messages begin for so long, */
	guint most;                  /* and so many at most */
	const char *recipient;
	guint *serial;               /* of the next message: no two are alike */
	GArray *latencies;           /* double, microseconds of each message; NULL: not wanted */
} MtaLoad;

typedef struct {
	guint messages, refused;     /* refused: anything but accept and discard */
	double seconds;
} MtaResult;

MtaResult mta_load(const MtaLoad *load);
