/* SPDX-License-Identifier: MIT */
/*
 * The account phase: who may begin a session, judged by what the last sign-in proved.
 */
#include "helper/login/account_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "helper/base/clock.h"
#include "helper/protocol/names.h"
#include "tests/unit/login/world.h"

static const char *check(struct world *w, const char *user, bool signed_in)
{
	const struct account_check_request request = {.user = user, .service = "sshd", .is_signed_in = signed_in};

	return account_check(&w->ctx, &request);
}

static void test_account_phase(void **state)
{
	struct world *w = *state;
	LK_CLEANUP(account_freep) struct account *gone = NULL;

	assert_string_equal(check(w, "root", true), "");
	assert_string_equal(check(w, "No-Such", true), "");
	/* a key or certificate for a name that only has NSS's placeholder does not pass on to the next module */
	assert_string_equal(check(w, "alice", false), REASON_NOT_ALLOWED);
	assert_string_equal(check(w, "alice", true), REASON_NOT_ALLOWED);
	sign_in(w, "alice", "s-1", ALICE);
	assert_null(check(w, "alice", true));
	assert_null(check(w, "alice", false));

	/* I17: without a sign-in of its own the last one must be recent, and a clock set back proves nothing */
	clock_freeze(1000000, 1700000000 + 900);
	assert_null(check(w, "alice", false));
	clock_freeze(1000000, 1700000000 + 901);
	assert_string_equal(check(w, "alice", false), REASON_NOT_ALLOWED);
	assert_null(check(w, "alice", true));
	w->policy.sign_in_age_s = 0;
	clock_freeze(1000000, 1700000000);
	assert_string_equal(check(w, "alice", false), REASON_NOT_ALLOWED);
	w->policy.sign_in_age_s = 900;
	clock_freeze(1000000, 1600000000);
	assert_string_equal(check(w, "alice", false), REASON_NOT_ALLOWED);

	/* I18: the section is judged again at every session */
	w->policy.everyone = false;
	assert_string_equal(check(w, "alice", true), REASON_NOT_ALLOWED);
	w->access.n_policies = 0;
	assert_string_equal(check(w, "alice", true), REASON_NOT_ALLOWED);
	w->access.n_policies = 1;
	w->policy.everyone = true;

	assert_int_equal(accounts_forget(w->ctx.accounts, "alice", &gone), 0);
	assert_string_equal(check(w, "alice", true), REASON_NOT_ALLOWED);
	begin_for(w, "alice");
	assert_string_equal(w->said, "not-ours");
}

/* I17: a sign-in that shows that a group was lost takes away what the group gave, also from whoever comes with a key. */
static void test_i17_group_lost(void **state)
{
	struct world *w = *state;
	char group[] = "ops";
	char *groups[] = {group, NULL};

	w->policy.everyone = false;
	w->policy.groups = groups;
	sign_in(w, "alice", "s-1", "{\"preferred_username\":\"alice\",\"groups\":[\"ops\"]}");
	assert_string_equal(w->said, "granted");
	assert_null(check(w, "alice", false));
	sign_in(w, "alice", "s-1", "{\"preferred_username\":\"alice\",\"groups\":[]}");
	assert_string_equal(w->said, REASON_NOT_ALLOWED);
	assert_string_equal(check(w, "alice", false), REASON_NOT_ALLOWED);
	sign_in(w, "alice", "s-1", "{\"preferred_username\":\"alice\",\"groups\":[\"ops\"]}");
	assert_null(check(w, "alice", false));
}

/* I8, I17: an account is its issuer's. Where root took that provider away nobody answers for it any more, and a section that
 * now has its name speaks of other people. */
static void test_i8_provider_taken_away(void **state)
{
	struct world *w = *state;
	char other[] = "https://other.example", renamed[] = "renamed", subject[] = "example:s-1";
	char *subjects[] = {subject, NULL};

	sign_in(w, "alice", "s-1", ALICE);
	assert_null(check(w, "alice", true));
	w->policy.everyone = false;
	w->policy.subjects = subjects;
	assert_null(check(w, "alice", true));

	w->settings.name = renamed;
	assert_string_equal(check(w, "alice", true), REASON_NOT_ALLOWED);
	memcpy(subject, "renamed", 7);
	assert_null(check(w, "alice", true));

	w->settings.issuer = other;
	assert_string_equal(check(w, "alice", true), REASON_NOT_ALLOWED);
	w->policy.everyone = true;
	assert_string_equal(check(w, "alice", false), REASON_NOT_ALLOWED);
}

/* A machine whose own users cannot be read lets nobody pass as one of them. */
static void test_account_phase_without_passwd(void **state)
{
	struct world *w = *state;
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/etc/passwd", w->folder);
	assert_int_equal(chmod(path, 0666), 0);
	assert_string_equal(check(w, "alice", false), REASON_NO_STORE);
	assert_int_equal(chmod(path, 0644), 0);
	assert_string_equal(check(w, "local", false), "");
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_account_phase),
		T(test_i17_group_lost),
		T(test_i8_provider_taken_away),
		T(test_account_phase_without_passwd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
