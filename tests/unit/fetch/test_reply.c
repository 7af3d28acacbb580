/* SPDX-License-Identifier: MIT */
/* What is kept of a reply, and where it is cut off: threats N5 and N8 as far as the transport shows them. */
#include "helper/fetch/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/cleanup.h"

#define NOW INT64_C(1790000000) /* Mon, 21 Sep 2026 14:13:20 GMT */

static bool add(struct reply *r, const char *line)
{
	return reply_add_header(r, line, strlen(line), NOW);
}

static void three_headers_are_kept(void **state)
{
	LK_CLEANUP(reply_done) struct reply r;

	(void)state;
	reply_init(&r);
	assert_true(add(&r, "HTTP/1.1 200 OK\r\n"));
	assert_true(add(&r, "DATE: Mon, 21 Sep 2026 14:13:20 GMT\r\n"));
	assert_true(add(&r, "content-type:application/json \r\n"));
	assert_true(add(&r, "Retry-After:\t7\r\n"));
	assert_true(add(&r, "X-Other: y\r\n"));
	assert_true(add(&r, "\r\n"));
	assert_true(reply_add_body(&r, "{}", 2));
	assert_true(r.date_s == NOW);
	assert_string_equal(r.content_type, "application/json");
	assert_int_equal(r.retry_after_s, 7);
	assert_memory_equal(r.body.data, "{}", 3);
}

static void interim_replies_do_not_count(void **state)
{
	LK_CLEANUP(reply_done) struct reply r;

	(void)state;
	reply_init(&r);
	assert_true(add(&r, "HTTP/1.1 103 Early Hints\r\n"));
	assert_true(add(&r, "Content-Type: text/html\r\n"));
	assert_true(add(&r, "Retry-After: 9\r\n"));
	assert_true(add(&r, "Date: Mon, 21 Sep 2026 14:13:20 GMT\r\n"));
	assert_true(add(&r, "\r\n"));
	assert_true(add(&r, "HTTP/1.1 200 OK\r\n"));
	assert_string_equal(r.content_type, "");
	assert_int_equal(r.retry_after_s, 0);
	assert_true(r.date_s == 0);
}

static void retry_after(void **state)
{
	static const struct {
		const char *line;
		uint32_t seconds;
	} cases[] = {
		{"Retry-After: 0\r\n", 0},
		{"Retry-After: 3600\r\n", 3600},
		{"Retry-After: 3601\r\n", 3600},
		{"Retry-After: 99999999999999999999\r\n", 0},
		{"Retry-After: -5\r\n", 0},
		{"Retry-After: 5 seconds\r\n", 0},
		{"Retry-After: 1e9\r\n", 0},
		{"Retry-After: \r\n", 0},
		{"Retry-After: Mon, 21 Sep 2026 14:14:20 GMT\r\n", 60},
		{"Retry-After: Mon, 21 Sep 2026 14:13:20 GMT\r\n", 0},
		{"Retry-After: Mon, 21 Sep 2020 14:13:20 GMT\r\n", 0},
		{"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n", 3600},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		LK_CLEANUP(reply_done) struct reply r;

		reply_init(&r);
		assert_true(add(&r, cases[i].line));
		assert_int_equal(r.retry_after_s, cases[i].seconds);
	}
}

static void content_type_is_made_harmless(void **state)
{
	static char text[400] = "Content-Type: ";
	LK_CLEANUP(reply_done) struct reply r;

	(void)state;
	reply_init(&r);
	assert_true(add(&r, "Content-Type: text/\x1b[2J\xc3\xa9\r\n"));
	assert_null(strchr(r.content_type, 0x1b));
	memset(text + 14, 'a', sizeof(text) - 15);
	assert_true(add(&r, text));
	assert_true(strlen(r.content_type) <= WIRE_TYPE_MAX);
}

/* A compressed body would have to be unfolded by somebody: nobody asked for one, nobody gets one (N5). */
static void compression_is_refused(void **state)
{
	static const char *const bad[] = {"Content-Encoding: gzip\r\n", "content-encoding: br\r\n",
					  "Content-Encoding: identity, gzip\r\n",
					  "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: gzip\r\n"};
	static const char *const good[] = {"Content-Encoding: identity\r\n", "Transfer-Encoding: chunked\r\n",
					   "Transfer-Encoding: Chunked\r\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		LK_CLEANUP(reply_done) struct reply r;

		reply_init(&r);
		assert_false(add(&r, bad[i]));
		assert_int_equal(r.fault, FETCH_BAD_REPLY);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		LK_CLEANUP(reply_done) struct reply r;

		reply_init(&r);
		assert_true(add(&r, good[i]));
	}
}

static void headers_end_at_the_count(void **state)
{
	LK_CLEANUP(reply_done) struct reply r;

	(void)state;
	reply_init(&r);
	for (unsigned i = 0; i < REPLY_HEADERS_MAX; i++)
		assert_true(add(&r, "A: b\r\n"));
	assert_false(add(&r, "A: b\r\n"));
	assert_int_equal(r.fault, FETCH_TOO_LARGE);
}

static void headers_end_at_the_size(void **state)
{
	static char line[REPLY_HEADER_BYTES_MAX + 1];

	(void)state;
	memset(line, 'a', sizeof(line));
	line[1] = ':';
	for (size_t len = REPLY_HEADER_BYTES_MAX; len <= REPLY_HEADER_BYTES_MAX + 1; len++) {
		LK_CLEANUP(reply_done) struct reply r;

		reply_init(&r);
		assert_int_equal(reply_add_header(&r, line, len, NOW), len == REPLY_HEADER_BYTES_MAX);
	}
}

/* Interim replies without end are headers too. */
static void status_lines_count(void **state)
{
	LK_CLEANUP(reply_done) struct reply r;
	unsigned n = 0;

	(void)state;
	reply_init(&r);
	while (add(&r, "HTTP/1.1 100 Continue\r\n"))
		assert_true(++n < REPLY_HEADER_BYTES_MAX);
	assert_int_equal(r.fault, FETCH_TOO_LARGE);
}

static void body_ends_at_the_size(void **state)
{
	static char chunk[4096];
	LK_CLEANUP(reply_done) struct reply r;

	(void)state;
	reply_init(&r);
	for (size_t sum = 0; sum < FETCH_BODY_MAX; sum += sizeof(chunk))
		assert_true(reply_add_body(&r, chunk, sizeof(chunk)));
	assert_false(reply_add_body(&r, chunk, 1));
	assert_int_equal(r.fault, FETCH_TOO_LARGE);
}

static void strange_lines_do_no_harm(void **state)
{
	static const char *const lines[] = {"",
					    "\r\n",
					    ":",
					    ": x",
					    "Date",
					    "Date:",
					    "Date: x\r\n",
					    "Date: \r\n",
					    "Content-Encoding:",
					    "Retry-After",
					    "Date: Thu, 01 Jan 1970 00:00:00 GMT"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		LK_CLEANUP(reply_done) struct reply r;

		reply_init(&r);
		(void)add(&r, lines[i]);
		assert_true(r.date_s == 0);
		assert_int_equal(r.retry_after_s, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_headers_are_kept),
		cmocka_unit_test(interim_replies_do_not_count),
		cmocka_unit_test(retry_after),
		cmocka_unit_test(content_type_is_made_harmless),
		cmocka_unit_test(compression_is_refused),
		cmocka_unit_test(headers_end_at_the_count),
		cmocka_unit_test(headers_end_at_the_size),
		cmocka_unit_test(status_lines_count),
		cmocka_unit_test(body_ends_at_the_size),
		cmocka_unit_test(strange_lines_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
