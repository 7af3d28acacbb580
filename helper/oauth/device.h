/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/oauth/provider.h"
#include "helper/oauth/token.h"

/* The device authorization grant, RFC 8628, and the dialects of it. The provider must be ready. */

#define DEVICE_USER_CODE_MAX 64u
#define DEVICE_URI_MAX 1024u

/* What a person needs. Exactly as received (DEV-09), checked for display: printable ASCII, https, no user info. */
struct device_challenge {
	char user_code[DEVICE_USER_CODE_MAX + 1];
	char verification_uri[DEVICE_URI_MAX + 1];
	char verification_uri_complete[DEVICE_URI_MAX + 1]; /* "" when the provider has none */
	uint32_t expires_in_s;
};

struct device_flow;

struct device_flow_events {
	/* once, when the code is known */
	void (*challenge)(void *userdata, const struct device_challenge *challenge);
	/* once, at the end; for OAUTH_DONE @tokens holds the reply, which the callee now owns. The flow may be freed
	 * from within. */
	void (*done)(void *userdata, const struct oauth_result *result, struct token_set *tokens);
};

/**
 * device_flow_start() - ask for a code now and poll until an end
 * @lifetime_s: the caller's own limit on the whole, in seconds
 * First poll one interval after the reply (DEV-11), slow_down adds 5 s for good (DEV-12), connection failures double
 * the wait up to 60 s (DEV-14), waits run from the later of request and reply with jitter, deadline by the monotonic
 * clock (DEV-18).
 * Return: 0, -ENOMEM, -EINVAL when the provider has no device endpoint.
 */
int device_flow_start(struct device_flow **ret, struct provider *p, sd_event *event, struct fetch_client *fetch,
		      uint32_t lifetime_s, const struct device_flow_events *events, void *userdata);

/** device_flow_free() - ends it whatever its state; the code is wiped and never polled for again. Accepts NULL. */
void device_flow_free(struct device_flow *f);
LK_DEFINE_CLEANUP(struct device_flow *, device_flow_free);
