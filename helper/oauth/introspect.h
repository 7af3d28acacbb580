/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/cleanup.h"
#include "helper/oauth/provider.h"

/* Is an access token still good: RFC 7662. Of our own, for grants without a refresh token; and of one that somebody presents. The
 * endpoint wants to know who asks, so a client that cannot prove itself cannot. */

enum introspect_outcome {
	INTROSPECT_ACTIVE = 0,
	INTROSPECT_INACTIVE,    /* revoked, expired, or of somebody who is gone: it does not say which */
	INTROSPECT_UNREACHABLE, /* neither: also where this client was not let ask (INT-04) */
};

struct introspect_expectation {
	const char *client_id; /* these two: NULL where any counts */
	const char *issuer;    /* tokens of many tenants name their own */
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

struct introspect_presented;
struct introspect_facts;

/**
 * introspect_presented_start() - the same about a token that is not ours (introspect_presented.h)
 * @expect: copied; what it points to must outlive the question. The issuer and the time are filled in here.
 */
int introspect_presented_start(struct introspect **ret, struct provider *p, struct fetch_client *fetch,
			       const struct secret *token, const struct introspect_presented *expect,
			       introspect_done_fn done, void *userdata);

/** introspect_facts() - what was said of a presented token; good while @done of INTROSPECT_ACTIVE runs */
const struct introspect_facts *introspect_facts(const struct introspect *i);

/** introspect_free() - @done will not run. Accepts NULL. */
void introspect_free(struct introspect *i);
LK_DEFINE_CLEANUP(struct introspect *, introspect_free);
