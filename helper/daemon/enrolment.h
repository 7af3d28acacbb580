/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/secret.h"
#include "helper/daemon/manager.h"

/* Providers where this host is a client that it has registered itself (client = enrolled): RFC 7591, RFC 7592. */

struct enrolments;
struct enrolment_wait;

enum enrolment_action {
	ENROLMENT_BEGIN,
	ENROLMENT_RENEW,
	ENROLMENT_END,
};

/** enrolments_new() - what is stored counts from now on, and is renewed in time. @m: has configuration, store and providers.
 *  Return: 0, -ENOMEM. */
int enrolments_new(struct enrolments **ret, struct manager *m, const char *credentials);

/** enrolments_stop() - before the providers go: nothing is asked any more. Accepts NULL. */
void enrolments_stop(struct enrolments *e);

/** enrolments_free() - after everybody who uses the providers. Accepts NULL. */
void enrolments_free(struct enrolments *e);

/** @fault: NULL when it was done; else why not, printable. @client_id: "" after an end. */
typedef void (*enrolment_done_fn)(void *userdata, const char *fault, const char *client_id);

/**
 * enrolment_start() - register, renew or end; it goes on when nobody waits any more
 * @provider:      place in the configuration
 * @initial_token: for ENROLMENT_BEGIN, or NULL
 * @ret:           for enrolment_leave(), until @done ran
 * @fault:         filled for -EINVAL; static
 * Return: 0; -EINVAL it cannot be begun; -ENOMEM.
 */
int enrolment_start(struct enrolment_wait **ret, struct enrolments *e, size_t provider, enum enrolment_action action,
		    const struct secret *initial_token, enrolment_done_fn done, void *userdata, const char **fault);

/** enrolment_leave() - @done will not run. Accepts NULL. */
void enrolment_leave(struct enrolment_wait *w);
