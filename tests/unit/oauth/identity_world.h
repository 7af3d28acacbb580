/* SPDX-License-Identifier: MIT */
#pragma once

/* What the tests of identities share: tokens that are really signed for the world's client, and what became of a check. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/jose/make_token.h"
#include "tests/unit/oauth/world.h"

#define HEADER "{\"alg\":\"RS256\",\"kid\":\"k1\"}"

struct judged {
	struct identity_check *check;
	unsigned told;
	struct oauth_result result;
	struct identity *identity;
	bool frees_check;
};

static inline void on_done(void *userdata, const struct oauth_result *result, struct identity *identity)
{
	struct judged *j = userdata;

	j->told++;
	j->result = *result;
	identity_free(j->identity);
	j->identity = identity;
	assert_int_equal(identity != NULL, result->outcome == OAUTH_DONE);
	if (j->frees_check)
		identity_check_free(LK_STEAL(j->check));
}

static inline void judged_done(struct judged *j)
{
	identity_check_free(j->check);
	identity_free(j->identity);
	*j = (struct judged){0};
}

static inline const char *token_of(const char *claims, enum jws_algorithm a, unsigned key, const char *header)
{
	static char token[TOKEN_MAX];

	test_token(token, a, test_key(a, key), header, claims);
	return token;
}

/* Claims that are right for the world's client at its frozen time, with @more members and their comma before. */
static inline const char *claims_of(const char *issuer, const char *more)
{
	static char claims[4096];

	(void)snprintf(claims, sizeof(claims),
		       "{\"iss\":\"%s\",\"aud\":\"client\",\"sub\":\"alice-1\",\"iat\":%d,\"exp\":%d%s}", issuer,
		       FAKE_START_S - 5, FAKE_START_S + 300, more);
	return claims;
}

static inline const char *good_token(const char *more)
{
	return token_of(claims_of(WORLD_ISSUER, more), JWS_RS256, 0, HEADER);
}

static inline int judge(struct world *w, struct judged *j, const char *id_token, const char *const *wanted)
{
	struct token_set tokens = {0};
	int r;

	assert_int_equal(secret_copy(&tokens.access_token, "at-9", 4), 0);
	if (id_token != NULL)
		assert_int_equal(secret_copy(&tokens.id_token, id_token, strlen(id_token)), 0);
	r = identity_check_start(&j->check, w->provider, NULL, &tokens, wanted, on_done, j);
	secret_free(tokens.access_token); /* what it needs it has copied */
	secret_free(tokens.id_token);
	return r;
}

static const char *const want_name[] = {"preferred_username", NULL};

static inline int end_keys(void **state)
{
	(void)state;
	test_keys_done();
	return 0;
}
