/* layer 0 ground - status: how anything can fail, in three words.
 *
 * A function that can fail takes a trailing `GError **error`, returns FALSE or NULL, and sets an error of domain
 * STATUS_ERROR whose code is one of the three below.  Only the edges turn it into a milter reply or a sysexits code.
 *
 *   TEMPORARY   the world broke (disk, network, a resource): the same thing may succeed later.
 *   PERMANENT   the input or the configuration is wrong: trying again won't help.
 */
#pragma once
#include <glib.h>

typedef enum { STATUS_OK = 0, STATUS_TEMPORARY = 1, STATUS_PERMANENT = 2 } Status;

#define STATUS_ERROR (status_error_quark())
GQuark status_error_quark(void);

/* The status an error carries; NULL is STATUS_OK, a foreign domain (GIOError …) is STATUS_TEMPORARY. */
Status status_of(const GError *error);

/* Sets *error (when not NULL) and returns FALSE, so that a caller can `return status_fail(…)`. */
gboolean status_fail(GError **error, Status status, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The sysexits(3) code of a status: 0, EX_TEMPFAIL or EX_DATAERR. */
int status_exit_code(Status status);
