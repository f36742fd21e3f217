/* milter-testing - a codec after option negotiation, and what its tests do to it.
 */
#pragma once
#include "milter-peer.h"
#include "milter.h"
#include "testing.h"

static inline Milter *negotiated(guint32 version, guint32 actions, guint32 steps)
{
	Milter *milter = milter_new();
	g_autoptr(GByteArray) in = g_byte_array_new();
	peer_put_options(in, version, actions, steps);
	milter_feed(milter, in->data, in->len);
	MilterEvent event;
	g_assert_cmpint(milter_next(milter, &event), ==, MILTER_EVENT);
	g_assert_cmpint(event.command, ==, MILTER_OPTNEG);
	gsize length;
	milter_output(milter, &length);
	milter_output_taken(milter, length);
	return milter;
}

static inline void feed(Milter *milter, GByteArray *in)
{
	milter_feed(milter, in->data, in->len);
	g_byte_array_set_size(in, 0);
}

static inline MilterCommand next(Milter *milter, MilterEvent *event)
{
	g_assert_cmpint(milter_next(milter, event), ==, MILTER_EVENT);
	return event->command;
}
