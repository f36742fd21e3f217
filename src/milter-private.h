/* layer 3 values - milter-private: what reading (milter.c) and writing (milter-reply.c) share; nobody else includes it. */
#pragma once
#include "milter.h"

enum { MILTER_LENGTH_SIZE = 4 };

struct Milter {
	GByteArray *in;            /* from `start` on: packets not yet handed out */
	gsize start;
	gsize skip;                /* bytes of a packet that was too long, still to come and to be thrown away */
	GByteArray *out;
	MilterOptions options;
	gboolean is_negotiated;
	MilterCommand owed;        /* the step that waits for an answer; 0: none */
	const char *violation;     /* static; NULL: none */
};

/* Our reply to the server's offer. */
void milter_reply_options(Milter *milter);
