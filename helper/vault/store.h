/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/base/cleanup.h"
#include "helper/vault/owner.h"

/* The SQLite store: accounts and tombstones here, what is kept of sign-ins in store_*.h. One process, one connection. Every change
 * is durable (synchronous=FULL) before the call returns. Damage is reported, never repaired silently (threat C3). */

#define STORE_PATH "/var/lib/latchkey/private/store.db"

enum account_state {
	ACCOUNT_ACTIVE = 1,
	ACCOUNT_FORGOTTEN = 2, /* tombstone: name and uid are never given out again */
	ACCOUNT_EXPECTED = 3,  /* name and uid are kept for somebody who has not signed in yet */
};

struct account {
	char *name;
	uint32_t uid;
	uint32_t gid;
	char *issuer;
	char *subject; /* NULL only where ACCOUNT_EXPECTED: nobody in particular */
	char *provider;
	char *gecos;
	char *home;
	char *shell;
	char *facts; /* JSON object: what policy judged at the last sign-in (email, verified, groups) */
	enum account_state state;
	int64_t created_s;
	int64_t last_sign_in_s; /* 0: never */
};

void account_free(struct account *a);
LK_DEFINE_CLEANUP(struct account *, account_free);

/** account_owner() - whose rows are this account's; good for as long as @a is */
struct row_owner account_owner(const struct account *a);

struct store;

/**
 * store_open() - open or create
 * @path: its folder must belong to the effective uid and be closed to others; a file that is not ours, not private,
 *        damaged or of a newer schema is refused and left alone
 * Beside it lies its high-water mark, @path with ".mark" behind. A store that is missing or older than its mark (put back
 * from a backup) would give out names and UIDs again and is refused; an administrator who accepts that removes the mark.
 * Return: 0, -EPERM, -EUCLEAN damaged, -EPROTONOSUPPORT a newer schema, -ESTALE behind its mark, -EBUSY in use by another
 * process, -ENOSPC, -EROFS, other negative errno.
 */
int store_open(struct store **ret, const char *path);
void store_close(struct store *s);
LK_DEFINE_CLEANUP(struct store *, store_close);

/** store_check() - read all of it from the disk once more. Return: 0, -EUCLEAN damaged, -EIO, -ENOMEM. */
int store_check(struct store *s);

/* Look-ups: *ret is set only on 0 and belongs to the caller. Return: 0, -ENOENT, -EUCLEAN, -EIO, -ENOMEM.
 * Forgotten accounts are found too: look at state. */
int store_find_name(struct store *s, const char *name, struct account **ret);
int store_find_identity(struct store *s, const char *issuer, const char *subject, struct account **ret);
int store_find_uid(struct store *s, uint32_t uid, struct account **ret);

/** store_free_uid() - the lowest number in @from..@to that no account has as uid or gid, no group of our own has, and nobody
 *  ever had. Return: 0, -ENOENT, as above. */
int store_free_uid(struct store *s, uint32_t from, uint32_t to, uint32_t *ret);

/** store_insert() - Return: 0, -EEXIST when name, uid, gid or identity is taken or retired, -ENOSPC, -EROFS, -EIO, -EUCLEAN. */
int store_insert(struct store *s, const struct account *a);

/** store_update() - gecos, home, shell, facts, state and last sign-in of the account with that name and uid; the rest never
 *  changes. Return: 0, -ENOENT, as store_insert(). */
int store_update(struct store *s, const struct account *a);

/**
 * store_rename() - @old_name's account is called @a->name from now on; all else as store_update()
 * The old name is retired. One that is retired by this account itself may be taken again.
 * Return: 0, -ENOENT, -EEXIST another account or group has the name, or another account had it; as store_insert().
 */
int store_rename(struct store *s, const char *old_name, const struct account *a, int64_t now_s);

/**
 * store_move() - the account gets other numbers; those that it has no more are retired
 * @a: as it was found
 * The numbers must be free. Return: 0, -ENOENT, as store_insert().
 */
int store_move(struct store *s, const struct account *a, uint32_t uid, uint32_t gid, int64_t now_s);

/**
 * store_remove() - the account goes; its numbers are retired
 * @keep_name: so is its name; else somebody else may have it
 * Return: 0, -ENOENT, as store_insert().
 */
int store_remove(struct store *s, const struct account *a, bool keep_name, int64_t now_s);

/** store_release() - a retired name is nobody's any more. Return: 0, -ENOENT it is not retired, as store_insert(). */
int store_release(struct store *s, const char *name);

/** store_retire_id() - nobody ever gets this number, which was promised to @name; nothing where somebody has it.
 *  Return: 0, as store_insert(). */
int store_retire_id(struct store *s, const char *name, uint32_t id, int64_t now_s);

/** store_find_retired() - which account had @name before. Return: 0 with its uid, -ENOENT, as the look-ups. */
int store_find_retired(struct store *s, const char *name, uint32_t *ret_uid);

/* What is nobody's any more and stays so. */
struct retired {
	char name[33];
	uint32_t id;         /* of a name: the uid of the account that had it */
	int64_t since_s;     /* seconds since the epoch */
	char called_now[33]; /* of a name: that account's present one; empty where there is none */
};

/** store_next_retired_name() - the first retired name that comes after @after (NULL: the very first).
 *  Return: 0, -ENOENT, as the look-ups. */
int store_next_retired_name(struct store *s, const char *after, struct retired *ret);

/** store_next_retired_id() - the lowest retired number above @after, and what its account or group was called when it lost
 *  it. Return: 0, -ENOENT, as the look-ups. */
int store_next_retired_id(struct store *s, uint32_t after, struct retired *ret);

/** store_identify() - an expected account becomes that of @a->subject, unless it is kept for another; all else as
 *  store_update(). Return: 0, -ENOENT, -EEXIST the identity has another account, as store_insert(). */
int store_identify(struct store *s, const struct account *a);

/** store_expect() - subject (which may be NULL), provider, gecos and facts of an account that is expected still; no other is
 *  changed. Return: 0, -ENOENT, -EEXIST when the identity has another account, as store_insert(). */
int store_expect(struct store *s, const struct account *a);

/**
 * store_batch_begin() - what is written until store_batch_end() is one transaction: all of it or nothing
 * For many changes that nobody waits for one by one, since each transaction waits for the disk. -EEXIST leaves a batch as it
 * was; after any other fault all of it is given up. Look-ups see what the batch has written so far.
 * Return: 0, -EBUSY within a batch, as store_insert().
 */
int store_batch_begin(struct store *s);

/** store_batch_end() - @r: 0 to keep the batch, negative to give it up. Return: 0 durable, else @r or the first fault in it. */
int store_batch_end(struct store *s, int r);

/* What an identity has shown at its last sign-in to an account of /etc/passwd. */
struct local_sign_in {
	const char *name;
	const char *issuer;
	const char *subject;
	const char *facts;
	int64_t last_sign_in_s;
};

/** store_find_local() - @ret_facts: to be freed, set on 0 only. What another identity did counts for nothing.
 *  Return: 0, -ENOENT this identity has not signed in to @name, as the look-ups. */
int store_find_local(struct store *s, const char *name, const char *issuer, const char *subject, char **ret_facts,
		     int64_t *ret_last_sign_in_s);

/** store_put_local() - a sign-in; the one before, of whomever, is forgotten. Return: 0, as store_insert(). */
int store_put_local(struct store *s, const struct local_sign_in *l);

/** store_note_local() - newer facts of the same identity, whose sign-in was refused; nothing where it never had one.
 *  Return: 0, as store_insert(). */
int store_note_local(struct store *s, const struct local_sign_in *l);

/** store_each() - one after another, never from within @fn: active and forgotten accounts in order of name, from @after (exclusive, NULL: the start), at most
 *  @limit. @fn returns 0 to go on, else that value is returned. */
typedef int (*store_each_fn)(void *userdata, const struct account *a);
int store_each(struct store *s, const char *after, size_t limit, store_each_fn fn, void *userdata);

/** store_each_uid() - the same in order of uid, from @after (exclusive) on: for who wants all of them, and several times
 *  faster, since that is the order in which they lie. @fn's account is good during the call only, and has no subject, no
 *  provider and no times. */
int store_each_uid(struct store *s, uint32_t after, size_t limit, store_each_fn fn, void *userdata);

enum own_group_state {
	OWN_GROUP_IN_USE = 1,
	OWN_GROUP_RETIRED = 2, /* its gid is never given to anybody else, and comes back with its name */
};

struct own_group {
	char name[33];
	uint32_t gid;
	enum own_group_state state;
};

/** store_find_group() - a group of our own, also one that is no more. Return: as the look-ups. */
int store_find_group(struct store *s, const char *name, struct own_group *ret);

/** store_next_group() - the first group whose name comes after @after (NULL: the very first). Return: 0, -ENOENT, as the look-ups. */
int store_next_group(struct store *s, const char *after, struct own_group *ret);

/** store_insert_group() - Return: 0, -EEXIST an account or group has, or had, the name or the number; as store_insert(). */
int store_insert_group(struct store *s, const char *name, uint32_t gid, int64_t now_s);

/** store_move_group() - another gid, and in use; the old one is nobody's from now on. Return: 0, -ENOENT, as store_insert_group(). */
int store_move_group(struct store *s, const char *name, uint32_t gid, int64_t now_s);

/** store_set_group_state() - Return: 0, as store_insert(). */
int store_set_group_state(struct store *s, const struct own_group *g, enum own_group_state state);

/** store_count() - active accounts, or negative errno */
int64_t store_count(struct store *s);
