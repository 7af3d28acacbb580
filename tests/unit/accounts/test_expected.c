/* SPDX-License-Identifier: MIT */
/* Accounts for people whom a directory names: threats I1, I4, I6, I8, T1. With a real store in a folder of its own. */
#include "helper/accounts/expected.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "helper/base/clock.h"
#include "tests/unit/scratch.h"

#define ISSUER "https://id.example"
#define OTHER_ISSUER "https://other.example"

struct world {
	struct scratch scratch;
	struct localdb *local;
	struct store *store;
	struct accounts *accounts;
	struct account_settings settings;
	struct expected_counts counts;
	struct account *account; /* of the last call */
	bool is_new;
};

static char home[] = "/home/%u", shell[] = "/bin/bash";

static int setup(void **state)
{
	static const char users[] = "root:x:0:0::/root:/bin/sh\nlocal:x:1000:1000::/home/local:/bin/sh\n";
	static const char groups[] = "root:x:0:\ndevs:x:1001:\n";
	static struct world w;

	w = (struct world){.settings = {.uid_min = ACCOUNTS_UID_MIN_DEFAULT,
					.uid_max = ACCOUNTS_UID_MAX_DEFAULT,
					.home = home,
					.shell = shell}};
	assert_true(scratch_new(&w.scratch));
	assert_int_equal(mkdir(scratch_name(&w.scratch, "etc"), 0755), 0);
	assert_int_equal(mkdir(scratch_name(&w.scratch, "private"), 0700), 0);
	assert_true(scratch_write(&w.scratch, "etc/passwd", users, strlen(users), 0644));
	assert_true(scratch_write(&w.scratch, "etc/group", groups, strlen(groups), 0644));
	clock_freeze(1000, 1700000000);
	assert_int_equal(store_open(&w.store, scratch_name(&w.scratch, "private/store.db")), 0);
	assert_int_equal(localdb_new(&w.local, w.scratch.path), 0);
	assert_int_equal(accounts_new(&w.accounts, &w.settings, w.store, w.local), 0);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	account_free(w->account);
	accounts_free(w->accounts);
	localdb_free(w->local);
	store_close(w->store);
	scratch_done(&w->scratch);
	clock_thaw();
	return 0;
}

static int expect(struct world *w, const char *name, const char *issuer, const char *subject, const char *gecos)
{
	struct expected_person p = {.subject = subject, .gecos = gecos};

	(void)snprintf(p.name, sizeof(p.name), "%s", name);
	w->counts = (struct expected_counts){0};
	return accounts_expect(w->accounts, "corp", issuer, &p, 1, 1700000000, &w->counts);
}

static const struct account *find(struct world *w, const char *name)
{
	account_free(LK_STEAL(w->account));
	return store_find_name(w->store, name, &w->account) == 0 ? w->account : NULL;
}

static int sign_in(struct world *w, const char *name, const char *issuer, const char *subject)
{
	const struct account_person p = {.name = name,
					 .provider = "corp",
					 .issuer = issuer,
					 .subject = subject,
					 .gecos = "At Sign-In",
					 .facts = "{\"groups\":[]}"};

	account_free(LK_STEAL(w->account));
	return accounts_bind(w->accounts, &p, 1700000100, &w->account, &w->is_new);
}

struct kept {
	const char *const *names;
};

static bool is_kept(void *userdata, const struct account *a)
{
	const struct kept *k = userdata;

	assert_true(accounts_is_from_directory(a));
	for (const char *const *n = k->names; *n != NULL; n++) {
		if (strcmp(*n, a->name) == 0)
			return true;
	}
	return false;
}

/* One page at a time of two, so that the cursor is tried. */
static size_t withdraw_all_but(struct world *w, const char *const *names)
{
	struct kept kept = {.names = names};
	char cursor[NAME_MAX_LEN + 1] = "";
	int r;

	w->counts = (struct expected_counts){0};
	do
		r = accounts_withdraw(w->accounts, cursor, 2, is_kept, &kept, &w->counts);
	while (r > 0);
	assert_int_equal(r, 0);
	return w->counts.n_withdrawn;
}

static const char *const nobody[] = {NULL};

/* The number that was kept is the one that she has after her first sign-in, whether or not the directory knew the subject. */
static void expected_then_signed_in(void **state)
{
	static const char *const subjects[] = {"sub-alice", NULL};
	struct world *w = *state;

	for (size_t i = 0; i < 2; i++) {
		const char *name = i == 0 ? "alice" : "bob";
		uint32_t uid;

		assert_int_equal(expect(w, name, ISSUER, subjects[i], "A:lice"), 0);
		assert_int_equal(w->counts.n_new, 1);
		assert_non_null(find(w, name));
		uid = w->account->uid;
		assert_int_equal(w->account->state, ACCOUNT_EXPECTED);
		assert_int_equal(w->account->gid, uid);
		assert_int_equal(w->account->last_sign_in_s, 0);
		assert_string_equal(w->account->gecos, "A lice");
		assert_string_equal(w->account->provider, "corp");
		assert_true(accounts_is_from_directory(w->account));
		assert_false(accounts_is_withdrawn(w->account));

		/* the same again is no change */
		assert_int_equal(expect(w, name, ISSUER, subjects[i], "A:lice"), 0);
		assert_int_equal(w->counts.n_new + w->counts.n_changed + w->counts.n_refused, 0);

		assert_int_equal(sign_in(w, name, ISSUER, i == 0 ? "sub-alice" : "sub-bob"), ACCOUNT_BOUND);
		assert_true(w->is_new);
		assert_int_equal(w->account->uid, uid);
		assert_int_equal(w->account->state, ACCOUNT_ACTIVE);
		assert_false(accounts_is_from_directory(w->account));

		/* and from then on the directory has no say */
		assert_int_equal(expect(w, name, ISSUER, "evil", "Evil"), 0);
		assert_int_equal(w->counts.n_new + w->counts.n_changed, 0);
		assert_string_equal(find(w, name)->gecos, "At Sign-In");
		assert_int_equal(w->account->state, ACCOUNT_ACTIVE);
		assert_int_equal(withdraw_all_but(w, nobody), 0);
		assert_int_equal(find(w, name)->state, ACCOUNT_ACTIVE);
	}
}

/* T1, I4: who is expected is who may have it; nobody else, and nobody of another issuer */
static void somebody_else_signs_in(void **state)
{
	struct world *w = *state;

	assert_int_equal(expect(w, "alice", ISSUER, "sub-alice", NULL), 0);
	assert_int_equal(sign_in(w, "alice", ISSUER, "sub-mallory"), ACCOUNT_NAME_TAKEN);
	assert_int_equal(sign_in(w, "alice", OTHER_ISSUER, "sub-alice"), ACCOUNT_NAME_TAKEN);
	assert_int_equal(sign_in(w, "mallory", ISSUER, "sub-alice"), ACCOUNT_NAME_TAKEN);
	assert_int_equal(find(w, "alice")->state, ACCOUNT_EXPECTED);
	assert_null(find(w, "mallory"));

	assert_int_equal(expect(w, "bob", ISSUER, NULL, NULL), 0);
	assert_int_equal(sign_in(w, "bob", OTHER_ISSUER, "sub-bob"), ACCOUNT_NAME_TAKEN);
	assert_int_equal(find(w, "bob")->state, ACCOUNT_EXPECTED);
}

/* Gone before she ever came: off the map. Her name and number wait, and nobody else gets either (I8). */
static void gone_and_back(void **state)
{
	static const char *const only_bob[] = {"bob", NULL};
	struct world *w = *state;
	uint32_t uid, other;

	assert_int_equal(expect(w, "alice", ISSUER, "sub-alice", "Alice"), 0);
	assert_int_equal(expect(w, "bob", ISSUER, "sub-bob", NULL), 0);
	assert_int_equal(expect(w, "carol", ISSUER, NULL, NULL), 0);
	uid = find(w, "alice")->uid;
	assert_int_equal(withdraw_all_but(w, only_bob), 2);
	assert_int_equal(withdraw_all_but(w, only_bob), 0);
	assert_true(accounts_is_withdrawn(find(w, "alice")));
	assert_null(w->account->subject);
	assert_false(accounts_is_withdrawn(find(w, "bob")));
	assert_int_equal(store_free_uid(w->store, uid, uid, &other), -ENOENT);
	assert_int_equal(sign_in(w, "alice", OTHER_ISSUER, "sub-alice"), ACCOUNT_NAME_TAKEN);

	assert_int_equal(expect(w, "alice", ISSUER, "sub-alice", "Alice"), 0);
	assert_int_equal(w->counts.n_new, 1);
	assert_false(accounts_is_withdrawn(find(w, "alice")));
	assert_int_equal(w->account->uid, uid);
	assert_string_equal(w->account->subject, "sub-alice");

	/* or she comes while the directory does not name her: the provider's word counts, as without any directory */
	assert_int_equal(withdraw_all_but(w, only_bob), 1);
	assert_int_equal(sign_in(w, "alice", ISSUER, "sub-alice"), ACCOUNT_BOUND);
	assert_int_equal(w->account->uid, uid);
}

/* I6: renamed in the directory before she ever came; the old name stays nobody's */
static void renamed_before_the_first_sign_in(void **state)
{
	struct world *w = *state;
	uint32_t uid;

	assert_int_equal(expect(w, "alice", ISSUER, "sub-alice", NULL), 0);
	uid = find(w, "alice")->uid;
	assert_int_equal(expect(w, "alicia", ISSUER, "sub-alice", NULL), 0);
	assert_int_equal(w->counts.n_new, 1);
	assert_int_equal(w->counts.n_withdrawn, 1);
	assert_true(accounts_is_withdrawn(find(w, "alice")));
	assert_int_equal(w->account->uid, uid);
	assert_int_not_equal(find(w, "alicia")->uid, uid);
	assert_int_equal(sign_in(w, "alicia", ISSUER, "sub-alice"), ACCOUNT_BOUND);

	/* a person who has an account is called in the directory as somebody who has none: not a second account */
	assert_int_equal(expect(w, "alix", ISSUER, "sub-alice", NULL), 0);
	assert_int_equal(w->counts.n_refused, 1);
	assert_null(find(w, "alix"));

	/* made anew in the directory under the old name: another subject, the same account that nobody had */
	assert_int_equal(expect(w, "bob", ISSUER, "bob-1", NULL), 0);
	uid = find(w, "bob")->uid;
	assert_int_equal(expect(w, "bob", ISSUER, "bob-2", NULL), 0);
	assert_int_equal(w->counts.n_changed, 1);
	assert_int_equal(sign_in(w, "bob", ISSUER, "bob-1"), ACCOUNT_NAME_TAKEN);
	assert_int_equal(sign_in(w, "bob", ISSUER, "bob-2"), ACCOUNT_BOUND);
	assert_int_equal(w->account->uid, uid);
}

/* I6: somebody who has an account is renamed, and the directory names the new name before she comes; where it knows no
 * subjects it cannot know that it is her. She keeps her number, and the other one is nobody's. */
static void renamed_into_an_expected_name(void **state)
{
	struct world *w = *state;
	uint32_t uid, other, free_uid;

	assert_int_equal(sign_in(w, "alice", ISSUER, "sub-alice"), ACCOUNT_BOUND);
	uid = w->account->uid;
	assert_int_equal(expect(w, "alicia", ISSUER, NULL, NULL), 0);
	other = find(w, "alicia")->uid;
	assert_int_equal(sign_in(w, "alicia", ISSUER, "sub-alice"), ACCOUNT_BOUND);
	assert_true(w->is_new);
	assert_int_equal(w->account->uid, uid);
	assert_string_equal(w->account->name, "alicia");
	assert_int_equal(store_free_uid(w->store, other, other, &free_uid), -ENOENT);
	assert_int_equal(sign_in(w, "alice", ISSUER, "sub-other"), ACCOUNT_NAME_RETIRED);

	/* also where the directory has dropped the name since; not where it is kept for somebody, or by another issuer */
	assert_int_equal(expect(w, "ali", ISSUER, NULL, NULL), 0);
	assert_int_equal(withdraw_all_but(w, nobody), 1);
	assert_int_equal(expect(w, "bob", ISSUER, "sub-bob", NULL), 0);
	assert_int_equal(expect(w, "carol", OTHER_ISSUER, NULL, NULL), 0);
	assert_int_equal(sign_in(w, "bob", ISSUER, "sub-alice"), ACCOUNT_NAME_TAKEN);
	assert_int_equal(sign_in(w, "carol", ISSUER, "sub-alice"), ACCOUNT_NAME_TAKEN);
	assert_int_equal(sign_in(w, "ali", ISSUER, "sub-alice"), ACCOUNT_BOUND);
	assert_int_equal(w->account->uid, uid);
}

/* I1, L23: what is the machine's, an administrator's or another provider's is not the directory's. */
static void names_that_are_taken(void **state)
{
	static const char *const names[] = {"root", "local", "devs", "daemon", "Alice", "", "a b", "-x", "../x"};
	static char name[] = "kept", issuer[] = ISSUER, provider[] = "corp", empty[] = "", own[] = "/home/kept",
		    facts[] = "{}", subject[] = "sub-kept";
	struct account pinned = {.name = name,
				 .uid = 1900000000,
				 .gid = 1900000000,
				 .issuer = issuer,
				 .subject = subject,
				 .provider = provider,
				 .gecos = empty,
				 .home = own,
				 .shell = shell,
				 .facts = facts,
				 .state = ACCOUNT_EXPECTED};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(expect(w, names[i], ISSUER, "s", NULL), 0);
		assert_int_equal(w->counts.n_refused, 1);
	}
	assert_int_equal(expect(w, "empty", ISSUER, "", NULL), 0);
	assert_int_equal(w->counts.n_refused, 1);
	assert_int_equal(expect(w, "alice", "", "s", NULL), -EINVAL);

	assert_int_equal(store_insert(w->store, &pinned), 0);
	assert_int_equal(expect(w, "kept", ISSUER, "sub-kept", "Evil"), 0);
	assert_int_equal(w->counts.n_refused, 1);
	assert_int_equal(expect(w, "keptx", ISSUER, "sub-kept", NULL), 0);
	assert_int_equal(w->counts.n_refused, 1);
	assert_int_equal(withdraw_all_but(w, nobody), 0);
	assert_string_equal(find(w, "kept")->subject, "sub-kept");
	assert_string_equal(w->account->gecos, "");
	assert_false(accounts_is_from_directory(w->account));

	assert_int_equal(expect(w, "alice", OTHER_ISSUER, NULL, NULL), 0);
	assert_int_equal(expect(w, "alice", ISSUER, NULL, NULL), 0);
	assert_int_equal(w->counts.n_refused, 1);
	assert_string_equal(find(w, "alice")->issuer, OTHER_ISSUER);

	/* forgotten by an administrator */
	assert_int_equal(sign_in(w, "dave", ISSUER, "sub-dave"), ACCOUNT_BOUND);
	account_free(LK_STEAL(w->account));
	assert_int_equal(accounts_forget(w->accounts, "dave", &w->account), 0);
	assert_int_equal(expect(w, "dave", ISSUER, "sub-dave", NULL), 0);
	assert_int_equal(w->counts.n_refused, 1);
	assert_int_equal(expect(w, "dave2", ISSUER, "sub-dave", NULL), 0);
	assert_int_equal(w->counts.n_refused, 1);
	assert_int_equal(find(w, "dave")->state, ACCOUNT_FORGOTTEN);
	assert_null(find(w, "dave2"));
}

/* Many in one change; numbers differ, and one who cannot be had does not keep out the others. */
static void many_at_once(void **state)
{
	static struct expected_person people[300];
	struct world *w = *state;
	struct expected_counts counts = {0};

	for (size_t i = 0; i < 300; i++)
		(void)snprintf(people[i].name, sizeof(people[i].name), i == 150 ? "root" : "u%03zu", i);
	assert_int_equal(accounts_expect(w->accounts, "corp", ISSUER, people, 300, 1, &counts), 0);
	assert_int_equal(counts.n_new, 299);
	assert_int_equal(counts.n_refused, 1);
	assert_int_equal(store_count(w->store), 0); /* accounts that are somebody's */
	assert_int_equal(withdraw_all_but(w, nobody), 299);
}

/* A number that a sign-in under way has been promised is hers: the row that comes meanwhile has the same one. */
static void promised_numbers_are_kept(void **state)
{
	struct world *w = *state;
	uint32_t uid;

	assert_int_equal(accounts_reserve(w->accounts, "alice", ISSUER, 60000, &w->account), 0);
	uid = w->account->uid;
	assert_int_equal(expect(w, "alice", ISSUER, NULL, NULL), 0);
	assert_int_equal(find(w, "alice")->uid, uid);
	assert_int_equal(sign_in(w, "alice", ISSUER, "sub-alice"), ACCOUNT_BOUND);
	assert_int_equal(w->account->uid, uid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(expected_then_signed_in, setup, teardown),
		cmocka_unit_test_setup_teardown(somebody_else_signs_in, setup, teardown),
		cmocka_unit_test_setup_teardown(gone_and_back, setup, teardown),
		cmocka_unit_test_setup_teardown(renamed_before_the_first_sign_in, setup, teardown),
		cmocka_unit_test_setup_teardown(renamed_into_an_expected_name, setup, teardown),
		cmocka_unit_test_setup_teardown(names_that_are_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(many_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(promised_numbers_are_kept, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
