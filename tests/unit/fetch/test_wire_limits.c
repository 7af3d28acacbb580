/* SPDX-License-Identifier: MIT */
/* What may be written on the wire: every limit and one beyond it, headers that would reframe a message, full buffers. */
#include "helper/fetch/wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/secret.h"

static const struct fetch_profile plain = {.name = "main"};

/* The other end must take whatever this end writes. */
static void assert_taken(const struct buf *out)
{
	LK_CLEANUP(wire_question_freep) struct wire_question *pending = NULL;
	LK_CLEANUP(wire_question_freep) struct wire_question *q = NULL;
	size_t len = strlen(out->data);
	int r = wire_take_question(&pending, out->data, len, &q);

	if (r == 0)
		r = wire_take_question(&pending, out->data + len + 1, strlen(out->data + len + 1), &q);
	assert_int_equal(r, 1);
}

static char *text_of(size_t len, const char *prefix)
{
	char *text = malloc(len + 1);

	assert_non_null(text);
	memset(text, 'x', len);
	memcpy(text, prefix, strlen(prefix));
	text[len] = '\0';
	return text;
}

static int write_request(const struct fetch_request *request)
{
	LK_CLEANUP(buf_done) struct buf out;
	int r;

	buf_init(&out, 2 * WIRE_FRAME_MAX);
	r = wire_write_start(&out, 1, request);
	if (r == 0)
		assert_taken(&out);
	return r;
}

static int try_url(size_t len)
{
	LK_CLEANUP(secret_free_stringp) char *url = text_of(len, "https://");
	struct fetch_request request = {.profile = &plain, .url = url, .timeout_ms = 1};

	return write_request(&request);
}

static int try_profile(size_t name_len, size_t path_len)
{
	LK_CLEANUP(secret_free_stringp) char *name = text_of(name_len, "");
	LK_CLEANUP(secret_free_stringp) char *path = text_of(path_len, "/");
	struct fetch_profile profile = {
		.name = name,
		.ca_file = path,
		.ca_directory = path,
		.proxy = path,
		.client_certificate = path,
		.client_key = path,
	};
	struct fetch_request request = {.profile = &profile, .url = "https://a/", .timeout_ms = 1};

	return write_request(&request);
}

static int try_header(size_t len)
{
	LK_CLEANUP(secret_free_stringp) char *header = text_of(len, "X-A: ");
	const char *const headers[] = {header, NULL};
	struct fetch_request request = {.profile = &plain, .url = "https://a/", .headers = headers, .timeout_ms = 1};

	return write_request(&request);
}

static int try_n_headers(size_t n)
{
	const char *headers[WIRE_HEADERS_MAX + 2] = {NULL};
	struct fetch_request request = {.profile = &plain, .url = "https://a/", .headers = headers, .timeout_ms = 1};

	for (size_t i = 0; i < n; i++)
		headers[i] = "X-A: b";
	return write_request(&request);
}

static int try_body(size_t len)
{
	LK_CLEANUP(secret_free_stringp) char *body = text_of(len, "");
	struct fetch_request request = {
		.profile = &plain, .url = "https://a/", .body = body, .body_len = len, .timeout_ms = 1};

	return write_request(&request);
}

static int try_timeout(uint32_t timeout_ms)
{
	struct fetch_request request = {.profile = &plain, .url = "https://a/", .timeout_ms = timeout_ms};

	return write_request(&request);
}

static void requests_end_at_their_limits(void **state)
{
	(void)state;
	assert_int_equal(try_url(WIRE_URL_MAX), 0);
	assert_int_equal(try_url(WIRE_URL_MAX + 1), -EINVAL);
	assert_int_equal(try_profile(WIRE_PROFILE_MAX, WIRE_PATH_MAX), 0);
	assert_int_equal(try_profile(WIRE_PROFILE_MAX + 1, WIRE_PATH_MAX), -EINVAL);
	assert_int_equal(try_profile(WIRE_PROFILE_MAX, WIRE_PATH_MAX + 1), -EINVAL);
	assert_int_equal(try_profile(0, WIRE_PATH_MAX), -EINVAL);
	assert_int_equal(try_header(WIRE_HEADER_BYTES_MAX), 0);
	assert_int_equal(try_header(WIRE_HEADER_BYTES_MAX + 1), -EINVAL);
	assert_int_equal(try_n_headers(WIRE_HEADERS_MAX), 0);
	assert_int_equal(try_n_headers(WIRE_HEADERS_MAX + 1), -EINVAL);
	assert_int_equal(try_body(FETCH_BODY_MAX), 0);
	assert_int_equal(try_body(FETCH_BODY_MAX + 1), -EINVAL);
	assert_int_equal(try_timeout(FETCH_TIMEOUT_MAX_MS), 0);
	assert_int_equal(try_timeout(FETCH_TIMEOUT_MAX_MS + 1), -EINVAL);
	assert_int_equal(try_timeout(0), -EINVAL);
}

static void worst_escapes_still_fit_a_head(void **state)
{
	LK_CLEANUP(secret_free_stringp) char *quotes = text_of(WIRE_HEADER_BYTES_MAX, "X-A: ");
	LK_CLEANUP(secret_free_stringp) char *path = text_of(WIRE_PATH_MAX, "/");
	const char *const headers[] = {quotes, NULL};
	struct fetch_profile profile = {
		.name = "\"\"",
		.ca_file = path,
		.ca_directory = path,
		.proxy = path,
		.client_certificate = path,
		.client_key = path,
	};
	struct fetch_request request = {.profile = &profile, .url = "https://a/", .headers = headers, .timeout_ms = 1};

	(void)state;
	memset(quotes + 5, '"', WIRE_HEADER_BYTES_MAX - 5);
	memset(path + 1, '\\', WIRE_PATH_MAX - 1);
	assert_int_equal(write_request(&request), 0);
}

static void full_buffer_takes_no_half_message(void **state)
{
	struct fetch_request request = {
		.profile = &plain, .url = "https://a/", .body = "grant", .body_len = 5, .timeout_ms = 1};
	LK_CLEANUP(buf_done) struct buf probe;

	(void)state;
	buf_init(&probe, WIRE_FRAME_MAX);
	assert_int_equal(wire_write_start(&probe, 1, &request), 0);
	for (size_t max = 0; max < probe.len; max++) {
		LK_CLEANUP(buf_done) struct buf out;

		buf_init(&out, max);
		assert_int_equal(wire_write_start(&out, 1, &request), -ENOBUFS);
		assert_int_equal(out.len, 0);
		assert_int_equal(buf_fault(&out), 0);
	}
}

/* Header injection, and headers that would reframe the message (N3, R3). */
static void headers_that_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"X",
		"X:",
		"X: ",
		"X:y",
		"X:  y",
		": y",
		"X Y: z",
		"X: y\r\nHost: evil",
		"X: y\nz",
		"X\r: y",
		"X: \xc3\xa9",
		"X: \x7f",
		"X: a\tb",
		"X;",
		"Host: evil.example",
		"hOST: evil.example",
		"Content-Length: 0",
		"Transfer-Encoding: chunked",
		"Connection: upgrade",
		"Upgrade: h2c",
		"Expect: 100-continue",
		"TE: trailers",
		"Trailer: x",
		"Accept-Encoding: gzip",
		"Proxy-Authorization: Basic eA",
		"proxy-connection: close",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *const headers[] = {bad[i], NULL};
		struct fetch_request request = {
			.profile = &plain, .url = "https://a/", .headers = headers, .timeout_ms = 1};

		if (wire_request_check(&request) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
	}
}

static void requests_that_are_refused(void **state)
{
	static const struct fetch_profile newline = {.name = "a\nb"};
	static const struct fetch_profile latin1 = {.name = "a\xe9"};
	static const struct fetch_profile del = {.name = "a", .ca_file = "/a\x7f"};
	static const struct fetch_profile empty = {.name = "a", .proxy = ""};
	static const struct fetch_profile unnamed = {.ca_file = "/a"};
	static const struct fetch_request bad[] = {
		{.url = "https://a/", .timeout_ms = 1},
		{.profile = &plain, .timeout_ms = 1},
		{.profile = &plain, .url = "", .timeout_ms = 1},
		{.profile = &plain, .url = "https://a/ b", .timeout_ms = 1},
		{.profile = &plain, .url = "https://a/\r\n", .timeout_ms = 1},
		{.profile = &plain, .url = "https://\xc3\xa9/", .timeout_ms = 1},
		{.profile = &plain, .url = "https://a/", .body_len = 1, .timeout_ms = 1},
		{.profile = &newline, .url = "https://a/", .timeout_ms = 1},
		{.profile = &latin1, .url = "https://a/", .timeout_ms = 1},
		{.profile = &del, .url = "https://a/", .timeout_ms = 1},
		{.profile = &empty, .url = "https://a/", .timeout_ms = 1},
		{.profile = &unnamed, .url = "https://a/", .timeout_ms = 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(wire_request_check(&bad[i]), -EINVAL);
}

static void own_answers_keep_the_limits(void **state)
{
	struct fetch_reply reply = {.status = 200, .content_type = "", .body = "", .body_len = 0};
	LK_CLEANUP(buf_done) struct buf out;

	(void)state;
	buf_init(&out, WIRE_FRAME_MAX);
	assert_int_equal(wire_write_answer(&out, 1, FETCH_TLS, NULL, "line\nbreak"), -EINVAL);
	reply.status = 0;
	assert_int_equal(wire_write_answer(&out, 1, FETCH_DONE, &reply, ""), -EINVAL);
	reply.status = 200;
	reply.content_type = "\x1b";
	assert_int_equal(wire_write_answer(&out, 1, FETCH_DONE, &reply, ""), -EINVAL);
	reply.content_type = "";
	reply.retry_after_s = 3601;
	assert_int_equal(wire_write_answer(&out, 1, FETCH_DONE, &reply, ""), -EINVAL);
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_end_at_their_limits),      cmocka_unit_test(worst_escapes_still_fit_a_head),
		cmocka_unit_test(full_buffer_takes_no_half_message), cmocka_unit_test(headers_that_are_refused),
		cmocka_unit_test(requests_that_are_refused),         cmocka_unit_test(own_answers_keep_the_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
