/* SPDX-License-Identifier: MIT */
/*
 * The claims of an ID token: one good token, and each claim in turn missing, of another type, next to right and wrong
 * (T8, T13 to T18, N9, N20, JW-05, JW-08, ID-02 to ID-11, ID-14, ID-15).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "helper/base/json.h"
#include "helper/jose/base64url.h"
#include "helper/jose/id_token.h"
#include "tests/unit/jose/make_token.h"

#define NOW INT64_C(1800000000)
#define ISSUER "https://login.example.com/realms/house"
#define CLIENT "latchkey"
#define ALL UINT32_MAX

static const struct id_token_expectation usual = {
	.issuer = ISSUER,
	.client_id = CLIENT,
	.algorithms = ALL,
	.now_s = NOW,
};

/* A good token's claims with those of @changes in place of its own, and without @removed */
static char *claims_with(const char *changes, const char *removed)
{
	struct json_object *o = json_tokener_parse("{\"iss\":\"" ISSUER "\",\"sub\":\"248289761001\",\"aud\":\"" CLIENT
						   "\",\"exp\":1800000300,\"iat\":1799999995}");
	struct json_object *more = json_tokener_parse(changes);
	char *text;

	assert_non_null(o);
	if (!more)
		fail_msg("%s", changes);
	json_object_object_foreach(more, key, value)
	{
		json_object_object_add(o, key, json_object_get(value));
	}
	if (removed)
		json_object_object_del(o, removed);
	text = strdup(json_text(o));
	json_object_put(more);
	json_object_put(o);
	assert_non_null(text);
	return text;
}

static int check_payload(const char *header, char *payload, const struct id_token_expectation *expect)
{
	struct json_object *ret = NULL;
	struct jws j = {
		.header = json_tokener_parse(header),
		.payload = payload,
		.payload_len = strlen(payload),
		.algorithm = JWS_RS256,
	};
	int r = id_token_check_claims(&ret, &j, expect);

	assert_int_equal(r == 0, ret != NULL);
	json_object_put(ret);
	json_object_put(j.header);
	return r;
}

static int check_with(const char *changes, const char *removed, const struct id_token_expectation *expect)
{
	char *payload = claims_with(changes, removed);
	int r = check_payload("{\"alg\":\"RS256\"}", payload, expect);

	free(payload);
	return r;
}

struct row {
	const char *changes;
	int expected;
};

static void check_rows(const struct row *rows, size_t n, const struct id_token_expectation *expect)
{
	for (size_t i = 0; i < n; i++) {
		int r = check_with(rows[i].changes, NULL, expect);

		if (r != rows[i].expected)
			fail_msg("%s: %d instead of %d (%s)", rows[i].changes, r, rows[i].expected,
				 id_token_outcome_text(r));
	}
}

static void test_required_claims(void **state)
{
	(void)state;
	assert_int_equal(check_with("{}", NULL, &usual), ID_TOKEN_VALID);
	assert_int_equal(check_with("{}", "iss", &usual), ID_TOKEN_ISSUER);
	assert_int_equal(check_with("{}", "aud", &usual), ID_TOKEN_AUDIENCE);
	assert_int_equal(check_with("{}", "exp", &usual), ID_TOKEN_MALFORMED);
	assert_int_equal(check_with("{}", "iat", &usual), ID_TOKEN_MALFORMED);
	assert_int_equal(check_with("{}", "sub", &usual), ID_TOKEN_SUBJECT);
}

/* T15, ID-02: byte by byte */
static void test_issuer(void **state)
{
	static const struct row rows[] = {
		{"{\"iss\":\"" ISSUER "\"}", ID_TOKEN_VALID},
		{"{\"iss\":\"" ISSUER "/\"}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"https://login.example.com/realms/hous\"}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"https://login.example.com/realms/House\"}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"https://LOGIN.example.com/realms/house\"}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"https://login.example.com:443/realms/house\"}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"http://login.example.com/realms/house\"}", ID_TOKEN_ISSUER},
		{"{\"iss\":\" " ISSUER "\"}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"https://evil.example\"}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"\"}", ID_TOKEN_ISSUER},
		{"{\"iss\":null}", ID_TOKEN_ISSUER},
		{"{\"iss\":1}", ID_TOKEN_ISSUER},
		{"{\"iss\":[\"" ISSUER "\"]}", ID_TOKEN_ISSUER},
		{"{\"iss\":{\"x\":\"" ISSUER "\"}}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"https://login.example.com/realms/h\\u043euse\"}", ID_TOKEN_ISSUER},
	};
	struct id_token_expectation none = usual;

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]), &usual);
	none.issuer = NULL;
	assert_int_equal(check_with("{}", NULL, &none), ID_TOKEN_ISSUER);
	none.issuer = "";
	assert_int_equal(check_with("{\"iss\":\"\"}", NULL, &none), ID_TOKEN_ISSUER);
}

#define TENANT "9122040d-6c67-4c5b-b112-36a304b66dad"
#define OTHER_TENANT "11111111-2222-3333-4444-555555555555"

/* MD-03: the issuer of several tenants; the token's own tid fills the gap and must be on the list */
static void test_issuer_of_several_tenants(void **state)
{
	static const char *const tenants[] = {"72f988bf-86f1-41af-91ab-2d7cd011db47", TENANT, NULL};
	static const char *const nobody[] = {NULL};
	static const struct row rows[] = {
		{"{\"iss\":\"https://x.example/" TENANT "/v2.0\",\"tid\":\"" TENANT "\"}", ID_TOKEN_VALID},
		{"{\"iss\":\"https://x.example/" OTHER_TENANT "/v2.0\",\"tid\":\"" OTHER_TENANT "\"}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"https://x.example/" OTHER_TENANT "/v2.0\",\"tid\":\"" TENANT "\"}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"https://x.example/" TENANT "/v2.0\",\"tid\":\"" OTHER_TENANT "\"}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"https://x.example/" TENANT "/v2.0\"}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"https://x.example/" TENANT "/v2.0\",\"tid\":null}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"https://x.example/" TENANT "/v2.0\",\"tid\":[\"" TENANT "\"]}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"https://x.example/" TENANT "/v2.0/\",\"tid\":\"" TENANT "\"}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"https://x.example/" TENANT "/v1.0\",\"tid\":\"" TENANT "\"}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"https://y.example/" TENANT "/v2.0\",\"tid\":\"" TENANT "\"}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"https://x.example/{tenantid}/v2.0\",\"tid\":\"" TENANT "\"}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"https://x.example/{tenantid}/v2.0\",\"tid\":\"{tenantid}\"}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"https://x.example/\",\"tid\":\"" TENANT "\"}", ID_TOKEN_ISSUER},
		{"{\"iss\":\"https://x\",\"tid\":\"" TENANT "\"}", ID_TOKEN_ISSUER},
		{"{\"tid\":\"" TENANT "\"}", ID_TOKEN_ISSUER},
	};
	struct id_token_expectation template = usual;

	(void)state;
	template.issuer = "https://x.example/{tenantid}/v2.0";
	template.issuer_is_template = true;
	template.tenants = tenants;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]), &template);
	template.tenants = nobody;
	assert_int_equal(check_with(rows[0].changes, NULL, &template), ID_TOKEN_ISSUER);
	template.tenants = NULL;
	assert_int_equal(check_with(rows[0].changes, NULL, &template), ID_TOKEN_ISSUER);
	template.tenants = tenants;
	template.issuer = ISSUER; /* a template without a gap fits nobody */
	assert_int_equal(check_with("{\"tid\":\"" TENANT "\"}", NULL, &template), ID_TOKEN_ISSUER);
	template.issuer = NULL;
	assert_int_equal(check_with("{\"tid\":\"" TENANT "\"}", NULL, &template), ID_TOKEN_ISSUER);
}

/* T13, T14, ID-03 to ID-05 */
static void test_audience(void **state)
{
	static const struct row rows[] = {
		{"{\"aud\":[\"latchkey\"]}", ID_TOKEN_VALID},
		{"{\"aud\":\"latchke\"}", ID_TOKEN_AUDIENCE},
		{"{\"aud\":\"latchkey2\"}", ID_TOKEN_AUDIENCE},
		{"{\"aud\":\"Latchkey\"}", ID_TOKEN_AUDIENCE},
		{"{\"aud\":\"latchkey \"}", ID_TOKEN_AUDIENCE},
		{"{\"aud\":\"other latchkey\"}", ID_TOKEN_AUDIENCE},
		{"{\"aud\":\"\"}", ID_TOKEN_AUDIENCE},
		{"{\"aud\":null}", ID_TOKEN_AUDIENCE},
		{"{\"aud\":1}", ID_TOKEN_AUDIENCE},
		{"{\"aud\":{\"latchkey\":1}}", ID_TOKEN_AUDIENCE},
		{"{\"aud\":[]}", ID_TOKEN_AUDIENCE},
		{"{\"aud\":[\"other\"]}", ID_TOKEN_AUDIENCE},
		{"{\"aud\":[\"other\",\"another\"],\"azp\":\"latchkey\"}", ID_TOKEN_AUDIENCE},
		{"{\"aud\":[[\"latchkey\"]]}", ID_TOKEN_AUDIENCE},
		{"{\"aud\":[\"latchkey\",1],\"azp\":\"latchkey\"}", ID_TOKEN_AUDIENCE},
		{"{\"aud\":[\"latchkey\",null],\"azp\":\"latchkey\"}", ID_TOKEN_AUDIENCE},
		{"{\"aud\":[\"latchkey\",\"other\"]}", ID_TOKEN_AUTHORIZED_PARTY},
		{"{\"aud\":[\"latchkey\",\"latchkey\"]}", ID_TOKEN_AUTHORIZED_PARTY},
		{"{\"aud\":[\"latchkey\",\"other\"],\"azp\":\"other\"}", ID_TOKEN_AUTHORIZED_PARTY},
		{"{\"aud\":[\"latchkey\",\"other\"],\"azp\":\"latchkey\"}", ID_TOKEN_VALID},
		{"{\"aud\":[\"other\",\"latchkey\"],\"azp\":\"latchkey\"}", ID_TOKEN_VALID},
		{"{\"azp\":\"latchkey\"}", ID_TOKEN_VALID},
		{"{\"azp\":\"other\"}", ID_TOKEN_AUTHORIZED_PARTY},
		{"{\"azp\":\"Latchkey\"}", ID_TOKEN_AUTHORIZED_PARTY},
		{"{\"azp\":\"\"}", ID_TOKEN_AUTHORIZED_PARTY},
		{"{\"azp\":null}", ID_TOKEN_AUTHORIZED_PARTY},
		{"{\"azp\":[\"latchkey\"]}", ID_TOKEN_AUTHORIZED_PARTY},
	};
	struct id_token_expectation none = usual;

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]), &usual);
	none.client_id = NULL;
	assert_int_equal(check_with("{}", NULL, &none), ID_TOKEN_AUDIENCE);
	assert_int_equal(check_with("{\"aud\":[\"latchkey\"]}", NULL, &none), ID_TOKEN_AUDIENCE);
	none.client_id = "";
	assert_int_equal(check_with("{\"aud\":\"\"}", NULL, &none), ID_TOKEN_AUDIENCE);
}

/* T13: 64 audiences are read, 65 and 10,000 are nobody's */
static void test_number_of_audiences(void **state)
{
	static const struct {
		size_t n;
		int expected;
	} rows[] = {{64, ID_TOKEN_VALID}, {65, ID_TOKEN_AUDIENCE}, {10000, ID_TOKEN_AUDIENCE}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *changes = malloc(rows[i].n * 4 + 64);
		char *end = changes;

		assert_non_null(changes);
		end += sprintf(end, "{\"azp\":\"latchkey\",\"aud\":[");
		for (size_t k = 1; k < rows[i].n; k++)
			end += sprintf(end, "\"a\",");
		(void)sprintf(end, "\"latchkey\"]}");
		assert_int_equal(check_with(changes, NULL, &usual), rows[i].expected);
		free(changes);
	}
}

/* T16, JW-08, ID-09, ID-10, N20: 60 s of skew, and the edges to the second */
static void test_dates(void **state)
{
	static const struct row rows[] = {
		{"{\"exp\":1799999941}", ID_TOKEN_VALID},
		{"{\"exp\":1799999940}", ID_TOKEN_EXPIRED},
		{"{\"exp\":1799999940.9}", ID_TOKEN_EXPIRED},
		{"{\"exp\":1799999941.5}", ID_TOKEN_VALID},
		{"{\"exp\":1500000000}", ID_TOKEN_EXPIRED},
		{"{\"exp\":0}", ID_TOKEN_EXPIRED},
		{"{\"exp\":2115360000}", ID_TOKEN_VALID}, /* ten years: ends with the age of iat, see below */
		{"{\"exp\":9007199254740992}", ID_TOKEN_VALID},
		{"{\"exp\":9007199254740994}", ID_TOKEN_MALFORMED},
		{"{\"exp\":9223372036854775807}", ID_TOKEN_MALFORMED},
		{"{\"exp\":1e300}", ID_TOKEN_MALFORMED},
		{"{\"exp\":-1}", ID_TOKEN_MALFORMED},
		{"{\"exp\":-0.5}", ID_TOKEN_MALFORMED},
		{"{\"exp\":\"1800000300\"}", ID_TOKEN_MALFORMED},
		{"{\"exp\":null}", ID_TOKEN_MALFORMED},
		{"{\"exp\":true}", ID_TOKEN_MALFORMED},
		{"{\"exp\":[1800000300]}", ID_TOKEN_MALFORMED},
		{"{\"exp\":{}}", ID_TOKEN_MALFORMED},
		{"{\"exp\":1.8000003e9}", ID_TOKEN_VALID},
		{"{\"iat\":1800000060}", ID_TOKEN_VALID},
		{"{\"iat\":1800000061}", ID_TOKEN_NOT_YET},
		{"{\"iat\":1799999400}", ID_TOKEN_VALID},
		{"{\"iat\":1799999399}", ID_TOKEN_TOO_OLD},
		{"{\"iat\":1799999399.9}", ID_TOKEN_TOO_OLD},
		{"{\"iat\":1799999399,\"exp\":2115360000}", ID_TOKEN_TOO_OLD},
		{"{\"iat\":0}", ID_TOKEN_TOO_OLD},
		{"{\"iat\":\"1799999995\"}", ID_TOKEN_MALFORMED},
		{"{\"iat\":null}", ID_TOKEN_MALFORMED},
		{"{\"iat\":-5}", ID_TOKEN_MALFORMED},
		{"{\"iat\":1e300}", ID_TOKEN_MALFORMED},
		{"{\"nbf\":1799999995}", ID_TOKEN_VALID},
		{"{\"nbf\":1800000060}", ID_TOKEN_VALID},
		{"{\"nbf\":1800000061}", ID_TOKEN_NOT_YET},
		{"{\"nbf\":2115360000}", ID_TOKEN_NOT_YET},
		{"{\"nbf\":\"1799999995\"}", ID_TOKEN_MALFORMED},
		{"{\"nbf\":null}", ID_TOKEN_MALFORMED},
		{"{\"nbf\":-1}", ID_TOKEN_MALFORMED},
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]), &usual);
}

/* N20: clocks five minutes apart, and a machine in 1970 and in 2099, refuse and say why */
static void test_clocks(void **state)
{
	static const struct {
		int64_t now_s;
		int expected;
	} rows[] = {
		{NOW - 300, ID_TOKEN_NOT_YET},
		{NOW - 65, ID_TOKEN_VALID},
		{NOW - 66, ID_TOKEN_NOT_YET},
		{NOW + 359, ID_TOKEN_VALID},
		{NOW + 360, ID_TOKEN_EXPIRED},
		{0, ID_TOKEN_NOT_YET},
		{INT64_C(4070908800), ID_TOKEN_EXPIRED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct id_token_expectation e = usual;

		e.now_s = rows[i].now_s;
		assert_int_equal(check_with("{}", NULL, &e), rows[i].expected);
	}
}

static void test_max_age(void **state)
{
	struct id_token_expectation e = usual;

	(void)state;
	e.max_age_s = 30;
	assert_int_equal(check_with("{\"iat\":1799999970}", NULL, &e), ID_TOKEN_VALID);
	assert_int_equal(check_with("{\"iat\":1799999969}", NULL, &e), ID_TOKEN_TOO_OLD);
	e.max_age_s = 86400;
	assert_int_equal(check_with("{\"iat\":1799913600}", NULL, &e), ID_TOKEN_VALID);
	assert_int_equal(check_with("{\"iat\":1799913599}", NULL, &e), ID_TOKEN_TOO_OLD);
}

/* T18, ID-11: demanded only if one was sent, and then exactly */
static void test_nonce(void **state)
{
	static const struct row rows[] = {
		{"{\"nonce\":\"n-0S6_WzA2Mj\"}", ID_TOKEN_VALID},
		{"{}", ID_TOKEN_NONCE},
		{"{\"nonce\":\"n-0S6_WzA2M\"}", ID_TOKEN_NONCE},
		{"{\"nonce\":\"N-0S6_WzA2Mj\"}", ID_TOKEN_NONCE},
		{"{\"nonce\":\"n-0S6_WzA2Mj \"}", ID_TOKEN_NONCE},
		{"{\"nonce\":\"\"}", ID_TOKEN_NONCE},
		{"{\"nonce\":null}", ID_TOKEN_NONCE},
		{"{\"nonce\":1}", ID_TOKEN_NONCE},
		{"{\"nonce\":[\"n-0S6_WzA2Mj\"]}", ID_TOKEN_NONCE},
	};
	struct id_token_expectation e = usual;

	(void)state;
	e.nonce = "n-0S6_WzA2Mj";
	check_rows(rows, sizeof(rows) / sizeof(rows[0]), &e);
	assert_int_equal(check_with("{\"nonce\":\"unasked\"}", NULL, &usual), ID_TOKEN_VALID);
	e.nonce = "";
	assert_int_equal(check_with("{}", NULL, &e), ID_TOKEN_NONCE);
	assert_int_equal(check_with("{\"nonce\":\"\"}", NULL, &e), ID_TOKEN_NONCE);
}

/* T18, ID-15: the example of OpenID Connect Core A.3 */
static void test_access_token_hash(void **state)
{
	static const struct row rows[] = {
		{"{\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RQ\"}", ID_TOKEN_VALID},
		{"{}", ID_TOKEN_VALID},
		{"{\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RA\"}", ID_TOKEN_AT_HASH},
		{"{\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RQ==\"}", ID_TOKEN_AT_HASH},
		{"{\"at_hash\":\"77QmUPtjPfzWtF2AnpK9R\"}", ID_TOKEN_AT_HASH},
		{"{\"at_hash\":\"\"}", ID_TOKEN_AT_HASH},
		{"{\"at_hash\":null}", ID_TOKEN_AT_HASH},
		{"{\"at_hash\":7}", ID_TOKEN_AT_HASH},
	};
	struct id_token_expectation e = usual;

	(void)state;
	e.access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
	check_rows(rows, sizeof(rows) / sizeof(rows[0]), &e);
	e.access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Z";
	assert_int_equal(check_with(rows[0].changes, NULL, &e), ID_TOKEN_AT_HASH);
	assert_int_equal(check_with("{\"at_hash\":\"wrong\"}", NULL, &usual), ID_TOKEN_VALID);
}

/* The hash goes with the signature's algorithm. */
static void test_access_token_hash_by_algorithm(void **state)
{
	static const struct {
		enum jws_algorithm algorithm;
		const char *digest;
	} rows[] = {
		{JWS_RS256, "SHA256"}, {JWS_RS384, "SHA384"}, {JWS_RS512, "SHA512"}, {JWS_PS256, "SHA256"},
		{JWS_PS384, "SHA384"}, {JWS_PS512, "SHA512"}, {JWS_ES256, "SHA256"}, {JWS_ES384, "SHA384"},
		{JWS_ES512, "SHA512"}, {JWS_EDDSA, "SHA512"}, {JWS_NONE, "SHA256"},
	};
	struct id_token_expectation e = usual;

	(void)state;
	e.access_token = "token";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned char digest[EVP_MAX_MD_SIZE];
		char text[128];
		char changes[256];
		size_t len = 0;
		struct json_object *ret = NULL;
		struct jws j = {.header = json_tokener_parse("{}"), .algorithm = rows[i].algorithm};

		assert_int_equal(EVP_Q_digest(NULL, rows[i].digest, NULL, "token", 5, digest, &len), 1);
		base64url_encode(text, digest, len / 2);
		(void)snprintf(changes, sizeof(changes), "{\"at_hash\":\"%s\"}", text);
		j.payload = claims_with(changes, NULL);
		j.payload_len = strlen(j.payload);
		assert_int_equal(id_token_check_claims(&ret, &j, &e),
				 rows[i].algorithm == JWS_NONE ? ID_TOKEN_AT_HASH : ID_TOKEN_VALID);
		json_object_put(ret);
		jws_done(&j);
	}
}

/* I7, ID-14, JW-10 */
static void test_subject(void **state)
{
	static const struct row rows[] = {
		{"{\"sub\":\"a\"}", ID_TOKEN_VALID},
		{"{\"sub\":\"auth0|5f7c8ec7c33c6c004bbafe82\"}", ID_TOKEN_VALID},
		{"{\"sub\":\"CN=Alice Example,OU=House\"}", ID_TOKEN_VALID},
		{"{\"sub\":\"~!@#$%^&*()\"}", ID_TOKEN_VALID},
		{"{\"sub\":\"\"}", ID_TOKEN_SUBJECT},
		{"{\"sub\":null}", ID_TOKEN_SUBJECT},
		{"{\"sub\":248289761001}", ID_TOKEN_SUBJECT},
		{"{\"sub\":[\"a\"]}", ID_TOKEN_SUBJECT},
		{"{\"sub\":true}", ID_TOKEN_SUBJECT},
		{"{\"sub\":\"a\\nb\"}", ID_TOKEN_SUBJECT},
		{"{\"sub\":\"a\\tb\"}", ID_TOKEN_SUBJECT},
		{"{\"sub\":\"a\\u007f\"}", ID_TOKEN_SUBJECT},
		{"{\"sub\":\"\\u001b[2J\"}", ID_TOKEN_SUBJECT},
		{"{\"sub\":\"\\u00e4\"}", ID_TOKEN_SUBJECT},
		{"{\"sub\":\"al\\u0131ce\"}", ID_TOKEN_SUBJECT},
		{"{\"sub\":\"a\\u202eb\"}", ID_TOKEN_SUBJECT},
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]), &usual);
	for (int len = 254; len <= 256; len++) {
		char changes[512];

		(void)snprintf(changes, sizeof(changes), "{\"sub\":\"%0*d\"}", len, 1);
		assert_int_equal(check_with(changes, NULL, &usual), len <= 255 ? ID_TOKEN_VALID : ID_TOKEN_SUBJECT);
	}
}

/* T17, AT-04: tokens of other kinds, by their typ and by the claim that only events have */
static void test_types(void **state)
{
	static const struct row rows[] = {
		{"{\"alg\":\"RS256\"}", ID_TOKEN_VALID},
		{"{\"typ\":\"JWT\"}", ID_TOKEN_VALID},
		{"{\"typ\":\"jwt\"}", ID_TOKEN_VALID},
		{"{\"typ\":\"application/jwt\"}", ID_TOKEN_VALID},
		{"{\"typ\":\"at+jwt\"}", ID_TOKEN_TYPE},
		{"{\"typ\":\"AT+JWT\"}", ID_TOKEN_TYPE},
		{"{\"typ\":\"application/at+jwt\"}", ID_TOKEN_TYPE},
		{"{\"typ\":\"logout+jwt\"}", ID_TOKEN_TYPE},
		{"{\"typ\":\"secevent+jwt\"}", ID_TOKEN_TYPE},
		{"{\"typ\":\"dpop+jwt\"}", ID_TOKEN_TYPE},
		{"{\"typ\":\"oauth-authz-req+jwt\"}", ID_TOKEN_TYPE},
		{"{\"typ\":\"JOSE\"}", ID_TOKEN_TYPE},
		{"{\"typ\":\"JWT \"}", ID_TOKEN_TYPE},
		{"{\"typ\":\"\"}", ID_TOKEN_TYPE},
		{"{\"typ\":null}", ID_TOKEN_TYPE},
		{"{\"typ\":[\"JWT\"]}", ID_TOKEN_TYPE},
	};
	char *payload = claims_with("{}", NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (check_payload(rows[i].changes, payload, &usual) != rows[i].expected)
			fail_msg("%s", rows[i].changes);
	free(payload);
	assert_int_equal(
		check_with("{\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}}}", NULL, &usual),
		ID_TOKEN_TYPE);
	assert_int_equal(check_with("{\"events\":null}", NULL, &usual), ID_TOKEN_TYPE);
}

/* T8, JW-07: duplicates, also in other spelling; claims that are no object; text beside it */
static void test_claims_that_are_not_strict_json(void **state)
{
#define REST "\"iss\":\"" ISSUER "\",\"aud\":\"latchkey\",\"exp\":1800000300,\"iat\":1799999995"
	static const char *const good = "{" REST ",\"sub\":\"alice\"}";
	static const char *const texts[] = {
		"{" REST ",\"sub\":\"alice\",\"sub\":\"bob\"}",
		"{" REST ",\"sub\":\"alice\",\"s\\u0075b\":\"bob\"}",
		"{" REST ",\"sub\":\"alice\",\"aud\":\"latchkey\"}",
		"{" REST ",\"sub\":\"alice\",\"exp\":1900000000}",
		"{" REST ",\"sub\":\"alice\",\"x\":{\"a\":1,\"\\u0061\":1}}",
		"{" REST ",\"sub\":\"ali\\u0000ce\"}",
		"{" REST ",\"sub\":\"alice\"}x",
		"{" REST ",\"sub\":\"alice\",}",
		"{" REST ",\"sub\":'alice'}",
		"{" REST ",\"sub\":\"alice\",\"x\":NaN}",
		"{" REST ",\"sub\":\"alice\",\"x\":1e999}",
		"{" REST ",\"sub\":\"alice\",\"x\":\"\xc3\"}",
		"[{" REST ",\"sub\":\"alice\"}]",
		"null",
		"\"alice\"",
		"",
		"{}{}",
	};
#undef REST
	char text[1024];

	(void)state;
	(void)strcpy(text, good);
	assert_int_equal(check_payload("{}", text, &usual), ID_TOKEN_VALID);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		(void)strcpy(text, texts[i]);
		if (check_payload("{}", text, &usual) != ID_TOKEN_MALFORMED)
			fail_msg("%s", texts[i]);
	}
	for (size_t cut = 0; cut < strlen(good); cut++) {
		(void)strcpy(text, good);
		text[cut] = '\0';
		assert_int_equal(check_payload("{}", text, &usual), ID_TOKEN_MALFORMED);
	}
}

static void test_outcome_texts(void **state)
{
	(void)state;
	for (int a = ID_TOKEN_MALFORMED; a <= ID_TOKEN_TYPE; a++)
		for (int b = a + 1; b <= ID_TOKEN_TYPE + 1; b++)
			assert_string_not_equal(id_token_outcome_text(a), id_token_outcome_text(b));
	assert_string_equal(id_token_outcome_text(JWS_BAD_SIGNATURE), jws_outcome_text(JWS_BAD_SIGNATURE));
	assert_string_equal(id_token_outcome_text(-1), jws_outcome_text(-1));
	assert_string_equal(id_token_outcome_text(99), jws_outcome_text(99));
}

static int release(void **state)
{
	(void)state;
	test_keys_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_required_claims),
		cmocka_unit_test(test_issuer),
		cmocka_unit_test(test_issuer_of_several_tenants),
		cmocka_unit_test(test_audience),
		cmocka_unit_test(test_number_of_audiences),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_max_age),
		cmocka_unit_test(test_nonce),
		cmocka_unit_test(test_access_token_hash),
		cmocka_unit_test(test_access_token_hash_by_algorithm),
		cmocka_unit_test(test_subject),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_claims_that_are_not_strict_json),
		cmocka_unit_test(test_outcome_texts),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
