/* SPDX-License-Identifier: MIT */
/*
 * What an administrator is told of groups. Membership is derived here as it is for the map, so both say the same.
 */
#include <errno.h>

#include "helper/accounts/groups.h"
#include "helper/base/json.h"
#include "helper/daemon/methods.h"

/* Is it a group that this host has from us, or from /etc/group. */
static bool group_is_there(struct manager *m, const struct group_rule *g)
{
	struct own_group own;

	if (g->is_local)
		return localdb_has_group(m->local, g->name);
	return store_find_group(m->store, g->name, &own) == 0 && own.state == OWN_GROUP_IN_USE;
}

/* What the last sign-in makes somebody a member of. */
static struct json_object *groups_json(struct manager *m, const struct account *a)
{
	LK_CLEANUP(json_object_putp) struct json_object *list = json_object_new_array();
	const struct group_rules *g = &m->config->accounts.groups;
	struct membership membership;

	(void)localdb_refresh(m->local);
	if (list == NULL || group_rules_apply(g, a->issuer, a->facts, &membership) == -ENOMEM)
		return NULL;
	for (size_t i = 0; i < g->n; i++) {
		if (!membership_has(&membership, i) || !group_is_there(m, &g->rules[i]))
			continue;
		if (!method_append(list, json_object_new_string(g->rules[i].name)))
			return NULL;
	}
	return LK_STEAL(list);
}

struct json_object *method_account_with_groups(struct manager *m, const struct account *a)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = method_account_json(a);

	if (o == NULL || (a->state != ACCOUNT_FORGOTTEN && !method_add(o, "groups", groups_json(m, a))))
		return NULL;
	return LK_STEAL(o);
}

int64_t method_count_groups(struct manager *m)
{
	struct own_group g = {.name = ""};
	int64_t n = 0;

	while (store_next_group(m->store, g.name, &g) == 0)
		n += g.state == OWN_GROUP_IN_USE;
	return n;
}
