/* SPDX-License-Identifier: MIT */
/* Keys first, then the signature, and the keys once more where one was not known (BL-02, SS-02, ID-20). */
#include "helper/oauth/statement_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/clock.h"
#include "helper/oauth/error.h"

struct statement_check {
	struct provider *provider;
	const char *issuer;
	const char *audience;
	statement_try_fn try;
	statement_done_fn done;
	void *userdata;
	struct provider_wait *wait;
	bool has_refetched;
};

static int try_now(struct statement_check *c)
{
	const struct provider_settings *s = provider_settings(c->provider);
	struct statement_expectation expect = {
		.issuer = c->issuer,
		.tenants = (const char *const *)s->tenants,
		.audience = c->audience != NULL ? c->audience : s->client_id,
		.algorithms = s->algorithms != 0 ? s->algorithms : 1u << JWS_RS256,
		.now_s = clock_realtime_s(),
	};

	if (expect.issuer == NULL)
		expect.issuer = provider_token_issuer(c->provider, &expect.issuer_is_template);
	return c->try(c->userdata, provider_keys(c->provider), &expect);
}

static void on_keys(void *userdata, const struct oauth_result *result)
{
	struct statement_check *c = userdata;
	struct oauth_result judged;
	int r;

	c->wait = NULL;
	if (result->outcome != OAUTH_DONE) {
		c->done(c->userdata, result);
		return;
	}
	r = try_now(c);
	if (r == JWS_UNKNOWN_KEY && !c->has_refetched) {
		c->has_refetched = true;
		r = provider_refetch_keys(c->provider, on_keys, c, &c->wait);
		if (r == 0)
			return;
	}
	if (r == 0)
		judged = (struct oauth_result){.outcome = OAUTH_DONE};
	else if (r < 0)
		oauth_result_set(&judged, OAUTH_NO_MEMORY, "it cannot be verified: %s", strerrordesc_np(-r));
	else
		oauth_result_set(&judged, OAUTH_TOKEN_INVALID, "%s", statement_outcome_text(r));
	c->done(c->userdata, &judged);
}

int statement_check_start(struct statement_check **ret, struct provider *p, const char *issuer, const char *audience,
			  statement_try_fn try, statement_done_fn done, void *userdata)
{
	LK_CLEANUP(statement_check_freep) struct statement_check *c = calloc(1, sizeof(*c));
	int r;

	if (c == NULL)
		return -ENOMEM;
	c->provider = p;
	c->issuer = issuer;
	c->audience = audience;
	c->try = try;
	c->done = done;
	c->userdata = userdata;
	r = provider_prepare(p, on_keys, c, &c->wait);
	if (r < 0)
		return r;
	*ret = LK_STEAL(c);
	return 0;
}

void statement_check_free(struct statement_check *c)
{
	if (c == NULL)
		return;
	provider_wait_cancel(c->wait);
	free(c);
}
