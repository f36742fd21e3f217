#include "ack.h"

#include <string.h>

#include "ack-texts.h"
#include "address.h"
#include "compose.h"
#include "date.h"
#include "status.h"

const ConfigController *ack_controller(const Config *config, const Case *c)
{
	for (guint i = 0; i < config->controllers->len; i++) {
		const ConfigController *controller = g_ptr_array_index(config->controllers, i);
		if (c->controller && g_str_equal(controller->id, c->controller))
			return controller;
	}
	return NULL;
}

const char *ack_text_name(const Case *c)
{
	gboolean has_fulfilled = FALSE, has_open = FALSE;
	for (guint i = 0; i < c->requests->len; i++) {
		const CaseRequest *request = g_ptr_array_index(c->requests, i);
		if (request_is_fulfilled_by_record(request->asked->type))
			has_fulfilled = TRUE;
		else
			has_open = TRUE;
	}
	if (has_fulfilled)
		return has_open ? "mixed" : "opt-out";
	return has_open ? "request" : NULL;
}

/* The words for the requests of the case that are, or are not, fulfilled by recording them: one a line. */
static char *request_words(const AckTexts *texts, const char *language, const Case *c, gboolean is_fulfilled)
{
	GString *words = g_string_new(NULL);
	for (guint i = 0; i < c->requests->len; i++) {
		const CaseRequest *request = g_ptr_array_index(c->requests, i);
		if (request_is_fulfilled_by_record(request->asked->type) == is_fulfilled)
			g_string_append_printf(words, "%s%s", words->len ? "\n" : "", ack_texts_word(texts, language, request_name(request->asked->type)));
	}
	return g_string_free(words, FALSE);
}

/* The latest of the days on which those requests are due. */
static GDate last_due(const Case *c, gboolean is_fulfilled)
{
	GDate last;
	g_date_clear(&last, 1);
	for (guint i = 0; i < c->requests->len; i++) {
		const CaseRequest *request = g_ptr_array_index(c->requests, i);
		const GDate *due = g_date_valid(&request->due) ? &request->due : &c->due;
		if (request_is_fulfilled_by_record(request->asked->type) != is_fulfilled || !g_date_valid(due))
			continue;
		if (!g_date_valid(&last) || g_date_compare(due, &last) > 0)
			last = *due;
	}
	return last;
}

/* A day that has passed is promised to nobody. */
static char *promise(const AckTexts *texts, const char *language, const GDate *day, const GDate *today)
{
	return g_date_valid(day) && g_date_compare(day, today) >= 0 ? ack_texts_day(texts, language, day) : NULL;
}

/* What is recorded holds at once; what takes time is the mail that was already handed over, and the law's date is the latest. */
static char *effective_by(const AckTexts *texts, const char *language, const Case *c, const Config *config, const GDate *today)
{
	GDate due = last_due(c, TRUE), arrived;
	date_of_instant(c->received, config->timezone, &arrived);
	g_date_add_days(&arrived, config->mail_under_way);
	return promise(texts, language, g_date_valid(&due) && g_date_compare(&arrived, &due) < 0 ? &arrived : &due, today);
}

/* Of the case's requests one ends advertising, though advertising isn't what it is about. */
static gboolean stops_advertising(const Case *c)
{
	gboolean stops = FALSE;
	for (guint i = 0; i < c->requests->len; i++) {
		const CaseRequest *request = g_ptr_array_index(c->requests, i);
		if (request->asked->type == REQUEST_MARKETING_OPT_OUT)
			return FALSE;
		stops = stops || request_suppresses_marketing(request->asked->type);
	}
	return stops;
}

static char *copy_trimmed(const char *text)
{
	return text ? g_strstrip(g_strdup(text)) : NULL;
}

static void fill_in(AckFields *fields, const AckTexts *texts, const char *language, const Case *c, const Config *config,
		    const ConfigController *controller, const GDate *today)
{
	fields->value[ACK_REFERENCE] = g_strdup(c->reference);
	fields->value[ACK_CONTROLLER] = copy_trimmed(controller->name ? controller->name : controller->id);
	fields->value[ACK_POSTAL_ADDRESS] = copy_trimmed(controller->postal_address);
	fields->value[ACK_CONTACT] = copy_trimmed(controller->contact);
	fields->value[ACK_PREFERENCES_URL] = copy_trimmed(controller->preferences_url);
	fields->value[ACK_DISPUTE_URL] = copy_trimmed(controller->dispute_url);
	/* In its canonical form: the only thing in the letter that the sender may have chosen. */
	fields->value[ACK_ADDRESS] = c->subject_address ? address_identity(c->subject_address) : NULL;
	fields->value[ACK_REQUESTS] = request_words(texts, language, c, FALSE);
	GDate due = last_due(c, FALSE);
	fields->value[ACK_DUE] = promise(texts, language, &due, today);
	fields->value[ACK_EFFECTIVE] = request_words(texts, language, c, TRUE);
	fields->value[ACK_EFFECTIVE_BY] = effective_by(texts, language, c, config, today);
	fields->value[ACK_STOPPED] = stops_advertising(c) ? g_strdup(fields->value[ACK_ADDRESS]) : NULL;
	fields->value[ACK_LAW] = config->name_laws ? g_strdup(ack_texts_word(texts, language, law_name(c->law))) : NULL;
}

/* RFC 3834 sections 3.1 and 5, and what Exchange reads instead. */
static void write_header(GString *message, const char *id, const char *in_reply_to, const char *subject,
			 const char *from_name, const char *from, const char *to, gint64 now)
{
	compose_date_header(message, "Date", now);
	compose_mailbox_header(message, "From", from_name, from);
	compose_mailbox_header(message, "To", NULL, to);
	compose_text_header(message, "Subject", subject);
	compose_header(message, "Message-ID", id);
	if (in_reply_to) {
		compose_header(message, "In-Reply-To", in_reply_to);
		compose_header(message, "References", in_reply_to);
	}
	compose_header(message, "Auto-Submitted", "auto-replied");
	compose_header(message, "X-Auto-Response-Suppress", "All");
}

/* The usual texts follow from what the case is now (an operator may have corrected it since the letter was queued); another one was
 * chosen by hand. */
static const char *text_name(const Letter *letter, const Case *c)
{
	gboolean is_usual = !letter->text || !*letter->text || g_str_equal(letter->text, "acknowledgement");
	for (guint i = 0; !is_usual && ack_text_names[i]; i++)
		is_usual = g_str_equal(letter->text, ack_text_names[i]);
	return is_usual ? ack_text_name(c) : letter->text;
}

GBytes *ack_compose(const AckTexts *texts, const Letter *letter, const Case *c, const Config *config,
		    const ConfigController *controller, gint64 now, GError **error)
{
	g_autofree char *from_name = NULL, *from = NULL, *subject = NULL, *body = NULL;
	g_auto(AckFields) fields = { { NULL } };
	const char *language = ack_texts_find(texts, letter->language, "request") ? letter->language : ack_language(texts, c, controller);
	const char *name = text_name(letter, c);
	const AckText *text = name ? ack_texts_find(texts, language, name) : NULL;
	g_autofree char *id = compose_message_id(letter->message_id), *in_reply_to = compose_message_id(letter->in_reply_to);
	g_autofree char *bare = letter->to ? address_without_batv(letter->to) : NULL, *to = bare ? address_identity(bare) : NULL;

	if (!name || !c->requests->len)
		status_fail(error, STATUS_PERMANENT, "the case holds no request that could be acknowledged");
	else if (!text)
		status_fail(error, STATUS_PERMANENT, "there is no text acks/%s/%s", language, name);
	else if (!controller)
		status_fail(error, STATUS_PERMANENT, "[controller %s] is no longer configured", c->controller ? c->controller : "");
	else if (!config->smtp.from || !compose_parse_mailbox(config->smtp.from, &from_name, &from))
		status_fail(error, STATUS_PERMANENT, "[smtp] from holds no address that can be written from");
	else if (!to)
		status_fail(error, STATUS_PERMANENT, "the recipient's address can't be written to safely");
	else if (!id)
		status_fail(error, STATUS_PERMANENT, "the letter has no proper Message-ID");
	else {
		GDate today;
		date_of_instant(now, config->timezone, &today);
		fill_in(&fields, texts, language, c, config, controller, &today);
		subject = ack_text_subject(text, &fields);
		body = ack_text_body(text, &fields);
		GString *message = g_string_sized_new(4096);
		write_header(message, id, in_reply_to, subject, from_name, from, to, now);
		compose_text_body(message, body, language);
		return g_string_free_to_bytes(message);
	}
	return NULL;
}
