/* SPDX-License-Identifier: MIT */
/* Varlink messages: what is written is read back, and nothing beyond the members of the protocol is let in. L6, N9. */
#include "helper/protocol/varlink.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/json.h"
#include "helper/protocol/frame.h"
#include "helper/protocol/names.h"

#define ROWS(a) (sizeof(a) / sizeof((a)[0]))

static int parse_call(struct varlink_call *c, const char *text, size_t len)
{
	char *exact = malloc(len > 0 ? len : 1);
	int r;

	assert_non_null(exact);
	memcpy(exact, text, len);
	r = varlink_call_parse(c, exact, len);
	free(exact);
	return r;
}

static int parse_reply(struct varlink_reply *reply, const char *text, size_t len)
{
	char *exact = malloc(len > 0 ? len : 1);
	int r;

	assert_non_null(exact);
	memcpy(exact, text, len);
	r = varlink_reply_parse(reply, exact, len);
	free(exact);
	return r;
}

static void test_calls(void **state)
{
	static const struct {
		const char *text, *method, *parameters;
		bool more, oneway;
	} rows[] = {
		{"{\"method\":\"io.latchkey.Status\"}", METHOD_STATUS, "{}", false, false},
		{"{\"method\":\"x.a.B\",\"parameters\":{\"x\":1}}", "x.a.B", "{\"x\":1}", false, false},
		{"{\"method\":\"x.a.B\",\"parameters\":null,\"more\":null}", "x.a.B", "{}", false, false},
		{"{\"more\":true,\"parameters\":{},\"method\":\"x.a.B\"}", "x.a.B", "{}", true, false},
		{"{\"method\":\"x.a.B\",\"oneway\":true,\"more\":false}", "x.a.B", "{}", false, true},
		{"{\"method\":\"org.x-y.z1.GetInfo2\"}", "org.x-y.z1.GetInfo2", "{}", false, false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		LK_CLEANUP(varlink_call_done) struct varlink_call c = {0};

		assert_int_equal(parse_call(&c, rows[i].text, strlen(rows[i].text)), 0);
		assert_string_equal(c.method, rows[i].method);
		assert_string_equal(json_text(c.parameters), rows[i].parameters);
		assert_int_equal(c.more, rows[i].more);
		assert_int_equal(c.oneway, rows[i].oneway);
	}
}

static void test_refused_calls(void **state)
{
	static const char *const rows[] = {
		"",
		"null",
		"1",
		"\"x.a.B\"",
		"[]",
		"[{\"method\":\"x.a.B\"}]",
		"{}",
		"{\"method\":null}",
		"{\"method\":\"\"}",
		"{\"method\":1}",
		"{\"method\":[\"x.a.B\"]}",
		"{\"method\":\"B\"}",
		"{\"method\":\"a.B\"}",
		"{\"method\":\"1x.a.B\"}",
		"{\"method\":\"x.a.b\"}",
		"{\"method\":\"x.a.1B\"}",
		"{\"method\":\".x.B\"}",
		"{\"method\":\"a..x.B\"}",
		"{\"method\":\"a.x.-b.B\"}",
		"{\"method\":\"a.x.b-.B\"}",
		"{\"method\":\"x.a-.B\"}",
		"{\"method\":\"x.a.B-\"}",
		"{\"method\":\"a.B_\"}",
		"{\"method\":\"x.a.\"}",
		"{\"method\":\"x.a b.C\"}",
		"{\"method\":\"x.a/b.C\"}",
		"{\"method\":\"x.a.B\\n\"}",
		"{\"method\":\"x.\xc3\xa9.B\"}",
		"{\"method\":\"x.a.B\",\"more\":1}",
		"{\"method\":\"x.a.B\",\"more\":\"true\"}",
		"{\"method\":\"x.a.B\",\"oneway\":0}",
		"{\"method\":\"x.a.B\",\"more\":true,\"oneway\":true}",
		"{\"method\":\"x.a.B\",\"upgrade\":true}",
		"{\"method\":\"x.a.B\",\"upgrade\":false}",
		"{\"method\":\"x.a.B\",\"parameters\":[]}",
		"{\"method\":\"x.a.B\",\"parameters\":\"\"}",
		"{\"method\":\"x.a.B\",\"parameters\":0}",
		"{\"method\":\"x.a.B\",\"uid\":0}",
		"{\"method\":\"x.a.B\",\"Method\":\"x.a.C\"}",
		"{\"method\":\"x.a.B\",\"method\":\"x.a.C\"}",
		"{\"method\":\"x.a.B\",\"m\\u0065thod\":\"x.a.C\"}",
		"{\"method\":\"x.a.B\",\"parameters\":{\"user\":\"a\",\"user\":\"b\"}}",
		"{\"method\":\"x.a.B\"}{}",
		"{'method':'x.a.B'}",
	};
	struct varlink_call c = {.method = "untouched"};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		if (parse_call(&c, rows[i], strlen(rows[i])) != -EBADMSG)
			fail_msg("accepted: %s", rows[i]);
	}
	assert_int_equal(parse_call(&c, "{\"method\":\"x.a.B\"}", 19), -EBADMSG); /* its NUL is one byte too many */
	assert_string_equal(c.method, "untouched");
	assert_null(c.message);
}

static void test_every_truncation(void **state)
{
	static const char call[] = "{\"method\":\"x.a.B\",\"parameters\":{\"x\":[1,\"\\u00e9\"]},\"more\":true}";
	static const char reply[] = "{\"parameters\":{\"x\":[1,\"\\u00e9\"]},\"continues\":true}";
	struct varlink_call c;
	struct varlink_reply r;

	(void)state;
	for (size_t len = 0; len < strlen(call); len++)
		assert_int_equal(parse_call(&c, call, len), -EBADMSG);
	for (size_t len = 0; len < strlen(reply); len++)
		assert_int_equal(parse_reply(&r, reply, len), -EBADMSG);
}

static void test_longest_name(void **state)
{
	char text[VARLINK_NAME_MAX + 40];

	(void)state;
	for (size_t len = VARLINK_NAME_MAX - 1; len <= VARLINK_NAME_MAX + 1; len++) {
		LK_CLEANUP(varlink_call_done) struct varlink_call c = {0};
		LK_CLEANUP(buf_done) struct buf b;

		memset(text, 'x', len);
		memcpy(text, "x.a.B", 5);
		text[len] = '\0';
		buf_init(&b, 1000);
		buf_printf(&b, "{\"method\":\"%s\"}", text);
		assert_int_equal(parse_call(&c, b.data, b.len), len <= VARLINK_NAME_MAX ? 0 : -EBADMSG);
	}
}

static void test_largest_message(void **state)
{
	LK_CLEANUP(varlink_call_done) struct varlink_call c = {0};
	LK_CLEANUP(buf_done) struct buf b;

	(void)state;
	buf_init(&b, FRAME_MAX + 1);
	buf_append_text(&b, "{\"method\":\"x.a.B\"");
	while (b.len < FRAME_MAX - 1)
		buf_append_text(&b, " ");
	buf_append_text(&b, "}");
	assert_int_equal(parse_call(&c, b.data, b.len), 0);
	varlink_call_done(&c);
	buf_append_text(&b, " ");
	assert_int_equal(parse_call(&c, b.data, b.len), -E2BIG);
}

static void test_replies(void **state)
{
	static const struct {
		const char *text, *error, *parameters;
		bool continues;
	} rows[] = {
		{"{}", NULL, "{}", false},
		{"{\"parameters\":{\"a\":1}}", NULL, "{\"a\":1}", false},
		{"{\"parameters\":{\"a\":1},\"continues\":true}", NULL, "{\"a\":1}", true},
		{"{\"continues\":false,\"error\":null}", NULL, "{}", false},
		{"{\"error\":\"io.latchkey.Denied\",\"parameters\":{\"reason\":\"denied\"}}", ERROR_DENIED,
		 "{\"reason\":\"denied\"}", false},
		{"{\"error\":\"io.latchkey.NotOurs\"}", ERROR_NOT_OURS, "{}", false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		LK_CLEANUP(varlink_reply_done) struct varlink_reply r = {0};

		assert_int_equal(parse_reply(&r, rows[i].text, strlen(rows[i].text)), 0);
		if (rows[i].error)
			assert_string_equal(r.error, rows[i].error);
		else
			assert_null(r.error);
		assert_string_equal(json_text(r.parameters), rows[i].parameters);
		assert_int_equal(r.continues, rows[i].continues);
	}
}

/* An error must never pass for a success, whatever is wrong with it. */
static void test_refused_replies(void **state)
{
	static const char *const rows[] = {
		"",
		"null",
		"[]",
		"true",
		"{\"error\":\"\"}",
		"{\"error\":1}",
		"{\"error\":false}",
		"{\"error\":{}}",
		"{\"error\":\"denied\"}",
		"{\"error\":\"x.a.B\",\"continues\":true}",
		"{\"error\":\"x.a.B\",\"error\":null}",
		"{\"Error\":\"x.a.B\"}",
		"{\"parameters\":[]}",
		"{\"parameters\":1}",
		"{\"continues\":1}",
		"{\"continues\":\"\"}",
		"{\"result\":{}}",
		"{\"parameters\":{},\"more\":true}",
	};
	struct varlink_reply r = {.error = "untouched"};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		if (parse_reply(&r, rows[i], strlen(rows[i])) != -EBADMSG)
			fail_msg("accepted: %s", rows[i]);
	}
	assert_string_equal(r.error, "untouched");
	assert_null(r.message);
}

static void assert_written(struct buf *out, const char *expected)
{
	assert_int_equal(out->len, strlen(expected) + 1);
	assert_string_equal(out->data, expected);
	buf_consume(out, out->len);
}

static void test_writers(void **state)
{
	struct json_object *parameters = json_object_new_object();
	LK_CLEANUP(buf_done) struct buf out;

	(void)state;
	json_object_object_add(parameters, "user", json_object_new_string("a\"\\\n/\xc3\xbc"));
	buf_init(&out, 1000);

	assert_int_equal(varlink_write_call(&out, "x.a.B", NULL, false), 0);
	assert_written(&out, "{\"method\":\"x.a.B\",\"parameters\":{}}");
	assert_int_equal(varlink_write_call(&out, "x.a.B", parameters, true), 0);
	assert_written(&out,
		       "{\"method\":\"x.a.B\",\"parameters\":{\"user\":\"a\\\"\\\\\\n/\xc3\xbc\"},\"more\":true}");
	assert_int_equal(varlink_write_reply(&out, NULL, false), 0);
	assert_written(&out, "{\"parameters\":{}}");
	assert_int_equal(varlink_write_reply(&out, NULL, true), 0);
	assert_written(&out, "{\"parameters\":{},\"continues\":true}");
	assert_int_equal(varlink_write_error(&out, ERROR_NOT_OURS, NULL), 0);
	assert_written(&out, "{\"error\":\"io.latchkey.NotOurs\",\"parameters\":{}}");
	assert_int_equal(json_object_put(parameters), 1);
}

/* A reply that is too large can still be answered by an error. */
static void test_writers_at_the_maximum(void **state)
{
	struct json_object *parameters = json_object_new_object();
	LK_CLEANUP(buf_done) struct buf out;
	char *text = calloc(1, FRAME_MAX + 1);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', FRAME_MAX);
	json_object_object_add(parameters, "x", json_object_new_string(text));
	free(text);
	buf_init(&out, 2 * FRAME_MAX);
	assert_int_equal(varlink_write_reply(&out, parameters, false), -E2BIG);
	assert_int_equal(out.len, 0);
	assert_int_equal(varlink_write_error(&out, "x.a.B", NULL), 0);
	assert_written(&out, "{\"error\":\"x.a.B\",\"parameters\":{}}");
	json_object_put(parameters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_refused_calls),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_longest_name),
		cmocka_unit_test(test_largest_message),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_refused_replies),
		cmocka_unit_test(test_writers),
		cmocka_unit_test(test_writers_at_the_maximum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
