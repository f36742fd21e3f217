/* layer 5 stories - classify-show: the results of classify-run, for programs, for people, and summed up.
 */
#pragma once
#include <glib.h>
#include <jansson.h>

#include "classify-run.h"
#include "output.h"

/* One line of `optout classify --json`; owned. */
json_t *classify_result_to_json(const ClassifyResult *result);
void classify_result_show(Output *output, const ClassifyResult *result);

/* What lies in an old mailbox. */
typedef struct ClassifySummary ClassifySummary;
ClassifySummary *classify_summary_new(const Config *config, gint64 now);
void classify_summary_add(ClassifySummary *summary, const ClassifyResult *result);
void classify_summary_set_unread(ClassifySummary *summary, guint files);
/* One object, or a page for people. */
void classify_summary_show(Output *output, const ClassifySummary *summary);
void classify_summary_free(ClassifySummary *summary);
