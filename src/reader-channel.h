/* layer 4 edges - reader-channel: one reader process and the messages under way to it; frames out, answers in, never blocking.
 *
 * Knows nothing of other readers, of time, or of an event loop: reader.c does.
 */
#pragma once
#include <glib.h>

#include "frame.h"
#include "reader-process.h"
#include "reader.h"

/* One message on its way, and what came of it: a verdict, or an error. */
typedef struct {
	guint8 head[FRAME_TO_READER];
	char *request;
	gsize request_length;
	GBytes *message;
	ReadDone done;
	gpointer data;
	Verdict *verdict;
	GError *error;
} ReaderJob;

ReaderJob *reader_job_new(const ReadRequest *request, GBytes *message, ReadDone done, gpointer data);
/* Tells what came of it, and frees it. */
void reader_job_deliver(ReaderJob *job);

typedef struct {
	ReaderProcess process;
	gboolean is_ready;           /* has greeted */
	guint served;                /* answers so far */
	GQueue jobs;                 /* ReaderJob*: under way, in the order of their answers */
	guint written;               /* of which so many are wholly written */
	gsize offset;                /* bytes written of the next one */
	GByteArray *input;           /* of the answer under way */
} ReaderChannel;

void reader_channel_init(ReaderChannel *channel, const ReaderProcess *process);
/* Ends the process; how, in words, is returned (owned).  The jobs that were under way stay in `jobs`, the caller's. */
char *reader_channel_end(ReaderChannel *channel);

gboolean reader_channel_has_output(const ReaderChannel *channel);
/* Writes what the socket takes.  A process that is gone shows itself when its side is read. */
void reader_channel_write(ReaderChannel *channel);
/* Reads what is there; answered jobs move from `jobs` to the end of `finished`.  FALSE: the process must be ended: with *error, because of
 * what it said (PERMANENT: instead of its greeting, in its own words), without, because it is gone. */
gboolean reader_channel_read(ReaderChannel *channel, GQueue *finished, GError **error);
