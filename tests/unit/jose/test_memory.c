/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL runs out of memory at each allocation in turn: reading keys and checking a signature then refuse, leave
 * nothing behind and work again afterwards (C6). A bad signature never becomes a good one on the way.
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/crypto.h>

#include "helper/jose/jws.h"
#include "tests/unit/jose/make_token.h"

#define ROUNDS_MAX 20000

static long allocations_left = LONG_MAX;

static int is_exhausted(void)
{
	if (allocations_left == LONG_MAX)
		return 0;
	if (allocations_left == 0)
		return 1;
	allocations_left--;
	return 0;
}

static void *scarce_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return is_exhausted() ? NULL : malloc(size);
}

static void *scarce_realloc(void *p, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return is_exhausted() ? NULL : realloc(p, size);
}

static void plain_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

/* Calls @step with 0, 1, 2, ... allocations until none is refused any more. Return: number of rounds. */
static long exhaust(int (*step)(void *context, int is_scarce), void *context)
{
	for (long n = 0; n < ROUNDS_MAX; n++) {
		int is_done;

		allocations_left = n;
		(void)step(context, 1);
		is_done = allocations_left > 0;
		allocations_left = LONG_MAX;
		assert_int_equal(step(context, 0), 0);
		if (is_done)
			return n;
	}
	fail_msg("no end of allocations");
	return 0;
}

static int parse_keys(void *context, int is_scarce)
{
	const char *text = context;
	struct jwk_set *set = NULL;
	int r = jwk_set_parse(&set, text, strlen(text));

	assert_int_equal(r == 0, set != NULL);
	if (is_scarce)
		assert_true(r == 0 || r == -ENOMEM || r == -ENOKEY);
	jwk_set_free(set);
	return r;
}

static void test_reading_keys(void **state)
{
	(void)state;
	for (enum jws_algorithm a = JWS_RS256; a < JWS_ALGORITHMS; a++) {
		char jwk[4096];
		char text[4200];

		test_jwk(jwk, sizeof(jwk), test_key(a, 0), "");
		(void)snprintf(text, sizeof(text), "{\"keys\":[%s]}", jwk);
		assert_true(exhaust(parse_keys, text) > 0);
	}
}

struct check {
	struct jwk_set *keys;
	char good[4096];
	char bad[4096];
};

static int verify_both(void *context, int is_scarce)
{
	const struct check *c = context;
	struct jws j = {0};
	long left = allocations_left;
	int r;

	assert_true(jws_verify(&j, c->bad, strlen(c->bad), c->keys, UINT32_MAX) != JWS_VALID);
	assert_null(j.payload);
	allocations_left = left;
	r = jws_verify(&j, c->good, strlen(c->good), c->keys, UINT32_MAX);
	if (is_scarce)
		assert_true(r == 0 || r == -ENOMEM || r == -EIO || r == JWS_BAD_SIGNATURE);
	assert_int_equal(r == 0, j.payload != NULL);
	jws_done(&j);
	return r;
}

static void test_checking_signatures(void **state)
{
	static char token[TOKEN_MAX];
	static struct check c;

	(void)state;
	for (enum jws_algorithm a = JWS_RS256; a < JWS_ALGORITHMS; a++) {
		char header[64];

		(void)snprintf(header, sizeof(header), "{\"alg\":\"%s\"}", jws_algorithm_name(a));
		c.keys = test_key_set(test_key(a, 0), "");
		test_token(token, a, test_key(a, 0), header, "{}");
		(void)strcpy(c.good, token);
		test_token(token, a, test_key(a, 1), header, "{}");
		(void)strcpy(c.bad, token);
		assert_true(exhaust(verify_both, &c) > 0);
		jwk_set_free(c.keys);
	}
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
		cmocka_unit_test(test_reading_keys),
		cmocka_unit_test(test_checking_signatures),
	};

	if (CRYPTO_set_mem_functions(scarce_malloc, scarce_realloc, plain_free) != 1)
		return 99;
	return cmocka_run_group_tests(tests, NULL, release);
}
