/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "helper/accounts/localdb.h"

/* Accounts of /etc/passwd that root's configuration gives to one identity each. The line of /etc/passwd says everything
 * about such an account; the map carries its name as a mark for the PAM module, and NSS never answers for it. */

#define LOCAL_ACCOUNTS_MAX 256u

/* One [local-account NAME] section. */
struct local_account_rule {
	char *name;
	char *subject;      /* whose account it is, byte by byte */
	char *provider;     /* name of its section */
	const char *issuer; /* of that provider, borrowed */
};

struct local_account_rules {
	struct local_account_rule *rules;
	size_t n;
};

/** local_accounts_find() - the section for that name, or NULL */
const struct local_account_rule *local_accounts_find(const struct local_account_rules *l, const char *name);

/**
 * local_accounts_find_user() - what /etc/passwd says about an account that may be given to an identity
 * Root and the system's accounts may not: whoever took over the provider would be them.
 * Return: 0; -ENOENT there is no such user; -EPERM its uid is below 1000 or stands for nobody; other negative errno as
 * localdb_find_user().
 */
int local_accounts_find_user(const struct localdb *local, const char *name, struct local_user *ret);

/** local_accounts_find_service_user() - the same for a service account: accounts of the system too, since root names each,
 *  but never root's number */
int local_accounts_find_service_user(const struct localdb *local, const char *name, struct local_user *ret);
