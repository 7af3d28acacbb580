/* SPDX-License-Identifier: MIT */
/* One token for another. RFC 8693, RFC 8707; checklist TX-01 to TX-05; Salesforce's dialect. */
#include "helper/oauth/token_exchange.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/oauth/world.h"

#define GRANT "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
#define TYPE(word) "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3A" word
#define ISSUED(word) "\"issued_token_type\":\"urn:ietf:params:oauth:token-type:" word "\""

struct host {
	struct world w;
	struct token_exchange *x;
	struct secret *subject, *actor;
	unsigned told;
	struct oauth_result result;
	struct token_set *tokens;
};

static void on_done(void *userdata, const struct oauth_result *result, struct token_set *tokens)
{
	struct host *h = userdata;

	h->told++;
	h->result = *result;
	h->tokens = tokens;
	token_exchange_free(LK_STEAL(h->x));
}

static void begin(struct host *h, const char *dialect)
{
	*h = (struct host){0};
	world_init(&h->w, dialect);
	world_secret(&h->w, CLIENT_AUTH_POST, "s3cret");
	world_prepare(&h->w);
	assert_int_equal(secret_copy(&h->subject, "st-1", 4), 0);
	assert_int_equal(secret_copy(&h->actor, "act-1", 5), 0);
}

static void end(struct host *h)
{
	token_exchange_free(h->x);
	token_set_free(h->tokens);
	secret_free(h->subject);
	secret_free(h->actor);
	world_done(&h->w);
	assert_int_equal(fake_leaks(), 0);
}

static int start(struct host *h, struct token_exchange_request q)
{
	if (q.subject_token_type == NULL)
		q.subject_token_type = TOKEN_TYPE_ACCESS_TOKEN;
	q.subject_token = h->subject;
	return token_exchange_start(&h->x, h->w.provider, NULL, &q, on_done, h);
}

static void ask(struct host *h, struct token_exchange_request q)
{
	assert_int_equal(start(h, q), 0);
	assert_int_equal(h->told, 0); /* never from within */
	fake_run();
	assert_int_equal(h->told, 1);
}

static const char good[] = "{\"access_token\":\"at-1\",\"token_type\":\"Bearer\"," ISSUED("access_token") "}";

/* TX-01: the subject token goes with its type, always; an actor token and its type both or neither */
static void tx01_tokens_and_their_types(void **state)
{
	struct token_exchange_request q = {.scope = NULL};
	struct host h;

	(void)state;
	begin(&h, "generic");
	fake_reply(200, good);
	ask(&h, q);
	assert_int_equal(h.result.outcome, OAUTH_DONE);
	assert_string_equal(fake_last()->body, GRANT "&subject_token=st-1&subject_token_type=" TYPE(
						       "access_token") "&client_id=client&client_secret=s3cret");
	end(&h);

	begin(&h, "generic");
	fake_reply(200, good);
	q = (struct token_exchange_request){.actor_token = h.actor, .actor_token_type = TOKEN_TYPE_JWT};
	ask(&h, q);
	assert_non_null(strstr(fake_last()->body, "&actor_token=act-1&actor_token_type=" TYPE("jwt") "&"));
	end(&h);

	begin(&h, "generic");
	assert_int_equal(start(&h, (struct token_exchange_request){.actor_token = h.actor}), -EINVAL);
	assert_int_equal(start(&h, (struct token_exchange_request){.actor_token_type = TOKEN_TYPE_JWT}), -EINVAL);
	q = (struct token_exchange_request){.subject_token = h.subject};
	assert_int_equal(token_exchange_start(&h.x, h.w.provider, NULL, &q, on_done, &h), -EINVAL);
	q = (struct token_exchange_request){.subject_token_type = TOKEN_TYPE_JWT};
	assert_int_equal(token_exchange_start(&h.x, h.w.provider, NULL, &q, on_done, &h), -EINVAL);
	assert_int_equal(fake.n_requests, 0);
	end(&h);
}

/* TX-02: resource and audience may repeat, nothing else may */
static void tx02_targets_repeat(void **state)
{
	static const char *const resources[] = {"https://api.example/v1", "https://api.example/v2?a=b", NULL};
	static const char *const audiences[] = {"urn:example:cooperation", "billing", NULL};
	struct host h;

	(void)state;
	begin(&h, "generic");
	fake_reply(200, good);
	ask(&h, (struct token_exchange_request){.resources = resources,
						.audiences = audiences,
						.scope = "a b",
						.requested_token_type = TOKEN_TYPE_ACCESS_TOKEN});
	assert_non_null(
		strstr(fake_last()->body, GRANT
		       "&resource=https%3A%2F%2Fapi.example%2Fv1&resource=https%3A%2F%2Fapi.example%2Fv2%3Fa%3Db"
		       "&audience=urn%3Aexample%3Acooperation&audience=billing&scope=a+b&requested_token_type=" TYPE(
			       "access_token") "&subject_token=st-1"));
	end(&h);
}

/* TX-03: what was issued must be said, and be what was asked for; N_A is no bearer token */
static void tx03_what_was_issued(void **state)
{
	static const struct {
		const char *dialect, *requested, *body;
		enum oauth_outcome outcome;
		bool is_bearer;
	} rows[] = {
		{"generic", NULL, good, OAUTH_DONE, true},
		{"generic", TOKEN_TYPE_ACCESS_TOKEN, good, OAUTH_DONE, true},
		{"generic", TOKEN_TYPE_JWT, good, OAUTH_BAD_REPLY, false},
		{"generic", NULL, "{\"access_token\":\"at-1\",\"token_type\":\"Bearer\"}", OAUTH_BAD_REPLY, false},
		{"generic", NULL, "{\"access_token\":\"at-1\",\"token_type\":\"Bearer\",\"issued_token_type\":\"\"}",
		 OAUTH_BAD_REPLY, false},
		{"generic", NULL, "{\"access_token\":\"at-1\",\"token_type\":\"Bearer\",\"issued_token_type\":7}",
		 OAUTH_BAD_REPLY, false},
		{"generic", NULL, "{\"access_token\":\"at-1\",\"token_type\":\"Bearer\",\"issued_token_type\":\"a b\"}",
		 OAUTH_BAD_REPLY, false},
		{"generic", NULL, "{\"access_token\":\"at-1\"," ISSUED("access_token") "}", OAUTH_BAD_REPLY, false},
		{"generic", NULL, "{\"access_token\":\"at-1\",\"token_type\":\"DPoP\"," ISSUED("access_token") "}",
		 OAUTH_BAD_REPLY, false},
		{"generic", NULL, "{\"token_type\":\"Bearer\"," ISSUED("access_token") "}", OAUTH_BAD_REPLY, false},
		{"generic", TOKEN_TYPE_ID_TOKEN,
		 "{\"access_token\":\"a.b.c\",\"token_type\":\"N_A\"," ISSUED("id_token") "}", OAUTH_DONE, false},
		{"generic", NULL, "{\"access_token\":\"a.b.c\",\"token_type\":\"n_a\"," ISSUED("jwt") "}", OAUTH_DONE,
		 false},
		/* may leave it out, and then nothing is known; what it says counts */
		{"salesforce", TOKEN_TYPE_ACCESS_TOKEN,
		 "{\"access_token\":\"00D!at\",\"token_type\":\"Bearer\",\"issued_at\":\"1\"}", OAUTH_DONE, true},
		{"salesforce", TOKEN_TYPE_ACCESS_TOKEN,
		 "{\"access_token\":\"00D!at\",\"token_type\":\"Bearer\"," ISSUED("jwt") "}", OAUTH_BAD_REPLY, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct host h;

		begin(&h, rows[i].dialect);
		fake_reply(200, rows[i].body);
		ask(&h, (struct token_exchange_request){.requested_token_type = rows[i].requested});
		if (h.result.outcome != rows[i].outcome || (h.tokens != NULL) != (rows[i].outcome == OAUTH_DONE))
			fail_msg("%s: %s", rows[i].body, h.result.detail);
		if (h.tokens != NULL)
			assert_int_equal(h.tokens->is_bearer, rows[i].is_bearer);
		end(&h);
	}
}

/* TX-04: expires_in may be missing; a refresh token is nobody's here */
static void tx04_lifetime_and_refresh_token(void **state)
{
	struct host h;

	(void)state;
	begin(&h, "generic");
	fake_reply(200, good);
	ask(&h, (struct token_exchange_request){.scope = NULL});
	assert_int_equal(h.tokens->expires_in_s, 0);
	end(&h);

	begin(&h, "generic");
	fake_reply(200, "{\"access_token\":\"at-1\",\"token_type\":\"Bearer\",\"expires_in\":60,\"refresh_token\":"
			"\"rt\"," ISSUED("access_token") "}");
	ask(&h, (struct token_exchange_request){.scope = NULL});
	assert_int_equal(h.tokens->expires_in_s, 60);
	assert_null(h.tokens->refresh_token);
	end(&h);
}

/* TX-05: which error it is decides what is told; no provider's text repeats a token; nothing is asked twice */
static void tx05_errors(void **state)
{
	static const struct {
		const char *dialect;
		unsigned status;
		const char *body;
		enum oauth_outcome outcome;
	} rows[] = {
		{"generic", 400, "{\"error\":\"invalid_request\",\"error_description\":\"st-1 is bad\"}",
		 OAUTH_PROVIDER_REFUSED},
		{"generic", 400, "{\"error\":\"invalid_target\"}", OAUTH_PROVIDER_REFUSED},
		{"keycloak", 400, "{\"error\":\"invalid_grant\"}", OAUTH_PROVIDER_REFUSED},
		{"salesforce", 400,
		 "{\"error\":\"invalid_grant\",\"error_description\":\"user hasn't approved this consumer\"}",
		 OAUTH_CLIENT_REFUSED},
		{"salesforce", 400, "{\"error\":\"oauth_flow_disabled\"}", OAUTH_CLIENT_REFUSED},
		{"generic", 400, "{\"error\":\"unauthorized_client\"}", OAUTH_CLIENT_REFUSED},
		{"generic", 400, "{\"error\":\"unsupported_grant_type\"}", OAUTH_CLIENT_REFUSED},
		{"generic", 400, "{\"error\":\"authorization_pending\"}", OAUTH_BAD_REPLY},
		{"generic", 429, "", OAUTH_THROTTLED},
		{"generic", 503, "<html>", OAUTH_UNREACHABLE},
		{"generic", 302, "", OAUTH_BAD_REPLY},
		{"generic", 201, "[]", OAUTH_BAD_REPLY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct host h;

		begin(&h, rows[i].dialect);
		fake_reply(rows[i].status, rows[i].body);
		ask(&h, (struct token_exchange_request){.scope = NULL});
		if (h.result.outcome != rows[i].outcome)
			fail_msg("%s: %s", rows[i].body, h.result.detail);
		assert_null(h.tokens);
		assert_null(strstr(h.result.detail, "st-1"));
		assert_int_equal(fake.n_requests, 1);
		end(&h);
	}
}

/* Salesforce, help "OAuth 2.0 Token Exchange Flow": which of its classes looks at the token */
static void salesforce_token_handler(void **state)
{
	struct host h;

	(void)state;
	begin(&h, "salesforce");
	world_text(&h.w.settings.token_handler, "MyHandler");
	fake_reply(200, "{\"access_token\":\"00D!at\",\"token_type\":\"Bearer\"}");
	ask(&h, (struct token_exchange_request){.subject_token_type = TOKEN_TYPE_ID_TOKEN});
	assert_string_equal(fake_last()->body,
			    GRANT "&subject_token=st-1&subject_token_type=" TYPE(
				    "id_token") "&token_handler=MyHandler&client_id=client&client_secret=s3cret");
	end(&h);
}

static void left_alone(void **state)
{
	struct host h;

	(void)state;
	begin(&h, "generic");
	fake_reply(200, good);
	assert_int_equal(start(&h, (struct token_exchange_request){.scope = NULL}), 0);
	token_exchange_free(LK_STEAL(h.x));
	fake_run();
	assert_int_equal(h.told, 0);
	end(&h);
}

static void types(void **state)
{
	(void)state;
	assert_string_equal(token_type_uri("access-token"), TOKEN_TYPE_ACCESS_TOKEN);
	assert_string_equal(token_type_uri(TOKEN_TYPE_JWT), TOKEN_TYPE_JWT);
	assert_null(token_type_uri("refresh-token"));
	assert_null(token_type_uri("urn:ietf:params:oauth:token-type:refresh_token"));
	assert_null(token_type_uri(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tx01_tokens_and_their_types),
		cmocka_unit_test(tx02_targets_repeat),
		cmocka_unit_test(tx03_what_was_issued),
		cmocka_unit_test(tx04_lifetime_and_refresh_token),
		cmocka_unit_test(tx05_errors),
		cmocka_unit_test(salesforce_token_handler),
		cmocka_unit_test(left_alone),
		cmocka_unit_test(types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
