/* SPDX-License-Identifier: MIT */
/*
 * latchkey-userdb: says to systemd's clients what the NSS module says to glibc. Starts as root for one reason: under
 * "User=" the service manager asks initgroups() before it starts a program, that asks every socket in
 * /run/systemd/userdb, ours among them, and waits 45 seconds for the answer of the program that is being started. So
 * it becomes an ordinary user by itself, first of all, with that user's numbers from /etc/passwd and no question to NSS.
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "helper/protocol/server.h"
#include "helper/userdb/methods.h"

#define SERVICE_USER "latchkey-userdb"
#define CONNECTIONS_PER_UID 64u
#define CALL_USEC (UINT64_C(300) * 1000 * 1000) /* for a listing of a million, taken as slowly as systemd does */

struct arguments {
	const char *user;
	const char *state;
};

static void say(int priority, const char *text)
{
	(void)fprintf(stderr, "<%d>latchkey-userdb: %s\n", priority, text);
}

static void on_fault(int fault, int old_fault)
{
	if (fault == 0)
		say(LOG_NOTICE, "the map can be read again");
	else if (old_fault == 0)
		say(LOG_WARNING, fault == -EPERM || fault == -EBADMSG
					 ? "the map is damaged or could have been written by others"
					 : "the map cannot be read now");
}

static void usage(FILE *to)
{
	(void)fputs(
		"Usage: latchkey-userdb [--user NAME] [--state FOLDER]\n"
		"Serves io.systemd.UserDatabase from the published map. Takes its listening socket from its starter.\n",
		to);
}

/* Return: 0 go on, 1 done (exit 0), -EINVAL misuse. */
static int parse_arguments(struct arguments *a, int argc, char **argv)
{
	static const struct option options[] = {
		{"user", required_argument, NULL, 'u'},
		{"state", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'u':
			a->user = optarg;
			break;
		case 's':
			a->state = optarg;
			break;
		case 'h':
			usage(stdout);
			return 1;
		case 'V':
			(void)puts("latchkey-userdb " LK_RELEASE);
			return 1;
		default:
			return -EINVAL;
		}
	}
	return optind == argc ? 0 : -EINVAL;
}

static int listening_socket(void)
{
	int n = sd_listen_fds(1);

	if (n != 1)
		return n < 0 ? n : -ENOTCONN;
	return sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0) > 0 ? SD_LISTEN_FDS_START : -ENOTSOCK;
}

/* Return: 0, -ENOENT no such user in the file, other negative errno. */
static int become_user(const char *name)
{
	FILE *f = fopen("/etc/passwd", "re");
	struct passwd *p = NULL;
	int r = -ENOENT;

	if (f == NULL)
		return -errno;
	do
		p = fgetpwent(f);
	while (p != NULL && strcmp(p->pw_name, name) != 0);
	if (p != NULL && p->pw_uid != 0 && p->pw_gid != 0)
		r = setgroups(0, NULL) < 0 || setresgid(p->pw_gid, p->pw_gid, p->pw_gid) < 0 ||
				    setresuid(p->pw_uid, p->pw_uid, p->pw_uid) < 0
			    ? -errno
			    : 0;
	(void)fclose(f);
	return r;
}

static int give_up_privileges(const char *user)
{
	const struct rlimit none = {0, 0};
	int r = geteuid() == 0 || getuid() == 0 ? become_user(user) : 0;

	if (r < 0)
		return r;
	(void)umask(0077);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    setrlimit(RLIMIT_CORE, &none) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	return 0;
}

static int add_signals(sd_event *event)
{
	sigset_t set;
	int r;

	if (sigemptyset(&set) < 0 || sigaddset(&set, SIGTERM) < 0 || sigaddset(&set, SIGINT) < 0 ||
	    sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
	return r < 0 ? r : sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
}

static int serve(const struct arguments *a, int listener)
{
	const struct server_limits limits = {.connections_per_uid = CONNECTIONS_PER_UID, .call_usec = CALL_USEC};
	struct userdb userdb = {.map = MAP_READER_INIT(a->state, 0), .on_fault = on_fault};
	struct server *server = NULL;
	sd_event *event = NULL;
	int r;

	r = sd_event_default(&event);
	if (r >= 0)
		r = add_signals(event);
	/* systemd's client waits 45 seconds for one that hangs: the watchdog ends that sooner. */
	if (r >= 0)
		r = sd_event_set_watchdog(event, 1);
	if (r >= 0)
		r = server_new(&server, event, listener, &limits, methods_call, &userdb);
	if (r >= 0) {
		(void)sd_notify(0, "READY=1");
		r = sd_event_loop(event);
	}
	(void)sd_notify(0, "STOPPING=1");
	server_free(server);
	sd_event_unref(event);
	return r;
}

int main(int argc, char **argv)
{
	struct arguments a = {.user = SERVICE_USER, .state = MAP_DIRECTORY};
	int listener;
	int r = parse_arguments(&a, argc, argv);

	if (r > 0)
		return EXIT_SUCCESS;
	if (r < 0) {
		usage(stderr);
		return EXIT_FAILURE;
	}
	r = give_up_privileges(a.user);
	if (r < 0) {
		say(LOG_ERR, r == -ENOENT ? "the user to run as is not in /etc/passwd, or is root"
					  : "cannot give up privileges");
		return EXIT_FAILURE;
	}
	listener = listening_socket();
	if (listener < 0) {
		say(LOG_ERR, "its starter must hand over exactly one listening stream socket");
		return EXIT_FAILURE;
	}
	return serve(&a, listener) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
