/* SPDX-License-Identifier: MIT */
/*
 * The map's records in systemd's words. A record says who somebody is and nothing of what one may: no password, no
 * capability, no limit. An account has no password at all, which is not the same as "locked": that would end the account
 * for pam_unix.
 */
#include "helper/userdb/record.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "nss_module/pack.h"

#define USER_BUFFER 1024u /* each length is one byte */
#define GROUP_BUFFER (RECORD_MEMBERS_MAX * (MAP_NAME_MAX + 1 + sizeof(uintptr_t)) + 256u)

static bool add(struct json_object *o, const char *key, struct json_object *value)
{
	if (o == NULL || value == NULL || json_object_object_add(o, key, value) != 0) {
		json_object_put(value);
		return false;
	}
	return true;
}

static bool add_text(struct json_object *o, const char *key, const char *text)
{
	return add(o, key, json_object_new_string(text));
}

/* The reply around a record; takes over @record. */
static int reply_of(struct json_object *record, bool is_whole, struct json_object **ret)
{
	LK_CLEANUP(json_object_putp) struct json_object *mine = record;
	LK_CLEANUP(json_object_putp) struct json_object *reply = json_object_new_object();

	if (!is_whole || !add(reply, "record", LK_STEAL(mine)) ||
	    !add(reply, "incomplete", json_object_new_boolean(false)))
		return -ENOMEM;
	*ret = LK_STEAL(reply);
	return 0;
}

static int user_reply(const struct passwd *pw, struct json_object **ret)
{
	struct json_object *o = json_object_new_object();
	bool ok = add_text(o, "userName", pw->pw_name) && add(o, "uid", json_object_new_int64(pw->pw_uid)) &&
		  add(o, "gid", json_object_new_int64(pw->pw_gid)) && add_text(o, "realName", pw->pw_gecos) &&
		  add_text(o, "homeDirectory", pw->pw_dir) && add_text(o, "shell", pw->pw_shell) &&
		  add_text(o, "disposition", "regular") && add_text(o, "service", USERDB_SERVICE);

	return reply_of(o, ok, ret);
}

static bool add_members(struct json_object *o, char *const *members)
{
	struct json_object *list;

	if (members[0] == NULL)
		return true;
	list = json_object_new_array();
	for (; list != NULL && *members != NULL; members++) {
		struct json_object *name = json_object_new_string(*members);

		if (name == NULL || json_object_array_add(list, name) != 0) {
			json_object_put(name);
			json_object_put(list);
			return false;
		}
	}
	return add(o, "members", list);
}

static int group_reply(const struct group *gr, struct json_object **ret)
{
	struct json_object *o = json_object_new_object();
	bool ok = add_text(o, "groupName", gr->gr_name) && add(o, "gid", json_object_new_int64(gr->gr_gid)) &&
		  add_members(o, gr->gr_mem) && add_text(o, "disposition", "regular") &&
		  add_text(o, "service", USERDB_SERVICE);

	return reply_of(o, ok, ret);
}

static int membership_reply(const char *user, size_t user_len, const char *group, size_t group_len,
			    struct json_object **ret)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();

	if (!add(o, "userName", json_object_new_string_len(user, (int)user_len)) ||
	    !add(o, "groupName", json_object_new_string_len(group, (int)group_len)))
		return -ENOMEM;
	*ret = LK_STEAL(o);
	return 0;
}

/* --- users -------------------------------------------------------------------------------------------------------- */

static int user_of(const struct map_view *v, int64_t place, const struct map_user_slot *slot, struct passwd *pw,
		   char *buffer)
{
	return place >= 0 && slot->name_len != 0 && pack_user(v, slot, pw, buffer, USER_BUFFER) == PACK_FOUND
		       ? 0
		       : RECORD_NONE;
}

static int user_by_name(const struct map_view *v, const char *name, struct passwd *pw, char *buffer)
{
	struct map_user_slot slot = {.name_len = 0};

	return user_of(v, map_view_find_user(v, name, strlen(name), &slot), &slot, pw, buffer);
}

static int user_by_uid(const struct map_view *v, uint32_t uid, struct passwd *pw, char *buffer)
{
	struct map_user_slot slot = {.name_len = 0};

	return user_of(v, map_view_find_uid(v, uid, &slot), &slot, pw, buffer);
}

static int find_user(const struct map_view *v, const struct query *q, struct json_object **ret)
{
	char buffer[USER_BUFFER];
	struct passwd pw;
	int by_name = q->user != NULL ? user_by_name(v, q->user, &pw, buffer) : RECORD_NONE;

	if (q->user == NULL || (by_name != 0 && q->has_id)) {
		int by_uid = user_by_uid(v, q->id, &pw, buffer);

		if (by_uid != 0)
			return by_uid;
		if (q->user != NULL)
			return RECORD_CONFLICT;
	} else if (by_name != 0) {
		return by_name;
	} else if (q->has_id && pw.pw_uid != q->id) {
		return RECORD_CONFLICT;
	}
	return query_admits(q, pw.pw_uid) ? user_reply(&pw, ret) : RECORD_NON_MATCHING;
}

/* --- groups ------------------------------------------------------------------------------------------------------- */

static int group_of(const struct map_view *v, struct map_group_slot *slot, struct group *gr, char *buffer)
{
	if (slot->n_members > RECORD_MEMBERS_MAX)
		slot->n_members = slot->members = slot->members_len = 0;
	return pack_group(v, slot, gr, buffer, GROUP_BUFFER) == PACK_FOUND ? 0 : RECORD_NONE;
}

static int private_group_of(const struct map_view *v, int64_t place, const struct map_user_slot *slot, struct group *gr,
			    char *buffer)
{
	return place >= 0 && pack_private_group(v, slot, gr, buffer, GROUP_BUFFER) == PACK_FOUND ? 0 : RECORD_NONE;
}

/* As the NSS module has it: a record of its own comes before a user's private group. */
static int group_by_name(const struct map_view *v, const char *name, struct group *gr, char *buffer)
{
	struct map_group_slot slot;
	struct map_user_slot user;

	if (map_view_find_group(v, name, strlen(name), &slot) >= 0)
		return group_of(v, &slot, gr, buffer);
	return private_group_of(v, map_view_find_user(v, name, strlen(name), &user), &user, gr, buffer);
}

static int group_by_gid(const struct map_view *v, uint32_t gid, struct group *gr, char *buffer)
{
	struct map_group_slot slot;
	struct map_user_slot user;

	if (map_view_find_gid(v, gid, &slot) >= 0)
		return group_of(v, &slot, gr, buffer);
	return private_group_of(v, map_view_find_uid(v, gid, &user), &user, gr, buffer);
}

static int find_group_in(const struct map_view *v, const struct query *q, char *buffer, struct json_object **ret)
{
	struct group gr;
	int by_name = q->group != NULL ? group_by_name(v, q->group, &gr, buffer) : RECORD_NONE;

	if (q->group == NULL || (by_name != 0 && q->has_id)) {
		int by_gid = group_by_gid(v, q->id, &gr, buffer);

		if (by_gid != 0)
			return by_gid;
		if (q->group != NULL)
			return RECORD_CONFLICT;
	} else if (by_name != 0) {
		return by_name;
	} else if (q->has_id && gr.gr_gid != q->id) {
		return RECORD_CONFLICT;
	}
	return query_admits(q, gr.gr_gid) ? group_reply(&gr, ret) : RECORD_NON_MATCHING;
}

static int find_group(const struct map_view *v, const struct query *q, struct json_object **ret)
{
	char *buffer = malloc(GROUP_BUFFER);
	int r = buffer != NULL ? find_group_in(v, q, buffer, ret) : -ENOMEM;

	free(buffer);
	return r;
}

/* --- memberships -------------------------------------------------------------------------------------------------- */

static bool group_is_ours(const struct map_view *v, const struct map_group_slot *g)
{
	return map_id_is_ours(v, g->gid) && g->name_len > 0 && g->name_len <= MAP_NAME_MAX;
}

static bool user_is_ours(const struct map_view *v, const struct map_user_slot *u)
{
	struct map_user_ids ids = map_user_ids(u);

	return pack_may_answer(v, &ids) == PACK_FOUND && u->name_len > 0 && u->name_len <= MAP_NAME_MAX;
}

/* The group number @i of the user's own list, if it is answered for. */
static bool group_of_user(const struct map_view *v, const struct map_user_slot *u, uint32_t i,
			  struct map_group_slot *ret, bool *ret_is_end)
{
	uint32_t n = 0;
	const unsigned char *gids = map_view_user_groups(v, u, &n);

	*ret_is_end = gids == NULL || i >= n;
	return !*ret_is_end && map_view_find_gid(v, map_load32(gids + (size_t)i * sizeof(uint32_t)), ret) >= 0 &&
	       group_is_ours(v, ret);
}

static int next_of_user(struct record_walk *w, struct json_object **ret)
{
	struct map_group_slot g;
	bool is_end = false;

	while (!is_end) {
		if (group_of_user(w->view, &w->user, w->next++, &g, &is_end))
			return membership_reply(w->user.text, w->user.name_len, g.name, g.name_len, ret);
	}
	return RECORD_NONE;
}

/* One name of a group's list: lengths first, then the names with their NULs. */
static const char *member_of(const struct map_view *v, const struct map_group_slot *g, uint32_t i, uint32_t at,
			     uint32_t *ret_len)
{
	const unsigned char *members = map_view_group_members(v, g);
	uint32_t len;

	if (members == NULL || i >= g->n_members)
		return NULL;
	len = members[i];
	if (len == 0 || len > MAP_NAME_MAX || at >= g->members_len || g->members_len - at <= len)
		return NULL;
	*ret_len = len;
	return (const char *)members + g->n_members + at;
}

static int next_of_groups(struct record_walk *w, struct json_object **ret)
{
	struct map_group_slot g;
	uint32_t len;

	for (; w->next < w->end; w->next++) {
		const char *name = NULL;

		map_view_group(w->view, w->next, &g);
		if (group_is_ours(w->view, &g))
			name = member_of(w->view, &g, w->member, w->member_at, &len);
		if (name != NULL) {
			w->member++;
			w->member_at += len + 1;
			return membership_reply(name, len, g.name, g.name_len, ret);
		}
		w->member = w->member_at = 0;
	}
	return RECORD_NONE;
}

static int find_membership(const struct map_view *v, const struct query *q, struct json_object **ret)
{
	struct map_user_slot user;
	struct map_group_slot g;
	bool is_end = false;

	if (map_view_find_user(v, q->user, strlen(q->user), &user) < 0 || !user_is_ours(v, &user))
		return RECORD_NONE;
	for (uint32_t i = 0; !is_end; i++) {
		if (group_of_user(v, &user, i, &g, &is_end) && g.name_len == strlen(q->group) &&
		    memcmp(g.name, q->group, g.name_len) == 0)
			return membership_reply(user.text, user.name_len, g.name, g.name_len, ret);
	}
	return RECORD_NONE;
}

/* --- both kinds of questions -------------------------------------------------------------------------------------- */

int record_find(const struct map_view *v, const struct query *q, enum query_kind kind, struct json_object **ret)
{
	switch (kind) {
	case QUERY_USER:
		return find_user(v, q, ret);
	case QUERY_GROUP:
		return find_group(v, q, ret);
	case QUERY_MEMBERSHIPS:
		return find_membership(v, q, ret);
	}
	return RECORD_NONE;
}

static int next_user(struct record_walk *w, struct json_object **ret)
{
	char buffer[USER_BUFFER];
	struct map_user_slot slot;
	struct passwd pw;

	while (w->next < w->end) {
		map_view_user(w->view, w->next++, &slot);
		if (user_of(w->view, 0, &slot, &pw, buffer) == 0 && query_admits(&w->query, pw.pw_uid))
			return user_reply(&pw, ret);
	}
	return RECORD_NONE;
}

/* The groups with a record, then the private ones. */
static int group_at(const struct map_view *v, uint32_t i, struct group *gr, char *buffer)
{
	struct map_group_slot slot;
	struct map_user_slot user;

	if (i < v->h.group_slots) {
		map_view_group(v, i, &slot);
		return slot.name_len != 0 ? group_of(v, &slot, gr, buffer) : RECORD_NONE;
	}
	map_view_user(v, i - v->h.group_slots, &user);
	return user.name_len != 0 ? private_group_of(v, 0, &user, gr, buffer) : RECORD_NONE;
}

static int next_group(struct record_walk *w, struct json_object **ret)
{
	char *buffer = malloc(GROUP_BUFFER);
	struct group gr;
	int r = buffer != NULL ? RECORD_NONE : -ENOMEM;

	while (r == RECORD_NONE && w->next < w->end) {
		r = group_at(w->view, w->next++, &gr, buffer);
		if (r == 0)
			r = query_admits(&w->query, gr.gr_gid) ? group_reply(&gr, ret) : RECORD_NONE;
	}
	free(buffer);
	return r;
}

static void begin_memberships(struct record_walk *w, const struct query *q)
{
	int64_t place;

	w->end = w->view->h.group_slots;
	if (q->user != NULL) {
		w->is_of_user = true;
		place = map_view_find_user(w->view, q->user, strlen(q->user), &w->user);
		if (place < 0 || !user_is_ours(w->view, &w->user))
			w->user = (struct map_user_slot){.groups = 0};
	} else if (q->group != NULL) {
		struct map_group_slot g;

		place = map_view_find_group(w->view, q->group, strlen(q->group), &g);
		w->next = place >= 0 ? (uint32_t)place : w->end;
		w->end = place >= 0 ? (uint32_t)place + 1 : w->end;
	}
}

void record_walk_begin(struct record_walk *w, const struct map_view *v, const struct query *q, enum query_kind kind)
{
	*w = (struct record_walk){.view = v, .kind = kind, .query = *q};
	w->query.user = w->query.group = NULL;
	if (kind == QUERY_USER)
		w->end = v->h.user_slots;
	else if (kind == QUERY_GROUP)
		w->end = v->h.group_slots + v->h.user_slots;
	else
		begin_memberships(w, q);
}

int record_walk_next(struct record_walk *w, struct json_object **ret)
{
	switch (w->kind) {
	case QUERY_USER:
		return next_user(w, ret);
	case QUERY_GROUP:
		return next_group(w, ret);
	case QUERY_MEMBERSHIPS:
		return w->is_of_user ? next_of_user(w, ret) : next_of_groups(w, ret);
	}
	return RECORD_NONE;
}
