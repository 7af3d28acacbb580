/* SPDX-License-Identifier: MIT */
/* One authentication request from its start to its end: ask, show what the person's device shows, poll. */
#include "helper/oauth/ciba.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/oauth/binding_message.h"
#include "helper/oauth/ciba_reply.h"
#include "helper/oauth/error.h"
#include "helper/oauth/flow_form.h"
#include "helper/oauth/request.h"
#include "helper/oauth/token_poll.h"

#define GRANT "urn:openid:params:grant-type:ciba"
#define START_TIMEOUT_MS 10000u
#define POLL_TIMEOUT_MS 35000u /* section 10.1: a server may hold an answer back for 30 s (CB-08) */
/* How long a person who says no takes. */
#define NO_AFTER_MIN_MS 4000u
#define NO_AFTER_MAX_MS 12000u

struct ciba_flow {
	struct flow head;
	struct provider *provider;
	sd_event *event;
	struct fetch_client *fetch;
	struct flow_events events;
	void *userdata;

	struct form form; /* of the request but for its message; kept for a second try */
	struct binding_message message;
	bool is_brief; /* the second try is under way */
	uint32_t requested_s;
	struct oauth_call *call;
	struct token_poll *poll;
	uint64_t deadline_ms;
};

static const struct provider_settings *settings_of(const struct ciba_flow *f)
{
	return provider_settings(f->provider);
}

static void stop(struct ciba_flow *f)
{
	oauth_call_cancel(LK_STEAL(f->call));
	token_poll_free(LK_STEAL(f->poll));
	form_done(&f->form);
}

static void ciba_flow_free(struct flow *flow)
{
	struct ciba_flow *f = (struct ciba_flow *)flow;

	stop(f);
	free(f);
}

/* The callee may free the flow: nobody touches it after this. */
static void finish(struct ciba_flow *f, const struct oauth_result *result, struct token_set *tokens)
{
	struct oauth_result copy = *result;

	client_auth_explain(&copy, f->provider, settings_of(f));
	stop(f);
	f->events.done(f->userdata, &copy, tokens);
}

static void finish_with(struct ciba_flow *f, enum oauth_outcome outcome, const char *detail)
{
	struct oauth_result result;

	oauth_result_set(&result, outcome, "%s", detail);
	finish(f, &result, NULL);
}

static void on_tokens(void *userdata, const struct oauth_result *result, struct token_set *tokens)
{
	finish(userdata, result, tokens);
}

static const char *message_of(const struct ciba_flow *f)
{
	return f->is_brief ? f->message.brief : f->message.whole;
}

/* @lifetime_s: the provider's */
static void show(struct ciba_flow *f, uint32_t lifetime_s)
{
	struct flow_challenge challenge = {.method = FLOW_CIBA, .outstanding_s = lifetime_s};
	uint64_t now_ms = clock_monotonic_ms();

	challenge.expires_in_s = f->deadline_ms > now_ms ? (uint32_t)((f->deadline_ms - now_ms) / 1000) : 0;
	(void)snprintf(challenge.binding_message, sizeof(challenge.binding_message), "%s", message_of(f));
	f->events.challenge(f->userdata, &challenge);
}

static void accept_request(struct ciba_flow *f, struct ciba_reply *reply)
{
	uint64_t end_ms = clock_monotonic_ms() + (uint64_t)reply->expires_in_s * 1000;
	struct token_poll_request request = {
		.grant_type = GRANT,
		.code_parameter = "auth_req_id",
		.interval_s = reply->interval_s,
		.timeout_ms = POLL_TIMEOUT_MS,
	};

	if (end_ms < f->deadline_ms)
		f->deadline_ms = end_ms;
	request.deadline_ms = f->deadline_ms;
	if (token_poll_start(&f->poll, f->provider, f->event, f->fetch, LK_STEAL(reply->request_id), &request,
			     on_tokens, f) < 0)
		finish_with(f, OAUTH_NO_MEMORY, "authentication request");
	else
		show(f, reply->expires_in_s);
}

/* CB-15: a person who is asked and says no. The time left is what a provider that heeds our wish would have said. */
static void pretend(struct ciba_flow *f, const struct oauth_result *result)
{
	uint32_t random;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
		random = 0;
	if (token_poll_refuse(&f->poll, f->provider, f->event,
			      NO_AFTER_MIN_MS + random % (NO_AFTER_MAX_MS - NO_AFTER_MIN_MS + 1), result, on_tokens,
			      f) < 0)
		finish_with(f, OAUTH_NO_MEMORY, "authentication request");
	else
		show(f, f->requested_s);
}

static int ask(struct ciba_flow *f);

static void on_reply(struct ciba_flow *f, const struct fetch_reply *reply)
{
	LK_CLEANUP(ciba_reply_done) struct ciba_reply parsed = {0};
	struct oauth_result result;
	int r = ciba_reply_parse(&parsed, &result, settings_of(f)->dialect, reply->status, reply->body,
				 reply->body_len);

	if (r < 0) {
		finish_with(f, OAUTH_NO_MEMORY, "authentication request");
	} else if (r == CIBA_REPLY_ACCEPTED) {
		accept_request(f, &parsed);
	} else if (r == CIBA_REPLY_UNKNOWN_USER) {
		pretend(f, &result);
	} else if (r == CIBA_REPLY_BINDING_MESSAGE && !f->is_brief) {
		f->is_brief = true;
		if (ask(f) < 0)
			finish_with(f, OAUTH_NO_MEMORY, "authentication request");
	} else {
		finish(f, &result, NULL);
	}
}

static void on_asked(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	struct ciba_flow *f = userdata;
	struct oauth_result result;

	f->call = NULL;
	if (outcome == FETCH_TIMEOUT)
		provider_note_silence(f->provider);
	if (outcome != FETCH_DONE) {
		oauth_result_from_fetch(&result, "backchannel authentication endpoint", outcome, detail);
		finish(f, &result, NULL);
		return;
	}
	provider_note_date(f->provider, reply->date_s);
	on_reply(f, reply);
}

/* Auth0: {"format":"iss_sub","iss":...,"sub":...}. */
static int add_iss_sub(struct form *form, const char *issuer, const char *subject)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	const char *const members[][2] = {{"format", "iss_sub"}, {"iss", issuer}, {"sub", subject}};

	if (o == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		struct json_object *text = json_object_new_string(members[i][1]);

		if (text == NULL || json_object_object_add(o, members[i][0], text) < 0) {
			json_object_put(text);
			return -ENOMEM;
		}
	}
	form_add(form, "login_hint", json_text(o));
	return 0;
}

/* CB-02: exactly one hint. */
static int add_hint(struct form *form, const struct provider_settings *s, const struct flow_request *request)
{
	if (request->login_hint == NULL && s->dialect->ciba_hint_is_iss_sub)
		return add_iss_sub(form, s->issuer, request->subject);
	form_add(form, "login_hint", request->login_hint != NULL ? request->login_hint : request->subject);
	return 0;
}

static int fill_form(struct ciba_flow *f, const struct flow_request *request)
{
	const struct provider_settings *s = settings_of(f);
	const char *expiry = s->dialect->ciba_expiry_parameter;
	char number[16];
	int r;

	form_init(&f->form);
	request_add_scope(&f->form, s, s->scope != NULL ? s->scope : s->dialect->default_scope);
	r = add_hint(&f->form, s, request);
	if (r < 0)
		return r;
	(void)snprintf(number, sizeof(number), "%" PRIu32, f->requested_s);
	form_add(&f->form, expiry != NULL ? expiry : "requested_expiry", number);
	flow_form_add_acr_values(&f->form, request);
	return form_fault(&f->form);
}

static int ask(struct ciba_flow *f)
{
	LK_CLEANUP(form_done) struct form form = {0};
	uint32_t timeout_ms = f->requested_s < START_TIMEOUT_MS / 1000 ? f->requested_s * 1000 : START_TIMEOUT_MS;

	form_init(&form);
	form_add_encoded(&form, f->form.text.data);
	form_add(&form, "binding_message", message_of(f));
	return request_post(f->fetch, settings_of(f), provider_ciba_endpoint(f->provider), &form, false, timeout_ms,
			    on_asked, f, &f->call);
}

static int refuse_unasked(struct ciba_flow *f)
{
	struct oauth_result result;

	oauth_result_set(&result, OAUTH_UNREACHABLE,
			 "backchannel authentication endpoint: did not answer a moment ago");
	return token_poll_refuse(&f->poll, f->provider, f->event, 0, &result, on_tokens, f);
}

static const char *ciba_flow_fault(const struct provider *p, const struct flow_request *request)
{
	if (provider_ciba_endpoint(p) == NULL || provider_token_endpoint(p) == NULL)
		return "the provider has no backchannel authentication endpoint";
	if (provider_settings(p)->client_auth == CLIENT_AUTH_NONE)
		return "CIBA needs a client that authenticates: client_auth is none";
	if (request->subject == NULL)
		return "nobody has signed in by this account yet, so it is not known whom to ask";
	return NULL;
}

static int ciba_flow_start(struct flow **ret, struct provider *p, sd_event *event, struct fetch_client *fetch,
			   const struct flow_request *request, const struct flow_events *events, void *userdata)
{
	LK_CLEANUP(flow_freep) struct flow *flow = NULL;
	struct ciba_flow *f = malloc(sizeof(*f));
	int r;

	if (f == NULL)
		return -ENOMEM;
	*f = (struct ciba_flow){
		.head = {.kind = &ciba_flow_kind},
		.provider = p,
		.event = event,
		.fetch = fetch,
		.events = *events,
		.userdata = userdata,
		.requested_s = request->lifetime_s < CIBA_LIFETIME_S ? request->lifetime_s : CIBA_LIFETIME_S,
	};
	f->deadline_ms = clock_monotonic_ms() + (uint64_t)f->requested_s * 1000;
	flow = &f->head;
	r = binding_message_make(&f->message, request->host);
	if (r == 0)
		r = fill_form(f, request);
	if (r == 0)
		r = provider_was_silent(p) ? refuse_unasked(f) : ask(f);
	if (r < 0)
		return r;
	*ret = LK_STEAL(flow);
	return 0;
}

const struct flow_kind ciba_flow_kind = {
	.name = "ciba",
	.fault = ciba_flow_fault,
	.start = ciba_flow_start,
	.free = ciba_flow_free,
};
