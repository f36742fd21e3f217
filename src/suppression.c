/* layer 3 values - suppression: an address that mail of a scope may no longer reach; declared in record.h. */
#include "fields.h"
#include "record.h"
#include "value.h"

enum { SUPPRESSION_VERSION = 1 };

Suppression *suppression_new(const char *address, const char *controller, const char *scope, gint64 since)
{
	Suppression *suppression = g_new0(Suppression, 1);
	suppression->address = g_strdup(address);
	suppression->controller = g_strdup(controller);
	suppression->scope = g_strdup(scope);
	suppression->since = since;
	return suppression;
}

void suppression_free(Suppression *suppression)
{
	if (!suppression)
		return;
	g_free(suppression->address);
	g_free(suppression->controller);
	g_free(suppression->scope);
	g_free(suppression->reason);
	g_free(suppression);
}

json_t *suppression_to_json(const Suppression *suppression)
{
	json_t *json = value_new(SUPPRESSION_VERSION);
	fields_set_string(json, "address", suppression->address);
	fields_set_string(json, "controller", suppression->controller);
	fields_set_string(json, "scope", suppression->scope);
	value_set_integer(json, "since", suppression->since);
	fields_set_string(json, "reason", suppression->reason);
	value_set_integer(json, "case", (gint64)suppression->case_number);
	return json;
}

Suppression *suppression_from_json(const json_t *json, GError **error)
{
	if (!value_check_version(json, "suppression", SUPPRESSION_VERSION, error))
		return NULL;
	g_autoptr(Suppression) suppression = g_new0(Suppression, 1);
	if (value_string(json, "address", &suppression->address, error) &&
	    value_string(json, "controller", &suppression->controller, error) &&
	    value_string(json, "scope", &suppression->scope, error) &&
	    value_instant(json, "since", &suppression->since, error) &&
	    value_optional_string(json, "reason", &suppression->reason, error) &&
	    value_number(json, "case", &suppression->case_number, error))
		return g_steal_pointer(&suppression);
	return NULL;
}
