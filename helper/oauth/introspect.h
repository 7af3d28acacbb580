/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/cleanup.h"
#include "helper/oauth/provider.h"

/* Is an access token of ours still good: RFC 7662. For grants without a refresh token; the endpoint wants to know who asks,
 * so a client without a secret cannot. */

enum introspect_outcome {
	INTROSPECT_ACTIVE = 0,
	INTROSPECT_INACTIVE,    /* revoked, expired, or of somebody who is gone: it does not say which */
	INTROSPECT_UNREACHABLE, /* neither: also where this client was not let ask (INT-04) */
};

struct introspect_expectation {
	const char *client_id;
	const char *issuer; /* NULL where tokens of many tenants name their own */
	int64_t now_s;
};

/**
 * introspect_parse() - read one reply with status 200
 * Active is JSON true, and nothing that the reply says beside it may contradict (INT-01 to INT-03): another client, another
 * issuer, a time outside nbf and exp. aud names the services that the token is for, of which this host is none.
 * Return: an enum introspect_outcome; @result says why for the log.
 */
enum introspect_outcome introspect_parse(struct oauth_result *result, const struct introspect_expectation *expect,
					 const char *body, size_t len);

struct introspect;

typedef void (*introspect_done_fn)(void *userdata, enum introspect_outcome outcome, const struct oauth_result *result);

/** introspect_is_possible() - is there an endpoint, and a secret to ask it with; @p is prepared */
bool introspect_is_possible(const struct provider *p);

/**
 * introspect_start() - ask about @access_token, which is copied
 * @done: runs once, from the event loop; may free it
 * Return: 0, -EINVAL it is not possible, -E2BIG, -ENOMEM.
 */
int introspect_start(struct introspect **ret, struct provider *p, struct fetch_client *fetch,
		     const struct secret *access_token, introspect_done_fn done, void *userdata);

/** introspect_free() - @done will not run. Accepts NULL. */
void introspect_free(struct introspect *i);
LK_DEFINE_CLEANUP(struct introspect *, introspect_free);
