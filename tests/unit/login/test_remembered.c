/* SPDX-License-Identifier: MIT */
/* Sign-ins that count again: who need not approve, and that everything else is asked as ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/clock.h"
#include "helper/login/recheck.h"
#include "helper/login/remember.h"
#include "helper/protocol/names.h"
#include "helper/vault/store_standing.h"
#include "tests/unit/login/fake_oauth.h"
#include "tests/unit/login/world.h"

#define KEY_1 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEogcOSgKwvCjU3sKExVTvODPTNSJRFzKDgaPiEymD8k"
#define KEY_2                                                                                                          \
	"ecdsa-sha2-nistp256 "                                                                                         \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBGNNwsMIjsy+13+Br329nNNdZ4Vh0MfV4lq5qyvuqSpXAmRPkEDz"     \
	"S66FKu7sdZfFKWULZoLH1hPFDjmBjN8buMk="

/* What the provider says of the account when it is asked again. */
static struct {
	struct recheck_result result;
	unsigned n_asked;
	bool is_revoked_meanwhile; /* somebody revokes the approval before the answer is there */
} provider;

int __wrap_recheck_start(struct recheck **ret, struct login_context *ctx, const struct account *account,
			 uint32_t max_age_s, recheck_done_fn done, void *userdata);

int __wrap_recheck_start(struct recheck **ret, struct login_context *ctx, const struct account *account,
			 uint32_t max_age_s, recheck_done_fn done, void *userdata)
{
	(void)ret;
	assert_int_equal(max_age_s, 300);
	assert_string_equal(account->name, "alice");
	provider.n_asked++;
	if (provider.is_revoked_meanwhile)
		assert_int_equal(remember_drop(ctx->approvals, account->uid), 1);
	done(userdata, &provider.result);
	return 1;
}

static struct session_place place = {
	.login_uid = UINT32_MAX,
	.audit_session = UINT32_MAX,
	.terminal = 34819,
	.session = 4242,
	.leader_start = 123456,
	.pid_namespace = 4026531836,
};

static int setup(void **state)
{
	struct world *w;

	if (world_setup(state) < 0)
		return -1;
	w = *state;
	w->policy.remember_s = 600;
	w->policy.recheck_s = 300;
	limits_free(w->ctx.codes);
	if (limits_new(&w->ctx.codes, 50, 60000, 16) < 0)
		return -1;
	provider.result = (struct recheck_result){.outcome = RECHECK_GOOD};
	provider.n_asked = 0;
	provider.is_revoked_meanwhile = false;
	return 0;
}

static struct attempt_request with_key(const char *key)
{
	return (struct attempt_request){
		.user = "alice", .service = "sshd", .source = "192.0.2.7", .has_screen = true, .public_key = key};
}

static struct attempt_request with_session(void)
{
	return (struct attempt_request){.user = "alice", .service = "sudo", .has_screen = true, .session = &place};
}

/* The person approves. */
static void approve(struct world *w, const struct attempt_request *request)
{
	begin(w, request);
	fake_prepared(OAUTH_DONE);
	fake_challenge();
	assert_string_equal(w->said, "challenge");
	fake_tokens(OAUTH_DONE);
	fake_identity(OAUTH_DONE, ISSUER, "sub-1", ALICE);
	if (fake.publish_done != NULL)
		fake_published(0);
	assert_string_equal(w->said, "granted");
}

/* Is this caller granted at once? The provider is asked for no code then. */
static bool is_remembered(struct world *w, const struct attempt_request *request)
{
	unsigned n = fake.prepared;

	begin(w, request);
	if (strcmp(w->said, "granted") == 0) {
		assert_int_equal(fake.prepared, n);
		return true;
	}
	assert_string_equal(w->said, "");
	assert_int_equal(fake.prepared, n + 1);
	return false;
}

static void same_key(void **state)
{
	struct world *w = *state;
	struct attempt_request first = with_key(KEY_1);
	struct attempt_request other = with_key(KEY_2);
	struct attempt_request none = with_key(NULL);
	struct attempt_request elsewhere = with_key(KEY_1);
	struct attempt_request unreadable = with_key("ssh-ed25519 AAAA");

	assert_false(is_remembered(w, &first));
	approve(w, &first);
	assert_true(is_remembered(w, &first));
	assert_int_equal(provider.n_asked, 1);
	/* one key, wherever it comes from; and an address alone is nothing */
	elsewhere.source = "198.51.100.9";
	assert_true(is_remembered(w, &elsewhere));
	assert_false(is_remembered(w, &other));
	assert_false(is_remembered(w, &none));
	approve(w, &unreadable);
	assert_false(is_remembered(w, &unreadable));
}

/* What was revoked while the provider was being asked counts no more. */
static void revoked_meanwhile(void **state)
{
	struct world *w = *state;
	struct attempt_request first = with_key(KEY_1);

	approve(w, &first);
	provider.is_revoked_meanwhile = true;
	assert_false(is_remembered(w, &first));
	assert_int_equal(provider.n_asked, 1);
}

static void other_service(void **state)
{
	struct world *w = *state;
	struct attempt_request first = with_key(KEY_1);
	struct attempt_request other = with_key(KEY_1);

	approve(w, &first);
	other.service = "sshd-admin";
	assert_false(is_remembered(w, &other));
}

/* C5: for as long as was said, whatever the wall clock shows, and not prolonged by being used. */
static void ends(void **state)
{
	struct world *w = *state;
	struct attempt_request first = with_key(KEY_1);

	approve(w, &first);
	clock_freeze(1000000 + 599999, 1700000000 - 3600);
	assert_true(is_remembered(w, &first));
	clock_freeze(1000000 + 600000, 1700000000 - 3600);
	assert_false(is_remembered(w, &first));
}

static void not_unless_configured(void **state)
{
	struct world *w = *state;
	struct attempt_request first = with_key(KEY_1);

	w->policy.remember_s = 0;
	approve(w, &first);
	w->policy.remember_s = 600;
	assert_false(is_remembered(w, &first));
	approve(w, &first);
	w->policy.remember_s = 0;
	assert_false(is_remembered(w, &first));
}

/* sudo: the terminal and the session, started by the person itself. */
static void same_session(void **state)
{
	struct world *w = *state;
	struct attempt_request first = with_session();
	struct attempt_request nowhere = with_session();
	struct session_place other[3];

	place.real_uid = 1000;
	approve(w, &first);
	/* alice's own uid is known now; what was asked by somebody else was not remembered */
	assert_false(is_remembered(w, &first));
	place.real_uid = w->uid;
	approve(w, &first);
	assert_true(is_remembered(w, &first));

	for (size_t i = 0; i < 3; i++)
		other[i] = place;
	other[0].terminal++;
	other[1].session++;
	other[2].leader_start++;
	for (size_t i = 0; i < 3; i++) {
		struct attempt_request there = with_session();

		there.session = &other[i];
		assert_false(is_remembered(w, &there));
	}
	nowhere.session = NULL;
	assert_false(is_remembered(w, &nowhere));
}

/* I17: the provider's word about the account comes first; a no ends what was remembered. */
static void provider_is_asked(void **state)
{
	static const enum recheck_outcome others[] = {RECHECK_NO_TOKEN, RECHECK_UNREACHABLE, RECHECK_FAILED};
	struct world *w = *state;
	struct attempt_request first = with_key(KEY_1);

	approve(w, &first);
	for (size_t i = 0; i < 3; i++) {
		provider.result.outcome = others[i];
		assert_false(is_remembered(w, &first));
	}
	provider.result.outcome = RECHECK_GOOD;
	assert_true(is_remembered(w, &first));
	provider.result.outcome = RECHECK_REFUSED;
	assert_false(is_remembered(w, &first));
	provider.result.outcome = RECHECK_GOOD;
	assert_false(is_remembered(w, &first));
}

/* While nobody can be asked, by the provider's last word, as far as root lets it count. */
static void provider_is_silent(void **state)
{
	struct world *w = *state;
	struct attempt_request first = with_key(KEY_1);
	struct standing st = {.state = STANDING_GOOD, .checked_s = 1700000000};
	struct row_owner alice;

	approve(w, &first);
	alice = (struct row_owner){.uid = w->uid, .issuer = ISSUER, .subject = "sub-1"};
	assert_int_equal(store_put_standing(w->ctx.store, &alice, &st), 0);
	provider.result.outcome = RECHECK_UNREACHABLE;
	assert_false(is_remembered(w, &first));
	w->policy.offline_max_age_s = 60;
	assert_true(is_remembered(w, &first));
	clock_freeze(1000000, 1700000000 + 61);
	assert_false(is_remembered(w, &first));
	clock_freeze(1000000, 1700000000);
	st.state = STANDING_REFUSED;
	assert_int_equal(store_put_standing(w->ctx.store, &alice, &st), 0);
	assert_false(is_remembered(w, &first));
}

/* Policy judges anew, before and after the provider was asked. */
static void policy_judges(void **state)
{
	static char bobs_name[] = "bob", *bob[] = {bobs_name, NULL};
	static char domain[] = "example.com", *domains[] = {domain, NULL};
	struct world *w = *state;
	struct attempt_request first = with_key(KEY_1);

	approve(w, &first);
	w->policy.everyone = false;
	w->policy.users = bob;
	w->policy.domains = domains;
	assert_false(is_remembered(w, &first));
	w->policy.everyone = true;
	assert_true(is_remembered(w, &first));
}

/* T23: what the section asks of the sign-in at the provider is asked of the one that is remembered. */
static void too_weak(void **state)
{
	static char mfa[] = "mfa", *acr[] = {mfa, NULL};
	struct world *w = *state;
	struct attempt_request first = with_key(KEY_1);

	approve(w, &first);
	w->policy.acr = acr;
	assert_false(is_remembered(w, &first));
	w->policy.acr = NULL;
	w->policy.has_max_age = true;
	assert_false(is_remembered(w, &first));
	w->policy.has_max_age = false;
	assert_true(is_remembered(w, &first));
}

static void forgotten(void **state)
{
	LK_CLEANUP(account_freep) struct account *account = NULL;
	struct world *w = *state;
	struct attempt_request first = with_key(KEY_1);

	approve(w, &first);
	assert_int_equal(accounts_forget(w->ctx.accounts, "alice", &account), 0);
	begin(w, &first);
	assert_string_not_equal(w->said, "granted");
}

/* sshd keeps what NSS told it for the whole session: another number is no grant. */
static void other_answer_of_nss(void **state)
{
	struct world *w = *state;
	struct attempt_request first = with_key(KEY_1);

	approve(w, &first);
	first.has_seen = true;
	first.seen_uid = w->uid;
	first.seen_gid = w->uid;
	first.seen_home = "/home/alice";
	first.seen_shell = "/bin/sh";
	assert_true(is_remembered(w, &first));
	first.seen_uid++;
	begin(w, &first);
	assert_string_equal(w->said, REASON_CONNECT_AGAIN);
}

/* R5: a code is counted, what is remembered needs none. */
static void costs_no_code(void **state)
{
	struct world *w = *state;
	struct attempt_request first = with_key(KEY_1);

	approve(w, &first);
	for (int i = 0; i < 100; i++)
		assert_true(is_remembered(w, &first));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(same_key, setup, world_teardown),
		cmocka_unit_test_setup_teardown(revoked_meanwhile, setup, world_teardown),
		cmocka_unit_test_setup_teardown(other_service, setup, world_teardown),
		cmocka_unit_test_setup_teardown(ends, setup, world_teardown),
		cmocka_unit_test_setup_teardown(not_unless_configured, setup, world_teardown),
		cmocka_unit_test_setup_teardown(same_session, setup, world_teardown),
		cmocka_unit_test_setup_teardown(provider_is_asked, setup, world_teardown),
		cmocka_unit_test_setup_teardown(provider_is_silent, setup, world_teardown),
		cmocka_unit_test_setup_teardown(policy_judges, setup, world_teardown),
		cmocka_unit_test_setup_teardown(too_weak, setup, world_teardown),
		cmocka_unit_test_setup_teardown(forgotten, setup, world_teardown),
		cmocka_unit_test_setup_teardown(other_answer_of_nss, setup, world_teardown),
		cmocka_unit_test_setup_teardown(costs_no_code, setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
