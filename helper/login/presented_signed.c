/* SPDX-License-Identifier: MIT */
/*
 * What is signed by keys that root or a CI system has published: a robot's own assertion, and a workload's ID token. Signature
 * and claims first; only what was good in all is used up, durably, before anybody hears of it: a forged copy burns nothing.
 */
#include "helper/login/presented_kinds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/jose/assertion_check.h"
#include "helper/jose/token_claims.h"
#include "helper/login/context.h"
#include "helper/login/door_keys.h"
#include "helper/login/service_account.h"
#include "helper/oauth/statement_check.h"
#include "helper/protocol/names.h"
#include "helper/vault/store_jti.h"

#define DIGEST_BYTES 32u
#define ISSUER_MAX 2048u

struct job {
	const struct presented_request *request;
	bool is_workload;
	presented_done_fn done;
	void *userdata;
	struct statement_check *check;
	struct assertion_facts facts;
	int judged; /* as assertion_check() */
};

static const char *assertion_issuer(const struct service_account *s)
{
	if (s->assertion_issuer != NULL)
		return s->assertion_issuer;
	return s->assertion_to_provider ? s->client_id : s->name;
}

static const char *assertion_subject(const struct service_account *s)
{
	if (s->assertion_subject != NULL)
		return s->assertion_subject;
	return s->assertion_to_provider ? s->subject : s->name;
}

/* This host, by the name that the question has; the provider, where the assertion goes on to it. */
static const char *assertion_audience(const struct presented_request *r)
{
	if (!r->account->assertion_to_provider)
		return r->ctx->host;
	return r->account->audience != NULL ? r->account->audience : r->account->issuer;
}

static int judge(struct job *j, const struct jwk_set *keys)
{
	const struct presented_request *r = j->request;
	const struct service_account *s = r->account;
	const struct assertion_expectation of_robot = {
		.issuer = assertion_issuer(s),
		.subject = assertion_subject(s),
		.audience = assertion_audience(r),
		.nonce = r->nonce,
		.asked_s = r->asked_s,
		.algorithms = s->presented_algorithms,
		.now_s = clock_realtime_s(),
	};
	const struct workload_expectation of_workload = {
		.issuer = s->workload_issuer,
		.audience = s->workload_audience,
		.subject = s->workload_subject,
		.claims = (const char *const *)s->workload_claims,
		.algorithms = s->presented_algorithms,
		.now_s = of_robot.now_s,
	};

	return j->is_workload ? workload_check(&j->facts, r->text, r->len, keys, &of_workload)
			      : assertion_check(&j->facts, r->text, r->len, keys, &of_robot);
}

/* A token without an id of its own counts once by what it is. */
static int find_id(const struct job *j, char id[ASSERTION_ID_MAX + 1])
{
	unsigned char digest[DIGEST_BYTES];
	unsigned int len = 0;
	int n;

	if (j->facts.id[0] != '\0') {
		memcpy(id, j->facts.id, sizeof(j->facts.id));
		return 0;
	}
	if (EVP_Digest(j->request->text, j->request->len, digest, &len, EVP_sha256(), NULL) != 1 || len != DIGEST_BYTES)
		return -ENOMEM;
	n = snprintf(id, ASSERTION_ID_MAX + 1, "sha256:");
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		n += snprintf(id + n, ASSERTION_ID_MAX + 1 - (size_t)n, "%02x", digest[i]);
	return 0;
}

/* By who made it: two accounts here that one pipeline may be share its tokens, two robots' ids may be the same. */
static int use_up(const struct job *j)
{
	const struct service_account *s = j->request->account;
	char scope[ISSUER_MAX + 64];
	char id[ASSERTION_ID_MAX + 1];
	int r = find_id(j, id);

	if (r < 0)
		return r;
	if (j->is_workload)
		(void)snprintf(scope, sizeof(scope), "workload %s", s->workload_issuer);
	else
		(void)snprintf(scope, sizeof(scope), "service-account %s", s->name);
	r = store_use_jti(j->request->ctx->store, scope, id, j->facts.expires_s);
	if (r == 0)
		(void)store_forget_jti(j->request->ctx->store, clock_realtime_s());
	return r;
}

static void refuse(const struct job *j, struct presented_result *result)
{
	const char *what = j->is_workload ? "workload token" : "assertion";
	int r = j->judged;

	if (r == ASSERTION_AHEAD || r == ASSERTION_BEHIND)
		presented_refuse(result, REASON_CLOCK, "%s: its clock is %" PRId64 " s %s this host's", what,
				 j->facts.off_s < 0 ? -j->facts.off_s : j->facts.off_s,
				 r == ASSERTION_AHEAD ? "ahead of" : "behind");
	else if (r < 0)
		presented_refuse(result, REASON_UNAVAILABLE, "%s: %s", what, strerrordesc_np(-r));
	else
		presented_refuse(result, REASON_NOT_BELIEVED, "%s: %s", what, assertion_outcome_text(r));
}

static void finish(struct job *j)
{
	struct presented_result result = {.reason = REASON_NOT_BELIEVED};
	int r;

	if (j->judged != 0) {
		refuse(j, &result);
		j->done(j->userdata, &result);
		return;
	}
	r = use_up(j);
	if (r == -EEXIST)
		presented_refuse(&result, REASON_NOT_BELIEVED, "it was used before");
	else if (r < 0)
		presented_refuse(&result, REASON_NO_STORE, "that it is used cannot be stored: %s", strerrordesc_np(-r));
	else
		presented_refuse(&result, NULL, "by %s", j->is_workload ? "workload token" : "assertion");
	result.goes_on = result.reason == NULL && !j->is_workload && j->request->account->assertion_to_provider;
	j->done(j->userdata, &result);
}

static int try_keys(void *userdata, const struct jwk_set *keys, const struct statement_expectation *unused)
{
	struct job *j = userdata;

	(void)unused;
	j->judged = judge(j, keys);
	return j->judged;
}

static void on_checked(void *userdata, const struct oauth_result *result)
{
	struct presented_result refused = {.reason = NULL};
	struct job *j = userdata;

	/* Judged, or refused because the key is still not known; all else is the network's. */
	if (result->outcome == OAUTH_DONE || (result->outcome == OAUTH_TOKEN_INVALID && j->judged != 0)) {
		finish(j);
		return;
	}
	presented_refuse(&refused, REASON_UNAVAILABLE, "the keys cannot be had: %s", result->detail);
	j->done(j->userdata, &refused);
}

static int start_with_file(struct job *j)
{
	struct presented_result refused = {.reason = NULL};
	const struct presented_request *r = j->request;
	const struct jwk_set *keys = NULL;
	char why[OAUTH_DETAIL_MAX];
	int result = door_keys_of_file(r->ctx->door_keys, r->account, &keys, why);

	if (result == -ENOMEM)
		return result;
	if (result < 0) {
		presented_refuse(&refused, REASON_CONFIGURATION, "%s", why);
		j->done(j->userdata, &refused);
		return 1;
	}
	j->judged = judge(j, keys);
	finish(j);
	return 1;
}

static void free_job(void *job)
{
	struct job *j = job;

	if (j == NULL)
		return;
	statement_check_free(j->check);
	free(j);
}

LK_DEFINE_CLEANUP(struct job *, free_job);

static int start(void **ret, const struct presented_request *r, bool is_workload, presented_done_fn done,
		 void *userdata)
{
	LK_CLEANUP(free_jobp) struct job *j = calloc(1, sizeof(*j));
	struct provider *keys;
	int result;

	if (j == NULL)
		return -ENOMEM;
	j->request = r;
	j->is_workload = is_workload;
	j->done = done;
	j->userdata = userdata;
	j->judged = JWS_UNKNOWN_KEY;
	if (!is_workload && r->account->assertion_keys != NULL)
		return start_with_file(j);
	keys = is_workload ? door_keys_of_workload(r->ctx->door_keys, r->account)
			   : door_keys_of_robot(r->ctx->door_keys, r->account);
	result = statement_check_start(&j->check, keys, NULL, NULL, try_keys, on_checked, j);
	if (result < 0)
		return result;
	*ret = LK_STEAL(j);
	return 0;
}

static int start_assertion(void **ret, const struct presented_request *r, presented_done_fn done, void *userdata)
{
	return start(ret, r, false, done, userdata);
}

static int start_workload(void **ret, const struct presented_request *r, presented_done_fn done, void *userdata)
{
	return start(ret, r, true, done, userdata);
}

static bool is_workload(const struct presented_request *r, const struct presented_look *look)
{
	return look->issuer != NULL && strcmp(look->issuer, r->account->workload_issuer) == 0;
}

/* One of another issuer is still an assertion, and the log says what is wrong with it. */
static bool is_assertion(const struct presented_request *r, const struct presented_look *look)
{
	return look->claims != NULL &&
	       (token_claims_has(look->claims, "nonce") ||
		(look->issuer != NULL && strcmp(look->issuer, assertion_issuer(r->account)) == 0));
}

const struct presented_kind presented_kind_assertion = {
	.word = "assertion",
	.flag = SERVICE_ACCEPTS_ASSERTION,
	.recognises = is_assertion,
	.start = start_assertion,
	.free = free_job,
};

const struct presented_kind presented_kind_workload = {
	.word = "workload",
	.flag = SERVICE_ACCEPTS_WORKLOAD,
	.recognises = is_workload,
	.start = start_workload,
	.free = free_job,
};
