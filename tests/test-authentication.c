#include "authentication.h"
#include "testing.h"

#define ID "mx.example"

static void test_one(void)
{
	static const struct { const char *value, *from; EvidenceLevel level; const char *reason; } cases[] = {
		{ ID "; dmarc=pass header.from=a.example", "u@a.example", EVIDENCE_E2, "dmarc=pass" },
		{ ID " 1; dmarc=pass", "u@a.example", EVIDENCE_E2, "dmarc=pass" },
		{ "\"" ID "\" ; DMARC = Pass (p=none; sp=none) header.from = A.example", "u@a.example", EVIDENCE_E2, "dmarc=pass" },
		{ "(c (nested \\) ) c) " ID " (c);\tdmarc/1=pass reason=\"; dmarc=fail\"", "u@a.example", EVIDENCE_E2, "dmarc=pass" },
		{ ID "; dmarc=pass header.from=other.example", "u@a.example", EVIDENCE_E0, "conflicting Authentication-Results" },
		{ ID "; dmarc=pass", NULL, EVIDENCE_E0, "no result that passed" },
		{ ID "; dmarc=fail; dkim=pass header.d=a.example; spf=pass", "u@a.example", EVIDENCE_E0, "dmarc=fail" },
		{ ID "; dmarc=pass; dmarc=fail", "u@a.example", EVIDENCE_E0, "conflicting Authentication-Results" },
		{ ID "; dmarc=none; spf=pass", "u@a.example", EVIDENCE_E1, "spf=pass" },
		/* internationalised domains, however each side writes them */
		{ ID "; dmarc=pass header.from=xn--bcher-kva.example", "u@bücher.example", EVIDENCE_E2, "dmarc=pass" },
		{ ID "; dmarc=pass header.from=bücher.example", "u@xn--bcher-kva.example", EVIDENCE_E2, "dmarc=pass" },
		{ ID "; dkim=pass header.d=xn--bcher-kva.example", "u@mail.bücher.example", EVIDENCE_E2, "dkim=pass of xn--bcher-kva.example" },
		{ ID "; dmarc=pass header.from=xn--bcher-kva.example", "u@bucher.example", EVIDENCE_E0, "conflicting Authentication-Results" },
		/* signatures: the domain itself or one above it */
		{ ID "; dkim=pass header.d=a.example", "u@a.example", EVIDENCE_E2, "dkim=pass of a.example" },
		{ ID "; dkim=pass header.d=a.example", "u@b.a.example", EVIDENCE_E2, "dkim=pass of a.example" },
		{ ID "; dkim=pass header.i=@a.example header.s=k", "u@a.example", EVIDENCE_E2, "dkim=pass of a.example" },
		{ ID "; dkim=pass header.i=u@a.example", "u@a.example", EVIDENCE_E2, "dkim=pass of a.example" },
		{ ID "; dkim=pass header.d=b.a.example", "u@a.example", EVIDENCE_E0, "no result that passed" },
		{ ID "; dkim=pass header.d=esp.example", "u@a.example", EVIDENCE_E0, "no result that passed" },
		{ ID "; dkim=pass header.d=example", "u@a.example", EVIDENCE_E0, "no result that passed" },
		{ ID "; dkim=pass header.d=ample.com", "u@example.com", EVIDENCE_E0, "no result that passed" },
		{ ID "; dkim=pass", "u@a.example", EVIDENCE_E0, "no result that passed" },
		{ ID "; dkim=fail header.d=a.example; spf=pass", "u@a.example", EVIDENCE_E0, "dkim=fail" },
		{ ID "; dkim=fail header.d=esp.example; spf=pass", "u@a.example", EVIDENCE_E1, "spf=pass" },
		{ ID "; dkim=fail header.d=a.example header.b=1; dkim=pass header.d=a.example header.b=2", "u@a.example", EVIDENCE_E2, "dkim=pass of a.example" },
		{ ID "; dkim=fail header.d=a.example; dkim=pass header.d=a.example", "u@a.example", EVIDENCE_E0, "conflicting Authentication-Results" },
		{ ID "; dkim=pass header.d=a.example; spf=fail", "u@a.example", EVIDENCE_E2, "dkim=pass of a.example" },
		{ ID "; spf=pass smtp.mailfrom=u@a.example", "u@a.example", EVIDENCE_E1, "spf=pass" },
		{ ID "; spf=softfail", "u@a.example", EVIDENCE_E0, "spf=fail" },
		{ ID "; none", "u@a.example", EVIDENCE_E0, "no result that passed" },
		{ ID "; arc=pass", "u@a.example", EVIDENCE_E0, "no result that passed" },
		{ ID "; x-dmarc=pass; dmarcx=pass; dmarc=passed", "u@a.example", EVIDENCE_E0, "no result that passed" },
		/* another's */
		{ "mx.example.evil; dmarc=pass", "u@a.example", EVIDENCE_E0, "no Authentication-Results of " ID },
		{ "x." ID "; dmarc=pass", "u@a.example", EVIDENCE_E0, "no Authentication-Results of " ID },
		{ "(" ID ") evil; dmarc=pass", "u@a.example", EVIDENCE_E0, "no Authentication-Results of " ID },
		{ "", "u@a.example", EVIDENCE_E0, "no Authentication-Results of " ID },
		/* broken */
		{ ID, "u@a.example", EVIDENCE_E0, "no result that passed" },
		{ ID "; dmarc", "u@a.example", EVIDENCE_E0, "no result that passed" },
		{ ID "; =pass; dmarc==pass", "u@a.example", EVIDENCE_E0, "no result that passed" },
		{ ID "; (dmarc=pass", "u@a.example", EVIDENCE_E0, "no result that passed" },
		{ ID "; spf=pass reason=\"; dmarc=pass", "u@a.example", EVIDENCE_E1, "spf=pass" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		AuthenticationField field = { cases[i].value, 0 };
		g_autofree char *reason = NULL;
		g_test_message("%s", cases[i].value);
		g_assert_cmpint(authentication_judge(&field, 1, ID, 0, cases[i].from, &reason), ==, cases[i].level);
		g_assert_cmpstr(reason, ==, cases[i].reason);
	}
}

static EvidenceLevel judge(const AuthenticationField *fields, guint count, const char *id, guint own_hops)
{
	g_autofree char *reason = NULL;
	EvidenceLevel level = authentication_judge(fields, count, id, own_hops, "u@a.example", &reason);
	g_assert_nonnull(reason);
	return level;
}

static void test_several(void)
{
	AuthenticationField fields[] = { { ID "; spf=pass", 0 }, { "other.example; dmarc=fail", 0 }, { ID "; dmarc=pass", 1 }, { ID "; dmarc=fail", 2 } };
	guint count = G_N_ELEMENTS(fields);
	g_assert_cmpint(judge(fields, count, ID, 0), ==, EVIDENCE_E1);   /* only what stands above the first Received */
	g_assert_cmpint(judge(fields, count, ID, 1), ==, EVIDENCE_E2);
	g_assert_cmpint(judge(fields, count, ID, 2), ==, EVIDENCE_E0);   /* pass and fail */
	g_assert_cmpint(judge(fields, count, NULL, 2), ==, EVIDENCE_E0);
	g_assert_cmpint(judge(fields, count, "", 2), ==, EVIDENCE_E0);
	g_assert_cmpint(judge(fields, count, "MX.example", 0), ==, EVIDENCE_E1);   /* a domain's case means nothing */
	g_assert_cmpint(judge(NULL, 0, ID, 0), ==, EVIDENCE_E0);
}

static void test_hostile(void)
{
	static const char *const units[] = { ";", "(", "\"", "=", ";a=b", "\\", ";dkim=pass header.d=a.example header.b=", "((()" };
	for (guint i = 0; i < G_N_ELEMENTS(units); i++) {
		g_autoptr(GString) value = g_string_new(ID);
		while (value->len < 64 * 1024)
			g_string_append(value, units[i]);
		g_string_append(value, ";dmarc=pass");
		AuthenticationField field = { value->str, 0 };
		g_assert_cmpint(judge(&field, 1, ID, 0), ==, EVIDENCE_E0);
	}
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/authentication/one", test_one);
	g_test_add_func("/authentication/several", test_several);
	g_test_add_func("/authentication/hostile", test_hostile);
	return g_test_run();
}
