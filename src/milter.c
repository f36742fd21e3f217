#include "milter-private.h"

#include <string.h>

/* --- negotiation -------------------------------------------------------------------------------------------- */

/* Each step with the bits that leave it out and that spare its reply. */
static const struct {
	MilterCommand command;
	guint32 no, nr;
} steps[] = {
	{ MILTER_CONNECT, MILTER_NO_CONNECT, MILTER_NR_CONNECT },
	{ MILTER_HELO, MILTER_NO_HELO, MILTER_NR_HELO },
	{ MILTER_UNKNOWN, MILTER_NO_UNKNOWN, MILTER_NR_UNKNOWN },
	{ MILTER_MAIL, 0, MILTER_NR_MAIL },
	{ MILTER_RCPT, 0, MILTER_NR_RCPT },
	{ MILTER_DATA, 0, 0 },
	{ MILTER_HEADER, 0, MILTER_NR_HEADER },
	{ MILTER_EOH, 0, MILTER_NR_EOH },
	{ MILTER_BODY, 0, MILTER_NR_BODY },
	{ MILTER_EOM, 0, 0 },
};

MilterOptions milter_negotiate(const MilterOptions *offered)
{
	MilterOptions ours = { .version = MIN(offered->version, (guint32)MILTER_VERSION) };
	ours.actions = offered->actions & (MILTER_MAY_ADD_HEADERS | MILTER_MAY_DELETE_RECIPIENTS | MILTER_MAY_CHANGE_HEADERS |
					   MILTER_MAY_QUARANTINE | MILTER_MAY_SET_MACROS);
	ours.steps = offered->steps & (MILTER_SKIP | MILTER_LEADING_SPACE);
	/* DATA came with version 4; a server that sends it says so by offering to leave it out. */
	gboolean has_data = offered->version >= 4 && (offered->steps & MILTER_NO_DATA);
	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		if (steps[i].command == MILTER_EOH && !has_data)
			continue;
		if (steps[i].no & offered->steps)
			ours.steps |= steps[i].no;
		else
			ours.steps |= steps[i].nr & offered->steps;
	}
	return ours;
}

static gboolean wants_answer(const Milter *milter, MilterCommand command)
{
	for (guint i = 0; i < G_N_ELEMENTS(steps); i++)
		if (steps[i].command == command)
			return !(steps[i].nr & milter->options.steps);
	return FALSE;
}

/* --- reading ------------------------------------------------------------------------------------------------ */

static guint32 get_u32(const guint8 *bytes)
{
	guint32 n;
	memcpy(&n, bytes, sizeof n);
	return GUINT32_FROM_BE(n);
}

/* The string at *at, which is moved behind it; NULL where no NUL ends it within the packet. */
static const char *get_string(const guint8 **at, const guint8 *end_of)
{
	const guint8 *nul = *at < end_of ? memchr(*at, 0, (gsize)(end_of - *at)) : NULL;
	if (!nul)
		return NULL;
	const char *string = (const char *)*at;
	*at = nul + 1;
	return string;
}

static const char *get_options(Milter *milter, const guint8 *data, gsize length, MilterEvent *event)
{
	if (length < 3 * sizeof(guint32))
		return "option negotiation too short";
	event->offered = (MilterOptions){ get_u32(data), get_u32(data + 4), get_u32(data + 8) };
	if (event->offered.version < 2)
		return "protocol version below 2";
	milter->options = milter_negotiate(&event->offered);
	milter->is_negotiated = TRUE;
	milter_reply_options(milter);
	return NULL;
}

static const char *get_connect(const guint8 *data, const guint8 *end_of, MilterEvent *event)
{
	event->name = get_string(&data, end_of);
	if (!event->name || data == end_of)
		return "connect packet broken";
	event->family = (char)*data++;
	event->value = "";
	if (event->family == 'U')
		return NULL;
	if (end_of - data < 2)
		return "connect packet broken";
	event->port = (guint16)(data[0] << 8 | data[1]);
	data += 2;
	event->value = get_string(&data, end_of);
	return event->value ? NULL : "connect packet broken";
}

static const char *get_macros(const guint8 *data, const guint8 *end_of, MilterEvent *event)
{
	if (data == end_of)
		return "macro packet empty";
	event->step = *data++;
	event->bytes = data;
	event->length = (gsize)(end_of - data);
	while (data < end_of)
		if (!get_string(&data, end_of) || !get_string(&data, end_of))
			return "macro packet broken";
	return NULL;
}

/* Fills the event from a packet's data; NULL, or what is wrong with it. */
static const char *get_event(Milter *milter, const guint8 *data, const guint8 *end_of, MilterEvent *event)
{
	if (!milter->is_negotiated && event->command != MILTER_OPTNEG && event->command != MILTER_QUIT)
		return "no option negotiation";
	switch (event->command) {
	case MILTER_OPTNEG:
		return get_options(milter, data, (gsize)(end_of - data), event);
	case MILTER_MACROS:
		return get_macros(data, end_of, event);
	case MILTER_CONNECT:
		return get_connect(data, end_of, event);
	case MILTER_HEADER:
		event->name = get_string(&data, end_of);
		event->value = event->name ? get_string(&data, end_of) : NULL;
		return event->value && *event->name ? NULL : "header packet broken";
	case MILTER_HELO:
	case MILTER_MAIL:
	case MILTER_RCPT:
	case MILTER_UNKNOWN:
		/* ESMTP arguments may follow; we need none. */
		event->value = get_string(&data, end_of);
		return event->value ? NULL : "string without an end";
	case MILTER_BODY:
	case MILTER_EOM:
		event->bytes = data;
		event->length = (gsize)(end_of - data);
		return NULL;
	case MILTER_DATA:
	case MILTER_EOH:
	case MILTER_ABORT:
	case MILTER_QUIT:
	case MILTER_QUIT_NC:
		return NULL;
	}
	return "unknown command";
}

static MilterNext violated(Milter *milter, const char *how)
{
	milter->violation = how;
	milter->owed = 0;
	return MILTER_VIOLATION;
}

/* What ends a message or the connection is heard even while an answer is owed, and cancels it. */
static gboolean is_an_end(MilterCommand command)
{
	return command == MILTER_ABORT || command == MILTER_QUIT || command == MILTER_QUIT_NC;
}

MilterNext milter_next(Milter *milter, MilterEvent *event)
{
	if (milter->violation)
		return MILTER_VIOLATION;
	gsize buffered = milter->in->len - milter->start;
	if (milter->skip || buffered <= MILTER_LENGTH_SIZE)
		return MILTER_WAIT;
	guint8 *packet = milter->in->data + milter->start;
	gsize length = get_u32(packet);
	*event = (MilterEvent){ .command = packet[MILTER_LENGTH_SIZE] };
	if (!length)
		return violated(milter, "empty packet");
	if (length > G_MAXINT32)
		return violated(milter, "packet too long");
	if (length > MILTER_MAX_PACKET) {
		if (event->command != MILTER_HEADER && event->command != MILTER_BODY)
			return violated(milter, "packet too long");
		event->is_cut = TRUE;
	}
	gsize kept = MIN(length, (gsize)MILTER_MAX_PACKET);
	if (buffered < MILTER_LENGTH_SIZE + kept || (milter->owed && !is_an_end(event->command)))
		return MILTER_WAIT;
	if (event->is_cut && event->command == MILTER_HEADER)
		packet[MILTER_LENGTH_SIZE + kept - 1] = '\0';
	/* The rest of a cut packet is thrown away: what of it is buffered now, and what will come. */
	gsize rest = length - kept, here = MIN(rest, buffered - MILTER_LENGTH_SIZE - kept);
	milter->start += MILTER_LENGTH_SIZE + kept + here;
	milter->skip = rest - here;

	const char *wrong = get_event(milter, packet + MILTER_LENGTH_SIZE + 1, packet + MILTER_LENGTH_SIZE + kept, event);
	if (wrong)
		return violated(milter, wrong);
	event->wants_answer = wants_answer(milter, event->command);
	milter->owed = event->wants_answer ? event->command : 0;
	return MILTER_EVENT;
}

void milter_feed(Milter *milter, const void *bytes, gsize length)
{
	/* Handed-out packets go before new bytes come, so that the buffer holds one packet and a reading at most. */
	if (milter->start) {
		g_byte_array_remove_range(milter->in, 0, (guint)milter->start);
		milter->start = 0;
	}
	gsize skipped = MIN(length, milter->skip);
	milter->skip -= skipped;
	g_byte_array_append(milter->in, (const guint8 *)bytes + skipped, (guint)(length - skipped));
}

gboolean milter_is_full(const Milter *milter)
{
	return milter->in->len - milter->start > MILTER_MAX_PACKET + MILTER_LENGTH_SIZE;
}

const char *milter_violation(const Milter *milter)
{
	return milter->violation;
}

const MilterOptions *milter_options(const Milter *milter)
{
	return &milter->options;
}

const char *milter_macro(const MilterEvent *event, const char *name)
{
	if (event->command != MILTER_MACROS)
		return NULL;
	const guint8 *at = event->bytes, *end_of = at + event->length;
	const char *found = NULL;
	while (at < end_of) {
		const char *key = get_string(&at, end_of), *value = get_string(&at, end_of);
		if (key && value && g_str_equal(key, name))
			found = value;
	}
	return found;
}

Milter *milter_new(void)
{
	Milter *milter = g_new0(Milter, 1);
	milter->in = g_byte_array_new();
	milter->out = g_byte_array_new();
	return milter;
}

void milter_free(Milter *milter)
{
	if (!milter)
		return;
	g_byte_array_unref(milter->in);
	g_byte_array_unref(milter->out);
	g_free(milter);
}
