/* SPDX-License-Identifier: MIT */
/*
 * Which accounts of /etc/passwd belong to an identity, and whether they may. latchkey-root judges the same again by its
 * own eyes before it publishes a mark.
 */
#include "helper/accounts/local_accounts.h"

#include <errno.h>
#include <string.h>

#include "nss_module/map_format.h"

const struct local_account_rule *local_accounts_find(const struct local_account_rules *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->rules[i].name, name) == 0)
			return &l->rules[i];
	return NULL;
}

int local_accounts_find_user(const struct localdb *local, const char *name, struct local_user *ret)
{
	struct local_user user;
	int r = localdb_find_user(local, name, &user);

	if (r < 0)
		return r;
	if (user.uid < MAP_ID_FLOOR || user.uid == 65534 || user.uid == 65535 || user.uid == UINT32_MAX)
		return -EPERM;
	*ret = user;
	return 0;
}
