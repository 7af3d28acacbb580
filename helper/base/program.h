/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "helper/base/buf.h"

/* Programs that the command has do a part of its work: with nothing of its own environment and descriptors, and for so long. */

#define PROGRAM_ARGUMENTS_MAX 16u
#define PROGRAM_OUTPUT_MAX (256u * 1024u)

struct program {
	const char *argv[PROGRAM_ARGUMENTS_MAX]; /* argv[0]: an absolute path */
	const char *environment[4];              /* besides PATH and LC_ALL */
	bool has_user;
	uid_t uid;
	gid_t gid;
	int listen_fd; /* a socket that is handed on as a service manager does; 0: none */
	uint32_t timeout_ms;
};

/**
 * program_run() - run it to its end
 * @output: initialised here; standard output and error, sanitised by nobody. Release with buf_done().
 * Return: its exit status; -ENOENT there is no such program; -ETIMEDOUT it was killed; -ECHILD a signal ended it; -E2BIG it said
 * more than PROGRAM_OUTPUT_MAX; other negative errno.
 */
int program_run(const struct program *p, struct buf *output);

/**
 * program_start() - leave it running; it dies with this process
 * Return: 0 with @ret set, for program_stop(); negative errno.
 */
int program_start(const struct program *p, pid_t *ret);

/** program_stop() - SIGTERM, and wait for the end */
void program_stop(pid_t pid);
