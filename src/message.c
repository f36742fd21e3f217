#include "message.h"

#include <gmime/gmime.h>
#include <string.h>

#include "address.h"
#include "authentication.h"
#include "body.h"
#include "charset.h"
#include "digest.h"
#include "header.h"
#include "parts.h"
#include "report.h"
#include "status.h"

enum { MAX_MESSAGE = 64 * 1024 * 1024, MAX_REFERENCES = 50, MAX_TO = 100, MAX_DELIVERED = 20, MAX_RESULTS = 50 };

typedef struct {
	Facts *facts;
	GPtrArray *from;        /* safe addresses of From */
	GPtrArray *reply_to, *sender;
	guint reply_to_count;
	GArray *results;        /* AuthenticationField */
	guint hops;
	gboolean has_subject, has_from_trouble;
} Reading;

void message_setup(void)
{
	g_mime_init();
	charset_setup();
}

/* --- one function a group of fields; FALSE: not one of mine ---------------------------------------------------------- */

static void trouble(Reading *reading, char *owned_sentence)
{
	body_add_trouble(reading->facts->trouble, owned_sentence);
}

static void keep_first(char **place, char *owned)
{
	if (*place || !*owned)
		g_free(owned);
	else
		*place = owned;
}

static guint add_addresses(Reading *reading, const HeaderField *field, GPtrArray *addresses, guint max, char **name)
{
	g_autofree char *raw = header_raw(field);
	gboolean refused = FALSE;
	guint count = header_add_addresses(raw, addresses, max, name, &refused);
	if (refused)
		trouble(reading, g_strdup_printf("%.*s is no list of addresses", (int)field->name_length, field->name));
	return count;
}

static gboolean read_people(Reading *reading, const HeaderField *field)
{
	Facts *facts = reading->facts;
	if (header_field_is(field, "From")) {
		facts->from_count += add_addresses(reading, field, reading->from, 2, facts->from_name ? NULL : &facts->from_name);
	} else if (header_field_is(field, "Reply-To")) {
		reading->reply_to_count += add_addresses(reading, field, reading->reply_to, 2, NULL);
	} else if (header_field_is(field, "Sender")) {
		add_addresses(reading, field, reading->sender, 1, NULL);
	} else if (header_field_is(field, "To") || header_field_is(field, "Cc")) {
		add_addresses(reading, field, facts->to, MAX_TO, NULL);
	} else if (header_field_is(field, "X-Original-To") || header_field_is(field, "Delivered-To") || header_field_is(field, "Envelope-To")) {
		add_addresses(reading, field, facts->delivered_to, MAX_DELIVERED, NULL);
	} else if (header_field_is(field, "X-Failed-Recipients")) {   /* Exim's bounces */
		add_addresses(reading, field, facts->reported, MAX_DELIVERED, NULL);
	} else {
		return FALSE;
	}
	return TRUE;
}

static void keep_subject(Reading *reading, const HeaderField *field)
{
	if (reading->has_subject) {
		trouble(reading, g_strdup("several Subject fields"));
		return;
	}
	g_autofree char *unknown = NULL;
	reading->has_subject = TRUE;
	reading->facts->subject = header_text(field, &unknown);
	if (unknown)
		trouble(reading, g_strdup_printf("unknown charset %s", unknown));
}

static gint64 instant_of(const char *raw)
{
	g_autoptr(GDateTime) date = g_mime_utils_header_decode_date(raw);
	return date ? g_date_time_to_unix(date) : 0;
}

static gboolean read_identity(Reading *reading, const HeaderField *field)
{
	Facts *facts = reading->facts;
	g_autofree char *raw = NULL;
	if (header_field_is(field, "Subject")) {
		keep_subject(reading, field);
		return TRUE;
	}
	gboolean is_id = header_field_is(field, "Message-ID"), is_reply = header_field_is(field, "In-Reply-To");
	if (is_id || is_reply) {
		g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
		raw = header_raw(field);
		header_add_ids(raw, ids, 1);
		if (ids->len)
			keep_first(is_id ? &facts->message_id : &facts->in_reply_to, g_strdup(g_ptr_array_index(ids, 0)));
	} else if (header_field_is(field, "References")) {
		raw = header_raw(field);
		header_add_ids(raw, facts->references, MAX_REFERENCES);
	} else if (header_field_is(field, "Date")) {
		raw = header_raw(field);
		if (!facts->date && strlen(raw) < 200)
			facts->date = instant_of(raw);
	} else {
		return FALSE;
	}
	return TRUE;
}

static gboolean begins_with_yes(const HeaderField *field)
{
	g_autofree char *raw = header_raw(field);
	return !g_ascii_strncasecmp(raw, "yes", 3);
}

static char *lower_raw(const HeaderField *field)
{
	g_autofree char *raw = header_raw(field);
	return g_utf8_strdown(raw, -1);
}

/* RFC 3834, and the fields that came before it. */
static gboolean read_automation(Reading *reading, const HeaderField *field)
{
	Facts *facts = reading->facts;
	if (header_field_is(field, "Auto-Submitted"))
		keep_first(&facts->auto_submitted, header_token(field));
	else if (header_field_is(field, "Precedence"))
		keep_first(&facts->precedence, header_token(field));
	else if (header_field_is(field, "X-Auto-Response-Suppress"))
		keep_first(&facts->suppress, lower_raw(field));
	else if (header_field_is(field, "X-Loop") || header_field_is(field, "X-Autorespond") || header_field_is(field, "X-Autoreply") ||
		 header_field_is(field, "X-Autoresponder") || header_field_is(field, "X-Mail-Loop") || header_field_is(field, "X-Auto-Reply"))
		facts->has_loop_field = TRUE;
	else if (header_field_is(field, "X-Spam-Flag") || header_field_is(field, "X-Spam-Status") || header_field_is(field, "X-Spam"))
		facts->is_flagged_spam = facts->is_flagged_spam || begins_with_yes(field);
	else if (header_field_is(field, "X-Apple-Unsubscribe")) {
		g_autofree char *token = header_token(field);
		facts->is_apple_unsubscribe = g_str_equal(token, "true");
	} else if (field->name_length > 5 && !g_ascii_strncasecmp(field->name, "List-", 5)) {
		facts->has_list_field = TRUE;
		if (header_field_is(field, "List-Unsubscribe"))
			keep_first(&facts->list_unsubscribe, header_raw(field));
	} else
		return FALSE;
	return TRUE;
}

static void read_trace(Reading *reading, const HeaderField *field)
{
	if (header_field_is(field, "Received"))
		reading->hops++;
	else if (header_field_is(field, "Authentication-Results") && reading->results->len < MAX_RESULTS) {
		AuthenticationField result = { header_raw(field), reading->hops };
		g_array_append_val(reading->results, result);
	}
}

static void read_header(Reading *reading, const char *bytes, gsize length)
{
	HeaderScan scan;
	HeaderField field;
	header_scan_begin(&scan, bytes, length);
	while (header_scan_next(&scan, &field))
		if (!read_people(reading, &field) && !read_identity(reading, &field) && !read_automation(reading, &field))
			read_trace(reading, &field);
	if (!scan.fields)
		trouble(reading, g_strdup("no header"));
}

/* --- conclusions ---------------------------------------------------------------------------------------------- */

/* RFC 5322 3.6.2 lets a From have several mailboxes, with a Sender; whose words they are is then for an operator to say. */
static void conclude_people(Reading *reading)
{
	Facts *facts = reading->facts;
	if (facts->from_count == 1 && reading->from->len == 1)
		facts->from = g_strdup(g_ptr_array_index(reading->from, 0));
	else if (facts->from_count == 1)
		trouble(reading, g_strdup("From is no plain address"));
	else if (facts->from_count > 1)
		trouble(reading, g_strdup("several From addresses"));
	if (facts->from_count != 1)
		g_clear_pointer(&facts->from_name, g_free);
	if (reading->reply_to_count == 1 && reading->reply_to->len == 1)
		facts->reply_to = g_strdup(g_ptr_array_index(reading->reply_to, 0));
	if (reading->sender->len)
		facts->sender = g_strdup(g_ptr_array_index(reading->sender, 0));
}

static void conclude_authentication(Reading *reading, const MessageOptions *options)
{
	Facts *facts = reading->facts;
	facts->authentication = authentication_judge((const AuthenticationField *)(void *)reading->results->data, reading->results->len,
						     options->authserv_id, options->own_hops, facts->from, &facts->authentication_reason);
}

static void note_limits(Reading *reading, const Parts *parts)
{
	if (parts->is_over_limit)
		trouble(reading, g_strdup("header fields beyond 1,000, 64 KiB each or 1 MiB in all"));
	if (parts->too_many)
		trouble(reading, g_strdup("parts beyond 10,000"));
	if (parts->too_deep)
		trouble(reading, g_strdup("parts nested deeper than 100"));
	if (parts->is_odd)
		trouble(reading, g_strdup("a Content-Type or Content-Disposition that is none"));
	if (reading->facts->is_truncated)
		trouble(reading, g_strdup("message cut off at the size limit"));
}

static void conclude_text(Reading *reading, const Parts *parts, const MessageOptions *options)
{
	Facts *facts = reading->facts;
	Body body;
	Visible visible;
	body_read(parts, facts->unread, facts->trouble, &body);
	visible_split(body.text->str, options->markers, &visible);
	facts->text = g_steal_pointer(&visible.text);
	if (body.attached->len) {
		facts->rest = g_strconcat(visible.rest, *visible.rest ? "\n\n" : "", body.attached->str, NULL);
		g_free(visible.rest);
	} else {
		facts->rest = g_steal_pointer(&visible.rest);
	}
	facts->is_html_only = body.is_html_only;
	facts->is_encrypted = body.is_encrypted;
	facts->is_forward = visible.is_forward || body.has_message;
	facts->has_quote = visible.has_quote;
	body_clear(&body);
}

/* A message whose lines end in CR alone has no lines for anyone else: one copy in which they end in LF. */
static char *without_bare_cr(const char *bytes, gsize length)
{
	if (memchr(bytes, '\n', length) || !memchr(bytes, '\r', length))
		return NULL;
	char *copy = g_memdup2(bytes, length);
	for (gsize i = 0; i < length; i++)
		if (copy[i] == '\r')
			copy[i] = '\n';
	return copy;
}

static void result_clear(gpointer result)
{
	g_free((char *)((AuthenticationField *)result)->value);
}

Facts *message_read(const guint8 *message, gsize length, const MessageOptions *options, GError **error)
{
	if (!message || !length) {
		status_fail(error, STATUS_PERMANENT, "the message is empty");
		return NULL;
	}
	g_autofree char *copy = without_bare_cr((const char *)message, length);
	const char *bytes = copy ? copy : (const char *)message;
	Reading reading = {
		.facts = facts_new(),
		.from = g_ptr_array_new_with_free_func(g_free),
		.reply_to = g_ptr_array_new_with_free_func(g_free),
		.sender = g_ptr_array_new_with_free_func(g_free),
		.results = g_array_new(FALSE, FALSE, sizeof(AuthenticationField)),
	};
	g_array_set_clear_func(reading.results, result_clear);
	reading.facts->is_truncated = options->is_truncated || length > MAX_MESSAGE;
	length = MIN(length, MAX_MESSAGE);

	read_header(&reading, bytes, length);
	conclude_people(&reading);
	conclude_authentication(&reading, options);
	g_autoptr(Parts) parts = parts_read(bytes, length);
	note_limits(&reading, parts);
	conclude_text(&reading, parts, options);
	report_read(parts, reading.facts);
	reading.facts->digest = digest_of(bytes, length);

	g_ptr_array_unref(reading.from);
	g_ptr_array_unref(reading.reply_to);
	g_ptr_array_unref(reading.sender);
	g_array_unref(reading.results);
	return reading.facts;
}
