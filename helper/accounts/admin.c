/* SPDX-License-Identifier: MIT */
/*
 * What an administrator does to accounts. None of it gives a name or number of one person to another: that takes a step
 * of its own.
 */
#include <errno.h>
#include <string.h>

#include "helper/accounts/accounts_internal.h"
#include "helper/base/clock.h"

static int find(struct accounts *a, const char *name, struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *known = NULL;
	int r = localdb_refresh(a->local);

	if (r == 0)
		r = store_find_name(a->store, name, &known);
	if (r != 0)
		return r;
	if (known->state == ACCOUNT_FORGOTTEN)
		return -ENOENT;
	*ret = LK_STEAL(known);
	return 0;
}

int accounts_rename(struct accounts *a, const char *name, const char *new_name, int64_t now_s, struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *known = NULL;
	int r = find(a, name, &known);

	if (r != 0)
		return r;
	if (!name_is_valid(new_name, true, true))
		return ACCOUNT_FIELD_INVALID;
	if (accounts_is_local(a, new_name))
		return ACCOUNT_NAME_LOCAL;
	r = accounts_rename_known(a, known, new_name, now_s);
	if (r == 0)
		*ret = LK_STEAL(known);
	return r;
}

int accounts_move(struct accounts *a, const char *name, uint32_t uid, uint32_t gid, int64_t now_s, struct account **ret,
		  uint32_t *ret_old_uid)
{
	LK_CLEANUP(account_freep) struct account *known = NULL;
	uint32_t old_uid;
	int r = find(a, name, &known);

	if (r != 0)
		return r;
	if (gid == 0)
		gid = known->gid == known->uid ? uid : known->gid;
	r = uid != known->uid ? accounts_check_id(a, uid, false) : 0;
	if (r == 0 && gid != uid && gid != known->gid)
		r = accounts_check_id(a, gid, false);
	if (r == 0)
		r = store_move(a->store, known, uid, gid, now_s);
	if (r != 0)
		return r;
	old_uid = known->uid;
	known->uid = uid;
	known->gid = gid;
	*ret_old_uid = old_uid;
	*ret = LK_STEAL(known);
	return 0;
}

int accounts_forget(struct accounts *a, const char *name, struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *known = NULL;
	int r;

	r = store_find_name(a->store, name, &known);
	if (r < 0)
		return r;
	if (known->state == ACCOUNT_FORGOTTEN)
		return -ENOENT;
	if (known->state == ACCOUNT_EXPECTED) {
		r = store_remove(a->store, known, true, clock_realtime_s());
		if (r < 0)
			return r;
		known->state = ACCOUNT_FORGOTTEN;
		*ret = LK_STEAL(known);
		return 0;
	}

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

int accounts_release_name(struct accounts *a, const char *name, int64_t now_s, uint32_t *ret_old_uid)
{
	LK_CLEANUP(account_freep) struct account *known = NULL;
	uint32_t old_uid = 0;
	int r = store_find_name(a->store, name, &known);

	if (r == 0) {
		if (known->state != ACCOUNT_FORGOTTEN)
			return -EBUSY;
		old_uid = known->uid;
		r = store_remove(a->store, known, false, now_s);
	} else if (r == -ENOENT) {
		r = store_find_retired(a->store, name, &old_uid);
		if (r == 0)
			r = store_release(a->store, name);
	}
	if (r == 0)
		*ret_old_uid = old_uid;
	return r;
}
