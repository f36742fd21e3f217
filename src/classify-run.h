/* layer 5 stories - classify-run: messages in files, through the readers, judged as they would be if they arrived now.
 *
 *   mailbox → readers (many under way) → case that would be opened, answer that would be given → result, in order
 *
 * Nothing is stored.  Memory is bounded: so many messages and so many bytes are under way.
 */
#pragma once
#include <glib.h>

#include "answerable.h"
#include "case.h"
#include "config.h"
#include "verdict.h"

/* Each may be NULL. */
typedef struct {
	const char *role;          /* a valid one */
	const char *to, *from;     /* our address; envelope sender, "" is null */
	const char *authserv_id;   /* instead of the configuration's */
} ClassifyOptions;

typedef struct {
	const char *file;
	const Verdict *verdict;    /* NULL: its reader died of it, twice; `trouble` says how */
	const char *trouble;
	const Case *opened;        /* the case as it would be opened, received at the time of its Date */
	gboolean is_due;           /* whether it makes a case at all */
	Answerability answer;
	const GError *error;       /* the file could not be read; nothing else is set then */
} ClassifyResult;

typedef void (*ClassifyTake)(const ClassifyResult *result, gpointer data);

/* `take` gets every result, in the order of the files.  FALSE: *error, no reader or no laws. */
gboolean classify_run(const Config *config, const ClassifyOptions *options, char **paths, gint64 now, ClassifyTake take, gpointer data,
		      GError **error);
