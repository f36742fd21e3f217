#include "output.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "text.h"

enum { GAP = 2, FIELD_COLUMNS = 18, LAST_COLUMN_LEAST = 12 };

typedef struct {
	OutputStyle style;
	char **cells;
} Row;

struct Output {
	FILE *file;
	gboolean is_json, is_terminal, is_coloured, is_pager;
	guint columns;        /* of the terminal */
	guint titles;         /* columns of the table under way; 0: none */
	GPtrArray *rows;      /* Row*: the first holds the titles */
};

static void row_free(gpointer data)
{
	Row *row = data;
	g_strfreev(row->cells);
	g_free(row);
}

/* The pager's command, NULL for none.  `less` leaves short output alone with these flags, as git sets them. */
static const char *pager_command(void)
{
	const char *pager = g_getenv("PAGER");
	if (!pager) {
		g_autofree char *less = g_find_program_in_path("less");
		pager = less ? "less" : NULL;
	}
	if (!pager || !*pager || g_str_equal(pager, "cat"))
		return NULL;
	g_setenv("LESS", "FRX", FALSE);
	return pager;
}

Output *output_new(gboolean as_json)
{
	Output *output = g_new0(Output, 1);
	output->file = stdout;
	output->is_json = as_json;
	output->rows = g_ptr_array_new_with_free_func(row_free);
	output->is_terminal = !as_json && isatty(STDOUT_FILENO);
	if (!output->is_terminal)
		return output;

	const char *no_color = g_getenv("NO_COLOR");
	output->is_coloured = !(no_color && *no_color) && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
	struct winsize size;
	output->columns = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
	const char *pager = pager_command();
	if (!pager)
		return output;
	fflush(stdout);
	FILE *pipe = popen(pager, "w");
	if (pipe) {
		/* A reader who has seen enough ends the pager: that must not end us in the middle of something. */
		signal(SIGPIPE, SIG_IGN);
		output->file = pipe;
		output->is_pager = TRUE;
	}
	return output;
}

gboolean output_is_json(const Output *output)
{
	return output->is_json;
}

void output_object(Output *output, json_t *object)
{
	g_autofree char *line = NULL;
	char *plain = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(6));
	if (plain)
		line = text_escape_json(plain);
	free(plain);
	if (line)
		fprintf(output->file, "%s\n", line);
	json_decref(object);
}

static void begin_style(Output *output, OutputStyle style)
{
	static const char *const codes[] = { "", "\033[1m", "\033[2m", "\033[32m", "\033[33m", "\033[31m" };
	if (output->is_coloured)
		fputs(codes[style], output->file);
}

static void end_style(Output *output, OutputStyle style)
{
	if (output->is_coloured && style != OUTPUT_PLAIN)
		fputs("\033[0m", output->file);
}

void output_table(Output *output, const char *const *titles)
{
	output_end_table(output);
	output->titles = g_strv_length((char **)titles);
	output_row(output, OUTPUT_STRONG, titles);
}

void output_row(Output *output, OutputStyle style, const char *const *cells)
{
	g_return_if_fail(output->titles > 0);
	Row *row = g_new(Row, 1);
	row->style = style;
	row->cells = g_new0(char *, output->titles + 1);
	for (guint i = 0; i < output->titles; i++)
		row->cells[i] = text_escape(cells[i] ? cells[i] : "");
	g_ptr_array_add(output->rows, row);
}

static void write_row(Output *output, const Row *row, const guint *widths)
{
	begin_style(output, row->style);
	guint at = 0;
	for (guint i = 0; i < output->titles; i++) {
		const char *cell = row->cells[i];
		if (i + 1 == output->titles) {
			guint most = output->columns > at + LAST_COLUMN_LEAST ? output->columns - at : LAST_COLUMN_LEAST;
			g_autofree char *clipped = output->is_terminal ? text_clip(cell, most) : g_strdup(cell);
			fputs(clipped, output->file);
			break;
		}
		fputs(cell, output->file);
		guint pad = widths[i] + GAP - text_columns(cell);
		fprintf(output->file, "%*s", (int)pad, "");
		at += widths[i] + GAP;
	}
	end_style(output, row->style);
	putc('\n', output->file);
}

void output_end_table(Output *output)
{
	if (!output->titles)
		return;
	g_autofree guint *widths = g_new0(guint, output->titles);
	for (guint r = 0; r < output->rows->len; r++) {
		const Row *row = output->rows->pdata[r];
		for (guint i = 0; i < output->titles; i++)
			widths[i] = MAX(widths[i], text_columns(row->cells[i]));
	}
	for (guint r = 0; r < output->rows->len; r++)
		write_row(output, output->rows->pdata[r], widths);
	g_ptr_array_set_size(output->rows, 0);
	output->titles = 0;
}

void output_field(Output *output, const char *name, const char *value)
{
	if (!value)
		return;
	g_autofree char *safe = text_escape(value);
	begin_style(output, OUTPUT_STRONG);
	fprintf(output->file, "%s:", name);
	end_style(output, OUTPUT_STRONG);
	guint width = text_columns(name) + 1;
	fprintf(output->file, "%*s%s\n", width < FIELD_COLUMNS ? (int)(FIELD_COLUMNS - width) : 1, "", safe);
}

void output_line(Output *output, OutputStyle style, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *line = g_strdup_vprintf(format, args);
	va_end(args);
	g_autofree char *safe = text_escape(line);
	begin_style(output, style);
	fputs(safe, output->file);
	end_style(output, style);
	putc('\n', output->file);
}

void output_text(Output *output, OutputStyle style, const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, "\r\n", -1);
	g_autofree char *unix_lines = g_strjoinv("\n", parts);
	g_autofree char *safe = text_escape_lines(unix_lines);
	g_auto(GStrv) lines = g_strsplit(safe, "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		if (!lines[i + 1] && !*lines[i])
			break;
		begin_style(output, style);
		fprintf(output->file, "  %s", lines[i]);
		end_style(output, style);
		putc('\n', output->file);
	}
}

gboolean output_free(Output *output)
{
	output_end_table(output);
	gboolean ok = fflush(output->file) == 0 && !ferror(output->file);
	if (output->is_pager)
		ok = pclose(output->file) == 0 || ok;
	if (!ok)
		fputs("optout: standard output could not be written\n", stderr);
	g_ptr_array_unref(output->rows);
	g_free(output);
	return ok;
}
