/* SPDX-License-Identifier: MIT */
/* One device authorization from the request for a code to its end: ask, show, poll. */
#include "helper/oauth/device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/clock.h"
#include "helper/oauth/device_reply.h"
#include "helper/oauth/error.h"
#include "helper/oauth/flow_form.h"
#include "helper/oauth/request.h"
#include "helper/oauth/token_poll.h"

#define START_TIMEOUT_MS 10000u
#define POLL_TIMEOUT_MS 15000u

struct device_flow {
	struct flow head;
	struct provider *provider;
	sd_event *event;
	struct fetch_client *fetch;
	struct flow_events events;
	void *userdata;

	struct oauth_call *call;  /* for a code */
	struct token_poll *poll;  /* after that */
	uint64_t deadline_ms;     /* the end of the code or of the caller's patience, whichever comes first */
	struct secret *user_code; /* as shown, to keep it out of details */
};

static const struct provider_settings *settings_of(const struct device_flow *f)
{
	return provider_settings(f->provider);
}

static void stop(struct device_flow *f)
{
	oauth_call_cancel(LK_STEAL(f->call));
	token_poll_free(LK_STEAL(f->poll));
	secret_free(LK_STEAL(f->user_code));
}

static void device_flow_free(struct flow *flow)
{
	struct device_flow *f = (struct device_flow *)flow;

	stop(f);
	free(f);
}

/* The callee may free the flow: nobody touches it after this. */
static void finish(struct device_flow *f, const struct oauth_result *result, struct token_set *tokens)
{
	struct oauth_result copy = *result;

	oauth_result_hide(&copy, f->user_code);
	client_auth_explain(&copy, f->provider, settings_of(f));
	stop(f);
	f->events.done(f->userdata, &copy, tokens);
}

static void finish_with(struct device_flow *f, enum oauth_outcome outcome, const char *detail)
{
	struct oauth_result result;

	oauth_result_set(&result, outcome, "%s", detail);
	finish(f, &result, NULL);
}

static void on_tokens(void *userdata, const struct oauth_result *result, struct token_set *tokens)
{
	finish(userdata, result, tokens);
}

/* Where a person may be sent to: the hosts that this provider's own settings and metadata name. */
static struct device_reply_rules rules_of(const struct device_flow *f)
{
	const struct provider_settings *s = settings_of(f);

	return (struct device_reply_rules){
		.dialect = s->dialect,
		.issuer = s->issuer,
		.endpoints = {provider_device_endpoint(f->provider), provider_token_endpoint(f->provider),
			      provider_authorization_endpoint(f->provider)},
		.hosts = s->verification_hosts,
		.allow_loopback_http = s->fetch.allow_loopback_http,
	};
}

static int start_poll(struct device_flow *f, struct device_reply *reply)
{
	const struct dialect *d = settings_of(f)->dialect;
	const struct token_poll_request request = {
		.grant_type = d->device_grant_type,
		.code_parameter = d->device_code_parameter,
		.interval_s = reply->interval_s,
		.timeout_ms = POLL_TIMEOUT_MS,
		.deadline_ms = f->deadline_ms,
	};

	return token_poll_start(&f->poll, f->provider, f->event, f->fetch, LK_STEAL(reply->device_code), &request,
				on_tokens, f);
}

static void accept_code(struct device_flow *f, struct device_reply *reply)
{
	struct flow_challenge challenge = reply->challenge;
	uint32_t own_limit_s = settings_of(f)->code_lifetime_s;
	uint64_t now_ms = clock_monotonic_ms();
	uint64_t end_ms;

	challenge.method = FLOW_DEVICE;
	challenge.outstanding_s = challenge.expires_in_s;
	if (own_limit_s > 0 && challenge.expires_in_s > own_limit_s)
		challenge.expires_in_s = own_limit_s;
	end_ms = now_ms + (uint64_t)challenge.expires_in_s * 1000;
	if (end_ms < f->deadline_ms)
		f->deadline_ms = end_ms;
	challenge.expires_in_s = f->deadline_ms > now_ms ? (uint32_t)((f->deadline_ms - now_ms) / 1000) : 0;

	if (secret_copy(&f->user_code, challenge.user_code, strlen(challenge.user_code)) < 0 ||
	    start_poll(f, reply) < 0)
		finish_with(f, OAUTH_NO_MEMORY, "device reply");
	else
		f->events.challenge(f->userdata, &challenge);
	secret_wipe(&challenge, sizeof(challenge));
}

static void on_start_done(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply,
			  const char *detail)
{
	LK_CLEANUP(device_reply_done) struct device_reply parsed = {0};
	struct device_flow *f = userdata;
	struct device_reply_rules rules = rules_of(f);
	struct oauth_result result;
	int r;

	f->call = NULL;
	if (outcome == FETCH_TIMEOUT)
		provider_note_silence(f->provider);
	if (outcome != FETCH_DONE) {
		oauth_result_from_fetch(&result, "device endpoint", outcome, detail);
		finish(f, &result, NULL);
		return;
	}
	provider_note_date(f->provider, reply->date_s);
	r = device_reply_parse(&parsed, &result, &rules, reply->status, reply->body, reply->body_len);
	if (r < 0)
		finish_with(f, OAUTH_NO_MEMORY, "device reply");
	else if (r > 0)
		finish(f, &result, NULL);
	else
		accept_code(f, &parsed);
}

static int ask_for_code(struct device_flow *f, const struct flow_request *request)
{
	LK_CLEANUP(form_done) struct form form = {0};
	const struct provider_settings *s = settings_of(f);
	uint32_t timeout_ms =
		request->lifetime_s < START_TIMEOUT_MS / 1000 ? request->lifetime_s * 1000 : START_TIMEOUT_MS;

	form_init(&form);
	form_add_encoded(&form, s->dialect->device_start_parameters);
	request_add_scope(&form, s, s->scope != NULL ? s->scope : s->dialect->default_scope);
	if (s->dialect->device_takes_hints) {
		flow_form_add_acr_values(&form, request);
		flow_form_add_max_age(&form, request);
		form_add(&form, "login_hint", request->login_hint);
	}
	return request_post(f->fetch, s, provider_device_endpoint(f->provider), &form, s->dialect->secret_at_poll_only,
			    timeout_ms, on_start_done, f, &f->call);
}

/* The end comes from the event loop, as it would after a request. */
static int refuse_unasked(struct device_flow *f)
{
	struct oauth_result result;

	oauth_result_set(&result, OAUTH_UNREACHABLE, "device endpoint: did not answer a moment ago");
	return token_poll_refuse(&f->poll, f->provider, f->event, 0, &result, on_tokens, f);
}

static const char *device_flow_fault(const struct provider *p, const struct flow_request *request)
{
	(void)request;
	if (provider_device_endpoint(p) == NULL || provider_token_endpoint(p) == NULL)
		return "the provider has no device endpoint";
	return NULL;
}

static int device_flow_start(struct flow **ret, struct provider *p, sd_event *event, struct fetch_client *fetch,
			     const struct flow_request *request, const struct flow_events *events, void *userdata)
{
	LK_CLEANUP(flow_freep) struct flow *flow = NULL;
	struct device_flow *f = malloc(sizeof(*f));
	int r;

	if (f == NULL)
		return -ENOMEM;
	*f = (struct device_flow){
		.head = {.kind = &device_flow_kind},
		.provider = p,
		.event = event,
		.fetch = fetch,
		.events = *events,
		.userdata = userdata,
		.deadline_ms = clock_monotonic_ms() + (uint64_t)request->lifetime_s * 1000,
	};
	flow = &f->head;
	r = provider_was_silent(p) ? refuse_unasked(f) : ask_for_code(f, request);
	if (r < 0)
		return r;
	*ret = LK_STEAL(flow);
	return 0;
}

const struct flow_kind device_flow_kind = {
	.name = "device",
	.fault = device_flow_fault,
	.start = device_flow_start,
	.free = device_flow_free,
};
