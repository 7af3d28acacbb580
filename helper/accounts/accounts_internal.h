/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/accounts/accounts.h"
#include "helper/accounts/reservations.h"

/* What the files of accounts share; nobody else includes this. */

#define ISSUER_MAX 1024u
#define SUBJECT_MAX 255u /* OpenID Connect Core, section 2 */
#define FACTS_MAX 65536u
#define HOME_MAX 255u
#define GECOS_SIZE 128u
#define AVOIDED_MAX 1024u

struct accounts {
	const struct account_settings *settings;
	struct store *store;
	struct localdb *local;
	struct reservations reservations;
	uint32_t avoided[AVOIDED_MAX]; /* numbers of other sources of NSS: a ring */
	size_t n_avoided;              /* so far */
};

/** accounts_is_machines() - is the name the machine's own or reserved; a group of the name counts: the private group would
 *  have the same name */
bool accounts_is_machines(const struct accounts *a, const char *name);

/** accounts_is_local() - that, or kept for an identity by a section of the configuration */
bool accounts_is_local(const struct accounts *a, const char *name);

/** accounts_is_local_id() - a local uid, gid or subordinate id */
bool accounts_is_local_id(const struct accounts *a, uint32_t id);

/** accounts_check_id() - may somebody new have this very number (I11, I12); @may_be_local: also if a local user has it.
 *  Return: 0, ACCOUNT_ID_NOT_ALLOWED, ACCOUNT_ID_TAKEN, negative errno. */
int accounts_check_id(struct accounts *a, uint32_t id, bool may_be_local);

/** accounts_choose_uid() - what was promised to the name if it still can be had, else a new number. Return: 0,
 *  ACCOUNT_NO_UID, negative errno. */
int accounts_choose_uid(struct accounts *a, const char *name, const char *issuer, uint32_t *ret);

/** accounts_allocate_id() - the first number that nobody has, from where the hash of @space and @name points on; for an
 *  account the space is its issuer. Return: 0, ACCOUNT_NO_UID, negative errno. */
int accounts_allocate_id(struct accounts *a, const char *name, const char *space, uint32_t *ret);

/** accounts_compose() - the account that a person of that name would have, without an identity. Return: 0, -ENOMEM,
 *  -ENAMETOOLONG. */
int accounts_compose(const struct accounts *a, const char *name, const char *issuer, uint32_t uid,
		     struct account **ret);

/** accounts_rename_known() - @known gets the name, in the store too; whoever else has it, or had it, keeps it (I6).
 *  Return: 0, ACCOUNT_NAME_TAKEN, ACCOUNT_NAME_RETIRED, negative errno. */
int accounts_rename_known(struct accounts *a, struct account *known, const char *name, int64_t now_s);

/** account_set_text() - replace a field by a copy. Return: 0, -ENOMEM. */
int account_set_text(char **field, const char *text);

/** account_set_gecos() - a passwd field of somebody else's words, which may be NULL. Return: 0, -ENOMEM. */
int account_set_gecos(char **field, const char *gecos);

/** account_expand_home() - "/home/%u" with the name in place; %u may stand more than once. Return: 0, -ENAMETOOLONG, -ENOMEM. */
int account_expand_home(char **ret, const char *template, const char *name);
