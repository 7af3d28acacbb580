/* SPDX-License-Identifier: MIT */
/* An application with PAM for tests: runs phases of a service in a scratch folder, hands each message to its tester over
 * one socket and takes the answers from there. Copied under the name sshd, with a version behind it, it is taken for one.
 * It knows alice (0x70000001) and bert (20001, as of another directory) by a getpwnam_r of its own, which stands before the
 * C library's, and says at the end whether signals, mask and descriptors are as they were.
 *
 *   pam_driver SOCKET CONFDIR USER PHASE... [-- OPTION...]
 * Phases: auth account setcred open close chauthtok, user=NAME. Options: rhost=X tty=X env=X block-sigint close-std
 * keep-fds=N fail-each (auth again and again, with one more allocation each time). */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "helper/base/cleanup.h"

static int tester;
static long allocations_left = -1;

#ifndef __SANITIZE_ADDRESS__
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static bool may_allocate(void)
{
	if (allocations_left < 0)
		return true;
	if (allocations_left == 0) {
		errno = ENOMEM;
		return false;
	}
	allocations_left--;
	return true;
}

LK_EXPORT void *malloc(size_t size)
{
	return may_allocate() ? __libc_malloc(size) : NULL;
}

LK_EXPORT void *calloc(size_t n, size_t size)
{
	return may_allocate() ? __libc_calloc(n, size) : NULL;
}

LK_EXPORT void *realloc(void *p, size_t size)
{
	return may_allocate() ? __libc_realloc(p, size) : NULL;
}
#endif

struct person {
	const char *name;
	uid_t uid;
};

static const struct person *person_find(const char *name)
{
	static const struct person people[] = {{"alice", 0x70000001}, {"bert", 20001}};

	for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++)
		if (strcmp(people[i].name, name) == 0)
			return &people[i];
	return NULL;
}

LK_EXPORT int getpwnam_r(const char *name, struct passwd *record, char *buffer, size_t size, struct passwd **ret)
{
	const struct person *person = person_find(name);
	int (*real)(const char *, struct passwd *, char *, size_t, struct passwd **);
	int len;

	if (!person) {
		*(void **)&real = dlsym(RTLD_NEXT, "getpwnam_r");
		return real(name, record, buffer, size, ret);
	}
	*ret = NULL;
	len = snprintf(buffer, size, "%s%c/home/%s%c/bin/sh%cx", name, '\0', name, '\0', '\0');
	if (len < 0 || (size_t)len >= size)
		return ERANGE;
	*record = (struct passwd){.pw_uid = person->uid, .pw_gid = person->uid};
	record->pw_name = buffer;
	record->pw_dir = record->pw_name + strlen(name) + 1;
	record->pw_shell = record->pw_dir + strlen(record->pw_dir) + 1;
	record->pw_passwd = record->pw_shell + strlen(record->pw_shell) + 1;
	record->pw_gecos = record->pw_name;
	*ret = record;
	return 0;
}

static void tell(const char *kind, int number, const char *text)
{
	size_t len = strlen(text);
	char head[64];
	int n = snprintf(head, sizeof(head), "%s %d %zu\n", kind, number, len);

	if (write(tester, head, (size_t)n) < 0 || write(tester, text, len) < 0)
		_exit(3);
}

static char *answer_read(void)
{
	char line[256];
	size_t len = 0;

	while (len < sizeof(line) - 1 && read(tester, line + len, 1) == 1 && line[len] != '\n')
		len++;
	line[len] = '\0';
	return strdup(line);
}

static int converse(int n, const struct pam_message **messages, struct pam_response **ret, void *userdata)
{
	struct pam_response *responses;

	(void)userdata;
	responses = calloc((size_t)n, sizeof(*responses));
	if (!responses)
		return PAM_BUF_ERR;
	for (int i = 0; i < n; i++) {
		int style = messages[i]->msg_style;

		tell("message", style, messages[i]->msg);
		if (style == PAM_PROMPT_ECHO_OFF || style == PAM_PROMPT_ECHO_ON)
			responses[i].resp = answer_read();
	}
	*ret = responses;
	return PAM_SUCCESS;
}

static int phase_run(pam_handle_t *pamh, const char *phase)
{
	if (strcmp(phase, "auth") == 0)
		return pam_authenticate(pamh, 0);
	if (strcmp(phase, "account") == 0)
		return pam_acct_mgmt(pamh, 0);
	if (strcmp(phase, "setcred") == 0)
		return pam_setcred(pamh, PAM_ESTABLISH_CRED);
	if (strcmp(phase, "open") == 0)
		return pam_open_session(pamh, 0);
	if (strcmp(phase, "close") == 0)
		return pam_close_session(pamh, 0);
	if (strcmp(phase, "chauthtok") == 0)
		return pam_chauthtok(pamh, 0);
	if (strncmp(phase, "user=", 5) == 0)
		return pam_set_item(pamh, PAM_USER, phase + 5);
	return -1;
}

struct surroundings {
	struct sigaction actions[NSIG];
	sigset_t mask;
	int descriptors;
};

static void surroundings_take(struct surroundings *s)
{
	memset(s, 0, sizeof(*s));
	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, NULL, &s->actions[i]);
	(void)sigprocmask(SIG_SETMASK, NULL, &s->mask);
	for (int fd = 0; fd < 4096; fd++)
		if (dup2(fd, fd) == fd)
			s->descriptors++;
}

static int surroundings_differ(const struct surroundings *a, const struct surroundings *b)
{
	for (int i = 1; i < NSIG; i++)
		if (a->actions[i].sa_handler != b->actions[i].sa_handler ||
		    sigismember(&a->mask, i) != sigismember(&b->mask, i))
			return i;
	return a->descriptors == b->descriptors ? 0 : 1000;
}

static bool option_take(pam_handle_t *pamh, const char *option)
{
	sigset_t set;

	if (strncmp(option, "rhost=", 6) == 0)
		return pam_set_item(pamh, PAM_RHOST, option + 6) == PAM_SUCCESS;
	if (strncmp(option, "tty=", 4) == 0)
		return pam_set_item(pamh, PAM_TTY, option + 4) == PAM_SUCCESS;
	if (strncmp(option, "env=", 4) == 0)
		return pam_putenv(pamh, option + 4) == PAM_SUCCESS;
	if (strcmp(option, "block-sigint") == 0) {
		(void)sigemptyset(&set);
		(void)sigaddset(&set, SIGINT);
		(void)sigaddset(&set, SIGQUIT);
		return sigprocmask(SIG_BLOCK, &set, NULL) == 0;
	}
	if (strcmp(option, "close-std") == 0) {
		for (int fd = 0; fd < 3; fd++)
			(void)close(fd);
		return true;
	}
	if (strncmp(option, "keep-fds=", 9) == 0) {
		struct rlimit limit = {(rlim_t)atoi(option + 9), (rlim_t)atoi(option + 9)};

		return setrlimit(RLIMIT_NOFILE, &limit) == 0;
	}
	if (strcmp(option, "memory") == 0) {
		struct rlimit limit = {64u << 20, 64u << 20};

		return setrlimit(RLIMIT_AS, &limit) == 0;
	}
	return strcmp(option, "fail-each") == 0;
}

/* C6: every allocation of module and libraries fails in turn; it must never crash and never let anybody in early. */
static int fail_each(pam_handle_t *pamh)
{
	for (long n = 0; n < 100000; n++) {
		long left;
		int r;

		allocations_left = n;
		r = pam_authenticate(pamh, 0);
		left = allocations_left;
		allocations_left = -1;
		if (r == PAM_SUCCESS && left > 0) {
			tell("phase", (int)n, "all");
			return 0;
		}
		if (r == PAM_IGNORE || r < 0)
			return 4;
	}
	return 5;
}

int main(int argc, char **argv)
{
	static struct surroundings before, after;
	static const struct pam_conv conv = {.conv = converse};
	pam_handle_t *pamh = NULL;
	int options = 4;
	int r = 0;

	if (argc < 5)
		return 2;
	tester = atoi(argv[1]);
	if (pam_start_confdir("latchkey-test", argv[3], &conv, argv[2], &pamh) != PAM_SUCCESS)
		return 2;
	while (options < argc && strcmp(argv[options], "--") != 0)
		options++;
	for (int i = options + 1; i < argc; i++)
		if (!option_take(pamh, argv[i]))
			return 2;
	surroundings_take(&before);
	if (options + 1 < argc && strcmp(argv[options + 1], "fail-each") == 0)
		r = fail_each(pamh);
	else
		for (int i = 4; i < options; i++)
			tell("phase", phase_run(pamh, argv[i]), argv[i]);
	surroundings_take(&after);
	tell("surroundings", surroundings_differ(&before, &after), "");
	(void)pam_end(pamh, r);
	return r;
}
