/* layer 4 edges - reader-process: starts and ends one optout-reader.
 *
 * It inherits nothing but one end of a socket pair as standard input; standard output and error are /dev/null (built with the sanitizers,
 * their words are kept);
 * signal dispositions are the defaults, and of the environment only what sanitizers and the dynamic linker read goes along.
 */
#pragma once
#include <glib.h>
#include <sys/types.h>

#include "config.h"

typedef struct {
	pid_t pid;
	int fd;          /* our end: non-blocking, close-on-exec */
} ReaderProcess;

/* `program` with the limits and filters of `config`. */
gboolean reader_process_start(const char *program, const Config *config, ReaderProcess *process, GError **error);
/* Closes the socket, kills, reaps.  Returns how it ended, in words ("ended by signal 11 (Segmentation fault)"); owned. */
char *reader_process_end(ReaderProcess *process);
