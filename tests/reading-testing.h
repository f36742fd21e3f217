/* reading-testing - what the tests of message.c and its neighbours share: a message from text, read.
 */
#pragma once
#include "message.h"
#include "testing.h"

/* Markers as a filter would give them; owned. */
static inline VisibleMarkers *testing_markers(void)
{
	static const struct { VisibleKind kind; const char *pattern; } markers[] = {
		{ VISIBLE_REPLY, "on * wrote:" }, { VISIBLE_REPLY, "am * schrieb *:" }, { VISIBLE_REPLY, "-----original message-----" },
		{ VISIBLE_REPLY, "* <*@*> wrote:" }, { VISIBLE_FORWARD, "---------- forwarded message ---------" },
		{ VISIBLE_FORWARD, "begin forwarded message:" }, { VISIBLE_FIELD, "von" }, { VISIBLE_FIELD, "gesendet" }, { VISIBLE_FIELD, "an" },
		{ VISIBLE_FIELD, "betreff" }, { VISIBLE_SIGNATURE, "sent from my *" }, { VISIBLE_SIGNATURE, "get outlook for *" },
		{ VISIBLE_SIGNATURE, "von meinem iphone gesendet" }, { VISIBLE_FOOTER, "this email and any attachments are confidential*" },
	};
	VisibleMarkers *made = visible_markers_new();
	for (guint i = 0; i < G_N_ELEMENTS(markers); i++) {
		g_autoptr(GError) error = NULL;
		visible_markers_add(made, markers[i].kind, markers[i].pattern, &error);
		g_assert_no_error(error);
	}
	return made;
}

/* The bytes are copied into memory of their exact size, so that an overread is seen. */
static inline Facts *testing_read_bytes(const char *bytes, gsize length, const char *authserv_id)
{
	g_autoptr(VisibleMarkers) markers = testing_markers();
	MessageOptions options = { .authserv_id = authserv_id, .markers = markers };
	g_autoptr(GError) error = NULL;
	g_autofree guint8 *copy = g_memdup2(bytes, length);
	Facts *facts = message_read(copy, length, &options, &error);
	g_assert_no_error(error);
	g_assert_nonnull(facts->text);
	g_assert_nonnull(facts->rest);
	g_assert_cmpuint(strlen(facts->digest), ==, 64);
	return facts;
}

static inline Facts *testing_read(const char *message)
{
	return testing_read_bytes(message, strlen(message), NULL);
}

static inline gboolean testing_has(const GPtrArray *strings, const char *string)
{
	return g_ptr_array_find_with_equal_func((GPtrArray *)strings, string, g_str_equal, NULL);
}
