/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "nss_module/publish_format.h"

/* What one program run of latchkey-root knows: where things lie and who may ask. */
struct serve_context {
	const char *config;
	const char *state; /* folder of the map and the epoch */
	const char *root;  /* "", or a folder whose etc/passwd and etc/group count (tests) */
	uid_t peer;
};

/**
 * serve_connection() - one question and its answer
 * @fd: a stream connection; waited for at most five seconds at each step
 * @log: at least 320 bytes; one line of ASCII that says what was done, for whom and why not
 * Return: an enum publish_status, or negative errno when no question came or the peer may not ask.
 */
int serve_connection(const struct serve_context *c, int fd, char *log, size_t log_size);

/** serve_publish() - the verb itself; @answer is filled in every case. Return: its status. */
int serve_publish(const struct serve_context *c, int memfd, uint64_t size, struct publish_answer *answer);
