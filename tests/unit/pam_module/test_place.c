/* SPDX-License-Identifier: MIT */
/* Lines of /proc/PID/stat, and the place of this very process. */
#include "pam_module/place.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/pam_module/fake.h"

#define LINE(name) "4242 (" name ") S 1 4242 4242 34819 4250 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 9 10 11\n"

static void test_lines(void **state)
{
	static const char *const good[] = {
		LINE("bash"),
		LINE(""),
		LINE("a b"),
		/* whoever names a process chooses what stands there */
		LINE(") S 1 2 3 4 5"),
		LINE("((("),
		LINE(")) R 1 1 1 1 1"),
	};
	struct place_stat s;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		memset(&s, 0xff, sizeof(s));
		assert_int_equal(place_parse_stat(&s, good[i]), 0);
		assert_int_equal(s.session, 4242);
		assert_int_equal(s.terminal, 34819);
		assert_int_equal(s.start, 123456);
	}
}

/* L6: every truncation, and numbers that are none. */
static void test_no_lines(void **state)
{
	static const char *const bad[] = {
		"",
		")",
		") ",
		"4242 (bash S 1 4242 4242 34819 4250 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 9\n",
		"4242 (bash)S 1 4242 4242 34819 4250 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 9\n",
		"4242 (bash) S 1 4242 -1 34819 4250 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 9\n",
		"4242 (bash) S 1 4242 4242 -34819 4250 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 9\n",
		"4242 (bash) S 1 4242 4242 x 4250 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 9\n",
		"4242 (bash) S 1 4242  34819 4250 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 9\n",
		"4242 (bash) S 1 4242 4242 34819 4250 4194560 1 2 3 4 5 6 7 8 20 0 1 0 18446744073709551616 9\n",
		"4242 (bash) S 1 4242 4242 34819 4250 4194560 1 2 3 4 5 6 7 8 20 0 1 0 0000000000000000000000123456 "
		"9\n",
	};
	const char *line = LINE("bash");
	size_t enough = (size_t)(strstr(line, "123456") - line) + 1;
	struct place_stat s = {0};
	char part[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(place_parse_stat(&s, bad[i]), -EBADMSG);
	for (size_t len = 0; len < enough; len++) {
		memcpy(part, line, len);
		part[len] = '\0';
		assert_int_equal(place_parse_stat(&s, part), -EBADMSG);
	}
	assert_int_equal(s.session, 0);
}

/* A session of its own on a terminal of its own. Return: what place_find() said, by way of a pipe. */
static bool find_in_new_session(bool has_terminal, struct place *ret)
{
	int results[2];
	int master;
	int slave;
	bool found;
	pid_t pid;

	assert_int_equal(pipe(results), 0);
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct place p = {0};
		bool is_there;

		if (setsid() < 0 || (has_terminal && ioctl(slave, TIOCSCTTY, 0) < 0))
			_exit(1);
		is_there = place_find(&p);
		if (write(results[1], &is_there, sizeof(is_there)) < 0 || write(results[1], &p, sizeof(p)) < 0)
			_exit(1);
		_exit(0);
	}
	(void)close(results[1]);
	assert_int_equal(read(results[0], &found, sizeof(found)), (ssize_t)sizeof(found));
	assert_int_equal(read(results[0], ret, sizeof(*ret)), (ssize_t)sizeof(*ret));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	if (found && has_terminal) {
		struct stat s;

		assert_int_equal(fstat(slave, &s), 0);
		assert_int_equal(ret->terminal, (uint32_t)s.st_rdev);
		assert_int_equal(ret->leader, pid);
	}
	(void)close(results[0]);
	(void)close(master);
	(void)close(slave);
	return found;
}

static void test_here(void **state)
{
	struct place first;
	struct place second;
	struct place none;

	(void)state;
	assert_true(find_in_new_session(true, &first));
	assert_int_equal(first.real_uid, getuid());
	assert_true(first.leader_start > 0);
	assert_true(first.pid_namespace > 0);
	/* the next one may well sit at the same terminal */
	assert_true(find_in_new_session(true, &second));
	assert_true(first.leader != second.leader || first.leader_start != second.leader_start);
	assert_false(find_in_new_session(false, &none));
}

/* The leader has logged out: what goes on without it is nobody's session. */
static void test_leader_gone(void **state)
{
	int results[2];
	int master;
	int slave;
	bool found = true;
	pid_t leader;

	(void)state;
	assert_int_equal(pipe(results), 0);
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	leader = fork();
	assert_true(leader >= 0);
	if (leader == 0) {
		if (setsid() < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
			_exit(1);
		/* ignored by both: the terminal hangs up when its session ends */
		(void)signal(SIGHUP, SIG_IGN);
		if (fork() == 0) {
			struct place p;

			while (getppid() == getsid(0))
				(void)usleep(1000);
			found = place_find(&p);
			_exit(write(results[1], &found, sizeof(found)) < 0);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(leader, NULL, 0), leader);
	assert_int_equal(read(results[0], &found, sizeof(found)), (ssize_t)sizeof(found));
	assert_false(found);
	(void)close(results[0]);
	(void)close(results[1]);
	(void)close(master);
	(void)close(slave);
}

static int setup(void **state)
{
	(void)state;
	fake_reset();
	fake.has_session = true;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_no_lines),
		cmocka_unit_test(test_here),
		cmocka_unit_test(test_leader_gone),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
