/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include <json-c/json.h>

#include "helper/login/policy.h"
#include "helper/oauth/dialect.h"
#include "helper/vault/store.h"

/* How and when somebody signed in at the provider, as a verified ID token says it, and whether that is what a section of the
 * configuration asks for (RFC 9470, OpenID Connect Core section 3.1.3.7 steps 12 and 13). */

#define AUTHENTICATION_ACR_MAX 255u
#define AUTHENTICATION_AMR_MAX 1024u

struct authentication {
	int64_t auth_time_s;                  /* 0: not said */
	int64_t seen_s;                       /* by the same clock: when it was said, or when it is looked at */
	char acr[AUTHENTICATION_ACR_MAX + 1]; /* words with one space between; "": not said */
	char amr[AUTHENTICATION_AMR_MAX + 1]; /* the same */
};

/**
 * authentication_read() - from the claims of an ID token
 * @claims: verified, with nothing of userinfo in these places; where the dialect has no ID tokens nothing is said
 * What cannot be read, or does not fit as a whole, is not said: half of it would say something else.
 */
void authentication_read(struct authentication *ret, const struct dialect *d, struct json_object *claims);

/**
 * authentication_refusal() - does it fit @policy
 * @now_s:     this host's clock
 * @allowed_s: added to max_age: how long a sign-in may have gone on after it was asked for
 * @detail:    AUTHENTICATION_DETAIL_MAX bytes for the administrator, ASCII; set where it does not fit
 * acr is compared byte by byte with each value, for classes have no order (SU-03). Every value of amr must be there.
 * Return: NULL, or the reason of a refusal.
 */
#define AUTHENTICATION_DETAIL_MAX 200u
const char *authentication_refusal(const struct authentication *a, const struct access_policy *policy, int64_t now_s,
				   uint64_t allowed_s, char *detail);

/**
 * authentication_stored_refusal() - the same for a session without a sign-in of its own, by the last one of @account
 * With max_age 0 none counts, however young.
 */
const char *authentication_stored_refusal(struct store *store, const struct account *account,
					  const struct access_policy *policy, char *detail);

/** authentication_is_asked_for() - does @policy ask how or when somebody signed in at the provider */
bool authentication_is_asked_for(const struct access_policy *policy);
