/* SPDX-License-Identifier: MIT */
/*
 * The strict gate and the readers. Threats N8 (what is not JSON), N9 (members of the wrong type), T8 (a member twice,
 * also with escapes); RFC 8259.
 */
#include "helper/base/json.h"

#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/buf.h"

#define ROWS(a) (sizeof(a) / sizeof((a)[0]))

struct row {
	const char *text;
	size_t len;
};
#define TEXT(literal)                                                                                                  \
	{                                                                                                              \
		(literal), sizeof(literal) - 1                                                                         \
	}

static const struct row good[] = {
	TEXT("{}"),
	TEXT("[]"),
	TEXT(" \t\r\n[ 1 , 2 ]\n "),
	TEXT("null"),
	TEXT("true"),
	TEXT("false"),
	TEXT("0"),
	TEXT("-0"),
	TEXT("7"),
	TEXT("9223372036854775807"),
	TEXT("-9223372036854775808"),
	TEXT("0.5"),
	TEXT("-1.25e-3"),
	TEXT("1E+2"),
	TEXT("1e307"),
	TEXT("1e-999999999999999999999"),
	TEXT("0e999999"),
	TEXT("0.000e99999"),
	TEXT("123456789012345678901234567890.0"),
	TEXT("\"\""),
	TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\""),
	TEXT("\"\\ud83d\\udd11\""),
	TEXT("\"\x7f\xc3\xbc\xe2\x82\xac\xf0\x9f\x94\x91\""),
	TEXT("{\"a\":{\"a\":{\"a\":1}},\"A\":[{\"a\":1},{\"a\":2}],\"\":0,\"aa\":0}"),
	TEXT("{\"e\\u0301\":1,\"\xc3\xa9\":2}"), /* alike to the eye, other bytes */
};

static const struct row bad[] = {
	TEXT(""),
	TEXT(" "),
	TEXT("\xef\xbb\xbf{}"), /* byte order mark */
	TEXT("<html>"),
	TEXT("{"),
	TEXT("}"),
	TEXT("[1"),
	TEXT("[1,]"),
	TEXT("[,1]"),
	TEXT("[1 2]"),
	TEXT("[1}"),
	TEXT("{\"a\"}"),
	TEXT("{\"a\":}"),
	TEXT("{\"a\":1,}"),
	TEXT("{,\"a\":1}"),
	TEXT("{a:1}"),
	TEXT("{'a':1}"),
	TEXT("{1:1}"),
	TEXT("{\"a\":1 \"b\":2}"),
	TEXT("{\"a\"=1}"),
	TEXT("{\"a\"::1}"),
	TEXT("{} {}"),
	TEXT("{}x"),
	TEXT("{},"),
	TEXT("/**/{}"),
	TEXT("{} // c"),
	TEXT("[1]\0"),
	TEXT("\0"),
	TEXT("[\0]"),
	TEXT("\"a\0b\""),
	TEXT("\"\\u0000\""),
	TEXT("{\"\\u0000\":1}"),
	TEXT("\"\t\""),
	TEXT("\"\n\""),
	TEXT("\"\x1f\""),
	TEXT("\""),
	TEXT("\"\\\""),
	TEXT("\"\\"),
	TEXT("\"\\x41\""),
	TEXT("\"\\a\""),
	TEXT("\"\\'\""),
	TEXT("\"\\u12\""),
	TEXT("\"\\u12G4\""),
	TEXT("\"\\u 123\""),
	TEXT("\"\\ud83d\""),
	TEXT("\"\\ud83dx\""),
	TEXT("\"\\ud83d\\n\""),
	TEXT("\"\\ud83d\\ud83d\""),
	TEXT("\"\\ud83d\\u0041\""),
	TEXT("\"\\udd11\""),
	TEXT("\"\\udd11\\ud83d\""),
	TEXT("\"\xff\""),
	TEXT("\"\xc0\x80\""),
	TEXT("\"\xed\xa0\x80\""),
	TEXT("\"\xf4\x90\x80\x80\""),
	TEXT("\"\xe2\x82\""),
	TEXT("\xff\xfe{\0}\0"), /* UTF-16 */
	TEXT("{\0}\0"),
	TEXT("\xa0[]"),
	TEXT("\v[]"),
	TEXT("\f[]"),
	TEXT("[\xc2\xa0]"),
	TEXT("'a'"),
	TEXT("tru"),
	TEXT("truee"),
	TEXT("True"),
	TEXT("TRUE"),
	TEXT("nul"),
	TEXT("NULL"),
	TEXT("nan"),
	TEXT("NaN"),
	TEXT("Infinity"),
	TEXT("-Infinity"),
	TEXT("undefined"),
	TEXT("+1"),
	TEXT("-"),
	TEXT("--1"),
	TEXT("00"),
	TEXT("01"),
	TEXT("-01"),
	TEXT("00.5"),
	TEXT(".5"),
	TEXT("-.5"),
	TEXT("1."),
	TEXT("1.e1"),
	TEXT("1e"),
	TEXT("1e+"),
	TEXT("1e1.5"),
	TEXT("0x10"),
	TEXT("1_000"),
	TEXT("1,5"),
	TEXT("9223372036854775808"),
	TEXT("-9223372036854775809"),
	TEXT("10000000000000000000"),
	TEXT("1e308"),
	TEXT("1e400"),
	TEXT("-1e400"),
	TEXT("0.1e99999999999999999999"),
	TEXT("123.0e306"),
	/* T8 */
	TEXT("{\"sub\":1,\"sub\":1}"),
	TEXT("{\"sub\":1,\"s\\u0075b\":1}"),
	TEXT("{\"s\\u0075b\":1,\"\\u0073ub\":1}"),
	TEXT("{\"s\\u0075b\":1,\"x\":2,\"sub\":1}"),
	TEXT("{\"\":1,\"\":2}"),
	TEXT("{\"a\":{\"x\":1,\"y\":2,\"x\":3}}"),
	TEXT("[{\"x\":1,\"x\":3}]"),
	TEXT("{\"a\":{},\"b\":{\"c\":1},\"a\":1}"),
	TEXT("{\"\\/\":1,\"/\":2}"),
	TEXT("{\"\\n\":1,\"\\u000a\":2}"),
	TEXT("{\"\\u00FC\":1,\"\xc3\xbc\":2}"),
	TEXT("{\"\\u20ac\":1,\"\xe2\x82\xac\":2}"),
	TEXT("{\"\\ud83d\\udd11\":1,\"\xf0\x9f\x94\x91\":2}"),
};

/* From memory of exactly this length, so that a sanitizer sees one byte too many. */
static int parse(struct json_object **ret, const char *text, size_t len)
{
	char *exact = malloc(len > 0 ? len : 1);
	int checked, r;

	assert_non_null(exact);
	memcpy(exact, text, len);
	checked = json_check(exact, len);
	r = json_parse(ret, exact, len);
	assert_int_equal(checked, r);
	free(exact);
	return r;
}

static void test_accepts_rfc8259(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(good); i++) {
		struct json_object *o = NULL;

		if (parse(&o, good[i].text, good[i].len) != 0)
			fail_msg("refused: %s", good[i].text);
		json_put_wiped(o);
	}
}

static void test_refuses_all_else(void **state)
{
	struct json_object *o = NULL;

	(void)state;
	for (size_t i = 0; i < ROWS(bad); i++) {
		if (parse(&o, bad[i].text, bad[i].len) != -EBADMSG)
			fail_msg("accepted row %zu: %s", i, bad[i].text);
	}
	assert_null(o);
}

/* Whatever a whole message is cut to, what is left is refused. */
static void test_every_truncation(void **state)
{
	static const char text[] = "{\"a\\u0062\":[1.5e3,true,null,\"\\ud83d\\udd11\xc3\xbc\"],\"n\":{\"x\":-9}}";
	struct json_object *o = NULL;

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++)
		assert_int_equal(parse(&o, text, len), -EBADMSG);
	assert_int_equal(parse(&o, text, sizeof(text) - 1), 0);
	json_object_put(o);
	o = NULL;
	assert_int_equal(parse(&o, text, sizeof(text)), -EBADMSG); /* its NUL is one byte too many */
}

static char *nested(const char *opening, const char *inner, const char *closing, size_t levels)
{
	struct buf b;

	buf_init(&b, 4096);
	for (size_t i = 0; i < levels; i++)
		buf_append_text(&b, opening);
	buf_append_text(&b, inner);
	for (size_t i = 0; i < levels; i++)
		buf_append_text(&b, closing);
	return buf_steal(&b);
}

static void test_depth(void **state)
{
	static const char *const shapes[][3] = {
		{"[", "", "]"}, {"[", "1", "]"}, {"[[],", "{}", "]"}, {"{\"a\":", "{}", "}"}, {"{\"a\":", "null", "}"}};

	(void)state;
	for (size_t i = 0; i < ROWS(shapes); i++) {
		bool has_inner = strcmp(shapes[i][1], "{}") == 0;
		size_t most = has_inner ? JSON_MAX_DEPTH - 1 : JSON_MAX_DEPTH;
		char *deepest = nested(shapes[i][0], shapes[i][1], shapes[i][2], most);
		char *deeper = nested(shapes[i][0], shapes[i][1], shapes[i][2], most + 1);
		struct json_object *o = NULL;

		assert_int_equal(parse(&o, deepest, strlen(deepest)), 0);
		json_object_put(o);
		o = NULL;
		assert_int_equal(parse(&o, deeper, strlen(deeper)), -EBADMSG);
		free(deepest);
		free(deeper);
	}
}

static void test_size(void **state)
{
	char *text = malloc(JSON_MAX_BYTES + 1);
	struct json_object *o = NULL;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', JSON_MAX_BYTES + 1);
	memcpy(text, "[]", 2);
	assert_int_equal(parse(&o, text, JSON_MAX_BYTES), 0);
	json_object_put(o);
	o = NULL;
	assert_int_equal(parse(&o, text, JSON_MAX_BYTES + 1), -E2BIG);
	assert_null(o);
	free(text);
}

/* The largest message may consist of names alone, all of them alike for as long as possible. */
static void test_many_members(void **state)
{
	LK_CLEANUP(buf_done) struct buf b;
	struct json_object *o = NULL;

	(void)state;
	buf_init(&b, JSON_MAX_BYTES);
	for (unsigned int i = 0; i < 20000; i++)
		buf_printf(&b, "%s\"\\u0061%05u\":1", i == 0 ? "{" : ",", i);
	buf_append_text(&b, "}");
	assert_int_equal(buf_fault(&b), -E2BIG); /* escapes take more than the maximum */

	buf_done(&b);
	buf_init(&b, JSON_MAX_BYTES);
	for (unsigned int i = 0; i < 20000; i++)
		buf_printf(&b, "%s\"a%05u\":1", i == 0 ? "{" : ",", i);
	buf_append_text(&b, "}");
	assert_int_equal(buf_fault(&b), 0);
	assert_int_equal(json_parse(&o, b.data, b.len), 0);
	assert_int_equal(json_object_object_length(o), 20000);
	json_object_put(o);

	b.len--;
	buf_append_text(&b, ",\"\\u006100007\":1}");
	assert_int_equal(json_check(b.data, b.len), -EBADMSG);
}

static struct json_object *object(void)
{
	static const char text[] = "{\"s\":\"text\",\"empty\":\"\",\"i\":42,\"min\":-9223372036854775808,\"f\":3600.0,"
				   "\"e\":1e3,\"half\":0.5,\"big\":9007199254740994.0,\"huge\":1e300,\"t\":true,"
				   "\"no\":false,\"n\":null,\"o\":{\"x\":1},\"a\":[1,2,3]}";
	struct json_object *o = NULL;

	assert_int_equal(json_parse(&o, text, sizeof(text) - 1), 0);
	return o;
}

static void test_read_string(void **state)
{
	struct json_object *o = object();
	const char *text = "untouched";

	(void)state;
	assert_int_equal(json_read_string(o, "empty", 9, &text), -EBADMSG);
	assert_int_equal(json_read_string(o, "s", 3, &text), -EBADMSG);
	assert_int_equal(json_read_string(o, "i", 9, &text), -EBADMSG);
	assert_int_equal(json_read_string(o, "o", 9, &text), -EBADMSG);
	assert_int_equal(json_read_string(o, "a", 9, &text), -EBADMSG);
	assert_int_equal(json_read_string(o, "t", 9, &text), -EBADMSG);
	assert_int_equal(json_read_string(o, "n", 9, &text), -ENOENT);
	assert_int_equal(json_read_string(o, "S", 9, &text), -ENOENT);
	assert_int_equal(json_read_string(NULL, "s", 9, &text), -ENOENT);
	assert_string_equal(text, "untouched");
	assert_int_equal(json_read_string(o, "s", 4, &text), 0);
	assert_string_equal(text, "text");
	json_object_put(o);

	/* Not from the gate, but a program may build one. */
	o = json_object_new_object();
	json_object_object_add(o, "s", json_object_new_string_len("a\0b", 3));
	assert_int_equal(json_read_string(o, "s", 9, &text), -EBADMSG);
	json_object_put(o);
}

/* N9: strings, lists, fractions, 2^53 + 1 as a float, values beyond the bounds. */
static void test_read_int(void **state)
{
	static const char *const wrong[] = {"s", "empty", "half", "big", "huge", "t", "o", "a"};
	struct json_object *o = object();
	int64_t n = 4711;

	(void)state;
	for (size_t i = 0; i < ROWS(wrong); i++)
		assert_int_equal(json_read_int(o, wrong[i], INT64_MIN, INT64_MAX, &n), -EBADMSG);
	assert_int_equal(json_read_int(o, "i", 43, 99, &n), -EBADMSG);
	assert_int_equal(json_read_int(o, "i", 0, 41, &n), -EBADMSG);
	assert_int_equal(json_read_int(o, "f", 0, 3599, &n), -EBADMSG);
	assert_int_equal(json_read_int(o, "n", 0, 1, &n), -ENOENT);
	assert_int_equal(json_read_int(o, "none", 0, 1, &n), -ENOENT);
	assert_int_equal(n, 4711);

	assert_int_equal(json_read_int(o, "i", 42, 42, &n), 0);
	assert_int_equal(n, 42);
	assert_int_equal(json_read_int(o, "f", 0, 3600, &n), 0);
	assert_int_equal(n, 3600);
	assert_int_equal(json_read_int(o, "e", 0, 9999, &n), 0);
	assert_int_equal(n, 1000);
	assert_int_equal(json_read_int(o, "min", INT64_MIN, 0, &n), 0);
	assert_true(n == INT64_MIN);
	json_object_put(o);
}

static void test_read_the_others(void **state)
{
	struct json_object *o = object(), *inner = NULL;
	bool flag = false;

	(void)state;
	assert_int_equal(json_read_bool(o, "i", &flag), -EBADMSG);
	assert_int_equal(json_read_bool(o, "s", &flag), -EBADMSG);
	assert_int_equal(json_read_bool(o, "n", &flag), -ENOENT);
	assert_int_equal(json_read_bool(o, "t", &flag), 0);
	assert_true(flag);
	assert_int_equal(json_read_bool(o, "no", &flag), 0);
	assert_false(flag);

	assert_int_equal(json_read_object(o, "a", &inner), -EBADMSG);
	assert_int_equal(json_read_object(o, "n", &inner), -ENOENT);
	assert_int_equal(json_read_array(o, "o", 9, &inner), -EBADMSG);
	assert_int_equal(json_read_array(o, "a", 2, &inner), -EBADMSG);
	assert_int_equal(json_read_array(o, "none", 2, &inner), -ENOENT);
	assert_null(inner);
	assert_int_equal(json_read_array(o, "a", 3, &inner), 0);
	assert_int_equal(json_object_array_length(inner), 3);
	assert_int_equal(json_read_string(inner, "0", 9, &(const char *){NULL}), -ENOENT);
	assert_int_equal(json_read_object(o, "o", &inner), 0);
	assert_int_equal(json_object_object_length(inner), 1);
	json_object_put(o);
}

static void test_text_is_compact(void **state)
{
	static const char text[] = "{ \"a\" : [ 1, \"x\\/y\" ] }";
	struct json_object *o = NULL;

	(void)state;
	assert_int_equal(json_parse(&o, text, strlen(text)), 0);
	assert_string_equal(json_text(o), "{\"a\":[1,\"x/y\"]}");
	json_object_put(o);
}

/* A second reference shows what is left of the strings. */
static void test_put_wiped(void **state)
{
	static const char text[] = "{\"a\":{\"t\":\"token\",\"l\":[\"long enough for the heap, as tokens are\"]}}";
	struct json_object *o = NULL, *inner, *item, *list;
	const char *kept;

	(void)state;
	assert_int_equal(json_parse(&o, text, strlen(text)), 0);
	assert_int_equal(json_read_object(o, "a", &inner), 0);
	assert_int_equal(json_read_array(inner, "l", 1, &list), 0);
	inner = json_object_get(json_object_object_get(inner, "t"));
	item = json_object_get(json_object_array_get_idx(list, 0));
	kept = json_object_get_string(item);

	json_put_wiped(o);
	assert_memory_equal(json_object_get_string(inner), "\0\0\0\0\0", 5);
	for (int i = 0; i < json_object_get_string_len(item); i++)
		assert_int_equal(kept[i], 0);
	json_object_put(inner);
	json_object_put(item);
	json_put_wiped(NULL);
}

/* What is written is read again as the same, and it is the shortest form. */
static void write_string(void **state)
{
	static const struct {
		const char *text;
		const char *written;
	} rows[] = {
		{"", "\"\""},
		{"abc/", "\"abc/\""},
		{"a\"b\\c", "\"a\\\"b\\\\c\""},
		{"\n\x01\x1f\x7f", "\"\\u000a\\u0001\\u001f\x7f\""},
		{"\xc3\xa4\xf0\x9f\x94\x91", "\"\xc3\xa4\xf0\x9f\x94\x91\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		LK_CLEANUP(buf_done) struct buf b = {.max = 256};
		LK_CLEANUP(json_object_putp) struct json_object *o = NULL;

		json_write_string(&b, rows[i].text, strlen(rows[i].text));
		assert_int_equal(buf_fault(&b), 0);
		assert_string_equal(b.data, rows[i].written);
		assert_int_equal(json_parse(&o, b.data, b.len), 0);
		assert_string_equal(json_object_get_string(o), rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(write_string),
		cmocka_unit_test(test_accepts_rfc8259),
		cmocka_unit_test(test_refuses_all_else),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_many_members),
		cmocka_unit_test(test_read_string),
		cmocka_unit_test(test_read_int),
		cmocka_unit_test(test_read_the_others),
		cmocka_unit_test(test_text_is_compact),
		cmocka_unit_test(test_put_wiped),
	};

	/* A locale with a decimal comma, where there is one, must make no difference. */
	(void)setlocale(LC_ALL, "de_DE.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
