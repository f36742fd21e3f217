/* layer 0 ground - config-advice: what is legal in a configuration but probably not meant; declared in config.h. */
#include "config.h"

GPtrArray *config_advice(const Config *config)
{
	GPtrArray *advice = g_ptr_array_new_with_free_func(g_free);
	if (!config->addresses->len)
		g_ptr_array_add(advice, g_strdup("no [address …] group: no message is ours, nothing will be recorded"));
	if (!config->authserv_id)
		g_ptr_array_add(advice, g_strdup("no authserv-id: no sender is authenticated, so every acknowledgement is held until an operator releases it"));
	if (!config->smtp.url)
		g_ptr_array_add(advice, g_strdup("no [smtp] url: acknowledgements are queued and can't be sent"));
	if (config->smtp.url && config->smtp.tls != CONFIG_TLS_REQUIRED && config->smtp.user)
		g_ptr_array_add(advice, g_strdup("[smtp] tls is not \"required\": the password may cross the network in the clear"));
	if (config->observe)
		g_ptr_array_add(advice, g_strdup("mode = observe: everything is recorded and delivered, nothing is sent or suppressed"));
	for (guint i = 0; i < config->addresses->len; i++) {
		const ConfigAddress *address = g_ptr_array_index(config->addresses, i);
		if (address->role == ROLE_PRIVACY && address->after == AFTER_DISCARD)
			g_ptr_array_add(advice, g_strdup_printf("%s: after = discard at a privacy address: requests are only in the queue, not in a mailbox", address->address));
	}
	return advice;
}
