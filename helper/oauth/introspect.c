/* SPDX-License-Identifier: MIT */
/* Asks whether an access token still counts. Must never take a reply for a yes that says so in any other way than RFC 7662
 * section 2.2 does, nor a refusal of this client for a word about a person. */
#include "helper/oauth/introspect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/oauth/error.h"
#include "helper/oauth/form.h"
#include "helper/oauth/introspect_presented.h"
#include "helper/oauth/request.h"

#define INTROSPECT_TIMEOUT_MS 10000u
#define SKEW_S 60
#define DATE_MAX_S (INT64_C(1) << 53)

static const char endpoint[] = "introspection";

struct introspect {
	struct provider *provider;
	struct secret *token;
	struct oauth_call *call;
	introspect_done_fn done;
	void *userdata;
	bool is_presented;
	struct introspect_presented expect;
	struct introspect_facts facts;
};

void introspect_free(struct introspect *i)
{
	if (i == NULL)
		return;
	oauth_call_cancel(i->call);
	secret_free(i->token);
	free(i);
}

/* What is there must be right; what is not there says nothing. */
static bool is_text_or_missing(const struct json_object *o, const char *name, const char *expected)
{
	const char *text;
	int r = json_read_string(o, name, 2048, &text);

	return r == -ENOENT || (r == 0 && (expected == NULL || strcmp(text, expected) == 0));
}

static enum introspect_outcome judge_times(struct oauth_result *result, const struct json_object *o, int64_t now_s)
{
	int64_t exp_s = INT64_MAX, nbf_s = 0, iat_s = 0;
	int exp = json_read_int(o, "exp", 0, DATE_MAX_S, &exp_s);
	int nbf = json_read_int(o, "nbf", 0, DATE_MAX_S, &nbf_s);
	int iat = json_read_int(o, "iat", 0, DATE_MAX_S, &iat_s);

	if ((exp < 0 && exp != -ENOENT) || (nbf < 0 && nbf != -ENOENT) || (iat < 0 && iat != -ENOENT)) {
		oauth_result_set(result, OAUTH_BAD_REPLY, "%s: a time is no number", endpoint);
		return INTROSPECT_UNREACHABLE;
	}
	if (now_s >= exp_s || now_s + SKEW_S < nbf_s || now_s + SKEW_S < iat_s) {
		oauth_result_set(result, OAUTH_TOKEN_REFUSED, "%s: active, but not at this time", endpoint);
		return INTROSPECT_INACTIVE;
	}
	*result = (struct oauth_result){.outcome = OAUTH_DONE};
	return INTROSPECT_ACTIVE;
}

enum introspect_outcome introspect_parse(struct oauth_result *result, const struct introspect_expectation *expect,
					 const char *body, size_t len)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *o = NULL;
	struct json_object *active = NULL;
	int r = json_parse(&o, body, len);

	if (r < 0 || !json_object_is_type(o, json_type_object)) {
		oauth_result_set(result, r == -ENOMEM ? OAUTH_NO_MEMORY : OAUTH_BAD_REPLY, "%s: not a JSON object",
				 endpoint);
		return INTROSPECT_UNREACHABLE;
	}
	if (!json_object_object_get_ex(o, "active", &active) || !json_object_is_type(active, json_type_boolean) ||
	    !json_object_get_boolean(active)) {
		oauth_result_set(result, OAUTH_TOKEN_REFUSED, "%s: the token is not active", endpoint);
		return INTROSPECT_INACTIVE;
	}
	if (!is_text_or_missing(o, "client_id", expect->client_id) || !is_text_or_missing(o, "iss", expect->issuer)) {
		oauth_result_set(result, OAUTH_BAD_REPLY, "%s: speaks of a token of another client or issuer",
				 endpoint);
		return INTROSPECT_UNREACHABLE;
	}
	return judge_times(result, o, expect->now_s);
}

/* The callee may free @i: nobody touches it after this. */
static void finish(struct introspect *i, enum introspect_outcome outcome, const struct oauth_result *result)
{
	struct oauth_result copy = *result;

	oauth_result_hide(&copy, i->token);
	client_auth_explain(&copy, i->provider, provider_settings(i->provider));
	i->done(i->userdata, outcome, &copy);
}

static enum introspect_outcome judge(struct introspect *i, struct oauth_result *result, const struct fetch_reply *reply)
{
	struct introspect_expectation expect = {
		.client_id = provider_settings(i->provider)->client_id,
		.now_s = clock_realtime_s(),
	};
	bool is_template = false;

	expect.issuer = provider_token_issuer(i->provider, &is_template);
	if (is_template)
		expect.issuer = NULL;
	if (!i->is_presented)
		return introspect_parse(result, &expect, reply->body, reply->body_len);
	i->expect.issuer = expect.issuer;
	i->expect.now_s = expect.now_s;
	return introspect_presented_parse(&i->facts, result, &i->expect, reply->body, reply->body_len);
}

static void on_reply(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	struct introspect *i = userdata;
	enum introspect_outcome judged;
	struct oauth_result result;

	i->call = NULL;
	if (outcome != FETCH_DONE) {
		oauth_result_from_fetch(&result, endpoint, outcome, detail);
		finish(i, INTROSPECT_UNREACHABLE, &result);
		return;
	}
	provider_note_date(i->provider, reply->date_s);
	if (reply->status != 200) {
		/* INT-04: section 2.3, about this client */
		if (reply->status == 400 || reply->status == 401 || reply->status == 403)
			oauth_result_set(&result, OAUTH_CLIENT_REFUSED, "%s: HTTP %u, this client may not ask",
					 endpoint, reply->status);
		else
			oauth_result_from_status(&result, endpoint, reply->status);
		finish(i, INTROSPECT_UNREACHABLE, &result);
		return;
	}
	judged = judge(i, &result, reply);
	finish(i, judged, &result);
}

bool introspect_is_possible(const struct provider *p)
{
	return provider_introspection_endpoint(p) != NULL && client_auth_is_proof(provider_settings(p));
}

const struct introspect_facts *introspect_facts(const struct introspect *i)
{
	return &i->facts;
}

static int start(struct introspect **ret, struct provider *p, struct fetch_client *fetch, const struct secret *token,
		 const struct introspect_presented *expect, introspect_done_fn done, void *userdata)
{
	LK_CLEANUP(introspect_freep) struct introspect *i = NULL;
	LK_CLEANUP(form_done) struct form form = {0};
	int r;

	if (!introspect_is_possible(p))
		return -EINVAL;
	i = calloc(1, sizeof(*i));
	if (i == NULL)
		return -ENOMEM;
	r = secret_copy(&i->token, secret_data(token), secret_len(token));
	if (r < 0)
		return r;
	i->provider = p;
	i->done = done;
	i->userdata = userdata;
	i->is_presented = expect != NULL;
	if (expect != NULL)
		i->expect = *expect;

	form_init(&form);
	form_add_secret(&form, "token", token);
	form_add(&form, "token_type_hint", "access_token");
	r = request_post(fetch, provider_settings(p), provider_introspection_endpoint(p), &form, false,
			 INTROSPECT_TIMEOUT_MS, on_reply, i, &i->call);
	if (r == 0)
		*ret = LK_STEAL(i);
	return r;
}

int introspect_start(struct introspect **ret, struct provider *p, struct fetch_client *fetch,
		     const struct secret *access_token, introspect_done_fn done, void *userdata)
{
	return start(ret, p, fetch, access_token, NULL, done, userdata);
}

int introspect_presented_start(struct introspect **ret, struct provider *p, struct fetch_client *fetch,
			       const struct secret *token, const struct introspect_presented *expect,
			       introspect_done_fn done, void *userdata)
{
	return start(ret, p, fetch, token, expect, done, userdata);
}
