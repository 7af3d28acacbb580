/* SPDX-License-Identifier: MIT */
/* Programs that are run for a part of somebody's work: what they get, and how they end. */
#include "helper/base/program.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG_MS 60000u

static int run_shell(const char *script, uint32_t timeout_ms, struct buf *output)
{
	const struct program p = {
		.argv = {"/bin/sh", "-c", script}, .environment = {"MORE=1"}, .timeout_ms = timeout_ms};

	return program_run(&p, output);
}

static void check(const char *script, int wanted, const char *said)
{
	LK_CLEANUP(buf_done) struct buf output = {0};

	assert_int_equal(run_shell(script, LONG_MS, &output), wanted);
	if (said != NULL)
		assert_string_equal(output.data != NULL ? output.data : "", said);
}

static void test_ends(void **state)
{
	(void)state;
	check("echo out; echo err >&2; exit 3", 3, "out\nerr\n");
	check("kill -9 $$", -ECHILD, "");
	check("cat", 0, "");
	check("head -c 262145 /dev/zero", -E2BIG, NULL);
	check("head -c 262144 /dev/zero", 0, NULL);
}

/* Neither environment nor descriptors of the caller. */
static void test_surroundings(void **state)
{
	int fd = dup(STDERR_FILENO);

	(void)state;
	assert_true(fd > 2);
	assert_int_equal(setenv("LD_LATCHKEY_TEST", "1", 1), 0);
	check("env | grep -c -e LD_LATCHKEY_TEST", 1, "0\n");
	check("echo $MORE $PATH $LC_ALL", 0, "1 /usr/sbin:/usr/bin:/sbin:/bin C.UTF-8\n");
	check("[ -e /proc/$$/fd/3 ] || echo none", 0, "none\n");
	(void)close(fd);
}

static void test_cannot_run(void **state)
{
	const struct program none = {.argv = {"/nonexistent/program"}, .timeout_ms = LONG_MS};
	const struct program folder = {.argv = {"/"}, .timeout_ms = LONG_MS};
	LK_CLEANUP(buf_done) struct buf output = {0};

	(void)state;
	assert_int_equal(program_run(&none, &output), -ENOENT);
	buf_done(&output);
	assert_int_equal(program_run(&folder, &output), 126);
}

static void test_time(void **state)
{
	LK_CLEANUP(buf_done) struct buf output = {0};

	(void)state;
	assert_int_equal(run_shell("echo before; exec sleep 1000", 300, &output), -ETIMEDOUT);
}

/* A socket is handed on as a service manager does; whoever started it can end it. */
static void test_start(void **state)
{
	struct program p = {.argv = {"/bin/sh", "-c",
				     "[ $LISTEN_PID = $$ ] && [ $LISTEN_FDS = 1 ] && echo yes >&3; exec sleep 1000"}};
	int ends[2];
	char said[8] = "";
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	p.listen_fd = ends[1];
	assert_int_equal(program_start(&p, &pid), 0);
	assert_int_equal(read(ends[0], said, sizeof(said) - 1), 4);
	assert_string_equal(said, "yes\n");
	program_stop(pid);
	assert_int_equal(kill(pid, 0), -1);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends), cmocka_unit_test(test_surroundings), cmocka_unit_test(test_cannot_run),
		cmocka_unit_test(test_time), cmocka_unit_test(test_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
