/* SPDX-License-Identifier: MIT */
/* The judgement of a map's groups: who is in which as both sides tell it, and the part about groups of /etc/group. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "helper/root/check_internal.h"
#include "nss_module/map_local.h"

/* Does the user's own list name this group exactly once. */
static bool user_names_group(const struct check *c, const struct map_user_slot *u, uint32_t gid)
{
	uint32_t n = 0;
	const unsigned char *gids = map_view_user_groups(&c->v, u, &n);
	uint32_t times = 0;
	uint32_t other;

	for (uint32_t i = 0; gids != NULL && i < n; i++) {
		memcpy(&other, gids + (size_t)i * sizeof(other), sizeof(other));
		times += other == gid;
	}
	return times == 1;
}

/* No group names a user twice, or the sums of both sides would agree without being the same memberships. */
static bool is_new_member(struct check *c, uint32_t group, const char *name, size_t len, uint32_t gid)
{
	struct map_user_slot u;
	int64_t i = map_view_find_user(&c->v, name, len, &u);

	if (i < 0 || !user_names_group(c, &u, gid) || c->last_group[i] == group + 1)
		return false;
	c->last_group[i] = group + 1;
	return true;
}

static int check_members(struct check *c, uint32_t group, const struct map_group_slot *g)
{
	const unsigned char *lengths = map_view_group_members(&c->v, g);
	const char *name;
	uint32_t left = g->members_len;

	if (g->n_members == 0 && g->members == 0 && g->members_len == 0)
		return 0;
	if (lengths == NULL)
		return check_refuse(c, "group '%s' has members outside the map", g->name);
	name = (const char *)lengths + g->n_members;
	for (uint32_t i = 0; i < g->n_members; i++) {
		uint32_t len = lengths[i];

		if (len == 0 || left < len + 1 || name[len] != '\0' || !is_new_member(c, group, name, len, g->gid))
			return check_refuse(
				c,
				"group '%s' has a member that is no user of the map, does not say so or stands twice",
				g->name);
		name += len + 1;
		left -= len + 1;
	}
	if (left != 0)
		return check_refuse(c, "group '%s' has members that are not counted", g->name);
	c->members_seen += g->n_members;
	c->data_used += g->n_members + g->members_len;
	return 0;
}

/* Root's configuration names every other group, and its number where it gives one; the rest are numbers of the range. */
static int check_group_is_configured(struct check *c, const struct map_group_slot *g)
{
	const struct settings_group *s = settings_find_group(c->settings, g->name);
	struct map_user_slot u;

	/* The private group of a person whose gid is not the uid has a record of its own. */
	if (g->n_members == 0 && map_view_find_user(&c->v, g->name, g->name_len, &u) >= 0 && u.gid == g->gid)
		return check_id(c, "group", g->name, g->gid, 0);
	if (s == NULL || s->is_local)
		return check_refuse(c, "group '%s' is no group of root's configuration", g->name);
	if (s->gid != 0 && s->gid != g->gid)
		return check_refuse(c, "group '%s' has the gid %u where root's configuration says %u", g->name, g->gid,
				    s->gid);
	return check_id(c, "group", g->name, g->gid, s->gid);
}

static int check_group(struct check *c, uint32_t i, const struct map_group_slot *g)
{
	struct map_group_slot other;
	struct map_user_slot u;
	int r;

	if (!check_name_fits(g->name, g->name_len) ||
	    !check_is_zero(g->name + g->name_len, sizeof(g->name) - g->name_len) || g->flags != 0 || g->none != 0 ||
	    !check_is_zero(g->zero, sizeof(g->zero)))
		return check_refuse(c, "a group's name does not fit the grammar");
	r = check_name(c, "group", g->name);
	if (r == 0)
		r = check_group_is_configured(c, g);
	if (r < 0)
		return r;
	r = check_tag(c, c->v.h.group_tags, i, map_hash_name(c->v.h.seed, g->name, g->name_len));
	if (r < 0)
		return r;
	if (map_view_find_group(&c->v, g->name, g->name_len, &other) != (int64_t)i)
		return check_refuse(c, "group '%s' stands twice or cannot be found", g->name);
	if (map_view_find_gid(&c->v, g->gid, &other) != (int64_t)i)
		return check_refuse(c, "group '%s' shares the gid %u or cannot be found by it", g->name, g->gid);
	if (map_view_find_uid(&c->v, g->gid, &u) >= 0 && u.gid != g->gid)
		return check_refuse(c, "group '%s' has the uid %u of a user who is elsewhere", g->name, g->gid);
	return check_members(c, i, g);
}

/* --- groups of /etc/group ----------------------------------------------------------------------------------------- */

/* The group's number among root's sections, or -1 where root lets nobody into it. */
static int64_t find_local_group(const struct check *c, const char *name)
{
	const struct settings_group *s = settings_find_group(c->settings, name);

	return s != NULL && s->is_local && strcmp(name, "root") != 0 ? s - c->settings->groups : -1;
}

/* One member of the group that is number @mark, or the empty text behind the last. */
static int check_local_member(struct check *c, const char *group, const char *name, uint32_t mark)
{
	struct map_user_slot u;
	int64_t i = map_view_find_user(&c->v, name, strlen(name), &u);

	if (i < 0 || (u.flags & MAP_USER_LOCAL_ACCOUNT) != 0 || c->last_group[i] == mark)
		return check_refuse(c, "local group '%s' has a member that is no user of the map or stands twice",
				    group);
	c->last_group[i] = mark;
	return 0;
}

/* I13: sessions get these groups by nobody's word but this part's. */
static int check_local_groups(struct check *c)
{
	struct map_local l = {.at = (const char *)c->v.base + c->v.h.local};
	bool seen[SETTINGS_GROUPS_MAX] = {false};
	const char *group, *member;

	l.end = l.at + c->v.h.local_size;
	while ((group = map_local_next(&l)) != NULL) {
		int64_t number = find_local_group(c, group);
		uint32_t n = 0;

		if (number < 0 || seen[number])
			return check_refuse(c, "local group '%s' is not one of root's configuration, or stands twice",
					    group);
		seen[number] = true;
		/* Marks of the map's own groups end below these. */
		while ((member = map_local_next(&l)) != NULL && member[0] != '\0') {
			int r = check_local_member(c, group, member, UINT32_MAX - (uint32_t)number);

			if (r < 0)
				return r;
			n++;
		}
		if (member == NULL || n == 0)
			return check_refuse(c, "local group '%s' has no end or no member", group);
	}
	return l.at == l.end ? 0 : check_refuse(c, "the part about local groups has no end");
}

static void free_numbers(uint32_t **p)
{
	free(*p);
}

int check_groups(struct check *c)
{
	LK_CLEANUP(free_numbers) uint32_t *last_group = calloc(c->v.h.user_slots, sizeof(*last_group));
	struct map_group_slot g;
	uint32_t n = 0;
	int r;

	if (last_group == NULL)
		return -ENOMEM;
	c->last_group = last_group;
	for (uint32_t i = 0; i < c->v.h.group_slots; i++) {
		map_view_group(&c->v, i, &g);
		if (g.name_len == 0) {
			r = check_empty(c, c->v.h.group_tags, i, &g);
		} else {
			n++;
			r = check_group(c, i, &g);
		}
		if (r < 0)
			return r;
	}
	if (n != c->v.h.n_groups)
		return check_refuse(c, "the number of groups is wrong");
	return check_local_groups(c);
}
