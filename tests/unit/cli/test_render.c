/* SPDX-License-Identifier: MIT */
/* What reaches the terminal: times, durations, foreign text. Threats N17 and R12. */
#include "helper/cli/render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/json.h"
#include "tests/unit/cli/capture.h"

static struct json_object *parse(const char *text)
{
	struct json_object *o = NULL;

	assert_int_equal(json_parse(&o, text, strlen(text)), 0);
	return o;
}

static void test_times(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} rows[] = {
		{0, "1970-01-01 00:00:00 UTC"},
		{1700000000, "2023-11-14 22:13:20 UTC"},
		{4102444800, "2100-01-01 00:00:00 UTC"},
		{-1, "1969-12-31 23:59:59 UTC"},
		{INT64_MAX, "9223372036854775807 s since 1970"},
		{INT64_MIN, "-9223372036854775808 s since 1970"},
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		render_time(text, sizeof(text), rows[i].seconds);
		assert_string_equal(text, rows[i].text);
	}
	(void)setenv("TZ", "JST-9", 1);
	render_time(text, sizeof(text), 1700000000);
	assert_string_equal(text, "2023-11-15 07:13:20 JST");
	(void)setenv("TZ", "UTC", 1);
}

static void test_durations(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} rows[] = {
		{0, "0 s"},          {59, "59 s"},           {60, "1 min 0 s"},    {3599, "59 min 59 s"},
		{3600, "1 h 0 min"}, {86399, "23 h 59 min"}, {86400, "1 day 0 h"}, {2 * 86400 + 7200, "2 days 2 h"},
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		render_duration(text, sizeof(text), rows[i].seconds);
		assert_string_equal(text, rows[i].text);
	}
}

static void test_json_is_ascii(void **state)
{
	static const char text[] = "{\"J\xc3\xbc\":\"\xe2\x80\xae\xc2\x9b\x7f\xf0\x9f\x94\x91\\u001b\\n\"}";
	struct json_object *o = parse(text), *again;
	struct capture c;

	(void)state;
	capture_open(&c);
	render_json(c.out, o);
	capture_close(&c);
	assert_string_equal(c.out_text, "{\"J\\u00fc\":\"\\u202e\\u009b\\u007f\\ud83d\\udd11\\u001b\\n\"}");
	again = parse(c.out_text);
	assert_true(json_object_equal(o, again));
	json_object_put(again);
	json_object_put(o);
	capture_free(&c);
}

static void test_members(void **state)
{
	struct json_object *o =
		parse("{\"s\":\"a\\u001b]0;x\\u0007\\nb\",\"n\":42,\"z\":null,\"l\":[\"\xe2\x80\xae\"],\"e\":\"\"}");
	struct command command = {.utf8 = true};
	struct capture c;

	(void)state;
	capture_open(&c);
	command.out = c.out;
	render_member(&command, "s", o, "s");
	render_member(&command, "n", o, "n");
	render_member(&command, "z", o, "z");
	render_member(&command, "none", o, "none");
	render_member(&command, "l", o, "l");
	render_member(&command, "e", o, "e");
	render_member(&command, "no object", NULL, "e");
	render_line(&command, "text", "x\x1by");
	capture_close(&c);
	assert_string_equal(c.out_text, "s              a?]0;x??b\n"
					"n              42\n"
					"z              -\n"
					"none           -\n"
					"l              [\"?\"]\n"
					"e              \n"
					"no object      -\n"
					"text           x?y\n");
	json_object_put(o);
	capture_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_json_is_ascii),
		cmocka_unit_test(test_members),
	};

	/* Where dates are read decides how they look. */
	(void)setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
