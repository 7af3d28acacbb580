/* SPDX-License-Identifier: MIT */
/* Configuration text: what is read, and that everything libinih would misread has a fault with file and line. L16. */
#include "helper/base/ini.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "helper/base/buf.h"
#include "helper/base/text.h"
#include "tests/unit/as_root.h"
#include "tests/unit/scratch.h"

#define ROWS(a) (sizeof(a) / sizeof((a)[0]))

static struct buf seen;

static int note_key(void *userdata, const char *section, const char *key, const char *value, char *why, size_t why_size)
{
	(void)userdata;
	if (strcmp(key, "unknown") == 0) {
		(void)snprintf(why, why_size, "unknown key '%s' in [%s]", key, section);
		return -EINVAL;
	}
	if (strcmp(key, "memory") == 0)
		return -ENOMEM;
	buf_printf(&seen, "%s/%s=%s|", section, key, value);
	return 0;
}

static int read_text(const char *text, size_t len, struct ini_fault *fault)
{
	char *exact = malloc(len > 0 ? len : 1);
	int r;

	assert_non_null(exact);
	memcpy(exact, text, len);
	buf_done(&seen);
	buf_init(&seen, 65536);
	buf_append_text(&seen, "");
	*fault = (struct ini_fault){""};
	r = ini_read_text("x.conf", exact, len, note_key, NULL, fault);
	free(exact);
	return r;
}

static void assert_reads(const char *text, const char *expected)
{
	struct ini_fault fault;

	if (read_text(text, strlen(text), &fault) != 0)
		fail_msg("%s", fault.text);
	assert_string_equal(fault.text, "");
	assert_string_equal(seen.data, expected);
}

static void assert_fault(const char *text, size_t len, const char *expected)
{
	struct ini_fault fault;

	assert_int_equal(read_text(text, len, &fault), -EINVAL);
	if (!text_has_prefix(fault.text, expected))
		fail_msg("expected '%s', got '%s'", expected, fault.text);
	assert_true(text_is_utf8(fault.text, strlen(fault.text)));
}

static void test_reads(void **state)
{
	(void)state;
	assert_reads("", "");
	assert_reads("\n\n# comment\n; comment\n  # indented comment\n\t\n", "");
	assert_reads("[a]\nk=v", "a/k=v|");
	assert_reads("[provider x]\r\nk = v\r\n", "provider x/k=v|");
	assert_reads("[a]\nk = two words \t\nl=\n[b]\nk-1.x_y = a=b:c;d#e\n",
		     "a/k=two words|a/l=|b/k-1.x_y=a=b:c;d#e|");
	assert_reads("[a]\nk=J\xc3\xbcrgen\nk=again\n[a]\nk=\"q\"\n", "a/k=J\xc3\xbcrgen|a/k=again|a/k=\"q\"|");
	assert_reads("[a]\nk=https://idp.example/x?y=z;w\n", "a/k=https://idp.example/x?y=z;w|");
	assert_reads("[a]\nk=#ffffff\n", "a/k=#ffffff|");
}

static void test_faults(void **state)
{
	static const struct {
		const char *text, *fault;
	} rows[] = {
		{"k=v\n", "x.conf:1: a key must stand below a [section]"},
		{"[a]\n\nnonsense\n", "x.conf:3: expected 'key = value'"},
		{"[a]\nk: v\n", "x.conf:2: expected 'key = value'"},
		{"[a]\nk:x = v\n", "x.conf:2: a key consists of"},
		{"[a]\n= v\n", "x.conf:2: a key consists of"},
		{"[a]\nk l = v\n", "x.conf:2: a key consists of"},
		{"[a]\n\xc3\xbc = v\n", "x.conf:2: a key consists of"},
		{"[a\nk=v\n", "x.conf:1: a section line must end in ']'"},
		{"[a] ; comment\n", "x.conf:1: a section line must end in ']'"},
		{"[a]]\n", "x.conf:1: a section's name"},
		{"[a][b]\n", "x.conf:1: a section's name"},
		{"[]\n", "x.conf:1: a section's name"},
		{"[a ; b]\n", "x.conf:1: a section's name"},
		{"[", "x.conf:1: a section line"},
		/* an [access sudo] that nobody is told of would leave sudo to [access] */
		{"[a]\nk=v\n[b]\n", "x.conf:3: a section without a key"},
		{"[a]\n\n[b]\nk=v\n", "x.conf:1: a section without a key"},
		{"[a]\n# k=v\n", "x.conf:1: a section without a key"},
		{"]", "x.conf:1: expected"},
		{" [a]\n", "x.conf:1: an indented line"},
		{"[a]\nk=v\n  more\n", "x.conf:3: an indented line"},
		{"[a]\nk=v\n\tl=w\n", "x.conf:3: an indented line"},
		{"[a]\nk=v ; comment\n", "x.conf:2: a comment needs a line of its own"},
		{"[a]\nk=v\t# comment\n", "x.conf:2: a comment needs a line of its own"},
		{"[a]\nk= ; comment\n", "x.conf:2: a comment needs a line of its own"},
		{"[a]\nk=v\x01\n", "x.conf:2: a control character"},
		{"[a]\nk=v\x1b[2J\n", "x.conf:2: a control character"},
		{"[a]\nk=v\rl=w\n", "x.conf:2: a control character"},
		{"[a]\nk=v\x7f\n", "x.conf:2: a control character"},
		{"[a]\nk=\xff\n", "x.conf:2: bytes that are not UTF-8"},
		{"# \xc3\n[a]\n", "x.conf:1: bytes that are not UTF-8"},
		{"\xef\xbb\xbf[a]\nk=v\n", "x.conf:1: expected"},
		{"[a]\nk=v\n\nunknown=1\nnonsense\n", "x.conf:4: unknown key 'unknown' in [a]"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_fault(rows[i].text, strlen(rows[i].text), rows[i].fault);
	assert_fault("[a]\nk=v\0w\n", 10, "x.conf:2: a control character or NUL");
	assert_fault("[a]\0\n", 5, "x.conf:1: a control character or NUL");
}

/* Reading stops at the first fault: nothing behind it takes effect. */
static void test_stops_at_the_first_fault(void **state)
{
	static const char refused[] = "[a]\nk=1\nunknown=1\nk=2\nunknown=2\n", failed[] = "[a]\nmemory=1\nk=2\n";
	struct ini_fault fault;

	(void)state;
	assert_int_equal(read_text(refused, strlen(refused), &fault), -EINVAL);
	assert_string_equal(seen.data, "a/k=1|");
	assert_string_equal(fault.text, "x.conf:3: unknown key 'unknown' in [a]");
	assert_int_equal(read_text(failed, strlen(failed), &fault), -ENOMEM);
	assert_string_equal(seen.data, "");
	assert_string_equal(fault.text, "x.conf:2: Cannot allocate memory");
}

/* Around the length at which libinih would cut a line in two: whole, or a fault. */
static void test_long_lines(void **state)
{
	bool was_refused = false;

	(void)state;
	for (size_t len = 150; len < 5000; len += len < 260 ? 1 : 997) {
		LK_CLEANUP(buf_done) struct buf text;
		struct ini_fault fault;
		int r;

		buf_init(&text, 10000);
		buf_append_text(&text, "[a]\nk=");
		while (text.len < len)
			buf_append_text(&text, "v");
		r = read_text(text.data, text.len, &fault);
		if (r == 0) {
			assert_false(was_refused);
			assert_int_equal(seen.len, text.len - strlen("[a]\nk=") + strlen("a/k=|"));
		} else {
			assert_int_equal(r, -EINVAL);
			assert_true(text_has_prefix(fault.text, "x.conf:2: a line of "));
			assert_string_equal(seen.data, "");
			was_refused = true;
		}
	}
	assert_true(was_refused);
}

static void test_long_sections(void **state)
{
	static const char name[] = "a23456789b123456789c123456789d123456789e123456789f";

	(void)state;
	for (size_t len = 45; len <= 50; len++) {
		char text[80], expected[80];

		(void)snprintf(text, sizeof(text), "[%.*s]\nk=v\n", (int)len, name);
		(void)snprintf(expected, sizeof(expected), "%.*s/k=v|", (int)len, name);
		if (len < 50)
			assert_reads(text, expected);
		else
			assert_fault(text, strlen(text), "x.conf:1: a section's name");
	}
}

static void test_every_truncation(void **state)
{
	static const char text[] = "[provider x]\nissuer = https://idp.example\n# J\xc3\xbcrgen\n[b]\nk=v\n";
	struct ini_fault fault;

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		int r = read_text(text, len, &fault);

		assert_true(r == 0 || r == -EINVAL);
		assert_int_equal(r == 0, fault.text[0] == '\0');
	}
}

static struct scratch scratch;

static int set_up(void **state)
{
	(void)state;
	buf_done(&seen);
	buf_init(&seen, 65536);
	return as_root() && scratch_new(&scratch) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_done(&scratch);
	return 0;
}

static void write_conf(const char *name, const char *text)
{
	assert_true(scratch_write(&scratch, name, text, strlen(text), 0644));
}

static int read_tree(struct ini_fault *fault)
{
	buf_done(&seen);
	buf_init(&seen, 65536);
	buf_append_text(&seen, "");
	*fault = (struct ini_fault){""};
	return ini_read_tree(scratch_name(&scratch, "l.conf"), note_key, NULL, fault);
}

static void assert_tree_fault(int r, const char *name, const char *why)
{
	struct ini_fault fault;
	char expected[256];

	(void)snprintf(expected, sizeof(expected), "%s/%s%s", scratch.path, name, why);
	assert_int_equal(read_tree(&fault), r);
	assert_string_equal(fault.text, expected);
}

static void test_tree_order(void **state)
{
	struct ini_fault fault;

	(void)state;
	write_conf("l.conf", "[a]\nk=main\n");
	assert_int_equal(read_tree(&fault), 0);
	assert_string_equal(seen.data, "a/k=main|");

	assert_int_equal(mkdir(scratch_name(&scratch, "l.conf.d"), 0755), 0);
	write_conf("l.conf.d/b.conf", "[a]\nk=b\n");
	write_conf("l.conf.d/B.conf", "[a]\nk=B\n");
	write_conf("l.conf.d/10-x.conf", "[a]\nk=10\n");
	write_conf("l.conf.d/9-x.conf", "[a]\nk=9\n");
	write_conf("l.conf.d/.hidden.conf", "nonsense");
	write_conf("l.conf.d/x.conf~", "nonsense");
	write_conf("l.conf.d/README", "nonsense");
	assert_int_equal(read_tree(&fault), 0);
	assert_string_equal(seen.data, "a/k=main|a/k=10|a/k=9|a/k=B|a/k=b|");
}

/* A section does not reach from one file into the next. */
static void test_tree_sections_end_with_their_file(void **state)
{
	(void)state;
	write_conf("l.conf", "[a]\nk=main\n");
	assert_int_equal(mkdir(scratch_name(&scratch, "l.conf.d"), 0755), 0);
	write_conf("l.conf.d/b.conf", "k=b\n");
	assert_tree_fault(-EINVAL, "l.conf.d/b.conf", ":1: a key must stand below a [section]");
}

static void test_tree_missing(void **state)
{
	(void)state;
	assert_tree_fault(-ENOENT, "l.conf", ": No such file or directory");
}

static void test_tree_modes(void **state)
{
	const char *const main_file = "l.conf", *const folder = "l.conf.d", *const drop_in = "l.conf.d/a.conf";
	const char *const why = ": must belong to root and be writable by root only";

	(void)state;
	write_conf(main_file, "[a]\nk=v\n");
	assert_int_equal(mkdir(scratch_name(&scratch, folder), 0755), 0);
	write_conf(drop_in, "[a]\nk=v\n");

	assert_int_equal(chmod(scratch_name(&scratch, main_file), 0664), 0);
	assert_tree_fault(-EPERM, main_file, why);
	assert_int_equal(chmod(scratch_name(&scratch, main_file), 0600), 0);

	assert_int_equal(chmod(scratch_name(&scratch, drop_in), 0646), 0);
	assert_tree_fault(-EPERM, drop_in, why);
	assert_int_equal(chmod(scratch_name(&scratch, drop_in), 0644), 0);

	assert_int_equal(chmod(scratch_name(&scratch, folder), 0775), 0);
	assert_tree_fault(-EPERM, folder, why);
	assert_int_equal(chmod(scratch_name(&scratch, folder), 0777), 0);
	assert_tree_fault(-EPERM, folder, why);
	assert_int_equal(chmod(scratch_name(&scratch, folder), 0755), 0);

	assert_int_equal(read_tree(&(struct ini_fault){""}), 0);
}

static void test_tree_owner(void **state)
{
	const char *const why = ": must belong to root and be writable by root only";

	(void)state;
	write_conf("l.conf", "[a]\nk=v\n");
	assert_int_equal(mkdir(scratch_name(&scratch, "l.conf.d"), 0755), 0);
	write_conf("l.conf.d/a.conf", "[a]\nk=v\n");
	if (!may_give_away())
		skip();
	assert_int_equal(chown(scratch_name(&scratch, "l.conf.d"), 12345, (gid_t)-1), 0);
	assert_tree_fault(-EPERM, "l.conf.d", why);
	assert_int_equal(chown(scratch_name(&scratch, "l.conf.d"), 0, (gid_t)-1), 0);
	assert_int_equal(chown(scratch_name(&scratch, "l.conf.d/a.conf"), 12345, (gid_t)-1), 0);
	assert_tree_fault(-EPERM, "l.conf.d/a.conf", why);
	assert_int_equal(chown(scratch_name(&scratch, "l.conf"), 12345, (gid_t)-1), 0);
	assert_tree_fault(-EPERM, "l.conf", why);
}

static void test_tree_links(void **state)
{
	(void)state;
	write_conf("elsewhere", "[a]\nk=v\n");
	assert_int_equal(symlink("elsewhere", scratch_name(&scratch, "l.conf")), 0);
	assert_tree_fault(-ELOOP, "l.conf", ": is a symbolic link");

	assert_int_equal(unlink(scratch_name(&scratch, "l.conf")), 0);
	write_conf("l.conf", "[a]\nk=v\n");
	assert_int_equal(symlink(".", scratch_name(&scratch, "l.conf.d")), 0);
	assert_tree_fault(-EINVAL, "l.conf.d", ": is not a directory");

	assert_int_equal(unlink(scratch_name(&scratch, "l.conf.d")), 0);
	assert_int_equal(mkdir(scratch_name(&scratch, "l.conf.d"), 0755), 0);
	assert_int_equal(symlink("../elsewhere", scratch_name(&scratch, "l.conf.d/a.conf")), 0);
	assert_tree_fault(-ELOOP, "l.conf.d/a.conf", ": is a symbolic link");
}

static void test_tree_too_large(void **state)
{
	size_t len = 256 * 1024 + 1;
	char *text = malloc(len);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', len);
	assert_true(scratch_write(&scratch, "l.conf", text, len - 1, 0644));
	assert_int_equal(read_tree(&(struct ini_fault){""}), 0);
	assert_true(scratch_write(&scratch, "l.conf", text, len, 0644));
	assert_tree_fault(-E2BIG, "l.conf", ": is larger than 256 KiB");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_stops_at_the_first_fault),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_long_sections),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test_setup_teardown(test_tree_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tree_sections_end_with_their_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tree_missing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tree_modes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tree_owner, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tree_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tree_too_large, set_up, tear_down),
	};
	int r;

	(void)umask(022);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	buf_done(&seen);
	return r;
}
