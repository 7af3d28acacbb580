/* SPDX-License-Identifier: MIT */
#pragma once

#include <signal.h>
#include <stdint.h>

#include "helper/protocol/varlink.h"

/* The blocking client that runs inside sshd, sudo, login and the latchkey command. Every call has a deadline; no
 * signal disposition, no environment and no global state of the caller is touched. */

#define CLIENT_SOCKET_PATH "/run/latchkey/io.latchkey"
#define CLIENT_CONNECT_MS 2000u

struct client;

/**
 * client_open() - connect to the helper
 * @path: a socket whose directory belongs to root and cannot be written by others, and whose listener was made by
 *        root (SO_PEERCRED shows who made a listening socket); anything else could be somebody's trap (threat L9)
 *
 * Return: 0, -EPERM when the socket cannot be trusted, -ENOENT or -ECONNREFUSED when there is no helper,
 * -ETIMEDOUT, other negative errno.
 */
int client_open(struct client **ret, const char *path);

/**
 * client_call() - send one call; replies are then taken with client_next()
 * @more: ask for a stream of replies
 * Return: 0, -EBUSY while an earlier call has replies to come, -ETIMEDOUT, -EPIPE, other negative errno.
 */
int client_call(struct client *c, const char *method, struct json_object *parameters, bool more);

/**
 * client_next() - wait for the next reply of the call under way
 * @ret:        set only on 0, release with varlink_reply_done()
 * @timeout_ms: from now
 * @watch_fd:   a socket whose hang-up ends the wait, or -1: sshd does not notice by itself that its client has gone
 * @sigmask:    signal mask while waiting (sudo blocks SIGINT around us), or NULL for the present one
 *
 * Return: 0; -ETIMEDOUT; -EINTR a signal arrived; -ECONNABORTED @watch_fd hung up; -EPIPE the helper has gone;
 * -EBADMSG a reply that is not Varlink; other negative errno.
 */
int client_next(struct client *c, struct varlink_reply *ret, uint64_t timeout_ms, int watch_fd,
		const sigset_t *sigmask);

/** client_fd() - for callers with a poll of their own */
int client_fd(const struct client *c);

/** client_close() - ends what was under way; the helper drops an attempt whose connection has gone. Accepts NULL. */
void client_close(struct client *c);
LK_DEFINE_CLEANUP(struct client *, client_close);
