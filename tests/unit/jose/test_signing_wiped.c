/* SPDX-License-Identifier: MIT */
/*
 * What is secret in a private key does not stay behind in memory that was given back: looked for in each block as it goes, of
 * OpenSSL's and of ours, while keys are made, stored, read, used and released.
 */
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>

#include "helper/base/secret.h"
#include "helper/jose/assertion.h"
#include "helper/jose/key_files.h"
#include "helper/jose/key_pair.h"
#include "helper/jose/openssl_memory.h"
#include "tests/unit/scratch.h"

void __real_free(void *p);
void __wrap_free(void *p);

#define SPOOR "as if it were a key's own 32 bytes"

/* In the order of the bytes as a file has them, and as the number lies in memory */
static unsigned char secret[2][32];
static char secret_text[40];     /* a piece of the PEM that is of the secret alone */
static volatile bool is_looking; /* the compiler believes that free() looks at nothing */
static volatile unsigned n_found, n_looked_at;

static void look(const void *p)
{
	size_t size;

	if (!is_looking || p == NULL)
		return;
	n_looked_at++;
	size = malloc_usable_size((void *)(uintptr_t)p);
	for (size_t i = 0; i < 2; i++)
		if (memmem(p, size, secret[i], sizeof(secret[i])) != NULL)
			n_found++;
	if (memmem(p, size, secret_text, strlen(secret_text)) != NULL)
		n_found++;
}

void __wrap_free(void *p)
{
	look(p);
	__real_free(p);
}

static void remember(const struct buf *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIGNUM *d = NULL;

	assert_non_null(pkey);
	assert_int_equal(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &d), 1);
	assert_int_equal(BN_bn2binpad(d, secret[0], sizeof(secret[0])), sizeof(secret[0]));
	assert_int_equal(BN_bn2lebinpad(d, secret[1], sizeof(secret[1])), sizeof(secret[1]));
	BN_clear_free(d);
	EVP_PKEY_free(pkey);
	BIO_free(bio);
	/* The first line of 64 characters holds 48 bytes; the secret stands at the 37th, so this is of it alone. */
	memcpy(secret_text, strchr(pem->data, '\n') + 1 + 65, 20);
}

static void test_the_test_can_fail(void **state)
{
	char *copy = strndup(SPOOR, sizeof(secret[0]));

	(void)state;
	memcpy(secret[0], SPOOR, sizeof(secret[0]));
	memcpy(secret[1], SPOOR, sizeof(secret[1]));
	secret_text[0] = '?';
	assert_non_null(copy);
	is_looking = true;
	n_found = 0;
	free(copy);
	is_looking = false;
	assert_true(n_found > 0);
}

/* What OpenSSL gives back passes by here at all, and is empty then. */
static void test_openssl_gives_back_by_our_hands(void **state)
{
	char *block = OPENSSL_malloc(sizeof(SPOOR));

	(void)state;
	assert_non_null(block);
	memcpy(block, SPOOR, sizeof(SPOOR));
	n_found = 0;
	n_looked_at = 0;
	is_looking = true;
	OPENSSL_free(block);
	is_looking = false;
	assert_int_equal(n_looked_at, 1);
	assert_int_equal(n_found, 0);
}

static void test_read_and_used(void **state)
{
	const struct assertion_claims claims = {.iss = "c", .sub = "c", .aud = "a", .lifetime_s = 60};
	LK_CLEANUP(buf_done) struct buf pem = {.max = SIGNING_PEM_MAX};
	struct signing_key *k = NULL;
	struct secret *token = NULL;
	struct scratch scratch;
	char folder[128];

	(void)state;
	assert_true(scratch_new(&scratch));
	(void)snprintf(folder, sizeof(folder), "%s/keys", scratch.path);
	assert_int_equal(key_pair_new(&pem, KEY_TYPE_P256), 0);
	remember(&pem);
	n_found = 0;
	is_looking = true;
	assert_int_equal(key_files_store(folder, "web", false, &pem), 0);
	assert_int_equal(key_files_load(&k, folder, "web", false), 0);
	assert_int_equal(assertion_make(&token, k, &claims), 0);
	secret_free(token);
	signing_key_unref(k);
	buf_done(&pem);
	is_looking = false;
	assert_int_equal(n_found, 0);
	scratch_done(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_test_can_fail),
		cmocka_unit_test(test_openssl_gives_back_by_our_hands),
		cmocka_unit_test(test_read_and_used),
	};

	if (openssl_memory_wipe() < 0)
		return 99;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
