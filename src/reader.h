/* layer 4 edges - reader: the process boundary.  Hostile bytes go to optout-reader children and come back as verdicts.
 *
 * A pool of children in one libev loop.  Children are started by posix_spawn with nothing inherited but a socket.
 * A message is a frame of two lengths (big-endian u32), a JSON request and the raw bytes; the answer a
 * length and a verdict in JSON, which is checked (verdict_from_json).  Several messages may be under way to a child;
 * answers come in order, so the one that killed it is known, and the others go to another child.
 * A child is replaced after a fault, after `reader-messages` messages, and on renewal.
 */
#pragma once
#include <ev.h>
#include <glib.h>

#include "config.h"
#include "read-request.h"
#include "verdict.h"

typedef struct ReaderPool ReaderPool;

/* `verdict` is owned by the callee, and NULL where the reader died, ran out of time or answered nonsense: *error says which (TEMPORARY). */
typedef void (*ReadDone)(gpointer data, Verdict *verdict, const GError *error);

/* Whether no reader could be started, or the pool was ended: then nothing is known against the message. */
gboolean reader_is_unavailable(const GError *error);

/* The reader program: $OPTOUT_READER, else the installed one, else the one beside this program (an uninstalled build).
 * Returns once a child is ready; PERMANENT: the filters don't load, *error is the child's `FILE:LINE: …`. */
ReaderPool *reader_pool_new(struct ev_loop *loop, const Config *config, guint readers, GError **error);
/* The same in two steps, for a caller with other work to do while the first child loads its filters: start, and
 * wait until one is ready.  Without the wait, a child that can't start fails the messages that wait for it. */
ReaderPool *reader_pool_start(struct ev_loop *loop, const Config *config, guint readers, GError **error);
gboolean reader_pool_wait(ReaderPool *pool, GError **error);
/* `request` is copied, `message` referenced.  `done` is called once, never from within this call. */
void reader_pool_read(ReaderPool *pool, const ReadRequest *request, GBytes *message, ReadDone done, gpointer data);
/* New children with a new configuration and filters; those at work finish first.  FALSE: the new filters don't load
 * (the child's message is in *error) and the old children stay. */
gboolean reader_pool_renew(ReaderPool *pool, const Config *config, GError **error);
guint reader_pool_pending(const ReaderPool *pool);
/* Ends the children.  Reads under way are done with an error. */
void reader_pool_free(ReaderPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReaderPool, reader_pool_free)
