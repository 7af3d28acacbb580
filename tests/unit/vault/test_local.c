/* SPDX-License-Identifier: MIT */
/* Sign-ins to accounts of /etc/passwd: whose they are is part of the question. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/vault/stores.h"

static void is_kept(struct store *s, const char *name, const char *subject, const char *facts, int64_t last_s)
{
	char *found = NULL;
	int64_t when = -1;
	int r = store_find_local(s, name, "https://id.example", subject, &found, &when);

	if (facts == NULL) {
		assert_int_equal(r, -ENOENT);
		assert_null(found);
		assert_int_equal(when, -1);
		return;
	}
	assert_int_equal(r, 0);
	assert_string_equal(found, facts);
	assert_int_equal(when, last_s);
	free(found);
}

static void sign_ins(void **state)
{
	struct local_sign_in l = {.name = "olga",
				  .issuer = "https://id.example",
				  .subject = "17",
				  .facts = "{\"groups\":[]}",
				  .last_sign_in_s = 1700000000};
	LK_CLEANUP(store_closep) struct store *s = NULL;

	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	is_kept(s, "olga", "17", NULL, 0);
	assert_int_equal(store_note_local(s, &l), 0); /* never signed in: nothing to bring up to date */
	is_kept(s, "olga", "17", NULL, 0);
	assert_int_equal(store_put_local(s, &l), 0);
	is_kept(s, "olga", "17", "{\"groups\":[]}", 1700000000);
	is_kept(s, "olga", "1", NULL, 0);
	is_kept(s, "olg", "17", NULL, 0);

	l.facts = "{}";
	assert_int_equal(store_note_local(s, &l), 0);
	is_kept(s, "olga", "17", "{}", 1700000000);
	l.subject = "18";
	l.facts = "{\"email\":\"x\"}";
	assert_int_equal(store_note_local(s, &l), 0); /* somebody else's facts */
	is_kept(s, "olga", "17", "{}", 1700000000);
	assert_int_equal(store_put_local(s, &l), 0);
	is_kept(s, "olga", "17", NULL, 0);
	is_kept(s, "olga", "18", "{\"email\":\"x\"}", 1700000000);

	store_close(LK_STEAL(s));
	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	is_kept(s, "olga", "18", "{\"email\":\"x\"}", 1700000000);
	assert_int_equal(store_count(s), 0);
}

static void what_no_row_may_hold(void **state)
{
	const struct local_sign_in good = {
		.name = "olga", .issuer = "i", .subject = "s", .facts = "{}", .last_sign_in_s = 0};
	LK_CLEANUP(store_closep) struct store *s = NULL;
	struct local_sign_in l;

	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	l = good;
	l.name = "";
	assert_true(store_put_local(s, &l) < 0);
	l.name = "a-name-of-thirty-three-characters";
	assert_true(store_put_local(s, &l) < 0);
	l = good;
	l.subject = "";
	assert_true(store_put_local(s, &l) < 0);
	l = good;
	l.facts = "";
	assert_true(store_put_local(s, &l) < 0);
	l = good;
	l.last_sign_in_s = -1;
	assert_true(store_put_local(s, &l) < 0);
	assert_int_equal(store_put_local(s, &good), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sign_ins, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(what_no_row_may_hold, stores_setup, stores_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
