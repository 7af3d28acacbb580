/* SPDX-License-Identifier: MIT */
/* Reading files that decide about access: kind, owner, mode and size are all demanded. Threat L16. */
#include "helper/base/file.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "tests/unit/as_root.h"
#include "tests/unit/scratch.h"

static struct scratch scratch;

static int set_up(void **state)
{
	(void)state;
	return scratch_new(&scratch) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_done(&scratch);
	return 0;
}

static int read_as(const char *name, enum file_owner owner, enum file_privacy privacy, size_t max)
{
	struct buf b;
	int r;

	r = file_read(&b, scratch_name(&scratch, name), owner, privacy, max);
	if (r < 0)
		assert_int_equal(b.len, 0);
	buf_done(&b);
	return r;
}

static int read_readable(const char *name)
{
	return read_as(name, FILE_OWNER_ROOT_OR_SELF, FILE_READABLE, 100);
}

static void test_reads_bytes(void **state)
{
	LK_CLEANUP(buf_done) struct buf b;

	(void)state;
	assert_true(scratch_write(&scratch, "f", "a\0b\n", 4, 0644));
	assert_int_equal(file_read(&b, scratch_name(&scratch, "f"), FILE_OWNER_ROOT_OR_SELF, FILE_READABLE, 100), 0);
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "a\0b\n\0", 5);
}

static void test_empty_file(void **state)
{
	(void)state;
	assert_true(scratch_write(&scratch, "f", "", 0, 0644));
	assert_int_equal(read_readable("f"), 0);
}

static void test_size(void **state)
{
	static char bytes[10000];

	(void)state;
	for (size_t len = 4090; len < 4100; len++) {
		assert_true(scratch_write(&scratch, "f", bytes, len, 0644));
		assert_int_equal(read_as("f", FILE_OWNER_ROOT_OR_SELF, FILE_READABLE, len), 0);
		assert_int_equal(read_as("f", FILE_OWNER_ROOT_OR_SELF, FILE_READABLE, len - 1), -E2BIG);
	}
	assert_true(scratch_write(&scratch, "f", bytes, sizeof(bytes), 0644));
	assert_int_equal(read_as("f", FILE_OWNER_ROOT_OR_SELF, FILE_READABLE, sizeof(bytes)), 0);
}

static void test_modes(void **state)
{
	(void)state;
	/* The group is the process's own here. */
	for (mode_t mode = 0400; mode <= 0777; mode++) {
		bool others_write = (mode & 0022) != 0, is_private = (mode & 0037) == 0;

		if (!(mode & 0400))
			continue;
		assert_true(scratch_write(&scratch, "f", "x", 1, mode));
		assert_int_equal(read_readable("f"), others_write ? -EPERM : 0);
		assert_int_equal(read_as("f", FILE_OWNER_ROOT_OR_SELF, FILE_PRIVATE, 100), is_private ? 0 : -EPERM);
		assert_int_equal(unlink(scratch_name(&scratch, "f")), 0);
	}
}

static void test_a_foreign_group_may_not_read_secrets(void **state)
{
	(void)state;
	assert_true(scratch_write(&scratch, "f", "x", 1, 0640));
	if (!may_give_away())
		skip();
	assert_int_equal(chown(scratch_name(&scratch, "f"), (uid_t)-1, 12345), 0);
	assert_int_equal(read_as("f", FILE_OWNER_ROOT_OR_SELF, FILE_PRIVATE, 100), -EPERM);
	assert_int_equal(read_readable("f"), 0);
}

static void test_a_foreign_owner(void **state)
{
	(void)state;
	assert_true(scratch_write(&scratch, "f", "x", 1, 0644));
	if (!may_give_away())
		skip();
	assert_int_equal(chown(scratch_name(&scratch, "f"), 12345, (gid_t)-1), 0);
	assert_int_equal(read_as("f", FILE_OWNER_ROOT, FILE_READABLE, 100), -EPERM);
	assert_int_equal(read_as("f", FILE_OWNER_ROOT_OR_SELF, FILE_READABLE, 100), -EPERM);
}

static void test_not_a_regular_file(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	(void)state;
	assert_int_equal(mkdir(scratch_name(&scratch, "dir"), 0755), 0);
	assert_int_equal(read_readable("dir"), -EINVAL);

	/* Without a writer: opening must not wait for one. */
	assert_int_equal(mkfifo(scratch_name(&scratch, "fifo"), 0644), 0);
	assert_int_equal(read_readable("fifo"), -EINVAL);

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", scratch.path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(read_readable("socket"), -EINVAL);
	(void)close(fd);

	LK_CLEANUP(buf_done) struct buf b;
	assert_int_equal(file_read(&b, "/dev/null", FILE_OWNER_ROOT_OR_SELF, FILE_READABLE, 9), -EINVAL);
}

static void test_links_and_absence(void **state)
{
	(void)state;
	assert_true(scratch_write(&scratch, "f", "x", 1, 0644));
	assert_int_equal(symlink("f", scratch_name(&scratch, "link")), 0);
	assert_int_equal(symlink("nowhere", scratch_name(&scratch, "dangling")), 0);
	assert_int_equal(read_readable("link"), -ELOOP);
	assert_int_equal(read_readable("dangling"), -ELOOP);
	assert_int_equal(read_readable("none"), -ENOENT);
	assert_int_equal(read_readable("f/below"), -ENOTDIR);
}

/* Root's alone, all the way: what others could exchange is no place for anybody's home. */
static void test_folders(void **state)
{
	char longest[PATH_MAX + 8];

	(void)state;
	if (!has_roots_files())
		skip();
	assert_int_equal(file_check_folder("/"), 0);
	assert_int_equal(file_check_folder("/usr"), 0);
	assert_int_equal(file_check_folder("/usr/share/"), 0);
	assert_int_equal(file_check_folder("/tmp"), -EPERM);
	assert_int_equal(file_check_folder("/tmp/nobody-has-this/"), -EPERM);
	assert_int_equal(file_check_folder("/usr/nobody-has-this/x"), -ENOENT);
	assert_int_equal(file_check_folder("/etc/passwd"), -ENOTDIR);
	assert_int_equal(file_check_folder("/etc/passwd/x"), -ENOTDIR);
	assert_int_equal(file_check_folder("/proc/self/fd"), -ELOOP);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(file_check_folder(longest), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reads_bytes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_empty_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_size, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_modes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_foreign_group_may_not_read_secrets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_foreign_owner, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_a_regular_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_links_and_absence, set_up, tear_down),
		cmocka_unit_test(test_folders),
	};

	(void)umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
