/* SPDX-License-Identifier: MIT */
/* What latchkeyd and latchkey-fetch say to each other: both directions, everything that must be refused (L6), limits. */
#include "helper/fetch/wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/secret.h"

static const struct fetch_profile plain = {.name = "main"};

/* Hands the frames of @out to a reader of questions one by one; the last verdict counts. */
static int take_questions(const struct buf *out, struct wire_question **ret)
{
	LK_CLEANUP(wire_question_freep) struct wire_question *pending = NULL;
	int r = 0;

	for (size_t at = 0; at < out->len;) {
		size_t len = strlen(out->data + at);

		assert_int_equal(r, 0);
		r = wire_take_question(&pending, out->data + at, len, ret);
		if (r < 0)
			return r;
		at += len + 1;
	}
	return r;
}

static int take_answers(const struct buf *out, struct wire_answer **ret)
{
	LK_CLEANUP(wire_answer_freep) struct wire_answer *pending = NULL;
	int r = 0;

	for (size_t at = 0; at < out->len;) {
		size_t len = strlen(out->data + at);

		assert_int_equal(r, 0);
		r = wire_take_answer(&pending, out->data + at, len, ret);
		if (r < 0)
			return r;
		at += len + 1;
	}
	return r;
}

static int take_one_question(const char *head)
{
	LK_CLEANUP(wire_question_freep) struct wire_question *pending = NULL;
	LK_CLEANUP(wire_question_freep) struct wire_question *q = NULL;
	int r = wire_take_question(&pending, head, strlen(head), &q);

	assert_true((q != NULL) == (r == 1));
	assert_true((pending != NULL) == (r == 0));
	return r;
}

static int take_one_answer(const char *head)
{
	LK_CLEANUP(wire_answer_freep) struct wire_answer *pending = NULL;
	LK_CLEANUP(wire_answer_freep) struct wire_answer *a = NULL;
	int r = wire_take_answer(&pending, head, strlen(head), &a);

	assert_true((a != NULL) == (r == 1));
	assert_true((pending != NULL) == (r == 0));
	return r;
}

/* --- both directions ------------------------------------------------------------------------------------------------- */

static void question_survives_the_way(void **state)
{
	static const char *const headers[] = {"Accept: application/json", "Authorization: Basic \"\\x", NULL};
	static const struct fetch_profile profile = {.name = "caf\xc3\xa9 \"\\",
						     .ca_file = "/etc/a b.pem",
						     .ca_directory = "/etc/certs",
						     .proxy = "http://proxy:3128",
						     .client_certificate = "/etc/a.pem",
						     .client_key = "credential:a",
						     .allow_loopback_http = true};
	static const struct fetch_request request = {.profile = &profile,
						     .url = "https://idp.example/token?a=%22",
						     .headers = headers,
						     .method = "PUT",
						     .body = "a\0b=\xff",
						     .body_len = 5,
						     .timeout_ms = 30000};
	LK_CLEANUP(wire_question_freep) struct wire_question *q = NULL;
	LK_CLEANUP(buf_done) struct buf out;

	(void)state;
	buf_init(&out, WIRE_FRAME_MAX);
	assert_int_equal(wire_write_start(&out, WIRE_ID_MAX, &request), 0);
	assert_int_equal(take_questions(&out, &q), 1);
	assert_false(q->is_cancel);
	assert_true(q->id == WIRE_ID_MAX);
	assert_string_equal(q->request.url, request.url);
	assert_int_equal(q->request.timeout_ms, 30000);
	assert_string_equal(q->request.headers[0], headers[0]);
	assert_string_equal(q->request.headers[1], headers[1]);
	assert_null(q->request.headers[2]);
	assert_int_equal(q->request.body_len, 5);
	assert_memory_equal(q->request.body, "a\0b=\xff", 6);
	assert_string_equal(q->request.profile->name, profile.name);
	assert_string_equal(q->request.profile->ca_file, profile.ca_file);
	assert_string_equal(q->request.profile->ca_directory, profile.ca_directory);
	assert_string_equal(q->request.profile->proxy, profile.proxy);
	assert_string_equal(q->request.profile->client_certificate, profile.client_certificate);
	assert_string_equal(q->request.profile->client_key, profile.client_key);
	assert_string_equal(q->request.method, "PUT");
	assert_true(q->request.profile->allow_loopback_http);
}

static void get_and_empty_post_stay_apart(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct fetch_request request = {.profile = &plain, .url = "https://idp.example/", .timeout_ms = 1};
		LK_CLEANUP(wire_question_freep) struct wire_question *q = NULL;
		LK_CLEANUP(buf_done) struct buf out;

		(void)state;
		request.body = i == 0 ? NULL : "";
		buf_init(&out, WIRE_FRAME_MAX);
		assert_int_equal(wire_write_start(&out, 1, &request), 0);
		assert_int_equal(take_questions(&out, &q), 1);
		assert_true((q->request.body == NULL) == (i == 0));
		assert_int_equal(q->request.body_len, 0);
		assert_null(q->request.headers);
		assert_null(q->profile.proxy);
		assert_null(q->profile.client_key);
		assert_null(q->request.method);
		assert_false(q->profile.allow_loopback_http);
	}
}

static void cancel_survives_the_way(void **state)
{
	LK_CLEANUP(wire_question_freep) struct wire_question *q = NULL;
	LK_CLEANUP(buf_done) struct buf out;

	(void)state;
	buf_init(&out, WIRE_FRAME_MAX);
	assert_int_equal(wire_write_cancel(&out, 77), 0);
	assert_int_equal(take_questions(&out, &q), 1);
	assert_true(q->is_cancel);
	assert_int_equal(q->id, 77);
}

static void reply_survives_the_way(void **state)
{
	static const struct fetch_reply reply = {.status = 429,
						 .content_type = "application/json; x=\"\\\"",
						 .date_s = 1790000000,
						 .retry_after_s = 3600,
						 .body = "{\"error\":\"slow_down\"}\0x",
						 .body_len = 23};
	LK_CLEANUP(wire_answer_freep) struct wire_answer *a = NULL;
	LK_CLEANUP(buf_done) struct buf out;

	(void)state;
	buf_init(&out, WIRE_FRAME_MAX);
	assert_int_equal(wire_write_answer(&out, 9, FETCH_DONE, &reply, ""), 0);
	assert_int_equal(take_answers(&out, &a), 1);
	assert_int_equal(a->id, 9);
	assert_int_equal(a->outcome, FETCH_DONE);
	assert_string_equal(a->detail, "");
	assert_int_equal(a->reply.status, 429);
	assert_string_equal(a->reply.content_type, reply.content_type);
	assert_true(a->reply.date_s == 1790000000);
	assert_int_equal(a->reply.retry_after_s, 3600);
	assert_int_equal(a->reply.body_len, 23);
	assert_memory_equal(a->reply.body, reply.body, 23);
	assert_int_equal(a->reply.body[23], 0);
}

static void bare_reply_survives_the_way(void **state)
{
	static const struct fetch_reply reply = {.status = 204, .content_type = "", .body = ""};
	LK_CLEANUP(wire_answer_freep) struct wire_answer *a = NULL;
	LK_CLEANUP(buf_done) struct buf out;

	(void)state;
	buf_init(&out, WIRE_FRAME_MAX);
	assert_int_equal(wire_write_answer(&out, 1, FETCH_DONE, &reply, ""), 0);
	assert_int_equal(take_answers(&out, &a), 1);
	assert_string_equal(a->reply.content_type, "");
	assert_string_equal(a->reply.body, "");
	assert_true(a->reply.date_s == 0);
}

static void every_outcome_survives_the_way(void **state)
{
	(void)state;
	for (int o = FETCH_TIMEOUT; o <= FETCH_OVERLOADED; o++) {
		LK_CLEANUP(wire_answer_freep) struct wire_answer *a = NULL;
		LK_CLEANUP(buf_done) struct buf out;

		buf_init(&out, WIRE_FRAME_MAX);
		assert_int_equal(wire_write_answer(&out, 1, (enum fetch_outcome)o, NULL, o % 2 ? "because" : ""), 0);
		assert_int_equal(take_answers(&out, &a), 1);
		assert_int_equal(a->outcome, o);
		assert_string_equal(a->detail, o % 2 ? "because" : "");
	}
}

/* --- refusals of the readers (L6, N9) -------------------------------------------------------------------------------- */

#define GOOD_QUESTION "{\"start\":1,\"profile\":{\"name\":\"a\"},\"url\":\"https://a/\",\"timeout_ms\":9}"
#define QUESTION(profile, rest) "{\"start\":1,\"profile\":{" profile "},\"url\":\"https://a/\"," rest "}"

static void questions_that_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"{}",
		"[]",
		"null",
		"1",
		"\"start\"",
		"{\"start\":1}",
		"{\"cancel\":0}",
		"{\"cancel\":-1}",
		"{\"cancel\":\"1\"}",
		"{\"cancel\":null}",
		"{\"cancel\":1.5}",
		"{\"cancel\":9007199254740993}",
		"{\"cancel\":1,\"start\":1}",
		"{\"cancel\":1,\"cancel\":2}",
		"{\"cancel\":1,\"more\":true}",
		"{\"start\":0,\"profile\":{\"name\":\"a\"},\"url\":\"https://a/\",\"timeout_ms\":9}",
		"{\"start\":1,\"start\":1,\"profile\":{\"name\":\"a\"},\"url\":\"https://a/\",\"timeout_ms\":9}",
		"{\"start\":1,\"profile\":[],\"url\":\"https://a/\",\"timeout_ms\":9}",
		"{\"start\":1,\"profile\":{\"name\":\"a\"},\"url\":\"\",\"timeout_ms\":9}",
		"{\"start\":1,\"profile\":{\"name\":\"a\"},\"url\":\"https://a/ b\",\"timeout_ms\":9}",
		"{\"start\":1,\"profile\":{\"name\":\"a\"},\"url\":\"https://a/\\u0000\",\"timeout_ms\":9}",
		"{\"start\":1,\"profile\":{\"name\":\"a\"},\"url\":[\"https://a/\"],\"timeout_ms\":9}",
		QUESTION("\"name\":\"a\"", "\"timeout_ms\":0"),
		QUESTION("\"name\":\"a\"", "\"timeout_ms\":45001"),
		QUESTION("\"name\":\"a\"", "\"timeout_ms\":\"9\""),
		QUESTION("\"name\":\"a\"", "\"timeout_ms\":9,\"body\":-1"),
		QUESTION("\"name\":\"a\"", "\"timeout_ms\":9,\"body\":1048577"),
		QUESTION("\"name\":\"a\"", "\"timeout_ms\":9,\"body\":\"x\""),
		QUESTION("\"name\":\"a\"", "\"timeout_ms\":9,\"body\":null"),
		QUESTION("\"name\":\"a\"", "\"timeout_ms\":9,\"unknown\":1"),
		QUESTION("\"name\":\"a\"", "\"timeout_ms\":9,\"headers\":{}"),
		QUESTION("\"name\":\"a\"", "\"timeout_ms\":9,\"headers\":\"X: y\""),
		QUESTION("\"name\":\"a\"", "\"timeout_ms\":9,\"headers\":[1]"),
		QUESTION("\"name\":\"a\"", "\"timeout_ms\":9,\"headers\":[null]"),
		QUESTION("\"name\":\"a\"", "\"timeout_ms\":9,\"headers\":[\"X: y\\r\\nZ: a\"]"),
		QUESTION("\"name\":\"a\"", "\"timeout_ms\":9,\"headers\":[\"Host: evil\"]"),
		QUESTION("", "\"timeout_ms\":9"),
		QUESTION("\"name\":\"\"", "\"timeout_ms\":9"),
		QUESTION("\"name\":1", "\"timeout_ms\":9"),
		QUESTION("\"name\":\"a\\n\"", "\"timeout_ms\":9"),
		QUESTION("\"name\":\"a\",\"other\":1", "\"timeout_ms\":9"),
		QUESTION("\"name\":\"a\",\"ca_file\":\"\"", "\"timeout_ms\":9"),
		QUESTION("\"name\":\"a\",\"ca_file\":null", "\"timeout_ms\":9"),
		QUESTION("\"name\":\"a\",\"client_key\":\"/k\"", "\"timeout_ms\":9"),
		QUESTION("\"name\":\"a\",\"client_certificate\":\"/c\"", "\"timeout_ms\":9"),
		QUESTION("\"name\":\"a\"", "\"timeout_ms\":9,\"method\":\"PUT\""),
		QUESTION("\"name\":\"a\"", "\"timeout_ms\":9,\"method\":\"PATCH\""),
		QUESTION("\"name\":\"a\"", "\"timeout_ms\":9,\"method\":\"\""),
		QUESTION("\"name\":\"a\"", "\"timeout_ms\":9,\"body\":0,\"method\":\"DELETE\""),
		QUESTION("\"name\":\"a\"", "\"timeout_ms\":9,\"body\":0,\"method\":\"POST\""),
		QUESTION("\"name\":\"a\",\"allow_loopback_http\":1", "\"timeout_ms\":9"),
		QUESTION("\"name\":\"a\",\"allow_loopback_http\":\"true\"", "\"timeout_ms\":9"),
		GOOD_QUESTION "x",
		GOOD_QUESTION "{}",
	};

	(void)state;
	assert_int_equal(take_one_question(GOOD_QUESTION), 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (take_one_question(bad[i]) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
	}
}

#define GOOD_ANSWER "{\"id\":1,\"outcome\":\"done\",\"status\":200}"
#define ANSWER(rest) "{\"id\":1,\"outcome\":\"done\"," rest "}"

static void answers_that_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"{\"id\":1}",
		"{\"outcome\":\"timeout\"}",
		"{\"id\":0,\"outcome\":\"timeout\"}",
		"{\"id\":1,\"outcome\":\"done\"}",
		"{\"id\":1,\"outcome\":\"Done\",\"status\":200}",
		"{\"id\":1,\"outcome\":\"\",\"status\":200}",
		"{\"id\":1,\"outcome\":0,\"status\":200}",
		"{\"id\":1,\"outcome\":\"timeout\",\"status\":200}",
		"{\"id\":1,\"outcome\":\"timeout\",\"body\":1}",
		"{\"id\":1,\"outcome\":\"timeout\",\"detail\":\"\"}",
		"{\"id\":1,\"outcome\":\"timeout\",\"detail\":\"a\\nb\"}",
		"{\"id\":1,\"outcome\":\"timeout\",\"detail\":\"\\u001b[2J\"}",
		"{\"id\":1,\"outcome\":\"timeout\",\"detail\":\"\xc3\xa9\"}",
		"{\"id\":1,\"outcome\":\"timeout\",\"detail\":1}",
		ANSWER("\"status\":99"),
		ANSWER("\"status\":1000"),
		ANSWER("\"status\":\"200\""),
		ANSWER("\"status\":200,\"detail\":\"x\""),
		ANSWER("\"status\":200,\"content_type\":\"a\\r\\nb\""),
		ANSWER("\"status\":200,\"content_type\":1"),
		ANSWER("\"status\":200,\"date\":0"),
		ANSWER("\"status\":200,\"date\":-1"),
		ANSWER("\"status\":200,\"date\":1e400"),
		ANSWER("\"status\":200,\"retry_after\":0"),
		ANSWER("\"status\":200,\"retry_after\":3601"),
		ANSWER("\"status\":200,\"body\":0"),
		ANSWER("\"status\":200,\"body\":1048577"),
		ANSWER("\"status\":200,\"body\":\"eA\""),
		ANSWER("\"status\":200,\"unknown\":1"),
		GOOD_ANSWER "x",
	};

	(void)state;
	assert_int_equal(take_one_answer(GOOD_ANSWER), 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (take_one_answer(bad[i]) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
	}
}

static void every_truncation_is_refused(void **state)
{
	char text[] = GOOD_QUESTION;

	(void)state;
	for (size_t len = sizeof(text) - 1; len-- > 0;) {
		text[len] = '\0';
		assert_int_equal(take_one_question(text), -EBADMSG);
	}
}

static void embedded_nul_is_refused(void **state)
{
	static const char text[] = "{\"cancel\":1}\0";
	struct wire_question *pending = NULL;
	struct wire_question *q = NULL;

	(void)state;
	assert_int_equal(wire_take_question(&pending, text, sizeof(text) - 1, &q), -EBADMSG);
	assert_null(pending);
	assert_null(q);
}

/* A body must be exactly as long as its head says, in canonical base64url (T11). */
static void bodies_that_are_refused(void **state)
{
	static const char head[] = "{\"id\":1,\"outcome\":\"done\",\"status\":200,\"body\":4}";
	static const struct {
		const char *text;
		int r;
	} cases[] = {
		{"QUJDRA", 1},           {"QUJDRA==", -EBADMSG}, {"QUJDR", -EBADMSG},     {"QUJD", -EBADMSG},
		{"QUJDRB", -EBADMSG},    {"QUJDREU", -EBADMSG},  {"QUJ DR", -EBADMSG},    {"QUJ+RA", -EBADMSG},
		{"QUJ/RA", -EBADMSG},    {"", -EBADMSG},         {"QUJ\xc3RA", -EBADMSG}, {"{\"id\"", -EBADMSG},
		{GOOD_ANSWER, -EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		LK_CLEANUP(wire_answer_freep) struct wire_answer *pending = NULL;
		LK_CLEANUP(wire_answer_freep) struct wire_answer *a = NULL;

		assert_int_equal(wire_take_answer(&pending, head, strlen(head), &a), 0);
		assert_int_equal(wire_take_answer(&pending, cases[i].text, strlen(cases[i].text), &a), cases[i].r);
		assert_null(pending);
		assert_true((a != NULL) == (cases[i].r == 1));
		if (a != NULL)
			assert_memory_equal(a->reply.body, "ABCD", 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(question_survives_the_way),   cmocka_unit_test(get_and_empty_post_stay_apart),
		cmocka_unit_test(cancel_survives_the_way),     cmocka_unit_test(reply_survives_the_way),
		cmocka_unit_test(bare_reply_survives_the_way), cmocka_unit_test(every_outcome_survives_the_way),
		cmocka_unit_test(questions_that_are_refused),  cmocka_unit_test(answers_that_are_refused),
		cmocka_unit_test(every_truncation_is_refused), cmocka_unit_test(embedded_nul_is_refused),
		cmocka_unit_test(bodies_that_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
