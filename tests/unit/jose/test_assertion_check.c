/* SPDX-License-Identifier: MIT */
/* What a program presents about itself: one good of each kind, and each claim in turn missing, of another type, next to
 * right and wrong (AS-04, AS-06, T2, T4, T8, T13, T15 to T17). */
#include "helper/jose/assertion_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/unit/jose/make_token.h"
#include "tests/unit/jose/statements.h"

#define HEADER "{\"alg\":\"ES256\",\"typ\":\"JWT\"}"
#define GOOD                                                                                                           \
	"{\"iss\":\"deploy\",\"sub\":\"deploy\",\"aud\":\"build7\",\"iat\":1799999995,\"exp\":1800000115,"             \
	"\"jti\":\"bWJq\",\"nonce\":\"pJtw0hGCZFnhBZ1h3yEm7A\"}"
#define CI "https://ci.example"
#define WORKLOAD                                                                                                       \
	"{\"iss\":\"" CI "\",\"sub\":\"repo:acme/site:ref:refs/heads/main\",\"aud\":\"build7\",\"iat\":1799999995,"    \
	"\"nbf\":1799999990,\"exp\":1800000295,\"jti\":\"1-2\",\"repository\":\"acme/site\",\"run\":42,\"safe\":true}"

static const struct assertion_expectation of_deploy = {
	.issuer = "deploy",
	.subject = "deploy",
	.audience = "build7",
	.nonce = "pJtw0hGCZFnhBZ1h3yEm7A",
	.asked_s = 1799999990,
	.now_s = 1800000000,
};

static const char *const rules[] = {"repository=acme/*", "run=42", "safe=true", NULL};

static const struct workload_expectation of_ci = {
	.issuer = CI,
	.audience = "build7",
	.subject = "repo:acme/site:*",
	.claims = rules,
	.now_s = 1800000000,
};

static struct assertion_facts facts;

struct row {
	const char *changes; /* members that replace those of the good one, or NULL */
	const char *removed;
	int outcome;
};

static int check(bool is_workload, const char *header, const char *changes, const char *removed)
{
	char *payload = changed_claims(is_workload ? WORKLOAD : GOOD, changes ? changes : "{}", removed);
	struct jws j = {.header = json_tokener_parse(header),
			.payload = payload,
			.payload_len = strlen(payload),
			.algorithm = JWS_ES256};
	int r = is_workload ? workload_check_claims(&facts, &j, &of_ci)
			    : assertion_check_claims(&facts, &j, &of_deploy);

	json_object_put(j.header);
	free(payload);
	return r;
}

static void check_rows(bool is_workload, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int r = check(is_workload, HEADER, rows[i].changes, rows[i].removed);

		if (r != rows[i].outcome)
			fail_msg("%s without %s: %d", rows[i].changes, rows[i].removed, r);
	}
}

static void test_assertion(void **state)
{
	static const struct row rows[] = {
		{NULL, NULL, 0},
		{NULL, "iss", ASSERTION_ISSUER},
		{"{\"iss\":7}", NULL, ASSERTION_ISSUER},
		{"{\"iss\":\"deplo\"}", NULL, ASSERTION_ISSUER},
		{"{\"iss\":\"Deploy\"}", NULL, ASSERTION_ISSUER},
		{NULL, "sub", ASSERTION_SUBJECT},
		{"{\"sub\":\"backup\"}", NULL, ASSERTION_SUBJECT},
		{"{\"sub\":[\"deploy\"]}", NULL, ASSERTION_SUBJECT},
		{NULL, "aud", ASSERTION_AUDIENCE},
		{"{\"aud\":\"build8\"}", NULL, ASSERTION_AUDIENCE},
		{"{\"aud\":[\"build7\"]}", NULL, 0},
		{"{\"aud\":[\"build7\",\"build8\"]}", NULL, ASSERTION_AUDIENCE},
		{"{\"aud\":[]}", NULL, ASSERTION_AUDIENCE},
		{NULL, "nonce", ASSERTION_NONCE},
		{"{\"nonce\":\"pJtw0hGCZFnhBZ1h3yEm7B\"}", NULL, ASSERTION_NONCE},
		{"{\"nonce\":null}", NULL, ASSERTION_NONCE},
		{NULL, "iat", ASSERTION_MALFORMED},
		{"{\"iat\":\"1799999995\"}", NULL, ASSERTION_MALFORMED},
		{NULL, "exp", ASSERTION_MALFORMED},
		{"{\"exp\":1799999995}", NULL, ASSERTION_MALFORMED}, /* none of its life is there */
		{"{\"iat\":1800000060}", NULL, 0},
		{"{\"iat\":1800000061}", NULL, ASSERTION_AHEAD},
		{"{\"nbf\":1800000061}", NULL, ASSERTION_AHEAD},
		{"{\"nbf\":\"x\"}", NULL, ASSERTION_MALFORMED},
		{"{\"iat\":1799999930}", NULL, 0},
		{"{\"iat\":1799999929}", NULL, ASSERTION_BEHIND},
		{"{\"exp\":1800000295}", NULL, 0},
		{"{\"exp\":1800000296}", NULL, ASSERTION_FAR},
		{"{\"iat\":1800000060,\"exp\":1800000361}", NULL, ASSERTION_FAR},
		{"{\"iat\":1799999931,\"exp\":1799999941}", NULL, 0},
		{"{\"iat\":1799999931,\"exp\":1799999940}", NULL, ASSERTION_EXPIRED},
		{NULL, "jti", ASSERTION_ID},
		{"{\"jti\":\"\"}", NULL, ASSERTION_ID},
		{"{\"jti\":\"a\\u0000b\"}", NULL, ASSERTION_MALFORMED},
		{"{\"jti\":\"\\u00e9\"}", NULL, ASSERTION_ID},
	};

	(void)state;
	check_rows(false, rows, sizeof(rows) / sizeof(rows[0]));
	assert_int_equal(check(false, HEADER, NULL, NULL), 0);
	assert_string_equal(facts.id, "bWJq");
	assert_int_equal(facts.expires_s, 1800000175);
}

/* AS-06: by how much, in either direction. */
static void test_clock(void **state)
{
	(void)state;
	assert_int_equal(check(false, HEADER, "{\"iat\":1800000600,\"exp\":1800000720}", NULL), ASSERTION_AHEAD);
	assert_int_equal(facts.off_s, 600);
	assert_int_equal(check(false, HEADER, "{\"iat\":1799999390,\"exp\":1799999510}", NULL), ASSERTION_BEHIND);
	assert_int_equal(facts.off_s, -600);
	assert_int_equal(check(true, HEADER, "{\"iat\":1800000600,\"nbf\":0,\"exp\":1800000900}", NULL),
			 ASSERTION_AHEAD);
	assert_int_equal(facts.off_s, 600);
}

static void test_workload(void **state)
{
	static const struct row rows[] = {
		{NULL, NULL, 0},
		{"{\"iss\":\"" CI "/\"}", NULL, ASSERTION_ISSUER},
		{NULL, "iss", ASSERTION_ISSUER},
		{"{\"aud\":\"build8\"}", NULL, ASSERTION_AUDIENCE},
		{"{\"aud\":[\"build7\",\"other\"]}", NULL, ASSERTION_AUDIENCE},
		{NULL, "aud", ASSERTION_AUDIENCE},
		{"{\"sub\":\"repo:acme/site\"}", NULL, ASSERTION_SUBJECT},
		{"{\"sub\":\"repo:acme/site2:ref:refs/heads/main\"}", NULL, ASSERTION_SUBJECT},
		{"{\"sub\":\"repo:acme/site:\"}", NULL, 0},
		{NULL, "sub", ASSERTION_SUBJECT},
		{"{\"repository\":\"acme\"}", NULL, ASSERTION_CLAIM},
		{"{\"repository\":\"acme/\\u0000\"}", NULL, ASSERTION_MALFORMED},
		{"{\"repository\":[\"acme/site\"]}", NULL, ASSERTION_CLAIM},
		{NULL, "repository", ASSERTION_CLAIM},
		{"{\"run\":43}", NULL, ASSERTION_CLAIM},
		{"{\"run\":\"42\"}", NULL, 0},
		{"{\"run\":42.0}", NULL, ASSERTION_CLAIM},
		{"{\"safe\":false}", NULL, ASSERTION_CLAIM},
		{"{\"safe\":\"true\"}", NULL, 0},
		{"{\"iat\":1800000061}", NULL, ASSERTION_AHEAD},
		{"{\"nbf\":1800000061}", NULL, ASSERTION_AHEAD},
		{"{\"iat\":1799900000,\"exp\":1799999941}", NULL, ASSERTION_FAR},
		{"{\"iat\":1799950000,\"exp\":1799999941}", NULL, 0},
		{"{\"iat\":1799950000,\"exp\":1799999940}", NULL, ASSERTION_EXPIRED},
		{"{\"iat\":1799950000,\"exp\":1800036401}", NULL, ASSERTION_FAR},
		{"{\"jti\":7}", NULL, ASSERTION_ID},
		{NULL, "jti", 0},
		{NULL, "iat", ASSERTION_MALFORMED},
		{NULL, "exp", ASSERTION_MALFORMED},
	};

	(void)state;
	check_rows(true, rows, sizeof(rows) / sizeof(rows[0]));
	assert_int_equal(check(true, HEADER, NULL, "jti"), 0);
	assert_string_equal(facts.id, "");
	assert_int_equal(check(true, HEADER, NULL, NULL), 0);
	assert_string_equal(facts.id, "1-2");
	assert_int_equal(facts.expires_s, 1800000355);
}

/* T17: neither is anything else that a provider signs. */
static void test_types(void **state)
{
	static const char *const others[] = {
		"{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}",
		"{\"alg\":\"ES256\",\"typ\":\"logout+jwt\"}",
		"{\"alg\":\"ES256\",\"typ\":\"secevent+jwt\"}",
		"{\"alg\":\"ES256\",\"typ\":\"dpop+jwt\"}",
		"{\"alg\":\"ES256\",\"typ\":7}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		for (int is_workload = 0; is_workload < 2; is_workload++)
			assert_int_equal(check(is_workload != 0, others[i], NULL, NULL), ASSERTION_TYPE);
	for (int is_workload = 0; is_workload < 2; is_workload++)
		assert_int_equal(check(is_workload != 0, "{\"alg\":\"ES256\"}", NULL, NULL), 0);
}

/* A stranger learns of the signature, and of nothing that comes after it. */
static void test_signature_first(void **state)
{
	static char token[TOKEN_MAX];
	EVP_PKEY *key = test_key(JWS_ES256, 0);
	LK_CLEANUP(jwk_set_freep) struct jwk_set *keys = test_key_set(key, "");
	struct assertion_expectation expect = of_deploy;
	struct workload_expectation expect_ci = of_ci;

	(void)state;
	expect.algorithms = expect_ci.algorithms = 1u << JWS_ES256;
	test_token(token, JWS_ES256, test_key(JWS_ES256, 1), HEADER, "{\"iss\":\"nobody\"}");
	assert_int_equal(assertion_check(&facts, token, strlen(token), keys, &expect), JWS_BAD_SIGNATURE);
	assert_int_equal(workload_check(&facts, token, strlen(token), keys, &expect_ci), JWS_BAD_SIGNATURE);
	test_token(token, JWS_ES256, key, HEADER, "{\"iss\":\"nobody\"}");
	assert_int_equal(assertion_check(&facts, token, strlen(token), keys, &expect), ASSERTION_ISSUER);
	test_token(token, JWS_ES256, key, HEADER, GOOD);
	assert_int_equal(assertion_check(&facts, token, strlen(token), keys, &expect), 0);
	expect.algorithms = 1u << JWS_RS256;
	assert_int_equal(assertion_check(&facts, token, strlen(token), keys, &expect), JWS_ALGORITHM);
	test_token(token, JWS_ES256, key, HEADER, WORKLOAD);
	assert_int_equal(workload_check(&facts, token, strlen(token), keys, &expect_ci), 0);
	test_token(token, JWS_ES256, key, HEADER, "[]");
	assert_int_equal(workload_check(&facts, token, strlen(token), keys, &expect_ci), ASSERTION_MALFORMED);
	test_token(token, JWS_ES256, key, HEADER, "{\"iss\":\"deploy\",\"iss\":\"deploy\"}");
	expect.algorithms = 1u << JWS_ES256;
	assert_int_equal(assertion_check(&facts, token, strlen(token), keys, &expect), ASSERTION_MALFORMED);
}

static void test_patterns(void **state)
{
	static const struct {
		const char *pattern;
		const char *text;
		bool fits;
	} cases[] = {
		{"", "", true},
		{"", "a", false},
		{"a", "a", true},
		{"a", "", false},
		{"a", "aa", false},
		{"*", "", true},
		{"*", "a", true},
		{"a*", "a", true},
		{"a*", "ab", true},
		{"a*", "ba", false},
		{"*a", "ba", true},
		{"*a", "ab", false},
		{"a*b*c", "aXbYc", true},
		{"a*b*c", "abcbc", true},
		{"a*b*c", "abcb", false},
		{"a**c", "abc", true},
		{"a?c", "abc", false},
		{"[ab]", "a", false},
		{"repo:a/b:*", "repo:a/b:ref:x", true},
		{"repo:a/b:*", "repo:a/bc:ref:x", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (pattern_fits(cases[i].pattern, cases[i].text) != cases[i].fits)
			fail_msg("%s, %s", cases[i].pattern, cases[i].text);
}

static void test_texts(void **state)
{
	(void)state;
	for (int i = ASSERTION_MALFORMED; i <= ASSERTION_FAR; i++)
		assert_true(strlen(assertion_outcome_text(i)) > 10);
	assert_non_null(strstr(assertion_outcome_text(ASSERTION_AHEAD), "clock"));
	assert_non_null(strstr(assertion_outcome_text(ASSERTION_BEHIND), "clock"));
	assert_string_equal(assertion_outcome_text(JWS_BAD_SIGNATURE), jws_outcome_text(JWS_BAD_SIGNATURE));
}

static int done(void **state)
{
	(void)state;
	test_keys_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_assertion),       cmocka_unit_test(test_clock),
		cmocka_unit_test(test_workload),        cmocka_unit_test(test_types),
		cmocka_unit_test(test_patterns),        cmocka_unit_test(test_texts),
		cmocka_unit_test(test_signature_first),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
