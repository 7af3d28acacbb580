/* SPDX-License-Identifier: MIT */
/* Logout tokens: one good one, and each claim in turn missing, of another type, next to right and wrong (BL-02 to BL-04, BL-06,
 * BL-09, BL-10, T2, T4, T8, T13, T15 to T17). */
#include "helper/jose/logout_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "helper/jose/id_token.h"
#include "tests/unit/jose/make_token.h"
#include "tests/unit/jose/statements.h"

#define EVENTS "\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}}"
#define GOOD                                                                                                           \
	"{\"iss\":\"" ISSUER "\",\"sub\":\"248289761001\",\"aud\":\"" CLIENT                                           \
	"\",\"iat\":1799999995,\"exp\":1800000115,\"jti\":\"bWJq\",\"sid\":\"08a5019c\"," EVENTS "}"

static int check_text(const char *header, char *payload)
{
	struct logout_token t = {.claims = NULL};
	struct jws j = {.header = json_tokener_parse(header),
			.payload = payload,
			.payload_len = strlen(payload),
			.algorithm = JWS_RS256};
	int r = logout_token_check_claims(&t, &j, &usual);

	assert_int_equal(r == 0, t.claims != NULL);
	logout_token_done(&t);
	json_object_put(j.header);
	return r;
}

static int check_with(const char *header, const char *changes, const char *removed)
{
	char *payload = changed_claims(GOOD, changes, removed);
	int r = check_text(header, payload);

	free(payload);
	return r;
}

static void test_good(void **state)
{
	char payload[] = GOOD;
	struct jws j = {.payload = payload, .payload_len = strlen(payload), .algorithm = JWS_RS256};
	struct logout_token t;

	(void)state;
	j.header = json_tokener_parse("{\"alg\":\"RS256\",\"typ\":\"logout+jwt\"}");
	assert_int_equal(logout_token_check_claims(&t, &j, &usual), 0);
	assert_string_equal(t.issuer, ISSUER);
	assert_string_equal(t.subject, "248289761001");
	assert_string_equal(t.session, "08a5019c");
	assert_string_equal(t.id, "bWJq");
	assert_int_equal(t.issued_s, 1799999995);
	logout_token_done(&t);
	assert_null(t.claims);
	json_object_put(j.header);
}

/* BL-09: which types there may be, and T17: which not. */
static void test_types(void **state)
{
	static const struct {
		const char *header;
		int result;
	} table[] = {
		{"{}", 0},
		{"{\"typ\":\"logout+jwt\"}", 0},
		{"{\"typ\":\"Logout+JWT\"}", 0},
		{"{\"typ\":\"application/logout+jwt\"}", 0},
		{"{\"typ\":\"JWT\"}", 0},
		{"{\"typ\":\"at+jwt\"}", STATEMENT_TYPE},
		{"{\"typ\":\"secevent+jwt\"}", STATEMENT_TYPE},
		{"{\"typ\":\"logout+jwt \"}", STATEMENT_TYPE},
		{"{\"typ\":\"application/application/jwt\"}", STATEMENT_TYPE},
		{"{\"typ\":\"\"}", STATEMENT_TYPE},
		{"{\"typ\":null}", STATEMENT_TYPE},
		{"{\"typ\":[\"logout+jwt\"]}", STATEMENT_TYPE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(check_with(table[i].header, "{}", NULL), table[i].result);
}

static void test_claims(void **state)
{
	static const struct {
		const char *changes;
		const char *removed;
		int result;
	} table[] = {
		{"{}", "sid", 0},
		{"{}", "sub", 0},
		{"{\"aud\":[\"" CLIENT "\",\"other\"]}", NULL, 0},
		{"{\"unknown\":{}}", NULL, 0},
		{"{\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{\"more\":1},\"x\":{}}}", NULL,
		 0},
		/* BL-03 */
		{"{}", "iss", STATEMENT_ISSUER},
		{"{\"iss\":\"" ISSUER "/\"}", NULL, STATEMENT_ISSUER},
		{"{\"iss\":[\"" ISSUER "\"]}", NULL, STATEMENT_ISSUER},
		{"{}", "aud", STATEMENT_AUDIENCE},
		{"{\"aud\":\"latchkey2\"}", NULL, STATEMENT_AUDIENCE},
		{"{\"aud\":[]}", NULL, STATEMENT_AUDIENCE},
		{"{\"aud\":[\"" CLIENT "\",1]}", NULL, STATEMENT_AUDIENCE},
		{"{}", "iat", STATEMENT_MALFORMED},
		{"{\"iat\":\"1799999995\"}", NULL, STATEMENT_MALFORMED},
		{"{\"iat\":-1}", NULL, STATEMENT_MALFORMED},
		{"{\"iat\":1e300}", NULL, STATEMENT_MALFORMED},
		{"{\"iat\":1800000060}", NULL, 0},
		{"{\"iat\":1800000061}", NULL, STATEMENT_NOT_YET},
		{"{\"iat\":1799996400}", NULL, 0},
		{"{\"iat\":1799996399}", NULL, STATEMENT_EXPIRED},
		{"{}", "exp", STATEMENT_MALFORMED},
		{"{\"exp\":true}", NULL, STATEMENT_MALFORMED},
		{"{\"exp\":1799999941}", NULL, 0},
		{"{\"exp\":1799999940}", NULL, STATEMENT_EXPIRED},
		{"{\"exp\":9007199254740992}", NULL, 0},
		{"{}", "jti", STATEMENT_ID},
		{"{\"jti\":\"\"}", NULL, STATEMENT_ID},
		{"{\"jti\":7}", NULL, STATEMENT_ID},
		{"{\"jti\":\"a\\nb\"}", NULL, STATEMENT_ID},
		{"{\"jti\":\"\xc3\xa9\"}", NULL, STATEMENT_ID},
		{"{\"sub\":\"\"}", NULL, STATEMENT_ABOUT},
		{"{\"sub\":null}", NULL, STATEMENT_ABOUT},
		{"{\"sub\":17}", NULL, STATEMENT_ABOUT},
		{"{\"sub\":\"a\\u0000b\"}", NULL, STATEMENT_MALFORMED},
		{"{\"sid\":[]}", NULL, STATEMENT_ABOUT},
		{"{\"sid\":\"\\u001b\"}", NULL, STATEMENT_ABOUT},
		{"{\"sid\":\"\"}", "sub", STATEMENT_ABOUT},
		/* BL-03: without the event it is no logout token; BL-10: an ID token has none */
		{"{}", "events", STATEMENT_EVENTS},
		{"{\"events\":{}}", NULL, STATEMENT_EVENTS},
		{"{\"events\":[]}", NULL, STATEMENT_EVENTS},
		{"{\"events\":null}", NULL, STATEMENT_EVENTS},
		{"{\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":true}}", NULL, STATEMENT_EVENTS},
		{"{\"events\":{\"http://schemas.openid.net/event/backchannel-logout/\":{}}}", NULL, STATEMENT_EVENTS},
		{"{\"events\":{\"https://schemas.openid.net/event/backchannel-logout\":{}}}", NULL, STATEMENT_EVENTS},
		/* BL-04 */
		{"{\"nonce\":\"n\"}", NULL, STATEMENT_TYPE},
		{"{\"nonce\":null}", NULL, STATEMENT_TYPE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int r = check_with("{}", table[i].changes, table[i].removed);

		if (r != table[i].result)
			fail_msg("%s without %s: %d", table[i].changes, table[i].removed, r);
		if (r != 0)
			assert_true(strlen(statement_outcome_text(r)) > 5);
	}
	assert_int_equal(check_with("{}", "{}", "sub"), 0);
	{
		char *payload = changed_claims(GOOD, "{}", "sub");
		char *without = changed_claims(payload, "{}", "sid");

		assert_int_equal(check_text("{}", without), STATEMENT_ABOUT);
		free(without);
		free(payload);
	}
}

/* The limits of texts: at most, and one more. */
static void test_lengths(void **state)
{
	static const struct {
		const char *name;
		int result;
	} table[] = {{"jti", STATEMENT_ID}, {"sub", STATEMENT_ABOUT}, {"sid", STATEMENT_ABOUT}};
	char long_text[257];
	char changes[400];

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		(void)snprintf(changes, sizeof(changes), "{\"%s\":\"%.255s\"}", table[i].name, long_text);
		assert_int_equal(check_with("{}", changes, NULL), 0);
		(void)snprintf(changes, sizeof(changes), "{\"%s\":\"%.256s\"}", table[i].name, long_text);
		assert_int_equal(check_with("{}", changes, NULL), table[i].result);
	}
}

/* T8 and every truncation: what is no strict JSON object is refused before anything in it is looked at. */
static void test_form(void **state)
{
	char duplicate[] = "{\"iss\":\"x\"," EVENTS ",\"iss\":\"" ISSUER "\"}";
	char list[] = "[]";
	char whole[] = GOOD;

	(void)state;
	assert_int_equal(check_text("{}", duplicate), STATEMENT_MALFORMED);
	assert_int_equal(check_text("{}", list), STATEMENT_MALFORMED);
	for (size_t len = strlen(whole); len-- > 0;) {
		whole[len] = '\0';
		assert_int_equal(check_text("{}", whole), STATEMENT_MALFORMED);
	}
}

/* BL-02: the signature, by a key of the set and an algorithm that is allowed; BL-10: the reverse of the above. */
static void test_signed(void **state)
{
	static char token[TOKEN_MAX];
	struct jwk_set *keys = test_key_set(test_key(JWS_RS256, 0), ",\"kid\":\"k\"");
	struct statement_expectation expect = usual;
	struct id_token_expectation as_id_token = {
		.issuer = ISSUER, .client_id = CLIENT, .algorithms = UINT32_MAX, .now_s = NOW};
	struct json_object *claims = NULL;
	struct logout_token t;

	(void)state;
	test_token(token, JWS_RS256, test_key(JWS_RS256, 0), "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"logout+jwt\"}",
		   GOOD);
	assert_int_equal(logout_token_check(&t, token, strlen(token), keys, &expect), 0);
	logout_token_done(&t);
	assert_int_equal(id_token_check(&claims, token, strlen(token), keys, &as_id_token), ID_TOKEN_TYPE);
	expect.algorithms = 1u << JWS_ES256;
	assert_int_equal(logout_token_check(&t, token, strlen(token), keys, &expect), JWS_ALGORITHM);
	expect.algorithms = UINT32_MAX;
	test_token(token, JWS_RS256, test_key(JWS_RS256, 1), "{\"alg\":\"RS256\",\"kid\":\"k\"}", GOOD);
	assert_int_equal(logout_token_check(&t, token, strlen(token), keys, &expect), JWS_BAD_SIGNATURE);
	test_token(token, JWS_RS256, test_key(JWS_RS256, 0), "{\"alg\":\"none\"}", GOOD);
	assert_int_equal(logout_token_check(&t, token, strlen(token), keys, &expect), JWS_ALGORITHM);
	test_token(token, JWS_RS256, test_key(JWS_RS256, 0), "{\"alg\":\"RS256\",\"kid\":\"other\"}", GOOD);
	assert_int_equal(logout_token_check(&t, token, strlen(token), keys, &expect), JWS_UNKNOWN_KEY);
	assert_string_equal(statement_outcome_text(JWS_UNKNOWN_KEY), jws_outcome_text(JWS_UNKNOWN_KEY));
	jwk_set_free(keys);
	test_keys_done();
}

/* Entra's issuer for several tenants. */
static void test_template(void **state)
{
	static const char *const tenants[] = {"t1", NULL};
	struct statement_expectation expect = {.issuer = "https://login.example.com/{tenantid}/v2.0",
					       .issuer_is_template = true,
					       .tenants = tenants,
					       .audience = CLIENT,
					       .now_s = NOW};
	static const struct {
		const char *changes;
		int result;
	} table[] = {
		{"{\"iss\":\"https://login.example.com/t1/v2.0\",\"tid\":\"t1\"}", 0},
		{"{\"iss\":\"https://login.example.com/t2/v2.0\",\"tid\":\"t2\"}", STATEMENT_ISSUER},
		{"{\"iss\":\"https://login.example.com/t1/v2.0\"}", STATEMENT_ISSUER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char *payload = changed_claims(GOOD, table[i].changes, NULL);
		struct jws j = {.header = json_tokener_parse("{}"), .payload = payload, .payload_len = strlen(payload)};
		struct logout_token t = {.claims = NULL};

		assert_int_equal(logout_token_check_claims(&t, &j, &expect), table[i].result);
		logout_token_done(&t);
		json_object_put(j.header);
		free(payload);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),     cmocka_unit_test(test_types), cmocka_unit_test(test_claims),
		cmocka_unit_test(test_lengths),  cmocka_unit_test(test_form),  cmocka_unit_test(test_signed),
		cmocka_unit_test(test_template),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
