#include "facts.h"

Facts *facts_new(void)
{
	Facts *facts = g_new0(Facts, 1);
	facts->references = g_ptr_array_new_with_free_func(g_free);
	facts->to = g_ptr_array_new_with_free_func(g_free);
	facts->delivered_to = g_ptr_array_new_with_free_func(g_free);
	facts->reported = g_ptr_array_new_with_free_func(g_free);
	facts->unread = g_ptr_array_new_with_free_func(g_free);
	facts->trouble = g_ptr_array_new_with_free_func(g_free);
	return facts;
}

void facts_free(Facts *facts)
{
	if (!facts)
		return;
	char *const strings[] = {
		facts->message_id,     facts->from,          facts->from_name,           facts->reply_to,
		facts->sender,         facts->subject,       facts->in_reply_to,         facts->auto_submitted,
		facts->precedence,     facts->suppress,      facts->report_type,         facts->list_unsubscribe,
		facts->feedback_type,  facts->original_message_id, facts->text,          facts->rest,
		facts->authentication_reason, facts->digest,
	};
	for (guint i = 0; i < G_N_ELEMENTS(strings); i++)
		g_free(strings[i]);
	g_ptr_array_unref(facts->references);
	g_ptr_array_unref(facts->to);
	g_ptr_array_unref(facts->delivered_to);
	g_ptr_array_unref(facts->reported);
	g_ptr_array_unref(facts->unread);
	g_ptr_array_unref(facts->trouble);
	g_free(facts);
}
