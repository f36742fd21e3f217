/* layer 1 mail - body: the best text of a message's parts, and what of them could not be read as text.
 */
#pragma once
#include <glib.h>

#include "parts.h"

enum { BODY_MAX_TEXT = 2 * 1024 * 1024, BODY_MAX_UNREAD = 20 };

typedef struct {
	GString *text;        /* what the message itself says, quotes and all */
	GString *attached;    /* what attached messages say */
	gboolean is_html_only, has_plain;
	gboolean is_encrypted, has_message;
	GPtrArray *unread;    /* borrowed: media types are added */
	GPtrArray *trouble;   /* borrowed: sentences are added */
	gsize decoded;        /* bytes so far, BODY_MAX_TEXT at most */
} Body;

void body_read(const Parts *parts, GPtrArray *unread, GPtrArray *trouble, Body *body);
void body_clear(Body *body);
/* Adds a sentence once. */
void body_add_trouble(GPtrArray *trouble, char *owned_sentence);
