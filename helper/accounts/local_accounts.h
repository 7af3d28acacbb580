/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "helper/accounts/localdb.h"

/* Accounts of /etc/passwd that root's configuration gives to one identity each, be it a person's or a service's. The line of /etc/passwd says everything
 * about such an account; the map carries its name as a mark for the PAM module, and NSS never answers for it. */

#define LOCAL_ACCOUNTS_MAX 256u

/* One [local-account NAME] section, or [service-account NAME]: where /etc/passwd does not have that one, it is an account of our
 * own, and the rule keeps its name for it. */
struct local_account_rule {
	char *name;
	char *subject;      /* whose account it is, byte by byte */
	char *provider;     /* name of its section */
	const char *issuer; /* of that provider, borrowed */
	bool is_service;
};

struct local_account_rules {
	struct local_account_rule *rules;
	size_t n;
};

/** local_accounts_find() - the section for that name, or NULL */
const struct local_account_rule *local_accounts_find(const struct local_account_rules *l, const char *name);

/**
 * local_accounts_find_user() - what /etc/passwd says about an account that may be given to an identity
 * Root and the system's accounts may not: whoever took over the provider would be them. A service account may be one of the
 * system's, since there root names which service it is, but never root.
 * Return: 0; -ENOENT there is no such user; -EPERM its uid is below 1000 (of a service: 0), or stands for nobody; other
 * negative errno as localdb_find_user().
 */
int local_accounts_find_user(const struct localdb *local, const struct local_account_rule *rule,
			     struct local_user *ret);
