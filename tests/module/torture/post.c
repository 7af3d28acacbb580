/* SPDX-License-Identifier: MIT */
/* Publishes as latchkeyd does: sealed memory to latchkey-root, which checks, writes, renames and counts. The generation
 * that a serial will carry is noted beforehand, so that readers can hold an answer against the counter. */
#include "tests/module/torture/post.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "nss_module/map_format.h"
#include "nss_module/publish_format.h"
#include "tests/module/torture/ask.h"
#include "tests/module/torture/people.h"

#define PLACE "/var/lib/latchkey"
#define CONF_PATH PLACE "/latchkey.conf"
#define MAP_PATH MAP_DIRECTORY "/" MAP_NAME
#define EPOCH_PATH MAP_DIRECTORY "/" MAP_EPOCH_NAME
#define OTHER_PATH MAP_DIRECTORY "/other"
#define CONF                                                                                                           \
	"[accounts]\nuid_min = 1879048192\nuid_max = 2147483646\n"                                                     \
	"[group grp0]\nclaim_values = a\n[group grp1]\nclaim_values = b\n[group grp2]\nclaim_values = c\n"             \
	"[group grp3]\nclaim_values = d\n[group grp4]\nclaim_values = e\n[group grp5]\nclaim_values = f\n"             \
	"[group grp6]\nclaim_values = g\n[group grp7]\nclaim_values = h\n"

void post_init(struct post *p, struct torture *t, const char *program)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = POST_SOCKET_PATH};
	int fd;

	*p = (struct post){.t = t, .program = program, .random = 4711};
	torture_must(mkdir(PLACE, 0755) == 0 && mkdir(MAP_DIRECTORY, 0755) == 0, "mkdir");
	fd = open(CONF_PATH, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	torture_must(fd >= 0 && write(fd, CONF, strlen(CONF)) == (ssize_t)strlen(CONF), CONF_PATH);
	(void)close(fd);
	p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	torture_must(bind(p->listener, (const struct sockaddr *)&at, sizeof(at)) == 0 && listen(p->listener, 8) == 0,
		     POST_SOCKET_PATH);
}

void post_start(struct post *p)
{
	char pid[32];
	char uid[32];

	(void)snprintf(uid, sizeof(uid), "%u", geteuid());
	p->root = fork();
	torture_must(p->root >= 0, "fork");
	if (p->root != 0)
		return;
	(void)snprintf(pid, sizeof(pid), "%d", getpid());
	/* Also where it is 3 already, and would be closed by the exec. */
	if (dup2(p->listener, 3) != 3 || fcntl(3, F_SETFD, 0) < 0 || setenv("LISTEN_FDS", "1", 1) < 0 ||
	    setenv("LISTEN_PID", pid, 1) < 0)
		_exit(126);
	(void)execl(p->program, p->program, "--config", CONF_PATH, "--peer-uid", uid, "--idle", "0", (char *)NULL);
	_exit(127);
}

static void end(struct post *p)
{
	struct pollfd waiting = {.fd = p->listener, .events = POLLIN};

	if (p->root == 0)
		return;
	(void)kill(p->root, SIGKILL);
	torture_must(waitpid(p->root, NULL, 0) == p->root, "waitpid");
	p->root = 0;
	/* A question that it had not accepted yet would be the next one's first. */
	while (poll(&waiting, 1, 0) == 1)
		(void)close(accept4(p->listener, NULL, NULL, SOCK_CLOEXEC));
}

void post_done(struct post *p)
{
	end(p);
	(void)close(p->listener);
}

static int sealed(const void *bytes, size_t len)
{
	int fd = memfd_create("map", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	const char *from = bytes;

	torture_must(fd >= 0, "memfd_create");
	while (len > 0) {
		ssize_t n = write(fd, from, len);

		torture_must(n > 0, "write");
		from += n;
		len -= (size_t)n;
	}
	torture_must(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0, "seals");
	return fd;
}

/* Return: the connection, with the question sent. */
static int send_map(const void *bytes, size_t len)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = POST_SOCKET_PATH};
	struct publish_question q = {.magic = PUBLISH_MAGIC, .verb = PUBLISH_MAP, .size = len};
	struct iovec v = {.iov_base = &q, .iov_len = sizeof(q)};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.room = {0}};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	struct timeval patience = {.tv_sec = 120};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int memfd = sealed(bytes, len);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	torture_must(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
			     connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0,
		     "connect");
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &memfd, sizeof(memfd));
	torture_must(sendmsg(fd, &m, MSG_NOSIGNAL) == (ssize_t)sizeof(q), "sendmsg");
	(void)close(memfd);
	return fd;
}

/* The serial that the next publication gets; what a killed one left is healed first. */
static uint64_t next_serial(void)
{
	struct map_header h = {.magic = 0};
	uint64_t counter = ask_counter();
	int fd = open(MAP_PATH, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (read(fd, &h, sizeof(h)) != (ssize_t)sizeof(h))
			h.serial = 0;
		(void)close(fd);
	}
	return (h.serial > counter ? h.serial : counter) + 1;
}

static void *next_generation(struct post *p, uint64_t n, size_t *ret_len)
{
	uint64_t generation = atomic_load(&p->t->started) + 1;
	void *bytes = people_map(generation, n, ret_len);

	atomic_store(&p->t->n_of[generation % TORTURE_RING], n);
	atomic_store(&p->t->of_serial[next_serial() % TORTURE_RING], generation);
	atomic_store(&p->t->started, generation);
	return bytes;
}

void post_publish(struct post *p, uint64_t n)
{
	struct publish_answer a = {.magic = 0};
	size_t len = 0;
	void *bytes = next_generation(p, n, &len);
	int fd;

	if (p->root == 0)
		post_start(p);
	fd = send_map(bytes, len);
	torture_must(recv(fd, &a, sizeof(a), MSG_WAITALL) == (ssize_t)sizeof(a), "an answer of latchkey-root");
	(void)close(fd);
	free(bytes);
	if (a.status != PUBLISH_DONE)
		(void)fprintf(stderr, "latchkey-root: %.*s\n", (int)sizeof(a.reason), a.reason);
	torture_must(a.status == PUBLISH_DONE, "a publication");
	/* Only after damage is it another one than was foreseen, and then nobody judges yet. */
	atomic_store(&p->t->of_serial[a.serial % TORTURE_RING], atomic_load(&p->t->started));
	p->published++;
}

void post_publish_and_kill(struct post *p, uint64_t n)
{
	struct timespec wait = {.tv_nsec = (long)(torture_random(&p->random) % 8000000)};
	size_t len = 0;
	void *bytes = next_generation(p, n, &len);
	int fd;

	if (p->root == 0)
		post_start(p);
	fd = send_map(bytes, len);
	(void)nanosleep(&wait, NULL);
	end(p);
	(void)close(fd);
	free(bytes);
	p->killed++;
}

void post_restart(struct post *p)
{
	struct timespec wait = {.tv_nsec = 1000000};
	struct stat st = {.st_size = 0};

	end(p);
	post_start(p);
	for (int i = 0; st.st_size != MAP_EPOCH_BYTES && i < 60000; i++) {
		(void)nanosleep(&wait, NULL);
		torture_must(stat(EPOCH_PATH, &st) == 0, EPOCH_PATH);
	}
	torture_must(st.st_size == MAP_EPOCH_BYTES, "an epoch that was mended");
}

uint64_t post_some(struct post *p)
{
	/* 2,291 people fill half of the range that is reserved at first, 4,582 all of it. */
	static const uint64_t sizes[] = {0, 1, 2, 17, 160, 161, 500, 2285, 2297, 4575, 4590, 9200};
	uint64_t random = torture_random(&p->random);

	if (random % 64 == 0)
		return 20000 + (random >> 32) % 30000;
	/* Mostly everybody who is asked for is there, and an answer that lacks one is wrong. */
	if (random % 8 != 0)
		return ASK_OFTEN + (random >> 32) % 50;
	return sizes[(random >> 32) % (sizeof(sizes) / sizeof(sizes[0]))];
}

/* --- damage ------------------------------------------------------------------------------------------------------- */

static void count_on(void)
{
	int fd = open(EPOCH_PATH, O_RDWR | O_CLOEXEC);
	struct map_epoch *e = mmap(NULL, MAP_EPOCH_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	torture_must(e != MAP_FAILED, EPOCH_PATH);
	atomic_fetch_add(&e->counter, 1);
	(void)munmap(e, MAP_EPOCH_BYTES);
	(void)close(fd);
}

/* @len bytes of @kind: 0 zeros, 1 ones, else random ones. */
static void fill(struct post *p, const char *path, off_t from, size_t len, uint64_t kind)
{
	uint64_t words[512];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	torture_must(fd >= 0, path);
	while (len > 0) {
		size_t n = len < sizeof(words) ? len : sizeof(words);

		for (size_t i = 0; i < 512; i++)
			words[i] = kind == 0 ? 0 : kind == 1 ? UINT64_MAX : torture_random(&p->random);
		torture_must(pwrite(fd, words, n, from) == (ssize_t)n, "pwrite");
		from += (off_t)n;
		len -= n;
	}
	(void)close(fd);
}

static size_t size_of(const char *path)
{
	struct stat st;

	torture_must(stat(path, &st) == 0, path);
	return (size_t)st.st_size;
}

/* A copy of the map with something wrong takes its place. */
static void replace(struct post *p, uint64_t kind)
{
	size_t size = size_of(MAP_PATH);
	uint64_t random = torture_random(&p->random);
	void *bytes = malloc(size);
	int fd = open(MAP_PATH, O_RDONLY | O_CLOEXEC);

	torture_must(bytes != NULL && fd >= 0 && read(fd, bytes, size) == (ssize_t)size, MAP_PATH);
	(void)close(fd);
	fd = open(OTHER_PATH, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	torture_must(fd >= 0 && write(fd, bytes, size) == (ssize_t)size, OTHER_PATH);
	(void)close(fd);
	free(bytes);
	if (kind == 0)
		torture_must(truncate(OTHER_PATH, (off_t)(random % size)) == 0, "truncate");
	else if (kind == 1)
		torture_must(truncate(OTHER_PATH, (off_t)(size + 1 + random % 10000)) == 0, "truncate");
	else
		fill(p, OTHER_PATH, kind == 2 ? 0 : (off_t)sizeof(struct map_header),
		     size - (kind == 2 ? 0 : sizeof(struct map_header)), random);
	torture_must(rename(OTHER_PATH, MAP_PATH) == 0, "rename");
}

static void damage_file(struct post *p, uint64_t kind)
{
	const char *path = torture_random(&p->random) % 2 == 0 ? MAP_PATH : EPOCH_PATH;

	switch (kind) {
	case 0: /* in place, and longer */
		torture_must(truncate(path, (off_t)(size_of(path) + 5000)) == 0, "truncate");
		break;
	case 1:
	case 2:
	case 3:
		fill(p, path, 0, size_of(path), kind - 1);
		break;
	case 4: /* behind a header that is good */
		fill(p, MAP_PATH, (off_t)sizeof(struct map_header), size_of(MAP_PATH) - sizeof(struct map_header), 2);
		break;
	case 5:
		torture_must(unlink(MAP_PATH) == 0, "unlink");
		break;
	case 6:
		torture_must(chmod(path, 0666) == 0, "chmod");
		break;
	case 7:
		/* Where the namespace knows one user only there is nobody to give it to. */
		torture_must(chown(path, 12345, 12345) == 0 || errno == EINVAL, "chown");
		break;
	case 8:
		torture_must(chmod(MAP_DIRECTORY, 0777) == 0, "chmod");
		break;
	default:
		torture_must(unlink(MAP_PATH) == 0 && mkfifo(MAP_PATH, 0644) == 0, "mkfifo");
		break;
	}
}

static void mend(void)
{
	struct stat st;

	torture_must(chmod(MAP_DIRECTORY, 0755) == 0, "chmod");
	if (lstat(MAP_PATH, &st) == 0 && !S_ISREG(st.st_mode))
		torture_must(unlink(MAP_PATH) == 0, "unlink");
	torture_must(chown(EPOCH_PATH, 0, 0) == 0 && chmod(EPOCH_PATH, 0644) == 0, EPOCH_PATH);
}

void post_damage(struct post *p, uint64_t n)
{
	struct timespec wait = {.tv_nsec = 20000000};
	uint64_t random = torture_random(&p->random);

	atomic_fetch_add(&p->t->damage, 1);
	if (random % 3 == 0)
		replace(p, (random >> 8) % 4);
	else
		damage_file(p, (random >> 8) % 10);
	if (random & 4) {
		chmod(EPOCH_PATH, 0644);
		count_on();
	}
	(void)nanosleep(&wait, NULL);
	mend();
	post_publish(p, n);
	atomic_fetch_add(&p->t->damage, 1);
	p->damaged++;
}
