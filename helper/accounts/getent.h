/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include <systemd/sd-event.h>

#include "helper/base/cleanup.h"

/* One question to other sources of NSS, in a child: this process must never ask NSS itself, it would wait for itself, and
 * for whoever is slow. */

#define GETENT_PATH "/usr/bin/getent"

struct getent;

struct getent_request {
	const char *program;  /* GETENT_PATH, or a test's own */
	const char *services; /* as on a line of nsswitch.conf; these are asked, whatever that file says */
	const char *database; /* "passwd" or "group" */
	const char *key;      /* a name, or a number in decimal; never begins with '-' */
	uint32_t deadline_ms;
};

/** @found: 1 somebody knows the key; 0 nobody does; -ETIMEDOUT; -EIO the child could not ask. The child may be freed from
 *  within. */
typedef void (*getent_done_fn)(void *userdata, int found);

/**
 * getent_start() - ask
 * @event:   of a thread that blocks SIGCHLD
 * @request: needed during the call only
 * @done:    runs once, from the event loop
 * The child has no descriptor of ours, an environment of its own, and nothing to read or to write. A source that is down
 * and says so at once does not know the key: getent does not tell these apart.
 * Return: 0; -EIO where no child could be started, or another negative errno.
 */
int getent_start(struct getent **ret, sd_event *event, const struct getent_request *request, getent_done_fn done,
		 void *userdata);

/** getent_free() - @done will not run any more; the child is killed and waited for. Accepts NULL. */
void getent_free(struct getent *g);
LK_DEFINE_CLEANUP(struct getent *, getent_free);
