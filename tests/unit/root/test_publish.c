/* SPDX-License-Identifier: MIT */
/* The verb "publish" from its connection to the files: who may ask, what is sealed, what is written, and how an
 * interrupted publication heals (L2, L5, L7; a taken-over latchkeyd). */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "helper/root/install.h"
#include "helper/root/serve.h"
#include "helper/root/settings.h"
#include "tests/unit/nss_module/sample.h"

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static const struct settings allowed = {.uid_min = 1000, .uid_max = 2000};

struct world {
	char root[64]; /* etc/passwd, etc/group, latchkey.conf, nss/ */
	char config[128];
	char state[128];
	struct serve_context context;
};

static const char *path_of(const struct world *w, const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", w->root, name);
	return path;
}

static void put(const struct world *w, const char *name, const char *text)
{
	FILE *f = fopen(path_of(w, name), "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path_of(w, name), 0644), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	(void)snprintf(w->root, sizeof(w->root), "/tmp/latchkey-root-XXXXXX");
	assert_non_null(mkdtemp(w->root));
	assert_int_equal(mkdir(path_of(w, "etc"), 0755), 0);
	assert_int_equal(mkdir(path_of(w, "nss"), 0755), 0);
	assert_int_equal(chmod(path_of(w, "nss"), 0755), 0);
	(void)snprintf(w->config, sizeof(w->config), "%s/etc/latchkey.conf", w->root);
	(void)snprintf(w->state, sizeof(w->state), "%s/nss", w->root);
	put(w, "etc/passwd", "root:x:0:0::/root:/bin/sh\n");
	put(w, "etc/group", "root:x:0:\n");
	put(w, "etc/latchkey.conf",
	    "[accounts]\nuid_min = 1879048192\nuid_max = 2000000000\n"
	    "[group devs]\nclaim_values = d\n[group ops]\nclaim_values = o\n"
	    "[group docker]\nlocal = yes\n[group lab]\nlocal = yes\n");
	w->context = (struct serve_context){.config = w->config, .state = w->state, .root = w->root, .peer = geteuid()};
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"nss/map",    "nss/map.new", "nss/epoch",
					    "etc/passwd", "etc/group",   "etc/latchkey.conf"};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(path_of(w, names[i]));
	(void)rmdir(path_of(w, "nss"));
	(void)rmdir(path_of(w, "etc"));
	assert_int_equal(rmdir(w->root), 0);
	free(w);
	return 0;
}

/* Root's configuration is root's: where the tests run as somebody else, it can only be seen to be refused. */
static bool config_is_readable(const struct world *w)
{
	struct settings *s = NULL;
	struct ini_fault fault;
	int r = settings_load(&s, w->config, &fault);

	settings_free(s);
	return r == 0;
}

static int memory_of(const void *bytes, size_t len, int seals)
{
	int fd = memfd_create("map", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	if (seals != 0)
		assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static struct map_header published(const struct world *w)
{
	struct map_header h = {.magic = 0};
	int fd = open(path_of(w, "nss/map"), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return h;
	assert_int_equal(read(fd, &h, sizeof(h)), (ssize_t)sizeof(h));
	(void)close(fd);
	return h;
}

static uint64_t counter(const struct world *w)
{
	struct map_epoch e;
	int fd = open(path_of(w, "nss/epoch"), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, &e, sizeof(e)), (ssize_t)sizeof(e));
	(void)close(fd);
	assert_int_equal(e.magic, MAP_EPOCH_MAGIC);
	return e.counter;
}

static void set_counter(const struct world *w, uint64_t value)
{
	int fd = open(path_of(w, "nss/epoch"), O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &value, sizeof(value), offsetof(struct map_epoch, counter)), sizeof(value));
	(void)close(fd);
}

static void test_only_sealed_memory(void **state)
{
	static const int wanting[] = {0,
				      F_SEAL_WRITE,
				      ALL_SEALS & ~F_SEAL_SEAL,
				      ALL_SEALS & ~F_SEAL_SHRINK,
				      ALL_SEALS & ~F_SEAL_GROW,
				      ALL_SEALS & ~F_SEAL_WRITE};
	struct world *w = *state;
	struct publish_answer a;
	size_t len;
	void *bytes = sample_map(&len);
	int fds[2];
	int fd;

	for (size_t i = 0; i < sizeof(wanting) / sizeof(wanting[0]); i++) {
		fd = memory_of(bytes, len, wanting[i]);
		assert_int_equal(serve_publish(&w->context, fd, len, &a), PUBLISH_REFUSED);
		assert_non_null(strstr(a.reason, "sealed"));
		(void)close(fd);
	}
	fd = memory_of(bytes, len, ALL_SEALS);
	assert_int_equal(serve_publish(&w->context, fd, len - 1, &a), PUBLISH_REFUSED);
	assert_int_equal(serve_publish(&w->context, fd, len + 1, &a), PUBLISH_REFUSED);
	assert_int_equal(serve_publish(&w->context, fd, 0, &a), PUBLISH_REFUSED);
	assert_int_equal(serve_publish(&w->context, fd, UINT64_MAX, &a), PUBLISH_REFUSED);
	(void)close(fd);
	/* What is not memory at all: a file of the sender, a pipe, a device. */
	fd = open(path_of(w, "etc/passwd"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(serve_publish(&w->context, fd, 26, &a), PUBLISH_REFUSED);
	(void)close(fd);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(serve_publish(&w->context, fds[0], len, &a), PUBLISH_REFUSED);
	(void)close(fds[0]);
	(void)close(fds[1]);
	fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	assert_int_equal(serve_publish(&w->context, fd, len, &a), PUBLISH_REFUSED);
	(void)close(fd);
	assert_int_equal(published(w).magic, 0);
	free(bytes);
}

static void test_writes_and_bumps(void **state)
{
	struct world *w = *state;
	struct publish_answer a;
	struct map_header h;
	struct stat st;
	size_t len;
	void *bytes = sample_map(&len);
	int fd = memory_of(bytes, len, ALL_SEALS);

	if (!config_is_readable(w))
		skip();
	assert_int_equal(serve_publish(&w->context, fd, len, &a), PUBLISH_DONE);
	assert_int_equal(a.serial, 1);
	h = published(w);
	assert_true(map_header_is_valid(&h, len));
	assert_int_equal(h.uid_min, 1879048192);
	assert_int_equal(h.uid_max, 2000000000);
	/* Whatever the helper's map said of its own range. */
	assert_int_equal(h.range_min, 1879048192);
	assert_int_equal(h.range_max, 2000000000);
	assert_int_equal(h.serial, 1);
	assert_int_equal(counter(w), 1);
	assert_int_equal(serve_publish(&w->context, fd, len, &a), PUBLISH_DONE);
	assert_int_equal(a.serial, 2);
	assert_int_equal(counter(w), 2);
	assert_int_equal(stat(path_of(w, "nss/map"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_true((uint64_t)st.st_blocks * 512 >= len); /* no holes */
	assert_int_equal(stat(path_of(w, "nss/epoch"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(st.st_size, MAP_EPOCH_BYTES);
	assert_int_equal(access(path_of(w, "nss/map.new"), F_OK), -1);

	/* What changes in root's configuration and files counts at once. */
	put(w, "etc/passwd", "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/:/bin/sh\n");
	assert_int_equal(serve_publish(&w->context, fd, len, &a), PUBLISH_REFUSED);
	assert_string_equal(a.reason, "user 'alice' is a local user or group");
	put(w, "etc/passwd", "root:x:0:0::/root:/bin/sh\n");
	put(w, "etc/latchkey.conf", "[accounts]\nuid_min = 5\n");
	assert_int_equal(serve_publish(&w->context, fd, len, &a), PUBLISH_FAILED);
	assert_non_null(strstr(a.reason, "latchkey.conf:2"));
	assert_int_equal(unlink(path_of(w, "etc/latchkey.conf")), 0);
	assert_int_equal(serve_publish(&w->context, fd, len, &a), PUBLISH_FAILED);
	assert_int_equal(counter(w), 2);
	assert_int_equal(published(w).serial, 2);
	(void)close(fd);
	free(bytes);
}

/* Killed after the rename: the next start raises the counter to the map's serial (C1). */
static void test_heals(void **state)
{
	struct world *w = *state;
	size_t len;
	void *bytes = sample_map(&len);
	int folder = install_open(w->state);
	uint64_t serial;

	assert_true(folder >= 0);
	for (uint64_t i = 1; i < 4; i++) {
		assert_int_equal(install_map(folder, bytes, len, &allowed, &serial), 0);
		assert_int_equal(serial, i);
	}
	(void)close(folder);
	set_counter(w, 2);
	folder = install_open(w->state);
	assert_int_equal(counter(w), 3);
	/* A counter ahead of the map is never taken back: a reader may hold it. */
	set_counter(w, 77);
	(void)close(folder);
	folder = install_open(w->state);
	assert_int_equal(counter(w), 77);
	assert_int_equal(install_map(folder, bytes, len, &allowed, &serial), 0);
	assert_int_equal(serial, 78);
	/* A missing or damaged epoch is made anew and goes on from the map's serial. */
	(void)close(folder);
	assert_int_equal(unlink(path_of(w, "nss/epoch")), 0);
	folder = install_open(w->state);
	assert_int_equal(counter(w), 78);
	(void)close(folder);
	put(w, "nss/epoch", "rubbish");
	folder = install_open(w->state);
	assert_int_equal(counter(w), 78);
	/* What a killed publisher left behind is in nobody's way. */
	put(w, "nss/map.new", "half a map");
	assert_int_equal(install_map(folder, bytes, len, &allowed, &serial), 0);
	assert_int_equal(serial, 79);
	(void)close(folder);
	free(bytes);
}

static void test_folder_must_be_ours(void **state)
{
	struct world *w = *state;
	char link_path[256];

	assert_int_equal(chmod(w->state, 0775), 0);
	assert_int_equal(install_open(w->state), -EPERM);
	assert_int_equal(chmod(w->state, 0757), 0);
	assert_int_equal(install_open(w->state), -EPERM);
	assert_int_equal(chmod(w->state, 0755), 0);
	(void)snprintf(link_path, sizeof(link_path), "%s/link", w->root);
	assert_int_equal(symlink(w->state, link_path), 0);
	assert_true(install_open(link_path) < 0);
	assert_int_equal(unlink(link_path), 0);
	assert_int_equal(install_open("/does/not/exist"), -ENOENT);
}

/* A planted link at the names that are written is replaced, never followed (L15). */
static void test_links_are_not_followed(void **state)
{
	struct world *w = *state;
	char victim[256];
	size_t len;
	void *bytes = sample_map(&len);
	int folder = install_open(w->state);
	uint64_t serial;
	struct stat st;

	(void)snprintf(victim, sizeof(victim), "%s", path_of(w, "etc/passwd"));
	assert_int_equal(symlink(victim, path_of(w, "nss/map.new")), 0);
	assert_int_equal(symlink(victim, path_of(w, "nss/epoch")), 0);
	assert_int_equal(install_map(folder, bytes, len, &allowed, &serial), 0);
	assert_int_equal(stat(victim, &st), 0);
	assert_int_equal(st.st_size, 26);
	assert_int_equal(lstat(path_of(w, "nss/epoch"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	(void)close(folder);
	free(bytes);
}

/* --- the connection ----------------------------------------------------------------------------------------------- */

static void send_with(int fd, const void *bytes, size_t len, const int *fds, size_t n_fds)
{
	struct iovec v = {.iov_len = len};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int) * 253)];
	} control = {.room = {0}};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	struct cmsghdr *c;
	unsigned char copy[64];

	memcpy(copy, bytes, len);
	v.iov_base = copy;
	if (n_fds > 0) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
	}
	assert_int_equal(sendmsg(fd, &m, MSG_NOSIGNAL), (ssize_t)len);
}

static unsigned int count_fds(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int serve_bytes(struct world *w, const void *bytes, size_t len, const int *fds, size_t n_fds,
		       struct publish_answer *ret, char *log)
{
	int pair[2];
	int r;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	if (len > 0)
		send_with(pair[0], bytes, len, fds, n_fds);
	assert_int_equal(shutdown(pair[0], SHUT_WR), 0);
	r = serve_connection(&w->context, pair[1], log, 400);
	(void)close(pair[1]);
	memset(ret, 0, sizeof(*ret));
	if (recv(pair[0], ret, sizeof(*ret), MSG_WAITALL) != (ssize_t)sizeof(*ret))
		ret->status = 0;
	(void)close(pair[0]);
	return r;
}

static void test_connections(void **state)
{
	struct world *w = *state;
	struct publish_question q = {.magic = PUBLISH_MAGIC, .verb = PUBLISH_MAP};
	struct publish_question bad;
	struct publish_answer a;
	unsigned int before;
	char log[400];
	size_t len;
	void *bytes = sample_map(&len);
	int fd = memory_of(bytes, len, ALL_SEALS);
	int many[253];

	q.size = len;
	for (size_t i = 0; i < 253; i++)
		many[i] = fd;
	before = count_fds();
	/* Every truncation, no descriptor, too many of them, another magic, another verb: no answer and nothing kept. */
	for (size_t n = 0; n < sizeof(q); n++)
		assert_true(serve_bytes(w, &q, n, &fd, 1, &a, log) < 0);
	assert_int_equal(serve_bytes(w, &q, sizeof(q), NULL, 0, &a, log), -EPROTO);
	assert_int_equal(serve_bytes(w, &q, sizeof(q), many, 2, &a, log), -EPROTO);
	assert_int_equal(serve_bytes(w, &q, sizeof(q), many, 253, &a, log), -EPROTO);
	bad = q;
	bad.magic++;
	assert_int_equal(serve_bytes(w, &bad, sizeof(bad), &fd, 1, &a, log), -EPROTO);
	for (uint32_t verb = 0; verb < 100; verb++) {
		bad = q;
		bad.verb = verb;
		if (verb != PUBLISH_MAP)
			assert_int_equal(serve_bytes(w, &bad, sizeof(bad), &fd, 1, &a, log), -EPROTO);
	}
	assert_int_equal(count_fds(), before);
	/* Another uid than the helper's, root's among them. */
	w->context.peer = geteuid() + 1;
	assert_int_equal(serve_bytes(w, &q, sizeof(q), &fd, 1, &a, log), -EPERM);
	assert_int_equal(a.status, 0);
	w->context.peer = geteuid();
	assert_int_equal(published(w).magic, 0);

	if (config_is_readable(w)) {
		assert_int_equal(serve_bytes(w, &q, sizeof(q), &fd, 1, &a, log), PUBLISH_DONE);
		assert_int_equal(a.magic, PUBLISH_MAGIC);
		assert_int_equal(a.status, PUBLISH_DONE);
		assert_non_null(strstr(log, "published map 1"));
		for (size_t i = strlen(a.reason); i < sizeof(a.reason); i++)
			assert_int_equal(a.reason[i], 0); /* L7 */
	}
	assert_int_equal(count_fds(), before);
	(void)close(fd);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_only_sealed_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_writes_and_bumps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_heals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_folder_must_be_ours, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links_are_not_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_connections, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
