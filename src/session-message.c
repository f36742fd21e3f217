#include "session-message.h"

#include <string.h>

SessionMessage *session_message_new(const Config *config, const char *sender)
{
	SessionMessage *message = g_new0(SessionMessage, 1);
	message->envelope = envelope_new();
	envelope_set_sender(message->envelope, sender);
	message->bytes = g_byte_array_new();
	message->most = config->message_size;
	return message;
}

void session_message_free(SessionMessage *message)
{
	if (!message)
		return;
	envelope_free(message->envelope);
	if (message->bytes)
		g_byte_array_unref(message->bytes);
	if (message->forged)
		g_hash_table_unref(message->forged);
	g_free(message);
}

void session_message_recipient(SessionMessage *message, const Config *config, const char *recipient)
{
	if (message->envelope->recipients->len >= SESSION_MAX_RECIPIENTS) {
		message->refusal = "too many recipients";
		return;
	}
	envelope_add_recipient(message->envelope, recipient);
	if (envelope_our_address(config, recipient))
		message->ours++;
	else
		message->others++;
}

/* --- bytes ------------------------------------------------------------------------------------------------------ */

gboolean session_message_is_full(const SessionMessage *message)
{
	return message->bytes->len >= message->most;
}

static void append(SessionMessage *message, const void *bytes, gsize length)
{
	gsize kept = MIN(length, message->most - message->bytes->len);
	g_byte_array_append(message->bytes, bytes, (guint)kept);
	message->is_truncated = message->is_truncated || kept < length;
}

/* Mail servers hand over a folded value with bare line feeds.  One that no space follows would begin another field, which this value is
 * not allowed to do. */
static void append_value(SessionMessage *message, const char *value)
{
	for (const char *p = value; *p;) {
		gsize line = strcspn(p, "\n");
		gboolean has_cr = line && p[line] == '\n' && p[line - 1] == '\r';
		append(message, p, line - has_cr);
		p += line;
		if (!*p)
			break;
		p++;
		append(message, "\r\n", 2);
		if (*p && *p != ' ' && *p != '\t')
			append(message, " ", 1);
	}
	append(message, "\r\n", 2);
}

static void note_forged(SessionMessage *message, const char *name)
{
	if (g_ascii_strncasecmp(name, "Optout-", 7) != 0)
		return;
	/* To take them out again each must be remembered; nobody has honest use for so many. */
	if (++message->forged_count > SESSION_MAX_FORGED || strlen(name) > 998) {
		message->refusal = "too many forged headers";
		return;
	}
	if (!message->forged)
		message->forged = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	char *key = g_ascii_strdown(name, -1);
	guint count = GPOINTER_TO_UINT(g_hash_table_lookup(message->forged, key));
	g_hash_table_replace(message->forged, key, GUINT_TO_POINTER(count + 1));
}

void session_message_header(SessionMessage *message, const MilterEvent *event, gboolean has_space)
{
	note_forged(message, event->name);
	append(message, event->name, strlen(event->name));
	append(message, ": ", has_space ? 1 : 2);
	append_value(message, event->value);
	message->is_truncated = message->is_truncated || event->is_cut;
}

void session_message_end_of_header(SessionMessage *message)
{
	if (message->in_body)
		return;
	message->in_body = TRUE;
	append(message, "\r\n", 2);
}

void session_message_body(SessionMessage *message, const MilterEvent *event)
{
	session_message_end_of_header(message);
	append(message, event->bytes, event->length);
	message->is_truncated = message->is_truncated || event->is_cut;
}
