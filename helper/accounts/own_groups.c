/* SPDX-License-Identifier: MIT */
/*
 * Which gid a group of our own has. As with people: the number is looked for once, from where a hash points to, stored,
 * and never given to anybody else, whatever becomes of the group. A name or number that somebody else has stays theirs:
 * then there is no such group.
 */
#include <errno.h>
#include <string.h>

#include "helper/accounts/accounts_internal.h"

/* Stands where an account's number has its issuer, and is none. */
#define SPACE "group"

/* Return: 0, or why not. */
static const char *fault_of(const struct accounts *a, const char *name)
{
	if (localdb_has_user(a->local, name) || localdb_has_group(a->local, name))
		return "this host has a user or group of this name";
	return NULL;
}

static const char *why_not(int r)
{
	switch (r) {
	case ACCOUNT_NO_UID:
		return "no number is left between uid_min and uid_max";
	case ACCOUNT_ID_TAKEN:
		return "its gid is a user's or group's of this host";
	default:
		return "an account has, or had, its name or its gid";
	}
}

static int make(struct accounts *a, const struct group_rule *g, int64_t now_s)
{
	uint32_t gid = g->gid;
	int r = gid == 0 ? accounts_allocate_id(a, g->name, SPACE, &gid) : 0;

	if (r == 0 && accounts_is_local_id(a, gid))
		r = ACCOUNT_ID_TAKEN;
	return r == 0 ? store_insert_group(a->store, g->name, gid, now_s) : r;
}

/* One that has a number. Return: as settle(). */
static int keep(struct accounts *a, const struct group_rule *g, const struct own_group *known, int64_t now_s)
{
	uint32_t gid = g->gid != 0 ? g->gid : known->gid;

	if (accounts_is_local_id(a, gid))
		return ACCOUNT_ID_TAKEN;
	if (gid != known->gid)
		return store_move_group(a->store, g->name, gid, now_s);
	/* uid_min or uid_max were changed, or a fixed number is fixed no more: latchkey-root has no room for it. */
	if (g->gid == 0 && (gid < a->settings->uid_min || gid > a->settings->uid_max)) {
		int r = accounts_allocate_id(a, g->name, SPACE, &gid);

		return r == 0 ? store_move_group(a->store, g->name, gid, now_s) : r;
	}
	return known->state == OWN_GROUP_IN_USE ? 0 : store_set_group_state(a->store, known, OWN_GROUP_IN_USE);
}

/* Return: 0, an outcome > 0, -EEXIST somebody else's name or number, other negative errno. */
static int settle(struct accounts *a, const struct group_rule *g, int64_t now_s)
{
	struct own_group known;
	int r = store_find_group(a->store, g->name, &known);

	if (r == -ENOENT)
		return make(a, g, now_s);
	return r < 0 ? r : keep(a, g, &known, now_s);
}

static bool is_configured(const struct accounts *a, const char *name)
{
	const struct group_rule *g = group_rules_find(&a->settings->groups, name);

	return g && !g->is_local;
}

static int retire_others(struct accounts *a)
{
	struct own_group g = {.name = ""};
	int r;

	while ((r = store_next_group(a->store, g.name, &g)) == 0) {
		if (g.state != OWN_GROUP_IN_USE || is_configured(a, g.name))
			continue;
		r = store_set_group_state(a->store, &g, OWN_GROUP_RETIRED);
		if (r < 0)
			return r;
	}
	return r == -ENOENT ? 0 : r;
}

int accounts_settle_groups(struct accounts *a, int64_t now_s, accounts_group_fault_fn fault, void *userdata)
{
	int r = localdb_refresh(a->local);

	for (size_t i = 0; r == 0 && i < a->settings->groups.n; i++) {
		const struct group_rule *g = &a->settings->groups.rules[i];
		const char *why;

		if (g->is_local)
			continue;
		why = fault_of(a, g->name);
		if (!why) {
			r = settle(a, g, now_s);
			why = r > 0 || r == -EEXIST ? why_not(r) : NULL;
		}
		if (why) {
			fault(userdata, g->name, why);
			r = 0;
		}
	}
	return r == 0 ? retire_others(a) : r;
}
