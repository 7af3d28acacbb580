/* SPDX-License-Identifier: MIT */
#include "tests/unit/login/fake_door.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fake_door fake_door;
static int waiting; /* its address is every handle */

static void note(const struct secret *token)
{
	(void)snprintf(fake_door.token, sizeof(fake_door.token), "%s", secret_data(token));
}

int introspect_presented_start(struct introspect **ret, struct provider *p, struct fetch_client *fetch,
			       const struct secret *token, const struct introspect_presented *expect,
			       introspect_done_fn done, void *userdata)
{
	(void)p;
	(void)fetch;
	if (fake_door.is_impossible)
		return -EINVAL;
	note(token);
	fake_door.introspections++;
	fake_door.expect = *expect;
	(void)snprintf(fake_door.client, sizeof(fake_door.client), "%s", expect->clients[0]);
	fake_door.introspect_done = done;
	fake_door.userdata = userdata;
	*ret = (struct introspect *)(void *)&waiting;
	return 0;
}

const struct introspect_facts *introspect_facts(const struct introspect *i)
{
	(void)i;
	return &fake_door.facts;
}

void fake_said(enum introspect_outcome outcome, enum oauth_outcome why)
{
	const struct oauth_result result = {.outcome = why, .detail = "said"};
	introspect_done_fn done = fake_door.introspect_done;

	assert_non_null(done);
	/* what is compared then must be there still */
	assert_string_equal(fake_door.expect.clients[0], fake_door.client);
	fake_door.introspect_done = NULL;
	done(fake_door.userdata, outcome, &result);
}

int token_exchange_start(struct token_exchange **ret, struct provider *p, struct fetch_client *fetch,
			 const struct token_exchange_request *request, token_exchange_done_fn done, void *userdata)
{
	(void)p;
	(void)fetch;
	note(request->subject_token);
	(void)snprintf(fake_door.subject_type, sizeof(fake_door.subject_type), "%s", request->subject_token_type);
	(void)snprintf(fake_door.scope, sizeof(fake_door.scope), "%s", request->scope);
	(void)snprintf(fake_door.audience, sizeof(fake_door.audience), "%s",
		       request->audiences[0] ? request->audiences[0] : "");
	fake_door.exchanges++;
	fake_door.exchange_done = done;
	fake_door.userdata = userdata;
	*ret = (struct token_exchange *)(void *)&waiting;
	return 0;
}

void token_exchange_free(struct token_exchange *x)
{
	if (x != NULL)
		fake_door.exchange_done = NULL;
}

void fake_exchanged(enum oauth_outcome outcome, bool is_bearer, const char *id_token)
{
	const struct oauth_result result = {.outcome = outcome, .detail = "exchanged"};
	token_exchange_done_fn done = fake_door.exchange_done;
	struct token_set *t = NULL;

	assert_non_null(done);
	fake_door.exchange_done = NULL;
	if (outcome == OAUTH_DONE) {
		t = calloc(1, sizeof(*t));
		assert_non_null(t);
		t->is_bearer = is_bearer;
		assert_int_equal(secret_copy(&t->access_token, "at", 2), 0);
		if (id_token != NULL)
			assert_int_equal(secret_copy(&t->id_token, id_token, strlen(id_token)), 0);
	}
	done(fake_door.userdata, &result, t);
}
