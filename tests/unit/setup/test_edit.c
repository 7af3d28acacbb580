/* SPDX-License-Identifier: MIT */
/* What becomes of nsswitch.conf, nscd.conf and sshd_config: our words in, everything else as it was, and a second time nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/setup/edit.h"

static const char *nsswitch(const char *text, int wanted)
{
	static char kept[1024];
	LK_CLEANUP(buf_done) struct buf out = {0};
	const char *database = "";

	buf_init(&out, 4096);
	assert_int_equal(edit_nsswitch(&out, text, strlen(text), &database), wanted);
	(void)snprintf(kept, sizeof(kept), "%s", wanted == 0 ? out.data : database);
	return kept;
}

static void nsswitch_makes(const char *before, const char *after)
{
	assert_string_equal(nsswitch(before, 0), after);
	assert_string_equal(nsswitch(after, 0), after);
}

#define REST "group: files latchkey\nshadow: files latchkey\n"

static void test_nsswitch(void **state)
{
	(void)state;
	nsswitch_makes("", "passwd: files latchkey\n" REST);
	nsswitch_makes(
		"# /etc/nsswitch.conf\n\npasswd:         files systemd\ngroup: files\nshadow:\tfiles\ngshadow: files\n"
		"\nhosts:          files dns\n",
		"# /etc/nsswitch.conf\n\npasswd:         files systemd latchkey\ngroup: files latchkey\n"
		"shadow:\tfiles latchkey\ngshadow: files\n\nhosts:          files dns\n");
	/* Behind others, in front of a comment, without a newline at the end. */
	nsswitch_makes("passwd: files sss # people\n" REST, "passwd: files sss latchkey # people\n" REST);
	nsswitch_makes("group: files latchkey\nshadow: files latchkey\npasswd: files",
		       "group: files latchkey\nshadow: files latchkey\npasswd: files latchkey\n");
	/* A comment is no line, and a name that only begins like ours is none of ours. */
	nsswitch_makes("#passwd: files latchkey\npasswd: files latchkey2\n" REST,
		       "#passwd: files latchkey\npasswd: files latchkey2 latchkey\n" REST);
	nsswitch_makes("passwd:\n" REST, "passwd: files latchkey\n" REST);
	/* Actions that let the search go on. */
	nsswitch_makes("passwd: files [SUCCESS=return] sss [ UNAVAIL=return NOTFOUND=continue ]\n" REST,
		       "passwd: files [SUCCESS=return] sss [ UNAVAIL=return NOTFOUND=continue ] latchkey\n" REST);
	nsswitch_makes("passwd: files[!NOTFOUND=return]sss\n" REST,
		       "passwd: files[!NOTFOUND=return]sss latchkey\n" REST);
	/* Somebody put it elsewhere: it stays there. */
	nsswitch_makes("passwd: files latchkey sss\n" REST, "passwd: files latchkey sss\n" REST);
	nsswitch_makes("passwd: files latchkey[NOTFOUND=return] sss\n" REST,
		       "passwd: files latchkey[NOTFOUND=return] sss\n" REST);
}

static void test_nsswitch_refuses(void **state)
{
	(void)state;
	assert_string_equal(nsswitch("passwd: files [NOTFOUND=return] sss\n", EDIT_STOPS_BEFORE), "passwd");
	assert_string_equal(nsswitch("passwd: files\ngroup: files [!UNAVAIL=return] sss\n", EDIT_STOPS_BEFORE),
			    "group");
	assert_string_equal(nsswitch("passwd: files [!success = return]\n", 0),
			    "passwd: files [!success = return] latchkey\n" REST);
	assert_string_equal(nsswitch("passwd: files [notfound=Return] latchkey\n", EDIT_STOPS_BEFORE), "passwd");
	assert_string_equal(nsswitch("shadow: files [NOTFOUND=return\n", EDIT_UNREADABLE), "shadow");
}

static void test_nsswitch_limit(void **state)
{
	LK_CLEANUP(buf_done) struct buf out = {0};
	const char *database;

	(void)state;
	buf_init(&out, 16);
	assert_int_equal(edit_nsswitch(&out, "passwd: files\n", 14, &database), -E2BIG);
}

static void nscd_makes(const char *before, const char *after)
{
	LK_CLEANUP(buf_done) struct buf out = {0};

	buf_init(&out, 4096);
	assert_int_equal(edit_nscd(&out, before, strlen(before)), 0);
	assert_string_equal(out.len > 0 ? out.data : "", after);
}

static void test_nscd(void **state)
{
	(void)state;
	nscd_makes("", "");
	nscd_makes("\tenable-cache\t\tpasswd\t\tyes\n\tenable-cache\t\tgroup\t\tyes # "
		   "yes\n\tenable-cache\t\thosts\t\tyes\n",
		   "\tenable-cache\t\tpasswd\t\tno\n\tenable-cache\t\tgroup\t\tno # "
		   "yes\n\tenable-cache\t\thosts\t\tyes\n");
	nscd_makes("#enable-cache passwd yes\nenable-cache passwd no\nenable-cache group",
		   "#enable-cache passwd yes\nenable-cache passwd no\nenable-cache group");
	nscd_makes("enable-cache passwd yes", "enable-cache passwd no");
}

static bool includes(const char *text)
{
	return edit_sshd_includes(text, strlen(text), "/etc/ssh/sshd_config.d");
}

static void test_sshd_includes(void **state)
{
	(void)state;
	assert_true(includes("Include /etc/ssh/sshd_config.d/*.conf\n"));
	assert_true(includes("Port 22\n  include  \"/etc/ssh/other.conf\"  sshd_config.d/*.conf # all"));
	assert_true(includes("Include=/etc/ssh/sshd_config.d/*.conf"));
	assert_false(includes(""));
	assert_false(includes("#Include /etc/ssh/sshd_config.d/*.conf\n"));
	assert_false(includes("Include /etc/ssh/sshd_config.d/50-*.conf\n"));
	assert_false(includes("Include /etc/ssh/sshd_config.d2/*.conf\n"));
	/* What is read for some only would be our settings for some only. */
	assert_false(includes("Match User olga\nInclude /etc/ssh/sshd_config.d/*.conf\n"));
}

static void test_sshd_texts(void **state)
{
	LK_CLEANUP(buf_done) struct buf out = {0};
	char value[16];

	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(edit_sshd_include(&out, "Port 22\n", 8, "/etc/ssh/x.conf"), 0);
	assert_non_null(strstr(out.data, "\nInclude /etc/ssh/x.conf\n\nPort 22\n"));
	buf_done(&out);
	buf_init(&out, 4096);
	assert_int_equal(edit_sshd_drop_in(&out, 660), 0);
	assert_string_equal(edit_setting(out.data, "logingracetime", value, sizeof(value)), "660");
	assert_string_equal(edit_setting(out.data, "usepam", value, sizeof(value)), "yes");
	assert_string_equal(edit_setting(out.data, "kbdinteractiveauthentication", value, sizeof(value)), "yes");
	/* Whose passwords count stays as it is. */
	assert_null(edit_setting(out.data, "passwordauthentication", value, sizeof(value)));
	assert_null(edit_setting("usepamx yes\n", "usepam", value, sizeof(value)));
	assert_string_equal(edit_setting("usepam 01234567890123456789\n", "usepam", value, sizeof(value)),
			    "012345678901234");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nsswitch),       cmocka_unit_test(test_nsswitch_refuses),
		cmocka_unit_test(test_nsswitch_limit), cmocka_unit_test(test_nscd),
		cmocka_unit_test(test_sshd_includes),  cmocka_unit_test(test_sshd_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
