/* SPDX-License-Identifier: MIT */
/*
 * What an administrator does to accounts. None of it gives a name or number of one person to another: that takes a step
 * of its own.
 */
#include <errno.h>
#include <string.h>

#include "helper/accounts/accounts_internal.h"

int accounts_forget(struct accounts *a, const char *name, struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *known = NULL;
	int r;

	r = store_find_name(a->store, name, &known);
	if (r < 0)
		return r;
	if (known->state != ACCOUNT_ACTIVE)
		return -ENOENT;

	/* Name, uid and identity must be kept for ever; what else is known about the person need not. */
	known->state = ACCOUNT_FORGOTTEN;
	r = account_set_text(&known->gecos, "");
	if (r == 0)
		r = account_set_text(&known->facts, "{}");
	if (r == 0)
		r = store_update(a->store, known);
	if (r < 0)
		return r;
	*ret = LK_STEAL(known);
	return 0;
}
