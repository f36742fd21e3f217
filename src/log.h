/* layer 0 ground - log: one `key=value` line an event on standard error, as systemd-journald likes it.
 *
 * When standard error is the journal (JOURNAL_STREAM is set), a line starts with `<N>`, the syslog priority
 * (sd-daemon(3)).  Values are escaped (text_escape), and quoted where they hold a space, a quote or nothing.
 * Addresses are logged through log_address, which shortens them unless the operator asked for whole ones.
 * Safe from any thread: a line is one write(2).
 */
#pragma once
#include <glib.h>

typedef enum { LOG_ERROR = 3, LOG_WARNING = 4, LOG_NOTICE = 5, LOG_INFORMATION = 6, LOG_TRACE = 7 } LogPriority;

/* Once, from main.  `program` is borrowed and must live on.  Events less urgent than `least` are not written. */
void log_setup(const char *program, LogPriority least, gboolean whole_addresses);

/* log_event(LOG_NOTICE, "recorded", "ref", ref, "state", state, NULL): pairs of key and value; a NULL value leaves
 * its pair out.  `event` and keys are our own words, values may come from anywhere. */
void log_event(LogPriority priority, const char *event, ...) G_GNUC_NULL_TERMINATED;

/* An address as logs may show it, `a…@example.com`; owned by the caller.  NULL and "" give "<>". */
char *log_address(const char *address);
