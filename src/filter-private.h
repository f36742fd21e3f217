/* layer 2 judgement - filter-private: what filter.c (files and directories), filter-lines.c (the lines of one file) and filter-image.c
 * (all of them, compiled) share.
 */
#pragma once
#include "filter.h"

typedef struct {
	char *path, *name, *content;
	gsize length;
	guint directory;        /* the how manieth */
} FilterSource;

struct Filters {
	Matcher *matcher;
	GArray *built;          /* FilterRule; NULL: they lie in the image */
	const FilterRule *rules;
	guint rule_count;
	GMappedFile *image;     /* NULL: made from the texts */
	const char *no_image;   /* why */
	GPtrArray *files;       /* char*: names */
	GPtrArray *languages;   /* char* */
	GPtrArray *markers;     /* FilterMarker* */
};

/* Adds the file's rules, markers and language to `filters`, and its phrases to `builder`. */
gboolean filter_lines_read(Filters *filters, MatcherBuilder *builder, const FilterSource *source, GError **error);
/* Cuts white space at both ends, and a comment: one that begins the line or stands after two spaces. */
void filter_lines_cut_comment(char *line);

Filters *filters_new(void);

/* The image at `path`, if it was made from these texts (all of them, in the order they are read) by this program; NULL: *why_not. */
Filters *filter_image_load(const char *path, const GPtrArray *sources, const char **why_not);
gboolean filter_image_write(const Filters *filters, const char *path, const GPtrArray *sources, GError **error);
