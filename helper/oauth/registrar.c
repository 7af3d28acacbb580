/* SPDX-License-Identifier: MIT */
/* The three requests of client registration. Must never build a registration's URL, nor send its token to another one. */
#include "helper/oauth/registrar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/oauth/error.h"
#include "helper/oauth/request.h"

#define REGISTRAR_TIMEOUT_MS 8000u

struct registrar {
	struct provider *provider;
	struct fetch_client *fetch;
	const struct registration *old; /* NULL: a first registration */
	bool is_end;
	char *body; /* until it is sent */
	struct secret *initial_token;
	struct provider_wait *wait;
	struct fetch_call *call;
	registrar_done_fn done;
	void *userdata;
};

void registrar_free(struct registrar *r)
{
	if (r == NULL)
		return;
	provider_wait_cancel(r->wait);
	fetch_cancel(r->call);
	secret_free_string(r->body);
	secret_free(r->initial_token);
	free(r);
}

/* The callee may free @r: nobody touches it after this. */
static void finish(struct registrar *r, enum registrar_outcome outcome, const struct oauth_result *result,
		   struct registration *registration)
{
	struct oauth_result copy = *result;

	oauth_result_hide(&copy, r->initial_token);
	if (r->old != NULL) {
		oauth_result_hide(&copy, r->old->token);
		oauth_result_hide(&copy, r->old->client_secret);
	}
	r->done(r->userdata, outcome, &copy, registration);
}

static void fail(struct registrar *r, enum registrar_outcome outcome, enum oauth_outcome kind, const char *why)
{
	struct oauth_result result;

	oauth_result_set(&result, kind, "registration: %s", why);
	finish(r, outcome, &result, NULL);
}

static enum registrar_outcome outcome_of(const struct registrar *r, unsigned status, const struct oauth_result *result)
{
	if (status == 401 && r->old != NULL)
		return REGISTRAR_GONE;
	if (status == 405 || status == 501)
		return REGISTRAR_NOT_SUPPORTED;
	if (status == 429 || status >= 500)
		return REGISTRAR_UNREACHABLE;
	return status >= 400 && result->outcome != OAUTH_BAD_REPLY ? REGISTRAR_REFUSED : REGISTRAR_BAD_REPLY;
}

static void judge_end(struct registrar *r, const struct fetch_reply *reply)
{
	struct oauth_result result = {.outcome = OAUTH_DONE};

	if (reply->status == 204 || reply->status == 200) {
		finish(r, REGISTRAR_DONE, &result, NULL);
		return;
	}
	oauth_result_from_status(&result, "registration", reply->status);
	result.outcome = OAUTH_CLIENT_REFUSED;
	finish(r, outcome_of(r, reply->status, &result), &result, NULL);
}

static void on_reply(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	struct registration *registration = NULL;
	struct oauth_result result = {.outcome = OAUTH_DONE};
	struct registrar *r = userdata;
	int e;

	r->call = NULL;
	if (outcome != FETCH_DONE) {
		oauth_result_from_fetch(&result, "registration", outcome, detail);
		finish(r, REGISTRAR_UNREACHABLE, &result, NULL);
		return;
	}
	provider_note_date(r->provider, reply->date_s);
	if (r->is_end) {
		judge_end(r, reply);
		return;
	}
	e = registration_parse(&registration, &result, provider_settings(r->provider), r->old, reply->status,
			       reply->body, reply->body_len, clock_realtime_s());
	if (e == -ENOMEM)
		fail(r, REGISTRAR_BAD_REPLY, OAUTH_NO_MEMORY, "out of memory");
	else if (e < 0)
		finish(r, outcome_of(r, reply->status, &result), &result, NULL);
	else
		finish(r, REGISTRAR_DONE, &result, registration);
}

static int send_it(struct registrar *r)
{
	const char *url = r->old != NULL ? r->old->uri : provider_registration_endpoint(r->provider);
	const char *method = r->old == NULL ? NULL : r->is_end ? "DELETE" : "PUT";
	const struct secret *token = r->old != NULL ? r->old->token : r->initial_token;

	return request_json(r->fetch, provider_settings(r->provider), method, url, r->body, token, REGISTRAR_TIMEOUT_MS,
			    on_reply, r, &r->call);
}

static void on_discovered(void *userdata, const struct oauth_result *result)
{
	struct registrar *r = userdata;

	r->wait = NULL;
	if (result->outcome != OAUTH_DONE)
		finish(r, REGISTRAR_UNREACHABLE, result, NULL);
	else if (provider_registration_endpoint(r->provider) == NULL)
		fail(r, REGISTRAR_NOT_SUPPORTED, OAUTH_CLIENT_REFUSED, "the provider names no registration_endpoint");
	else if (send_it(r) < 0)
		fail(r, REGISTRAR_REFUSED, OAUTH_NO_MEMORY, "the request cannot be made");
}

static int registrar_new(struct registrar **ret, struct provider *p, struct fetch_client *fetch,
			 const struct registration_wish *wish, const struct registration *old)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *o = NULL;
	LK_CLEANUP(registrar_freep) struct registrar *r = calloc(1, sizeof(*r));
	const char *text;
	int e;

	if (r == NULL)
		return -ENOMEM;
	r->provider = p;
	r->fetch = fetch;
	r->old = old;
	r->is_end = wish == NULL;
	if (wish != NULL) {
		e = registration_request(&o, provider_settings(p), wish, old);
		if (e < 0)
			return e;
		text = json_text(o);
		r->body = text != NULL ? strdup(text) : NULL;
		if (text != NULL)
			secret_wipe((char *)(uintptr_t)text, strlen(text));
		if (r->body == NULL)
			return -ENOMEM;
	}
	*ret = LK_STEAL(r);
	return 0;
}

int registrar_register(struct registrar **ret, struct provider *p, struct fetch_client *fetch,
		       const struct registration_wish *wish, const struct secret *initial_token, registrar_done_fn done,
		       void *userdata)
{
	LK_CLEANUP(registrar_freep) struct registrar *r = NULL;
	int e = registrar_new(&r, p, fetch, wish, NULL);

	if (e == 0 && initial_token != NULL)
		e = secret_copy(&r->initial_token, secret_data(initial_token), secret_len(initial_token));
	if (e < 0)
		return e;
	r->done = done;
	r->userdata = userdata;
	e = provider_discover(p, on_discovered, r, &r->wait);
	if (e == 0)
		*ret = LK_STEAL(r);
	return e;
}

static int start(struct registrar **ret, struct provider *p, struct fetch_client *fetch,
		 const struct registration_wish *wish, const struct registration *old, registrar_done_fn done,
		 void *userdata)
{
	LK_CLEANUP(registrar_freep) struct registrar *r = NULL;
	int e = registrar_new(&r, p, fetch, wish, old);

	if (e < 0)
		return e;
	r->done = done;
	r->userdata = userdata;
	e = send_it(r);
	if (e == 0)
		*ret = LK_STEAL(r);
	return e;
}

int registrar_update(struct registrar **ret, struct provider *p, struct fetch_client *fetch,
		     const struct registration_wish *wish, const struct registration *old, registrar_done_fn done,
		     void *userdata)
{
	return start(ret, p, fetch, wish, old, done, userdata);
}

int registrar_end(struct registrar **ret, struct provider *p, struct fetch_client *fetch,
		  const struct registration *old, registrar_done_fn done, void *userdata)
{
	return start(ret, p, fetch, NULL, old, done, userdata);
}
