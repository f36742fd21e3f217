/* layer 3 values - milter-reply: replies to bytes, and the account of what is owed. */
#include "milter-private.h"

#include <string.h>

static void put_u32(GByteArray *out, guint32 n)
{
	n = GUINT32_TO_BE(n);
	g_byte_array_append(out, (const guint8 *)&n, sizeof n);
}

static void put_string(GByteArray *out, const char *text)
{
	g_byte_array_append(out, (const guint8 *)text, (guint)strlen(text) + 1);
}

/* A packet is begun with its length unknown … */
static guint begin(Milter *milter, char command)
{
	put_u32(milter->out, 0);
	g_byte_array_append(milter->out, (const guint8 *)&command, 1);
	return milter->out->len;
}

/* … and ended by filling it in. */
static gboolean end(Milter *milter, guint begun)
{
	guint32 length = GUINT32_TO_BE(milter->out->len - begun + 1);
	memcpy(milter->out->data + begun - 1 - MILTER_LENGTH_SIZE, &length, sizeof length);
	return TRUE;
}

/* Macros that we read, for the stages SMFIM_ENVFROM (2) and SMFIM_EOM (5): Postfix knows the queue id late, Sendmail tells it at MAIL, and
 * neither tells the client's address unasked once CONNECT is left out. */
void milter_reply_options(Milter *milter)
{
	guint begun = begin(milter, MILTER_OPTNEG);
	put_u32(milter->out, milter->options.version);
	put_u32(milter->out, milter->options.actions);
	put_u32(milter->out, milter->options.steps);
	if (milter->options.actions & MILTER_MAY_SET_MACROS) {
		put_u32(milter->out, 2);
		put_string(milter->out, "i {client_addr}");
		put_u32(milter->out, 5);
		put_string(milter->out, "i");
	}
	end(milter, begun);
}

gboolean milter_is_owed(const Milter *milter)
{
	return milter->owed != 0;
}

gboolean milter_answer(Milter *milter, MilterAnswer answer)
{
	if (!milter->owed)
		return FALSE;
	if (answer == MILTER_SKIP_BODY && (milter->owed != MILTER_BODY || !(milter->options.steps & MILTER_SKIP)))
		answer = MILTER_CONTINUE;
	milter->owed = 0;
	return end(milter, begin(milter, (char)answer));
}

gboolean milter_answer_code(Milter *milter, const char *code, const char *enhanced, const char *text)
{
	if (!milter->owed)
		return FALSE;
	milter->owed = 0;
	g_autoptr(GString) line = g_string_new(NULL);
	g_string_printf(line, "%s %s ", code, enhanced);
	for (const char *p = text; *p; p++) {
		g_string_append_c(line, *p >= 0x20 && *p < 0x7f ? *p : '?');
		/* The server formats the text (smfi_setreply's manual). */
		if (*p == '%')
			g_string_append_c(line, '%');
	}
	guint begun = begin(milter, 'y');
	put_string(milter->out, line->str);
	return end(milter, begun);
}

static gboolean may(const Milter *milter, guint32 action)
{
	return milter->owed == MILTER_EOM && (milter->options.actions & action) == action;
}

gboolean milter_progress(Milter *milter)
{
	return may(milter, 0) && end(milter, begin(milter, 'p'));
}

gboolean milter_delete_recipient(Milter *milter, const char *recipient)
{
	if (!may(milter, MILTER_MAY_DELETE_RECIPIENTS))
		return FALSE;
	guint begun = begin(milter, '-');
	put_string(milter->out, recipient);
	return end(milter, begun);
}

static gboolean put_header(Milter *milter, guint begun, const char *name, const char *value)
{
	put_string(milter->out, name);
	if (*value && (milter->options.steps & MILTER_LEADING_SPACE))
		g_byte_array_append(milter->out, (const guint8 *)" ", 1);
	put_string(milter->out, value);
	return end(milter, begun);
}

gboolean milter_add_header(Milter *milter, const char *name, const char *value)
{
	return may(milter, MILTER_MAY_ADD_HEADERS) && put_header(milter, begin(milter, 'h'), name, value);
}

static guint begin_indexed(Milter *milter, char command, guint32 index)
{
	guint begun = begin(milter, command);
	put_u32(milter->out, index);
	return begun;
}

gboolean milter_insert_header(Milter *milter, guint32 index, const char *name, const char *value)
{
	return may(milter, MILTER_MAY_ADD_HEADERS) && put_header(milter, begin_indexed(milter, 'i', index), name, value);
}

gboolean milter_change_header(Milter *milter, guint32 index, const char *name, const char *value)
{
	return may(milter, MILTER_MAY_CHANGE_HEADERS) && put_header(milter, begin_indexed(milter, 'm', index), name, value);
}

gboolean milter_quarantine(Milter *milter, const char *reason)
{
	if (!may(milter, MILTER_MAY_QUARANTINE))
		return FALSE;
	guint begun = begin(milter, 'q');
	put_string(milter->out, reason);
	return end(milter, begun);
}

const guint8 *milter_output(const Milter *milter, gsize *length)
{
	*length = milter->out->len;
	return milter->out->data;
}

void milter_output_taken(Milter *milter, gsize length)
{
	g_byte_array_remove_range(milter->out, 0, (guint)length);
}
