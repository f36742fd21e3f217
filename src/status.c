#include "status.h"

#include <sysexits.h>

G_DEFINE_QUARK(optout-status, status_error)

Status status_of(const GError *error)
{
	if (!error)
		return STATUS_OK;
	if (error->domain != STATUS_ERROR)
		return STATUS_TEMPORARY;
	return error->code == STATUS_PERMANENT ? STATUS_PERMANENT : STATUS_TEMPORARY;
}

gboolean status_fail(GError **error, Status status, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (error)
		*error = g_error_new_valist(STATUS_ERROR, status, format, args);
	va_end(args);
	return FALSE;
}

int status_exit_code(Status status)
{
	switch (status) {
	case STATUS_OK: return EX_OK;
	case STATUS_TEMPORARY: return EX_TEMPFAIL;
	case STATUS_PERMANENT: return EX_DATAERR;
	}
	return EX_TEMPFAIL;
}
