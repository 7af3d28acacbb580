/* SPDX-License-Identifier: MIT */
/* latchkey-root: started when somebody connects to its socket, serves the helper's user alone, one question at a time,
 * and goes when nothing has come for half a minute. Keeps root's uid, since the map must be root's, and none of root's
 * capabilities in effect. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "helper/base/text.h"
#include "helper/root/install.h"
#include "helper/root/locals.h"
#include "helper/root/privileges.h"
#include "helper/root/serve.h"
#include "helper/root/settings.h"
#include "nss_module/map_format.h"

#define IDLE_DEFAULT_S 30u
#define IDLE_MAX_S 86400u
#define LOG_LINE_MAX 400

struct arguments {
	struct serve_context context;
	const char *peer_user;
	int64_t peer_uid; /* -1: by name */
	uint64_t idle_s;  /* 0: for ever */
};

static void say(int priority, const char *text)
{
	(void)fprintf(stderr, "<%d>latchkey-root: %s\n", priority, text);
}

static int usage(int status)
{
	(void)fprintf(status == 0 ? stdout : stderr,
		      "Usage: latchkey-root [--config FILE] [--state FOLDER] [--peer-user NAME | --peer-uid UID]\n"
		      "                     [--idle SECONDS] [--root FOLDER]\n"
		      "Publishes the map of accounts and ends sessions for latchkeyd. Takes its listening socket from "
		      "its starter.\n");
	return status;
}

static int parse_option(struct arguments *a, int option)
{
	uint64_t n;

	switch (option) {
	case 'c':
		a->context.config = optarg;
		return 0;
	case 's':
		a->context.state = optarg;
		return 0;
	case 'r':
		a->context.root = optarg;
		return 0;
	case 'n':
		a->peer_user = optarg;
		return 0;
	case 'u':
		if (text_to_u64(&n, optarg, UINT32_MAX - 1) < 0)
			return -EINVAL;
		a->peer_uid = (int64_t)n;
		return 0;
	case 'i':
		return text_to_u64(&a->idle_s, optarg, IDLE_MAX_S);
	default:
		return -EINVAL;
	}
}

static int parse(struct arguments *a, int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"state", required_argument, NULL, 's'},
		{"root", required_argument, NULL, 'r'},
		{"peer-user", required_argument, NULL, 'n'},
		{"peer-uid", required_argument, NULL, 'u'},
		{"idle", required_argument, NULL, 'i'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h')
			exit(usage(EXIT_SUCCESS));
		if (option == 'V')
			exit(puts("latchkey-root " LK_RELEASE) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
		if (parse_option(a, option) < 0)
			return -EINVAL;
	}
	return optind == argc ? 0 : -EINVAL;
}

static int listening_socket(void)
{
	int n = sd_listen_fds(1);

	if (n != 1)
		return n < 0 ? n : -ENOTCONN;
	if (sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0) <= 0)
		return -ENOTSOCK;
	return SD_LISTEN_FDS_START;
}

static void serve_one(const struct serve_context *c, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	char line[LOG_LINE_MAX];
	int r;

	if (fd < 0)
		return;
	r = serve_connection(c, fd, line, sizeof(line));
	(void)close(fd);
	if (r != -ENODATA)
		say(r == PUBLISH_DONE || r == END_SESSION_STRUCK ? LOG_INFO : LOG_WARNING, line);
}

static int serve(const struct arguments *a, int listener)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};
	int timeout_ms = a->idle_s == 0 ? -1 : (int)(a->idle_s * 1000);

	for (;;) {
		int n = poll(&p, 1, timeout_ms);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
		if (n > 0)
			serve_one(&a->context, listener);
	}
}

/* What a publication left that was killed between its rename and its counter is told to the readers now, not only by
 * the next one. A folder that is wanting is the next publication's to report. */
static void heal(const struct arguments *a)
{
	int folder = install_open(a->context.state);

	if (folder >= 0)
		(void)close(folder);
}

static int run(struct arguments *a)
{
	uint32_t uid = 0;
	int listener;
	int r;

	if (a->peer_uid < 0) {
		r = locals_find_user(a->context.root, a->peer_user, &uid);
		if (r < 0) {
			say(LOG_ERR, "the user that may ask is not in /etc/passwd");
			return r;
		}
		a->peer_uid = uid;
	}
	a->context.peer = (uid_t)a->peer_uid;
	listener = listening_socket();
	if (listener < 0) {
		say(LOG_ERR, "its starter must hand over exactly one listening stream socket");
		return listener;
	}
	r = privileges_give_up();
	if (r < 0) {
		say(LOG_ERR, "cannot give up privileges");
		return r;
	}
	heal(a);
	(void)sd_notify(0, "READY=1");
	return serve(a, listener);
}

int main(int argc, char **argv)
{
	struct arguments a = {
		.context = {.config = SETTINGS_PATH, .state = MAP_DIRECTORY, .root = ""},
		.peer_user = "latchkey",
		.peer_uid = -1,
		.idle_s = IDLE_DEFAULT_S,
	};

	if (parse(&a, argc, argv) < 0)
		return usage(EXIT_FAILURE);
	return run(&a) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
