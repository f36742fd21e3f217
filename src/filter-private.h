/* layer 2 judgement - filter-private: what filter.c (files and directories) and filter-lines.c (the lines of one file) share.
 */
#pragma once
#include "filter.h"

typedef struct {
	char *path, *name, *content;
} FilterSource;

struct Filters {
	Matcher *matcher;
	GArray *rules;          /* FilterRule */
	GPtrArray *files;       /* char*: names */
	GPtrArray *languages;   /* char* */
	GPtrArray *markers;     /* FilterMarker* */
};

/* Adds the file's rules, markers and language to `filters`, and its phrases to `builder`. */
gboolean filter_lines_read(Filters *filters, MatcherBuilder *builder, const FilterSource *source, GError **error);
/* Cuts white space at both ends, and a comment: one that begins the line or stands after two spaces. */
void filter_lines_cut_comment(char *line);
