/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "helper/accounts/groups.h"
#include "helper/accounts/local_accounts.h"
#include "helper/accounts/localdb.h"
#include "helper/accounts/name.h"
#include "helper/accounts/sources.h"
#include "helper/base/id_range.h"
#include "helper/vault/store.h"

/* Identity -> account: binding, UID allocation, tombstones, and the short reservations for names that have not signed
 * in yet. No network, no PAM, no policy: policy has said yes before anything is bound here. */

#define ACCOUNTS_UID_MIN_DEFAULT UINT32_C(0x70000000)
#define ACCOUNTS_UID_MAX_DEFAULT UINT32_C(0x7FFFFFFE)
#define ACCOUNTS_ID_FLOOR UINT32_C(1000) /* as in nss_module/map_format.h: no id below it is ours */

struct account_settings {
	uint32_t uid_min;
	uint32_t uid_max;
	struct id_ranges migrated_ids; /* allowed too, but nothing new is given out there */
	char *home;                    /* template with %u, below an absolute base: "/home/%u" */
	char *shell;
	char **reserved_names;
	struct group_rules groups;
	struct local_account_rules local_accounts;
};

enum account_outcome {
	ACCOUNT_BOUND = 0,
	ACCOUNT_NAME_TAKEN = 1,     /* the name belongs to another identity, or is kept for one */
	ACCOUNT_NAME_RETIRED,       /* the name was another account's: nobody gets it but by accounts_release_name() */
	ACCOUNT_NAME_LOCAL,         /* now a local user or group, or reserved */
	ACCOUNT_IDENTITY_FORGOTTEN, /* an administrator has forgotten this person */
	ACCOUNT_NO_UID,             /* the range is full */
	ACCOUNT_OUT_OF_BOUNDS,      /* [accounts] was changed since it was made */
	ACCOUNT_ID_NOT_ALLOWED,     /* a number that was asked for is outside root's ranges */
	ACCOUNT_ID_TAKEN,           /* it is, or was, somebody else's */
	ACCOUNT_ID_DIFFERS,         /* the provider tells another number than the account has */
	ACCOUNT_IDENTITY_TAKEN,     /* the identity has another account */
	ACCOUNT_FIELD_INVALID,      /* home, shell or subject cannot be as given */
};

struct accounts;

/**
 * accounts_is_in_bounds() - do a stored account's name, numbers and home still lie within [accounts]
 * latchkey-root refuses every map with one that does not, so it is left off and cannot sign in. Asks nobody.
 */
bool accounts_is_in_bounds(const struct account_settings *settings, const struct account *a);

/** accounts_new() - all three must outlive it; @local is refreshed whenever something is decided by it. Return: 0, -ENOMEM. */
int accounts_new(struct accounts **ret, const struct account_settings *settings, struct store *store,
		 struct localdb *local);
void accounts_free(struct accounts *a);
LK_DEFINE_CLEANUP(struct accounts *, accounts_free);

/**
 * accounts_name_is_possible() - could this name be asked for: in the grammar, not local, not reserved, not a tombstone;
 * or local and given to an identity by root's configuration
 * The former name of an account that is there is possible: its owner is told, or renamed back.
 * Return: 1 yes, 0 no, negative errno when the store cannot say.
 */
int accounts_name_is_possible(struct accounts *a, const char *name);

/**
 * accounts_reserve() - the UID that @name has or would get
 * @issuer: of the provider that the name selects
 * @ret:    a copy of the account, or of what it would be (created_s 0); release with account_free()
 * @hold_ms: for how long nobody else gets this UID; an earlier reservation of the name is prolonged
 * At most 1,024 reservations at a time; the one that would end first gives way. What was promised is only likely
 * then: whoever was told a uid compares it with the account in the end.
 * Return: 0, an enum account_outcome > 0, negative errno.
 */
int accounts_reserve(struct accounts *a, const char *name, const char *issuer, uint32_t hold_ms, struct account **ret);

/** accounts_was_called() - is @name a former one of this account; no where the store cannot say */
bool accounts_was_called(struct accounts *a, const char *name, const struct account *account);

/** accounts_is_held() - does this name hold a UID by an earlier accounts_reserve() that has not ended */
bool accounts_is_held(struct accounts *a, const char *name);

/** accounts_release() - the attempt for this name has ended */
void accounts_release(struct accounts *a, const char *name);

/* Somebody who signs in, as policy has let them in. */
struct account_person {
	const char *name;
	const char *provider;
	const char *issuer;
	const char *subject;
	const char *gecos; /* sanitised here: no ':', no control characters, at most 127 bytes; NULL: as it was */
	const char *facts; /* JSON text for policy, stored as it is; NULL counts as "{}" */
	uint32_t uid;      /* that the provider tells; 0: none */
	uint32_t gid;
	bool is_service; /* no person: root's configuration keeps this very name for it, and it has no other */
};

/* What accounts_bind() would give to somebody who does not have it yet. */
struct account_news {
	struct sources_question question; /* an empty name: nothing */
	bool has_choice;                  /* this host chose question.uid, and would as well choose another */
};

/**
 * accounts_preview() - what would be new if @person were bound now; so that other sources of NSS can be asked first
 * @person: subject may be NULL: nobody knows yet who it is
 * An account that is somebody's, or that an administrator keeps, has its name and number already; one that a directory made
 * has not: nobody was asked about those.
 * Return: 0, an enum account_outcome > 0 where there would be none, negative errno.
 */
int accounts_preview(struct accounts *a, const struct account_person *person, struct account_news *ret);

/** accounts_first_choice() - the number that every host gives to this name where nobody has it */
uint32_t accounts_first_choice(const struct accounts *a, const char *name, const char *issuer);

/** accounts_avoid_id() - somebody elsewhere has this number: nobody new gets it as long as this process lives. Of 1,024
 *  the oldest is forgotten, and asked about again. */
void accounts_avoid_id(struct accounts *a, uint32_t id);

/**
 * accounts_bind() - the one place where an identity becomes, or again is, an account
 * @ret:   the stored account; release with account_free()
 * @ret_is_new: the map must be published before this counts: the account, its name or its groups are other ones now
 * An account that is known under another name is renamed: same UID, same home; the old name is retired (I6). An expected one
 * becomes this identity's, if it is kept for it or for nobody in particular. A forgotten identity stays forgotten until an
 * administrator has decided. Home and shell of a known account stay as they were when it was made, and so do its numbers:
 * where the provider tells others the sign-in is refused (I12). A service's name is a local one for everybody else, and who
 * has another name is ACCOUNT_IDENTITY_TAKEN as a service. An account whose uid or gid is a local one by now is
 * ACCOUNT_NAME_LOCAL; one that [accounts] no longer has room for is ACCOUNT_OUT_OF_BOUNDS.
 * Return: 0 (stored durably), an enum account_outcome > 0, negative errno (nothing stored; -EINVAL for a name outside
 * the grammar, an issuer above 1,024 or a subject above 255 bytes). I1, I4 to I12.
 */
int accounts_bind(struct accounts *a, const struct account_person *person, int64_t now_s, struct account **ret,
		  bool *ret_is_new);

/**
 * accounts_take_back() - what accounts_bind() has just stored was no sign-in: the caller holds another answer of NSS
 * @seen_uid: the number that it holds
 * Neither a key nor a certificate may open the account by it, for the session would have that number. If the number is
 * nobody's yet, nobody will ever have it, since a session may all the same begin with it as soon as there is a real
 * sign-in. Return: 0, negative errno.
 */
int accounts_take_back(struct accounts *a, struct account *account, uint32_t seen_uid, int64_t now_s);

/**
 * accounts_note_facts() - replace the facts of a known identity that policy has just refused
 * @facts: as in accounts_bind(). Nothing else changes, its last sign-in least of all. Return: 0, also where nobody is bound; 1
 * where the map must be published, since the person is in other groups now; negative errno.
 */
int accounts_note_facts(struct accounts *a, const char *issuer, const char *subject, const char *facts);

/* Told of each own group of the configuration that cannot be had, with an ASCII reason. */
typedef void (*accounts_group_fault_fn)(void *userdata, const char *group, const char *why);

/**
 * accounts_settle_groups() - give each own group of the configuration its gid, once and for ever
 * Those that it names no more are retired; one that comes back has its old gid, unless root gives it another.
 * @fault: a group's, after which the others are settled all the same
 * Return: 0, negative errno where the store failed: what was settled so far is.
 */
int accounts_settle_groups(struct accounts *a, int64_t now_s, accounts_group_fault_fn fault, void *userdata);

/**
 * accounts_find_local() - an account of /etc/passwd that root's configuration gives to an identity
 * @ret: as /etc/passwd has it now, with the identity that it is given to and what that one has shown at its last sign-in;
 *       release with account_free()
 * Return: 0; -ENOENT no section names it, or /etc/passwd has no such user, or one of the system's; other negative errno.
 */
int accounts_find_local(struct accounts *a, const char *name, struct account **ret);

/** accounts_issuer_of_local() - whose identities may have the local account @name; NULL where no section names it, and for a
 *  service that /etc/passwd does not have. Asks nobody. */
const char *accounts_issuer_of_local(const struct accounts *a, const char *name);

/** accounts_sign_in_local() - its identity has approved and policy has said yes; @account is brought up to date.
 *  Return: 0 (stored durably), negative errno (nothing stored). */
int accounts_sign_in_local(struct accounts *a, struct account *account, const char *facts, int64_t now_s);

/** accounts_note_local_facts() - as accounts_note_facts(). Return: 0, negative errno. */
int accounts_note_local_facts(struct accounts *a, const struct account *account, const char *facts);

/** accounts_each_local() - all that accounts_find_local() finds, from place *@at on, which moves to the one that @fn ended
 *  at; @fn as for store_each(). Return: 0, what @fn returned, negative errno. */
int accounts_each_local(struct accounts *a, size_t *at, store_each_fn fn, void *userdata);

/* An account for somebody who is to come. */
struct account_pin {
	const char *name;
	uint32_t uid;
	uint32_t gid; /* 0: as the uid */
	const char *provider;
	const char *issuer;
	const char *subject; /* NULL: whoever proves the name first */
	const char *gecos;   /* NULL: none */
	const char *home;    /* NULL: by the template */
	const char *shell;   /* NULL: the default */
};

#define ACCOUNTS_PINS_MAX 4096u

/**
 * accounts_pin() - make accounts for people who are to come, all of them or none
 * @n:       at most ACCOUNTS_PINS_MAX
 * @ret_at:  the plan at fault; set where the result is not 0
 * @ret_new: how many were made; others were there already, with the same numbers and the same subject
 * A local user with the same name and uid is no obstacle: the account takes over when that user is removed.
 * Return: 0 (stored durably), an enum account_outcome > 0, negative errno.
 */
int accounts_pin(struct accounts *a, const struct account_pin *pins, size_t n, int64_t now_s, size_t *ret_at,
		 size_t *ret_new);

/** accounts_rename() - give an account another name; the old one is retired. Return: 0 with *ret set, -ENOENT, an outcome
 *  > 0, other negative errno. */
int accounts_rename(struct accounts *a, const char *name, const char *new_name, int64_t now_s, struct account **ret);

/**
 * accounts_move() - give an account other numbers; the old ones are retired. Files keep theirs.
 * @gid:         0: as the uid, or as it was where it was not the uid
 * @ret_old_uid: set on 0
 * Return: 0 with *ret set, -ENOENT, an outcome > 0, other negative errno.
 */
int accounts_move(struct accounts *a, const char *name, uint32_t uid, uint32_t gid, int64_t now_s, struct account **ret,
		  uint32_t *ret_old_uid);

/** accounts_forget() - make it a tombstone; one that nobody ever used is retired, name and numbers. Return: 0, -ENOENT,
 *  other negative errno. */
int accounts_forget(struct accounts *a, const char *name, struct account **ret);

/**
 * accounts_release_name() - the one step by which a name of the past becomes free
 * A forgotten account goes for good, its identity may come again, and its numbers are retired.
 * @ret_old_uid: whose the name was; set on 0
 * Return: 0, -ENOENT no name of the past, -EBUSY an account has it, other negative errno.
 */
int accounts_release_name(struct accounts *a, const char *name, int64_t now_s, uint32_t *ret_old_uid);
