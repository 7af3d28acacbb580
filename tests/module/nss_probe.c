/* SPDX-License-Identifier: MIT */
/* Asks glibc, and through it libnss_latchkey, from inside a test's namespace:
 *	nss_probe name NAME...       getpwnam_r() for each, one line each: the passwd line, or the error's number
 *	nss_probe many NAME COUNT    the same lookup again and again, nothing else (for counting system calls)
 *	nss_probe random COUNT       lookups of names and ids that nobody has
 *	nss_probe small              getpwent_r() and getgrent_r() with buffers that grow from one byte: no entry is lost
 *	nss_probe thread NAME COUNT  64 threads, all calls at once
 *	nss_probe load PATH          dlopen() and dlclose() with a lookup between, a hundred times
 *	nss_probe limits NAME        the lookup under hard limits and with standard files closed
 * Always through the services "latchkey" alone. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
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
#include <sys/resource.h>
#include <unistd.h>

static int by_names(char **names)
{
	char buffer[4096];
	struct passwd pw;
	struct passwd *found;

	for (; *names != NULL; names++) {
		int e = getpwnam_r(*names, &pw, buffer, sizeof(buffer), &found);

		if (found != NULL)
			(void)printf("%s:%s:%u:%u:%s:%s:%s\n", pw.pw_name, pw.pw_passwd, pw.pw_uid, pw.pw_gid,
				     pw.pw_gecos, pw.pw_dir, pw.pw_shell);
		else
			(void)printf("%d\n", e);
	}
	return 0;
}

/* Names and ids in turn, and only the numbers that the first lookup gave. */
static bool look_up_all(const char *name, unsigned long count)
{
	char buffer[4096];
	struct passwd pw;
	struct passwd *user;
	struct group gr;
	struct group *group;
	uid_t uid;
	gid_t gid;

	if (getpwnam_r(name, &pw, buffer, sizeof(buffer), &user) != 0 || user == NULL)
		return false;
	uid = pw.pw_uid;
	gid = pw.pw_gid;
	for (unsigned long i = 0; i < count; i++) {
		if (getpwnam_r(name, &pw, buffer, sizeof(buffer), &user) != 0 || user == NULL || pw.pw_uid != uid ||
		    strcmp(pw.pw_name, name) != 0)
			return false;
		if (getpwuid_r(uid, &pw, buffer, sizeof(buffer), &user) != 0 || user == NULL ||
		    strcmp(pw.pw_name, name) != 0)
			return false;
		if (getgrgid_r(gid, &gr, buffer, sizeof(buffer), &group) != 0 || group == NULL || gr.gr_gid != gid)
			return false;
	}
	return true;
}

static int nobody(unsigned long count)
{
	char buffer[4096];
	char name[32];
	struct passwd pw;
	struct passwd *user;

	for (unsigned long i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "nobody%lx", i * 2654435761u);
		if (getpwnam_r(name, &pw, buffer, sizeof(buffer), &user) != 0 || user != NULL)
			return 1;
		if (getpwuid_r((uid_t)(0x7F000000u + i), &pw, buffer, sizeof(buffer), &user) != 0 || user != NULL)
			return 1;
	}
	return 0;
}

static int small_buffers(void)
{
	static char buffer[1 << 16];
	struct passwd pw;
	struct passwd *user;
	struct group gr;
	struct group *group;
	size_t size = 1;
	int e;

	setpwent();
	while ((e = getpwent_r(&pw, buffer, size, &user)) != ENOENT) {
		if (e == 0)
			(void)printf("%s\n", pw.pw_name);
		else if (e != ERANGE)
			return 1;
		size = e == 0 ? 1 : size + 1;
	}
	endpwent();
	setgrent();
	while ((e = getgrent_r(&gr, buffer, size, &group)) != ENOENT) {
		if (e == 0)
			(void)printf("%s %s\n", gr.gr_name, gr.gr_mem[0] != NULL ? gr.gr_mem[0] : "-");
		else if (e != ERANGE)
			return 1;
		size = e == 0 ? 1 : size + 1;
	}
	endgrent();
	return 0;
}

struct crowd {
	const char *name;
	unsigned long count;
	_Atomic int wrong;
};

static void *one_of_many(void *userdata)
{
	struct crowd *c = userdata;
	gid_t groups[64];
	int n = 64;

	if (!look_up_all(c->name, c->count) || getgrouplist(c->name, 12345, groups, &n) < 1)
		atomic_fetch_add(&c->wrong, 1);
	return NULL;
}

static int threads(const char *name, unsigned long count)
{
	struct crowd c = {.name = name, .count = count};
	pthread_t all[64];

	for (size_t i = 0; i < 64; i++) {
		if (pthread_create(&all[i], NULL, one_of_many, &c) != 0)
			return 1;
	}
	for (size_t i = 0; i < 64; i++)
		(void)pthread_join(all[i], NULL);
	return c.wrong;
}

typedef enum nss_status (*getpwnam_fn)(const char *name, struct passwd *pw, char *buffer, size_t size, int *errnop);

static int load(const char *path)
{
	char buffer[1024];
	struct passwd pw;
	int e;

	for (int i = 0; i < 100; i++) {
		void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		getpwnam_fn fn;
		void *symbol = module != NULL ? dlsym(module, "_nss_latchkey_getpwnam_r") : NULL;

		if (symbol == NULL)
			return 1;
		memcpy(&fn, &symbol, sizeof(fn));
		if (fn("alice", &pw, buffer, sizeof(buffer), &e) != NSS_STATUS_SUCCESS)
			return 2;
		(void)dlclose(module);
	}
	return 0;
}

static int limits(const char *name)
{
	static const struct {
		int resource;
		rlim_t value;
	} hard[] = {
		{RLIMIT_FSIZE, 1},
		{RLIMIT_AS, (rlim_t)64 << 20},
		{RLIMIT_NPROC, 0},
		{RLIMIT_STACK, 1 << 20},
	};
	struct sigaction before[3];
	struct sigaction after;
	sigset_t mask;
	sigset_t mask_after;
	static const int signals[] = {SIGPIPE, SIGXFSZ, SIGCHLD};

	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	(void)signal(SIGCHLD, SIG_IGN);
	for (size_t i = 0; i < 3; i++)
		(void)sigaction(signals[i], NULL, &before[i]);
	(void)sigprocmask(SIG_BLOCK, NULL, &mask);
	for (size_t i = 0; i < sizeof(hard) / sizeof(hard[0]); i++) {
		struct rlimit l = {hard[i].value, hard[i].value};

		if (setrlimit((__rlimit_resource_t)hard[i].resource, &l) < 0)
			return 1;
	}
	for (int fd = 3; fd < 1000; fd++)
		(void)dup2(0, fd);
	(void)close(0);
	(void)close(1);
	(void)close(2);
	if (!look_up_all(name, 10))
		return 2;
	if (fcntl(0, F_GETFD) >= 0 || fcntl(1, F_GETFD) >= 0 || fcntl(2, F_GETFD) >= 0)
		return 3;
	for (size_t i = 0; i < 3; i++) {
		(void)sigaction(signals[i], NULL, &after);
		if (after.sa_handler != before[i].sa_handler)
			return 4;
	}
	(void)sigprocmask(SIG_BLOCK, NULL, &mask_after);
	return memcmp(&mask, &mask_after, sizeof(mask)) == 0 ? 0 : 5;
}

int main(int argc, char **argv)
{
	unsigned long count = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;

	(void)__nss_configure_lookup("passwd", "latchkey");
	(void)__nss_configure_lookup("group", "latchkey");
	(void)__nss_configure_lookup("initgroups", "latchkey");
	if (argc >= 3 && strcmp(argv[1], "name") == 0)
		return by_names(argv + 2);
	if (argc == 4 && strcmp(argv[1], "many") == 0)
		return look_up_all(argv[2], count) ? 0 : 1;
	if (argc == 3 && strcmp(argv[1], "random") == 0)
		return nobody(strtoul(argv[2], NULL, 10));
	if (argc == 2 && strcmp(argv[1], "small") == 0)
		return small_buffers();
	if (argc == 4 && strcmp(argv[1], "thread") == 0)
		return threads(argv[2], count);
	if (argc == 3 && strcmp(argv[1], "load") == 0)
		return load(argv[2]);
	if (argc == 3 && strcmp(argv[1], "limits") == 0)
		return limits(argv[2]);
	return 2;
}
