/* SPDX-License-Identifier: MIT */
/*
 * Assertions of this host's own: AS-01 one JWT alone, AS-02 and AS-03 the claims are the caller's word for word, AS-04 a
 * short life and a number that comes once.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/jose/assertion.h"
#include "helper/jose/jws.h"
#include "tests/unit/jose/make_token.h"

#define NOW_S 1900000000

static struct signing_key *key;
static struct jwk_set *set;

static const struct assertion_claims good = {
	.iss = "client", .sub = "client", .aud = "https://login.example.com", .lifetime_s = 120};

static void claims_of(struct json_object **ret, const struct assertion_claims *c)
{
	LK_CLEANUP(secret_freep) struct secret *token = NULL;
	struct jws j;

	assert_int_equal(assertion_make(&token, key, c), 0);
	assert_int_equal(jws_verify(&j, secret_data(token), secret_len(token), set, 1u << JWS_ES256), 0);
	assert_string_equal(json_object_get_string(json_object_object_get(j.header, "typ")), c->typ ? c->typ : "JWT");
	assert_int_equal(json_parse(ret, j.payload, j.payload_len), 0);
	jws_done(&j);
}

static const char *text_of(struct json_object *o, const char *name)
{
	return json_object_get_string(json_object_object_get(o, name));
}

static int64_t number_of(struct json_object *o, const char *name)
{
	return json_object_get_int64(json_object_object_get(o, name));
}

static void test_claims(void **state)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = NULL;

	(void)state;
	claims_of(&o, &good);
	assert_string_equal(text_of(o, "iss"), "client");
	assert_string_equal(text_of(o, "sub"), "client");
	assert_string_equal(text_of(o, "aud"), "https://login.example.com");
	assert_int_equal(json_object_get_type(json_object_object_get(o, "aud")), json_type_string);
	assert_int_equal(number_of(o, "iat"), NOW_S);
	assert_int_equal(number_of(o, "exp"), NOW_S + 120);
	assert_int_equal(json_object_object_length(o), 6);
}

/* AS-04: also of a retry within the same second */
static void test_each_jti_comes_once(void **state)
{
	char seen[64][ASSERTION_JTI_CHARS + 1];

	(void)state;
	for (size_t i = 0; i < 64; i++) {
		LK_CLEANUP(json_object_putp) struct json_object *o = NULL;

		claims_of(&o, &good);
		assert_int_equal(strlen(text_of(o, "jti")), ASSERTION_JTI_CHARS);
		memcpy(seen[i], text_of(o, "jti"), sizeof(seen[i]));
		for (size_t before = 0; before < i; before++)
			assert_string_not_equal(seen[before], seen[i]);
	}
}

static void test_text_is_escaped(void **state)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = NULL;
	struct assertion_claims c = good;

	(void)state;
	c.sub = "a\",\"aud\":\"b\\\xc3\xa4\n";
	claims_of(&o, &c);
	assert_string_equal(text_of(o, "sub"), c.sub);
	assert_string_equal(text_of(o, "aud"), c.aud);
}

static void test_extra_members(void **state)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = NULL, *extra = json_object_new_object();
	struct assertion_claims c = good;

	(void)state;
	assert_int_equal(json_object_object_add(extra, "nonce", json_object_new_string("n\"1")), 0);
	assert_int_equal(json_object_object_add(extra, "host", NULL), 0);
	c.extra = extra;
	c.typ = "latchkey-assertion+jwt";
	claims_of(&o, &c);
	assert_string_equal(text_of(o, "nonce"), "n\"1");
	assert_true(json_object_object_get_ex(o, "host", NULL));
	assert_int_equal(json_object_object_length(o), 8);
}

static void refused(const struct assertion_claims *c)
{
	LK_CLEANUP(secret_freep) struct secret *token = NULL;

	assert_int_equal(assertion_make(&token, key, c), -EINVAL);
	assert_null(token);
}

static void test_claims_made_here_are_nobodys(void **state)
{
	static const char *const names[] = {"iss", "sub", "aud", "iat", "nbf", "exp", "jti"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		LK_CLEANUP(json_object_putp) struct json_object *extra = json_object_new_object();
		struct assertion_claims c = good;

		assert_int_equal(json_object_object_add(extra, names[i], json_object_new_string("x")), 0);
		c.extra = extra;
		refused(&c);
	}
}

static void test_limits(void **state)
{
	char text[ASSERTION_TEXT_MAX + 2];
	struct assertion_claims c = good;
	LK_CLEANUP(secret_freep) struct secret *token = NULL;
	LK_CLEANUP(json_object_putp) struct json_object *array = json_object_new_array();

	(void)state;
	c.lifetime_s = 0;
	refused(&c);
	c.lifetime_s = ASSERTION_LIFETIME_MAX_S + 1;
	refused(&c);
	c.lifetime_s = ASSERTION_LIFETIME_MAX_S;
	assert_int_equal(assertion_make(&token, key, &c), 0);

	memset(text, 'a', sizeof(text));
	text[ASSERTION_TEXT_MAX + 1] = '\0';
	c.iss = text;
	refused(&c);
	text[ASSERTION_TEXT_MAX] = '\0';
	secret_free(LK_STEAL(token));
	assert_int_equal(assertion_make(&token, key, &c), 0);
	c.iss = "";
	refused(&c);
	c.iss = NULL;
	refused(&c);
	c = good;
	c.aud = "\xff";
	refused(&c);
	c = good;
	c.extra = array;
	refused(&c);
}

static int setup(void **state)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text, extra[128];
	long len;

	(void)state;
	clock_freeze(0, NOW_S);
	if (PEM_write_bio_PrivateKey(bio, test_key(JWS_ES256, 0), NULL, NULL, 0, NULL, NULL) != 1)
		return -1;
	len = BIO_get_mem_data(bio, &text);
	if (signing_key_from_pem(&key, text, (size_t)len, JWS_NONE) != 0)
		return -1;
	BIO_free(bio);
	(void)snprintf(extra, sizeof(extra), ",\"kid\":\"%s\"", signing_key_kid(key));
	set = test_key_set(test_key(JWS_ES256, 0), extra);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	clock_thaw();
	signing_key_unref(key);
	jwk_set_free(set);
	test_keys_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_each_jti_comes_once),
		cmocka_unit_test(test_text_is_escaped),
		cmocka_unit_test(test_extra_members),
		cmocka_unit_test(test_claims_made_here_are_nobodys),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
