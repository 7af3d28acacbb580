/* SPDX-License-Identifier: MIT */
/* Whose tokens those of a refresh are. OpenID Connect Core section 12.2; checklist ID-17, threats T20, OA-15. */
#include "helper/oauth/identity.h"

#include "tests/unit/oauth/identity_world.h"

static int again(struct world *w, struct judged *j, const char *id_token, const char *const *wanted)
{
	struct token_set tokens = {0};
	int r;

	assert_int_equal(secret_copy(&tokens.access_token, "at-9", 4), 0);
	if (id_token != NULL)
		assert_int_equal(secret_copy(&tokens.id_token, id_token, strlen(id_token)), 0);
	r = identity_again_start(&j->check, w->provider, NULL, &tokens, wanted, on_done, j);
	secret_free(tokens.access_token);
	secret_free(tokens.id_token);
	return r;
}

/* An ID token that is there is judged as at a sign-in. */
static void with_an_id_token(void **state)
{
	struct judged j = {0};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	assert_int_equal(again(&w, &j, good_token(",\"preferred_username\":\"alice\""), want_name), 1);
	assert_int_equal(j.result.outcome, OAUTH_DONE);
	assert_string_equal(j.identity->subject, "alice-1");
	judged_done(&j);

	assert_int_equal(again(&w, &j, token_of(claims_of("https://other.example", ""), JWS_RS256, 0, HEADER), NULL),
			 1);
	assert_int_equal(j.result.outcome, OAUTH_TOKEN_INVALID);
	assert_int_equal(again(&w, &j, token_of(claims_of(WORLD_ISSUER, ""), JWS_RS256, 1, HEADER), NULL), 1);
	assert_int_equal(j.result.outcome, OAUTH_TOKEN_INVALID);
	assert_int_equal(fake.n_requests, 0);
	judged_done(&j);
	world_done(&w);
}

/* None need be there; then userinfo says who it is. At a sign-in that would not do (N19). */
static void without_one(void **state)
{
	struct judged j = {0};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	fake_reply(200, "{\"sub\":\"alice-1\",\"groups\":[\"staff\"]}");
	assert_int_equal(again(&w, &j, NULL, NULL), 0);
	fake_run();
	assert_int_equal(j.result.outcome, OAUTH_DONE);
	assert_string_equal(j.identity->subject, "alice-1");
	assert_string_equal(j.identity->issuer, WORLD_ISSUER);
	judged_done(&j);

	fake_reply(401, "{\"error\":\"invalid_token\"}");
	assert_int_equal(again(&w, &j, NULL, NULL), 0);
	fake_run();
	assert_int_equal(j.result.outcome, OAUTH_TOKEN_REFUSED);
	judged_done(&j);

	assert_int_equal(judge(&w, &j, NULL, NULL), 1);
	assert_int_equal(j.result.outcome, OAUTH_TOKEN_INVALID);
	judged_done(&j);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_an_id_token),
		cmocka_unit_test(without_one),
	};

	return cmocka_run_group_tests(tests, NULL, end_keys);
}
