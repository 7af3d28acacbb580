/* SPDX-License-Identifier: MIT */
#pragma once

#include <json-c/json.h>
#include <security/pam_modules.h>
#include <stdbool.h>
#include <stdint.h>

#include "helper/protocol/client.h"
#include "pam_module/caller.h"
#include "pam_module/ownership.h"
#include "pam_module/verdict.h"

/* One conversation with latchkeyd, as both phases need it. */

#define HELPER_ALIVE_MS 2000u /* to be found, to be connected to and to say its version (threat C9) */
#define HELPER_TEXT_MAX 1000u
#define HELPER_DETAIL_MAX 128u

struct helper {
	struct client *client;
	const struct caller *caller; /* borrowed: whose leaving ends a wait */
	int interrupt_fd;            /* readable once an interrupt is pending; -1 */
	int64_t version;             /* the protocol spoken */
	int error;                   /* of the last call that failed by the system: 0 or negative errno */
};

/**
 * helper_open() - connect and agree on a version, within HELPER_ALIVE_MS
 * @ret: initialised in every case, so that its error can be told; release with helper_done()
 *
 * A helper that hangs shows here, so that later waits may be as long as a provider needs.
 * Return: 0 or a verdict.
 */
int helper_open(struct helper *ret, const struct caller *caller);
void helper_done(struct helper *h);

/** helper_request() - the parameters that both methods share; NULL without memory */
struct json_object *helper_request(const struct helper *h, pam_handle_t *pamh, const char *user);

/** helper_add_text() - a member that the helper can read, cut to @max_len; a NULL or empty text adds none */
bool helper_add_text(struct json_object *o, const char *key, const char *text, size_t max_len);
bool helper_add(struct json_object *o, const char *key, struct json_object *value);

/** helper_call() - Return: 0 or a verdict */
int helper_call(struct helper *h, const char *method, struct json_object *parameters, bool more);

/**
 * helper_next() - the next reply, at the latest at @deadline_ms of the monotonic clock
 * Signals that arrive are none of its business, but a pending SIGINT, SIGQUIT, SIGHUP or SIGTERM that the caller has
 * blocked (as sudo does) ends the wait, and so does an SSH client that leaves.
 * Return: 0 or a verdict.
 */
int helper_next(struct helper *h, struct varlink_reply *ret, uint64_t deadline_ms);

/** helper_fault() - why the last call failed, for the log; NULL if not by the system */
const char *helper_fault(const struct helper *h);

/**
 * helper_judge() - what an error reply means
 * @text: HELPER_TEXT_MAX bytes; the helper's own message, "" if there is none
 * @detail: HELPER_DETAIL_MAX bytes, for the log: the reason, and the reference by which the helper's log speaks of it
 */
enum verdict helper_judge(const struct varlink_reply *reply, char *text, char *detail);

/** helper_reference() - of a reply, "" where it has none; borrowed from it */
const char *helper_reference(const struct varlink_reply *reply);
