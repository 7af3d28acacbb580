/* SPDX-License-Identifier: MIT */
/*
 * One sign-in, step by step, with a real store and a stand-in for everything on the network.
 */
#include "helper/login/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "helper/base/clock.h"
#include "helper/login/account_check.h"
#include "helper/protocol/names.h"
#include "tests/unit/login/fake_oauth.h"

#define ISSUER "https://id.example"
#define ALICE "{\"preferred_username\":\"alice\",\"name\":\"Alice A.\"}"
#define BOB "{\"preferred_username\":\"bob\",\"name\":\"Bob\"}"

struct world {
	char folder[64];
	struct provider_settings settings;
	struct name_rule names;
	struct account_settings account_settings;
	struct access_policy policy;
	struct access_rules access;
	struct login_provider lp;
	struct login_context ctx;
	struct attempt *attempt;
	/* what happened */
	char said[64]; /* the last event: "challenge", "granted", a reason, "not-ours" */
	uint32_t uid;
};

static void on_challenge(void *userdata, const struct device_challenge *challenge, const char *title)
{
	struct world *w = userdata;

	assert_string_equal(challenge->user_code, "WDJB-MJHT");
	assert_string_equal(title, "Example");
	strcpy(w->said, "challenge");
}

static void on_granted(void *userdata, const struct account *account)
{
	struct world *w = userdata;

	strcpy(w->said, "granted");
	w->uid = account->uid;
}

static void on_refused(void *userdata, const char *reason)
{
	struct world *w = userdata;

	strcpy(w->said, reason);
}

static void on_not_ours(void *userdata)
{
	struct world *w = userdata;

	strcpy(w->said, "not-ours");
}

static const struct attempt_events events = {on_challenge, on_granted, on_refused, on_not_ours};

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
	static char claim[] = "preferred_username";
	static char name[] = "example", issuer[] = ISSUER, home[] = "/home/%u", shell[] = "/bin/sh";
	struct world *w = calloc(1, sizeof(*w));
	char path[128];

	assert_non_null(w);
	fake_reset();
	clock_freeze(1000000, 1700000000);
	strcpy(w->folder, "/tmp/lk-attempt-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	(void)snprintf(path, sizeof(path), "%s/etc", w->folder);
	assert_int_equal(mkdir(path, 0755), 0);
	write_file(w->folder, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nlocal:x:1000:1000::/home/local:/bin/sh\n");
	write_file(w->folder, "etc/group", "root:x:0:\n");

	w->settings.name = name;
	w->settings.issuer = issuer;
	w->settings.dialect = dialect_find("generic");
	assert_non_null(w->settings.dialect);
	w->settings.code_lifetime_s = 600;
	w->names.claim = claim;
	w->account_settings = (struct account_settings){
		.uid_min = ACCOUNTS_UID_MIN_DEFAULT, .uid_max = ACCOUNTS_UID_MAX_DEFAULT, .home = home, .shell = shell};
	w->policy.everyone = true;
	w->policy.sign_in_age_s = 900;
	w->access = (struct access_rules){.policies = &w->policy, .n_policies = 1};

	(void)snprintf(path, sizeof(path), "%s/store.db", w->folder);
	assert_int_equal(store_open(&w->ctx.store, path), 0);
	assert_int_equal(localdb_new(&w->ctx.local, w->folder), 0);
	assert_int_equal(accounts_new(&w->ctx.accounts, &w->account_settings, w->ctx.store, w->ctx.local), 0);
	assert_int_equal(limits_new(&w->ctx.codes, 3, 60000, 16), 0);
	assert_int_equal(provider_new(&w->lp.provider, &w->settings, NULL, NULL), 0);
	w->lp.names = &w->names;
	w->lp.title = "Example";
	w->lp.gecos_claim = "name";
	w->ctx.access = &w->access;
	w->ctx.providers = &w->lp;
	w->ctx.n_providers = 1;
	w->ctx.pending_max = 10;
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char command[96];

	attempt_free(w->attempt);
	assert_int_equal(w->ctx.pending, 0);
	provider_free(w->lp.provider);
	limits_free(w->ctx.codes);
	accounts_free(w->ctx.accounts);
	localdb_free(w->ctx.local);
	store_close(w->ctx.store);
	(void)snprintf(command, sizeof(command), "rm -rf %s", w->folder);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): the folder's name is ours */
	free(w);
	clock_thaw();
	return 0;
}

static void begin(struct world *w, const struct attempt_request *request)
{
	attempt_free(LK_STEAL(w->attempt));
	w->said[0] = '\0';
	assert_int_equal(attempt_start(&w->attempt, &w->ctx, request, &events, w), 0);
}

static void begin_for(struct world *w, const char *user)
{
	const struct attempt_request request = {.user = user, .service = "sshd", .source = "192.0.2.7"};

	begin(w, &request);
}

static void until_identity(struct world *w, const char *user)
{
	begin_for(w, user);
	fake_prepared(OAUTH_DONE);
	fake_challenge();
	assert_string_equal(w->said, "challenge");
	fake_tokens(OAUTH_DONE);
}

static void sign_in(struct world *w, const char *user, const char *subject, const char *claims)
{
	until_identity(w, user);
	fake_identity(OAUTH_DONE, ISSUER, subject, claims);
	if (fake.publish_done != NULL)
		fake_published(0);
}

static int64_t stored(struct world *w)
{
	return store_count(w->ctx.store);
}

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

/* I6: somebody renamed at the provider keeps the account under its old name, and gets no second one. */
static void test_i6_renamed_person(void **state)
{
	struct world *w = *state;
	uint32_t uid;

	sign_in(w, "alice", "s-1", ALICE);
	uid = w->uid;
	clock_freeze(2000000, 1700001000);
	sign_in(w, "alice", "s-1", "{\"preferred_username\":\"alicia\"}");
	assert_string_equal(w->said, "granted");
	assert_int_equal(w->uid, uid);
	clock_freeze(3000000, 1700002000);
	sign_in(w, "alicia", "s-1", "{\"preferred_username\":\"alicia\"}");
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);
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
	struct attempt_request request = {.user = "alice", .service = "sudo"};

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
	struct attempt_request request = {.user = "alice", .service = "sshd", .source = "192.0.2.7"};

	w->policy.before_start_public_key = true;
	begin(w, &request);
	assert_string_equal(w->said, REASON_NOT_ALLOWED);
	assert_int_equal(fake.prepared, 0);
	request.has_public_key = true;
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

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_granted),
		T(test_t1_other_person_approves),
		T(test_i6_reassigned_name),
		T(test_i6_renamed_person),
		T(test_i8_other_issuer),
		T(test_name_claim_missing),
		T(test_i5_name_from_address),
		T(test_i1_local_names),
		T(test_i18_nobody),
		T(test_no_grant),
		T(test_claims_for_policy),
		T(test_d5_flow_failures),
		T(test_no_device_endpoint),
		T(test_publish_fails),
		T(test_publish_overtaken),
		T(test_seen_differs),
		T(test_r5_codes_per_address),
		T(test_r5_codes_per_account),
		T(test_r5_pending_in_all),
		T(test_before_start),
		T(test_r6_dropped_at_each_stage),
		T(test_account_phase),
		T(test_i17_group_lost),
		T(test_i8_provider_taken_away),
		T(test_account_phase_without_passwd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
