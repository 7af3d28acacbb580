/* SPDX-License-Identifier: MIT */
/* One sign-in by the real flow, or one token exchange, through a real latchkey-fetch, without accounts or PAM: a line of JSON for the
 * challenge and one for the end. For tests on loopback; it allows plain HTTP there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/text.h"
#include "helper/oauth/flow.h"
#include "helper/oauth/group_check.h"
#include "helper/oauth/identity.h"
#include "helper/oauth/token_exchange.h"

struct run {
	sd_event *event;
	struct fetch_client *fetch;
	struct provider *provider;
	struct provider_settings settings;
	struct flow *flow;
	struct identity_check *check;
	struct group_check *groups;
	struct token_set *tokens;
	struct identity *identity;
	struct json_object *found;
	char **ids; /* groups to be asked about */
	uint32_t lifetime_s;
	struct secret *subject_token; /* NULL: a sign-in */
	struct token_exchange *exchange;
};

static void end(struct run *run, const struct oauth_result *result, const struct identity *identity)
{
	struct json_object *o = json_object_new_object();

	(void)json_object_object_add(o, "outcome", json_object_new_string(oauth_outcome_text(result->outcome)));
	(void)json_object_object_add(o, "detail", json_object_new_string(result->detail));
	if (identity != NULL) {
		(void)json_object_object_add(o, "subject", json_object_new_string(identity->subject));
		(void)json_object_object_add(o, "claims", json_object_get(identity->claims));
	}
	if (run->found != NULL)
		(void)json_object_object_add(o, "groups", json_object_get(run->found));
	(void)printf("%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
	json_object_put(o);
	(void)sd_event_exit(run->event, 0);
}

static void on_groups(void *userdata, const struct oauth_result *result, struct json_object *groups)
{
	struct run *run = userdata;

	run->found = json_object_get(groups);
	end(run, result, run->identity);
}

static void on_identity(void *userdata, const struct oauth_result *result, struct identity *identity)
{
	struct run *run = userdata;

	run->identity = identity;
	if (identity == NULL || !group_check_is_needed(&run->settings, identity->claims, "groups"))
		end(run, result, identity);
	else if (group_check_start(&run->groups, run->provider, run->fetch, run->tokens->access_token,
				   (const char *const *)run->ids, on_groups, run) < 0)
		(void)sd_event_exit(run->event, 1);
}

static void on_tokens(void *userdata, const struct oauth_result *result, struct token_set *tokens)
{
	static const char *const wanted[] = {"preferred_username", NULL};
	struct run *run = userdata;

	run->tokens = tokens;
	if (tokens == NULL)
		end(run, result, NULL);
	else if (identity_check_start(&run->check, run->provider, run->fetch, tokens, wanted, on_identity, run) < 0)
		(void)sd_event_exit(run->event, 1);
}

static void exchange(struct run *run)
{
	const struct token_exchange_request request = {
		.subject_token = run->subject_token,
		.subject_token_type = TOKEN_TYPE_JWT,
		.requested_token_type = TOKEN_TYPE_ACCESS_TOKEN,
	};

	if (token_exchange_start(&run->exchange, run->provider, run->fetch, &request, on_tokens, run) < 0)
		(void)sd_event_exit(run->event, 1);
}

static void on_challenge(void *userdata, const struct flow_challenge *challenge)
{
	(void)userdata;
	(void)printf("{\"user_code\":\"%s\",\"verification_uri\":\"%s\",\"expires_in\":%u}\n", challenge->user_code,
		     challenge->verification_uri, challenge->expires_in_s);
	(void)fflush(stdout);
}

static void on_prepared(void *userdata, const struct oauth_result *result)
{
	static const struct flow_events events = {.challenge = on_challenge, .done = on_tokens};
	struct run *run = userdata;
	const struct flow_request request = {.lifetime_s = run->lifetime_s};

	if (result->outcome != OAUTH_DONE)
		end(run, result, NULL);
	else if (run->subject_token != NULL)
		exchange(run);
	else if (flow_start(&run->flow, FLOW_DEVICE, run->provider, run->event, run->fetch, &request, &events, run) < 0)
		(void)sd_event_exit(run->event, 1);
}

static int split_ids(struct run *run, char *value)
{
	for (char *p = value; *p != '\0'; p++)
		*p = *p == ',' ? ' ' : *p;
	return text_split(&run->ids, value, 1000);
}

static int setting(struct run *run, const char *name, char *value)
{
	struct provider_settings *s = &run->settings;

	if (strcmp(name, "userinfo") == 0)
		s->userinfo_endpoint = value;
	else if (strcmp(name, "group_check") == 0)
		s->group_check_endpoint = value;
	else if (strcmp(name, "groups") == 0)
		return split_ids(run, value);
	else if (strcmp(name, "tenant") == 0)
		s->tenants[0] = value;
	else if (strcmp(name, "lifetime") == 0)
		run->lifetime_s = (uint32_t)strtoul(value, NULL, 10);
	else if (strcmp(name, "algorithm") == 0)
		s->algorithms = 1u << jws_algorithm_from_name(value);
	else if (strcmp(name, "auth") == 0)
		s->client_auth = strcmp(value, "basic") == 0 ? CLIENT_AUTH_BASIC : CLIENT_AUTH_POST;
	else if (strcmp(name, "handler") == 0)
		s->token_handler = value;
	else if (strcmp(name, "exchange") == 0)
		return secret_copy(&run->subject_token, value, strlen(value));
	else if (strcmp(name, "secret") == 0)
		return secret_copy(&s->client_secret, value, strlen(value));
	else
		return -EINVAL;
	return 0;
}

int main(int argc, char **argv)
{
	static char name[] = "stub", client[] = "client";
	static char *tenants[2];
	struct run run = {.lifetime_s = 60};
	struct provider_wait *wait;
	int r;

	if (argc < 4) {
		(void)fprintf(stderr, "usage: oauth_flow FETCH_SOCKET DIALECT ISSUER [NAME=VALUE...]\n");
		return 2;
	}
	run.settings = (struct provider_settings){
		.name = name,
		.dialect = dialect_find(argv[2]),
		.issuer = argv[3],
		.client_id = client,
		.tenants = tenants,
		.fetch = {.name = name, .allow_loopback_http = true},
	};
	for (int i = 4; i < argc; i++) {
		char *equals = strchr(argv[i], '=');

		if (equals == NULL)
			return 2;
		*equals = '\0';
		if (setting(&run, argv[i], equals + 1) < 0)
			return 2;
	}
	if (run.settings.dialect == NULL || sd_event_default(&run.event) < 0 ||
	    fetch_client_new(&run.fetch, run.event, argv[1]) < 0 ||
	    provider_new(&run.provider, &run.settings, run.event, run.fetch) < 0 ||
	    provider_prepare(run.provider, on_prepared, &run, &wait) < 0)
		return 2;
	r = sd_event_loop(run.event);
	identity_check_free(run.check);
	group_check_free(run.groups);
	identity_free(run.identity);
	token_set_free(run.tokens);
	text_free_list(run.ids);
	json_object_put(run.found);
	flow_free(run.flow);
	token_exchange_free(run.exchange);
	secret_free(run.subject_token);
	provider_free(run.provider);
	fetch_client_free(run.fetch);
	secret_free(run.settings.client_secret);
	sd_event_unref(run.event);
	return r < 0 ? 1 : r;
}
