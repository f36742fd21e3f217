#include "report.h"

#include <string.h>

#include "address.h"
#include "header.h"

enum { MAX_REPORTED = 50, MAX_REPORT = 256 * 1024 };

static void add_reported(Facts *facts, const char *value)
{
	const char *semicolon = strchr(value, ';');   /* `rfc822; a@b`, RFC 3464 2.3.1 */
	g_autofree char *plain = g_strstrip(g_strdup(semicolon ? semicolon + 1 : value));
	g_autofree char *address = address_without_batv(plain);
	if (facts->reported->len < MAX_REPORTED && address_is_safe(address) &&
	    !g_ptr_array_find_with_equal_func(facts->reported, address, g_str_equal, NULL))
		g_ptr_array_add(facts->reported, g_steal_pointer(&address));
}

static void keep_id(Facts *facts, const char *raw)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
	header_add_ids(raw, ids, 1);
	if (ids->len && !facts->original_message_id)
		facts->original_message_id = g_strdup(g_ptr_array_index(ids, 0));
}

/* The fields of a report part.  A delivery report has a group of them for each recipient, with empty lines between. */
static void read_fields(Facts *facts, const Part *part)
{
	g_autoptr(GByteArray) bytes = part_decode(part, MAX_REPORT);
	const char *p = (const char *)bytes->data, *end = p + bytes->len;
	for (guint group = 0; group < 1000 && p < end; group++) {
		HeaderScan scan;
		HeaderField field;
		header_scan_begin(&scan, p, (gsize)(end - p));
		while (header_scan_next(&scan, &field)) {
			g_autofree char *raw = header_raw(&field);
			if (header_field_is(&field, "Original-Recipient") || header_field_is(&field, "Final-Recipient") ||
			    header_field_is(&field, "Original-Rcpt-To") || header_field_is(&field, "Removal-Recipient"))
				add_reported(facts, raw);
			else if (header_field_is(&field, "Original-Message-ID"))
				keep_id(facts, raw);
			else if (header_field_is(&field, "Feedback-Type") && part_is(part, "message/feedback-report") && !facts->feedback_type)
				facts->feedback_type = header_token(&field);
		}
		if (scan.at == p)
			break;   /* no field and no empty line: the rest is prose */
		p = scan.at;
	}
}

typedef struct {
	char *id, *to, *jmrp_recipient;
} Returned;

static void read_returned(const char *bytes, gsize length, Returned *returned)
{
	HeaderScan scan;
	HeaderField field;
	header_scan_begin(&scan, bytes, length);
	while (header_scan_next(&scan, &field)) {
		char **to = header_field_is(&field, "Message-ID") ? &returned->id :
			    header_field_is(&field, "To") ? &returned->to :
			    header_field_is(&field, "X-HmXmrOriginalRecipient") ? &returned->jmrp_recipient : NULL;
		if (to && !*to)
			*to = header_raw(&field);
	}
}

static void find_returned(const Parts *parts, const Part *part, Returned *returned)
{
	if (part_is(part, "text/rfc822-headers") || part_is(part, "text/rfc822-header") || part_is(part, "message/rfc822-headers")) {
		g_autoptr(GByteArray) bytes = part_decode(part, MAX_REPORT);
		read_returned((const char *)bytes->data, bytes->len, returned);
	} else if (part_is_kind(part, "message/") && part->count) {
		const Part *message = part_at(parts, part->first);
		read_returned(message->header, (gsize)(message->end - message->header), returned);
	}
}

static gboolean is_report_part(const Part *part)
{
	return part_is(part, "message/delivery-status") || part_is(part, "message/global-delivery-status") ||
	       part_is(part, "message/feedback-report") || part_is(part, "message/disposition-notification");
}

static void conclude(Facts *facts, const Returned *returned, gboolean is_report)
{
	/* Microsoft's Junk Mail Reporting Program: the complainant stands inside the attached message only. */
	gboolean is_jmrp = returned->jmrp_recipient && facts->from && !g_ascii_strcasecmp(facts->from, "staff@hotmail.com");
	if (is_jmrp) {
		add_reported(facts, returned->jmrp_recipient);
		g_free(facts->feedback_type);
		facts->feedback_type = g_strdup("abuse");
	}
	if (!is_report && !is_jmrp)
		return;
	if (returned->id)
		keep_id(facts, returned->id);
	if (facts->feedback_type && !facts->reported->len && returned->to) {
		gboolean refused = FALSE;
		header_add_addresses(returned->to, facts->reported, MAX_REPORTED, NULL, &refused);
	}
}

void report_read(const Parts *parts, Facts *facts)
{
	const Part *root = part_at(parts, 0);
	gboolean is_report = part_is(root, "multipart/report");
	if (is_report)
		facts->report_type = g_strdup(root->report_type ? root->report_type : "");
	if (!part_is_kind(root, "multipart/") && !is_report_part(root))
		return;
	Returned returned = { 0 };
	/* At the top, or one level down where a gateway wrapped the report to add a footer; not in a forwarded message. */
	for (guint i = 0, looked_at = 0; i < parts->parts->len && part_at(parts, i)->depth <= 2 && looked_at < 100; i++) {
		const Part *part = part_at(parts, i);
		if (is_report_part(part)) {
			is_report = TRUE;
			read_fields(facts, part);
			looked_at++;
		} else if (part_is_kind(part, "message/") || part_is_kind(part, "text/rfc822-header")) {
			find_returned(parts, part, &returned);
			looked_at++;
		}
	}
	conclude(facts, &returned, is_report);
	g_free(returned.id);
	g_free(returned.to);
	g_free(returned.jmrp_recipient);
}
