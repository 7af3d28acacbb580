/* SPDX-License-Identifier: MIT */
/*
 * The stand-in described in fake_oauth.h. It never calls back from within the call that began a wait.
 */
#include "tests/unit/login/fake_oauth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/json.h"

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

int provider_prepare(struct provider *p, provider_done_fn done, void *userdata, struct provider_wait **ret)
{
	(void)p;
	fake.prepared++;
	fake.prepare_done = done;
	fake.prepare_userdata = userdata;
	*ret = (struct provider_wait *)(void *)&waiting;
	return 0;
}

void provider_wait_cancel(struct provider_wait *w)
{
	if (w == NULL)
		return;
	fake.cancelled++;
	fake.prepare_done = NULL;
}

int flow_start(struct flow **ret, enum flow_method method, struct provider *p, sd_event *event,
	       struct fetch_client *fetch, const struct flow_request *request, const struct flow_events *events,
	       void *userdata)
{
	(void)p;
	(void)event;
	(void)fetch;
	(void)method;
	(void)request;
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
	free(t);
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
	struct flow_challenge c = {
		.user_code = "WDJB-MJHT", .verification_uri = "https://id.example/device", .expires_in_s = 600};

	assert_non_null(fake.flow_events);
	fake.flow_events->challenge(fake.flow_userdata, &c);
}

void fake_tokens(enum oauth_outcome outcome)
{
	const struct flow_events *events = fake.flow_events;
	struct oauth_result r = result_of(outcome);

	assert_non_null(events);
	fake.flow_events = NULL;
	events->done(fake.flow_userdata, &r, outcome == OAUTH_DONE ? calloc(1, sizeof(struct token_set)) : NULL);
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
