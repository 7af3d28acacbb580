/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "helper/base/secret.h"
#include "helper/oauth/flow.h"
#include "helper/oauth/dialect.h"
#include "helper/oauth/outcome.h"

/* The reply to a device authorization request: RFC 8628 section 3.2, and what a person may be sent to. */

#define DEVICE_RULES_URLS 5u

struct device_reply_rules {
	const struct dialect *dialect;
	const char *issuer; /* its host may be international */
	const char *endpoints
		[DEVICE_RULES_URLS]; /* the provider's; people may be sent to their hosts. Entries may be NULL */
	char *const *hosts;          /* configured ones; or NULL */
	bool allow_loopback_http;
};

struct device_reply {
	struct secret *device_code;
	struct flow_challenge challenge;
	uint32_t interval_s; /* 0: not said */
};

void device_reply_done(struct device_reply *r);

/**
 * device_reply_parse() - read and judge one reply
 * @ret:    set only on 0; release with device_reply_done()
 * @result: filled for 1
 * A verification_uri_complete that is not of verification_uri's origin is dropped, since only one of both is looked at
 * by a person (N18).
 * Return: 0, 1 refused, -ENOMEM.
 */
int device_reply_parse(struct device_reply *ret, struct oauth_result *result, const struct device_reply_rules *rules,
		       unsigned status, const char *body, size_t len);

/** device_uri_fault() - why a person must not be sent to @text, or NULL */
const char *device_uri_fault(const struct device_reply_rules *rules, const char *text);
