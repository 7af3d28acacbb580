/* SPDX-License-Identifier: MIT */
/* latchkey-fetch: sheds everything that it was started with, then serves latchkeyd on the socket it was given. It is
 * the process that talks to strangers, so it refuses to run with any privilege at all. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/capability.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "helper/base/buf.h"
#include "helper/base/file.h"
#include "helper/base/text.h"
#include "helper/fetch/server.h"

#define PASSWD_MAX (16u * 1024u * 1024u)
#define DESCRIPTORS 4096u
#define IDLE_MAX_S 86400u

struct options {
	const char *peer_user;
	uid_t peer_uid;
	bool has_peer_uid;
	uint32_t idle_s;
};

static const char usage[] = "Usage: latchkey-fetch [--peer-user NAME | --peer-uid UID] [--idle SECONDS]\n"
			    "\n"
			    "Speaks HTTPS for latchkeyd. Its listening socket comes from the service manager.\n"
			    "  --peer-user NAME   whom to serve, from /etc/passwd (default: latchkey)\n"
			    "  --peer-uid UID     the same as a number\n"
			    "  --idle SECONDS     end after so long without a connection (default 0: never)\n"
			    "  --version          print the release\n";

static int complain(const char *what, int error)
{
	(void)fprintf(stderr, "latchkey-fetch: %s%s%s\n", what, error != 0 ? ": " : "",
		      error != 0 ? strerror(error) : "");
	return EXIT_FAILURE;
}

/* --- what it was started with ---------------------------------------------------------------------------------------- */

/* libcurl, OpenSSL and glibc read dozens of variables (proxies, trust anchors, key logs, resolver options); only what
 * the service manager needs to say stays (L10, N4). */
static int keep_environment(void)
{
	static const char *const kept[] = {"LISTEN_PID",    "LISTEN_FDS",   "LISTEN_FDNAMES",       "NOTIFY_SOCKET",
					   "WATCHDOG_USEC", "WATCHDOG_PID", "CREDENTIALS_DIRECTORY"};
	enum {
		N_KEPT = sizeof(kept) / sizeof(kept[0])
	};
	char *values[N_KEPT] = {NULL};
	int r = 0;

	for (size_t i = 0; i < N_KEPT; i++) {
		const char *value = getenv(kept[i]);

		if (value != NULL) {
			values[i] = strdup(value);
			r = values[i] == NULL ? -ENOMEM : r;
		}
	}
	if (clearenv() != 0)
		r = -ENOMEM;
	for (size_t i = 0; i < N_KEPT; i++) {
		if (values[i] != NULL && setenv(kept[i], values[i], 1) < 0)
			r = -ENOMEM;
		free(values[i]);
	}
	return r;
}

/* Descriptors 0 to 2 exist, 3 is the socket, all others go (L21). */
static int keep_descriptors(int n_listen)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return -errno;
	} while (fd <= STDERR_FILENO);
	(void)close(fd);
	return close_range((unsigned)(SD_LISTEN_FDS_START + n_listen), ~0U, 0) < 0 ? -errno : 0;
}

static int drop_privileges(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};
	struct rlimit limit = {0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 || syscall(SYS_capset, &header, none) < 0 ||
	    setrlimit(RLIMIT_CORE, &limit) < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
	return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

/* --- options --------------------------------------------------------------------------------------------------------- */

static int read_number(const char *text, uint32_t max, uint32_t *ret)
{
	uint64_t number;

	if (text_to_u64(&number, text, max) < 0)
		return -EINVAL;
	*ret = (uint32_t)number;
	return 0;
}

static int read_option(struct options *o, int option)
{
	switch (option) {
	case 'u':
		o->has_peer_uid = true;
		return read_number(optarg, UINT32_MAX - 1, &o->peer_uid);
	case 'n':
		o->peer_user = optarg;
		return 0;
	case 'i':
		return read_number(optarg, IDLE_MAX_S, &o->idle_s);
	case 'h':
		(void)fputs(usage, stdout);
		exit(EXIT_SUCCESS);
	case 'V':
		(void)puts("latchkey-fetch " LK_RELEASE);
		exit(EXIT_SUCCESS);
	default:
		return -EINVAL;
	}
}

static int read_options(struct options *ret, int argc, char **argv)
{
	static const struct option names[] = {
		{"peer-uid", required_argument, NULL, 'u'}, {"peer-user", required_argument, NULL, 'n'},
		{"idle", required_argument, NULL, 'i'},     {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},        {0}};
	struct options o = {.peer_user = "latchkey"};
	int option;
	int r = 0;

	while (r == 0 && (option = getopt_long(argc, argv, "", names, NULL)) != -1)
		r = read_option(&o, option);
	if (r < 0 || optind != argc)
		return -EINVAL;
	*ret = o;
	return 0;
}

/* The uid in a line "name:password:uid:...", or -1. */
static int64_t uid_of_line(const char *line, size_t len, const char *name)
{
	size_t name_len = strlen(name);
	const char *end = line + len;
	const char *password_end;
	char digits[16];
	uint64_t uid;
	size_t n = 0;

	if (len <= name_len || memcmp(line, name, name_len) != 0 || line[name_len] != ':')
		return -1;
	password_end = memchr(line + name_len + 1, ':', len - name_len - 1);
	if (password_end == NULL)
		return -1;
	for (const char *p = password_end + 1; p < end && *p != ':' && n < sizeof(digits) - 1; p++)
		digits[n++] = *p;
	digits[n] = '\0';
	return text_to_u64(&uid, digits, UINT32_MAX - 1) < 0 ? -1 : (int64_t)uid;
}

/* From the file alone: asking NSS could lead back to latchkeyd. */
static int find_user(uid_t *ret, const char *name)
{
	LK_CLEANUP(buf_done) struct buf passwd = {0};
	const char *line;
	int r = file_read(&passwd, "/etc/passwd", FILE_OWNER_ROOT, FILE_READABLE, PASSWD_MAX);

	if (r < 0)
		return r;
	line = passwd.data;
	while (line != NULL && *line != '\0') {
		size_t len = strcspn(line, "\n");
		int64_t uid = uid_of_line(line, len, name);

		if (uid >= 0) {
			*ret = (uid_t)uid;
			return 0;
		}
		line += len + (line[len] == '\n');
	}
	return -ENOENT;
}

/* --- running --------------------------------------------------------------------------------------------------------- */

static int take_socket(int *ret)
{
	int n = sd_listen_fds(1);

	if (n < 0)
		return n;
	if (n != 1 || sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0) <= 0)
		return -ENOTSOCK;
	*ret = SD_LISTEN_FDS_START;
	return keep_descriptors(n);
}

static int handle_signals(sd_event *event)
{
	sigset_t mask;
	int r;

	if (sigemptyset(&mask) < 0 || sigaddset(&mask, SIGTERM) < 0 || sigaddset(&mask, SIGINT) < 0 ||
	    sigprocmask(SIG_SETMASK, &mask, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
	return r < 0 ? r : sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
}

static int serve(int fd, const struct options *o)
{
	LK_CLEANUP(sd_event_unrefp) sd_event *event = NULL;
	LK_CLEANUP(fetch_server_freep) struct fetch_server *server = NULL;
	int r;

	r = sd_event_new(&event);
	if (r >= 0)
		r = handle_signals(event);
	if (r >= 0)
		r = fetch_server_new(&server, event, fd, o->peer_uid);
	if (r >= 0 && o->idle_s > 0)
		r = fetch_server_exit_when_idle(server, o->idle_s);
	if (r >= 0)
		r = sd_event_set_watchdog(event, true);
	if (r < 0)
		return r;
	(void)sd_notify(0, "READY=1");
	r = sd_event_loop(event);
	(void)sd_notify(0, "STOPPING=1");
	return r;
}

int main(int argc, char **argv)
{
	struct options options;
	int fd;
	int r;

	r = keep_environment();
	if (r < 0)
		return complain("cannot clear the environment", -r);
	if (read_options(&options, argc, argv) < 0) {
		(void)fputs(usage, stderr);
		return 2;
	}
	if (geteuid() == 0 || getuid() == 0)
		return complain("refuses to run as root; run it as the user latchkey-fetch", 0);
	r = take_socket(&fd);
	if (r < 0)
		return complain("needs exactly one listening stream socket from the service manager", -r);
	r = drop_privileges();
	if (r < 0)
		return complain("cannot drop privileges", -r);
	/* Resolver threads come and go; an arena for each would only cost memory. */
	(void)mallopt(M_ARENA_MAX, 1);
	if (!options.has_peer_uid) {
		r = find_user(&options.peer_uid, options.peer_user);
		if (r < 0)
			return complain("cannot find the user to serve in /etc/passwd", -r);
	}
	r = serve(fd, &options);
	return r < 0 ? complain("failed", -r) : EXIT_SUCCESS;
}
