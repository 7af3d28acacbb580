/* SPDX-License-Identifier: MIT */
/* Tokens at the door that only a provider can judge: who sees them, whose they are, and what is said of them. INT-04 to INT-06, TX-03,
 * TX-07, T1, T21. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/login/presented.h"
#include "helper/login/service_account.h"
#include "helper/login/token_cache.h"
#include "helper/protocol/names.h"
#include "tests/unit/login/fake_oauth.h"
#include "tests/unit/login/fake_door.h"
#include "tests/unit/login/world.h"

#define OPAQUE "opaque-access-token-of-some-length"
#define OTHER "https://other.example"

static char name[] = "deploy", issuer[] = ISSUER, subject[] = "sub-1", client[] = "client-1",
	    audience[] = "https://host.example", other[] = OTHER, robots[] = "robots", strong[] = "urn:strong";
static char *clients[] = {robots, NULL}, *classes[] = {strong, NULL};

struct door {
	struct world *w;
	struct service_account account;
	struct presented *job;
	unsigned told;
	struct presented_result result;
};

static int setup(void **state)
{
	static struct door d;
	void *world = NULL;

	if (world_setup(&world) < 0)
		return -1;
	d = (struct door){.w = world};
	d.account = (struct service_account){
		.name = name,
		.issuer = issuer,
		.identity_subject = subject,
		.client_id = client,
		.token_audience = audience,
		.accepts = SERVICE_ACCEPTS_ACCESS_TOKEN,
	};
	assert_int_equal(token_cache_new(&d.w->ctx.token_cache), 0);
	memset(&fake_door, 0, sizeof(fake_door));
	*state = &d;
	return 0;
}

static int teardown(void **state)
{
	struct door *d = *state;
	void *world = d->w;

	presented_free(d->job);
	token_cache_free(LK_STEAL(d->w->ctx.token_cache));
	return world_teardown(&world);
}

static void on_done(void *userdata, const struct presented_result *result)
{
	struct door *d = userdata;

	d->told++;
	d->result = *result;
}

static void show(struct door *d, const char *text)
{
	const struct presented_request r = {
		.ctx = &d->w->ctx, .account = &d->account, .nonce = "n", .text = text, .len = strlen(text)};
	int e;

	presented_free(LK_STEAL(d->job));
	d->told = 0;
	e = presented_start(&d->job, &r, on_done, d);
	assert_true(e == 0 || e == 1);
	assert_int_equal(d->told, e);
}

static void expect(const struct door *d, const char *reason, const char *detail)
{
	assert_int_equal(d->told, 1);
	if (reason == NULL)
		assert_null(d->result.reason);
	else
		assert_string_equal(d->result.reason, reason);
	assert_string_equal(d->result.detail, detail);
	assert_null(strstr(d->result.detail, OPAQUE));
}

/* {"alg":"RS256"} . {"iss":@of} . sig */
static const char *jwt(const char *of)
{
	return strcmp(of, ISSUER) == 0 ? "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUifQ.c2ln"
				       : "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL290aGVyLmV4YW1wbGUifQ.c2ln";
}

static void test_access_token(void **state)
{
	struct door *d = *state;

	show(d, OPAQUE);
	fake_prepared(OAUTH_DONE);
	assert_string_equal(fake_door.token, OPAQUE);
	assert_string_equal(fake_door.expect.subject, "sub-1");
	assert_string_equal(fake_door.expect.clients[0], "client-1");
	assert_null(fake_door.expect.clients[1]);
	assert_string_equal(fake_door.expect.audience, audience);
	assert_null(fake_door.expect.scope);
	assert_null(fake_door.expect.classes);
	(void)snprintf(fake_door.facts.client, sizeof(fake_door.facts.client), "client-1");
	fake_said(INTROSPECT_ACTIVE, OAUTH_DONE);
	expect(d, NULL, "by access token of client client-1");

	/* INT-07: what root wants beyond that is asked for */
	d->account.token_clients = clients;
	d->account.token_classes = classes;
	d->account.token_max_age_s = 600;
	show(d, jwt(ISSUER));
	fake_prepared(OAUTH_DONE);
	assert_string_equal(fake_door.expect.clients[0], "robots");
	assert_string_equal(fake_door.expect.classes[0], "urn:strong");
	assert_int_equal(fake_door.expect.max_age_s, 600);
	/* TX-07: who acts stands in the log */
	(void)snprintf(fake_door.facts.actor, sizeof(fake_door.facts.actor), "ci");
	fake_said(INTROSPECT_ACTIVE, OAUTH_DONE);
	expect(d, NULL, "by access token of client client-1, acting: ci");
}

/* INT-04: an answer about this host's client is none about the token */
static void int04_our_own_credentials(void **state)
{
	static const struct {
		enum introspect_outcome outcome;
		enum oauth_outcome why;
		const char *reason;
	} rows[] = {
		{INTROSPECT_INACTIVE, OAUTH_TOKEN_REFUSED, REASON_NOT_BELIEVED},
		{INTROSPECT_INACTIVE, OAUTH_TOKEN_INVALID, REASON_NOT_BELIEVED},
		{INTROSPECT_UNREACHABLE, OAUTH_CLIENT_REFUSED, REASON_CONFIGURATION},
		{INTROSPECT_UNREACHABLE, OAUTH_UNREACHABLE, REASON_UNAVAILABLE},
		{INTROSPECT_UNREACHABLE, OAUTH_BAD_REPLY, REASON_UNAVAILABLE},
		{INTROSPECT_UNREACHABLE, OAUTH_THROTTLED, REASON_UNAVAILABLE},
	};
	struct door *d = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		show(d, OPAQUE);
		fake_prepared(OAUTH_DONE);
		fake_said(rows[i].outcome, rows[i].why);
		expect(d, rows[i].reason, "access token: said");
	}
	show(d, OPAQUE);
	fake_prepared(OAUTH_UNREACHABLE);
	assert_string_equal(d->result.reason, REASON_UNAVAILABLE);
	fake_door.is_impossible = true;
	show(d, OPAQUE);
	fake_prepared(OAUTH_DONE);
	assert_string_equal(d->result.reason, REASON_CONFIGURATION);
}

/* INT-05: kept for as long as root says, and by default not at all; a no never */
static void int05_kept_where_root_says_so(void **state)
{
	struct door *d = *state;

	fake_door.facts.expires_s = INT64_C(1) << 40;
	for (unsigned i = 1; i <= 2; i++) {
		show(d, OPAQUE);
		fake_prepared(OAUTH_DONE);
		fake_said(INTROSPECT_ACTIVE, OAUTH_DONE);
		assert_int_equal(fake_door.introspections, i);
	}
	d->account.token_cache_s = 60;
	show(d, OPAQUE);
	fake_prepared(OAUTH_DONE);
	fake_said(INTROSPECT_INACTIVE, OAUTH_TOKEN_REFUSED);
	show(d, OPAQUE);
	fake_prepared(OAUTH_DONE);
	fake_said(INTROSPECT_ACTIVE, OAUTH_DONE);
	assert_int_equal(fake_door.introspections, 4);
	show(d, OPAQUE);
	expect(d, NULL, "by access token of client ");
	assert_int_equal(fake_door.introspections, 4);
	/* nor for another token */
	show(d, OPAQUE "x");
	assert_int_equal(d->told, 0);
}

/* INT-06: what people type is sent nowhere, nor what belongs elsewhere; its characters are judged before (presenting.h) */
static void int06_what_is_not_sent(void **state)
{
	struct door *d = *state;

	d->account.accepts |= SERVICE_ACCEPTS_EXCHANGE;
	d->account.exchange_issuer = other;
	show(d, "correct-horse-battery"); /* 21 */
	expect(d, REASON_NOT_BELIEVED, "access token: it is too short for one");
	show(d, "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL3RoaXJkLmV4YW1wbGUifQ.c2ln");
	expect(d, REASON_NOT_BELIEVED, "it is nothing that this account accepts");
	d->account.accepts = SERVICE_ACCEPTS_ACCESS_TOKEN;
	show(d, jwt(OTHER));
	expect(d, REASON_NOT_BELIEVED, "it is nothing that this account accepts");
	d->account.accepts = SERVICE_ACCEPTS_ASSERTION;
	show(d, OPAQUE);
	expect(d, REASON_NOT_BELIEVED, "it is nothing that this account accepts");
	assert_int_equal(fake.prepared, 0);
	assert_int_equal(fake_door.introspections + fake_door.exchanges, 0);
}

static void begin_exchange(struct door *d, const char *text)
{
	d->account.accepts = SERVICE_ACCEPTS_EXCHANGE;
	show(d, text);
	assert_int_equal(d->told, 0);
	assert_string_equal(fake_door.token, text);
}

/* T1, T21: the outcome must be this account's identity, at this provider */
static void test_exchange(void **state)
{
	static const struct {
		const char *issuer, *subject, *claims, *reason, *detail;
	} rows[] = {
		{ISSUER, "sub-1", "{}", NULL, "by token exchange"},
		{ISSUER, "sub-1", "{\"act\":{\"sub\":\"ci\",\"act\":{\"sub\":\"inner\"}}}", NULL,
		 "by token exchange, acting: ci"},
		{ISSUER, "sub-2", "{}", REASON_NOT_BELIEVED, "exchange: it is a token of somebody else"},
		{ISSUER, "SUB-1", "{}", REASON_NOT_BELIEVED, "exchange: it is a token of somebody else"},
		{OTHER, "sub-1", "{}", REASON_NOT_BELIEVED, "exchange: it is a token of somebody else"},
	};
	struct door *d = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin_exchange(d, OPAQUE);
		assert_string_equal(fake_door.subject_type, TOKEN_TYPE_ACCESS_TOKEN);
		assert_string_equal(fake_door.scope, "openid");
		assert_string_equal(fake_door.audience, "");
		fake_exchanged(OAUTH_DONE, true, NULL);
		fake_identity(OAUTH_DONE, rows[i].issuer, rows[i].subject, rows[i].claims);
		expect(d, rows[i].reason, rows[i].detail);
	}
	d->account.exchange_issuer = other;
	d->account.exchange_scope = robots;
	d->account.exchange_audience = audience;
	begin_exchange(d, jwt(OTHER));
	assert_string_equal(fake_door.subject_type, TOKEN_TYPE_JWT);
	assert_string_equal(fake_door.scope, "robots");
	assert_string_equal(fake_door.audience, audience);
	fake_exchanged(OAUTH_DONE, true, NULL);
	fake_identity(OAUTH_TOKEN_INVALID, NULL, NULL, NULL);
	assert_string_equal(d->result.reason, REASON_NOT_BELIEVED);
}

/* TX-03, TX-05 */
static void exchange_refused(void **state)
{
	static const struct {
		enum oauth_outcome outcome;
		const char *reason;
	} rows[] = {
		{OAUTH_PROVIDER_REFUSED, REASON_NOT_BELIEVED}, {OAUTH_DENIED, REASON_NOT_BELIEVED},
		{OAUTH_CLIENT_REFUSED, REASON_CONFIGURATION},  {OAUTH_UNREACHABLE, REASON_UNAVAILABLE},
		{OAUTH_BAD_REPLY, REASON_UNAVAILABLE},
	};
	struct door *d = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin_exchange(d, OPAQUE);
		fake_exchanged(rows[i].outcome, true, NULL);
		expect(d, rows[i].reason, "exchange: exchanged");
	}
	begin_exchange(d, OPAQUE);
	fake_exchanged(OAUTH_DONE, false, NULL);
	expect(d, REASON_NOT_BELIEVED, "exchange: what came back does not tell whose it is");
	begin_exchange(d, OPAQUE);
	fake_exchanged(OAUTH_DONE, false, "a.b.c");
	assert_int_equal(d->told, 0);
	presented_free(LK_STEAL(d->job));
	assert_null(fake.identity_done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_access_token, setup, teardown),
		cmocka_unit_test_setup_teardown(int04_our_own_credentials, setup, teardown),
		cmocka_unit_test_setup_teardown(int05_kept_where_root_says_so, setup, teardown),
		cmocka_unit_test_setup_teardown(int06_what_is_not_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exchange, setup, teardown),
		cmocka_unit_test_setup_teardown(exchange_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
