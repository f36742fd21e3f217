/* bench-libmilter - the peer of bench-milter: a filter on libmilter that takes every step, keeps the message and does nothing with it.
 *
 *   tests/bench-libmilter SOCKET
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <libmilter/mfapi.h>

typedef struct {
	char *bytes;
	size_t length, size;
} Message;

static sfsistat keep(SMFICTX *context, const void *bytes, size_t length)
{
	Message *message = smfi_getpriv(context);
	if (!message) {
		message = calloc(1, sizeof *message);
		if (!message || smfi_setpriv(context, message) != MI_SUCCESS)
			return SMFIS_TEMPFAIL;
	}
	if (message->length + length > message->size) {
		message->size = 2 * (message->length + length);
		char *larger = realloc(message->bytes, message->size);
		if (!larger)
			return SMFIS_TEMPFAIL;
		message->bytes = larger;
	}
	if (length)
		memcpy(message->bytes + message->length, bytes, length);
	message->length += length;
	return SMFIS_CONTINUE;
}

static sfsistat forget(SMFICTX *context)
{
	Message *message = smfi_getpriv(context);
	if (message)
		message->length = 0;
	return SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *context, char *host, _SOCK_ADDR *address)
{
	(void)address;
	return keep(context, host, strlen(host));
}

static sfsistat on_helo(SMFICTX *context, char *name)
{
	return keep(context, name, strlen(name));
}

static sfsistat on_mail(SMFICTX *context, char **arguments)
{
	forget(context);
	return keep(context, arguments[0], strlen(arguments[0]));
}

static sfsistat on_rcpt(SMFICTX *context, char **arguments)
{
	return keep(context, arguments[0], strlen(arguments[0]));
}

static sfsistat on_header(SMFICTX *context, char *name, char *value)
{
	keep(context, name, strlen(name));
	return keep(context, value, strlen(value));
}

static sfsistat on_eoh(SMFICTX *context)
{
	return keep(context, "\r\n", 2);
}

static sfsistat on_body(SMFICTX *context, unsigned char *bytes, size_t length)
{
	return keep(context, bytes, length);
}

static sfsistat on_eom(SMFICTX *context)
{
	forget(context);
	return SMFIS_ACCEPT;
}

static sfsistat on_close(SMFICTX *context)
{
	Message *message = smfi_getpriv(context);
	if (message)
		free(message->bytes);
	free(message);
	smfi_setpriv(context, NULL);
	return SMFIS_CONTINUE;
}

int main(int argc, char **argv)
{
	struct smfiDesc filter = {
		.xxfi_name = (char *)"bench", .xxfi_version = SMFI_VERSION, .xxfi_connect = on_connect, .xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail, .xxfi_envrcpt = on_rcpt, .xxfi_header = on_header, .xxfi_eoh = on_eoh, .xxfi_body = on_body,
		.xxfi_eom = on_eom, .xxfi_abort = forget, .xxfi_close = on_close
	};
	if (argc != 2)
		return EX_USAGE;
	if (smfi_setconn(argv[1]) != MI_SUCCESS || smfi_register(filter) != MI_SUCCESS)
		return EX_UNAVAILABLE;
	return smfi_main() == MI_SUCCESS ? EX_OK : EX_UNAVAILABLE;
}
