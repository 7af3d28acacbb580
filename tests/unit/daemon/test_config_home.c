/* SPDX-License-Identifier: MIT */
/* What [accounts] says of homes and shells, beside what a machine has. Threats I16, L15. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/daemon/config_internal.h"
#include "tests/unit/as_root.h"
#include "tests/unit/scratch.h"

static struct config *load(const char *accounts)
{
	struct config *c = NULL;
	struct ini_fault fault = {""};
	char text[512];

	(void)snprintf(text, sizeof(text), "[provider corp]\nissuer=https://id.example\nclient_id=c\n[accounts]\n%s\n",
		       accounts);
	if (config_load_text(&c, text, strlen(text), NULL, NULL, &fault) != 0)
		fail_msg("refused: %s", fault.text);
	return c;
}

/* Files of this machine, as it has them for certain. */
static void homes(void **state)
{
	static const struct {
		const char *root;
		const char *home;
		const char *expected; /* NULL: good */
	} rows[] = {
		{"", "/opt-nobody-has-this/%u", NULL}, /* made with the first home */
		{"/usr", "/share/%u", NULL},
		{"/usr", "/share/doc/x-%u", NULL},
		{"/tmp", "/people/%u", "others can write to it"},
		{"/proc", "/self/%u", "is a symbolic link"},
		{"/proc", "/self/task/%u", "is a symbolic link"},
		{"/proc", "/cpuinfo/%u", "is no folder"},
	};

	(void)state;
	if (!has_roots_files())
		skip();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[128], why[CONFIG_WHY_MAX] = "";
		LK_CLEANUP(config_freep) struct config *c = NULL;
		int r;

		(void)snprintf(text, sizeof(text), "home=%s", rows[i].home);
		c = load(text);
		r = config_check_home_base(c, rows[i].root, why);
		if (rows[i].expected ? r != -EINVAL || !strstr(why, rows[i].expected) : r != 0)
			fail_msg("%s%s: %d '%s'", rows[i].root, rows[i].home, r, why);
	}
}

static char said[1024];

static void keep_note(void *userdata, const char *text)
{
	(void)userdata;
	strncat(said, text, sizeof(said) - strlen(said) - 1);
}

static void shells(void **state)
{
	static const struct {
		const char *shell;
		const char *expected;
	} rows[] = {
		{"/bin/good", ""},
		{"/bin/absent", "no such program"},
		{"/bin/plain", "no such program"},
		{"/bin/other", "is not in /etc/shells"},
		{"/bin/goo", "is not in /etc/shells"},
	};
	static const char list[] = "# list\n/bin/good\n/bin/absent\n/bin/plain";
	struct scratch s;

	(void)state;
	assert_true(scratch_new(&s));
	assert_int_equal(mkdir(scratch_name(&s, "etc"), 0755), 0);
	assert_int_equal(mkdir(scratch_name(&s, "bin"), 0755), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strstr(rows[i].shell, "absent"))
			assert_true(scratch_write(&s, rows[i].shell + 1, "", 0,
						  strstr(rows[i].shell, "plain") ? 0644 : 0755));
	for (int with_list = 1; with_list >= 0; with_list--) {
		if (with_list)
			assert_true(scratch_write(&s, "etc/shells", list, strlen(list), 0644));
		else
			assert_int_equal(unlink(scratch_name(&s, "etc/shells")), 0);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			LK_CLEANUP(config_freep) struct config *c = NULL;
			char text[64];

			(void)snprintf(text, sizeof(text), "shell=%s", rows[i].shell);
			c = load(text);
			said[0] = '\0';
			config_note_shell(c, s.path, keep_note, NULL);
			if (with_list || strstr(rows[i].expected, "program"))
				assert_non_null(strstr(said, rows[i].expected));
			if (rows[i].expected[0] == '\0')
				assert_string_equal(said, "");
		}
	}
	scratch_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(homes),
		cmocka_unit_test(shells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
