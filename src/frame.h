/* layer 3 values - frame: the bytes between a parent and its reader process; lengths only, no I/O.
 *
 *   to the reader    u32 length of the request, u32 length of the message (big-endian), request (JSON), message
 *   from the reader  u32 length of the answer, answer (JSON)
 *
 * The reader's first answer, unasked, is {"ready":true} or {"error":"FILE:LINE: …"}.
 */
#pragma once
#include <glib.h>

enum {
	FRAME_TO_READER = 8,              /* bytes of the head */
	FRAME_FROM_READER = 4,
	FRAME_MOST_REQUEST = 64 << 10,
	FRAME_MOST_MESSAGE = 1 << 30,     /* the most that message-size can be set to */
	FRAME_MOST_ANSWER = 16 << 20      /* a verdict of nothing but maxima stays below */
};

static inline void frame_put(guint8 bytes[4], guint32 value)
{
	bytes[0] = (guint8)(value >> 24);
	bytes[1] = (guint8)(value >> 16);
	bytes[2] = (guint8)(value >> 8);
	bytes[3] = (guint8)value;
}

static inline guint32 frame_get(const guint8 bytes[4])
{
	return (guint32)bytes[0] << 24 | (guint32)bytes[1] << 16 | (guint32)bytes[2] << 8 | bytes[3];
}
