#include "log.h"

#include <string.h>
#include <unistd.h>

#include "text.h"

static struct {
	const char *program;
	LogPriority least;
	gboolean whole_addresses;
	gboolean journal;
} log_to = { "optout", LOG_INFORMATION, FALSE, FALSE };

void log_setup(const char *program, LogPriority least, gboolean whole_addresses)
{
	log_to.program = program;
	log_to.least = least;
	log_to.whole_addresses = whole_addresses;
	log_to.journal = g_getenv("JOURNAL_STREAM") != NULL;
}

static void append_value(GString *line, const char *value)
{
	g_autofree char *safe = text_escape(value);
	if (*safe && !strpbrk(safe, " \"=")) {
		g_string_append(line, safe);
		return;
	}
	g_string_append_c(line, '"');
	for (const char *p = safe; *p; p++) {
		if (*p == '"')
			g_string_append_c(line, '\\');
		g_string_append_c(line, *p);
	}
	g_string_append_c(line, '"');
}

void log_event(LogPriority priority, const char *event, ...)
{
	if (priority > log_to.least)
		return;
	g_autoptr(GString) line = g_string_sized_new(256);
	if (log_to.journal)
		g_string_append_printf(line, "<%d>", (int)priority);
	g_string_append_printf(line, "%s[%d]: event=%s", log_to.program, (int)getpid(), event);

	va_list args;
	va_start(args, event);
	for (const char *key = va_arg(args, const char *); key; key = va_arg(args, const char *)) {
		const char *value = va_arg(args, const char *);
		if (!value)
			continue;
		g_string_append_printf(line, " %s=", key);
		append_value(line, value);
	}
	va_end(args);
	g_string_append_c(line, '\n');

	/* A log that can't be written must not stop the mail. */
	if (write(STDERR_FILENO, line->str, line->len) < 0)
		return;
}

char *log_address(const char *address)
{
	if (!address || !*address)
		return g_strdup("<>");
	const char *at = strrchr(address, '@');
	if (log_to.whole_addresses || !at || at == address)
		return g_strdup(address);
	const char *second = g_utf8_validate(address, -1, NULL) ? g_utf8_next_char(address) : address + 1;
	return g_strdup_printf("%.*s…%s", (int)(second - address), address, at);
}
