/* SPDX-License-Identifier: MIT */
/*
 * One revocation, with its retries. What the provider says about a token that it does not know any more is what was wanted;
 * what it says about this client is not.
 */
#include "helper/oauth/revoke.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/oauth/error.h"
#include "helper/oauth/reply.h"
#include "helper/oauth/request.h"

#define REVOKE_TIMEOUT_MS 5000u
#define TRIES 3u
#define RETRY_DEFAULT_S 2u
#define RETRY_MAX_S 30u

static const char endpoint[] = "revocation";

struct revoke {
	struct provider *provider;
	sd_event *event;
	struct fetch_client *fetch;
	struct secret *refresh_token; /* the one that is shown, until it turns out to be of the wrong kind */
	struct secret *access_token;
	unsigned n_tries;
	struct oauth_call *call;
	sd_event_source *timer;
	revoke_done_fn done;
	void *userdata;
};

void revoke_free(struct revoke *r)
{
	if (r == NULL)
		return;
	oauth_call_cancel(r->call);
	sd_event_source_disable_unref(r->timer);
	secret_free(r->refresh_token);
	secret_free(r->access_token);
	free(r);
}

/* The callee may free @r: nobody touches it after this. */
static void finish_until(struct revoke *r, enum revoke_outcome outcome, const struct oauth_result *result,
			 uint32_t retry_after_s)
{
	struct oauth_result copy = *result;

	oauth_result_hide(&copy, r->refresh_token);
	oauth_result_hide(&copy, r->access_token);
	client_auth_explain(&copy, r->provider, provider_settings(r->provider));
	r->done(r->userdata, outcome, &copy, retry_after_s);
}

static void finish(struct revoke *r, enum revoke_outcome outcome, const struct oauth_result *result)
{
	finish_until(r, outcome, result, 0);
}

static int ask(struct revoke *r);

static void ask_or_finish(struct revoke *r)
{
	struct oauth_result result;

	if (ask(r) == 0)
		return;
	oauth_result_set(&result, OAUTH_NO_MEMORY, "%s: the request cannot be made", endpoint);
	finish(r, REVOKE_UNREACHABLE, &result);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct revoke *r = userdata;

	(void)source;
	(void)usec;
	r->timer = sd_event_source_disable_unref(r->timer);
	ask_or_finish(r);
	return 0;
}

static void try_later(struct revoke *r, uint32_t retry_after_s, const struct oauth_result *result)
{
	uint32_t wait_s = retry_after_s > 0 ? retry_after_s : RETRY_DEFAULT_S;

	if (r->n_tries < TRIES && wait_s <= RETRY_MAX_S &&
	    sd_event_add_time_relative(r->event, &r->timer, CLOCK_MONOTONIC, wait_s * UINT64_C(1000000), 0, on_timer,
				       r) >= 0)
		return;
	finish_until(r, REVOKE_UNREACHABLE, result, retry_after_s);
}

/* RFC 7009 section 2.2.1 */
static void judge_error(struct revoke *r, const char *error, struct json_object *reply)
{
	const struct dialect *d = provider_settings(r->provider)->dialect;
	struct oauth_result result = {.outcome = OAUTH_DONE};

	if (strcmp(error, "invalid_token") == 0) {
		finish(r, REVOKE_DONE, &result);
		return;
	}
	if (strcmp(error, "unsupported_token_type") != 0) {
		oauth_result_from_error(&result, d, error, reply);
		finish(r, REVOKE_CLIENT_REFUSED, &result);
		return;
	}
	if (d->dead_token_is_unsupported) {
		finish(r, REVOKE_DONE, &result);
		return;
	}
	if (r->refresh_token != NULL && r->access_token != NULL) {
		secret_free(LK_STEAL(r->refresh_token));
		ask_or_finish(r);
		return;
	}
	oauth_result_set(&result, OAUTH_PROVIDER_REFUSED, "%s: not for this kind of token", endpoint);
	finish(r, REVOKE_NOT_SUPPORTED, &result);
}

static void judge_reply(struct revoke *r, const struct fetch_reply *reply)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *o = NULL;
	struct oauth_result result = {.outcome = OAUTH_DONE};
	const char *error;

	if (reply->status >= 200 && reply->status <= 299) {
		finish(r, REVOKE_DONE, &result);
		return;
	}
	oauth_result_from_status(&result, endpoint, reply->status);
	if (reply->status >= 500 || reply->status == 429 || reply->status == 408) {
		try_later(r, reply->retry_after_s, &result);
		return;
	}
	if (reply_object(&o, reply->body, reply->body_len) == 0 &&
	    json_read_string(o, "error", OAUTH_ERROR_MAX, &error) == 0) {
		judge_error(r, error, o);
		return;
	}
	/* 401 and 403 are about this client, with or without words; the rest about nothing that we know. */
	finish(r, reply->status == 401 || reply->status == 403 ? REVOKE_CLIENT_REFUSED : REVOKE_UNREACHABLE, &result);
}

static void on_reply(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	struct revoke *r = userdata;
	struct oauth_result result;

	r->call = NULL;
	if (outcome != FETCH_DONE) {
		oauth_result_from_fetch(&result, endpoint, outcome, detail);
		try_later(r, 0, &result);
		return;
	}
	provider_note_date(r->provider, reply->date_s);
	judge_reply(r, reply);
}

/* REV-02 */
static int ask(struct revoke *r)
{
	LK_CLEANUP(form_done) struct form form = {0};

	r->n_tries++;
	form_init(&form);
	form_add_secret(&form, "token", r->refresh_token != NULL ? r->refresh_token : r->access_token);
	form_add(&form, "token_type_hint", r->refresh_token != NULL ? "refresh_token" : "access_token");
	return request_post(r->fetch, provider_settings(r->provider), provider_revocation_endpoint(r->provider), &form,
			    false, REVOKE_TIMEOUT_MS, on_reply, r, &r->call);
}

static int copy_secret(struct secret **ret, const struct secret *s)
{
	return s != NULL ? secret_copy(ret, secret_data(s), secret_len(s)) : 0;
}

int revoke_start(struct revoke **ret, struct provider *p, sd_event *event, struct fetch_client *fetch,
		 const struct secret *refresh_token, const struct secret *access_token, revoke_done_fn done,
		 void *userdata)
{
	LK_CLEANUP(revoke_freep) struct revoke *r = NULL;
	int e;

	if (refresh_token == NULL && access_token == NULL)
		return -EINVAL;
	if (provider_revocation_endpoint(p) == NULL)
		return -ENOSYS;
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return -ENOMEM;
	e = copy_secret(&r->refresh_token, refresh_token);
	if (e == 0)
		e = copy_secret(&r->access_token, access_token);
	if (e < 0)
		return e;
	r->provider = p;
	r->event = event;
	r->fetch = fetch;
	r->done = done;
	r->userdata = userdata;
	e = ask(r);
	if (e == 0)
		*ret = LK_STEAL(r);
	return e;
}
