#include "machine.h"

#include <string.h>

#include "address.h"

static gboolean is(const char *value, const char *wanted)
{
	return value && g_str_equal(value, wanted);
}

static gboolean has(const char *value, const char *part)
{
	if (!value)
		return FALSE;
	g_autofree char *lower = g_utf8_strdown(value, -1);
	return strstr(lower, part) != NULL;
}

/* A mail server itself: `MAILER-DAEMON@…`, or the name that it gives itself. */
static gboolean is_mail_server(const Facts *facts, const char *sender)
{
	static const char *const locals[] = {
		"mailer-daemon@", "mailerdaemon@", "mail-daemon@", "maildaemon@", "double-bounce@", "mdaemon@", "mailer_daemon@",
		"microsoftexchange", "mail.daemon@",
	};
	const char *const addresses[] = { facts->from, sender };
	for (guint a = 0; a < G_N_ELEMENTS(addresses); a++)
		for (guint i = 0; addresses[a] && i < G_N_ELEMENTS(locals); i++)
			if (g_ascii_strncasecmp(addresses[a], locals[i], strlen(locals[i])) == 0)
				return TRUE;
	static const char *const names[] = { "mail delivery sub", "mail delivery sys", "mailer-daemon", "mailer daemon", "mail delivery service" };
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		if (has(facts->from_name, names[i]))
			return TRUE;
	return FALSE;
}

/* Mail servers bounce in this name, but people write in it as well. */
static gboolean is_postmaster(const Facts *facts)
{
	return (facts->from && g_ascii_strncasecmp(facts->from, "postmaster@", 11) == 0) || has(facts->from_name, "postmaster") ||
	       has(facts->from_name, "system administrator") || has(facts->from_name, "mail administrator");
}

static gboolean is_automatic(const Facts *facts)
{
	return facts->auto_submitted && !g_str_equal(facts->auto_submitted, "no");
}

const char *machine_delivery_report(const Facts *facts, const char *sender, const Score *score)
{
	const Sign *sign = &score->kinds[KIND_DELIVERY_REPORT];
	if (is(facts->report_type, "delivery-status") || is(facts->report_type, "global-delivery-status"))
		return "report-type=delivery-status";
	if (facts->report_type && *facts->report_type)
		return NULL;
	if (is_mail_server(facts, sender))
		return "sent by a mail server";
	if (is_postmaster(facts) && (sign->confidence > 0 || is(sender, "") || facts->original_message_id))
		return "sent by a postmaster, and the words of a bounce";
	if (is(sender, "") && sign->confidence > 0)
		return "null envelope sender, and the words of a bounce";
	if (facts->report_type && sign->confidence > 0)
		return "multipart/report, and the words of a bounce";
	/* Some servers bounce in a person's name; a person who forwards a bounce says something of their own in the subject. */
	if (sign->is_strong && sign->in_subject && (sign->in_body || is_automatic(facts) || facts->original_message_id))
		return "the words of a bounce in subject and body";
	return NULL;
}

const char *machine_client_made(const Facts *facts, const Score *score)
{
	if (facts->is_apple_unsubscribe)
		return "X-Apple-Unsubscribe";
	return score->client_made.in_body ? "the sentence of a mail client's unsubscribe button" : NULL;
}

const char *machine_feedback_report(const Facts *facts, const Score *score)
{
	if (facts->feedback_type)
		return "Feedback-Type";
	if (is(facts->report_type, "feedback-report"))
		return "report-type=feedback-report";
	/* Microsoft's junk mail reporting is no ARF; its subject is fixed. */
	if (facts->from && g_ascii_strncasecmp(facts->from, "staff@", 6) == 0 && has(facts->subject, "complaint about message from"))
		return "the form of Microsoft's junk mail reports";
	const Sign *sign = &score->kinds[KIND_FEEDBACK_REPORT];
	if (sign->is_strong && (sign->in_subject || facts->report_type || is_automatic(facts) || address_is_robot(facts->from)))
		return "the words of a feedback report";
	return NULL;
}

const char *machine_disposition_report(const Facts *facts, const Score *score)
{
	const Sign *sign = &score->kinds[KIND_DISPOSITION_REPORT];
	if (is(facts->report_type, "disposition-notification"))
		return "report-type=disposition-notification";
	/* Exchange's own has the fields of the message that was read, which are parted off as a quotation, and next to nothing else. */
	gboolean only_fields = score->words == 0 || (score->words <= 3 && facts->rest && *facts->rest);
	if (sign->is_strong && sign->in_subject && (sign->in_body || only_fields))
		return "the words of a read receipt in subject and body";
	return NULL;
}

const char *machine_auto_reply(const Facts *facts, const char *sender, const Score *score)
{
	const Sign *sign = &score->kinds[KIND_AUTO_REPLY];
	/* auto-generated is no reply (RFC 3834 section 5.1), but ticket systems call theirs so. */
	if (is_automatic(facts) && (!is(facts->auto_submitted, "auto-generated") || facts->in_reply_to || sign->confidence > 0))
		return "Auto-Submitted";
	if (is(facts->precedence, "auto_reply") || is(facts->precedence, "auto-reply"))
		return "Precedence: auto_reply";
	if (is(sender, ""))
		return "null envelope sender";
	if (facts->report_type)
		return "multipart/report";
	if (facts->has_loop_field && sign->confidence > 0)
		return "X-Autoreply or X-Loop, and the words of an automatic reply";
	if (sign->is_strong && sign->in_subject)
		return "the words of an automatic reply in the subject";
	if (facts->suppress && sign->confidence > 0)
		return "X-Auto-Response-Suppress, and the words of an automatic reply";
	return NULL;
}

const char *machine_bulk_mail(const Facts *facts)
{
	if (is_automatic(facts))
		return "Auto-Submitted: auto-generated";
	if (facts->has_list_field)
		return "List- header fields";
	if (is(facts->precedence, "bulk") || is(facts->precedence, "list") || is(facts->precedence, "junk"))
		return "Precedence: bulk";
	if (facts->has_loop_field)
		return "X-Loop or X-Autoreply";
	if (facts->is_flagged_spam)
		return "flagged as spam";
	return NULL;
}
