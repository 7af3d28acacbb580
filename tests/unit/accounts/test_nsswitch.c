/* SPDX-License-Identifier: MIT */
/* Lines of nsswitch.conf as they are in the wild, and as they should not be. I11. */
#include "helper/accounts/nsswitch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *text;
	int result;
	const char *passwd;
} rows[] = {
	{"", 0, ""},
	{"passwd: files\n", 0, ""},
	{"passwd:         files systemd latchkey\n", 0, "systemd"},
	{"passwd: files latchkey sss\n", 0, "sss"},
	{"passwd:files sss winbind ldap", 0, "sss winbind ldap"},
	{"  passwd \t:\tsss\tfiles \r\n", 0, "sss"},
	{"passwd: sss [SUCCESS=return NOTFOUND=continue] files [!UNAVAIL=return] compat\n", 0, "sss compat"},
	{"passwd: sss[NOTFOUND=return]ldap\n", 0, "sss ldap"},
	{"# passwd: sss\npasswd: files # ldap\n", 0, ""},
	{"group: sss\nhosts: files dns\npasswd_compat: nis\nPASSWD: ldap\npasswdx: ldap\n", 0, ""},
	{"passwd files sss\n", 0, ""},
	{"passwd: sss\ngroup: files\npasswd: ldap\n", 0, "sss ldap"},
	{"passwd: files extra_users-2.0\n", 0, "extra_users-2.0"},
	{"passwd: latchkey2 filesystem\n", 0, "latchkey2 filesystem"},
	{"passwd: files; sss\n", -EBADMSG, NULL},
	{"passwd: ../../tmp/x\n", -EBADMSG, NULL},
	{"passwd: sss [NOTFOUND=return\nldap]\n", -EBADMSG, NULL},
	{"passwd: s\303\244ss\n", -EBADMSG, NULL},
};

static void test_rows(void **state)
{
	char out[NSSWITCH_OTHERS_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(nsswitch_others(out, rows[i].text, strlen(rows[i].text), "passwd"), rows[i].result);
		if (rows[i].passwd != NULL)
			assert_string_equal(out, rows[i].passwd);
	}
}

static void test_zero_byte(void **state)
{
	static const char text[] = "passwd: sss\0 ldap\n";
	char out[NSSWITCH_OTHERS_MAX + 1];

	(void)state;
	assert_int_equal(nsswitch_others(out, text, sizeof(text) - 1, "passwd"), -EBADMSG);
}

/* As many bytes of words as fit, and one more. */
static void test_longest(void **state)
{
	char out[NSSWITCH_OTHERS_MAX + 1], text[NSSWITCH_OTHERS_MAX + 32];

	(void)state;
	for (size_t n = NSSWITCH_OTHERS_MAX; n <= NSSWITCH_OTHERS_MAX + 1; n++) {
		int len = snprintf(text, sizeof(text), "group: files a ");

		memset(text + len, 'b', n - 2);
		assert_int_equal(nsswitch_others(out, text, (size_t)len + n - 2, "group"),
				 n <= NSSWITCH_OTHERS_MAX ? 0 : -E2BIG);
		if (n <= NSSWITCH_OTHERS_MAX)
			assert_int_equal(strlen(out), n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_zero_byte),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
