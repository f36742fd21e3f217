#include "reference.h"
#include "testing.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void test_uuid(void)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < 1000; i++) {
		char uuid[UUID_SIZE], reference[REFERENCE_SIZE], parsed[REFERENCE_SIZE];
		uuid_new(uuid);
		g_assert_true(uuid_is_valid(uuid));
		g_assert_cmpuint(uuid[14], ==, '4');
		g_assert_true(g_hash_table_add(seen, g_strdup(uuid)));
		reference_of(uuid, reference);
		g_assert_cmpuint(strlen(reference), ==, REFERENCE_SIZE - 1);
		g_assert_true(reference_parse(reference, parsed));
		g_assert_cmpstr(parsed, ==, reference);
	}
	static const char *const wrong[] = {
		NULL, "", "x", "00000000-0000-4000-8000-00000000000", "00000000-0000-4000-8000-0000000000000",
		"0000000000000-4000-8000-000000000000", "g0000000-0000-4000-8000-000000000000",
	};
	for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
		g_assert_false(uuid_is_valid(wrong[i]));
}

static void test_reference(void)
{
	static const struct { const char *uuid, *reference; } cases[] = {
		{ "00000000-0000-4000-8000-000000000000", "0000-0000" },
		{ "ffffffff-ffff-4fff-bfff-ffffffffffff", "ZZZZ-ZZZ7" },
		/* In bits 00000 00100 10001 10100 01010 11001 11100; by hand 25 + 25 + 20 + 20 + 3 + 4 + 0 = 97, and 31 more makes 128. */
		{ "01234567-89ab-4def-8123-456789abcdef", "04HM-ASWZ" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		char reference[REFERENCE_SIZE];
		reference_of(cases[i].uuid, reference);
		g_assert_cmpstr(reference, ==, cases[i].reference);
	}
}

static void test_forgiving(void)
{
	static const struct { const char *typed, *reference; } cases[] = {
		{ "04HM-ASWZ", "04HM-ASWZ" }, { "04hmaswz", "04HM-ASWZ" }, { " o4hm aswz\r\n", "04HM-ASWZ" }, { "O-4-H-M-A-S-W-Z", "04HM-ASWZ" },
		{ "oOoO-0000", "0000-0000" },
		{ "", NULL }, { "-", NULL }, { NULL, NULL }, { "04HM-ASW", NULL }, { "04HM-ASWZZ", NULL }, { "04HM_ASWZ", NULL },
		{ "U4HM-ASWZ", NULL }, { "04HM-ASW\xc3\xa9", NULL }, { "04HM–ASWZ", NULL },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		char reference[REFERENCE_SIZE];
		gboolean ok = reference_parse(cases[i].typed, reference);
		g_assert_cmpint(ok, ==, cases[i].reference != NULL);
		if (ok)
			g_assert_cmpstr(reference, ==, cases[i].reference);
	}
	/* 1 typed as I or L is the same reference. */
	char one[REFERENCE_SIZE], other[REFERENCE_SIZE];
	reference_of("08421084-21ab-4def-8123-456789abcdef", one);
	g_assert_true(g_str_has_prefix(one, "1111-111"));
	char typed[REFERENCE_SIZE] = "iIlL-1l1";
	typed[8] = one[8];
	g_assert_true(reference_parse(typed, other));
	g_assert_cmpstr(other, ==, one);
}

/* The check character finds every single wrong character, and every swap of neighbours but that of 0 and Z. */
static void test_check_character(void)
{
	for (guint round = 0; round < 50; round++) {
		char uuid[UUID_SIZE], reference[REFERENCE_SIZE], parsed[REFERENCE_SIZE];
		uuid_new(uuid);
		reference_of(uuid, reference);
		char plain[9] = "";
		memcpy(plain, reference, 4);
		memcpy(plain + 4, reference + 5, 5);
		for (guint at = 0; at < 8; at++) {
			char right = plain[at];
			for (const char *c = alphabet; *c; c++) {
				plain[at] = *c;
				g_assert_cmpint(reference_parse(plain, parsed), ==, *c == right);
			}
			plain[at] = right;
		}
		for (guint at = 0; at + 1 < 8; at++) {
			char left = plain[at], right = plain[at + 1];
			plain[at] = right;
			plain[at + 1] = left;
			gboolean blind = left == right || (left == '0' && right == 'Z') || (left == 'Z' && right == '0');
			g_assert_cmpint(reference_parse(plain, parsed), ==, blind);
			plain[at] = left;
			plain[at + 1] = right;
		}
	}
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/reference/uuid", test_uuid);
	g_test_add_func("/reference/of", test_reference);
	g_test_add_func("/reference/forgiving", test_forgiving);
	g_test_add_func("/reference/check-character", test_check_character);
	return g_test_run();
}
