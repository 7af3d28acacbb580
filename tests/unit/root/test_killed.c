/* SPDX-License-Identifier: MIT */
/* C1: a publisher that is killed before and after each of its system calls. Readers see the old map or the new one and
 * never none, the next start tells all of them of what became of it, and no file is left behind. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "helper/base/buf.h"
#include "helper/base/file.h"
#include "helper/root/install.h"
#include "nss_module/map_format.h"
#include "tests/unit/nss_module/folder.h"
#include "tests/unit/nss_module/generations.h"

static const struct settings allowed = {.uid_min = UINT32_C(0x70000000), .uid_max = UINT32_C(0x7FFFFFFE)};

struct map {
	struct buf bytes;
};

static void map_of(struct map *ret, unsigned int generation, uint32_t n)
{
	char *folder = folder_new();

	*ret = (struct map){.bytes = {.data = NULL}};
	put_generation(folder, generation, n);
	assert_int_equal(file_read(&ret->bytes, folder_path(folder, MAP_NAME), FILE_OWNER_ROOT_OR_SELF, FILE_READABLE,
				   MAP_MAX_BYTES),
			 0);
	folder_free(folder);
}

static int publish(const char *path, const struct map *m)
{
	uint64_t serial = 0;
	int folder = install_open(path);
	int r = folder < 0 ? folder : install_map(folder, m->bytes.data, m->bytes.len, &allowed, &serial);

	if (folder >= 0)
		(void)close(folder);
	return r;
}

static int next_stop(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* Kills the publisher at its stop number @at. Return: whether it lived to see that. */
static bool publish_until(const char *path, const struct map *m, unsigned int at)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(2);
		(void)raise(SIGSTOP);
		_exit(publish(path, m) == 0 ? 0 : 1);
	}
	status = next_stop(pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL), 0);
	for (unsigned int n = 0;; n++) {
		if (n == at) {
			assert_int_equal(kill(pid, SIGKILL), 0);
			assert_true(WIFSIGNALED(next_stop(pid)));
			return true;
		}
		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		status = next_stop(pid);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return false;
		}
		assert_true(WIFSTOPPED(status));
	}
}

static unsigned int count_files(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	unsigned int n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

/* What was seen at all points together, so that the test is known to have hit them. */
struct seen {
	unsigned int stops;
	bool old_map;
	bool new_map;
	bool half_told; /* between the rename and the counter: a new process has the new one, the others the old one */
	bool left_over; /* a file that was not finished */
};

/* A generation that may be there now: @before (0: none yet), or 2. */
static bool is_either(int generation, int before)
{
	return generation == 2 || generation == (before != 0 ? before : -ENOENT);
}

static bool kill_at(unsigned int at, bool has_old, const struct map maps[3], struct seen *seen)
{
	char *folder = folder_new();
	struct map_reader old = reader_of(folder);
	struct map_reader late = reader_of(folder);
	struct map_reader later = reader_of(folder);
	int before = has_old ? 1 : 0;
	bool was_killed;
	int now;

	if (has_old) {
		assert_int_equal(publish(folder, &maps[0]), 0);
		assert_int_equal(generation_of(&old), 1);
	}
	was_killed = publish_until(folder, &maps[1], at);
	now = generation_of(&old);
	assert_true(is_either(now, before));
	assert_true(is_either(generation_of(&late), before));
	seen->half_told = seen->half_told || (now == 1 && generation_of(&late) == 2);
	seen->left_over = seen->left_over || access(folder_path(folder, MAP_NAME ".new"), F_OK) == 0;
	/* The next start. */
	now = install_open(folder);
	assert_true(now >= 0);
	(void)close(now);
	now = generation_of(&later);
	assert_true(is_either(now, before));
	assert_int_equal(generation_of(&old), now);
	assert_int_equal(generation_of(&late), now);
	seen->old_map = seen->old_map || now != 2;
	seen->new_map = seen->new_map || now == 2;
	/* The next publication. */
	assert_int_equal(publish(folder, &maps[2]), 0);
	assert_int_equal(generation_of(&old), 3);
	assert_int_equal(generation_of(&late), 3);
	assert_int_equal(generation_of(&later), 3);
	assert_int_equal(count_files(folder), 2);
	folder_free(folder);
	seen->stops++;
	return was_killed;
}

static void test_killed_at_every_step(void **state)
{
	struct map maps[3];
	struct seen seen;

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		map_of(&maps[i], i + 1, i * 200);
	for (int has_old = 0; has_old < 2; has_old++) {
		seen = (struct seen){.stops = 0};
		while (kill_at(seen.stops, has_old != 0, maps, &seen))
			continue;
		assert_true(seen.stops > 40);
		assert_true(seen.old_map && seen.new_map && seen.left_over);
		assert_int_equal(seen.half_told, has_old != 0);
	}
	for (unsigned int i = 0; i < 3; i++)
		buf_done(&maps[i].bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_at_every_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
