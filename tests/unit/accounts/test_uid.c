/* SPDX-License-Identifier: MIT */
/* Threat I11: numbers that nobody may have; and candidates that stay what they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "helper/accounts/accounts.h"
#include "helper/accounts/siphash.h"
#include "helper/accounts/uid.h"

/* The vectors of the reference implementation: key 00..0f, inputs 00, 00 01, ... */
static void siphash_vectors(void **state)
{
	static const struct {
		size_t len;
		uint64_t digest;
	} vectors[] = {
		{0, UINT64_C(0x726fdb47dd0e0e31)},  {1, UINT64_C(0x74f839c593dc67fd)},
		{2, UINT64_C(0x0d6c8009d9a94f5a)},  {3, UINT64_C(0x85676696d7fb7e2d)},
		{4, UINT64_C(0xcf2794e0277187b7)},  {5, UINT64_C(0x18765564cd99a68d)},
		{6, UINT64_C(0xcbc9466e58fee3ce)},  {7, UINT64_C(0xab0200f58b01d137)},
		{8, UINT64_C(0x93f5f5799a932462)},  {15, UINT64_C(0xa129ca6149be45e5)},
		{63, UINT64_C(0x958a324ceb064572)},
	};
	uint8_t key[16], input[64];

	(void)state;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		assert_int_equal(siphash(key, input, vectors[i].len), vectors[i].digest);
}

/* Written down: these numbers own files on people's machines, no release may change them. */
static void candidates_never_change(void **state)
{
	(void)state;
	assert_int_equal(
		uid_candidate("https://id.example", "alice", ACCOUNTS_UID_MIN_DEFAULT, ACCOUNTS_UID_MAX_DEFAULT),
		1991966750);
	assert_int_equal(uid_candidate("https://id.example", "bob", ACCOUNTS_UID_MIN_DEFAULT, ACCOUNTS_UID_MAX_DEFAULT),
			 2143991887);
	assert_int_equal(
		uid_candidate("https://other.example", "alice", ACCOUNTS_UID_MIN_DEFAULT, ACCOUNTS_UID_MAX_DEFAULT),
		2059060289);
	assert_int_equal(uid_candidate("https://id.example", "alice", 2000, 2999), 2763);
}

static void candidates_stay_in_range(void **state)
{
	char name[16];

	(void)state;
	assert_int_equal(uid_candidate("i", "n", 5000, 5000), 5000);
	for (unsigned i = 0; i < 10000; i++) {
		uint32_t uid;

		snprintf(name, sizeof(name), "u%u", i);
		uid = uid_candidate("https://id.example", name, 2000, 2006);
		assert_in_range(uid, 2000, 2006);
		uid = uid_candidate("https://id.example", name, 0, UINT32_MAX);
		assert_true(uid <= UINT32_MAX);
	}
	/* No byte moves between issuer and name. */
	assert_int_not_equal(uid_candidate("https://a", "bc", 1, INT32_MAX),
			     uid_candidate("https://ab", "c", 1, INT32_MAX));
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* 10,000 people in 2^28 numbers: 0.19 collisions expected. More than 5 would mean that the hash is broken. */
static void candidates_spread(void **state)
{
	static uint32_t uids[10000];
	size_t collisions = 0;
	char name[16];

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		uids[i] = uid_candidate("https://id.example", name, ACCOUNTS_UID_MIN_DEFAULT, ACCOUNTS_UID_MAX_DEFAULT);
	}
	qsort(uids, 10000, sizeof(uids[0]), compare);
	for (size_t i = 1; i < 10000; i++)
		collisions += uids[i] == uids[i - 1];
	assert_true(collisions <= 5);
}

/* I11 */
static void forbidden(void **state)
{
	static const uint32_t ids[] = {0,     1,      999,        60001,      60577,      61184,      65519,     65534,
				       65535, 524288, 1000000000, 1879048191, 2147483648, 4294967294, 4294967295};
	static const uint32_t fine[] = {1000,  60000,  60578,      61183,      65520,     65533,
					65536, 524287, 1879048192, 2147483646, 2147483647};

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_non_null(uid_forbidden(ids[i], ids[i]));
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		assert_null(uid_forbidden(fine[i], fine[i]));
	assert_null(uid_forbidden(ACCOUNTS_UID_MIN_DEFAULT, ACCOUNTS_UID_MAX_DEFAULT));
	assert_null(uid_forbidden(1000, 60000));
	assert_non_null(uid_forbidden(999, 60000));
	assert_non_null(uid_forbidden(1000, 60001));
	assert_non_null(uid_forbidden(1000, 70000));
	assert_non_null(uid_forbidden(1879048191, 1879048192));
	assert_non_null(uid_forbidden(1879048192, 2147483648));
	assert_non_null(uid_forbidden(0, UINT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_vectors),
		cmocka_unit_test(candidates_never_change),
		cmocka_unit_test(candidates_stay_in_range),
		cmocka_unit_test(candidates_spread),
		cmocka_unit_test(forbidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
