/* SPDX-License-Identifier: MIT */
/* The readers. Each one notes that it is alive, so that an endless loop or a lock that nobody opens shows (L18). */
#include "tests/module/torture/crowd.h"

#include <dlfcn.h>
#include <errno.h>
#include <nss.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/module/torture/ask.h"

#define SILENCE_MAX_S 120 /* a machine may be slow; a reader that hangs does so for ever */
#define CHILD_LOOKUPS 20
#define FIRST_PLAIN 19u

#ifdef __SANITIZE_ADDRESS__
/* A child of many threads may find the sanitizer's allocator locked, and its interceptors bear no asynchronous end. */
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

struct reader {
	struct torture *t;
	unsigned int number;
};

typedef void (*kind_fn)(struct reader *r, struct asker *a);

static pthread_t threads[TORTURE_READERS];
static pthread_barrier_t all_there;
static struct reader readers[TORTURE_READERS];
static const char *module_path;
static const char *copy_path;

static void read_on(struct reader *r, struct asker *a)
{
	for (int i = 0; i < 16; i++)
		ask_something(a);
	/* The others never leave the processor themselves: it is taken from them in the middle of lookups. */
	if (r->number % 4 == 0)
		(void)sched_yield();
}

/* --- forks -------------------------------------------------------------------------------------------------------- */

static void reap(struct reader *r, pid_t pid)
{
	int status = 0;

	if (pid < 0) {
		torture_wrong(r->t, "fork: %s", strerrordesc_np(errno));
		return;
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		torture_wrong(r->t, "a child ended with status %x", (unsigned int)status);
	atomic_fetch_add(&r->t->forks, 1);
}

/* Whatever the other threads were in the middle of: the child has its copy of that, and none of them. */
static void fork_on(struct reader *r, struct asker *a)
{
	pid_t pid = fork();

	if (pid == 0) {
		a->may_allocate = !is_sanitized;
		for (int i = 0; i < CHILD_LOOKUPS; i++)
			ask_something(a);
		_exit(0);
	}
	reap(r, pid);
}

/* --- loading ------------------------------------------------------------------------------------------------------ */

typedef enum nss_status (*getpwnam_fn)(const char *name, struct passwd *pw, char *buffer, size_t size, int *errnop);

static bool load_and_ask(const char *path)
{
	char buffer[1024];
	struct passwd pw;
	getpwnam_fn fn;
	int e = 0;
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	void *symbol = module != NULL ? dlsym(module, "_nss_latchkey_getpwnam_r") : NULL;
	enum nss_status status;

	if (symbol == NULL)
		return false;
	memcpy(&fn, &symbol, sizeof(fn));
	for (int i = 0; i < 4; i++) {
		status = fn("u0", &pw, buffer, sizeof(buffer), &e);
		if (status == NSS_STATUS_SUCCESS && strcmp(pw.pw_name, "u0") != 0)
			return false;
	}
	return dlclose(module) == 0;
}

static void load_on(struct reader *r, struct asker *a)
{
	pid_t pid;

	(void)a;
	if (!load_and_ask(module_path))
		torture_wrong(r->t, "the module could not be loaded again");
	atomic_fetch_add(&r->t->loads, 1);
	if (is_sanitized)
		return;
	/* A reader's state that has seen nothing yet, in a child, since the module is never unloaded. */
	pid = fork();
	if (pid == 0)
		_exit(load_and_ask(copy_path) && load_and_ask(copy_path) ? 0 : 1);
	reap(r, pid);
}

/* --- cancellation ------------------------------------------------------------------------------------------------- */

static void *until_cancelled(void *userdata)
{
	struct asker a = *(struct asker *)userdata;

	for (;;) {
		ask_something(&a);
		pthread_testcancel();
	}
	return NULL;
}

/* No function but those of cancellation itself may be ended anywhere, by POSIX. The module's lookups neither allocate nor
 * take a lock that is waited for, so what is left behind by one that was is a descriptor at most. */
static void *until_torn(void *userdata)
{
	char buffer[4096];
	struct passwd pw;
	struct group gr;

	(void)userdata;
	(void)pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;) {
		(void)way_direct.user_by_name("u1", &pw, buffer, sizeof(buffer));
		(void)way_direct.user_by_uid(TORTURE_UID_MIN, &pw, buffer, sizeof(buffer));
		(void)way_direct.group_by_name("grp1", &gr, buffer, sizeof(buffer));
	}
	return NULL;
}

static void cancel_one(struct reader *r, struct asker *a, void *(*fn)(void *))
{
	struct timespec wait = {.tv_nsec = (long)(torture_random(&a->random) >> 8) % 300000};
	pthread_t thread;

	if (pthread_create(&thread, NULL, fn, a) != 0) {
		torture_wrong(r->t, "no thread");
		return;
	}
	(void)nanosleep(&wait, NULL);
	(void)pthread_cancel(thread);
	/* It never ends otherwise. */
	if (pthread_join(thread, NULL) != 0)
		torture_wrong(r->t, "a thread was not cancelled");
	atomic_fetch_add(&r->t->cancelled, 1);
}

static void cancel_on(struct reader *r, struct asker *a)
{
	pid_t pid;

	cancel_one(r, a, until_cancelled);
	if (is_sanitized)
		return;
	/* In a process of its own; lookups there must be right afterwards, too. */
	pid = fork();
	if (pid == 0) {
		cancel_one(r, a, until_torn);
		for (int i = 0; i < CHILD_LOOKUPS; i++)
			ask_something(a);
		_exit(0);
	}
	reap(r, pid);
}

/* --- the rest ----------------------------------------------------------------------------------------------------- */

static void walk_on(struct reader *r, struct asker *a)
{
	(void)r;
	ask_everybody(a);
}

/* Descriptors come and go here, so that one that somebody else closes twice is likely to be ours. */
static void watch_on(struct reader *r, struct asker *a)
{
	struct stat before;
	struct stat after;
	int fd = memfd_create("watched", MFD_CLOEXEC);

	(void)a;
	if (fd < 0 || fstat(fd, &before) < 0) {
		torture_wrong(r->t, "no descriptor: %s", strerrordesc_np(errno));
		return;
	}
	for (int i = 0; i < 8; i++)
		(void)sched_yield();
	if (fstat(fd, &after) < 0 || before.st_ino != after.st_ino || close(fd) < 0)
		torture_wrong(r->t, "somebody closed descriptor %d", fd);
}

/* Holds a thread up wherever it is, long enough for the next map to come. */
static void on_signal(int number)
{
	const struct timespec wait = {.tv_nsec = 4000000};
	int saved = errno;

	(void)number;
	(void)nanosleep(&wait, NULL);
	errno = saved;
}

/* Stops plain readers in the middle of lookups: left to the scheduler, that happens too seldom to show anything. */
static void stop_on(struct reader *r, struct asker *a)
{
	const struct timespec wait = {.tv_nsec = 50000};
	uint64_t random = torture_random(&a->random);

	(void)r;
	(void)pthread_kill(threads[FIRST_PLAIN + random % (TORTURE_READERS - FIRST_PLAIN)], SIGUSR1);
	(void)nanosleep(&wait, NULL);
}

static kind_fn kind_of(unsigned int number)
{
	switch (number) {
	case 0:
		return walk_on;
	case 1:
	case 2:
		return watch_on;
	case 3:
	case 4:
		return load_on;
	default:
		return number < 13 ? fork_on : number < 18 ? cancel_on : number < FIRST_PLAIN ? stop_on : read_on;
	}
}

static void *run(void *userdata)
{
	struct reader *r = userdata;
	struct asker a = {
		.t = r->t,
		.way = r->number % 2 == 0 ? &way_glibc : &way_direct,
		.random = UINT64_C(88172645463325252) + r->number,
		.may_allocate = true,
	};

	/* The publisher wants its turn on a machine of few processors. */
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 19);
	(void)pthread_barrier_wait(&all_there);
	while (!atomic_load(&r->t->is_over)) {
		kind_of(r->number)(r, &a);
		atomic_fetch_add_explicit(&r->t->alive[r->number], 1, memory_order_relaxed);
	}
	return NULL;
}

void crowd_start(struct torture *t, const char *module, const char *copy)
{
	const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	torture_must(sigaction(SIGUSR1, &action, NULL) == 0, "sigaction");
	module_path = module;
	copy_path = copy;
	torture_must(pthread_barrier_init(&all_there, NULL, TORTURE_READERS) == 0, "a barrier");
	for (unsigned int i = 0; i < TORTURE_READERS; i++) {
		readers[i] = (struct reader){.t = t, .number = i};
		torture_must(pthread_create(&threads[i], NULL, run, &readers[i]) == 0, "a reader");
	}
}

void crowd_watch(struct torture *t)
{
	static uint64_t seen[TORTURE_READERS];
	static time_t when[TORTURE_READERS];
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	for (unsigned int i = 0; i < TORTURE_READERS; i++) {
		uint64_t alive = atomic_load(&t->alive[i]);

		if (alive != seen[i] || when[i] == 0) {
			seen[i] = alive;
			when[i] = now.tv_sec;
		} else if (now.tv_sec - when[i] > SILENCE_MAX_S) {
			(void)fprintf(stderr, "reader %u has said nothing for %d s\n", i, SILENCE_MAX_S);
			abort();
		}
	}
}

void crowd_join(void)
{
	for (unsigned int i = 0; i < TORTURE_READERS; i++)
		torture_must(pthread_join(threads[i], NULL) == 0, "the end of a reader");
}
