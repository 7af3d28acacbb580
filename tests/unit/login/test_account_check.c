/* SPDX-License-Identifier: MIT */
/*
 * The account phase: who may begin a session, judged by what the last sign-in proved and what the provider says since.
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
#include "tests/unit/login/account_phase.h"

static sd_event_time_handler_t expire;
static void *expire_userdata;

int __wrap_sd_event_add_time_relative(sd_event *event, sd_event_source **ret, clockid_t clock, uint64_t usec,
				      uint64_t accuracy, sd_event_time_handler_t handler, void *userdata);

int __wrap_sd_event_add_time_relative(sd_event *event, sd_event_source **ret, clockid_t clock, uint64_t usec,
				      uint64_t accuracy, sd_event_time_handler_t handler, void *userdata)
{
	(void)event;
	(void)ret;
	(void)clock;
	(void)accuracy;
	assert_int_equal(usec, 10000000);
	expire = handler;
	expire_userdata = userdata;
	return 0;
}

static void test_account_phase(void **state)
{
	struct world *w = *state;
	LK_CLEANUP(account_freep) struct account *gone = NULL;

	assert_string_equal(check_phase(w, "root", true), "");
	assert_string_equal(check_phase(w, "No-Such", true), "");
	/* a key or certificate for a name that only has NSS's placeholder does not pass on to the next module */
	assert_string_equal(check_phase(w, "alice", false), REASON_NOT_ALLOWED);
	assert_string_equal(check_phase(w, "alice", true), REASON_NOT_ALLOWED);
	sign_in(w, "alice", "s-1", ALICE);
	assert_null(check_phase(w, "alice", true));
	assert_null(check_phase(w, "alice", false));

	/* I18: the section is judged again at every session */
	w->policy.everyone = false;
	assert_string_equal(check_phase(w, "alice", true), REASON_NOT_ALLOWED);
	w->access.n_policies = 0;
	assert_string_equal(check_phase(w, "alice", true), REASON_NOT_ALLOWED);
	w->access.n_policies = 1;
	w->policy.everyone = true;

	assert_int_equal(accounts_forget(w->ctx.accounts, "alice", &gone), 0);
	assert_string_equal(check_phase(w, "alice", true), REASON_NOT_ALLOWED);
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
	assert_null(check_phase(w, "alice", false));
	sign_in(w, "alice", "s-1", "{\"preferred_username\":\"alice\",\"groups\":[]}");
	assert_string_equal(w->said, REASON_NOT_ALLOWED);
	assert_string_equal(check_phase(w, "alice", false), REASON_NOT_ALLOWED);
	sign_in(w, "alice", "s-1", "{\"preferred_username\":\"alice\",\"groups\":[\"ops\"]}");
	assert_null(check_phase(w, "alice", false));
}

/* I8, I17: an account is its issuer's. Where root took that provider away nobody answers for it any more, and a section that
 * now has its name speaks of other people. */
static void test_i8_provider_taken_away(void **state)
{
	struct world *w = *state;
	char other[] = "https://other.example", renamed[] = "renamed", subject[] = "example:s-1";
	char *subjects[] = {subject, NULL};

	sign_in(w, "alice", "s-1", ALICE);
	assert_null(check_phase(w, "alice", true));
	w->policy.everyone = false;
	w->policy.subjects = subjects;
	assert_null(check_phase(w, "alice", true));

	w->settings.name = renamed;
	assert_string_equal(check_phase(w, "alice", true), REASON_NOT_ALLOWED);
	memcpy(subject, "renamed", 7);
	assert_null(check_phase(w, "alice", true));

	w->settings.issuer = other;
	assert_string_equal(check_phase(w, "alice", true), REASON_NOT_ALLOWED);
	w->policy.everyone = true;
	assert_string_equal(check_phase(w, "alice", false), REASON_NOT_ALLOWED);
}

/* Root can say how old the last sign-in may be, whatever the provider says; a clock set back proves nothing. */
static void test_sign_in_age(void **state)
{
	struct world *w = *state;

	sign_in(w, "alice", "s-1", ALICE);
	clock_freeze(1000000, 1700000000 + 900);
	assert_null(check_phase(w, "alice", false));
	clock_freeze(1000000, 1700000000 + 901);
	fake_provider.asked = 0;
	assert_string_equal(check_phase(w, "alice", false), REASON_SIGN_IN_NEEDED);
	assert_int_equal(fake_provider.asked, 0);
	assert_null(check_phase(w, "alice", true));
	w->policy.sign_in_age_s = 0;
	clock_freeze(1000000, 1700000000);
	assert_string_equal(check_phase(w, "alice", false), REASON_SIGN_IN_NEEDED);
	w->policy.sign_in_age_s = 900;
	clock_freeze(1000000, 1600000000);
	assert_string_equal(check_phase(w, "alice", false), REASON_SIGN_IN_NEEDED);
	w->policy.sign_in_age_s = ACCESS_ANY_AGE;
	assert_null(check_phase(w, "alice", false));
	clock_freeze(1000000, 1900000000);
	assert_null(check_phase(w, "alice", false));
}

/* I17: whoever comes without a sign-in is asked about, with the age that root allows; whoever comes with one is not. */
static void test_i17_provider_is_asked(void **state)
{
	static const struct {
		enum recheck_outcome outcome;
		const char *reason;
	} rows[] = {
		{RECHECK_GOOD, NULL},
		{RECHECK_REFUSED, REASON_REFUSED},
		{RECHECK_NO_TOKEN, REASON_SIGN_IN_NEEDED},
		{RECHECK_UNREACHABLE, REASON_UNAVAILABLE},
		{RECHECK_FAILED, REASON_NO_STORE},
	};
	struct world *w = *state;

	sign_in(w, "alice", "s-1", ALICE);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int is_slow = 0; is_slow < 2; is_slow++) {
			fake_provider.outcome = rows[i].outcome;
			fake_provider.is_slow = is_slow != 0;
			phase_begin(w, "alice", "cron", false);
			if (is_slow) {
				assert_string_equal(phase_reason(), "waiting");
				phase_answer(rows[i].outcome);
			}
			assert_string_equal(fake_provider.subject, "s-1");
			assert_int_equal(fake_provider.max_age_s, 300);
			assert_int_equal(fake_provider.waiting, 0);
			if (rows[i].reason == NULL) {
				assert_null(phase_reason());
				continue;
			}
			assert_string_equal(phase_reason(), rows[i].reason);
			assert_string_equal(phase_title(), "Example");
		}
	}
	assert_int_equal(fake_provider.asked, 10);
	fake_provider.is_slow = false;
	assert_null(check_phase(w, "alice", true));
	assert_int_equal(fake_provider.asked, 10);
	w->policy.recheck_s = 0;
	fake_provider.outcome = RECHECK_GOOD;
	assert_null(check_phase(w, "alice", false));
	assert_int_equal(fake_provider.max_age_s, 0);
}

/* The provider can take its word back between the sign-in and the session; where that cannot be known nobody gets in. */
static void test_refused_meanwhile(void **state)
{
	struct world *w = *state;

	sign_in(w, "alice", "s-1", ALICE);
	fake_provider.standing = STANDING_GOOD;
	assert_null(check_phase(w, "alice", true));
	fake_provider.standing = STANDING_REFUSED;
	assert_string_equal(check_phase(w, "alice", true), REASON_REFUSED);
	fake_provider.standing = STANDING_GOOD;
	fake_provider.standing_error = -5;
	assert_string_equal(check_phase(w, "alice", true), REASON_NO_STORE);
}

/* Root can let keys in where there is nothing to ask with; a no and silence of the provider stay what they are. */
static void test_unchecked(void **state)
{
	struct world *w = *state;

	sign_in(w, "alice", "s-1", ALICE);
	w->policy.unchecked = true;
	fake_provider.outcome = RECHECK_NO_TOKEN;
	assert_null(check_phase(w, "alice", false));
	clock_freeze(1000000, 1700000000 + 901);
	assert_string_equal(check_phase(w, "alice", false), REASON_SIGN_IN_NEEDED);
	clock_freeze(1000000, 1700000000);
	w->policy.everyone = false;
	assert_string_equal(check_phase(w, "alice", false), REASON_NOT_ALLOWED);
	w->policy.everyone = true;
	fake_provider.outcome = RECHECK_REFUSED;
	assert_string_equal(check_phase(w, "alice", false), REASON_REFUSED);
	fake_provider.outcome = RECHECK_UNREACHABLE;
	assert_string_equal(check_phase(w, "alice", false), REASON_UNAVAILABLE);
}

/* What the provider says of groups now decides, for better and for worse: the stored facts are only the last ones. */
static void test_facts_after_the_answer(void **state)
{
	struct world *w = *state;
	char group[] = "ops";
	char *groups[] = {group, NULL};

	sign_in(w, "alice", "s-1", ALICE);
	w->policy.everyone = false;
	w->policy.groups = groups;
	fake_provider.is_slow = true;
	phase_begin(w, "alice", "sshd", false);
	assert_int_equal(accounts_note_facts(w->ctx.accounts, ISSUER, "s-1", "{\"groups\":[\"ops\"]}") < 0, 0);
	phase_answer(RECHECK_GOOD);
	assert_null(phase_reason());
	phase_begin(w, "alice", "sshd", false);
	assert_int_equal(accounts_note_facts(w->ctx.accounts, ISSUER, "s-1", "{\"groups\":[]}") < 0, 0);
	phase_answer(RECHECK_GOOD);
	assert_string_equal(phase_reason(), REASON_NOT_ALLOWED);
}

/* I6, I9: what was asked about is what gets in: forgotten meanwhile, or somebody else's by now, it does not. */
static void test_another_account_after_the_answer(void **state)
{
	struct world *w = *state;
	LK_CLEANUP(account_freep) struct account *gone = NULL;
	uint32_t uid;

	sign_in(w, "alice", "s-1", ALICE);
	fake_provider.is_slow = true;
	phase_begin(w, "alice", "sshd", false);
	assert_int_equal(accounts_forget(w->ctx.accounts, "alice", &gone), 0);
	phase_answer(RECHECK_GOOD);
	assert_string_equal(phase_reason(), REASON_NOT_ALLOWED);
	phase_begin(w, "alice", "sshd", false);
	assert_string_equal(phase_reason(), REASON_NOT_ALLOWED);

	assert_int_equal(accounts_release_name(w->ctx.accounts, "alice", clock_realtime_s(), &uid), 0);
	sign_in(w, "alice", "s-1", ALICE);
	phase_begin(w, "alice", "sshd", false);
	account_free(LK_STEAL(gone));
	assert_int_equal(accounts_forget(w->ctx.accounts, "alice", &gone), 0);
	assert_int_equal(accounts_release_name(w->ctx.accounts, "alice", clock_realtime_s(), &uid), 0);
	sign_in(w, "alice", "s-2", ALICE);
	assert_string_equal(w->said, "granted");
	phase_answer(RECHECK_GOOD);
	assert_string_equal(phase_reason(), REASON_NOT_ALLOWED);

	w->policy.unchecked = true;
	phase_begin(w, "alice", "sshd", false);
	account_free(LK_STEAL(gone));
	assert_int_equal(accounts_forget(w->ctx.accounts, "alice", &gone), 0);
	phase_answer(RECHECK_NO_TOKEN);
	assert_string_equal(phase_reason(), REASON_NOT_ALLOWED);
}

/* R6, C15: a connection that ends takes its check along, and a provider that never answers is none that says yes. */
static void test_waiting_ends(void **state)
{
	struct world *w = *state;

	sign_in(w, "alice", "s-1", ALICE);
	fake_provider.is_slow = true;
	phase_begin(w, "alice", "sshd", false);
	assert_int_equal(fake_provider.waiting, 1);
	phase_end();
	assert_int_equal(fake_provider.waiting, 0);
	assert_string_equal(phase_reason(), "waiting");

	phase_begin(w, "alice", "sshd", false);
	assert_non_null(expire);
	assert_int_equal(expire(NULL, 0, expire_userdata), 0);
	assert_string_equal(phase_reason(), REASON_UNAVAILABLE);
	assert_int_equal(fake_provider.waiting, 0);
}

/* A machine whose own users cannot be read lets nobody pass as one of them. */
static void test_account_phase_without_passwd(void **state)
{
	struct world *w = *state;
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/etc/passwd", w->folder);
	assert_int_equal(chmod(path, 0666), 0);
	assert_string_equal(check_phase(w, "alice", false), REASON_NO_STORE);
	assert_int_equal(chmod(path, 0644), 0);
	assert_string_equal(check_phase(w, "local", false), "");
}

#define T(name) cmocka_unit_test_setup_teardown(name, phase_setup, phase_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_account_phase),
		T(test_sign_in_age),
		T(test_i17_provider_is_asked),
		T(test_refused_meanwhile),
		T(test_unchecked),
		T(test_facts_after_the_answer),
		T(test_another_account_after_the_answer),
		T(test_waiting_ends),
		T(test_i17_group_lost),
		T(test_i8_provider_taken_away),
		T(test_account_phase_without_passwd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
