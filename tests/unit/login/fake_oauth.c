/* SPDX-License-Identifier: MIT */
/*
 * The stand-in described in fake_oauth.h. It never calls back from within the call that began a wait.
 */
#include "tests/unit/login/fake_oauth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/json.h"
#include "tests/unit/login/world.h"

struct provider {
	const struct provider_settings *settings;
};

struct fake_oauth fake;
static int waiting; /* its address is every handle */

void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
}

int provider_new(struct provider **ret, const struct provider_settings *settings, sd_event *event,
		 struct fetch_client *fetch)
{
	(void)event;
	(void)fetch;
	*ret = calloc(1, sizeof(**ret));
	assert_non_null(*ret);
	(*ret)->settings = settings;
	return 0;
}

void provider_free(struct provider *p)
{
	free(p);
}

const struct provider_settings *provider_settings(const struct provider *p)
{
	return p->settings;
}

const char *provider_token_issuer(const struct provider *p, bool *ret_is_template)
{
	*ret_is_template = false;
	return provider_settings(p)->issuer;
}

int provider_prepare(struct provider *p, provider_done_fn done, void *userdata, struct provider_wait **ret)
{
	(void)p;
	fake.prepared++;
	fake.prepare_done = done;
	fake.prepare_userdata = userdata;
	*ret = (struct provider_wait *)(void *)&waiting;
	return 0;
}

const struct jwk_set *provider_keys(const struct provider *p)
{
	(void)p;
	return fake.keys;
}

int provider_refetch_keys(struct provider *p, provider_done_fn done, void *userdata, struct provider_wait **ret)
{
	fake.refetched++;
	fake.prepared--; /* counted as one of the other kind */
	return provider_prepare(p, done, userdata, ret);
}

void provider_wait_cancel(struct provider_wait *w)
{
	if (w == NULL)
		return;
	fake.cancelled++;
	fake.prepare_done = NULL;
}

static const char *fault_of_device(const struct provider *p, const struct flow_request *request)
{
	(void)p;
	(void)request;
	return fake.has_no_device ? "no device endpoint" : NULL;
}

static const char *fault_of_ciba(const struct provider *p, const struct flow_request *request)
{
	(void)p;
	return fake.has_no_ciba || request->subject == NULL ? "no CIBA" : NULL;
}

const struct flow_kind *flow_kind(enum flow_method method)
{
	static const struct flow_kind kinds[] = {
		[FLOW_DEVICE] = {.name = "device", .fault = fault_of_device},
		[FLOW_CIBA] = {.name = "ciba", .fault = fault_of_ciba},
		[FLOW_CODE] = {.name = "code", .fault = fault_of_device},
	};

	return &kinds[method];
}

bool flow_asks(enum flow_method method)
{
	return method == FLOW_CODE;
}

void flow_answer(struct flow *f, const char *text, size_t len)
{
	assert_non_null(f);
	(void)snprintf(fake.typed, sizeof(fake.typed), "%.*s", (int)len, text);
}

void fake_question(void)
{
	const struct flow_question question = {.text = "Paste it", .echo = true, .timeout_s = 300};

	assert_non_null(fake.flow_events);
	fake.flow_events->ask(fake.flow_userdata, &question);
}

static void note_request(enum flow_method method, const struct flow_request *request)
{
	fake.method = method;
	(void)snprintf(fake.asked, sizeof(fake.asked), "host %s, subject %s, hint %s, acr %s, age %s%u", request->host,
		       request->subject != NULL ? request->subject : "-",
		       request->login_hint != NULL ? request->login_hint : "-",
		       request->acr_values != NULL ? request->acr_values[0] : "-", request->has_max_age ? "" : "not ",
		       request->max_age_s);
}

int flow_start(struct flow **ret, enum flow_method method, struct provider *p, sd_event *event,
	       struct fetch_client *fetch, const struct flow_request *request, const struct flow_events *events,
	       void *userdata)
{
	(void)p;
	(void)event;
	(void)fetch;
	note_request(method, request);
	fake.flows++;
	if (fake.flow_result < 0)
		return fake.flow_result;
	fake.flow_events = events;
	fake.flow_userdata = userdata;
	*ret = (struct flow *)(void *)&waiting;
	return 0;
}

void flow_free(struct flow *f)
{
	if (f == NULL)
		return;
	if (fake.flow_events != NULL)
		fake.cancelled++;
	fake.flow_events = NULL;
}

void token_set_free(struct token_set *t)
{
	if (t == NULL)
		return;
	secret_free(t->access_token);
	secret_free(t->refresh_token);
	secret_free(t->id_token);
	free(t->scope);
	free(t);
}

int refresh_start(struct refresh **ret, struct provider *p, sd_event *event, struct fetch_client *fetch,
		  const struct refresh_request *request, refresh_done_fn done, void *userdata)
{
	(void)p;
	(void)event;
	(void)fetch;
	assert_null(fake.refresh_done); /* R14: one at a time */
	fake.refreshes++;
	fake.refresh_done = done;
	fake.refresh_userdata = userdata;
	fake.was_again = request->is_again;
	(void)snprintf(fake.refreshed, sizeof(fake.refreshed), "%s %s", secret_data(request->refresh_token),
		       request->scope != NULL ? request->scope : "-");
	*ret = (struct refresh *)(void *)&waiting;
	return 0;
}

void refresh_free(struct refresh *r)
{
	if (r != NULL)
		fake.refresh_done = NULL;
}

static const char *or_dash(const char *text)
{
	return text != NULL ? text : "-";
}

int jwt_bearer_start(struct jwt_bearer **ret, struct provider *p, struct fetch_client *fetch,
		     const struct jwt_bearer_request *request, jwt_bearer_done_fn done, void *userdata)
{
	(void)p;
	(void)fetch;
	if (fake.grant_result != 0)
		return fake.grant_result;
	assert_null(fake.grant_done); /* one at a time */
	fake.grants++;
	fake.grant_done = done;
	fake.grant_userdata = userdata;
	(void)snprintf(fake.grant_asked, sizeof(fake.grant_asked), "%s %s %s %s %s %s %s",
		       request->is_client_credentials ? "client" : "bearer", or_dash(request->client_id),
		       or_dash(request->subject), or_dash(request->audience), or_dash(request->scope),
		       or_dash(request->resource),
		       request->key != NULL         ? jws_algorithm_name(signing_key_algorithm(request->key))
		       : request->assertion != NULL ? secret_data(request->assertion)
						    : "-");
	*ret = (struct jwt_bearer *)(void *)&waiting;
	return 0;
}

void jwt_bearer_free(struct jwt_bearer *b)
{
	if (b != NULL)
		fake.grant_done = NULL;
}

bool introspect_is_possible(const struct provider *p)
{
	(void)p;
	return fake.can_introspect;
}

int introspect_start(struct introspect **ret, struct provider *p, struct fetch_client *fetch,
		     const struct secret *access_token, introspect_done_fn done, void *userdata)
{
	(void)p;
	(void)fetch;
	(void)access_token;
	fake.introspections++;
	fake.introspect_done = done;
	fake.introspect_userdata = userdata;
	*ret = (struct introspect *)(void *)&waiting;
	return 0;
}

void introspect_free(struct introspect *i)
{
	if (i != NULL)
		fake.introspect_done = NULL;
}

const char *provider_userinfo_endpoint(const struct provider *p)
{
	(void)p;
	return fake.has_userinfo ? ISSUER "/userinfo" : NULL;
}

void identity_free(struct identity *i)
{
	if (i == NULL)
		return;
	free(i->issuer);
	free(i->subject);
	json_object_put(i->claims);
	free(i);
}

int identity_check_start(struct identity_check **ret, struct provider *p, struct fetch_client *fetch,
			 const struct token_set *tokens, const char *const *wanted_claims, identity_done_fn done,
			 void *userdata)
{
	(void)p;
	(void)fetch;
	assert_non_null(tokens);
	fake.identities++;
	fake.identity_done = done;
	fake.identity_userdata = userdata;
	fake.wanted[0] = '\0';
	for (; *wanted_claims != NULL; wanted_claims++) {
		strcat(fake.wanted, *wanted_claims);
		strcat(fake.wanted, " ");
	}
	*ret = (struct identity_check *)(void *)&waiting;
	return 0;
}

int identity_again_start(struct identity_check **ret, struct provider *p, struct fetch_client *fetch,
			 const struct token_set *tokens, const char *const *wanted_claims, identity_done_fn done,
			 void *userdata)
{
	return identity_check_start(ret, p, fetch, tokens, wanted_claims, done, userdata);
}

int identity_of_service_start(struct identity_check **ret, struct provider *p, struct fetch_client *fetch,
			      const char *client_id, const struct token_set *tokens, identity_done_fn done,
			      void *userdata)
{
	static const char *const nothing[] = {NULL};

	assert_non_null(client_id);
	return identity_check_start(ret, p, fetch, tokens, nothing, done, userdata);
}

void identity_check_free(struct identity_check *c)
{
	if (c != NULL && fake.identity_done != NULL)
		fake.cancelled++;
	fake.identity_done = NULL;
}

bool group_check_is_needed(const struct provider_settings *s, struct json_object *claims, const char *group_claim)
{
	(void)s;
	(void)claims;
	assert_string_equal(group_claim, "groups");
	return fake.needs_groups;
}

int group_check_start(struct group_check **ret, struct provider *p, struct fetch_client *fetch,
		      const struct secret *access_token, const char *const *ids, group_check_done_fn done,
		      void *userdata)
{
	(void)p;
	(void)fetch;
	(void)access_token;
	fake.groups_done = done;
	fake.groups_userdata = userdata;
	fake.wanted_groups[0] = '\0';
	for (; *ids != NULL; ids++)
		strcat(strcat(fake.wanted_groups, *ids), " ");
	*ret = (struct group_check *)(void *)&waiting;
	return 0;
}

void group_check_free(struct group_check *c)
{
	if (c != NULL && fake.groups_done != NULL)
		fake.cancelled++;
	fake.groups_done = NULL;
}

int publisher_request(struct publisher *p, publish_done_fn done, void *userdata, struct publish_wait **ret)
{
	(void)p;
	fake.published++;
	fake.publish_done = done;
	fake.publish_userdata = userdata;
	if (ret != NULL)
		*ret = (struct publish_wait *)(void *)&waiting;
	return 0;
}

void publish_wait_cancel(struct publish_wait *w)
{
	if (w == NULL)
		return;
	fake.cancelled++;
	fake.publish_done = NULL;
}

static struct oauth_result result_of(enum oauth_outcome outcome)
{
	struct oauth_result r = {.outcome = outcome, .detail = "detail"};

	return r;
}

void fake_prepared(enum oauth_outcome outcome)
{
	provider_done_fn done = fake.prepare_done;
	struct oauth_result r = result_of(outcome);

	assert_non_null(done);
	fake.prepare_done = NULL;
	done(fake.prepare_userdata, &r);
}

void fake_challenge(void)
{
	struct flow_challenge c = {.method = fake.method, .expires_in_s = 600, .outstanding_s = 600};

	assert_non_null(fake.flow_events);
	if (fake.method == FLOW_CIBA) {
		strcpy(c.binding_message, "db1-KRTM-42");
	} else {
		strcpy(c.user_code, "WDJB-MJHT");
		strcpy(c.verification_uri, "https://id.example/device");
	}
	fake.flow_events->challenge(fake.flow_userdata, &c);
}

static void set(struct secret **target, const char *text)
{
	if (text != NULL)
		assert_int_equal(secret_copy(target, text, strlen(text)), 0);
}

/* As a token endpoint would answer the flow; fake.refresh_token and fake.access_token are in it where they are set. */
static struct token_set *tokens_of_flow(void)
{
	struct token_set *tokens = calloc(1, sizeof(*tokens));

	assert_non_null(tokens);
	set(&tokens->refresh_token, fake.refresh_token);
	set(&tokens->access_token, fake.access_token);
	tokens->expires_in_s = fake.expires_in_s;
	return tokens;
}

void fake_tokens(enum oauth_outcome outcome)
{
	const struct flow_events *events = fake.flow_events;
	struct oauth_result r = result_of(outcome);

	assert_non_null(events);
	fake.flow_events = NULL;
	events->done(fake.flow_userdata, &r, outcome == OAUTH_DONE ? tokens_of_flow() : NULL);
}

void fake_refreshed(enum refresh_outcome outcome, const char *refresh_token, const char *access_token,
		    const char *id_token, uint32_t expires_in_s)
{
	refresh_done_fn done = fake.refresh_done;
	struct oauth_result r = result_of(outcome == REFRESH_DONE ? OAUTH_DONE : OAUTH_UNREACHABLE);
	struct token_set *tokens = NULL;

	assert_non_null(done);
	fake.refresh_done = NULL;
	if (outcome == REFRESH_DONE) {
		tokens = calloc(1, sizeof(*tokens));
		assert_non_null(tokens);
		set(&tokens->access_token, access_token);
		set(&tokens->refresh_token, refresh_token);
		set(&tokens->id_token, id_token);
		tokens->expires_in_s = expires_in_s;
	}
	done(fake.refresh_userdata, outcome, &r, tokens, 0);
}

void fake_granted(enum grant_outcome outcome, const char *access_token, const char *id_token, uint32_t expires_in_s)
{
	jwt_bearer_done_fn done = fake.grant_done;
	struct oauth_result r = result_of(outcome == GRANT_DONE ? OAUTH_DONE : OAUTH_PROVIDER_REFUSED);
	struct token_set *tokens = NULL;

	assert_non_null(done);
	fake.grant_done = NULL;
	if (outcome == GRANT_DONE) {
		tokens = calloc(1, sizeof(*tokens));
		assert_non_null(tokens);
		set(&tokens->access_token, access_token);
		set(&tokens->id_token, id_token);
		tokens->expires_in_s = expires_in_s;
	}
	done(fake.grant_userdata, outcome, &r, tokens, 0);
}

void fake_introspected(enum introspect_outcome outcome)
{
	introspect_done_fn done = fake.introspect_done;
	struct oauth_result r = result_of(outcome == INTROSPECT_ACTIVE ? OAUTH_DONE : OAUTH_TOKEN_REFUSED);

	assert_non_null(done);
	fake.introspect_done = NULL;
	done(fake.introspect_userdata, outcome, &r);
}

void fake_identity(enum oauth_outcome outcome, const char *issuer, const char *subject, const char *claims)
{
	identity_done_fn done = fake.identity_done;
	struct oauth_result r = result_of(outcome);
	struct identity *i = NULL;

	assert_non_null(done);
	fake.identity_done = NULL;
	if (outcome == OAUTH_DONE) {
		i = calloc(1, sizeof(*i));
		assert_non_null(i);
		i->issuer = strdup(issuer);
		i->subject = strdup(subject);
		assert_int_equal(json_parse(&i->claims, claims, strlen(claims)), 0);
	}
	done(fake.identity_userdata, &r, i);
}

void fake_published(int error)
{
	publish_done_fn done = fake.publish_done;

	assert_non_null(done);
	fake.publish_done = NULL;
	done(fake.publish_userdata, error, error == 0 ? "" : "refused");
}

void fake_groups(enum oauth_outcome outcome, const char *groups)
{
	group_check_done_fn done = fake.groups_done;
	struct oauth_result r = result_of(outcome);
	struct json_object *list = NULL;

	assert_non_null(done);
	fake.groups_done = NULL;
	if (outcome == OAUTH_DONE)
		assert_int_equal(json_parse(&list, groups, strlen(groups)), 0);
	done(fake.groups_userdata, &r, list);
	json_object_put(list);
}

int sources_ask(struct sources_wait **ret, struct sources *s, const struct sources_question *question,
		sources_done_fn done, void *userdata)
{
	const struct sources_answer nobody = {.outcome = SOURCES_NOBODY};

	(void)s;
	fake.asked_sources++;
	fake.sources_asked = *question;
	if (!fake.holds_sources) {
		done(userdata, &nobody);
		return 1;
	}
	fake.sources_done = done;
	fake.sources_userdata = userdata;
	*ret = (struct sources_wait *)&fake;
	return 0;
}

void sources_wait_cancel(struct sources_wait *w)
{
	if (w == NULL)
		return;
	fake.cancelled++;
	fake.sources_done = NULL;
}

void fake_sources(enum sources_outcome outcome, uint32_t id)
{
	const struct sources_answer answer = {.outcome = outcome, .id = id, .detail = "detail"};
	sources_done_fn done = fake.sources_done;

	assert_non_null(done);
	fake.sources_done = NULL;
	done(fake.sources_userdata, &answer);
}
