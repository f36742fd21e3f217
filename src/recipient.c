#include "recipient.h"

#include <string.h>

#include "address.h"

/* Lower case, without `-`, `_` and `.`. */
static const char *const opt_out_names[] = {
	"unsubscribe", "unsub", "unsubscribes", "optout", "optouts", "remove", "removeme", "leave",
	"listunsubscribe", "stop", "nomail", "signoff", "abmelden", "abmeldung", "austragen", "desinscription",
	"desabonnement", "desinscrire", "baja", "bajas", "disiscrizione", "cancellami", "afmelden", "uitschrijven",
	"avregistrera", "avprenumerera", "frameld", "afmeld", "wypisz", "cancelar", "descadastro", "odhlasit",
	"leiratkozas", "dezabonare", "otpiska", "unsubscriberequests", "optoutrequests", "donotemail", "suppress",
	"suppression",
};

static const char *const privacy_names[] = {
	"privacy", "datenschutz", "dsb", "dpo", "gdpr", "dsgvo", "rgpd", "dataprotection", "dataprivacy",
	"privacyoffice", "privacyofficer", "dataprotectionofficer", "ccpa", "dsar", "dsr", "privacyrequest",
	"privacyrequests", "datarequests", "confidentialite", "privacidad", "privacidade", "lgpd", "avg",
	"datenschutzbeauftragter", "datenschutzbeauftragte", "protezionedati", "proteccionddatos",
	"protecciondedatos", "lopd", "dados", "iod", "rodo", "gegevensbescherming", "personuppgifter", "dataskydd",
	"databeskyttelse", "tietosuoja", "osobniudaje", "myprivacy", "donotsell", "dataombud", "dataombudsman",
	"kvkk",
};

static gboolean is_among(const char *local, const char *const *names, guint count)
{
	for (guint i = 0; i < count; i++)
		if (g_str_equal(local, names[i]))
			return TRUE;
	return FALSE;
}

gboolean recipient_usual_role(const char *address, const char *delimiters, Role *role)
{
	if (!address)
		return FALSE;
	g_autofree char *bare = address_without_detail(address, delimiters ? delimiters : "+", NULL);
	const char *at = strrchr(bare, '@');
	g_autoptr(GString) local = g_string_new(NULL);
	for (const char *p = bare; *p && p != at; p++)
		if (!strchr("-_.<", *p))
			g_string_append_c(local, g_ascii_tolower(*p));
	if (is_among(local->str, opt_out_names, G_N_ELEMENTS(opt_out_names)))
		*role = ROLE_OPT_OUT;
	else if (is_among(local->str, privacy_names, G_N_ELEMENTS(privacy_names)))
		*role = ROLE_PRIVACY;
	else
		return FALSE;
	return TRUE;
}

const char *recipient_of(const Facts *facts, const char *delimiters)
{
	Role role;
	for (guint i = 0; i < facts->delivered_to->len; i++)
		if (recipient_usual_role(facts->delivered_to->pdata[i], delimiters, &role))
			return facts->delivered_to->pdata[i];
	for (guint i = 0; i < facts->to->len; i++)
		if (recipient_usual_role(facts->to->pdata[i], delimiters, &role))
			return facts->to->pdata[i];
	if (facts->delivered_to->len)
		return facts->delivered_to->pdata[0];
	return facts->to->len ? facts->to->pdata[0] : NULL;
}
