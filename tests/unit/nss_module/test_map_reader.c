/* SPDX-License-Identifier: MIT */
/* The mapping under its reader: publications of every size while 64 threads and forked children read (L17, L18), files
 * that are damaged or could be somebody else's (L15, L17), a publisher killed half-way, limits of the process (L12,
 * L13). */
#include "nss_module/map_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "nss_module/pack.h"
#include "tests/unit/nss_module/folder.h"
#include "tests/unit/nss_module/generations.h"
#include "tests/unit/nss_module/sample.h"

#define THREADS 64
#define PUBLICATIONS 60

static void test_follows_publications(void **state)
{
	char *folder = folder_new();
	struct map_reader r = reader_of(folder);
	struct map_reader late;
	unsigned int fds = count_fds();

	(void)state;
	errno = 4711;
	assert_int_equal(generation_of(&r), -ENOENT);
	assert_int_equal(errno, 4711);
	put_generation(folder, 1, 0);
	assert_int_equal(generation_of(&r), -ENOENT); /* without an epoch nobody could tell when it changes */
	folder_epoch(folder);
	errno = 4711;
	assert_int_equal(generation_of(&r), 1);
	assert_int_equal(errno, 4711);
	put_generation(folder, 2, 10000); /* larger than the range that was reserved */
	folder_epoch(folder);
	assert_int_equal(generation_of(&r), 2);
	put_generation(folder, 3, 0); /* smaller */
	folder_epoch(folder);
	assert_int_equal(generation_of(&r), 3);
	assert_int_equal(count_mappings(folder), 2);

	/* Killed between the rename and the counter: the old map goes on, a new process has the new one, the next
	 * publication heals. */
	put_generation(folder, 4, 5);
	assert_int_equal(generation_of(&r), 3);
	late = reader_of(folder);
	assert_int_equal(generation_of(&late), 4);
	folder_epoch(folder);
	assert_int_equal(generation_of(&r), 4);
	assert_int_equal(generation_of(&late), 4);

	/* An administrator removed the epoch and the next publication made another one: found at the next change. */
	assert_int_equal(unlink(folder_path(folder, MAP_EPOCH_NAME)), 0);
	late = reader_of(folder);
	assert_int_equal(generation_of(&late), -ENOENT);
	assert_int_equal(generation_of(&r), 4);
	folder_epoch(folder);
	assert_int_equal(generation_of(&late), 4);

	assert_int_equal(count_fds(), fds);
	folder_free(folder);
}

/* --- files that are not a map of ours ----------------------------------------------------------------------------- */

static void damage_truncated(const char *folder)
{
	assert_int_equal(truncate(folder_path(folder, "other"), 1000), 0);
}

static void damage_grown(const char *folder)
{
	struct stat st;

	assert_int_equal(stat(folder_path(folder, "other"), &st), 0);
	assert_int_equal(truncate(folder_path(folder, "other"), st.st_size + 1), 0);
}

static void damage_empty(const char *folder)
{
	assert_int_equal(truncate(folder_path(folder, "other"), 0), 0);
}

static void damage_ones(const char *folder)
{
	char ones[4096];

	memset(ones, 0xff, sizeof(ones));
	folder_put(folder, "other", ones, sizeof(ones));
}

static void damage_group_writable(const char *folder)
{
	assert_int_equal(chmod(folder_path(folder, "other"), 0664), 0);
}

static void damage_world_writable(const char *folder)
{
	assert_int_equal(chmod(folder_path(folder, "other"), 0646), 0);
}

static void damage_folder(const char *folder)
{
	assert_int_equal(unlink(folder_path(folder, "other")), 0);
	assert_int_equal(mkdir(folder_path(folder, "other"), 0755), 0);
}

static void damage_fifo(const char *folder)
{
	assert_int_equal(unlink(folder_path(folder, "other")), 0);
	assert_int_equal(mkfifo(folder_path(folder, "other"), 0644), 0);
}

static void damage_link(const char *folder)
{
	assert_int_equal(unlink(folder_path(folder, "other")), 0);
	assert_int_equal(symlink("/proc/self/exe", folder_path(folder, "other")), 0);
}

static void test_damaged_files(void **state)
{
	static const struct {
		void (*damage)(const char *folder);
		int map; /* what a reader says to it in the place of the map */
		int epoch;
	} cases[] = {
		{damage_truncated, -EBADMSG, -EBADMSG},  {damage_grown, -EBADMSG, -EBADMSG},
		{damage_empty, -EBADMSG, -EBADMSG},      {damage_ones, -EBADMSG, -EBADMSG},
		{damage_group_writable, -EPERM, -EPERM}, {damage_world_writable, -EPERM, -EPERM},
		{damage_folder, -EPERM, -EPERM},         {damage_fifo, -EPERM, -EPERM},
		{damage_link, -EPERM, -EPERM},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *folder = folder_new();
		struct map_reader r = reader_of(folder);
		struct map_reader late;
		size_t len;
		void *bytes = sample_map(&len);
		char from[512];

		put_generation(folder, 7, 3);
		folder_epoch(folder);
		assert_int_equal(generation_of(&r), 7);
		folder_put(folder, "other", bytes, len);
		cases[i].damage(folder);
		(void)snprintf(from, sizeof(from), "%s", folder_path(folder, "other"));
		assert_int_equal(unlink(folder_path(folder, MAP_NAME)), 0);
		assert_int_equal(rename(from, folder_path(folder, MAP_NAME)), 0);
		folder_epoch(folder);
		late = reader_of(folder);
		for (int again = 0; again < 3; again++) {
			assert_int_equal(generation_of(&r), cases[i].map);
			assert_int_equal(generation_of(&late), cases[i].map);
		}
		(void)rmdir(folder_path(folder, MAP_NAME));
		put_generation(folder, 8, 3);
		folder_epoch(folder);
		assert_int_equal(generation_of(&r), 8);
		assert_int_equal(generation_of(&late), 8);

		folder_put(folder, "other", bytes, len);
		cases[i].damage(folder);
		assert_int_equal(unlink(folder_path(folder, MAP_EPOCH_NAME)), 0);
		assert_int_equal(rename(from, folder_path(folder, MAP_EPOCH_NAME)), 0);
		late = reader_of(folder);
		assert_int_equal(generation_of(&late), cases[i].epoch);
		assert_int_equal(generation_of(&r), 8);
		free(bytes);
		folder_free(folder);
	}
}

static void test_owner_and_folder(void **state)
{
	char *folder = folder_new();
	struct map_reader r = MAP_READER_INIT(folder, geteuid() + 1);
	char link_path[512];

	(void)state;
	put_generation(folder, 1, 0);
	folder_epoch(folder);
	assert_int_equal(generation_of(&r), -EPERM);
	r = reader_of(folder);
	assert_int_equal(chmod(folder, 0775), 0);
	assert_int_equal(generation_of(&r), -EPERM);
	assert_int_equal(chmod(folder, 0757), 0);
	assert_int_equal(generation_of(&r), -EPERM);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(generation_of(&r), 1);
	(void)snprintf(link_path, sizeof(link_path), "%s-link", folder);
	assert_int_equal(symlink(folder, link_path), 0);
	r = reader_of(link_path);
	assert_int_equal(generation_of(&r), -EPERM);
	assert_int_equal(unlink(link_path), 0);
	folder_free(folder);
}

/* --- limits ------------------------------------------------------------------------------------------------------- */

/* In a child, since limits cannot be raised again. Return: its exit status. */
static int in_child(int (*fn)(const char *folder), const char *folder)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(fn(folder));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

static int child_without_descriptors(const char *folder)
{
	struct map_reader r = reader_of(folder);
	struct rlimit few = {3, 3};
	struct rlimit enough = {3, 64};

	if (setrlimit(RLIMIT_NOFILE, &enough) < 0 || generation_of(&r) != -EMFILE)
		return 1;
	enough.rlim_cur = 64; /* the fault was not remembered */
	if (setrlimit(RLIMIT_NOFILE, &enough) < 0 || generation_of(&r) != 1)
		return 2;
	put_generation(folder, 2, 0);
	folder_epoch(folder);
	if (setrlimit(RLIMIT_NOFILE, &few) < 0 || generation_of(&r) != -EMFILE)
		return 3;
	return 0;
}

static int child_with_closed_standard_files(const char *folder)
{
	struct map_reader r = reader_of(folder);

	(void)close(0);
	(void)close(1);
	(void)close(2);
	if (generation_of(&r) != 2)
		return 1;
	return fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) < 0 && fcntl(2, F_GETFD) < 0 ? 0 : 2;
}

static int child_with_little_memory(const char *folder)
{
	struct map_reader r = reader_of(folder);
	struct rlimit size = {1, 1};
	struct rlimit memory = {(rlim_t)64 << 20, (rlim_t)64 << 20};

	if (setrlimit(RLIMIT_FSIZE, &size) < 0 || setrlimit(RLIMIT_AS, &memory) < 0)
		return 1;
	return generation_of(&r) == 2 ? 0 : 2;
}

static void test_limits_of_the_process(void **state)
{
	char *folder = folder_new();

	(void)state;
	put_generation(folder, 1, 0);
	folder_epoch(folder);
	assert_int_equal(in_child(child_without_descriptors, folder), 0);
	assert_int_equal(in_child(child_with_closed_standard_files, folder), 0);
#ifndef __SANITIZE_ADDRESS__ /* its shadow alone is more than that */
	assert_int_equal(in_child(child_with_little_memory, folder), 0);
#else
	(void)child_with_little_memory;
#endif
	folder_free(folder);
}

/* --- one step at a time ------------------------------------------------------------------------------------------- */

struct interrupted {
	struct map_reader *reader;
	char *folder;
	uint32_t n_others; /* in the map that is published in the middle of the first run */
	unsigned int runs;
	struct question q;
};

static int ask_and_be_overtaken(void *userdata, const struct map_view *v)
{
	struct interrupted *in = userdata;

	if (in->runs++ == 0) {
		put_generation(in->folder, 2, in->n_others);
		folder_epoch(in->folder);
		assert_int_equal(generation_of(in->reader), 2); /* exchanges the mapping under this lookup */
		for (size_t i = 0; i < v->h.file_size; i += 64) /* all of it is still there to be read */
			(void)*(const volatile unsigned char *)(v->base + i);
	}
	return ask_alice(&in->q, v);
}

/* A lookup during which the mapping was exchanged, for a larger, a smaller or a much larger one, is run again. */
static void test_overtaken_lookup(void **state)
{
	static const uint32_t others[][2] = {{0, 0}, {0, 500}, {3000, 0}, {0, 20000}, {3000, 30000}};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char *folder = folder_new();
		struct map_reader r = reader_of(folder);
		struct interrupted in = {.reader = &r, .folder = folder, .n_others = others[i][1]};

		put_generation(folder, 1, others[i][0]);
		folder_epoch(folder);
		assert_int_equal(generation_of(&r), 1);
		assert_int_equal(map_reader_ask(&r, ask_and_be_overtaken, &in), PACK_FOUND);
		assert_int_equal(in.runs, 2);
		assert_int_equal(in.q.generation, 2);
		folder_free(folder);
	}
}

static struct map_reader *inherited;

static int child_in_a_closed_section(const char *folder)
{
	(void)folder;
	return map_reader_enter(inherited, 0) && !map_reader_enter(inherited, 0) && map_reader_enter(inherited, 3) ? 0
														   : 1;
}

/* The thread that was in a section when its process forked does not exist in the child. */
static void test_sections_are_free_in_a_child(void **state)
{
	struct map_reader r = reader_of("/nowhere");

	(void)state;
	inherited = &r;
	assert_true(map_reader_enter(&r, 0));
	assert_true(map_reader_enter(&r, 3));
	assert_int_equal(in_child(child_in_a_closed_section, NULL), 0);
	assert_false(map_reader_enter(&r, 0));
	map_reader_leave(&r, 0);
	assert_true(map_reader_enter(&r, 0));
}

/* --- everything at once ------------------------------------------------------------------------------------------- */

struct crowd {
	char *folder;
	struct map_reader reader;
	_Atomic unsigned int published;
	_Atomic int is_over;
	_Atomic unsigned int wrong;
	_Atomic unsigned long lookups;
};

static void *read_all_the_time(void *userdata)
{
	struct crowd *c = userdata;
	unsigned long n = 0;

	while (!atomic_load(&c->is_over)) {
		int least = (int)atomic_load(&c->published);
		int seen = generation_of(&c->reader);

		if (seen < least)
			atomic_fetch_add(&c->wrong, 1);
		if (++n % 16 == 0)
			(void)sched_yield(); /* 64 threads on few processors: the publisher wants its turn */
	}
	atomic_fetch_add(&c->lookups, n);
	return NULL;
}

static void *fork_all_the_time(void *userdata)
{
	struct crowd *c = userdata;
	int status;

	while (!atomic_load(&c->is_over)) {
		int least = (int)atomic_load(&c->published);
		pid_t pid = fork();

		if (pid == 0) {
			bool is_right = true;

			for (int i = 0; i < 20; i++)
				is_right = is_right && generation_of(&c->reader) >= least;
			_exit(is_right ? 0 : 1);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
			atomic_fetch_add(&c->wrong, 1);
	}
	return NULL;
}

/* What a thread reads is never older than what was published before it asked, whatever happens to the files. */
static void test_readers_during_publications(void **state)
{
	struct crowd c = {.folder = folder_new()};
	pthread_t threads[THREADS + 1];
	unsigned int fds = count_fds();

	(void)state;
	c.reader = reader_of(c.folder);
	put_generation(c.folder, 1, 0);
	folder_epoch(c.folder);
	atomic_store(&c.published, 1);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_all_the_time, &c), 0);
	assert_int_equal(pthread_create(&threads[THREADS], NULL, fork_all_the_time, &c), 0);
	for (unsigned int i = 2; i < PUBLICATIONS; i++) {
		static const uint32_t sizes[] = {0, 1000, 1, 100, 4000, 10};

		put_generation(c.folder, i, sizes[i % 6]);
		folder_epoch(c.folder);
		atomic_store(&c.published, i);
	}
	atomic_store(&c.is_over, 1);
	for (int i = 0; i <= THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(c.wrong, 0);
	assert_true(c.lookups > 0);
	assert_int_equal(generation_of(&c.reader), PUBLICATIONS - 1);
	assert_int_equal(count_mappings(c.folder), 2);
	assert_int_equal(count_fds(), fds);
	folder_free(c.folder);
}

static void *read_to_be_cancelled(void *userdata)
{
	struct crowd *c = userdata;

	for (;;) {
		if (generation_of(&c->reader) < 0)
			atomic_fetch_add(&c->wrong, 1);
		pthread_testcancel();
	}
	return NULL;
}

static void test_cancelled_threads(void **state)
{
	struct crowd c = {.folder = folder_new()};
	unsigned int fds = count_fds();

	(void)state;
	c.reader = reader_of(c.folder);
	put_generation(c.folder, 1, 0);
	folder_epoch(c.folder);
	for (unsigned int i = 2; i < 100; i++) {
		pthread_t thread;

		folder_epoch(c.folder); /* so that the thread is likely to be opening files */
		assert_int_equal(pthread_create(&thread, NULL, read_to_be_cancelled, &c), 0);
		assert_int_equal(pthread_cancel(thread), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
	assert_int_equal(c.wrong, 0);
	assert_int_equal(count_fds(), fds);
	put_generation(c.folder, 2, 0);
	folder_epoch(c.folder);
	assert_int_equal(generation_of(&c.reader), 2);
	/* Nobody left the section closed: it can be entered, once. */
	assert_true(map_reader_enter(&c.reader, 3));
	assert_false(map_reader_enter(&c.reader, 3));
	/* And while somebody is in it, lookups that need a new mapping make one of their own. */
	put_generation(c.folder, 3, 0);
	folder_epoch(c.folder);
	assert_int_equal(generation_of(&c.reader), 3);
	assert_int_equal(generation_of(&c.reader), 3);
	map_reader_leave(&c.reader, 3);
	folder_free(c.folder);
}

static void test_own_mapping_outlives_publications(void **state)
{
	char *folder = folder_new();
	struct map_reader r = reader_of(folder);
	struct map_view v;
	struct question q;

	(void)state;
	assert_int_equal(map_reader_open(&r, &v), -ENOENT);
	put_generation(folder, 1, 100);
	assert_int_equal(map_reader_open(&r, &v), 0);
	put_generation(folder, 2, 0);
	assert_int_equal(ask_alice(&q, &v), PACK_FOUND);
	assert_int_equal(q.generation, 1);
	map_reader_close(&v);
	map_reader_close(&v);
	assert_int_equal(count_mappings(folder), 0);
	folder_free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_follows_publications),
		cmocka_unit_test(test_damaged_files),
		cmocka_unit_test(test_owner_and_folder),
		cmocka_unit_test(test_limits_of_the_process),
		cmocka_unit_test(test_overtaken_lookup),
		cmocka_unit_test(test_sections_are_free_in_a_child),
		cmocka_unit_test(test_readers_during_publications),
		cmocka_unit_test(test_cancelled_threads),
		cmocka_unit_test(test_own_mapping_outlives_publications),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
