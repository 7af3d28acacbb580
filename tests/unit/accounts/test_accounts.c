/* SPDX-License-Identifier: MIT */
/* Threats I1, I4 to I11, I15, I16, L23, R12, T1: who gets which account. With a real store in a folder of its own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helper/accounts/accounts.h"
#include "helper/accounts/reservations.h"
#include "helper/accounts/uid.h"
#include "helper/base/clock.h"
#include "tests/unit/accounts/world.h"

static void first_sign_in(void **state)
{
	struct world *w = *state;

	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), 0);
	assert_true(w->is_new);
	assert_string_equal(w->account->name, "alice");
	assert_int_equal(w->account->uid,
			 uid_candidate(ISSUER, "alice", ACCOUNTS_UID_MIN_DEFAULT, ACCOUNTS_UID_MAX_DEFAULT));
	/* I15 */
	assert_int_equal(w->account->gid, w->account->uid);
	assert_string_equal(w->account->home, "/home/alice");
	assert_string_equal(w->account->shell, "/bin/bash");
	assert_string_equal(w->account->gecos, "Full Name");
	assert_string_equal(w->account->provider, "p");
	assert_string_equal(w->account->facts, "{\"groups\":[]}");
	assert_int_equal(w->account->created_s, 1700000000);
	assert_int_equal(w->account->last_sign_in_s, 1700000000);
	assert_int_equal(w->account->state, ACCOUNT_ACTIVE);
}

static void later_sign_ins_keep_everything(void **state)
{
	struct world *w = *state;
	static char new_home[] = "/home/%u/x", new_shell[] = "/bin/zsh";
	uint32_t uid;

	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), 0);
	uid = w->account->uid;
	/* a wider range, another home and shell in the configuration, after a restart */
	world_close(w);
	w->settings.uid_min = 5000;
	w->settings.home = new_home;
	w->settings.shell = new_shell;
	clock_freeze(2000, 1700000100);
	world_open(w);
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), 0);
	assert_false(w->is_new);
	assert_int_equal(w->account->uid, uid);
	assert_string_equal(w->account->home, "/home/alice");
	assert_string_equal(w->account->shell, "/bin/bash");
	assert_int_equal(w->account->created_s, 1700000000);
	assert_int_equal(w->account->last_sign_in_s, 1700000100);
}

/* T1, I6: a name does not move to another identity. */
static void names_do_not_move(void **state)
{
	struct world *w = *state;

	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), 0);
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-bob"), ACCOUNT_NAME_TAKEN);
	assert_null(w->account);
	assert_int_equal(bind_as(w, "bob", ISSUER, "sub-bob"), 0);
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-bob"), ACCOUNT_NAME_TAKEN);
	assert_int_equal(store_count(w->store), 2);
}

/* I7: identities are bytes. I8: the same subject of two issuers is two people. */
static void identities_are_exact(void **state)
{
	struct world *w = *state;
	char subject[257];

	assert_int_equal(bind_as(w, "alice", ISSUER, "sub"), 0);
	assert_int_equal(bind_as(w, "alice", ISSUER, "SUB"), ACCOUNT_NAME_TAKEN);
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub "), ACCOUNT_NAME_TAKEN);
	assert_int_equal(bind_as(w, "alice", ISSUER "/", "sub"), ACCOUNT_NAME_TAKEN);
	assert_int_equal(bind_as(w, "b", ISSUER, "Sub"), 0);
	assert_int_equal(bind_as(w, "c", ISSUER, " sub"), 0);
	assert_int_equal(bind_as(w, "d", OTHER_ISSUER, "sub"), 0);
	assert_int_equal(bind_as(w, "e", ISSUER, "12345"), 0);
	assert_int_equal(bind_as(w, "f", ISSUER, "012345"), 0);

	memset(subject, 's', sizeof(subject));
	subject[256] = '\0';
	assert_int_equal(bind_as(w, "g", ISSUER, subject), -EINVAL);
	subject[255] = '\0';
	assert_int_equal(bind_as(w, "g", ISSUER, subject), 0);
	subject[254] = '\0';
	assert_int_equal(bind_as(w, "g", ISSUER, subject), ACCOUNT_NAME_TAKEN);
	assert_int_equal(bind_as(w, "h", ISSUER, ""), -EINVAL);
	assert_int_equal(bind_as(w, "h", "", "sub"), -EINVAL);
}

/* I1, L23: users, groups, reserved names, names outside the grammar. */
static void local_names(void **state)
{
	static const char *const names[] = {"root", "local",           "devs",        "daemon",
					    "sshd", "systemd-resolve", "backup-agent"};
	static const char *const bad[] = {"", "Alice", "a b", "../x", "a:b", "123", "%u"};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(bind_as(w, names[i], ISSUER, "s"), ACCOUNT_NAME_LOCAL);
		assert_int_equal(reserve(w, names[i], 1000), ACCOUNT_NAME_LOCAL);
		assert_int_equal(accounts_name_is_possible(w->accounts, names[i]), 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(bind_as(w, bad[i], ISSUER, "s"), -EINVAL);
		assert_int_equal(reserve(w, bad[i], 1000), -EINVAL);
		assert_int_equal(accounts_name_is_possible(w->accounts, bad[i]), 0);
	}
	assert_int_equal(store_count(w->store), 0);
	assert_int_equal(accounts_name_is_possible(w->accounts, "alice"), 1);
}

/* Somebody made a local user of the same name, or of the same number, since the last sign-in. */
static void becomes_local(void **state)
{
	struct world *w = *state;
	char line[64];

	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), 0);
	snprintf(line, sizeof(line), "root:x:0:0:::\nother:x:%u:1:::\n", w->account->uid);
	world_write(w, "etc/passwd", line);
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), ACCOUNT_NAME_LOCAL);
	assert_int_equal(reserve(w, "alice", 1000), ACCOUNT_NAME_LOCAL);
	world_write(w, "etc/passwd", "root:x:0:0:::\nalice:x:1200:1200:::\n");
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), ACCOUNT_NAME_LOCAL);
	assert_int_equal(accounts_name_is_possible(w->accounts, "alice"), 0);
	world_write(w, "etc/passwd", "root:x:0:0:::\n");
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), 0);
}

/* I16: [accounts] was changed under an account that exists. Off the map it cannot be used, so it cannot sign in; put back
 * as it was, everything is as before. */
static void out_of_bounds(void **state)
{
	static char elsewhere[] = "/srv/people/%u", longer[] = "/home/%u/home", plain[] = "/home/%u";
	struct world *w = *state;
	uint32_t uid;

	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), 0);
	uid = w->account->uid;
	w->settings.home = elsewhere;
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), ACCOUNT_OUT_OF_BOUNDS);
	assert_int_equal(reserve(w, "alice", 1000), ACCOUNT_OUT_OF_BOUNDS);
	w->settings.home = longer;
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), 0);
	w->settings.uid_min = uid + 1;
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), ACCOUNT_OUT_OF_BOUNDS);
	assert_int_equal(reserve(w, "alice", 1000), ACCOUNT_OUT_OF_BOUNDS);
	w->settings.uid_min = ACCOUNTS_UID_MIN_DEFAULT;
	w->settings.uid_max = uid - 1;
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), ACCOUNT_OUT_OF_BOUNDS);
	w->settings.uid_max = ACCOUNTS_UID_MAX_DEFAULT;
	w->settings.home = plain;
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), 0);
	assert_int_equal(w->account->uid, uid);
}

/* Fail closed: who is local cannot be known. */
static void unreadable_files(void **state)
{
	struct world *w = *state;

	assert_int_equal(unlink(scratch_name(&w->scratch, "etc/passwd")), 0);
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), -ENOENT);
	assert_int_equal(reserve(w, "alice", 1000), -ENOENT);
	assert_int_equal(accounts_name_is_possible(w->accounts, "alice"), -ENOENT);
	assert_int_equal(store_count(w->store), 0);
}

/* I6, I9: a forgotten account takes its name, number and identity with it. */
static void tombstones(void **state)
{
	struct world *w = *state;
	uint32_t uid;

	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), 0);
	uid = w->account->uid;
	w->settings.uid_min = uid;
	w->settings.uid_max = uid + 1;
	account_free(LK_STEAL(w->account));
	assert_int_equal(accounts_forget(w->accounts, "alice", &w->account), 0);
	assert_int_equal(w->account->state, ACCOUNT_FORGOTTEN);
	assert_int_equal(w->account->uid, uid);
	assert_string_equal(w->account->gecos, "");
	assert_string_equal(w->account->facts, "{}");
	account_free(LK_STEAL(w->account));
	assert_int_equal(accounts_forget(w->accounts, "alice", &w->account), -ENOENT);
	assert_int_equal(accounts_forget(w->accounts, "bob", &w->account), -ENOENT);

	assert_int_equal(accounts_name_is_possible(w->accounts, "alice"), 0);
	assert_int_equal(reserve(w, "alice", 1000), ACCOUNT_NAME_RETIRED);
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), ACCOUNT_IDENTITY_FORGOTTEN);
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-new"), ACCOUNT_NAME_RETIRED);
	assert_int_equal(bind_as(w, "alicia", ISSUER, "sub-alice"), ACCOUNT_IDENTITY_FORGOTTEN);
	/* two numbers in the range, one of them a tombstone's */
	assert_int_equal(bind_as(w, "bob", ISSUER, "sub-bob"), 0);
	assert_int_equal(w->account->uid, uid + 1);
	assert_int_equal(bind_as(w, "carol", ISSUER, "sub-carol"), ACCOUNT_NO_UID);
}

/* I10, I11: each number once, those of others never, until none is left. */
static void range_fills_up(void **state)
{
	struct world *w = *state;
	bool taken[20] = {false};
	char name[16], subject[16];

	w->settings.uid_min = 70000;
	w->settings.uid_max = 70019;
	world_write(w, "etc/passwd", "root:x:0:0:::\na1:x:70003:1:::\na2:x:1100:70005:::\n");
	world_write(w, "etc/group", "root:x:0:\ng:x:70007:\n");
	world_write(w, "etc/subuid", "a1:70010:3\n");
	world_write(w, "etc/subgid", "a1:70019:100\n");
	for (unsigned i = 0; i < 13; i++) {
		uint32_t uid;

		snprintf(name, sizeof(name), "u%u", i);
		snprintf(subject, sizeof(subject), "s%u", i);
		assert_int_equal(bind_as(w, name, ISSUER, subject), 0);
		uid = w->account->uid;
		assert_in_range(uid, 70000, 70019);
		assert_false(taken[uid - 70000]);
		taken[uid - 70000] = true;
	}
	assert_false(taken[3] || taken[5] || taken[7] || taken[10] || taken[11] || taken[12] || taken[19]);
	assert_int_equal(bind_as(w, "late", ISSUER, "late"), ACCOUNT_NO_UID);
	assert_int_equal(reserve(w, "late", 1000), ACCOUNT_NO_UID);
	/* those who have an account are not concerned */
	assert_int_equal(bind_as(w, "u3", ISSUER, "s3"), 0);
}

static int claim_ids(struct world *w, const char *name, uint32_t uid, uint32_t gid)
{
	return bind_person(
		w, &(struct account_person){
			   .name = name, .provider = "p", .issuer = ISSUER, .subject = name, .uid = uid, .gid = gid});
}

/* I11, I12, I15: a number that the provider tells is root's to allow and nobody else's. */
static void claimed_ids(void **state)
{
	struct world *w = *state;
	struct id_range range = {1000, 59999};

	w->settings.uid_min = 70000;
	w->settings.uid_max = 79999;
	w->settings.migrated_ids = (struct id_ranges){&range, 1};
	world_write(w, "etc/subuid", "local:3000:10\n");
	assert_int_equal(claim_ids(w, "alice", 70000, 0), 0);
	assert_int_equal(w->account->gid, 70000);
	assert_int_equal(claim_ids(w, "bob", 20001, 20002), 0);
	assert_int_equal(w->account->uid, 20001);
	assert_int_equal(w->account->gid, 20002);
	assert_int_equal(claim_ids(w, "carol", 0, 20003), 0);
	assert_in_range(w->account->uid, 70000, 79999);
	assert_int_equal(w->account->gid, 20003);

	static const struct {
		uint32_t id;
		int result;
	} rows[] = {
		{1, ACCOUNT_ID_NOT_ALLOWED},
		{999, ACCOUNT_ID_NOT_ALLOWED},
		{1000, ACCOUNT_ID_TAKEN}, /* local user */
		{1001, ACCOUNT_ID_TAKEN}, /* local group */
		{3005, ACCOUNT_ID_TAKEN}, /* subordinate */
		{60000, ACCOUNT_ID_NOT_ALLOWED},
		{61184, ACCOUNT_ID_NOT_ALLOWED},
		{65534, ACCOUNT_ID_NOT_ALLOWED},
		{65535, ACCOUNT_ID_NOT_ALLOWED},
		{80000, ACCOUNT_ID_NOT_ALLOWED},
		{0x7FFFFFFF, ACCOUNT_ID_NOT_ALLOWED},
		{UINT32_C(0x80000000), ACCOUNT_ID_NOT_ALLOWED},
		{UINT32_MAX, ACCOUNT_ID_NOT_ALLOWED},
		{70000, ACCOUNT_ID_TAKEN},
		{20001, ACCOUNT_ID_TAKEN},
		{20002, ACCOUNT_ID_TAKEN},
		{20003, ACCOUNT_ID_TAKEN},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (claim_ids(w, "dave", rows[i].id, 0) != rows[i].result ||
		    claim_ids(w, "dave", 0, rows[i].id) != rows[i].result)
			fail_msg("%u", rows[i].id);
	}
	assert_int_equal(store_count(w->store), 3);

	/* stable over sign-ins (CVE-2026-6970) */
	assert_int_equal(claim_ids(w, "bob", 20001, 20002), 0);
	assert_int_equal(claim_ids(w, "bob", 0, 0), 0);
	assert_int_equal(claim_ids(w, "bob", 20005, 0), ACCOUNT_ID_DIFFERS);
	assert_int_equal(claim_ids(w, "bob", 0, 20005), ACCOUNT_ID_DIFFERS);
	assert_int_equal(claim_ids(w, "bob", 0, 0), 0);
	assert_int_equal(w->account->gid, 20002);
}

/* Should the configuration's check ever miss one: numbers of containers and services are not given out. */
static void forbidden_numbers(void **state)
{
	struct world *w = *state;

	w->settings.uid_min = 65530;
	w->settings.uid_max = 65537;
	for (unsigned i = 0; i < 6; i++) {
		char name[16];

		snprintf(name, sizeof(name), "u%u", i);
		assert_int_equal(bind_as(w, name, ISSUER, name), 0);
		assert_null(uid_forbidden(w->account->uid, w->account->uid));
	}
	assert_int_equal(bind_as(w, "u6", ISSUER, "u6"), ACCOUNT_NO_UID);
}

/* A range of subordinate ids as large as ours must not cost a walk through it. */
static void large_subid_range(void **state)
{
	struct world *w = *state;

	world_write(w, "etc/subuid", "all:1879048192:268435456\n");
	assert_int_equal(bind_as(w, "alice", ISSUER, "s"), ACCOUNT_NO_UID);
}

/* I10: a hundred first sign-ins at once. */
static void many_at_once(void **state)
{
	struct world *w = *state;
	char name[16];

	w->settings.uid_min = 80000;
	w->settings.uid_max = 80099;
	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "u%u", i);
		assert_int_equal(reserve(w, name, 60000), 0);
	}
	for (unsigned i = 100; i > 0; i--) {
		LK_CLEANUP(account_freep) struct account *promised = NULL;

		snprintf(name, sizeof(name), "u%u", i - 1);
		assert_int_equal(reserve(w, name, 60000), 0);
		promised = LK_STEAL(w->account);
		assert_int_equal(bind_as(w, name, ISSUER, name), 0);
		assert_int_equal(w->account->uid, promised->uid);
		assert_string_equal(w->account->home, promised->home);
		assert_string_equal(w->account->shell, promised->shell);
	}
	assert_int_equal(store_count(w->store), 100);
}

static void reservations_hold_and_end(void **state)
{
	struct world *w = *state;
	uint32_t first;

	w->settings.uid_min = 80000;
	w->settings.uid_max = 80000;
	assert_int_equal(reserve(w, "alice", 1000), 0);
	first = w->account->uid;
	assert_int_equal(w->account->created_s, 0);
	assert_int_equal(store_count(w->store), 0);
	assert_int_equal(reserve(w, "bob", 1000), ACCOUNT_NO_UID);
	assert_int_equal(bind_as(w, "bob", ISSUER, "sub-bob"), ACCOUNT_NO_UID);
	/* prolonged, never shortened */
	assert_int_equal(reserve(w, "alice", 5000), 0);
	assert_int_equal(reserve(w, "alice", 10), 0);
	assert_int_equal(w->account->uid, first);
	clock_freeze(5999, 1700000000);
	assert_int_equal(reserve(w, "bob", 1000), ACCOUNT_NO_UID);
	clock_freeze(6000, 1700000000);
	assert_int_equal(reserve(w, "bob", 1000), 0);
	assert_int_equal(reserve(w, "alice", 1000), ACCOUNT_NO_UID);
	accounts_release(w->accounts, "nobody-there");
	accounts_release(w->accounts, "bob");
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), 0);
}

/* A promise to a name of one provider is none to the same name of another. */
static void reservation_of_another_issuer(void **state)
{
	struct world *w = *state;
	LK_CLEANUP(account_freep) struct account *other = NULL;

	assert_int_equal(reserve(w, "alice", 1000), 0);
	assert_int_equal(accounts_reserve(w->accounts, "alice", OTHER_ISSUER, 1000, &other), 0);
	assert_int_not_equal(other->uid, w->account->uid);
	assert_int_equal(bind_as(w, "alice", OTHER_ISSUER, "s"), 0);
	assert_int_equal(w->account->uid, other->uid);
	assert_int_equal(reserve(w, "alice", 1000), ACCOUNT_NAME_TAKEN);
}

/* R5: strangers who ask for one name after another do not keep a newcomer out; the promise that would end first goes. */
static void too_many_reservations(void **state)
{
	struct world *w = *state;
	char name[16];
	uint32_t uid;

	for (unsigned i = 0; i < RESERVATIONS_MAX; i++) {
		snprintf(name, sizeof(name), "u%u", i);
		assert_int_equal(reserve(w, name, i == 7 ? 500 : 1000), 0);
	}
	assert_int_equal(reserve(w, "u8", 1000), 0);
	uid = w->account->uid;
	assert_int_equal(reserve(w, "one-more", 900), 0);
	assert_int_equal(reserve(w, "u8", 1000), 0);
	assert_int_equal(w->account->uid, uid);
	/* u7 gave way to it, and it does to the next */
	for (unsigned i = 0; i < 2 * RESERVATIONS_MAX; i++) {
		snprintf(name, sizeof(name), "v%u", i);
		assert_int_equal(reserve(w, name, 1000), 0);
	}
	assert_int_equal(bind_as(w, "one-more", ISSUER, "s"), 0);
	clock_freeze(2000, 1700000000);
	assert_int_equal(reserve(w, "two-more", 1000), 0);
}

/* An account that exists needs no reservation and is shown as it is. */
static void reserve_known(void **state)
{
	struct world *w = *state;

	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), 0);
	assert_int_equal(reserve(w, "alice", 1000), 0);
	assert_int_equal(w->account->created_s, 1700000000);
	assert_string_equal(w->account->subject, "sub-alice");
}

static int bind_words(struct world *w, const char *gecos, const char *facts)
{
	return bind_person(w, &(struct account_person){.name = "alice",
						       .provider = "p",
						       .issuer = ISSUER,
						       .subject = "s",
						       .gecos = gecos,
						       .facts = facts});
}

/* I16, R12: other people's words in a passwd line. */
static void gecos(void **state)
{
	static const struct {
		const char *given;
		const char *stored;
	} rows[] = {
		{NULL, ""},
		{"", ""},
		{"Alice Example", "Alice Example"},
		{"Alice:x:0:0", "Alice x 0 0"},
		{"Alice\nroot:x:0:0::/:", "Alice?root x 0 0  / "},
		{"\x1b]0;evil\x07", "?]0;evil?"},
		{"Bj\xc3\xb6rn", "Bj\xc3\xb6rn"},
	};
	struct world *w = *state;
	char long_one[300];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(bind_words(w, rows[i].given ? rows[i].given : "", NULL), 0);
		assert_string_equal(w->account->gecos, rows[i].stored);
	}
	/* without a word about it the old one stays */
	assert_int_equal(bind_words(w, NULL, NULL), 0);
	assert_string_equal(w->account->gecos, "Bj\xc3\xb6rn");
	memset(long_one, 'x', sizeof(long_one));
	long_one[sizeof(long_one) - 1] = '\0';
	assert_int_equal(bind_words(w, long_one, NULL), 0);
	assert_true(strlen(w->account->gecos) <= 127);
}

static void home_template(void **state)
{
	static char twice[] = "/srv/%u/home-%u", too_long[256];
	struct world *w = *state;

	w->settings.home = twice;
	assert_int_equal(bind_as(w, "alice", ISSUER, "s"), 0);
	assert_string_equal(w->account->home, "/srv/alice/home-alice");
	memset(too_long, 'x', sizeof(too_long) - 1);
	memcpy(too_long, "/h/%u/", 6);
	w->settings.home = too_long;
	assert_int_equal(bind_as(w, "bob", ISSUER, "t"), -ENAMETOOLONG);
	assert_int_equal(store_count(w->store), 1);
}

static void facts_limit(void **state)
{
	struct world *w = *state;
	char *facts = malloc(65538);

	assert_non_null(facts);
	memset(facts, ' ', 65537);
	facts[65537] = '\0';
	assert_int_equal(bind_words(w, NULL, facts), -EINVAL);
	facts[65536] = '\0';
	assert_int_equal(bind_words(w, NULL, facts), 0);
	free(facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(first_sign_in, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(later_sign_ins_keep_everything, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(names_do_not_move, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(identities_are_exact, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(local_names, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(becomes_local, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(out_of_bounds, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(unreadable_files, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(tombstones, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(range_fills_up, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(claimed_ids, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(forbidden_numbers, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(large_subid_range, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(many_at_once, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(reservations_hold_and_end, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(reservation_of_another_issuer, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(too_many_reservations, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(reserve_known, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(gecos, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(home_template, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(facts_limit, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
