/* SPDX-License-Identifier: MIT */
/* Lookups through glibc: libnss_latchkey beside a module that returns one fixed record, with 100, 10,000 and 100,000 users.
 * Keys come in random order, so that each lookup finds its record where the caches left it. Read the ratios; the ns
 * depend on machine and moment. Runs in a mount namespace of its own with a map in /var/lib/latchkey/nss. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "nss_module/map_format.h"
#include "tests/unit/nss_module/sample.h"

#define ROUNDS 7
#define LOOKUPS 200000u

static void must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static void put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, text, strlen(text));
		(void)close(fd);
	}
}

static void enter_namespace(void)
{
	char map[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (uid != 0) {
		must(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0, "unshare");
		put_text("/proc/self/setgroups", "deny");
		(void)snprintf(map, sizeof(map), "0 %u 1", uid);
		put_text("/proc/self/uid_map", map);
		(void)snprintf(map, sizeof(map), "0 %u 1", gid);
		put_text("/proc/self/gid_map", map);
	} else {
		must(unshare(CLONE_NEWNS) == 0, "unshare");
	}
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "mount /");
	must(mount("tmpfs", "/var/lib", "tmpfs", 0, "mode=0755") == 0, "mount /var/lib");
	must(mkdir("/var/lib/latchkey", 0755) == 0 && mkdir(MAP_DIRECTORY, 0755) == 0, "mkdir");
}

static void put_file(const char *name, const void *bytes, size_t len)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", MAP_DIRECTORY, name);
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	must(fd >= 0 && write(fd, bytes, len) == (ssize_t)len, path);
	(void)close(fd);
}

static void put_map(uint32_t users)
{
	unsigned char page[MAP_EPOCH_BYTES] = {0};
	struct map_epoch epoch = {.magic = MAP_EPOCH_MAGIC, .version = MAP_VERSION, .counter = users};
	size_t len;
	void *bytes = sample_many(users, &len);

	put_file(MAP_NAME, bytes, len);
	memcpy(page, &epoch, sizeof(epoch));
	put_file(MAP_EPOCH_NAME, page, sizeof(page));
	free(bytes);
}

enum question {
	BY_NAME,
	BY_UID,
	GROUP_BY_NAME,
	GROUP_BY_GID,
	GROUPS_OF,
	UNKNOWN_NAME,
	N_QUESTIONS,
};

static const char *const question_names[N_QUESTIONS] = {"getpwnam", "getpwuid",   "getgrnam",
							"getgrgid", "initgroups", "getpwnam, unknown"};

static int ask(enum question q, const char *name, uint32_t id)
{
	char buffer[2048];
	struct passwd pw;
	struct passwd *user = NULL;
	struct group gr;
	struct group *group = NULL;
	gid_t groups[64];
	int n = 64;

	switch (q) {
	case BY_NAME:
		return getpwnam_r(name, &pw, buffer, sizeof(buffer), &user) == 0 && user != NULL;
	case BY_UID:
		return getpwuid_r(id, &pw, buffer, sizeof(buffer), &user) == 0 && user != NULL;
	case GROUP_BY_NAME:
		return getgrnam_r(name, &gr, buffer, sizeof(buffer), &group) == 0 && group != NULL;
	case GROUP_BY_GID:
		return getgrgid_r(id, &gr, buffer, sizeof(buffer), &group) == 0 && group != NULL;
	case GROUPS_OF:
		return getgrouplist(name, id, groups, &n) > 0;
	case UNKNOWN_NAME:
		return getpwnam_r(name, &pw, buffer, sizeof(buffer), &user) == 0 && user == NULL;
	case N_QUESTIONS:
		break;
	}
	return 0;
}

static double now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* In a child of its own: glibc keeps what it was configured with. */
static double measure_here(const char *service, enum question q, uint32_t users)
{
	char(*names)[16] = calloc(LOOKUPS, sizeof(*names));
	uint32_t *ids = calloc(LOOKUPS, sizeof(*ids));
	uint64_t random = 88172645463325252u;
	double start;

	must(names != NULL && ids != NULL, "calloc");
	must(__nss_configure_lookup("passwd", service) == 0 && __nss_configure_lookup("group", service) == 0 &&
		     __nss_configure_lookup("initgroups", service) == 0,
	     "__nss_configure_lookup");
	for (uint32_t i = 0; i < LOOKUPS; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		ids[i] = (uint32_t)(random % users);
		(void)snprintf(names[i], sizeof(names[i]), "%c%u", q == UNKNOWN_NAME ? 'x' : 'u', ids[i]);
		ids[i] += UINT32_C(0x70000000);
	}
	for (uint32_t i = 0; i < LOOKUPS / 4; i++)
		must(ask(q, names[i], ids[i]), service);
	start = now_ns();
	for (uint32_t i = 0; i < LOOKUPS; i++)
		(void)ask(q, names[i], ids[i]);
	return (now_ns() - start) / LOOKUPS;
}

static double measure(const char *service, enum question q, uint32_t users)
{
	double ns = 0;
	int fds[2];
	pid_t pid;
	int status;

	must(pipe2(fds, O_CLOEXEC) == 0, "pipe");
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		ns = measure_here(service, q, users);
		_exit(write(fds[1], &ns, sizeof(ns)) == (ssize_t)sizeof(ns) ? 0 : 1);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0, "a measurement");
	must(read(fds[0], &ns, sizeof(ns)) == (ssize_t)sizeof(ns), "read");
	(void)close(fds[0]);
	(void)close(fds[1]);
	return ns;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void measure_size(uint32_t users)
{
	double floor_ns[ROUNDS];
	double ours_ns[ROUNDS];
	double start = now_ns();

	put_map(users);
	(void)printf("%u users (map made in %.0f ms)\n  %-20s %10s %10s %8s %8s\n", users, (now_ns() - start) / 1e6,
		     "ns, best/median", "constant", "latchkey", "ratio", "own ns");
	for (int q = 0; q < N_QUESTIONS; q++) {
		for (int i = 0; i < ROUNDS; i++) {
			floor_ns[i] = measure("lkconst", (enum question)q, users);
			ours_ns[i] = measure("latchkey", (enum question)q, users);
		}
		qsort(floor_ns, ROUNDS, sizeof(double), compare);
		qsort(ours_ns, ROUNDS, sizeof(double), compare);
		(void)printf("  %-20s %4.0f/%-5.0f %4.0f/%-5.0f %8.2f %8.0f\n", question_names[q], floor_ns[0],
			     floor_ns[ROUNDS / 2], ours_ns[0], ours_ns[ROUNDS / 2], ours_ns[0] / floor_ns[0],
			     ours_ns[0] - floor_ns[0]);
	}
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = {100, 10000, 100000};
	const char *build = getenv("LK_BUILD");
	char path[8192];

	(void)argc;
	if (build == NULL || build[0] != '/') {
		(void)fprintf(stderr, "LK_BUILD must name the build folder\n");
		return 2;
	}
	if (getenv("LK_BENCH_NSS") == NULL) { /* the loader reads the path of libraries at the start of a program */
		(void)snprintf(path, sizeof(path), "%s:%s/tests/bench", build, build);
		must(setenv("LD_LIBRARY_PATH", path, 1) == 0 && setenv("LK_BENCH_NSS", "1", 1) == 0, "setenv");
		must(execv("/proc/self/exe", argv) == 0, "exec");
	}
	enter_namespace();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		measure_size(sizes[i]);
	return 0;
}
