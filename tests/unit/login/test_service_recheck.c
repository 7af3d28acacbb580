/* SPDX-License-Identifier: MIT */
/* Whether the provider still stands by a service account: its grant is asked for where a person has a refresh token. Checklist
 * AS-06; threats R13, R14, T20. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helper/base/clock.h"
#include "helper/login/recheck.h"
#include "helper/login/standing.h"
#include "tests/unit/login/service_world.h"

struct answer {
	unsigned told;
	struct recheck_result result;
	struct recheck *handle;
	char token[32];
};

static void on_answer(void *userdata, const struct recheck_result *result)
{
	struct answer *a = userdata;

	a->told++;
	a->result = *result;
	recheck_free(LK_STEAL(a->handle));
}

static void on_token(void *userdata, const struct recheck_result *result, const struct secret *token,
		     uint32_t lifetime_s)
{
	struct answer *a = userdata;

	(void)lifetime_s;
	on_answer(a, result);
	(void)snprintf(a->token, sizeof(a->token), "%s", token != NULL ? secret_data(token) : "");
}

static void pass(int64_t s)
{
	clock_freeze(clock_monotonic_ms() + (uint64_t)s * 1000, clock_realtime_s() + s);
}

static int ask(struct service *s, struct answer *a, uint32_t max_age_s)
{
	*a = (struct answer){0};
	return recheck_start(&a->handle, &s->w->ctx, s->account, max_age_s, on_answer, a);
}

static int want_token(struct service *s, struct answer *a, const char *scope)
{
	const struct recheck_token_request request = {.scope = scope};

	*a = (struct answer){0};
	return recheck_token_start(&a->handle, &s->w->ctx, s->account, &request, on_token, a);
}

static void expect(const struct answer *a, enum recheck_outcome outcome)
{
	assert_int_equal(a->told, 1);
	if (a->result.outcome != outcome)
		fail_msg("%d (%s) instead of %d", (int)a->result.outcome, a->result.detail, (int)outcome);
}

/* One question for all who ask, and the token is there afterwards. */
static void granted(void **state)
{
	struct service *s = *state;
	struct answer first, second, token;

	service_bind(s);
	assert_int_equal(ask(s, &first, 0), 0);
	assert_int_equal(ask(s, &second, 0), 0);
	assert_int_equal(want_token(s, &token, NULL), 0);
	fake_prepared(OAUTH_DONE);
	assert_string_equal(fake.grant_asked, "bearer robot-client robot@example - a b - ES256");
	fake_granted(GRANT_DONE, "at-1", NULL, 300);
	if (fake.publish_done != NULL)
		fake_published(0);
	expect(&first, RECHECK_GOOD);
	expect(&second, RECHECK_GOOD);
	expect(&token, RECHECK_GOOD);
	assert_string_equal(token.token, "at-1");
	assert_int_equal(fake.grants, 1);
	assert_int_equal(fake.identities, 0);

	/* Within its age nobody is asked, and neither for a token that is young. */
	pass(100);
	assert_int_equal(ask(s, &first, 300), 1);
	expect(&first, RECHECK_GOOD);
	assert_int_equal(want_token(s, &token, NULL), 1);
	assert_string_equal(token.token, "at-1");
	assert_int_equal(fake.grants, 1);
	/* At two thirds of its life it is renewed. */
	pass(101);
	assert_int_equal(want_token(s, &token, NULL), 0);
	fake_prepared(OAUTH_DONE);
	fake_granted(GRANT_DONE, "at-2", NULL, 300);
	assert_string_equal(token.token, "at-2");
	assert_int_equal(fake.grants, 2);
}

/* A robot's own assertion is shown once, in a question of its own, and everybody hears of the account. */
static void handed_on(void **state)
{
	LK_CLEANUP(secret_freep) struct secret *assertion = NULL;
	struct service *s = *state;
	struct answer first, robots = {0}, token;

	service_bind(s);
	assert_int_equal(secret_copy(&assertion, "e30.e30.c2ln", 12), 0);
	assert_int_equal(ask(s, &first, 0), 0);
	fake_prepared(OAUTH_DONE);
	assert_int_equal(recheck_start_presented(&robots.handle, &s->w->ctx, s->account, assertion, on_answer, &robots),
			 0);
	fake_granted(GRANT_DONE, "at-1", NULL, 300);
	if (fake.publish_done != NULL)
		fake_published(0);
	expect(&first, RECHECK_GOOD);
	assert_int_equal(robots.told, 0);
	assert_int_equal(want_token(s, &token, NULL), 1);
	fake_prepared(OAUTH_DONE);
	assert_string_equal(fake.grant_asked, "bearer robot-client robot@example - a b - e30.e30.c2ln");
	fake_granted(GRANT_REFUSED, NULL, NULL, 0);
	expect(&robots, RECHECK_REFUSED);
	assert_int_equal(fake.grants, 2);

	/* Without a key of the host's nobody else can have the provider asked, which is no no. */
	pass(3600);
	s->section.key = NULL;
	assert_int_equal(ask(s, &first, 0), 0);
	fake_prepared(OAUTH_DONE);
	expect(&first, RECHECK_NO_TOKEN);
	robots = (struct answer){0};
	assert_int_equal(recheck_start_presented(&robots.handle, &s->w->ctx, s->account, assertion, on_answer, &robots),
			 0);
	fake_prepared(OAUTH_DONE);
	fake_granted(GRANT_DONE, "at-2", NULL, 300);
	expect(&robots, RECHECK_GOOD);
	assert_int_equal(fake.grants, 3);
}

static void one(struct service *s, struct answer *a, uint32_t max_age_s, enum grant_outcome outcome)
{
	assert_int_equal(ask(s, a, max_age_s), 0);
	fake_prepared(OAUTH_DONE);
	fake_granted(outcome, "at", NULL, 300);
	if (fake.publish_done != NULL)
		fake_published(0);
}

/* A no counts for as long as a yes would, and then the provider is asked again: nobody could sign in to heal it. */
static void refused_and_granted_again(void **state)
{
	struct service *s = *state;
	struct answer a;
	struct standing_view view;

	service_bind(s);
	one(s, &a, 0, GRANT_DONE);
	expect(&a, RECHECK_GOOD);
	one(s, &a, 0, GRANT_REFUSED);
	expect(&a, RECHECK_REFUSED);
	assert_int_equal(standing_read(&s->w->ctx, s->account, &view), 0);
	assert_int_equal(view.state, STANDING_REFUSED);
	/* Whoever comes in a loop does not make the provider work. */
	assert_int_equal(ask(s, &a, 0), 1);
	expect(&a, RECHECK_REFUSED);
	assert_int_equal(want_token(s, &a, NULL), 1);
	expect(&a, RECHECK_REFUSED);
	assert_string_equal(a.token, "");
	pass(60);
	assert_int_equal(ask(s, &a, 300), 1);
	expect(&a, RECHECK_REFUSED);
	one(s, &a, 59, GRANT_REFUSED);
	expect(&a, RECHECK_REFUSED);
	pass(2);
	one(s, &a, 0, GRANT_DONE);
	expect(&a, RECHECK_GOOD);
	assert_int_equal(standing_read(&s->w->ctx, s->account, &view), 0);
	assert_int_equal(view.state, STANDING_GOOD);
}

/* AS-06, and every failure of a machine: neither yes nor no, not asked again at once, and the last word stays. */
static void neither(void **state)
{
	struct service *s = *state;
	struct answer a;
	struct standing_view view;

	service_bind(s);
	one(s, &a, 0, GRANT_DONE);
	pass(10);
	one(s, &a, 0, GRANT_UNREACHABLE);
	expect(&a, RECHECK_UNREACHABLE);
	assert_int_equal(ask(s, &a, 0), 1);
	expect(&a, RECHECK_UNREACHABLE);
	assert_int_equal(fake.grants, 2);
	assert_int_equal(standing_read(&s->w->ctx, s->account, &view), 0);
	assert_int_equal(view.state, STANDING_GOOD);
	pass(3);
	assert_int_equal(ask(s, &a, 0), 0);
	fake_prepared(OAUTH_UNREACHABLE);
	expect(&a, RECHECK_UNREACHABLE);
}

/* T20: an ID token says whose the token is. */
static void of_somebody_else(void **state)
{
	struct service *s = *state;
	struct answer a;

	service_bind(s);
	assert_int_equal(ask(s, &a, 0), 0);
	fake_prepared(OAUTH_DONE);
	fake_granted(GRANT_DONE, "at", "id", 300);
	assert_string_equal(fake.wanted, ""); /* userinfo is not asked */
	fake_identity(OAUTH_DONE, ISSUER, "somebody", "{}");
	expect(&a, RECHECK_REFUSED);
	assert_non_null(strstr(a.result.detail, "another identity's"));
	pass(3);
	assert_int_equal(ask(s, &a, 0), 0);
	fake_prepared(OAUTH_DONE);
	fake_granted(GRANT_DONE, "at", "id", 300);
	fake_identity(OAUTH_DONE, ISSUER, "id-17", "{}");
	if (fake.publish_done != NULL)
		fake_published(0);
	expect(&a, RECHECK_GOOD);
	assert_int_equal(ask(s, &a, 0), 0);
	fake_prepared(OAUTH_DONE);
	fake_granted(GRANT_DONE, "at", "id", 300);
	fake_identity(OAUTH_TOKEN_INVALID, ISSUER, "id-17", NULL);
	expect(&a, RECHECK_UNREACHABLE);
}

/* R14: what the provider says by itself beats an answer that was under way. */
static void refused_meanwhile(void **state)
{
	struct service *s = *state;
	struct answer a;
	struct standing_view view;

	service_bind(s);
	assert_int_equal(ask(s, &a, 300), 0);
	fake_prepared(OAUTH_DONE);
	assert_int_equal(standing_refuse(&s->w->ctx, s->account, "session-revoked"), 0);
	fake_granted(GRANT_DONE, "at", NULL, 300);
	assert_int_equal(standing_read(&s->w->ctx, s->account, &view), 0);
	assert_int_equal(view.state, STANDING_REFUSED);
	/* Whoever waited is answered by a question that began after it. */
	assert_int_equal(a.told, 0);
	fake_prepared(OAUTH_DONE);
	fake_granted(GRANT_REFUSED, NULL, NULL, 0);
	expect(&a, RECHECK_REFUSED);
}

static void the_key(void **state)
{
	struct service *s = *state;
	struct answer a;

	service_bind(s);
	assert_int_equal(chmod(s->key_path, 0644), 0);
	assert_int_equal(ask(s, &a, 0), 0);
	fake_prepared(OAUTH_DONE);
	expect(&a, RECHECK_UNREACHABLE);
	assert_non_null(strstr(a.result.detail, "the key of the service account cannot be used: "));
	assert_int_equal(fake.grants, 0);
	/* It is read for each question: a new one counts at once. */
	service_write_key(s);
	pass(3);
	one(s, &a, 0, GRANT_DONE);
	expect(&a, RECHECK_GOOD);
	/* Salesforce takes RS256 alone. */
	s->w->settings.dialect = dialect_find("salesforce");
	pass(3);
	assert_int_equal(ask(s, &a, 0), 0);
	fake_prepared(OAUTH_DONE);
	expect(&a, RECHECK_UNREACHABLE);
	s->w->settings.dialect = dialect_find("generic");
	pass(3);
	fake.grant_result = -EINVAL;
	assert_int_equal(ask(s, &a, 0), 0);
	fake_prepared(OAUTH_DONE);
	expect(&a, RECHECK_UNREACHABLE);
}

static void other_grants(void **state)
{
	struct service *s = *state;
	struct answer a;

	service_bind(s);
	s->section.grant = SERVICE_GRANT_NONE;
	assert_int_equal(ask(s, &a, 0), 1);
	expect(&a, RECHECK_NO_TOKEN);
	assert_non_null(strstr(a.result.detail, "nothing to ask"));
	s->section.grant = SERVICE_GRANT_CLIENT_CREDENTIALS;
	s->section.key = NULL;
	one(s, &a, 0, GRANT_DONE);
	expect(&a, RECHECK_GOOD);
	assert_string_equal(fake.grant_asked, "client robot-client robot@example - a b - -");
	/* A token of a scope of its own is asked for, and not held. */
	assert_int_equal(want_token(s, &a, "a"), 0);
	fake_prepared(OAUTH_DONE);
	assert_string_equal(fake.grant_asked, "client robot-client robot@example - a - -");
	fake_granted(GRANT_DONE, "at-a", NULL, 300);
	assert_string_equal(a.token, "at-a");
	assert_int_equal(want_token(s, &a, NULL), 1);
	assert_string_equal(a.token, "at");
}

/* A person who holds the name is asked about as ever, and is let in nowhere (known_account.c). */
static void name_of_a_person(void **state)
{
	struct service *s = *state;
	struct answer a;

	service_bind(s);
	free(s->account->subject);
	s->account->subject = strdup("somebody");
	assert_int_equal(ask(s, &a, 0), 1);
	expect(&a, RECHECK_NO_TOKEN);
	assert_int_equal(fake.grants, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(granted, service_setup, service_teardown),
		cmocka_unit_test_setup_teardown(handed_on, service_setup, service_teardown),
		cmocka_unit_test_setup_teardown(refused_and_granted_again, service_setup, service_teardown),
		cmocka_unit_test_setup_teardown(neither, service_setup, service_teardown),
		cmocka_unit_test_setup_teardown(of_somebody_else, service_setup, service_teardown),
		cmocka_unit_test_setup_teardown(refused_meanwhile, service_setup, service_teardown),
		cmocka_unit_test_setup_teardown(the_key, service_setup, service_teardown),
		cmocka_unit_test_setup_teardown(other_grants, service_setup, service_teardown),
		cmocka_unit_test_setup_teardown(name_of_a_person, service_setup, service_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
