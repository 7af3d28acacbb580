/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/jose/statement.h"
#include "helper/oauth/provider.h"

/* Verifies what a provider says by itself with the keys that it has now; a key that is not known is fetched once, within the
 * limits of provider_refetch_keys(). */

struct statement_check;

/** Return: as logout_token_check() or security_event_check(). May run twice, and must keep nothing of the first time that
 *  ended in JWS_UNKNOWN_KEY. */
typedef int (*statement_try_fn)(void *userdata, const struct jwk_set *keys, const struct statement_expectation *expect);

/** @result: OAUTH_DONE, the last try returned 0; OAUTH_TOKEN_INVALID, it returned something else; or how the keys could not be
 *  had. May free the check. */
typedef void (*statement_done_fn)(void *userdata, const struct oauth_result *result);

/**
 * statement_check_start() - @try runs from the event loop, then @done
 * @issuer, @audience: what is expected, borrowed; NULL: the provider's issuer, and its client id
 * Return: 0, -ENOMEM.
 */
int statement_check_start(struct statement_check **ret, struct provider *p, const char *issuer, const char *audience,
			  statement_try_fn try, statement_done_fn done, void *userdata);

/** statement_check_free() - @done will not run any more. Accepts NULL. */
void statement_check_free(struct statement_check *c);
LK_DEFINE_CLEANUP(struct statement_check *, statement_check_free);
