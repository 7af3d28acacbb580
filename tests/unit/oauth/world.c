/* SPDX-License-Identifier: MIT */
/* What the tests of flows share: one provider and its callbacks. */
#include "tests/unit/oauth/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/jose/make_token.h"

void world_text(char **setting, const char *value)
{
	free(*setting);
	*setting = value != NULL ? strdup(value) : NULL;
	assert_true(value == NULL || *setting != NULL);
}

void world_init(struct world *w, const char *dialect)
{
	*w = (struct world){0};
	fake_reset();
	w->settings.dialect = dialect_find(dialect);
	assert_non_null(w->settings.dialect);
	world_text(&w->settings.name, "test");
	world_text(&w->settings.issuer, WORLD_ISSUER);
	world_text(&w->settings.client_id, "client");
	w->settings.fetch.name = "test";
	assert_int_equal(provider_new(&w->provider, &w->settings, NULL, NULL), 0);
}

void world_done(struct world *w)
{
	struct provider_settings *s = &w->settings;

	flow_free(w->flow);
	provider_free(w->provider);
	token_set_free(w->tokens);
	assert_int_equal(fake_leaks(), 0);
	free(s->name);
	free(s->issuer);
	free(s->client_id);
	secret_free(s->client_secret);
	free(s->scope);
	free(s->redirect_uri);
	free(s->device_authorization_endpoint);
	free(s->backchannel_authentication_endpoint);
	free(s->token_endpoint);
	free(s->userinfo_endpoint);
	free(s->jwks_uri);
	free(s->introspection_endpoint);
	free(s->revocation_endpoint);
	free(s->token_handler);
	free(s->jwks_file);
	fake_reset();
}

void world_secret(struct world *w, enum client_auth method, const char *secret)
{
	w->settings.client_auth = method;
	assert_int_equal(secret_copy(&w->settings.client_secret, secret, strlen(secret)), 0);
}

const char *world_metadata(const char *issuer)
{
	static char text[4096];

	(void)snprintf(text, sizeof(text),
		       "{\"issuer\":\"%s\","
		       "\"device_authorization_endpoint\":\"https://idp.example/device\","
		       "\"backchannel_authentication_endpoint\":\"https://idp.example/ciba\","
		       "\"token_endpoint\":\"https://idp.example/token\","
		       "\"userinfo_endpoint\":\"https://idp.example/userinfo\","
		       "\"authorization_endpoint\":\"https://login.example/auth\","
		       "\"jwks_uri\":\"https://idp.example/jwks\"}",
		       issuer);
	return text;
}

const char *world_keys(void)
{
	static char text[8192];
	char key[4096];

	test_jwk(key, sizeof(key), test_key(JWS_RS256, 0), ",\"kid\":\"k1\"");
	(void)snprintf(text, sizeof(text), "{\"keys\":[%s]}", key);
	return text;
}

static void on_prepared(void *userdata, const struct oauth_result *result)
{
	struct world *w = userdata;

	w->prepared++;
	w->result = *result;
}

void world_prepare(struct world *w)
{
	world_prepare_with(w, world_metadata(w->settings.issuer));
}

void world_prepare_with(struct world *w, const char *metadata)
{
	struct provider_wait *wait;

	if (w->settings.dialect->has_discovery)
		fake_reply(200, metadata);
	if (w->settings.dialect->has_id_token)
		fake_reply(200, world_keys());
	assert_int_equal(provider_prepare(w->provider, on_prepared, w, &wait), 0);
	assert_int_equal(w->prepared, 0); /* never from within */
	fake_run();
	assert_int_equal(w->prepared, 1);
	assert_string_equal(w->result.detail, "");
	assert_int_equal(w->result.outcome, OAUTH_DONE);
	assert_true(provider_is_ready(w->provider));
	fake_reset();
}

static void on_challenge(void *userdata, const struct flow_challenge *challenge)
{
	struct world *w = userdata;

	w->challenged++;
	w->challenge = *challenge;
	if (w->frees_flow_at_challenge)
		flow_free(LK_STEAL(w->flow));
}

static void on_question(void *userdata, const struct flow_question *question)
{
	struct world *w = userdata;

	w->asked++;
	(void)snprintf(w->question, sizeof(w->question), "%s", question->text);
}

static void on_end(void *userdata, const struct oauth_result *result, struct token_set *tokens)
{
	struct world *w = userdata;

	w->ended++;
	w->result = *result;
	token_set_free(w->tokens);
	w->tokens = tokens;
	if (w->frees_flow_at_the_end)
		flow_free(LK_STEAL(w->flow));
}

int world_start_method(struct world *w, enum flow_method method, uint32_t lifetime_s)
{
	static const struct flow_events events = {.challenge = on_challenge, .ask = on_question, .done = on_end};

	w->request.lifetime_s = lifetime_s;
	return flow_start(&w->flow, method, w->provider, NULL, NULL, &w->request, &events, w);
}

int world_start(struct world *w, uint32_t lifetime_s)
{
	return world_start_method(w, FLOW_DEVICE, lifetime_s);
}

uint64_t world_gap_ms(size_t request)
{
	assert_in_range(request, 1, fake.n_requests - 1);
	return fake.requests[request].at_ms - fake.requests[request - 1].answered_ms;
}
