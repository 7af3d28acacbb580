/* SPDX-License-Identifier: MIT */
/*
 * One sign-in, step by step, with a real store and a stand-in for everything on the network.
 */
#include "helper/login/attempt.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/clock.h"
#include "helper/protocol/names.h"
#include "tests/unit/login/account_phase.h"
#include "tests/unit/login/fake_oauth.h"

static void test_granted(void **state)
{
	struct world *w = *state;
	uint32_t first;

	until_identity(w, "alice");
	assert_string_equal(fake.wanted, "preferred_username name ");
	assert_int_equal(stored(w), 0);
	fake_identity(OAUTH_DONE, ISSUER, "s-1", ALICE);
	assert_int_equal(stored(w), 1);
	assert_string_equal(w->said, "challenge"); /* not before the map is out */
	fake_published(0);
	assert_string_equal(w->said, "granted");
	first = w->uid;
	assert_in_range(first, ACCOUNTS_UID_MIN_DEFAULT, ACCOUNTS_UID_MAX_DEFAULT);

	/* The same person again: the same UID, nothing to publish, and userinfo is not asked for the name. */
	sign_in(w, "alice", "s-1", ALICE);
	assert_string_equal(w->said, "granted");
	assert_int_equal(w->uid, first);
	assert_string_equal(fake.wanted, "");
	assert_int_equal(fake.published, 1);
	assert_int_equal(stored(w), 1);
}

/* T1, N16, D2: whoever approved must be the account that was asked for, first time and later. */
static void test_t1_other_person_approves(void **state)
{
	struct world *w = *state;

	sign_in(w, "alice", "s-2", BOB);
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);
	assert_int_equal(stored(w), 0);
	assert_int_equal(fake.published, 0);

	sign_in(w, "alice", "s-1", ALICE);
	sign_in(w, "alice", "s-2", BOB);
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);
	assert_int_equal(stored(w), 1);
}

/* I6: a name that was given to a new person at the provider stays with the account's owner here. */
static void test_i6_reassigned_name(void **state)
{
	struct world *w = *state;

	sign_in(w, "alice", "s-1", ALICE);
	sign_in(w, "alice", "s-9", ALICE);
	assert_string_equal(w->said, REASON_NAME_TAKEN);
}

#define ALICEB "{\"preferred_username\":\"aliceb\"}"

static void until_decision(struct world *w, const char *user, uint32_t seen_uid, const char *subject,
			   const char *claims)
{
	const struct attempt_request request = {.user = user,
						.has_screen = true,
						.service = "sshd",
						.has_seen = true,
						.seen_uid = seen_uid,
						.seen_gid = seen_uid,
						.seen_home = "/home/alice",
						.seen_shell = "/bin/sh"};

	begin(w, &request);
	fake_prepared(OAUTH_DONE);
	fake_tokens(OAUTH_DONE);
	fake_identity(OAUTH_DONE, ISSUER, subject, claims);
	if (fake.publish_done != NULL)
		fake_published(0);
}

/* I6, T1: somebody renamed at the provider has the same UID under the new name, from when it is first asked for. */
static void test_i6_renamed_person(void **state)
{
	struct world *w = *state;
	uint32_t uid;

	sign_in(w, "alice", "s-1", ALICE);
	uid = w->uid;
	/* not yet asked for: the bound name goes on, and nobody asks for its claim */
	clock_freeze(2000000, 1700001000);
	sign_in(w, "alice", "s-1", ALICEB);
	assert_string_equal(w->said, "granted");
	assert_int_equal(fake.published, 1);

	/* sshd holds the placeholder's number */
	until_decision(w, "aliceb", 0x70000001, "s-1", ALICEB);
	assert_string_equal(w->said, REASON_CONNECT_AGAIN);
	assert_int_equal(fake.published, 2);
	until_decision(w, "aliceb", uid, "s-1", ALICEB);
	assert_string_equal(w->said, "granted");
	assert_int_equal(w->uid, uid);
	assert_int_equal(stored(w), 1);

	/* the old name: its owner hears why, anybody else is somebody else */
	clock_freeze(3000000, 1700002000);
	until_decision(w, "alice", 0x70000001, "s-1", ALICEB);
	assert_string_equal(w->said, REASON_RENAMED);
	until_decision(w, "alice", 0x70000001, "s-9", ALICE);
	assert_string_equal(w->said, REASON_NAME_TAKEN);
	clock_freeze(4000000, 1700003000);
	until_decision(w, "alice", 0x70000001, "s-2", BOB);
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);
	until_decision(w, "aliceb", uid, "s-9", ALICEB);
	assert_string_equal(w->said, REASON_NAME_TAKEN);
	assert_int_equal(stored(w), 1);
	assert_int_equal(fake.published, 2);

	/* I6: and back again */
	clock_freeze(5000000, 1700004000);
	until_decision(w, "alice", 0x70000001, "s-1", ALICE);
	assert_string_equal(w->said, REASON_CONNECT_AGAIN);
	until_decision(w, "alice", uid, "s-1", ALICE);
	assert_string_equal(w->said, "granted");
	assert_int_equal(stored(w), 1);
}

/* I5, T1: a new name that nothing proves renames nobody, and neither does one that policy does not let in. */
static void test_i6_rename_refused(void **state)
{
	struct world *w = *state;
	char alice[] = "alice", aliceb[] = "aliceb", email[] = "email", domain[] = "good.example";
	char *users[] = {alice, NULL, NULL}, *domains[] = {domain, NULL};

	sign_in(w, "alice", "s-1", ALICE);
	sign_in(w, "alicec", "s-1", ALICEB);
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);
	sign_in(w, "aliceb", "s-1", "{}");
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);

	clock_freeze(2000000, 1700001000);
	w->policy.everyone = false;
	w->policy.users = users;
	begin_for(w, "aliceb");
	assert_string_equal(w->said, "not-ours");
	users[1] = aliceb;
	w->names.claim = email;
	w->names.strip_domains = domains;
	sign_in(w, "aliceb", "s-1", "{\"email\":\"aliceb@good.example\",\"email_verified\":false}");
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);
	assert_int_equal(fake.published, 1);
	sign_in(w, "aliceb", "s-1", "{\"email\":\"aliceb@good.example\",\"email_verified\":true}");
	assert_string_equal(w->said, "granted");
	assert_int_equal(stored(w), 1);
}

/* I8: the same subject from another issuer is somebody else. */
static void test_i8_other_issuer(void **state)
{
	struct world *w = *state;

	sign_in(w, "alice", "s-1", ALICE);
	until_identity(w, "alice");
	fake_identity(OAUTH_DONE, "https://other.example", "s-1", ALICE);
	assert_string_equal(w->said, REASON_NAME_TAKEN);
}

static void test_name_claim_missing(void **state)
{
	struct world *w = *state;

	sign_in(w, "alice", "s-1", "{\"name\":\"Alice\"}");
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);
	assert_int_equal(stored(w), 0);
}

/* I5: an address that nobody verified makes no name, or whoever writes hers into his profile would be alice. */
static void test_i5_name_from_address(void **state)
{
	struct world *w = *state;
	char claim[] = "email", domain[] = "good.example";
	char *domains[] = {domain, NULL};

	w->names.claim = claim;
	w->names.strip_domains = domains;
	until_identity(w, "alice");
	assert_string_equal(fake.wanted, "email name email email_verified ");
	fake_identity(OAUTH_DONE, ISSUER, "s-6", "{\"email\":\"alice@good.example\"}");
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);
	sign_in(w, "alice", "s-6", "{\"email\":\"alice@good.example\",\"email_verified\":false}");
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);
	clock_freeze(2000000, 1700000000);
	sign_in(w, "alice", "s-6", "{\"email\":\"alice@good.example\",\"email_verified\":\"true\"}");
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);
	assert_int_equal(stored(w), 0);
	sign_in(w, "alice", "s-1", "{\"email\":\"alice@good.example\",\"email_verified\":true}");
	assert_string_equal(w->said, "granted");
}

/* I1, L23: local and reserved names never reach the provider. */
static void test_i1_local_names(void **state)
{
	struct world *w = *state;
	const char *const names[] = {"root", "local", "daemon", "nobody", "sshd", "systemd-resolve", "sudo"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		begin_for(w, names[i]);
		assert_string_equal(w->said, "not-ours");
	}
	assert_int_equal(fake.prepared, 0);
}

/* I18: unset policy means nobody, and looks like an unknown name (R2). */
static void test_i18_nobody(void **state)
{
	struct world *w = *state;

	w->access.n_policies = 0;
	begin_for(w, "alice");
	assert_string_equal(w->said, "not-ours");
	assert_int_equal(fake.prepared, 0);
}

/* A person without a grant is refused before anything is stored (T23). */
static void test_no_grant(void **state)
{
	struct world *w = *state;
	char subject[] = "example:s-7";
	char *subjects[] = {subject, NULL};

	w->policy.everyone = false;
	w->policy.subjects = subjects;
	sign_in(w, "alice", "s-1", ALICE);
	assert_string_equal(w->said, REASON_NOT_ALLOWED);
	assert_int_equal(stored(w), 0);
	sign_in(w, "alice", "s-7", ALICE);
	assert_string_equal(w->said, "granted");
}

/* A section that cannot let this name in costs nobody an approval, and the provider nothing. */
static void test_section_of_another_service(void **state)
{
	struct world *w = *state;
	char service[] = "sshd", bob[] = "bob";
	char *users[] = {bob, NULL};
	struct access_policy policies[2] = {w->policy, {.service = service, .users = users}};

	w->access.policies = policies;
	w->access.n_policies = 2;
	begin_for(w, "alice");
	assert_string_equal(w->said, REASON_NOT_ALLOWED);
	assert_int_equal(fake.prepared, 0);
	begin_for(w, "bob");
	assert_int_equal(fake.prepared, 1);
}

static void test_claims_for_policy(void **state)
{
	struct world *w = *state;
	char group[] = "ops", domain[] = "good.example";
	char *groups[] = {group, NULL};
	char *domains[] = {domain, NULL};

	w->policy.everyone = false;
	w->policy.groups = groups;
	w->policy.domains = domains;
	until_identity(w, "alice");
	assert_string_equal(fake.wanted, "preferred_username name groups email email_verified ");
	/* I5: an address that nobody verified grants nothing */
	fake_identity(OAUTH_DONE, ISSUER, "s-1",
		      "{\"preferred_username\":\"alice\",\"email\":\"a@good.example\",\"email_verified\":false}");
	assert_string_equal(w->said, REASON_NOT_ALLOWED);

	sign_in(w, "alice", "s-1", "{\"preferred_username\":\"alice\",\"groups\":[\"dev\",\"ops\"]}");
	assert_string_equal(w->said, "granted");
}

/* D5: every way in which a flow can fail is a refusal, whatever its stage. */
static void test_d5_flow_failures(void **state)
{
	struct world *w = *state;
	const struct {
		enum oauth_outcome outcome;
		const char *reason;
	} rows[] = {
		{OAUTH_DENIED, REASON_DENIED},
		{OAUTH_EXPIRED, REASON_EXPIRED},
		{OAUTH_UNREACHABLE, REASON_UNAVAILABLE},
		{OAUTH_BAD_REPLY, REASON_PROVIDER_ERROR},
		{OAUTH_CLIENT_REFUSED, REASON_CONFIGURATION},
		{OAUTH_PROVIDER_REFUSED, REASON_PROVIDER_ERROR},
		{OAUTH_TOKEN_INVALID, REASON_TOKEN_INVALID},
		{OAUTH_THROTTLED, REASON_UNAVAILABLE},
		{OAUTH_NO_MEMORY, REASON_UNAVAILABLE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		clock_freeze(1000000 + i * 1000000, 1700000000);
		begin_for(w, "alice");
		fake_prepared(rows[i].outcome);
		assert_string_equal(w->said, rows[i].reason);

		begin_for(w, "alice");
		fake_prepared(OAUTH_DONE);
		fake_tokens(rows[i].outcome);
		assert_string_equal(w->said, rows[i].reason);

		until_identity(w, "alice");
		fake_identity(rows[i].outcome, NULL, NULL, NULL);
		assert_string_equal(w->said, rows[i].reason);
	}
	assert_int_equal(stored(w), 0);
}

/* A publication that was asked for before a change says nothing about that change. */
static void test_publish_overtaken(void **state)
{
	struct world *w = *state;
	LK_CLEANUP(attempt_freep) struct attempt *first = NULL;
	publish_done_fn done;
	void *userdata;

	until_identity(w, "alice");
	fake_identity(OAUTH_DONE, ISSUER, "s-1", ALICE);
	first = LK_STEAL(w->attempt);
	done = LK_STEAL(fake.publish_done);
	userdata = fake.publish_userdata;
	until_identity(w, "bob");
	fake_identity(OAUTH_DONE, ISSUER, "s-2", BOB);
	done(userdata, 0, "");
	assert_string_equal(w->said, "granted"); /* alice */
	assert_false(w->ctx.is_map_current);
	fake_published(0);
	assert_true(w->ctx.is_map_current);
}

/* I17: an account that is forgotten while its map is on its way lets nobody in. */
static void test_i17_forgotten_meanwhile(void **state)
{
	struct world *w = *state;
	LK_CLEANUP(account_freep) struct account *gone = NULL;

	until_identity(w, "alice");
	fake_identity(OAUTH_DONE, ISSUER, "s-1", ALICE);
	assert_int_equal(accounts_forget(w->ctx.accounts, "alice", &gone), 0);
	fake_published(0);
	assert_string_equal(w->said, REASON_NOT_ALLOWED);
}

static void test_no_device_endpoint(void **state)
{
	struct world *w = *state;

	fake.flow_result = -EINVAL;
	begin_for(w, "alice");
	fake_prepared(OAUTH_DONE);
	assert_string_equal(w->said, REASON_CONFIGURATION);
}

/* A map that cannot be published lets nobody in, and the next sign-in tries again (C2). */
static void test_publish_fails(void **state)
{
	struct world *w = *state;

	until_identity(w, "alice");
	fake_identity(OAUTH_DONE, ISSUER, "s-1", ALICE);
	fake_published(-ENOSPC);
	assert_string_equal(w->said, REASON_NO_STORE);
	assert_false(w->ctx.is_map_current);

	until_identity(w, "alice");
	fake_identity(OAUTH_DONE, ISSUER, "s-1", ALICE);
	assert_int_equal(fake.published, 2);
	fake_published(0);
	assert_string_equal(w->said, "granted");
}

/* sshd keeps the uid that NSS told it before: where the record differs this login is refused. */
static void test_seen_differs(void **state)
{
	struct world *w = *state;
	struct attempt_request request = {.user = "alice",
					  .has_screen = true,
					  .service = "sshd",
					  .has_seen = true,
					  .seen_uid = 0x70000001,
					  .seen_gid = 0x70000001,
					  .seen_home = "/home/alice",
					  .seen_shell = "/bin/sh"};

	begin(w, &request);
	fake_prepared(OAUTH_DONE);
	fake_tokens(OAUTH_DONE);
	fake_identity(OAUTH_DONE, ISSUER, "s-1", ALICE);
	fake_published(0);
	assert_string_equal(w->said, REASON_CONNECT_AGAIN);
	assert_int_equal(stored(w), 1);

	sign_in(w, "alice", "s-1", ALICE);
	request.seen_uid = w->uid;
	request.seen_gid = w->uid;
	begin(w, &request);
	fake_prepared(OAUTH_DONE);
	fake_tokens(OAUTH_DONE);
	fake_identity(OAUTH_DONE, ISSUER, "s-1", ALICE);
	assert_string_equal(w->said, "granted");
}

/* I12: the number is the provider's, which only the token tells; nothing it says later moves an account. */
static void test_i12_uid_claim(void **state)
{
	struct world *w = *state;
	uint32_t free_uid;
	static const char *const refused[] = {
		"{\"preferred_username\":\"alice\"}",
		"{\"preferred_username\":\"alice\",\"uidNumber\":0}",
		"{\"preferred_username\":\"alice\",\"uidNumber\":999}",
		"{\"preferred_username\":\"alice\",\"uidNumber\":1000}", /* local */
		"{\"preferred_username\":\"alice\",\"uidNumber\":\"-1\"}",
		"{\"preferred_username\":\"alice\",\"uidNumber\":65534}",
		"{\"preferred_username\":\"alice\",\"uidNumber\":4294967295}",
		"{\"preferred_username\":\"alice\",\"uidNumber\":200000}", /* outside root's range */
	};

	w->lp.uid_claim = "uidNumber";
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		clock_freeze(10000000 + i * 1000000, 1700000000);
		sign_in(w, "alice", "s-1", refused[i]);
		assert_string_equal(w->said, REASON_CONFIGURATION);
	}
	assert_int_equal(stored(w), 0);

	/* sshd holds the placeholder's number */
	clock_freeze(50000000, 1700000000);
	until_decision(w, "alice", 0x70000001, "s-1",
		       "{\"preferred_username\":\"alice\",\"uidNumber\":\"1890000000\"}");
	assert_string_equal(w->said, REASON_CONNECT_AGAIN);
	assert_string_equal(fake.wanted, "preferred_username name uidNumber ");
	/* It was no sign-in: a key would open a session with sshd's number, which nobody else gets either. */
	assert_string_equal(check_phase(w, "alice", false), REASON_SIGN_IN_NEEDED);
	assert_int_equal(store_free_uid(w->ctx.store, 0x70000001, 0x70000001, &free_uid), -ENOENT);
	until_decision(w, "alice", 1890000000, "s-1", "{\"preferred_username\":\"alice\",\"uidNumber\":1890000000}");
	assert_string_equal(w->said, "granted");
	assert_int_equal(w->uid, 1890000000);
	assert_null(check_phase(w, "alice", false));
	assert_string_equal(fake.wanted, "uidNumber ");
	sign_in(w, "alice", "s-1", "{}");
	assert_string_equal(w->said, "granted");
	clock_freeze(60000000, 1700000000);
	sign_in(w, "alice", "s-1", "{\"uidNumber\":1890000001}");
	assert_string_equal(w->said, REASON_CONFIGURATION);
	/* of another user */
	sign_in(w, "bob", "s-2", "{\"preferred_username\":\"bob\",\"uidNumber\":1890000000}");
	assert_string_equal(w->said, REASON_CONFIGURATION);
	assert_int_equal(stored(w), 1);
}

/* R5: codes for each client address are counted before the provider is asked. */
static void test_r5_codes_per_address(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++)
		begin_for(w, "alice");
	assert_int_equal(fake.prepared, 3);
	begin_for(w, "alice");
	assert_string_equal(w->said, REASON_TOO_MANY);
	assert_int_equal(fake.prepared, 3);
}

/* R5: without an address one account's codes are not another's. */
static void test_r5_codes_per_account(void **state)
{
	struct world *w = *state;
	struct attempt_request request = {.user = "alice", .service = "sudo", .has_screen = true};

	for (int i = 0; i < 4; i++)
		begin(w, &request);
	assert_string_equal(w->said, REASON_TOO_MANY);
	request.user = "bob";
	begin(w, &request);
	assert_string_equal(w->said, "");
	assert_int_equal(fake.prepared, 4);
}

static void test_r5_pending_in_all(void **state)
{
	struct world *w = *state;

	w->ctx.pending_max = 0;
	begin_for(w, "alice");
	assert_string_equal(w->said, REASON_TOO_MANY);
	assert_int_equal(fake.prepared, 0);
}

static void test_before_start(void **state)
{
	struct world *w = *state;
	struct attempt_request request = {
		.user = "alice", .service = "sshd", .source = "192.0.2.7", .has_screen = true};

	w->policy.before_start_public_key = true;
	begin(w, &request);
	assert_string_equal(w->said, REASON_NOT_ALLOWED);
	assert_int_equal(fake.prepared, 0);
	request.public_key = "ssh-ed25519 AAAA";
	begin(w, &request);
	assert_int_equal(fake.prepared, 1);
}

/* R6, D6, DEV-17: an attempt that is dropped at any stage leaves nothing under way. */
static void test_r6_dropped_at_each_stage(void **state)
{
	struct world *w = *state;

	begin_for(w, "alice");
	attempt_free(LK_STEAL(w->attempt));
	assert_int_equal(fake.cancelled, 1);

	begin_for(w, "alice");
	fake_prepared(OAUTH_DONE);
	fake_challenge();
	attempt_free(LK_STEAL(w->attempt));
	assert_int_equal(fake.cancelled, 2);

	until_identity(w, "alice");
	attempt_free(LK_STEAL(w->attempt));
	assert_int_equal(fake.cancelled, 3);

	clock_freeze(9000000, 1700000000);
	until_identity(w, "alice");
	fake_identity(OAUTH_DONE, ISSUER, "s-1", ALICE);
	attempt_free(LK_STEAL(w->attempt));
	assert_int_equal(fake.cancelled, 4);
	assert_int_equal(w->ctx.pending, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, phase_setup, phase_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_granted),
		T(test_t1_other_person_approves),
		T(test_i6_reassigned_name),
		T(test_i6_renamed_person),
		T(test_i6_rename_refused),
		T(test_i8_other_issuer),
		T(test_name_claim_missing),
		T(test_i5_name_from_address),
		T(test_i1_local_names),
		T(test_i18_nobody),
		T(test_no_grant),
		T(test_section_of_another_service),
		T(test_claims_for_policy),
		T(test_d5_flow_failures),
		T(test_no_device_endpoint),
		T(test_publish_fails),
		T(test_publish_overtaken),
		T(test_i17_forgotten_meanwhile),
		T(test_seen_differs),
		T(test_i12_uid_claim),
		T(test_r5_codes_per_address),
		T(test_r5_codes_per_account),
		T(test_r5_pending_in_all),
		T(test_before_start),
		T(test_r6_dropped_at_each_stage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
