/* SPDX-License-Identifier: MIT */
/* libnss_latchkey under torture: nss_torture SECONDS BUILD_FOLDER. 64 readers of every kind while a real latchkey-root
 * publishes map after map, is killed on the way, and the files are damaged (L17, L18, C8). In a mount namespace of its own.
 * What is right is told by tests/module/torture/ask.c. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "nss_module/map_format.h"
#include "tests/module/torture/ask.h"
#include "tests/module/torture/crowd.h"
#include "tests/module/torture/people.h"
#include "tests/module/torture/post.h"
#include "tests/module/torture/torture.h"

#define KEPT_FDS 16
#define EACH_MIN 5u
#define COPY_PATH "/var/lib/latchkey-copy.so"

static void copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	char block[65536];
	ssize_t n;

	torture_must(in >= 0 && out >= 0, from);
	while ((n = read(in, block, sizeof(block))) > 0)
		torture_must(write(out, block, (size_t)n) == n, to);
	(void)close(in);
	(void)close(out);
}

/* @say: with what each of them is. */
static unsigned int count_fds(bool say)
{
	char path[64];
	char to[256];
	unsigned int n = 0;

	for (int fd = 0; fd < 1024; fd++) {
		ssize_t len;

		if (fcntl(fd, F_GETFD) < 0)
			continue;
		n++;
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		len = readlink(path, to, sizeof(to));
		if (say && len > 0)
			(void)printf("  descriptor %d is %.*s\n", fd, (int)len, to);
	}
	return n;
}

static unsigned int count_mappings(const char *part)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char *line = NULL;
	size_t room = 0;
	unsigned int n = 0;

	torture_must(f != NULL, "/proc/self/maps");
	while (getline(&line, &room, f) > 0)
		n += strstr(line, part) != NULL;
	free(line);
	(void)fclose(f);
	return n;
}

static double now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- a file that is cut off while it is mapped --------------------------------------------------------------------- */

/* Only root can do this, and nothing of ours does. The kernel has one answer for whoever reads behind the end, a signal;
 * what must hold is that root's own login never reads there, and that who opens the file afterwards sees no map. */
static void child_with_a_cut_off_file(const char *path, struct asker *a)
{
	gid_t groups[16];
	struct passwd pw;
	struct group gr;
	char buffer[1024];

	ask_user(a, 0);
	torture_must(truncate(path, 0) == 0, "truncate");
	if (way_direct.groups_of("root", 0, groups, 16) != 0 || way_glibc.groups_of("root", 0, groups, 16) < 0 ||
	    way_direct.user_by_uid(0, &pw, buffer, sizeof(buffer)) != SAID_NOT_FOUND ||
	    way_direct.group_by_gid(0, &gr, buffer, sizeof(buffer)) != SAID_NOT_FOUND)
		_exit(1);
	(void)signal(SIGBUS, SIG_DFL);
	(void)way_direct.user_by_name("u0", &pw, buffer, sizeof(buffer));
	_exit(3);
}

static void cut_off(struct post *p, const char *path, const char *module, struct asker *a)
{
	pid_t pid = fork();
	int status = 0;

	torture_must(pid >= 0, "fork");
	if (pid == 0)
		child_with_a_cut_off_file(path, a);
	torture_must(waitpid(pid, &status, 0) == pid, "waitpid");
	if (!WIFSIGNALED(status) && (!WIFEXITED(status) || WEXITSTATUS(status) != 3))
		torture_wrong(p->t, "root's own lookups with %s cut off: status %x", path, (unsigned int)status);
	(void)printf("  %s cut off under a reader: root's lookups stand, others %s\n", path,
		     WIFSIGNALED(status) ? "get SIGBUS" : "stand");
	pid = fork();
	torture_must(pid >= 0, "fork");
	if (pid == 0) {
		(void)execl("/proc/self/exe", "nss_torture", "absent", module, (char *)NULL);
		_exit(127);
	}
	torture_must(waitpid(pid, &status, 0) == pid, "waitpid");
	if (status != 0)
		torture_wrong(p->t, "a new process with %s cut off: status %x", path, (unsigned int)status);
	post_restart(p);
	post_publish(p, 10);
	ask_user(a, 0);
}

/* A process that maps the files after they were damaged. */
static int absent(const char *module)
{
	char buffer[1024];
	struct passwd pw;

	ask_init(module);
	return way_direct.user_by_name("u0", &pw, buffer, sizeof(buffer)) != SAID_FOUND &&
			       way_glibc.user_by_name("u0", &pw, buffer, sizeof(buffer)) != SAID_FOUND
		       ? 0
		       : 1;
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

static void check_what_is_left(struct torture *t, unsigned int fds, const int *kept, const struct stat *as)
{
	struct stat st;

	if (count_fds(false) != fds)
		torture_wrong(t, "%u descriptors, %u before", count_fds(true), fds);
	for (size_t i = 0; i < KEPT_FDS; i++) {
		if (fstat(kept[i], &st) < 0 || st.st_ino != as[i].st_ino)
			torture_wrong(t, "somebody closed descriptor %d", kept[i]);
	}
	/* The map, its epoch, and the test's own look at the epoch. */
	if (count_mappings(MAP_DIRECTORY) > 3)
		torture_wrong(t, "%u mappings", count_mappings(MAP_DIRECTORY));
}

/* The readers have a process of their own: the publisher must not wait for a page that one of them is fetching. */
static int run_crowd(struct torture *t, const char *module)
{
	struct asker a = {.t = t, .way = &way_glibc, .random = 1, .may_allocate = true};
	struct timespec second = {.tv_sec = 1};
	struct stat as[KEPT_FDS];
	int kept[KEPT_FDS];
	unsigned int fds;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	ask_init(module);
	ask_user(&a, 0);
	for (size_t i = 0; i < KEPT_FDS; i++) {
		kept[i] = memfd_create("kept", MFD_CLOEXEC);
		torture_must(kept[i] >= 0 && fstat(kept[i], &as[i]) == 0, "memfd_create");
	}
	fds = count_fds(false);
	crowd_start(t, module, COPY_PATH);
	while (!atomic_load(&t->is_over)) {
		(void)nanosleep(&second, NULL);
		crowd_watch(t);
	}
	crowd_join();
	ask_user(&a, 0);
	check_what_is_left(t, fds, kept, as);
	return fflush(stdout) == 0 ? 0 : 1;
}

/* By the clock, but on a machine that is too slow for that each kind a few times. Return: how the crowd ended. */
static int torture(struct post *p, double seconds, pid_t crowd)
{
	double begin = now_s();
	double at = 0;
	int status = 0;

	while ((at < seconds || p->damaged < EACH_MIN) && atomic_load(&p->t->wrong) == 0) {
		if (at < seconds * 0.6 || p->published < EACH_MIN)
			post_publish(p, post_some(p));
		else if (at < seconds * 0.75 || p->killed < EACH_MIN)
			post_publish_and_kill(p, post_some(p));
		else
			post_damage(p, post_some(p));
		at = now_s() - begin;
		if (waitpid(crowd, &status, WNOHANG) == crowd)
			return status;
	}
	post_publish(p, 100);
	atomic_store(&p->t->is_over, true);
	torture_must(waitpid(crowd, &status, 0) == crowd, "waitpid");
	return status;
}

static int report(const struct post *p, double seconds)
{
	struct torture *t = p->t;

	(void)printf("  %.0f s: %llu maps published, latchkey-root killed %llu times, files damaged %llu times\n",
		     seconds, (unsigned long long)p->published, (unsigned long long)p->killed,
		     (unsigned long long)p->damaged);
	(void)printf("  %llu found, %llu missing, %llu children, %llu cancelled, %llu loads, %llu enumerations\n",
		     (unsigned long long)t->found, (unsigned long long)t->missing, (unsigned long long)t->forks,
		     (unsigned long long)t->cancelled, (unsigned long long)t->loads, (unsigned long long)t->walks);
	if (t->wrong != 0)
		(void)printf("  %llu answers wrong, the first: %s\n", (unsigned long long)t->wrong, t->what);
	return t->wrong == 0 && p->published > 0 && p->damaged > 0 && t->found > 0 && t->forks > 0 &&
			       t->cancelled > 0 && t->walks > 0
		       ? 0
		       : 1;
}

static int run(double seconds, const char *build)
{
	struct torture *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct asker a = {.t = t, .way = &way_glibc, .random = 1, .may_allocate = true};
	char module[4096];
	char root[4096];
	struct post p;
	pid_t crowd;
	int status;
	int r;

	torture_must(t != MAP_FAILED, "mmap");
	(void)snprintf(module, sizeof(module), "%s/libnss_latchkey.so.2", build);
	(void)snprintf(root, sizeof(root), "%s/latchkey-root", build);
	torture_namespace();
	copy_file(module, COPY_PATH);
	post_init(&p, t, root);
	post_publish(&p, 100);
	crowd = fork();
	torture_must(crowd >= 0, "fork");
	if (crowd == 0)
		_exit(run_crowd(t, module));
	status = torture(&p, seconds, crowd);
	if (status != 0)
		torture_wrong(t, "the readers ended with status %x", (unsigned int)status);
	if (access(MAP_DIRECTORY "/map.new", F_OK) == 0 || access(MAP_DIRECTORY "/epoch.new", F_OK) == 0)
		torture_wrong(t, "a publication left a file behind");
	ask_init(module);
	cut_off(&p, MAP_DIRECTORY "/" MAP_NAME, module, &a);
	cut_off(&p, MAP_DIRECTORY "/" MAP_EPOCH_NAME, module, &a);
	r = report(&p, seconds);
	post_done(&p);
	return r;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "absent") == 0)
		return absent(argv[2]);
	if (argc != 3 || argv[2][0] != '/')
		return 2;
	return run(strtod(argv[1], NULL), argv[2]);
}
