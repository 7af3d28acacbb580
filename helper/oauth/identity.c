/* SPDX-License-Identifier: MIT */
/* From tokens to a person: ID token verified, what it lacks asked of userinfo, subjects compared. There is one way to
 * OAUTH_DONE, and it goes through a checked signature, or, for a provider without ID tokens, through an access token of
 * our own flow; must never be used on a token that somebody brought along (OA-15). */
#include "helper/oauth/identity.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json_pointer.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/jose/id_token.h"
#include "helper/oauth/error.h"
#include "helper/oauth/reply.h"
#include "helper/oauth/request.h"
#include "helper/oauth/userinfo.h"

#define USERINFO_TIMEOUT_MS 10000u
#define USERINFO_ACCEPT "application/json, application/jwt;q=0.9"
#define CLOCK_DIFFERENCE_WORTH_SAYING_S 30

struct identity_check {
	struct provider *provider;
	struct fetch_client *fetch;
	struct secret *id_token;
	struct secret *access_token;
	char *nonce;
	char *client_id; /* whom the ID token is for; NULL: the provider's client */
	char **wanted;
	identity_done_fn done;
	void *userdata;

	struct fetch_call *call;
	struct provider_wait *wait;
	bool has_refetched;
	bool by_userinfo;           /* there is no ID token, and there need not be one */
	struct json_object *claims; /* of the ID token, once it is believed */
};

/* Each step ends in one of these. */
enum step {
	STEP_WAITS = 0, /* a callback goes on */
	STEP_OVER = 1,  /* done ran; the check may be gone */
};

void identity_free(struct identity *i)
{
	if (i == NULL)
		return;
	free(i->issuer);
	free(i->subject);
	json_object_put(i->claims);
	free(i);
}

void identity_check_free(struct identity_check *c)
{
	if (c == NULL)
		return;
	fetch_cancel(c->call);
	provider_wait_cancel(c->wait);
	free(c->client_id);
	secret_free(c->id_token);
	secret_free(c->access_token);
	free(c->nonce);
	text_free_list(c->wanted);
	json_object_put(c->claims);
	free(c);
}
LK_DEFINE_CLEANUP(struct identity_check *, identity_check_free);

/* The callee may free the check: nobody touches it after this. */
static enum step finish(struct identity_check *c, const struct oauth_result *result, struct identity *identity)
{
	struct oauth_result copy = *result;

	oauth_result_hide(&copy, c->access_token);
	c->done(c->userdata, &copy, identity);
	return STEP_OVER;
}

static enum step refuse(struct identity_check *c, enum oauth_outcome outcome, const char *detail)
{
	struct oauth_result result;

	oauth_result_set(&result, outcome, "%s", detail);
	return finish(c, &result, NULL);
}

static const struct dialect *dialect_of(const struct identity_check *c)
{
	return provider_settings(c->provider)->dialect;
}

static uint32_t algorithms_of(const struct identity_check *c)
{
	uint32_t algorithms = provider_settings(c->provider)->algorithms;

	return algorithms != 0 ? algorithms : 1u << JWS_RS256;
}

/* GitHub's id is a number; no other kind of number is one (a float would not come back digit by digit). */
static int read_id(char *out, size_t size, const struct json_object *claims, const char *name)
{
	const char *text;
	int64_t number;
	int n;

	if (json_read_string(claims, name, ID_TOKEN_SUBJECT_MAX, &text) == 0)
		n = reply_is_visible(text) ? snprintf(out, size, "%s", text) : -1;
	else if (json_read_int(claims, name, 1, INT64_MAX, &number) == 0)
		n = snprintf(out, size, "%" PRId64, number);
	else
		n = -1;
	return n > 0 && (size_t)n < size ? 0 : -EBADMSG;
}

static bool tenant_is_allowed(const struct provider_settings *s, const char *tenant)
{
	return s->tenants == NULL || s->tenants[0] == NULL || text_in_list(s->tenants, tenant);
}

/* The name of a person for ever: "sub", or "tenant/id" where sub is another one for each client. */
static int read_subject(char **ret, const struct provider_settings *s, const struct json_object *claims)
{
	const struct dialect *d = s->dialect;
	char id[ID_TOKEN_SUBJECT_MAX + 1], tenant[ID_TOKEN_SUBJECT_MAX + 1] = "";
	char *subject;
	int r = read_id(id, sizeof(id), claims, d->subject_claim);

	if (r < 0)
		return r;
	if (d->tenant_claim != NULL) {
		r = read_id(tenant, sizeof(tenant), claims, d->tenant_claim);
		if (r < 0 || strchr(tenant, '/') != NULL || strchr(id, '/') != NULL || !tenant_is_allowed(s, tenant))
			return -EBADMSG;
	}
	if (asprintf(&subject, "%s%s%s", tenant, d->tenant_claim != NULL ? "/" : "", id) < 0)
		return -ENOMEM;
	if (strlen(subject) > ID_TOKEN_SUBJECT_MAX) {
		free(subject);
		return -EBADMSG;
	}
	*ret = subject;
	return 0;
}

/* The only place that says OAUTH_DONE. @claims are verified, or userinfo's where there is no ID token. */
static enum step grant(struct identity_check *c, struct json_object *claims)
{
	LK_CLEANUP(identity_freep) struct identity *i = calloc(1, sizeof(*i));
	const struct provider_settings *s = provider_settings(c->provider);
	struct oauth_result done = {.outcome = OAUTH_DONE};
	int r;

	if (i == NULL)
		return refuse(c, OAUTH_NO_MEMORY, "identity");
	r = read_subject(&i->subject, s, claims);
	if (r == -EBADMSG)
		return refuse(c, OAUTH_TOKEN_INVALID, "the claims that name the person are missing or not allowed");
	i->issuer = strdup(s->issuer);
	if (r < 0 || i->issuer == NULL)
		return refuse(c, OAUTH_NO_MEMORY, "identity");
	i->claims = json_object_get(claims);
	return finish(c, &done, LK_STEAL(i));
}

static bool has_claim(struct json_object *claims, const char *name)
{
	struct json_object *value = NULL;

	if (name[0] == '/')
		return json_pointer_get(claims, name, &value) == 0 && value != NULL;
	return json_object_object_get_ex(claims, name, &value) && value != NULL;
}

static bool has_all_wanted(const struct identity_check *c)
{
	for (char **name = c->wanted; *name != NULL; name++) {
		if (!has_claim(c->claims, *name))
			return false;
	}
	return true;
}

static enum step judge_id_token(struct identity_check *c);
static enum step ask_userinfo(struct identity_check *c);

static void on_keys(void *userdata, const struct oauth_result *result)
{
	struct identity_check *c = userdata;

	c->wait = NULL;
	if (result->outcome != OAUTH_DONE)
		(void)finish(c, result, NULL);
	else if (c->claims == NULL && !c->by_userinfo)
		(void)judge_id_token(c);
	else
		(void)ask_userinfo(c);
}

/* N15, ID-20: the key may be newer than our set; one look, no more. */
static enum step look_for_new_keys(struct identity_check *c)
{
	if (c->has_refetched)
		return refuse(c, OAUTH_TOKEN_INVALID, "signed with a key that the provider does not publish");
	c->has_refetched = true;
	if (provider_refetch_keys(c->provider, on_keys, c, &c->wait) < 0)
		return refuse(c, OAUTH_NO_MEMORY, "keys");
	return STEP_WAITS;
}

static enum step use_userinfo(struct identity_check *c, struct json_object *userinfo)
{
	if (c->by_userinfo)
		return grant(c, userinfo);
	if (userinfo_merge(c->claims, userinfo) < 0)
		return refuse(c, OAUTH_NO_MEMORY, "userinfo");
	return grant(c, c->claims);
}

static void judge_userinfo(struct identity_check *c, const struct fetch_reply *reply)
{
	LK_CLEANUP(json_object_putp) struct json_object *userinfo = NULL;
	const struct provider_settings *s = provider_settings(c->provider);
	struct userinfo_expectation expect = {
		.issuer = s->issuer,
		.client_id = s->client_id,
		.keys = provider_keys(c->provider),
		.algorithms = algorithms_of(c),
	};
	struct oauth_result result;
	int r;

	/* both were checked with the ID token; a template's issuer is known from there only */
	if (c->claims != NULL && (json_read_string(c->claims, "sub", ID_TOKEN_SUBJECT_MAX, &expect.subject) < 0 ||
				  json_read_string(c->claims, "iss", 2048, &expect.issuer) < 0)) {
		(void)refuse(c, OAUTH_TOKEN_INVALID, "ID token without sub or iss");
		return;
	}
	r = userinfo_parse(&userinfo, &result, &expect, reply->content_type, reply->body, reply->body_len);
	if (r < 0)
		(void)refuse(c, OAUTH_NO_MEMORY, "userinfo");
	else if (r == USERINFO_UNKNOWN_KEY)
		(void)look_for_new_keys(c);
	else if (r != 0)
		(void)finish(c, &result, NULL);
	else
		(void)use_userinfo(c, userinfo);
}

static void on_userinfo(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	struct identity_check *c = userdata;
	struct oauth_result result;

	c->call = NULL;
	if (outcome != FETCH_DONE) {
		oauth_result_from_fetch(&result, "userinfo", outcome, detail);
		(void)finish(c, &result, NULL);
		return;
	}
	provider_note_date(c->provider, reply->date_s);
	if (reply->status == 200) {
		judge_userinfo(c, reply);
		return;
	}
	userinfo_result_from_status(&result, reply->status);
	(void)finish(c, &result, NULL);
}

static enum step ask_userinfo(struct identity_check *c)
{
	const char *accept = dialect_of(c)->userinfo_accept;

	if (request_get(c->fetch, provider_settings(c->provider), provider_userinfo_endpoint(c->provider),
			accept != NULL ? accept : USERINFO_ACCEPT, c->access_token, USERINFO_TIMEOUT_MS, on_userinfo, c,
			&c->call) < 0)
		return refuse(c, OAUTH_NO_MEMORY, "userinfo request");
	return STEP_WAITS;
}

/* N20: two clocks that disagree look like a bad token; say which it is, and by how much. */
static enum step refuse_id_token(struct identity_check *c, int outcome)
{
	int64_t difference_s = provider_clock_difference_s(c->provider);
	bool is_about_time = outcome == ID_TOKEN_EXPIRED || outcome == ID_TOKEN_NOT_YET || outcome == ID_TOKEN_TOO_OLD;
	struct oauth_result result;

	if (is_about_time &&
	    (difference_s > CLOCK_DIFFERENCE_WORTH_SAYING_S || difference_s < -CLOCK_DIFFERENCE_WORTH_SAYING_S))
		oauth_result_set(&result, OAUTH_TOKEN_INVALID,
				 "ID token: %s; this host's clock is %" PRId64 " s %s the provider's",
				 id_token_outcome_text(outcome), difference_s < 0 ? -difference_s : difference_s,
				 difference_s < 0 ? "ahead of" : "behind");
	else
		oauth_result_set(&result, OAUTH_TOKEN_INVALID, "ID token: %s", id_token_outcome_text(outcome));
	return finish(c, &result, NULL);
}

static enum step judge_id_token(struct identity_check *c)
{
	const struct provider_settings *s = provider_settings(c->provider);
	struct id_token_expectation expect = {
		.tenants = (const char *const *)s->tenants,
		.client_id = c->client_id != NULL ? c->client_id : s->client_id,
		.access_token = secret_data(c->access_token),
		.nonce = c->nonce,
		.algorithms = algorithms_of(c),
		.now_s = clock_realtime_s(),
	};
	const struct jwk_set *keys = provider_keys(c->provider);
	int r;

	expect.issuer = provider_token_issuer(c->provider, &expect.issuer_is_template);
	if (keys == NULL)
		return look_for_new_keys(c);
	r = id_token_check(&c->claims, secret_data(c->id_token), secret_len(c->id_token), keys, &expect);
	if (r == JWS_UNKNOWN_KEY)
		return look_for_new_keys(c);
	if (r == -ENOMEM)
		return refuse(c, OAUTH_NO_MEMORY, "ID token");
	if (r < 0)
		return refuse(c, OAUTH_TOKEN_INVALID, "ID token: it could not be checked");
	if (r > 0)
		return refuse_id_token(c, r);
	if (has_all_wanted(c) || provider_userinfo_endpoint(c->provider) == NULL)
		return grant(c, c->claims);
	return ask_userinfo(c);
}

static int copy_list(char ***ret, const char *const *list)
{
	size_t n = 0;
	char **copy;

	while (list != NULL && list[n] != NULL)
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	if (copy == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		copy[i] = strdup(list[i]);
		if (copy[i] == NULL) {
			text_free_list(copy);
			return -ENOMEM;
		}
	}
	*ret = copy;
	return 0;
}

/* @tokens may be gone before the check ends. */
static int check_new(struct identity_check **ret, const struct token_set *tokens, const char *const *wanted_claims)
{
	LK_CLEANUP(identity_check_freep) struct identity_check *c = calloc(1, sizeof(*c));
	int r;

	if (c == NULL)
		return -ENOMEM;
	r = secret_copy(&c->access_token, secret_data(tokens->access_token), secret_len(tokens->access_token));
	if (r == 0 && tokens->id_token != NULL)
		r = secret_copy(&c->id_token, secret_data(tokens->id_token), secret_len(tokens->id_token));
	if (r == 0)
		r = text_copy(&c->nonce, tokens->nonce);
	if (r == 0)
		r = copy_list(&c->wanted, wanted_claims);
	if (r < 0)
		return -ENOMEM;
	*ret = LK_STEAL(c);
	return 0;
}

static int start(struct identity_check **ret, struct provider *p, struct fetch_client *fetch, const char *client_id,
		 const struct token_set *tokens, const char *const *wanted_claims, bool by_userinfo,
		 identity_done_fn done, void *userdata)
{
	LK_CLEANUP(identity_check_freep) struct identity_check *c = NULL;
	enum step step;
	int r = check_new(&c, tokens, wanted_claims);

	if (r == 0)
		r = text_copy(&c->client_id, client_id);
	if (r < 0)
		return r;
	c->provider = p;
	c->fetch = fetch;
	c->by_userinfo = by_userinfo;
	c->done = done;
	c->userdata = userdata;

	if (by_userinfo)
		step = ask_userinfo(c);
	else if (c->id_token == NULL)
		step = refuse(c, OAUTH_TOKEN_INVALID, "no ID token came with the tokens"); /* N19 */
	else
		step = judge_id_token(c);
	if (step == STEP_OVER)
		return 1;
	*ret = LK_STEAL(c);
	return 0;
}

int identity_check_start(struct identity_check **ret, struct provider *p, struct fetch_client *fetch,
			 const struct token_set *tokens, const char *const *wanted_claims, identity_done_fn done,
			 void *userdata)
{
	bool by_userinfo = !provider_settings(p)->dialect->has_id_token;

	return start(ret, p, fetch, NULL, tokens, wanted_claims, by_userinfo, done, userdata);
}

int identity_again_start(struct identity_check **ret, struct provider *p, struct fetch_client *fetch,
			 const struct token_set *tokens, const char *const *wanted_claims, identity_done_fn done,
			 void *userdata)
{
	bool by_userinfo = !provider_settings(p)->dialect->has_id_token || tokens->id_token == NULL;

	return start(ret, p, fetch, NULL, tokens, wanted_claims, by_userinfo, done, userdata);
}

int identity_of_service_start(struct identity_check **ret, struct provider *p, struct fetch_client *fetch,
			      const char *client_id, const struct token_set *tokens, identity_done_fn done,
			      void *userdata)
{
	static const char *const nothing[] = {NULL};

	return start(ret, p, fetch, client_id, tokens, nothing, false, done, userdata);
}
