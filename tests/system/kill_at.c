/* SPDX-License-Identifier: MIT */
/*
 * Runs a program and kills it when it is about to rename a file for the n-th time, before the kernel does it: there its changes
 * of files come to count.
 *
 * usage: kill_at N PROGRAM [ARGUMENT...]
 * The exit status is 137 where it was killed, else the program's; "renames: COUNT" is the last line of standard error.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	EXIT_MISUSE = 2,
	EXIT_KILLED = 137,
	EXIT_CANNOT_RUN = 126,
};

static bool is_rename(pid_t pid)
{
	struct __ptrace_syscall_info info = {.op = 0};

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info) < 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
#ifdef SYS_rename
	if (info.entry.nr == SYS_rename)
		return true;
#endif
	return info.entry.nr == SYS_renameat || info.entry.nr == SYS_renameat2;
}

/* Return: the exit status. */
static int follow(pid_t pid, unsigned long n, unsigned long *count)
{
	int signal_on = 0;
	int status;

	while (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)signal_on) == 0 && waitpid(pid, &status, 0) == pid) {
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			return EXIT_KILLED;
		signal_on = WSTOPSIG(status) == (SIGTRAP | 0x80) || WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
		if (is_rename(pid) && (*count)++ == n) {
			(void)kill(pid, SIGKILL);
			return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) ? EXIT_KILLED : EXIT_CANNOT_RUN;
		}
	}
	return EXIT_CANNOT_RUN;
}

int main(int argc, char **argv)
{
	unsigned long count = 0;
	int status = 0;
	pid_t pid;

	if (argc < 3)
		return EXIT_MISUSE;
	pid = fork();
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(EXIT_CANNOT_RUN);
		(void)raise(SIGSTOP);
		(void)execvp(argv[2], argv + 2);
		_exit(EXIT_CANNOT_RUN);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(long)PTRACE_O_TRACESYSGOOD) < 0)
		return EXIT_CANNOT_RUN;
	status = follow(pid, strtoul(argv[1], NULL, 10), &count);
	(void)fprintf(stderr, "renames: %lu\n", count);
	return status;
}
