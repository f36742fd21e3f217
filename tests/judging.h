/* judging - for tests that read whole messages: bytes in, verdict out, with the filters of the source tree, in this process.
 */
#pragma once
#include "classify.h"
#include "markers.h"
#include "message.h"
#include "read-request.h"
#include "testing.h"

typedef struct {
	Filters *filters;
	VisibleMarkers *markers;
} Reading;

static inline void reading_start(Reading *reading)
{
	g_autofree char *directory = testing_source("filters");
	char *directories[] = { directory, NULL };
	g_autoptr(GError) error = NULL;
	reading->filters = filters_load(directories, &error);
	g_assert_no_error(error);
	reading->markers = markers_new(reading->filters, &error);
	g_assert_no_error(error);
	message_setup();
}

static inline void reading_end(Reading *reading)
{
	visible_markers_free(reading->markers);
	filters_free(reading->filters);
}

static inline Verdict *reading_judge(const Reading *reading, const char *bytes, gsize length, const ReadRequest *request)
{
	const MessageOptions options = { .authserv_id = request->authserv_id, .own_hops = request->own_hops, .markers = reading->markers };
	const ClassifyContext context = { request->sender, request->recipient, request->role, request->delimiter };
	Facts *facts = message_read((const guint8 *)bytes, length, &options, NULL);
	return classify(facts ? facts : facts_new(), &context, reading->filters);
}
