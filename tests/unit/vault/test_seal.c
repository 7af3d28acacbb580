/* SPDX-License-Identifier: MIT */
/* What is sealed opens for its owner, by its key, as it was, and not otherwise. T1, I8, C14. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/vault/seal.h"

static const unsigned char key_1[SEAL_KEY_SIZE] = {1}, key_2[SEAL_KEY_SIZE] = {2};
static const struct row_owner alice = {.uid = 1879048192, .issuer = "https://id.example", .subject = "alice"};

static struct seal *keys(const unsigned char *first, const unsigned char *second)
{
	struct seal *k = NULL;

	assert_int_equal(seal_new(&k), 0);
	if (first)
		assert_int_equal(seal_add_key(k, first), 0);
	if (second)
		assert_int_equal(seal_add_key(k, second), 0);
	return k;
}

static struct secret *text(const char *bytes)
{
	struct secret *s = NULL;

	assert_int_equal(secret_copy(&s, bytes, strlen(bytes)), 0);
	return s;
}

static int opens(const struct seal *k, enum seal_purpose purpose, const struct row_owner *o, const struct sealed *s)
{
	LK_CLEANUP(secret_freep) struct secret *found = NULL;
	int r = seal_decrypt(k, purpose, o, s, &found);

	assert_true((r == 0) == (found != NULL));
	if (r == 0)
		assert_string_equal(secret_data(found), "the refresh token");
	return r;
}

static void round_trip(void **state)
{
	LK_CLEANUP(seal_freep) struct seal *k = keys(key_1, NULL);
	LK_CLEANUP(secret_freep) struct secret *plain = text("the refresh token");
	LK_CLEANUP(sealed_done) struct sealed s = {.len = 0};

	(void)state;
	assert_int_equal(seal_encrypt(k, SEAL_TOKENS, &alice, plain, &s), 0);
	assert_int_equal(s.len, strlen("the refresh token") + SEAL_OVERHEAD);
	assert_string_equal(s.key_id, seal_key_id(k));
	assert_null(memmem(s.bytes, s.len, "refresh", 7));
	assert_int_equal(opens(k, SEAL_TOKENS, &alice, &s), 0);
}

/* A row that was given to somebody else, or is used as something else, does not open; nor do parts of a name that were
 * moved over a border. */
static void other_owners(void **state)
{
	static const struct row_owner others[] = {
		{.uid = 1879048193, .issuer = "https://id.example", .subject = "alice"},
		{.uid = 1879048192, .issuer = "https://id.examplf", .subject = "alice"},
		{.uid = 1879048192, .issuer = "https://id.example", .subject = "alicf"},
		{.uid = 1879048192, .issuer = "https://id.examplea", .subject = "lice"},
		{.uid = 1879048192, .issuer = "https://id.exampl", .subject = "ealice"},
		{.uid = 1879048192, .issuer = "https://id.example", .subject = ""},
	};
	LK_CLEANUP(seal_freep) struct seal *k = keys(key_1, NULL);
	LK_CLEANUP(secret_freep) struct secret *plain = text("the refresh token");
	LK_CLEANUP(sealed_done) struct sealed s = {.len = 0};

	(void)state;
	assert_int_equal(seal_encrypt(k, SEAL_TOKENS, &alice, plain, &s), 0);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(opens(k, SEAL_TOKENS, &others[i], &s), -EKEYREJECTED);
	assert_int_equal(opens(k, SEAL_PIN, &alice, &s), -EKEYREJECTED);
	assert_int_equal(opens(k, SEAL_TOKENS, &alice, &s), 0);
}

static void changed_bits(void **state)
{
	LK_CLEANUP(seal_freep) struct seal *k = keys(key_1, NULL);
	LK_CLEANUP(secret_freep) struct secret *plain = text("the refresh token");
	LK_CLEANUP(sealed_done) struct sealed s = {.len = 0};
	size_t len;

	(void)state;
	assert_int_equal(seal_encrypt(k, SEAL_TOKENS, &alice, plain, &s), 0);
	for (size_t bit = 0; bit < s.len * 8; bit++) {
		s.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
		assert_int_equal(opens(k, SEAL_TOKENS, &alice, &s), -EKEYREJECTED);
		s.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	len = s.len;
	for (s.len = 0; s.len < len; s.len++)
		assert_int_equal(opens(k, SEAL_TOKENS, &alice, &s), -EKEYREJECTED);
	assert_int_equal(opens(k, SEAL_TOKENS, &alice, &s), 0);
}

/* C14: without the key there is nothing to be had, and nothing is kept in the clear. */
static void wrong_key(void **state)
{
	LK_CLEANUP(seal_freep) struct seal *k = keys(key_1, NULL), *other = keys(key_2, NULL), *none = keys(NULL, NULL);
	LK_CLEANUP(secret_freep) struct secret *plain = text("the refresh token");
	LK_CLEANUP(sealed_done) struct sealed s = {.len = 0};

	(void)state;
	assert_int_equal(seal_encrypt(k, SEAL_TOKENS, &alice, plain, &s), 0);
	assert_int_equal(opens(other, SEAL_TOKENS, &alice, &s), -EKEYREJECTED);
	assert_int_equal(opens(none, SEAL_TOKENS, &alice, &s), -EKEYREJECTED);
	memcpy(s.key_id, seal_key_id(other), sizeof(s.key_id));
	assert_int_equal(opens(other, SEAL_TOKENS, &alice, &s), -EKEYREJECTED);
	sealed_done(&s);
	assert_null(seal_key_id(none));
	assert_int_equal(seal_encrypt(none, SEAL_TOKENS, &alice, plain, &s), -ENOKEY);
	assert_null(s.bytes);
}

/* The first key seals, the others open what they have sealed. */
static void several_keys(void **state)
{
	LK_CLEANUP(seal_freep) struct seal *old = keys(key_1, NULL), *both = keys(key_2, key_1);
	LK_CLEANUP(secret_freep) struct secret *plain = text("the refresh token");
	LK_CLEANUP(sealed_done) struct sealed s = {.len = 0}, t = {.len = 0};
	unsigned char key[SEAL_KEY_SIZE] = {0};

	(void)state;
	assert_int_equal(seal_encrypt(old, SEAL_TOKENS, &alice, plain, &s), 0);
	assert_int_equal(opens(both, SEAL_TOKENS, &alice, &s), 0);
	assert_true(seal_has_key(both, s.key_id));
	assert_int_equal(seal_encrypt(both, SEAL_TOKENS, &alice, plain, &t), 0);
	assert_int_equal(opens(old, SEAL_TOKENS, &alice, &t), -EKEYREJECTED);
	assert_false(seal_has_key(old, t.key_id));
	assert_int_equal(seal_add_key(both, key_1), 0); /* it is there */
	for (unsigned char i = 3; i <= SEAL_KEYS_MAX; i++) {
		key[0] = i;
		assert_int_equal(seal_add_key(both, key), 0);
	}
	key[0] = 99;
	assert_int_equal(seal_add_key(both, key), -E2BIG);
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, 12);
}

/* SP 800-38D section 8: a nonce that comes twice gives both texts away. */
static void nonces(void **state)
{
	enum {
		N = 20000
	};
	LK_CLEANUP(seal_freep) struct seal *k = keys(key_1, NULL);
	LK_CLEANUP(secret_freep) struct secret *plain = text("the refresh token");
	unsigned char(*seen)[12] = calloc(N, sizeof(*seen));

	(void)state;
	assert_non_null(seen);
	for (size_t i = 0; i < N; i++) {
		LK_CLEANUP(sealed_done) struct sealed s = {.len = 0};

		assert_int_equal(seal_encrypt(k, SEAL_TOKENS, &alice, plain, &s), 0);
		memcpy(seen[i], s.bytes + 1, 12);
	}
	qsort(seen, N, sizeof(*seen), compare);
	for (size_t i = 1; i < N; i++)
		assert_int_not_equal(compare(seen[i - 1], seen[i]), 0);
	free(seen);
}

static void sizes(void **state)
{
	LK_CLEANUP(seal_freep) struct seal *k = keys(key_1, NULL);
	LK_CLEANUP(secret_freep) struct secret *none = text(""), *large = NULL, *found = NULL;
	LK_CLEANUP(sealed_done) struct sealed s = {.len = 0};
	static char bytes[SEAL_PLAIN_MAX];

	(void)state;
	assert_int_equal(seal_encrypt(k, SEAL_TOKENS, &alice, none, &s), -EINVAL);
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(secret_copy(&large, bytes, sizeof(bytes)), 0);
	assert_int_equal(seal_encrypt(k, SEAL_TOKENS, &alice, large, &s), 0);
	assert_int_equal(seal_decrypt(k, SEAL_TOKENS, &alice, &s, &found), 0);
	assert_true(secret_equal(found, large));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip), cmocka_unit_test(other_owners), cmocka_unit_test(changed_bits),
		cmocka_unit_test(wrong_key),  cmocka_unit_test(several_keys), cmocka_unit_test(nonces),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
