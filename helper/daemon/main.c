/* SPDX-License-Identifier: MIT */
/*
 * latchkeyd: decides who gets in. It starts as an unprivileged user with its sockets already made by root, and neither
 * makes a socket, nor opens the network, nor runs anything but getent(1).
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
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

#include "helper/daemon/manager.h"
#include "helper/daemon/probe.h"
#include "helper/jose/openssl_memory.h"
#include "helper/login/audit.h"
#include "helper/login/log.h"

#define SERVICE_USER "latchkey"

enum {
	EXIT_CONFIGURATION = 78, /* EX_CONFIG: the unit does not restart for this */
	EXIT_MISUSE = 2,
};

struct arguments {
	const char *config;
	struct manager_paths paths;
	bool check;
	bool probe;
};

static void usage(FILE *to)
{
	(void)fputs("Usage: latchkeyd [--config FILE] [--check|--probe] [--store FILE] [--fetch-socket PATH] "
		    "[--root-socket PATH]\n"
		    "\n"
		    "Latchkey's helper. Its sockets come from the service manager (io.latchkey, resolve).\n"
		    "  --check     judge the configuration, say what is notable, and exit: 0 good, 78 not\n"
		    "  --probe     ask the providers for a code that nobody uses, print what they said as JSON, and "
		    "exit: 0 good, 1 "
		    "not\n"
		    "  --version   print the release\n",
		    to);
}

/* Return: 0 go on, 1 done (exit 0), -EINVAL misuse. */
static int parse_arguments(struct arguments *a, int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, 'k'},
		{"probe", no_argument, NULL, 'p'},
		{"store", required_argument, NULL, 's'},
		{"fetch-socket", required_argument, NULL, 'f'},
		{"root-socket", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case 'c':
			a->config = optarg;
			break;
		case 'k':
			a->check = true;
			break;
		case 'p':
			a->probe = true;
			break;
		case 's':
			a->paths.store = optarg;
			break;
		case 'f':
			a->paths.fetch_socket = optarg;
			break;
		case 'r':
			a->paths.root_socket = optarg;
			break;
		case 'h':
			usage(stdout);
			return 1;
		case 'V':
			(void)puts("latchkeyd " LK_RELEASE);
			return 1;
		default:
			usage(stderr);
			return -EINVAL;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return -EINVAL;
	}
	return 0;
}

static void print_note(void *userdata, const char *text)
{
	(void)userdata;
	(void)fprintf(stdout, "note: %s\n", text);
}

/* Where the output is for a program. */
static void drop_note(void *userdata, const char *text)
{
	(void)userdata;
	(void)text;
}

static void log_note(void *userdata, const char *text)
{
	(void)userdata;
	log_line(LOG_WARNING, "configuration: %s", text);
}

/* Root checks with the eyes of the helper: a secret that root can read and the helper cannot is a fault. Where the user is
 * not there yet, root's own eyes must do. Return: 0, negative errno. */
static int become_service_user(void)
{
	FILE *f = fopen("/etc/passwd", "re"); /* the file itself: the helper never asks NSS */
	struct passwd *p = NULL;
	int r = 0;

	if (f == NULL)
		return -errno;
	do
		p = fgetpwent(f);
	while (p != NULL && strcmp(p->pw_name, SERVICE_USER) != 0);
	if (p != NULL && (setgroups(0, NULL) < 0 || setresgid(p->pw_gid, p->pw_gid, p->pw_gid) < 0 ||
			  setresuid(p->pw_uid, p->pw_uid, p->pw_uid) < 0))
		r = -errno;
	(void)fclose(f);
	return r;
}

/* The library code below us must find nothing in the environment that changes what it does. */
static int clear_environment(void)
{
	static const char *const kept[] = {"LISTEN_FDS",    "LISTEN_PID",   "LISTEN_FDNAMES", "NOTIFY_SOCKET",
					   "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM", "CREDENTIALS_DIRECTORY"};
	char *values[sizeof(kept) / sizeof(kept[0])] = {NULL};
	int r = 0;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		const char *v = getenv(kept[i]);

		values[i] = v != NULL ? strdup(v) : NULL;
		if (v != NULL && values[i] == NULL)
			r = -ENOMEM;
	}
	if (clearenv() != 0)
		r = -ENOMEM;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (values[i] != NULL && setenv(kept[i], values[i], 1) < 0)
			r = -ENOMEM;
		free(values[i]);
	}
	return r;
}

static int harden_process(void)
{
	struct rlimit files;
	const struct rlimit none = {0, 0};

	(void)umask(0077);
	/* C13: a log that has gone away must not take the helper with it. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	/* L14: tokens pass through this memory. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	return clear_environment();
}

/* What @a asks for besides serving. */
static int examine(const struct arguments *a)
{
	LK_CLEANUP(config_freep) struct config *config = NULL;
	struct ini_fault fault = {.text = ""};
	int r;

	r = geteuid() == 0 ? become_service_user() : 0;
	if (r == 0 && a->probe)
		r = harden_process();
	if (r < 0) {
		(void)fprintf(stderr, "latchkeyd: cannot become the user %s: %s\n", SERVICE_USER, strerror(-r));
		return EXIT_FAILURE;
	}
	if (config_load(&config, a->config, a->probe ? drop_note : print_note, NULL, &fault) < 0) {
		(void)fprintf(stderr, "latchkeyd: %s\n", fault.text);
		return EXIT_CONFIGURATION;
	}
	if (!a->probe) {
		(void)puts("configuration is good");
		return EXIT_SUCCESS;
	}
	r = probe_run(config, a->paths.fetch_socket, stdout);
	if (r < 0)
		(void)fprintf(stderr, "latchkeyd: the providers could not be asked: %s\n", strerror(-r));
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Return: 0, -EINVAL when the service manager passed something else than our sockets. */
static int take_sockets(struct manager_sockets *s)
{
	char **names = NULL;
	int n;

	s->varlink = -1;
	s->resolve = -1;
	n = sd_listen_fds_with_names(1, &names);
	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;

		if (strcmp(names[i], "io.latchkey") == 0 && sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) > 0)
			s->varlink = fd;
		else if (strcmp(names[i], "resolve") == 0 && sd_is_socket(fd, AF_UNIX, SOCK_SEQPACKET, 1) > 0)
			s->resolve = fd;
		free(names[i]);
	}
	free(names);
	return s->varlink >= 0 ? 0 : -EINVAL;
}

static int serve(const struct arguments *a)
{
	LK_CLEANUP(manager_freep) struct manager *m = NULL;
	struct config *config = NULL;
	struct manager_sockets sockets;
	struct ini_fault fault = {.text = ""};

	log_open(LOG_TARGET_AUTO);
	if (config_load(&config, a->config, log_note, NULL, &fault) < 0) {
		log_line(LOG_ERR, "%s", fault.text);
		return EXIT_CONFIGURATION;
	}
	log_open(config->log_target);
	if (audit_open(config->audit_file, config->audit_required) < 0) {
		log_line(LOG_ERR, "cannot start: out of memory");
		config_free(config);
		return EXIT_FAILURE;
	}
	if (take_sockets(&sockets) < 0) {
		log_line(LOG_ERR, "no socket 'io.latchkey' came from the service manager");
		config_free(config);
		return EXIT_FAILURE;
	}
	if (manager_new(&m, config, &a->paths, &sockets) < 0)
		return EXIT_FAILURE;
	log_line(LOG_INFO, "release %s is ready", LK_RELEASE);
	return manager_run(m) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct arguments a = {
		.config = CONFIG_PATH,
		.paths = {.store = STORE_PATH, .fetch_socket = FETCH_SOCKET_PATH, .root_socket = ROOT_SOCKET_PATH}};
	int r;

	(void)openssl_memory_wipe();
	r = parse_arguments(&a, argc, argv);
	if (r != 0)
		return r > 0 ? EXIT_SUCCESS : EXIT_MISUSE;
	if (a.check || a.probe)
		return examine(&a);

	if (getuid() == 0 || geteuid() == 0) {
		(void)fputs("latchkeyd: refuses to run as root; run it as the user latchkey\n", stderr);
		return EXIT_FAILURE;
	}
	r = harden_process();
	a.paths.credentials = getenv("CREDENTIALS_DIRECTORY");
	if (r < 0) {
		(void)fprintf(stderr, "latchkeyd: cannot harden the process: %s\n", strerror(-r));
		return EXIT_FAILURE;
	}
	return serve(&a);
}
