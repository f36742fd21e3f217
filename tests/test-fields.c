#include "fields.h"
#include "status.h"
#include "testing.h"

static json_t *load(const char *text)
{
	json_error_t where;
	json_t *json = json_loads(text, JSON_ALLOW_NUL, &where);
	g_assert_nonnull(json);
	return json;
}

static void fails(gboolean ok, GError **error, const char *words)
{
	g_assert_false(ok);
	g_assert_error(*error, STATUS_ERROR, STATUS_TEMPORARY);
	g_assert_nonnull(strstr((*error)->message, words));
	g_clear_error(error);
}

static void test_string(void)
{
	json_t *json = load("{\"a\":\"käse\",\"n\":null,\"i\":1,\"z\":\"a\\u0000b\"}");
	GError *error = NULL;
	char *value;
	g_assert_true(fields_string(json, "a", 5, &value, &error));
	g_assert_cmpstr(value, ==, "käse");
	g_free(value);
	fails(fields_string(json, "a", 4, &value, &error), &error, "\"a\" is longer than 4");
	g_assert_null(value);
	fails(fields_string(json, "b", 4, &value, &error), &error, "\"b\" is missing");
	fails(fields_string(json, "n", 4, &value, &error), &error, "not a string");
	fails(fields_string(json, "i", 4, &value, &error), &error, "not a string");
	fails(fields_string(json, "z", 4, &value, &error), &error, "NUL");
	g_assert_true(fields_optional_string(json, "b", 4, &value, &error));
	g_assert_null(value);
	g_assert_true(fields_optional_string(json, "n", 4, &value, &error));
	g_assert_null(value);
	fails(fields_optional_string(json, "i", 4, &value, &error), &error, "\"i\"");
	fails(fields_optional_string(json, "a", 4, &value, &error), &error, "longer");
	json_decref(json);
}

static void test_numbers(void)
{
	json_t *json = load("{\"i\":7,\"r\":0.5,\"t\":true,\"f\":false,\"s\":\"7\",\"big\":9223372036854775807}");
	GError *error = NULL;
	gint64 i = 0;
	double r = 0;
	gboolean b = FALSE;
	g_assert_true(fields_integer(json, "i", 7, 7, &i, &error));
	g_assert_cmpint(i, ==, 7);
	g_assert_true(fields_integer(json, "big", 0, G_MAXINT64, &i, &error));
	g_assert_cmpint(i, ==, G_MAXINT64);
	fails(fields_integer(json, "i", 8, 9, &i, &error), &error, "out of range");
	fails(fields_integer(json, "i", 0, 6, &i, &error), &error, "out of range");
	fails(fields_integer(json, "r", 0, 6, &i, &error), &error, "not an integer");
	fails(fields_integer(json, "s", 0, 6, &i, &error), &error, "not an integer");
	fails(fields_integer(json, "x", 0, 6, &i, &error), &error, "missing");
	g_assert_true(fields_real(json, "r", 0, 1, &r, &error));
	g_assert_cmpfloat(r, ==, 0.5);
	g_assert_true(fields_real(json, "i", 0, 7, &r, &error));
	fails(fields_real(json, "i", 0, 1, &r, &error), &error, "out of range");
	fails(fields_real(json, "t", 0, 1, &r, &error), &error, "not a number");
	fails(fields_real(json, "x", 0, 1, &r, &error), &error, "missing");
	g_assert_true(fields_boolean(json, "t", &b, &error));
	g_assert_true(b);
	g_assert_true(fields_boolean(json, "f", &b, &error));
	g_assert_false(b);
	fails(fields_boolean(json, "i", &b, &error), &error, "true or false");
	fails(fields_boolean(json, "x", &b, &error), &error, "missing");
	json_decref(json);
}

static void test_containers(void)
{
	json_t *json = load("{\"a\":[\"x\",\"y\"],\"m\":[\"x\",1],\"o\":{},\"s\":\"x\",\"e\":[]}");
	GError *error = NULL;
	g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
	g_assert_true(fields_strings(json, "a", 2, 1, values, &error));
	g_assert_true(fields_strings(json, "absent", 2, 1, values, &error));
	g_assert_true(fields_strings(json, "e", 0, 1, values, &error));
	g_assert_cmpuint(values->len, ==, 2);
	g_assert_cmpstr(g_ptr_array_index(values, 1), ==, "y");
	fails(fields_strings(json, "a", 1, 1, values, &error), &error, "more than 1 items");
	fails(fields_strings(json, "a", 2, 0, values, &error), &error, "longer");
	fails(fields_strings(json, "m", 2, 1, values, &error), &error, "not a string");
	fails(fields_strings(json, "s", 2, 1, values, &error), &error, "not an array");
	const json_t *inner = NULL;
	g_assert_true(fields_array(json, "a", 2, &inner, &error));
	g_assert_cmpuint(json_array_size(inner), ==, 2);
	fails(fields_array(json, "a", 1, &inner, &error), &error, "more than");
	fails(fields_array(json, "o", 1, &inner, &error), &error, "not an array");
	fails(fields_array(json, "x", 1, &inner, &error), &error, "missing");
	g_assert_true(fields_object(json, "o", &inner, &error));
	g_assert_true(json_is_object(inner));
	fails(fields_object(json, "a", &inner, &error), &error, "not an object");
	fails(fields_object(json, "x", &inner, &error), &error, "missing");
	json_decref(json);
	/* An array where an object should be has no fields at all. */
	json = load("[1]");
	fails(fields_object(json, "o", &inner, &error), &error, "missing");
	json_decref(json);
}

static void test_set(void)
{
	g_autoptr(GPtrArray) values = g_ptr_array_new();
	g_ptr_array_add(values, (char *)"a\xff");
	g_ptr_array_add(values, (char *)"b");
	json_t *json = json_object();
	fields_set_string(json, "s", "latin \xe9");
	fields_set_string(json, "n", NULL);
	fields_set_strings(json, "l", values);
	fields_set_strings(json, "none", NULL);
	char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	g_assert_cmpstr(text, ==, "{\"l\":[\"a\xef\xbf\xbd\",\"b\"],\"n\":null,\"none\":[],\"s\":\"latin \xef\xbf\xbd\"}");
	free(text);
	json_decref(json);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/fields/string", test_string);
	g_test_add_func("/fields/numbers", test_numbers);
	g_test_add_func("/fields/containers", test_containers);
	g_test_add_func("/fields/set", test_set);
	return g_test_run();
}
