/* SPDX-License-Identifier: MIT */
/* One exchange and its reply. Must never hand on something that is not what was asked for, nor a refresh token, which nobody here
 * would keep. */
#include "helper/oauth/token_exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/text.h"
#include "helper/oauth/error.h"
#include "helper/oauth/request.h"

#define EXCHANGE_TIMEOUT_MS 10000u
#define GRANT "urn:ietf:params:oauth:grant-type:token-exchange"

static const char what[] = "token exchange";

struct token_exchange {
	struct provider *provider;
	struct fetch_client *fetch;
	struct form form;             /* what is asked, until it has been */
	struct secret *subject_token; /* so that no provider's text repeats them */
	struct secret *actor_token;
	char *requested_token_type;
	struct provider_wait *wait;
	struct oauth_call *call;
	token_exchange_done_fn done;
	void *userdata;
};

void token_exchange_free(struct token_exchange *x)
{
	if (x == NULL)
		return;
	provider_wait_cancel(x->wait);
	oauth_call_cancel(x->call);
	form_done(&x->form);
	secret_free(x->subject_token);
	secret_free(x->actor_token);
	free(x->requested_token_type);
	free(x);
}

static enum oauth_outcome judge_type(struct token_set **ret, struct oauth_result *result, struct token_set *tokens,
				     const char *requested)
{
	LK_CLEANUP(token_set_freep) struct token_set *t = tokens;

	if (requested != NULL && t->issued_token_type != NULL && strcmp(t->issued_token_type, requested) != 0) {
		oauth_result_set(result, OAUTH_BAD_REPLY, "%s: the token is not of the kind that was asked for", what);
		return result->outcome;
	}
	secret_free(LK_STEAL(t->refresh_token));
	*result = (struct oauth_result){.outcome = OAUTH_DONE};
	*ret = LK_STEAL(t);
	return OAUTH_DONE;
}

enum oauth_outcome token_exchange_parse(struct token_set **ret, struct oauth_result *result, const struct dialect *d,
					const char *requested, unsigned status, const char *body, size_t len)
{
	struct token_set *tokens = NULL;
	uint32_t interval_s;
	int r;

	r = token_reply_parse_exchanged(&tokens, &interval_s, result, d, status, body, len);
	if (r == TOKEN_REPLY_TOKENS)
		return judge_type(ret, result, tokens, requested);
	token_reply_explain(result, r, what, status);
	return result->outcome;
}

/* The callee may free @x: nobody touches it after this. */
static void finish(struct token_exchange *x, const struct oauth_result *result, struct token_set *tokens)
{
	struct oauth_result copy = *result;

	oauth_result_hide(&copy, x->subject_token);
	oauth_result_hide(&copy, x->actor_token);
	client_auth_explain(&copy, x->provider, provider_settings(x->provider));
	x->done(x->userdata, &copy, tokens);
}

static void on_reply(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	struct token_exchange *x = userdata;
	struct token_set *tokens = NULL;
	struct oauth_result result;

	x->call = NULL;
	if (outcome != FETCH_DONE) {
		oauth_result_from_fetch(&result, what, outcome, detail);
	} else {
		provider_note_date(x->provider, reply->date_s);
		(void)token_exchange_parse(&tokens, &result, provider_settings(x->provider)->dialect,
					   x->requested_token_type, reply->status, reply->body, reply->body_len);
	}
	finish(x, &result, tokens);
}

static void on_prepared(void *userdata, const struct oauth_result *result)
{
	struct token_exchange *x = userdata;
	struct oauth_result failure;
	int r;

	x->wait = NULL;
	if (result->outcome != OAUTH_DONE) {
		finish(x, result, NULL);
		return;
	}
	r = request_post(x->fetch, provider_settings(x->provider), provider_token_endpoint(x->provider), &x->form,
			 false, EXCHANGE_TIMEOUT_MS, on_reply, x, &x->call);
	form_done(&x->form);
	if (r == 0)
		return;
	oauth_result_set(&failure, r == -ENOMEM ? OAUTH_NO_MEMORY : OAUTH_CLIENT_REFUSED,
			 "%s: the request cannot be made", what);
	finish(x, &failure, NULL);
}

/* TX-01, TX-02 */
static int write_form(struct form *form, const struct provider_settings *s, const struct token_exchange_request *q)
{
	form_init(form);
	form_add(form, "grant_type", GRANT);
	form_add_list(form, "resource", q->resources);
	form_add_list(form, "audience", q->audiences);
	if (q->scope != NULL)
		request_add_scope(form, s, q->scope);
	form_add(form, "requested_token_type", q->requested_token_type);
	form_add_secret(form, "subject_token", q->subject_token);
	form_add(form, "subject_token_type", q->subject_token_type);
	form_add_secret(form, "actor_token", q->actor_token);
	form_add(form, "actor_token_type", q->actor_token_type);
	form_add(form, "token_handler", s->token_handler);
	return form_fault(form);
}

static bool is_whole(const struct token_exchange_request *q)
{
	return q->subject_token != NULL && q->subject_token_type != NULL &&
	       (q->actor_token != NULL) == (q->actor_token_type != NULL);
}

static int copy_secret(struct secret **ret, const struct secret *s)
{
	return s != NULL ? secret_copy(ret, secret_data(s), secret_len(s)) : 0;
}

int token_exchange_start(struct token_exchange **ret, struct provider *p, struct fetch_client *fetch,
			 const struct token_exchange_request *request, token_exchange_done_fn done, void *userdata)
{
	LK_CLEANUP(token_exchange_freep) struct token_exchange *x = NULL;
	int r;

	if (!is_whole(request))
		return -EINVAL;
	x = calloc(1, sizeof(*x));
	if (x == NULL)
		return -ENOMEM;
	r = copy_secret(&x->subject_token, request->subject_token);
	if (r == 0)
		r = copy_secret(&x->actor_token, request->actor_token);
	if (r == 0)
		r = text_copy(&x->requested_token_type, request->requested_token_type);
	if (r == 0)
		r = write_form(&x->form, provider_settings(p), request);
	if (r < 0)
		return r;
	x->provider = p;
	x->fetch = fetch;
	x->done = done;
	x->userdata = userdata;
	r = provider_prepare(p, on_prepared, x, &x->wait);
	if (r == 0)
		*ret = LK_STEAL(x);
	return r;
}
