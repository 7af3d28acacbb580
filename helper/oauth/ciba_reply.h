/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

#include "helper/base/secret.h"
#include "helper/oauth/dialect.h"
#include "helper/oauth/outcome.h"

/* The reply to an authentication request: CIBA Core sections 7.3 and 13. */

#define CIBA_REQUEST_ID_MAX 1024u
#define CIBA_EXPIRES_MAX_S 3600u

struct ciba_reply {
	struct secret *request_id; /* auth_req_id */
	uint32_t expires_in_s;
	uint32_t interval_s; /* 0: not said */
};

void ciba_reply_done(struct ciba_reply *r);

enum ciba_reply_kind {
	CIBA_REPLY_ACCEPTED = 0,
	CIBA_REPLY_ERROR,           /* result says which */
	CIBA_REPLY_BINDING_MESSAGE, /* another one may be taken (CB-04); result is filled as well */
	CIBA_REPLY_UNKNOWN_USER,    /* the provider cannot ask that person, and nobody is to see that (CB-15) */
};

/**
 * ciba_reply_parse() - read and judge one reply; the error member decides on any HTTP status (CB-11)
 * @ret:    set only for CIBA_REPLY_ACCEPTED; release with ciba_reply_done()
 * @result: filled for all else
 * Return: an enum ciba_reply_kind, -ENOMEM.
 */
int ciba_reply_parse(struct ciba_reply *ret, struct oauth_result *result, const struct dialect *d, unsigned status,
		     const char *body, size_t len);
