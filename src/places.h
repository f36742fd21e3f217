/* layer 0 ground - places: where the installed files are.
 *
 * An environment variable wins (tests, packagers), then the installed place, then the place beside the running program in a
 * build tree.  Returned paths are owned.  Nothing of ours is setuid, so the environment is the user's own.
 */
#pragma once
#include <glib.h>

/* The reader program: $OPTOUT_READER, PKGLIBEXECDIR/optout-reader, or beside this program. */
char *places_reader(void);
/* The default filters directory: $OPTOUT_FILTERS, FILTERDIR, or ../filters beside this program. */
char *places_filters(void);
/* SYSCONFDIR/optout.conf. */
char *places_config(void);
