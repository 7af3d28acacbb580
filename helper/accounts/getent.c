/* SPDX-License-Identifier: MIT */
/*
 * A child with getent(1) in it, and what its exit status means. The answer itself is not read: that there is one is all
 * that counts, and what does not come in cannot be wrong.
 */
#include "helper/accounts/getent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* getent(1), EXIT STATUS */
enum {
	FOUND = 0,
	NOT_FOUND = 2,
};

struct getent {
	getent_done_fn done;
	void *userdata;
	sd_event_source *child; /* owns the process */
	sd_event_source *deadline;
};

void getent_free(struct getent *g)
{
	if (!g)
		return;
	sd_event_source_disable_unref(g->child);
	sd_event_source_disable_unref(g->deadline);
	free(g);
}

static int on_exit_of_child(sd_event_source *s, const siginfo_t *info, void *userdata)
{
	struct getent *g = userdata;
	int found = -EIO;

	(void)s;
	if (info->si_code == CLD_EXITED && info->si_status == FOUND)
		found = 1;
	else if (info->si_code == CLD_EXITED && info->si_status == NOT_FOUND)
		found = 0;
	g->done(g->userdata, found);
	return 0;
}

static int on_deadline(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct getent *g = userdata;

	(void)s;
	(void)usec;
	g->done(g->userdata, -ETIMEDOUT);
	return 0;
}

static int add_actions(posix_spawn_file_actions_t *actions)
{
	int r = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDWR, 0);

	if (r == 0)
		r = posix_spawn_file_actions_adddup2(actions, 0, 1);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(actions, 0, 2);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(actions, 3);
	return r;
}

/* Signals as a program expects them: ours are blocked or ignored. */
static int set_signals(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int r;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	r = posix_spawnattr_setsigmask(attr, &none);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(attr, &all);
	if (r == 0)
		r = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return r;
}

static int spawn(pid_t *ret, const struct getent_request *request)
{
	static char name[] = "getent", option[] = "-s", locale[] = "LC_ALL=C";
	/* Where "systemd" is asked, it must not come back to us. systemd's doc/ENVIRONMENT.md. */
	static char no_circle[] = "SYSTEMD_BYPASS_USERDB=io.latchkey";
	char *const environment[] = {locale, no_circle, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	char *argv[] = {name, option, NULL, NULL, NULL, NULL};
	int r = -ENOMEM;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return -ENOMEM;
	if (posix_spawnattr_init(&attr) != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return -ENOMEM;
	}
	argv[2] = strdup(request->services);
	argv[3] = strdup(request->database);
	argv[4] = strdup(request->key);
	if (argv[2] && argv[3] && argv[4] && add_actions(&actions) == 0 && set_signals(&attr) == 0)
		r = posix_spawn(ret, request->program, &actions, &attr, argv, environment) == 0 ? 0 : -EIO;
	for (size_t i = 2; i < 5; i++)
		free(argv[i]);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&actions);
	return r;
}

int getent_start(struct getent **ret, sd_event *event, const struct getent_request *request, getent_done_fn done,
		 void *userdata)
{
	LK_CLEANUP(getent_freep) struct getent *g = calloc(1, sizeof(*g));
	pid_t pid;
	int r;

	if (!g)
		return -ENOMEM;
	g->done = done;
	g->userdata = userdata;
	r = spawn(&pid, request);
	if (r < 0)
		return r;
	r = sd_event_add_child(event, &g->child, pid, WEXITED, on_exit_of_child, g);
	if (r < 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return r;
	}
	(void)sd_event_source_set_child_process_own(g->child, 1);
	r = sd_event_add_time_relative(event, &g->deadline, CLOCK_MONOTONIC, (uint64_t)request->deadline_ms * 1000, 0,
				       on_deadline, g);
	if (r < 0)
		return r;
	*ret = LK_STEAL(g);
	return 0;
}
