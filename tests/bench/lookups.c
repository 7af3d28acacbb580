/* SPDX-License-Identifier: MIT */
/* Measures lookups through glibc with one NSS service, inside the namespace
 *where that service lives. Reads commands from standard input and answers each
 *with one line, so that bench_nss.py can have several services take turns.
 *	lookups SERVICE USERS
 *	ready                           1 where the first user is found, else 0
 *	visit FROM TO                   asks for these users and their groups in
 *every way: caches are warm afterwards measure QUESTION THREADS MS     ns per
 *lookup, lookups, wrong answers calls QUESTION                  system calls of
 *a lookup first NAME                      us of the first lookup of a fresh
 *process, libraries that it loaded The accounts are those of accounts.py. */
#include <errno.h>
#include <grp.h>
#include <link.h>
#include <nss.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEYS 131072u
#define THREADS_MAX 8u
#define BATCH_MAX 256u
#define WARM_LOOKUPS 1000u
#define FIRST_UID UINT32_C(0x70000000)
#define USERS_IN_GROUPS 50u /* the first ones are in 32 groups each */
#define GROUPS_OF_25 10u
#define TRACED_LOOKUPS 32u
#define SLOW_NS 1e6 /* fewer of these are traced */

enum question {
	BY_NAME,
	BY_UID,
	GROUP_BY_NAME,
	GROUP_BY_GID,
	GROUPS_OF_USER,
	GROUP_OF_25,
	UNKNOWN_NAME,
	N_QUESTIONS,
};

static const char *const question_names[N_QUESTIONS] = {"getpwnam",   "getpwuid",   "getgrnam", "getgrgid",
							"initgroups", "getgrnam25", "unknown"};

struct key {
	char name[12];
	uint32_t id;
};

static struct key *keys;
static uint32_t n_keys; /* all of them, or twice as many as users: what is asked
                           should not be larger than what answers */
static uint32_t place;  /* goes on from one measurement to the next: an unknown
                           name shall be new to everybody */

static void must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static double now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Return: was the answer right. */
static bool ask(enum question q, const struct key *k)
{
	char buffer[4096];
	struct passwd pw;
	struct passwd *user = NULL;
	struct group gr;
	struct group *group = NULL;
	gid_t groups[64];
	int n = 64;

	switch (q) {
	case BY_NAME:
		return getpwnam_r(k->name, &pw, buffer, sizeof(buffer), &user) == 0 && user != NULL;
	case BY_UID:
		return getpwuid_r(k->id, &pw, buffer, sizeof(buffer), &user) == 0 && user != NULL;
	case GROUP_BY_NAME:
		return getgrnam_r(k->name, &gr, buffer, sizeof(buffer), &group) == 0 && group != NULL;
	case GROUP_BY_GID:
		return getgrgid_r(k->id, &gr, buffer, sizeof(buffer), &group) == 0 && group != NULL;
	case GROUPS_OF_USER:
		return getgrouplist(k->name, k->id, groups, &n) == 33;
	case GROUP_OF_25:
		return getgrnam_r(k->name, &gr, buffer, sizeof(buffer), &group) == 0 && group != NULL &&
		       group->gr_mem[24] != NULL && group->gr_mem[25] == NULL;
	case UNKNOWN_NAME:
		return getpwnam_r(k->name, &pw, buffer, sizeof(buffer), &user) == 0 && user == NULL;
	case N_QUESTIONS:
		break;
	}
	return false;
}

static void make_keys(enum question q, uint32_t users)
{
	static enum question made_for = N_QUESTIONS;
	uint64_t random = UINT64_C(88172645463325252);

	if (q == made_for)
		return;
	made_for = q;
	place = 0;
	if (q == GROUPS_OF_USER)
		users = USERS_IN_GROUPS;
	else if (q == GROUP_OF_25)
		users = GROUPS_OF_25;
	else if (q == UNKNOWN_NAME)
		users = 90000000;
	n_keys = users < KEYS / 2 ? users * 2 : KEYS;
	for (uint32_t i = 0; i < n_keys; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		keys[i].id = (uint32_t)(random % users);
		(void)snprintf(keys[i].name, sizeof(keys[i].name), "%c%u",
			       q == UNKNOWN_NAME  ? 'x'
			       : q == GROUP_OF_25 ? 'm'
						  : 'u',
			       keys[i].id);
		keys[i].id += FIRST_UID;
	}
}

/* --- measure
 * ------------------------------------------------------------------------------------------------------
 */

struct job {
	enum question question;
	uint32_t at;
	double budget_ns;
	uint64_t done;
	uint64_t wrong;
	double begun_ns;
	double ended_ns;
	bool is_warm;
};

static pthread_barrier_t start_line;

/* The first third of the time counts for nothing: whoever had the processor before has left the caches full of other
 * things. Unless that would be all there is. */
static void begin_when_warm(struct job *job, double after)
{
	if (job->is_warm || job->done < WARM_LOOKUPS || after - job->begun_ns < job->budget_ns / 3)
		return;
	job->is_warm = true;
	job->budget_ns -= after - job->begun_ns;
	job->begun_ns = after;
	job->done = 0;
}

static void *work(void *arg)
{
	struct job *job = arg;
	uint32_t batch = 1;
	uint32_t at = job->at;
	double before;
	double after;

	(void)pthread_barrier_wait(&start_line);
	job->begun_ns = now_ns();
	before = job->begun_ns;
	do {
		for (uint32_t i = 0; i < batch; i++) {
			job->wrong += !ask(job->question, &keys[at]);
			at = at + 1 < n_keys ? at + 1 : 0;
		}
		job->done += batch;
		after = now_ns();
		/* As many as make the clock's own cost vanish, as few as keep the end in
     * reach. */
		if (batch < BATCH_MAX && (after - before) * 64 < job->budget_ns)
			batch *= 2;
		begin_when_warm(job, after);
		before = after;
	} while (after - job->begun_ns < job->budget_ns);
	job->ended_ns = after;
	return NULL;
}

static void measure(enum question q, uint32_t n_threads, double ms)
{
	struct job jobs[THREADS_MAX] = {0};
	pthread_t threads[THREADS_MAX];
	uint64_t done = 0;
	uint64_t wrong = 0;
	double begun_ns;
	double ended_ns;

	must(pthread_barrier_init(&start_line, NULL, n_threads) == 0, "barrier");
	for (uint32_t i = 0; i < n_threads; i++) {
		jobs[i] = (struct job){
			.question = q, .at = (place + i * (n_keys / n_threads)) % n_keys, .budget_ns = ms * 1e6};
		must(pthread_create(&threads[i], NULL, work, &jobs[i]) == 0, "pthread_create");
	}
	for (uint32_t i = 0; i < n_threads; i++)
		(void)pthread_join(threads[i], NULL);
	(void)pthread_barrier_destroy(&start_line);
	begun_ns = jobs[0].begun_ns;
	ended_ns = jobs[0].ended_ns;
	for (uint32_t i = 0; i < n_threads; i++) {
		begun_ns = jobs[i].begun_ns < begun_ns ? jobs[i].begun_ns : begun_ns;
		ended_ns = jobs[i].ended_ns > ended_ns ? jobs[i].ended_ns : ended_ns;
		done += jobs[i].done;
		wrong += jobs[i].wrong;
	}
	place = (uint32_t)((place + jobs[0].done) % n_keys);
	(void)printf("%.2f %llu %llu\n", (ended_ns - begun_ns) / (double)done, (unsigned long long)done,
		     (unsigned long long)wrong);
}

/* --- system calls
 * -------------------------------------------------------------------------------------------------
 */

/* Those of a child between its two marks, each a getppid(). */
static void calls(enum question q)
{
	enum __ptrace_request next = PTRACE_SYSCALL;
	double start = now_ns();
	uint64_t stops = 0;
	uint32_t n;
	int marks = 0;
	int status;
	pid_t pid;

	(void)ask(q, &keys[place]);
	n = now_ns() - start < SLOW_NS ? TRACED_LOOKUPS : TRACED_LOOKUPS / 16;
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		must(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 && raise(SIGSTOP) == 0, "ptrace");
		for (uint32_t i = 0; i < n * 2; i++) {
			if (i == n)
				(void)getppid();
			(void)ask(q, &keys[(place + i) % n_keys]);
		}
		(void)getppid();
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) &&
		     ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(uintptr_t)PTRACE_O_TRACESYSGOOD) == 0,
	     "ptrace");
	while (ptrace(next, pid, NULL, NULL) == 0 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		struct __ptrace_syscall_info info;

		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		must(ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info) > 0, "ptrace");
		if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
			continue;
		if (info.entry.nr == SYS_getppid && ++marks == 2)
			next = PTRACE_CONT;
		else if (info.entry.nr != SYS_getppid && marks == 1)
			stops++;
	}
	place = (place + n * 2) % n_keys;
	(void)printf("%.1f\n", (double)stops / n);
}

/* --- a fresh process
 * ----------------------------------------------------------------------------------------------
 */

static int count_library(struct dl_phdr_info *info, size_t size, void *count)
{
	(void)info;
	(void)size;
	++*(int *)count;
	return 0;
}

static void fix_service(const char *service)
{
	must(__nss_configure_lookup("passwd", service) == 0 && __nss_configure_lookup("group", service) == 0 &&
		     __nss_configure_lookup("initgroups", service) == 0,
	     "__nss_configure_lookup");
}

static int first_lookup(const char *service, const char *name)
{
	struct key k = {.id = 0};
	int before = 0;
	int after = 0;
	double start;
	double took;
	bool is_right;

	(void)snprintf(k.name, sizeof(k.name), "%s", name);
	fix_service(service);
	(void)dl_iterate_phdr(count_library, &before);
	start = now_ns();
	is_right = ask(BY_NAME, &k);
	took = now_ns() - start;
	(void)dl_iterate_phdr(count_library, &after);
	if (is_right)
		(void)printf("%.2f %d\n", took / 1e3, after - before);
	else
		(void)printf("wrong\n");
	return 0;
}

static void fresh(const char *service, const char *name)
{
	pid_t pid;
	int status;

	(void)fflush(stdout);
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		(void)execl("/proc/self/exe", "lookups", "--first", service, name, (char *)NULL);
		_exit(127);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0, "a fresh process");
}

/* --- commands
 * -----------------------------------------------------------------------------------------------------
 */

static void visit(uint32_t from, uint32_t to)
{
	uint64_t wrong = 0;
	struct key k;

	for (uint32_t i = 0; from == 0 && i < GROUPS_OF_25; i++) {
		(void)snprintf(k.name, sizeof(k.name), "m%u", i);
		wrong += !ask(GROUP_OF_25, &k);
	}
	for (uint32_t i = from; i < to; i++) {
		(void)snprintf(k.name, sizeof(k.name), "u%u", i);
		k.id = FIRST_UID + i;
		for (int q = BY_NAME; q <= GROUP_BY_GID; q++)
			wrong += !ask((enum question)q, &k);
		if (i < USERS_IN_GROUPS)
			wrong += !ask(GROUPS_OF_USER, &k);
	}
	(void)printf("%llu\n", (unsigned long long)wrong);
}

static enum question question_of(const char *name)
{
	for (int q = 0; name != NULL && q < N_QUESTIONS; q++) {
		if (strcmp(name, question_names[q]) == 0)
			return (enum question)q;
	}
	(void)fprintf(stderr, "lookups: no such question\n");
	exit(2);
}

static uint32_t number(const char *text)
{
	return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : 0;
}

static void command(const char *service, uint32_t users, char *line)
{
	char *save = NULL;
	const char *verb = strtok_r(line, " \n", &save);
	const char *what = strtok_r(NULL, " \n", &save);
	const char *threads = strtok_r(NULL, " \n", &save);
	const char *ms = strtok_r(NULL, " \n", &save);
	const struct key first = {.name = "u0", .id = FIRST_UID};

	if (verb == NULL)
		return;
	if (strcmp(verb, "ready") == 0) {
		(void)printf("%d\n", ask(BY_NAME, &first) && ask(GROUP_BY_NAME, &first) && ask(GROUPS_OF_USER, &first));
	} else if (strcmp(verb, "visit") == 0) {
		visit(number(what), number(threads));
	} else if (strcmp(verb, "measure") == 0) {
		make_keys(question_of(what), users);
		must(number(threads) > 0 && number(threads) <= THREADS_MAX && number(ms) > 0, "measure");
		measure(question_of(what), number(threads), number(ms));
	} else if (strcmp(verb, "calls") == 0) {
		make_keys(question_of(what), users);
		calls(question_of(what));
	} else if (strcmp(verb, "first") == 0 && what != NULL) {
		fresh(service, what);
	} else {
		(void)printf("no such command\n");
	}
}

int main(int argc, char **argv)
{
	char line[256];

	if (argc == 4 && strcmp(argv[1], "--first") == 0)
		return first_lookup(argv[2], argv[3]);
	if (argc != 3 || number(argv[2]) == 0) {
		(void)fprintf(stderr, "usage: lookups SERVICE USERS < commands\n");
		return 2;
	}
	keys = calloc(KEYS, sizeof(*keys));
	must(keys != NULL, "calloc");
	fix_service(argv[1]);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		command(argv[1], number(argv[2]), line);
		(void)fflush(stdout);
	}
	return 0;
}
