/* SPDX-License-Identifier: MIT */
/* The question about an unknown name: who may ask, what may be asked, what is believed, and that a helper which is not
 * there, hangs or lies costs a bounded time and nothing else (C9, L9, L12, L13). */
#include "nss_module/resolve_client.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/nss_module/folder.h"

static struct resolve_answer good_answer(void)
{
	return (struct resolve_answer){
		.magic = RESOLVE_MAGIC,
		.status = RESOLVE_FOUND,
		.uid = UINT32_C(0x70000001),
		.gid = UINT32_C(0x70000001),
		.name = "alice",
		.gecos = "",
		.home = "/home/alice",
		.shell = "/bin/sh",
	};
}

static void test_programs(void **state)
{
	static const char *const other[] = {"",
					    "sshd",
					    "/tmp/sshd",
					    "/usr/sbin/sshd2",
					    "/usr/sbin/sshd (deleted)",
					    "/usr/sbin/nscd",
					    "/usr/bin/sudo",
					    "/usr/bin/su",
					    "/home/user/usr/sbin/sshd"};

	(void)state;
	assert_true(resolve_program_is_listed("/usr/sbin/sshd"));
	assert_true(resolve_program_is_listed("/usr/lib/openssh/sshd-session"));
	assert_true(resolve_program_is_listed("/usr/lib/openssh/sshd-auth"));
	assert_true(resolve_program_is_listed("/bin/login"));
	assert_true(resolve_program_is_listed("/usr/bin/login"));
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		assert_false(resolve_program_is_listed(other[i]));
	assert_false(resolve_caller_may_ask()); /* this very program */
	assert_false(resolve_caller_may_ask());
}

static void test_names(void **state)
{
	static const char *const bad[] = {"",
					  "Alice",
					  "1a",
					  "-a",
					  ".a",
					  "@a",
					  "a b",
					  "a:b",
					  "a\n",
					  "a/b",
					  "a%s",
					  "a\\b",
					  "$(a)",
					  "\xc3\xa9",
					  "a\x1b",
					  "..",
					  "abcdefghijabcdefghijabcdefghijabc"};

	(void)state;
	assert_true(resolve_name_is_possible("alice"));
	assert_true(resolve_name_is_possible("_a-b.c@d9"));
	assert_true(resolve_name_is_possible("abcdefghijabcdefghijabcdefghijab"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct resolve_answer a;

		assert_false(resolve_name_is_possible(bad[i]));
		assert_int_equal(resolve_ask("/nowhere/at/all", geteuid(), bad[i], &a), -ENOENT);
	}
}

static void test_answers_that_are_not_believed(void **state)
{
	struct resolve_answer a = good_answer();

	(void)state;
	assert_true(resolve_answer_is_sound(&a, "alice"));
	assert_false(resolve_answer_is_sound(&a, "bob"));
	a.magic++;
	assert_false(resolve_answer_is_sound(&a, "alice"));
	for (uint32_t status = 0; status < 5; status++) {
		a = good_answer();
		a.status = status;
		assert_int_equal(resolve_answer_is_sound(&a, "alice"), status == RESOLVE_FOUND);
	}
	for (size_t at = offsetof(struct resolve_answer, name); at < sizeof(a); at++) {
		static const char bad[] = {':', '\n', '\x1b', '\x7f'};

		for (size_t i = 0; i < sizeof(bad); i++) { /* in front of the first NUL, each field in turn */
			a = good_answer();
			if (((const char *)&a)[at] == '\0')
				continue;
			((char *)&a)[at] = bad[i];
			assert_false(resolve_answer_is_sound(&a, "alice"));
		}
	}
	a = good_answer();
	memset(a.name, 'a', sizeof(a.name));
	assert_false(resolve_answer_is_sound(&a, "alice"));
	a = good_answer();
	memset(a.gecos, 'a', sizeof(a.gecos));
	assert_false(resolve_answer_is_sound(&a, "alice"));
	a = good_answer();
	memset(a.home, '/', sizeof(a.home));
	assert_false(resolve_answer_is_sound(&a, "alice"));
	a = good_answer();
	memset(a.shell, '/', sizeof(a.shell));
	assert_false(resolve_answer_is_sound(&a, "alice"));
	a = good_answer();
	a.home[0] = 'h';
	assert_false(resolve_answer_is_sound(&a, "alice"));
	a = good_answer();
	a.shell[0] = '\0';
	assert_false(resolve_answer_is_sound(&a, "alice"));
}

/* --- a helper in a thread ----------------------------------------------------------------------------------------- */

enum behaviour {
	ANSWERS,
	ANSWERS_SHORT,
	ANSWERS_LONG,
	ANSWERS_NOTHING,
	CLOSES,
	HANGS,
};

struct helper {
	char *folder;
	char path[512];
	int listener;
	int stop[2];
	enum behaviour behaviour;
	struct resolve_question question;
	pthread_t thread;
};

static void *help(void *userdata)
{
	struct helper *h = userdata;
	int fd = accept4(h->listener, NULL, NULL, SOCK_CLOEXEC);
	char big[1024] = {0};
	struct resolve_answer a = good_answer();
	char c;

	if (fd < 0)
		return NULL;
	if (h->behaviour != CLOSES)
		(void)recv(fd, &h->question, sizeof(h->question), 0);
	memcpy(big, &a, sizeof(a));
	if (h->behaviour == ANSWERS)
		(void)send(fd, &a, sizeof(a), MSG_NOSIGNAL);
	if (h->behaviour == ANSWERS_SHORT)
		(void)send(fd, &a, sizeof(a) - 1, MSG_NOSIGNAL);
	if (h->behaviour == ANSWERS_LONG)
		(void)send(fd, big, sizeof(a) + 1, MSG_NOSIGNAL);
	if (h->behaviour == HANGS)
		(void)!read(h->stop[0], &c, 1); /* until the question has been given up */
	(void)close(fd);
	return NULL;
}

static void helper_start(struct helper *h, enum behaviour behaviour, bool serves)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	memset(h, 0, sizeof(*h));
	h->behaviour = behaviour;
	h->folder = folder_new();
	(void)snprintf(h->path, sizeof(h->path), "%s", folder_path(h->folder, "other"));
	memcpy(at.sun_path, h->path, strlen(h->path) + 1);
	h->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(h->listener, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(h->listener, 0), 0);
	assert_int_equal(pipe2(h->stop, O_CLOEXEC), 0);
	if (serves)
		assert_int_equal(pthread_create(&h->thread, NULL, help, h), 0);
}

static void helper_stop(struct helper *h, bool serves)
{
	(void)close(h->stop[1]);
	(void)shutdown(h->listener, SHUT_RDWR);
	if (serves)
		assert_int_equal(pthread_join(h->thread, NULL), 0);
	(void)close(h->listener);
	(void)close(h->stop[0]);
	folder_free(h->folder);
}

static unsigned int count_fds(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_exchanges(void **state)
{
	static const enum behaviour behaviours[] = {ANSWERS,         ANSWERS_SHORT, ANSWERS_LONG,
						    ANSWERS_NOTHING, CLOSES,        HANGS};

	(void)state;
	(void)signal(SIGPIPE, SIG_DFL); /* it must not be raised */
	for (size_t i = 0; i < sizeof(behaviours) / sizeof(behaviours[0]); i++) {
		struct helper h;
		struct resolve_answer a;
		int r;

		helper_start(&h, behaviours[i], true);
		memset(&a, 0x5a, sizeof(a));
		errno = 4711;
		r = resolve_ask(h.path, geteuid(), "alice", &a);
		assert_int_equal(errno, 4711);
		assert_int_equal(r, behaviours[i] == ANSWERS ? 0 : -ENOENT);
		if (r == 0) {
			assert_string_equal(a.home, "/home/alice");
			assert_string_equal(h.question.name, "alice");
			assert_int_equal(h.question.magic, RESOLVE_MAGIC);
			assert_int_equal(h.question.family, 0);
		} else {
			assert_int_equal(((unsigned char *)&a)[100], 0x5a);
		}
		helper_stop(&h, true);
	}
}

static void test_who_made_the_socket(void **state)
{
	struct helper h;
	struct resolve_answer a;
	unsigned int before;

	(void)state;
	helper_start(&h, ANSWERS, false);
	before = count_fds();
	assert_int_equal(resolve_ask(h.path, geteuid() + 1, "alice", &a), -ENOENT);
	assert_int_equal(chmod(h.folder, 0757), 0);
	assert_int_equal(resolve_ask(h.path, geteuid(), "alice", &a), -ENOENT);
	assert_int_equal(chmod(h.folder, 0775), 0);
	assert_int_equal(resolve_ask(h.path, geteuid(), "alice", &a), -ENOENT);
	assert_int_equal(resolve_ask("relative", geteuid(), "alice", &a), -ENOENT);
	assert_int_equal(resolve_ask("/nowhere/at/all", geteuid(), "alice", &a), -ENOENT);
	assert_int_equal(count_fds(), before);
	helper_stop(&h, false);
}

static void test_client_address(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int inherited;
	struct helper h;
	struct resolve_answer a;

	(void)state;
	assert_int_equal(bind(listener, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	/* High numbers for what is not inherited, so that only the accepted one is looked at. */
	assert_true(dup3(client, 40, O_CLOEXEC) == 40);
	(void)close(client);
	assert_int_equal(connect(40, (const struct sockaddr *)&at, sizeof(at)), 0);
	inherited = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(inherited >= 0 && inherited <= 15);
	helper_start(&h, ANSWERS, true);
	assert_int_equal(resolve_ask(h.path, geteuid(), "alice", &a), 0);
	assert_int_equal(h.question.family, AF_INET);
	assert_memory_equal(h.question.address, "\x7f\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	helper_stop(&h, true);
	(void)close(inherited);
	(void)close(40);
	(void)close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_answers_that_are_not_believed),
		cmocka_unit_test(test_exchanges),
		cmocka_unit_test(test_who_made_the_socket),
		cmocka_unit_test(test_client_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
