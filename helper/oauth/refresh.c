/* SPDX-License-Identifier: MIT */
/* One refresh, with its one retry where the provider is known to bear that. Must never show a token twice to a provider that
 * takes the second time for a theft. */
#include "helper/oauth/refresh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/clock.h"
#include "helper/base/text.h"
#include "helper/oauth/error.h"
#include "helper/oauth/request.h"

#define REFRESH_TIMEOUT_MS 10000u
#define BUSY_WAIT_MS 1000u

struct refresh {
	struct provider *provider;
	sd_event *event;
	struct fetch_client *fetch;
	struct secret *refresh_token;
	char *scope;
	char *resource;
	bool is_again;

	bool has_retried;
	uint64_t first_ms; /* when it was shown for the first time */
	struct oauth_call *call;
	sd_event_source *timer;
	refresh_done_fn done;
	void *userdata;
};

void refresh_free(struct refresh *r)
{
	if (r == NULL)
		return;
	oauth_call_cancel(r->call);
	sd_event_source_disable_unref(r->timer);
	secret_free(r->refresh_token);
	free(r->scope);
	free(r->resource);
	free(r);
}

static const struct dialect *dialect_of(const struct refresh *r)
{
	return provider_settings(r->provider)->dialect;
}

/* The callee may free @r: nobody touches it after this. */
static void finish(struct refresh *r, enum refresh_outcome outcome, const struct oauth_result *result,
		   struct token_set *tokens, uint32_t retry_after_s)
{
	struct oauth_result copy = *result;

	if (outcome == REFRESH_BUSY)
		outcome = REFRESH_UNREACHABLE;
	if (outcome == REFRESH_GONE && r->is_again && !dialect_of(r)->keeps_used_refresh_token)
		outcome = REFRESH_DEAD;
	oauth_result_hide(&copy, r->refresh_token);
	client_auth_explain(&copy, r->provider, provider_settings(r->provider));
	r->done(r->userdata, outcome, &copy, tokens, retry_after_s);
}

static int ask(struct refresh *r);

static void ask_again(struct refresh *r)
{
	struct oauth_result result;

	if (ask(r) == 0)
		return;
	oauth_result_set(&result, OAUTH_NO_MEMORY, "refresh: the request cannot be made again");
	finish(r, REFRESH_LOST, &result, NULL, 0);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct refresh *r = userdata;

	(void)source;
	(void)usec;
	r->timer = sd_event_source_disable_unref(r->timer);
	ask_again(r);
	return 0;
}

/* Return: whether it is asked once more, or will be. */
static bool retries(struct refresh *r, enum refresh_outcome outcome)
{
	const struct dialect *d = dialect_of(r);
	bool may = d->keeps_used_refresh_token ||
		   (d->refresh_grace_s > 0 && clock_monotonic_ms() - r->first_ms < d->refresh_grace_s * UINT64_C(1000));

	if (r->has_retried)
		return false;
	if (outcome == REFRESH_LOST && may) {
		r->has_retried = true;
		r->is_again = true;
		ask_again(r);
		return true;
	}
	if (outcome == REFRESH_BUSY) {
		r->has_retried = true;
		return sd_event_add_time_relative(r->event, &r->timer, CLOCK_MONOTONIC, BUSY_WAIT_MS * UINT64_C(1000),
						  0, on_timer, r) >= 0;
	}
	return false;
}

static enum refresh_outcome outcome_of_failure(enum fetch_outcome outcome)
{
	switch (outcome) {
	case FETCH_UNREACHABLE:
	case FETCH_TLS:
	case FETCH_NOT_ALLOWED:
	case FETCH_OVERLOADED:
	case FETCH_UNSIGNED:
		return REFRESH_UNREACHABLE;
	case FETCH_DONE:
	case FETCH_TIMEOUT:
	case FETCH_TOO_LARGE:
	case FETCH_BAD_REPLY:
	case FETCH_LOST:
	case FETCH_BROKEN:
		break;
	}
	return REFRESH_LOST;
}

static void on_reply(void *userdata, enum fetch_outcome fetched, const struct fetch_reply *reply, const char *detail)
{
	LK_CLEANUP(token_set_freep) struct token_set *tokens = NULL;
	struct refresh *r = userdata;
	enum refresh_outcome outcome;
	struct oauth_result result;

	r->call = NULL;
	if (fetched != FETCH_DONE) {
		oauth_result_from_fetch(&result, "refresh", fetched, detail);
		outcome = outcome_of_failure(fetched);
	} else {
		provider_note_date(r->provider, reply->date_s);
		outcome = refresh_reply_parse(&tokens, &result, dialect_of(r), reply->status, reply->body,
					      reply->body_len);
	}
	if (retries(r, outcome))
		return;
	finish(r, outcome, &result, LK_STEAL(tokens), fetched == FETCH_DONE ? reply->retry_after_s : 0);
}

static int ask(struct refresh *r)
{
	const struct provider_settings *s = provider_settings(r->provider);
	LK_CLEANUP(form_done) struct form form = {0};

	form_init(&form);
	form_add(&form, "grant_type", "refresh_token");
	form_add_secret(&form, "refresh_token", r->refresh_token);
	if (r->scope != NULL)
		request_add_scope(&form, s, r->scope);
	form_add(&form, "resource", r->resource);
	return request_post(r->fetch, s, provider_token_endpoint(r->provider), &form, false, REFRESH_TIMEOUT_MS,
			    on_reply, r, &r->call);
}

int refresh_start(struct refresh **ret, struct provider *p, sd_event *event, struct fetch_client *fetch,
		  const struct refresh_request *request, refresh_done_fn done, void *userdata)
{
	LK_CLEANUP(refresh_freep) struct refresh *r = calloc(1, sizeof(*r));
	const struct provider_settings *s = provider_settings(p);
	const char *scope = request->scope;
	int e;

	if (r == NULL)
		return -ENOMEM;
	if (scope == NULL && s->dialect->refresh_names_scope)
		scope = request->granted_scope != NULL ? request->granted_scope : s->scope;
	e = secret_copy(&r->refresh_token, secret_data(request->refresh_token), secret_len(request->refresh_token));
	if (e == 0)
		e = text_copy(&r->scope, scope);
	if (e == 0)
		e = text_copy(&r->resource, request->resource);
	if (e < 0)
		return e;
	r->provider = p;
	r->event = event;
	r->fetch = fetch;
	r->is_again = request->is_again;
	r->first_ms = clock_monotonic_ms();
	r->done = done;
	r->userdata = userdata;

	e = ask(r);
	if (e == 0)
		*ret = LK_STEAL(r);
	return e;
}
