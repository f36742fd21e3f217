/* layer 0 ground - date: instants and calendar days.
 *
 * An instant is a gint64 of seconds since 1970-01-01T00:00:00Z; a day is a GDate.  The current time is never taken
 * here: it is an argument everywhere below the programs.
 */
#pragma once
#include <glib.h>

/* `2026-11-24T10:00:00Z` (RFC 3339, UTC); owned by the caller. */
char *date_instant(gint64 instant);
/* The inverse; FALSE where the text is no RFC 3339 instant.  Offsets are accepted. */
gboolean date_parse_instant(const char *text, gint64 *instant);

/* `2026-11-24`; owned by the caller.  An invalid (cleared) date gives NULL. */
char *date_day(const GDate *day);
gboolean date_parse_day(const char *text, GDate *day);

/* The civil day of an instant in a time zone (GTimeZone identifier; NULL is UTC). */
void date_of_instant(gint64 instant, GTimeZone *zone, GDate *day);

/* The current time.  For programs (layer 6) and the threads they start. */
gint64 date_now(void);
