#include "envelope.h"

#include <arpa/inet.h>
#include <string.h>

#include "address.h"

Envelope *envelope_new(void)
{
	Envelope *envelope = g_new0(Envelope, 1);
	envelope->sender = g_strdup("");
	envelope->recipients = g_ptr_array_new_with_free_func(g_free);
	return envelope;
}

void envelope_free(Envelope *envelope)
{
	if (!envelope)
		return;
	g_free(envelope->sender);
	g_ptr_array_unref(envelope->recipients);
	g_free(envelope->queue_id);
	g_free(envelope->client);
	g_free(envelope);
}

static char *without_brackets(const char *path)
{
	gsize length = strlen(path);
	return length >= 2 && path[0] == '<' && path[length - 1] == '>' ? g_strndup(path + 1, length - 2) : g_strdup(path);
}

void envelope_set_sender(Envelope *envelope, const char *sender)
{
	g_free(envelope->sender);
	envelope->sender = without_brackets(sender);
	/* pipe(8) without null_sender= hands the null sender over under this name (postconf(5), empty_address_recipient). */
	if (g_ascii_strcasecmp(envelope->sender, "MAILER-DAEMON") == 0)
		envelope->sender[0] = '\0';
}

void envelope_add_recipient(Envelope *envelope, const char *recipient)
{
	g_ptr_array_add(envelope->recipients, g_strdup(recipient));
}

/* Without quotation marks around the local part (RFC 5321 section 4.1.2: the same mailbox, but for what must be quoted). */
static char *without_quotes(char *address)
{
	char *at = strrchr(address, '@');
	if (*address != '"' || !at || at < address + 2 || at[-1] != '"')
		return address;
	char *to = address;
	for (char *from = address + 1; from < at - 1; from++) {
		if (*from == '\\' && from + 1 < at - 1)
			from++;
		*to++ = *from;
	}
	memmove(to, at, strlen(at) + 1);
	return address;
}

char *envelope_mailbox(const char *path)
{
	g_autofree char *address = without_brackets(path);
	/* A source route is to be ignored: RFC 5321 appendix C. */
	const char *start = *address == '@' && strchr(address, ':') ? strchr(address, ':') + 1 : address;
	char *plain = without_quotes(g_strdup(start));
	gsize length = strlen(plain);
	if (length && plain[length - 1] == '.')
		plain[length - 1] = '\0';
	return plain;
}

static const ConfigAddress *find(const Config *config, const char *address)
{
	for (guint i = 0; i < config->addresses->len; i++) {
		const ConfigAddress *ours = g_ptr_array_index(config->addresses, i);
		if (address_same(ours->address, address))
			return ours;
	}
	return NULL;
}

const ConfigAddress *envelope_our_address(const Config *config, const char *recipient)
{
	g_autofree char *address = envelope_mailbox(recipient);
	const ConfigAddress *ours = find(config, address);
	if (ours)
		return ours;
	g_autofree char *bare = address_without_detail(address, config->recipient_delimiter, NULL);
	return find(config, bare);
}

gboolean envelope_is_ours(const Config *config, const char *address)
{
	return address && envelope_our_address(config, address) != NULL;
}

gboolean envelope_is_from_stranger(const Envelope *envelope)
{
	const char *client = envelope->client;
	struct in_addr four;
	struct in6_addr six;
	if (!client)
		return FALSE;
	if (g_ascii_strncasecmp(client, "IPv6:", 5) == 0)   /* as Sendmail writes it in its macros */
		client += 5;
	if (inet_pton(AF_INET, client, &four) == 1) {
		guint32 host = ntohl(four.s_addr);
		return host >> 24 != 127 && host >> 24 != 10 && host >> 20 != 0xac1 && host >> 16 != 0xc0a8;
	}
	if (inet_pton(AF_INET6, client, &six) == 1)
		return !IN6_IS_ADDR_LOOPBACK(&six) && !IN6_IS_ADDR_LINKLOCAL(&six) && (six.s6_addr[0] & 0xfe) != 0xfc;
	return FALSE;
}
