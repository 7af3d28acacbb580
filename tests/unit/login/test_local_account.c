/* SPDX-License-Identifier: MIT */
/*
 * Signing in to an account of /etc/passwd that root's configuration gives to one identity (L23, I1): nobody else's approval
 * counts, whatever name they have, and all other local names stay what they were.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/clock.h"
#include "helper/protocol/names.h"
#include "tests/unit/login/account_phase.h"
#include "tests/unit/login/fake_oauth.h"

#define OLGA "{\"preferred_username\":\"somebody-else\",\"groups\":[\"ops\"]}"
#define LOCAL "{\"preferred_username\":\"local\"}"

static char name_local[] = "local", name_root[] = "root", subject[] = "s-olga", other_subject[] = "s-other";
static char provider[] = "example";
static struct local_account_rule rules[2];

static int setup(void **state)
{
	int r = world_setup(state);
	struct world *w = *state;

	rules[0] = (struct local_account_rule){
		.name = name_local, .subject = subject, .provider = provider, .issuer = ISSUER};
	rules[1] = (struct local_account_rule){
		.name = name_root, .subject = subject, .provider = provider, .issuer = ISSUER};
	w->account_settings.local_accounts = (struct local_account_rules){.rules = rules, .n = 2};
	return r;
}

/* The codes of one address are limited. */
static void approve_as(struct world *w, const char *user, const char *who, const char *claims)
{
	clock_freeze(clock_monotonic_ms() + 600000, clock_realtime_s());
	sign_in(w, user, who, claims);
}

static void test_its_identity(void **state)
{
	struct world *w = *state;

	assert_string_equal(check_phase(w, "local", false), REASON_SIGN_IN_NEEDED); /* a key alone */
	approve_as(w, "local", "s-olga", OLGA);
	assert_string_equal(w->said, "granted");
	assert_int_equal(w->uid, 1000);
	assert_string_equal(fake.wanted, ""); /* no claim makes the name */
	assert_int_equal(fake.published, 0);
	assert_int_equal(stored(w), 0); /* no account was made */
	assert_null(check_phase(w, "local", true));
	assert_null(check_phase(w, "local", false));
	clock_freeze(1000000, 1700000000 + 901);
	assert_string_equal(check_phase(w, "local", false), REASON_SIGN_IN_NEEDED);
	assert_null(check_phase(w, "local", true));
}

static void test_somebody_else(void **state)
{
	struct world *w = *state;

	approve_as(w, "local", "s-other", LOCAL); /* the very name at the provider */
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);
	approve_as(w, "local", "S-OLGA", OLGA);
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);
	approve_as(w, "local", "s-olga ", OLGA);
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);
	until_identity(w, "local");
	fake_identity(OAUTH_DONE, "https://other.example", "s-olga", OLGA);
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);
	assert_string_equal(check_phase(w, "local", false), REASON_SIGN_IN_NEEDED);
	assert_int_equal(stored(w), 0);

	/* The person has an account of her own beside it, and cannot come in as another. */
	approve_as(w, "alice", "s-olga", ALICE);
	assert_string_equal(w->said, "granted");
	approve_as(w, "local", "s-olga", ALICE);
	assert_string_equal(w->said, "granted");
	assert_int_equal(w->uid, 1000);
}

/* No section makes root anybody's, and a name without one is not even asked about. */
static void test_the_others_stay_local(void **state)
{
	struct world *w = *state;

	begin_for(w, "root");
	assert_string_equal(w->said, "not-ours");
	assert_string_equal(check_phase(w, "root", true), "");
	w->account_settings.local_accounts.n = 0;
	begin_for(w, "local");
	assert_string_equal(w->said, "not-ours");
	assert_string_equal(check_phase(w, "local", true), "");
	assert_int_equal(fake.prepared, 0);
}

/* Whoever policy refuses must not fall through to the next PAM module, which knows the account. */
static void test_policy(void **state)
{
	static char ops[] = "ops", staff[] = "staff", alice[] = "alice", local[] = "local";
	static char *groups[] = {ops, NULL}, *others[] = {staff, NULL}, *people[] = {alice, NULL};
	static char *locals[] = {local, NULL};
	struct world *w = *state;

	w->policy.everyone = false;
	begin_for(w, "local");
	assert_string_equal(w->said, REASON_NOT_ALLOWED);
	assert_string_equal(check_phase(w, "local", true), REASON_NOT_ALLOWED);
	w->policy.users = people;
	begin_for(w, "local");
	assert_string_equal(w->said, REASON_NOT_ALLOWED);
	assert_int_equal(fake.prepared, 0);
	w->policy.users = locals;
	approve_as(w, "local", "s-olga", OLGA);
	assert_string_equal(w->said, "granted");

	/* I17: facts are those of the last sign-in, a refused one included. */
	w->policy.users = NULL;
	w->policy.groups = groups;
	approve_as(w, "local", "s-olga", OLGA);
	assert_string_equal(w->said, "granted");
	assert_null(check_phase(w, "local", false));
	w->policy.groups = others;
	approve_as(w, "local", "s-olga", OLGA);
	assert_string_equal(w->said, REASON_NOT_ALLOWED);
	w->policy.groups = groups;
	approve_as(w, "local", "s-olga", OLGA);
	assert_null(check_phase(w, "local", false));
	approve_as(w, "local", "s-olga", LOCAL);
	assert_string_equal(w->said, REASON_NOT_ALLOWED);
	assert_string_equal(check_phase(w, "local", false), REASON_NOT_ALLOWED);
}

/* Root gives the account to another person: what the first one did counts for nothing. */
static void test_given_to_another(void **state)
{
	struct world *w = *state;

	approve_as(w, "local", "s-olga", OLGA);
	assert_null(check_phase(w, "local", false));
	rules[0].subject = other_subject;
	assert_string_equal(check_phase(w, "local", false), REASON_SIGN_IN_NEEDED);
	approve_as(w, "local", "s-olga", OLGA);
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);
	approve_as(w, "local", "s-other", OLGA);
	assert_string_equal(w->said, "granted");
}

static void write_passwd(const struct world *w, const char *text)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/etc/passwd", w->folder);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void test_passwd_moves_on(void **state)
{
	struct attempt_request request = {.user = "local",
					  .has_screen = true,
					  .service = "sshd",
					  .source = "192.0.2.7",
					  .has_seen = true,
					  .seen_uid = 1000,
					  .seen_gid = 1000,
					  .seen_home = "/home/local",
					  .seen_shell = "/bin/sh"};
	struct world *w = *state;

	begin(w, &request);
	fake_prepared(OAUTH_DONE);
	fake_challenge();
	fake_tokens(OAUTH_DONE);
	write_passwd(w, "root:x:0:0::/root:/bin/sh\nlocal:x:1001:1001::/home/local:/bin/sh\n");
	fake_identity(OAUTH_DONE, ISSUER, "s-olga", OLGA);
	assert_string_equal(w->said, REASON_CONNECT_AGAIN);
	assert_string_equal(check_phase(w, "local", false), REASON_SIGN_IN_NEEDED); /* that was no sign-in */

	request.source = "192.0.2.8";
	request.seen_uid = request.seen_gid = 1001;
	begin(w, &request);
	fake_prepared(OAUTH_DONE);
	fake_challenge();
	fake_tokens(OAUTH_DONE);
	fake_identity(OAUTH_DONE, ISSUER, "s-olga", OLGA);
	assert_string_equal(w->said, "granted");
	assert_int_equal(w->uid, 1001);

	/* The user is gone: the name is nobody's, and no new account gets it. */
	write_passwd(w, "root:x:0:0::/root:/bin/sh\n");
	begin_for(w, "local");
	assert_string_equal(w->said, "not-ours");
	/* It has become one of the system's. */
	write_passwd(w, "root:x:0:0::/root:/bin/sh\nlocal:x:999:999::/home/local:/bin/sh\n");
	begin_for(w, "local");
	assert_string_equal(w->said, "not-ours");
	assert_string_equal(check_phase(w, "local", true), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_its_identity, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_somebody_else, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_the_others_stay_local, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_policy, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_given_to_another, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_passwd_moves_on, setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
