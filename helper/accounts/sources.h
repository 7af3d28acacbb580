/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include <systemd/sd-event.h>

#include "helper/accounts/name.h"
#include "helper/base/cleanup.h"

/* Does another source of NSS (LDAP, sssd, winbind, ...) know a name or a number that somebody new is about to get (I1,
 * I11). The machine's own files are localdb's. */

struct sources;
struct sources_wait;

#define NSSWITCH_PATH "/etc/nsswitch.conf"
#define SOURCES_DEADLINE_MS 10000u

struct sources_settings {
	const char *nsswitch;
	const char *getent;
	uint32_t deadline_ms; /* for all that one question asks */
};

/* What is to be nobody else's. 0: that number is not asked about. */
struct sources_question {
	char name[NAME_MAX_LEN + 1];
	uint32_t uid;
	uint32_t gid;
};

enum sources_outcome {
	SOURCES_NOBODY = 0,  /* no other source knows any of it, or there is no other source */
	SOURCES_NAME = 1,    /* a user or a group has the name */
	SOURCES_ID = 2,      /* a user or a group has the number */
	SOURCES_UNKNOWN = 3, /* they could not be asked: nobody new may have it now */
};

struct sources_answer {
	enum sources_outcome outcome;
	uint32_t id;      /* for SOURCES_ID */
	char detail[384]; /* which question was answered so, for the log; "" for SOURCES_NOBODY */
};

/** @answer: needed during the call only */
typedef void (*sources_done_fn)(void *userdata, const struct sources_answer *answer);

/** sources_new() - texts of @settings must outlive it; @event: of a thread that blocks SIGCHLD. Return: 0, -ENOMEM. */
int sources_new(struct sources **ret, sd_event *event, const struct sources_settings *settings);
void sources_free(struct sources *s);
LK_DEFINE_CLEANUP(struct sources *, sources_free);

/**
 * sources_ask() - does anybody else have this name or these numbers
 * @ret:  set on 0 only; for sources_wait_cancel()
 * @done: runs once, from the event loop or before this returns with 1
 * An answer counts for three minutes, and who asks the same meanwhile shares it: a sign-in asks when it begins and again
 * before somebody new is bound. At most four children at a time, and 128 questions that are open or remembered.
 * Return: 0 under way, 1 @done ran already, -ENOMEM.
 */
int sources_ask(struct sources_wait **ret, struct sources *s, const struct sources_question *question,
		sources_done_fn done, void *userdata);

/** sources_wait_cancel() - @done will not run any more; children that have begun go on to their end. Accepts NULL. */
void sources_wait_cancel(struct sources_wait *w);
