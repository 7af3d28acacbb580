/* SPDX-License-Identifier: MIT */
/* The counter that every process has mapped: whatever became of its file, who has it mapped learns of the next map, and
 * latchkey-root's next start is enough to mend it (L15, L17, C1). */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "helper/root/install.h"
#include "nss_module/map_view.h"
#include "tests/unit/nss_module/sample.h"
#include "tests/unit/scratch.h"

static const struct settings allowed = {.uid_min = 1000, .uid_max = 2000};

struct world {
	struct scratch folder;
	const struct map_epoch *mapped; /* as a reader has it, from the first publication on */
	ino_t inode;
};

static const char *epoch_path(struct world *w)
{
	return scratch_name(&w->folder, MAP_EPOCH_NAME);
}

static ino_t inode_now(struct world *w)
{
	struct stat st;

	assert_int_equal(stat(epoch_path(w), &st), 0);
	assert_int_equal(st.st_size, MAP_EPOCH_BYTES);
	assert_int_equal(st.st_mode & 07777, 0644);
	return st.st_ino;
}

static struct map_epoch epoch_now(struct world *w)
{
	struct map_epoch e;
	int fd = open(epoch_path(w), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, &e, sizeof(e)), (ssize_t)sizeof(e));
	(void)close(fd);
	assert_int_equal(e.magic, MAP_EPOCH_MAGIC);
	assert_int_equal(e.version, MAP_VERSION);
	return e;
}

static void write_at(struct world *w, size_t at, const void *bytes, size_t len)
{
	int fd = open(epoch_path(w), O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, (off_t)at), (ssize_t)len);
	(void)close(fd);
}

static void set_counter(struct world *w, uint64_t counter)
{
	write_at(w, offsetof(struct map_epoch, counter), &counter, sizeof(counter));
}

static uint64_t publish(struct world *w)
{
	size_t len;
	void *bytes = sample_map(&len);
	int folder = install_open(w->folder.path);
	uint64_t serial = 0;

	assert_true(folder >= 0);
	assert_int_equal(install_map(folder, bytes, len, &allowed, &serial), 0);
	(void)close(folder);
	free(bytes);
	return serial;
}

static void start(struct world *w)
{
	int folder = install_open(w->folder.path);

	assert_true(folder >= 0);
	(void)close(folder);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	void *p;
	int fd;

	assert_non_null(w);
	assert_true(scratch_new(&w->folder));
	assert_int_equal(chmod(w->folder.path, 0755), 0);
	for (uint64_t serial = 1; serial < 4; serial++)
		assert_int_equal(publish(w), serial);
	fd = open(epoch_path(w), O_RDONLY | O_CLOEXEC);
	p = mmap(NULL, MAP_EPOCH_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(fd >= 0 && p != MAP_FAILED);
	(void)close(fd);
	w->mapped = p;
	w->inode = inode_now(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	union {
		const struct map_epoch *in;
		void *out;
	} mapped = {.in = w->mapped};

	(void)munmap(mapped.out, MAP_EPOCH_BYTES);
	scratch_done(&w->folder);
	free(w);
	return 0;
}

/* Filled with anything, cut off, grown: mended where it lies, by the start alone, and never back to a number that a
 * reader may have noted. */
static void test_mended_in_place(void **state)
{
	struct world *w = *state;
	unsigned char page[MAP_EPOCH_BYTES];
	uint64_t noted;

	for (int kind = 0; kind < 3; kind++) {
		memset(page, kind == 0 ? 0xff : kind == 1 ? 0 : 0x01, sizeof(page));
		write_at(w, 0, page, sizeof(page));
		noted = w->mapped->counter;
		start(w);
		assert_int_equal(inode_now(w), w->inode);
		assert_int_equal(epoch_now(w).counter, w->mapped->counter);
		assert_true(w->mapped->counter >= 3 && w->mapped->counter != noted);
		noted = w->mapped->counter;
		assert_int_equal(publish(w), noted + 1);
		assert_int_equal(w->mapped->counter, noted + 1);
	}
	static const off_t sizes[] = {0, 1, 8, 15, 16, 4095, 4097, 100000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		noted = epoch_now(w).counter;
		assert_int_equal(truncate(epoch_path(w), sizes[i]), 0);
		start(w);
		assert_int_equal(inode_now(w), w->inode);
		assert_true(w->mapped->counter >= noted);
		noted = publish(w);
		assert_int_equal(w->mapped->counter, noted);
	}
}

/* A counter at the end of its numbers would stand still. */
static void test_absurd_counters(void **state)
{
	static const uint64_t counters[] = {UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 2};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		set_counter(w, counters[i]);
		assert_int_equal(publish(w), 4 + i);
		assert_int_equal(w->mapped->counter, 4 + i);
	}
	set_counter(w, 77);
	assert_int_equal(publish(w), 78); /* ahead of the map is none of these */
}

/* Somebody else may have it open for writing: another file takes its place, and the old one's counter tells its
 * readers to look. */
static void test_of_others(void **state)
{
	struct world *w = *state;

	assert_int_equal(chmod(epoch_path(w), 0666), 0);
	start(w);
	assert_int_not_equal(inode_now(w), w->inode);
	assert_int_equal(w->mapped->counter, 4);
	assert_int_equal(epoch_now(w).counter, 3);
	assert_int_equal(publish(w), 4);
	assert_int_equal(epoch_now(w).counter, 4);
}

/* Modules that read another version could not read the map: they go on with the one that they have. */
static void test_of_another_version(void **state)
{
	struct world *w = *state;
	const uint32_t version = MAP_VERSION - 1;

	write_at(w, offsetof(struct map_epoch, version), &version, sizeof(version));
	assert_int_equal(publish(w), 4);
	assert_int_not_equal(inode_now(w), w->inode);
	assert_int_equal(w->mapped->counter, 3);
}

/* L15: what has a second name is somebody's file, and is not written to. */
static void test_a_second_name(void **state)
{
	struct world *w = *state;
	static const char text[] = "root:x:0:0::/root:/bin/sh\n";
	char victim[256];
	char found[sizeof(text)] = "";
	int fd;

	(void)snprintf(victim, sizeof(victim), "%s", scratch_name(&w->folder, "victim"));
	fd = open(victim, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(write(fd, text, sizeof(text) - 1), (ssize_t)sizeof(text) - 1);
	(void)close(fd);
	assert_int_equal(unlink(epoch_path(w)), 0);
	assert_int_equal(link(victim, epoch_path(w)), 0);
	assert_int_equal(publish(w), 4);
	fd = open(victim, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, found, sizeof(found)), (ssize_t)sizeof(text) - 1);
	(void)close(fd);
	assert_string_equal(found, text);
	assert_int_equal(epoch_now(w).counter, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mended_in_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_absurd_counters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_of_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_of_another_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_second_name, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
