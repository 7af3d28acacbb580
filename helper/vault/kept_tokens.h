/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "helper/base/secret.h"

/* What is kept of a sign-in so that the provider can be asked again. Sealed, it is one JSON object. */

#define KEPT_TOKEN_MAX (16u * 1024u)
#define KEPT_SCOPE_MAX 4096u

struct kept_tokens {
	struct secret *refresh_token; /* or NULL */
	struct secret *access_token;  /* or NULL */
	int64_t expires_s;            /* when the access token ends; 0: not known */
	char *scope;                  /* or NULL: as requested */
	int64_t refreshing_s; /* since when the refresh token is on its way to the provider, whose answer has not been
				       * stored; 0: it is not */
};

/**
 * kept_tokens_encode() - @ret: set only on 0; belongs to the caller
 * Return: 0, -EINVAL there is nothing in it or a token that no provider could have made, -E2BIG, -ENOMEM.
 */
int kept_tokens_encode(struct secret **ret, const struct kept_tokens *t);

/**
 * kept_tokens_decode() - @ret: set only on 0; release with kept_tokens_free()
 * Return: 0, -EBADMSG not what kept_tokens_encode() makes, -ENOMEM.
 */
int kept_tokens_decode(struct kept_tokens **ret, const char *text, size_t len);

/** kept_tokens_free() - wipes. Accepts NULL. */
void kept_tokens_free(struct kept_tokens *t);
LK_DEFINE_CLEANUP(struct kept_tokens *, kept_tokens_free);
