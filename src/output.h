/* layer 5 stories - output: what commands print, for people or for programs.
 *
 * For programs (`--json`): one compact JSON object a line.  For people: text and aligned tables; coloured, clipped to the width and
 * paged through $PAGER only where standard output is a terminal (colour not with NO_COLOR, https://no-color.org).
 * Every string is escaped here (text_escape): callers pass what mail said as it is.
 */
#pragma once
#include <glib.h>
#include <jansson.h>

typedef struct Output Output;

typedef enum {
	OUTPUT_PLAIN,
	OUTPUT_STRONG,   /* headings */
	OUTPUT_FAINT,    /* what can be skipped */
	OUTPUT_GOOD,
	OUTPUT_WARNING,
	OUTPUT_BAD
} OutputStyle;

/* Starts the pager where one is due. */
Output *output_new(gboolean as_json);
gboolean output_is_json(const Output *output);

/* One object, one line.  Takes `object`. */
void output_object(Output *output, json_t *object);

/* Begins a table with these titles (NULL-terminated).  Rows are kept until output_end_table, which aligns them; the
 * last column takes the rest of the line. */
void output_table(Output *output, const char *const *titles);
/* As many cells as titles; NULL is an empty cell. */
void output_row(Output *output, OutputStyle style, const char *const *cells);
void output_end_table(Output *output);

/* `Name: value`, values aligned; nothing for a NULL value. */
void output_field(Output *output, const char *name, const char *value);
/* A line of our own words and of values, escaped as a whole. */
void output_line(Output *output, OutputStyle style, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* A text of several lines, escaped but for its line breaks, each line indented by two columns. */
void output_text(Output *output, OutputStyle style, const char *text);

/* Ends the table and the pager.  FALSE: not everything could be written. */
gboolean output_free(Output *output);
