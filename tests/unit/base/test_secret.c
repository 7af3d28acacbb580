/* SPDX-License-Identifier: MIT */
/* Secrets: the source is wiped in every case, lengths are kept exactly, and comparing needs both. */
#include "helper/base/secret.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_new_wipes_its_source(void **state)
{
	LK_CLEANUP(secret_freep) struct secret *s = NULL;
	char source[] = "tok\0en";

	(void)state;
	assert_int_equal(secret_new(&s, source, 6), 0);
	assert_int_equal(secret_len(s), 6);
	assert_memory_equal(secret_data(s), "tok\0en\0", 7);
	assert_memory_equal(source, "\0\0\0\0\0\0", 6);
}

static void test_new_wipes_what_it_refuses(void **state)
{
	struct secret *s = NULL;
	char *source = malloc(SECRET_MAX + 1);

	(void)state;
	assert_non_null(source);
	memset(source, 'x', SECRET_MAX + 1);
	assert_int_equal(secret_new(&s, source, SECRET_MAX + 1), -E2BIG);
	assert_null(s);
	for (size_t i = 0; i <= SECRET_MAX; i++)
		assert_int_equal(source[i], 0);

	memset(source, 'x', SECRET_MAX);
	assert_int_equal(secret_new(&s, source, SECRET_MAX), 0);
	assert_int_equal(secret_len(s), SECRET_MAX);
	assert_int_equal(secret_data(s)[SECRET_MAX], '\0');
	secret_free(s);
	free(source);
}

static void test_copy_leaves_its_source(void **state)
{
	LK_CLEANUP(secret_freep) struct secret *s = NULL;

	(void)state;
	assert_int_equal(secret_copy(&s, "abc", 3), 0);
	assert_string_equal(secret_data(s), "abc");
}

static void test_empty_secret(void **state)
{
	LK_CLEANUP(secret_freep) struct secret *s = NULL;

	(void)state;
	assert_int_equal(secret_new(&s, NULL, 0), 0);
	assert_int_equal(secret_len(s), 0);
	assert_string_equal(secret_data(s), "");
}

static void test_equal(void **state)
{
	static const struct {
		const char *a, *b;
		size_t a_len, b_len;
		bool equal;
	} rows[] = {
		{"abc", "abc", 3, 3, true},  {"abc", "abd", 3, 3, false},   {"abc", "xbc", 3, 3, false},
		{"abc", "abc", 3, 2, false}, {"a\0b", "a\0c", 3, 3, false}, {"", "", 0, 0, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		LK_CLEANUP(secret_freep) struct secret *a = NULL;
		LK_CLEANUP(secret_freep) struct secret *b = NULL;

		assert_int_equal(secret_copy(&a, rows[i].a, rows[i].a_len), 0);
		assert_int_equal(secret_copy(&b, rows[i].b, rows[i].b_len), 0);
		assert_int_equal(secret_equal(a, b), rows[i].equal);
		assert_false(secret_equal(a, NULL));
	}
	assert_false(secret_equal(NULL, NULL));
}

static void test_nothing_to_free(void **state)
{
	char word[] = "word";

	(void)state;
	secret_free(NULL);
	secret_free_string(NULL);
	secret_free_string(strdup("token"));
	secret_wipe(NULL, 0);
	secret_wipe(word, sizeof(word));
	assert_memory_equal(word, "\0\0\0\0", sizeof(word));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_wipes_its_source),
		cmocka_unit_test(test_new_wipes_what_it_refuses),
		cmocka_unit_test(test_copy_leaves_its_source),
		cmocka_unit_test(test_empty_secret),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_nothing_to_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
