/* SPDX-License-Identifier: MIT */
/* Asks the helper about an unknown name on behalf of sshd, login or a greeter: decide whether this process may ask, find
 * out for which client, ask once, check the answer. Runs in a root process before anybody has proved anything, so it
 * trusts no environment, waits RESOLVE_TIMEOUT_MS at most and leaves no descriptor, signal or errno behind. Calls few
 * functions of libc: each is looked up in every process that loads the module, whether it asks or not. */
#include "nss_module/resolve_client.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "nss_module/map_format.h"

#define LAST_INHERITED_FD 15

/* --- who may ask -------------------------------------------------------------------------------------------------- */

bool resolve_program_is_listed(const char *path)
{
	static const char *const programs[] = {
		"/usr/sbin/sshd",
		"/usr/bin/sshd",
		"/usr/lib/openssh/sshd-session",
		"/usr/lib/openssh/sshd-auth",
		"/usr/libexec/openssh/sshd-session",
		"/usr/libexec/openssh/sshd-auth",
		"/usr/lib/ssh/sshd-session",
		"/usr/lib/ssh/sshd-auth",
		"/bin/login",
		"/usr/bin/login",
		"/usr/libexec/gdm-session-worker",
		"/usr/lib/gdm3/gdm-session-worker",
		"/usr/lib/gdm/gdm-session-worker",
		"/usr/sbin/lightdm",
		"/usr/bin/lightdm",
		"/usr/lib/sddm/sddm-helper",
		"/usr/libexec/sddm-helper",
		"/usr/lib/x86_64-linux-gnu/sddm/sddm-helper",
		"/usr/lib/aarch64-linux-gnu/sddm/sddm-helper",
	};

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (strcmp(path, programs[i]) == 0)
			return true;
	}
	return false;
}

static bool is_login_program(void)
{
	char path[256];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path));

	if (n <= 0 || (size_t)n >= sizeof(path))
		return false;
	path[n] = '\0';
	return resolve_program_is_listed(path);
}

static bool is_root(void)
{
	uid_t real;
	uid_t effective;
	uid_t saved;

	return getresuid(&real, &effective, &saved) == 0 && real == 0 && effective == 0;
}

_Atomic int resolve_program;

bool resolve_caller_may_ask(void)
{
	int known = atomic_load_explicit(&resolve_program, memory_order_relaxed);

	if (known == RESOLVE_NOT_LOOKED) {
		int saved = errno;

		known = is_login_program() ? RESOLVE_LOGIN_PROGRAM : RESOLVE_OTHER_PROGRAM;
		atomic_store_explicit(&resolve_program, known, memory_order_relaxed);
		errno = saved;
	}
	return known == RESOLVE_LOGIN_PROGRAM && getauxval(AT_SECURE) == 0 && is_root();
}

bool resolve_name_is_possible(const char *name)
{
	size_t len = 0;

	if (!((name[0] >= 'a' && name[0] <= 'z') || name[0] == '_'))
		return false;
	for (; name[len] != '\0'; len++) {
		char ch = name[len];

		if (len == MAP_NAME_MAX || !((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '_' ||
					     ch == '-' || ch == '.' || ch == '@'))
			return false;
	}
	return true;
}

/* --- for which client --------------------------------------------------------------------------------------------- */

static bool address_of(int fd, struct resolve_question *q)
{
	static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_storage room;
	} peer = {.any.sa_family = AF_UNSPEC};
	socklen_t len = sizeof(peer);

	if (getpeername(fd, &peer.any, &len) < 0)
		return false;
	if (peer.any.sa_family == AF_INET) {
		q->family = AF_INET;
		memcpy(q->address, &peer.in.sin_addr, 4);
		return true;
	}
	if (peer.any.sa_family != AF_INET6)
		return false;
	/* The same client whichever socket sshd listened on. */
	if (memcmp(&peer.in6.sin6_addr, mapped, sizeof(mapped)) == 0) {
		q->family = AF_INET;
		memcpy(q->address, (const unsigned char *)&peer.in6.sin6_addr + sizeof(mapped), 4);
		return true;
	}
	q->family = AF_INET6;
	memcpy(q->address, &peer.in6.sin6_addr, 16);
	return true;
}

static void find_client(struct resolve_question *q)
{
	for (int fd = 0; fd <= LAST_INHERITED_FD; fd++) {
		if (address_of(fd, q))
			return;
	}
}

/* --- one exchange ------------------------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The folder decides who can put a socket there. */
static bool folder_is_closed(const char *socket_path, uid_t owner)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	size_t len = strlen(socket_path);
	struct stat st;
	bool is_closed;
	int fd;

	while (len > 0 && socket_path[--len] != '/')
		;
	if (len == 0 || len >= sizeof(folder))
		return false;
	memcpy(folder, socket_path, len);
	folder[len] = '\0';
	fd = open(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	is_closed = fstat(fd, &st) == 0 && st.st_uid == owner && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
	(void)close(fd);
	return is_closed;
}

/* Never 0, 1 or 2: a program that closed those may still write to them. */
static int socket_open(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int higher;

	if (fd < 0 || fd > 2)
		return fd;
	higher = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	(void)close(fd);
	return higher;
}

/* How long the next step at @fd may wait; false where no time is left. @option: SO_SNDTIMEO or SO_RCVTIMEO */
static bool wait_until(int fd, int option, int64_t deadline_ms)
{
	int64_t left_ms = deadline_ms - now_ms();
	struct timeval left = {.tv_sec = left_ms / 1000, .tv_usec = left_ms % 1000 * 1000};

	return left_ms > 0 && setsockopt(fd, SOL_SOCKET, option, &left, sizeof(left)) == 0;
}

/* connect() waits while the listener's queue is full, as long as the send timeout says. */
static bool connect_until(int fd, const char *socket_path, int64_t deadline_ms)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = strlen(socket_path);

	if (len >= sizeof(to.sun_path))
		return false;
	memcpy(to.sun_path, socket_path, len + 1);
	while (wait_until(fd, SO_SNDTIMEO, deadline_ms)) {
		if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
			return true;
		if (errno != EINTR)
			return false;
	}
	return false;
}

static bool made_by(int fd, uid_t owner)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && len == sizeof(peer) && peer.uid == owner;
}

static bool receive_until(int fd, struct resolve_answer *ret, int64_t deadline_ms)
{
	struct resolve_answer a;
	ssize_t n;

	while (wait_until(fd, SO_RCVTIMEO, deadline_ms)) {
		n = recv(fd, &a, sizeof(a), MSG_TRUNC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof(a))
			return false;
		*ret = a;
		return true;
	}
	return false;
}

static bool exchange(int fd, const char *socket_path, uid_t owner, const struct resolve_question *q,
		     struct resolve_answer *ret)
{
	int64_t deadline_ms = now_ms() + RESOLVE_TIMEOUT_MS;

	return connect_until(fd, socket_path, deadline_ms) && made_by(fd, owner) &&
	       send(fd, q, sizeof(*q), MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(*q) &&
	       receive_until(fd, ret, deadline_ms);
}

/* --- what came back ----------------------------------------------------------------------------------------------- */

static bool field_is_sound(const char *s, size_t size, bool is_path)
{
	size_t i = 0;

	if (is_path && s[0] != '/')
		return false;
	for (; i < size && s[i] != '\0'; i++) {
		if (s[i] == ':' || (unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	}
	return i < size;
}

bool resolve_answer_is_sound(const struct resolve_answer *a, const char *name)
{
	return a->magic == RESOLVE_MAGIC && a->status == RESOLVE_FOUND &&
	       field_is_sound(a->name, sizeof(a->name), false) && strcmp(a->name, name) == 0 &&
	       field_is_sound(a->gecos, sizeof(a->gecos), false) && field_is_sound(a->home, sizeof(a->home), true) &&
	       field_is_sound(a->shell, sizeof(a->shell), true);
}

int resolve_ask(const char *socket_path, uid_t owner, const char *name, struct resolve_answer *ret)
{
	struct resolve_question q = {.magic = RESOLVE_MAGIC};
	struct resolve_answer a;
	int saved = errno;
	int result = -ENOENT;
	int cancel;
	int fd;

	if (!resolve_name_is_possible(name))
		return -ENOENT;
	memcpy(q.name, name, strlen(name) + 1);
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (folder_is_closed(socket_path, owner)) {
		find_client(&q);
		fd = socket_open();
		if (fd >= 0) {
			if (exchange(fd, socket_path, owner, &q, &a) && resolve_answer_is_sound(&a, name)) {
				*ret = a;
				result = 0;
			}
			(void)close(fd);
		}
	}
	(void)pthread_setcancelstate(cancel, NULL);
	errno = saved;
	return result;
}
