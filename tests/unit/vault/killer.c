/* SPDX-License-Identifier: MIT */
#include "tests/unit/vault/killer.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

void killer_begin(void)
{
	raise(SIGSTOP);
}

/* Lets it go on until it enters a system call, or leaves one. Return: false it has ended, and well. */
static bool step(pid_t pid)
{
	int status = 0;

	assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSTOPPED(status))
		return true;
	assert_int_equal(status, 0);
	return false;
}

static bool run_to(pid_t pid, unsigned n)
{
	for (unsigned i = 0; i <= n; i++) {
		if (!step(pid))
			return false;
		if (i < n && !step(pid))
			return false;
	}
	return true;
}

bool killer_run(void (*victim)(void *userdata), void *userdata, unsigned n)
{
	int status = 0;
	bool is_alive;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(2);
		victim(userdata);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	is_alive = run_to(pid, n);
	if (is_alive) {
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
	}
	return is_alive;
}
