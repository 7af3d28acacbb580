/* SPDX-License-Identifier: MIT */
#pragma once

#include <sys/types.h>

#include "tests/module/torture/torture.h"

/* The publisher's side: a real latchkey-root behind its socket, and what can happen to it and to its files. */

#define POST_SOCKET_PATH "/var/lib/latchkey/root.socket"

struct post {
	struct torture *t;
	const char *program; /* latchkey-root */
	int listener;
	pid_t root;
	uint64_t random;
	uint64_t published;
	uint64_t killed;
	uint64_t damaged;
};

/** post_init() - the configuration, the folder and the socket below /var/lib/latchkey, which is the test's own */
void post_init(struct post *p, struct torture *t, const char *program);
void post_done(struct post *p);

/** post_start() - latchkey-root behind the socket; the others below see to it themselves */
void post_start(struct post *p);

/** post_publish() - the next generation, with @n people; ends the program where latchkey-root does not take it */
void post_publish(struct post *p, uint64_t n);

/** post_publish_and_kill() - latchkey-root is killed somewhere on the way and started again */
void post_publish_and_kill(struct post *p, uint64_t n);

/** post_restart() - latchkey-root ends and starts; back when the epoch is one again, which its start alone sees to */
void post_restart(struct post *p);

/** post_damage() - one thing that should never happen to the files, then a publication that mends it */
void post_damage(struct post *p, uint64_t n);

/** post_some() - a number of people, often one beside a limit of pages or of the readers' range */
uint64_t post_some(struct post *p);
