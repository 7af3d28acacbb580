/* SPDX-License-Identifier: MIT */
/* Replies of the token endpoint. Checklist OA-06, OA-10 to OA-12, threats N8 to N10, N17, N19. */
#include "helper/oauth/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct parsed {
	struct token_set *tokens;
	struct oauth_result result;
	uint32_t interval_s;
	int r;
};

static struct parsed parse_bytes(const char *dialect, unsigned status, const char *body, size_t len)
{
	struct parsed p = {.interval_s = 99};

	p.r = token_reply_parse(&p.tokens, &p.interval_s, &p.result, dialect_find(dialect), status, body, len);
	assert_int_equal(p.tokens != NULL, p.r == TOKEN_REPLY_TOKENS);
	return p;
}

static struct parsed parse(unsigned status, const char *body)
{
	return parse_bytes("generic", status, body, strlen(body));
}

static void whole_reply(void **state)
{
	struct parsed p =
		parse(200, "{\"access_token\":\"a!.-_~+/=\",\"token_type\":\"bEARER\",\"refresh_token\":\"r\","
			   "\"id_token\":\"h.p.s\",\"scope\":\"openid email\",\"expires_in\":7200,"
			   "\"instance_url\":\"https://x\",\"issued_at\":\"1700000000000\"}");

	(void)state;
	assert_int_equal(p.r, TOKEN_REPLY_TOKENS);
	assert_string_equal(secret_data(p.tokens->access_token), "a!.-_~+/=");
	assert_string_equal(secret_data(p.tokens->refresh_token), "r");
	assert_string_equal(secret_data(p.tokens->id_token), "h.p.s");
	assert_string_equal(p.tokens->scope, "openid email"); /* OA-06 */
	assert_int_equal(p.tokens->expires_in_s, 7200);
	token_set_free(p.tokens);
	token_set_free(NULL);
}

/* GitHub answers like this unless asked for JSON. */
static void form_encoded_reply(void **state)
{
	static const char text[] = "access_token=gho_16C7&scope=read%3Auser%2Cgist&token_type=bearer&expires_in=28800";
	struct parsed p = parse_bytes("github", 200, text, strlen(text));

	(void)state;
	assert_int_equal(p.r, TOKEN_REPLY_TOKENS);
	assert_string_equal(secret_data(p.tokens->access_token), "gho_16C7");
	assert_string_equal(p.tokens->scope, "read:user,gist");
	assert_int_equal(p.tokens->expires_in_s, 28800);
	token_set_free(p.tokens);

	p = parse(200, "error=authorization_pending&error_description=The+authorization+request");
	assert_int_equal(p.r, TOKEN_REPLY_PENDING);
	p = parse(200, "error=slow_down&interval=10");
	assert_int_equal(p.r, TOKEN_REPLY_SLOW_DOWN);
	assert_int_equal(p.interval_s, 10);
	p = parse(200, "access_token=a&scope=&token_type=bearer");
	assert_int_equal(p.r, TOKEN_REPLY_TOKENS);
	assert_null(p.tokens->scope);
	token_set_free(p.tokens);
	p = parse(200, "access_token=a&access_token=b&token_type=bearer");
	assert_int_equal(p.r, TOKEN_REPLY_ERROR);
}

/* N9, N19: the wrong type or value of any member that we use refuses the whole reply. */
static void refusals(void **state)
{
	static const char *const bodies[] = {
		"{\"token_type\":\"bearer\"}",
		"{\"access_token\":null,\"token_type\":\"bearer\"}",
		"{\"access_token\":\"\",\"token_type\":\"bearer\"}",
		"{\"access_token\":5,\"token_type\":\"bearer\"}",
		"{\"access_token\":[\"a\"],\"token_type\":\"bearer\"}",
		"{\"access_token\":{},\"token_type\":\"bearer\"}",
		"{\"access_token\":\"a\"}",
		"{\"access_token\":\"a\",\"token_type\":\"\"}",
		"{\"access_token\":\"a\",\"token_type\":\"bearer \"}",
		"{\"access_token\":\"a\",\"token_type\":\"DPoP\"}",
		"{\"access_token\":\"a\",\"token_type\":\"N_A\"}",
		"{\"access_token\":\"a\",\"token_type\":[\"bearer\"]}",
		"{\"access_token\":\"a b\",\"token_type\":\"bearer\"}",
		"{\"access_token\":\"a\\r\\nX: y\",\"token_type\":\"bearer\"}", /* header injection */
		"{\"access_token\":\"a\\u0000\",\"token_type\":\"bearer\"}",
		"{\"access_token\":\"\xc3\xa4\",\"token_type\":\"bearer\"}",
		"{\"access_token\":\"a\",\"token_type\":\"bearer\",\"id_token\":5}",
		"{\"access_token\":\"a\",\"token_type\":\"bearer\",\"id_token\":\"\"}",
		"{\"access_token\":\"a\",\"token_type\":\"bearer\",\"id_token\":\"a\\nb\"}",
		"{\"access_token\":\"a\",\"token_type\":\"bearer\",\"refresh_token\":{}}",
		"{\"access_token\":\"a\",\"token_type\":\"bearer\",\"scope\":[\"openid\"]}",
		"{\"access_token\":\"a\",\"token_type\":\"bearer\",\"scope\":\"a\\u001bb\"}",
		"{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":\"-5\"}",
		"{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":\"1e3\"}",
		"{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":\"\"}",
		"{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":true}",
		"{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":[3600]}",
		"{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":1e400}",
		"{\"access_token\":\"a\",\"token_type\":\"bearer\",\"token_type\":\"bearer\"}",
		"{\"access_token\":\"a\",\"token_type\":\"bearer\"} x",
		"\xef\xbb\xbf{\"access_token\":\"a\",\"token_type\":\"bearer\"}",
		"\"text\"",
		"5",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct parsed p = parse(200, bodies[i]);

		assert_int_equal(p.r, TOKEN_REPLY_ERROR);
		assert_int_equal(p.result.outcome, OAUTH_BAD_REPLY);
		assert_true(strlen(p.result.detail) > 0);
	}
}

/* OA-11, N10 */
static void expires_in_is_clamped(void **state)
{
	static const struct {
		const char *text;
		uint32_t expected;
	} table[] = {
		{"3600", 3600},   {"\"3600\"", 3600},
		{"3600.0", 3600}, {"3600.9", 3600},
		{"0", 1},         {"-1", 1},
		{"-1e300", 1},    {"1000000000000", 86400},
		{"86401", 86400}, {"9223372036854775807", 86400},
		{"1e300", 86400}, {"\"99999999999999999999999999\"", 86400},
		{"\"0\"", 1},     {"null", 0},
		{"\"007\"", 7},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct parsed p;
		char body[160];

		(void)snprintf(body, sizeof(body),
			       "{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":%s}", table[i].text);
		p = parse(200, body);
		assert_int_equal(p.r, TOKEN_REPLY_TOKENS);
		assert_int_equal(p.tokens->expires_in_s, table[i].expected);
		token_set_free(p.tokens);
	}
}

static void sizes(void **state)
{
	static char body[80000];
	struct parsed p;

	(void)state;
	for (int over = 0; over < 2; over++) {
		int len = 16 * 1024 + over;

		(void)snprintf(body, sizeof(body), "{\"token_type\":\"bearer\",\"access_token\":\"%0*d\"}", len, 1);
		p = parse(200, body);
		assert_int_equal(p.r, over ? TOKEN_REPLY_ERROR : TOKEN_REPLY_TOKENS);
		token_set_free(p.tokens);
	}
	for (int over = 0; over < 2; over++) {
		int len = 60 * 1024 + over;

		(void)snprintf(body, sizeof(body),
			       "{\"token_type\":\"bearer\",\"access_token\":\"a\",\"id_token\":\"%0*d\"}", len, 1);
		p = parse(200, body);
		assert_int_equal(p.r, over ? TOKEN_REPLY_ERROR : TOKEN_REPLY_TOKENS);
		token_set_free(p.tokens);
	}
}

/* No part of a reply is a reply. */
static void truncations(void **state)
{
	static const char json[] = "{\"access_token\":\"abc\",\"token_type\":\"bearer\",\"expires_in\":60}";
	static const char error[] = "{\"error\":\"authorization_pending\"}";
	struct parsed p;

	(void)state;
	for (size_t len = 0; len < sizeof(json) - 1; len++)
		assert_int_equal(parse_bytes("generic", 200, json, len).r, TOKEN_REPLY_ERROR);
	for (size_t len = 0; len < sizeof(error) - 1; len++)
		assert_int_equal(parse_bytes("generic", 400, error, len).r, TOKEN_REPLY_ERROR);
	assert_int_equal(parse_bytes("generic", 200, json, sizeof(json)).r, TOKEN_REPLY_ERROR); /* a NUL more */
	p = parse_bytes("generic", 200, json, sizeof(json) - 1);
	assert_int_equal(p.r, TOKEN_REPLY_TOKENS);
	token_set_free(p.tokens);
}

static void status_without_an_error(void **state)
{
	(void)state;
	assert_int_equal(parse(500, "").r, TOKEN_REPLY_RETRY);
	assert_int_equal(parse(503, "<html>").r, TOKEN_REPLY_RETRY);
	assert_int_equal(parse(503, "{\"error\":{\"code\":503}}").r, TOKEN_REPLY_RETRY);
	assert_int_equal(parse(503, "{\"access_token\":\"a\",\"token_type\":\"bearer\"}").r, TOKEN_REPLY_RETRY);
	assert_int_equal(parse(408, "").r, TOKEN_REPLY_RETRY);
	assert_int_equal(parse(403, " \r\n<html>").r, TOKEN_REPLY_RETRY);
	assert_int_equal(parse(429, "").r, TOKEN_REPLY_SLOW_DOWN);
	assert_int_equal(parse(429, "{}").r, TOKEN_REPLY_SLOW_DOWN);
	assert_int_equal(parse(400, "{}").r, TOKEN_REPLY_ERROR);
	assert_int_equal(parse(302, "<html>").r, TOKEN_REPLY_ERROR);
	assert_int_equal(parse(400, "{\"access_token\":\"a\",\"token_type\":\"bearer\"}").r, TOKEN_REPLY_ERROR);
}

/* OA-12, N17: what a provider writes cannot act on a terminal or forge a line of the log. */
static void n17_error_texts(void **state)
{
	static char body[9000];
	struct parsed p = parse(400, "{\"error\":\"invalid_grant\",\"error_description\":"
				     "\"a\\u001b]0;x\\u0007\\r\\nAccepted \\\"root\\\" \\\\ \\u202e\\u0085\"}");

	(void)state;
	assert_int_equal(p.r, TOKEN_REPLY_ERROR);
	for (const char *c = p.result.detail; *c != '\0'; c++) {
		assert_in_range(*c, 0x20, 0x7e);
		assert_int_not_equal(*c, '"');
		assert_int_not_equal(*c, '\\');
	}
	assert_non_null(strstr(p.result.detail, "Accepted"));

	(void)snprintf(body, sizeof(body), "{\"error\":\"e\",\"error_description\":\"%04000d\"}", 0);
	p = parse(400, body);
	assert_in_range(strlen(p.result.detail), 200, OAUTH_DETAIL_MAX - 1);
	(void)snprintf(body, sizeof(body), "{\"error\":\"e\",\"error_description\":\"%08000d\"}", 0);
	p = parse(400, body);
	assert_string_equal(p.result.detail, "provider says e");

	p = parse(400, "{\"error\":\"a\\nb\\u001b\"}");
	assert_string_equal(p.result.detail, "provider says a?b?");
	p = parse(400, "{\"error\":\"%s%n\"}");
	assert_string_equal(p.result.detail, "provider says %s%n");
	(void)snprintf(body, sizeof(body), "{\"error\":\"%0129d\"}", 0);
	p = parse(400, body);
	assert_int_equal(p.result.outcome, OAUTH_BAD_REPLY);
}

static void slow_down_interval(void **state)
{
	(void)state;
	assert_int_equal(parse(400, "{\"error\":\"slow_down\"}").interval_s, 0);
	assert_int_equal(parse(400, "{\"error\":\"slow_down\",\"interval\":10}").interval_s, 10);
	assert_int_equal(parse(400, "{\"error\":\"slow_down\",\"interval\":\"10\"}").interval_s, 10);
	assert_int_equal(parse(400, "{\"error\":\"slow_down\",\"interval\":1000}").interval_s, 60);
	assert_int_equal(parse(400, "{\"error\":\"slow_down\",\"interval\":{}}").interval_s, 0);
	assert_int_equal(parse(400, "{\"error\":\"authorization_pending\",\"interval\":10}").interval_s, 0);
}

static void every_outcome_has_a_text(void **state)
{
	(void)state;
	for (int o = OAUTH_DONE; o <= OAUTH_NO_MEMORY; o++)
		assert_string_not_equal(oauth_outcome_text((enum oauth_outcome)o), "unknown outcome");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_reply),
		cmocka_unit_test(form_encoded_reply),
		cmocka_unit_test(refusals),
		cmocka_unit_test(expires_in_is_clamped),
		cmocka_unit_test(sizes),
		cmocka_unit_test(truncations),
		cmocka_unit_test(status_without_an_error),
		cmocka_unit_test(n17_error_texts),
		cmocka_unit_test(slow_down_interval),
		cmocka_unit_test(every_outcome_has_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
