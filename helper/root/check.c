/* SPDX-License-Identifier: MIT */
/* The judgement of a map before it is published: from latchkeyd, which a stranger may have taken over, to every process
 * of the machine. Accepts what the writer makes and nothing else. Reads bounded memory only, asks nobody. */
#include "helper/root/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/cleanup.h"
#include "helper/base/text.h"
#include "nss_module/map_local.h"
#include "nss_module/map_view.h"

struct check {
	struct map_view v;
	const struct settings *settings;
	const struct locals *locals;
	char *why;
	uint32_t *last_group;  /* for each place of a user: number + 1 of the group that named it last */
	uint64_t members_seen; /* memberships as the groups tell them */
	uint64_t groups_seen;  /* and as the users do */
	uint32_t data_used;    /* bytes of the data part that belong to a record */
	bool style_used[MAP_STYLES_MAX];
};

static int refuse(struct check *c, const char *format, ...) LK_PRINTF(2, 3);
static int refuse(struct check *c, const char *format, ...)
{
	char text[CHECK_WHY_SIZE];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_sanitise(c->why, CHECK_WHY_SIZE, text, strlen(text), false);
	return -EBADMSG;
}

static bool is_zero(const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++) {
		if (p[i] != 0)
			return false;
	}
	return true;
}

/* --- what may stand in a record ----------------------------------------------------------------------------------- */

/* The widest grammar that any configuration allows; that the name fits its own provider's rule is latchkeyd's matter. */
static bool name_fits(const char *name, size_t len)
{
	bool has_letter = false;

	if (len == 0 || len > MAP_NAME_MAX || !((name[0] >= 'a' && name[0] <= 'z') || name[0] == '_'))
		return false;
	for (size_t i = 0; i < len; i++) {
		char ch = name[i];
		bool is_letter = ch >= 'a' && ch <= 'z';

		if (!is_letter && !(ch >= '0' && ch <= '9') && strchr("_-.@", ch) == NULL)
			return false;
		if (ch == '\0')
			return false;
		has_letter = has_letter || is_letter;
	}
	return has_letter && name[len - 1] != '.' && name[len - 1] != '@';
}

/* Is it a text of exactly @len bytes and a NUL that a line of passwd can hold. */
static bool field_fits(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char ch = (unsigned char)s[i];

		if (ch < 0x20 || ch == 0x7f || ch == ':')
			return false;
	}
	return s[len] == '\0' && text_is_utf8(s, len);
}

/* Absolute, and every part of it a name: no "//", "/./", "/../" and no '/' at the end. */
static bool path_fits(const char *s, size_t len)
{
	const char *part = s;

	if (!field_fits(s, len) || s[0] != '/')
		return false;
	while (part != NULL) {
		const char *next = strchr(part + 1, '/');
		size_t n = next != NULL ? (size_t)(next - part) - 1 : strlen(part + 1);

		if (n == 0 || (n == 1 && part[1] == '.') || (n == 2 && part[1] == '.' && part[2] == '.'))
			return false;
		part = next;
	}
	return true;
}

static int check_name(struct check *c, const char *kind, const char *name)
{
	if (locals_has_name(c->locals, name))
		return refuse(c, "%s '%s' is a local user or group", kind, name);
	if (text_in_list(c->settings->reserved_names, name) || strcmp(name, "root") == 0 ||
	    text_has_prefix(name, "systemd-"))
		return refuse(c, "%s '%s' is a reserved name", kind, name);
	return 0;
}

/* @fixed: the number that root's configuration gives to this very record, wherever it lies; 0: none. */
static int check_id(struct check *c, const char *kind, const char *name, uint32_t id, uint32_t fixed)
{
	bool is_allowed = fixed != 0 ? id == fixed : settings_allows_id(c->settings, id);

	if (id < MAP_ID_FLOOR || id == 65534 || id == 65535 || id == UINT32_MAX || !is_allowed)
		return refuse(c, "%s '%s' has the id %u, outside %u to %u", kind, name, id, c->settings->uid_min,
			      c->settings->uid_max);
	if (locals_has_id(c->locals, id))
		return refuse(c, "%s '%s' has the id %u of a local user or group", kind, name, id);
	return 0;
}

/* Is the byte beside a slot its own; another one leads a lookup past it, or to it in vain. */
static int check_tag(struct check *c, uint32_t tags, uint32_t i, uint32_t hash)
{
	return c->v.base[tags + (size_t)i] == map_tag(hash) ? 0 : refuse(c, "a place is marked as what it is not");
}

/* A place that holds nothing, and says so. */
static int check_empty(struct check *c, uint32_t tags, uint32_t i, const void *slot)
{
	return c->v.base[tags + (size_t)i] == 0 && is_zero(slot, MAP_SLOT_BYTES)
		       ? 0
		       : refuse(c, "an empty place is not empty");
}

/* --- users -------------------------------------------------------------------------------------------------------- */

static int check_user_text(struct check *c, const struct map_user_text *t)
{
	const char *name = t->text;
	const char *gecos = name + t->name_len + 1;
	const char *home = gecos + t->gecos_len + 1;
	const char *shell = home + t->home_len + 1;

	if (!name_fits(name, t->name_len))
		return refuse(c, "a user's name does not fit the grammar");
	if (!field_fits(gecos, t->gecos_len))
		return refuse(c, "user '%s' has a full name that passwd cannot hold", name);
	if (!path_fits(home, t->home_len) || !text_has_prefix(home, c->settings->home_base) ||
	    t->home_len == strlen(c->settings->home_base))
		return refuse(c, "user '%s' has a home that is not below %s", name, c->settings->home_base);
	if (!path_fits(shell, t->shell_len))
		return refuse(c, "user '%s' has a shell that is no absolute path", name);
	return 0;
}

/* The slot holds what was read of it and nothing else. */
static int check_user_room(struct check *c, const struct map_user_slot *u, const char *name)
{
	struct map_user_slot expected = {
		.uid = u->uid,
		.gid = u->gid,
		.groups = u->groups,
		.flags = u->flags,
		.name_len = u->name_len,
		.gecos_len = u->gecos_len,
		.style = u->style,
	};

	if (u->style != 0) {
		memcpy(expected.text, name, (size_t)u->name_len + u->gecos_len + 2);
		c->style_used[u->style - 1] = true;
	} else {
		memcpy(expected.apart.name, name, u->name_len);
		expected.apart.at = u->apart.at;
		expected.apart.home_len = u->apart.home_len;
		expected.apart.shell_len = u->apart.shell_len;
	}
	return memcmp(&expected, u, sizeof(expected)) == 0
		       ? 0
		       : refuse(c, "user '%s' carries bytes that mean nothing", name);
}

/* A text in the data part has its own room there, and the NULs that readers put anyway. */
static int check_user_apart(struct check *c, const struct map_user_slot *u, const struct map_user_text *t)
{
	const unsigned char *there = map_view_data(&c->v, u->apart.at, t->len);

	if (u->style != 0)
		return 0;
	if (there == NULL || memcmp(there, t->text, t->len) != 0)
		return refuse(c, "user '%s' has a text that does not end where it should", t->text);
	c->data_used += (uint32_t)t->len;
	return 0;
}

static int check_user_groups(struct check *c, const struct map_user_slot *u, const char *name)
{
	struct map_group_slot g;
	const unsigned char *gids;
	uint32_t n = 0;
	uint32_t gid;

	if (u->groups == 0)
		return 0;
	gids = map_view_user_groups(&c->v, u, &n);
	if (gids == NULL)
		return refuse(c, "user '%s' has a list of groups outside the map", name);
	for (uint32_t i = 0; i < n; i++) {
		memcpy(&gid, gids + (size_t)i * sizeof(gid), sizeof(gid));
		if (map_view_find_gid(&c->v, gid, &g) < 0)
			return refuse(c, "user '%s' is in group %u, which is not on the map", name, gid);
	}
	c->groups_seen += n;
	c->data_used += (n + 1) * (uint32_t)sizeof(gid);
	return 0;
}

static int check_primary_group(struct check *c, const struct map_user_slot *u, const char *name)
{
	struct map_group_slot g;
	bool has_record = map_view_find_gid(&c->v, u->gid, &g) >= 0;
	bool is_private = (u->flags & MAP_USER_PRIVATE_GROUP) != 0;

	if ((u->flags & ~MAP_USER_PRIVATE_GROUP) != 0)
		return refuse(c, "user '%s' has a mark that root's configuration does not give", name);
	if (is_private && (u->gid != u->uid || has_record || map_view_find_group(&c->v, name, u->name_len, &g) >= 0))
		return refuse(c, "user '%s' has a private group that another group stands in for", name);
	if (!is_private && !has_record)
		return refuse(c, "user '%s' has the group %u, which is not on the map", name, u->gid);
	/* A group that has a record is judged by it. */
	return is_private ? check_id(c, "the group of user", name, u->gid, 0) : 0;
}

/* Do both tables lead to this slot and no other. */
static int check_user_is_found(struct check *c, uint32_t i, const struct map_user_slot *u, const char *name)
{
	struct map_user_slot other;

	if (check_tag(c, c->v.h.user_tags, i, map_hash_name(c->v.h.seed, name, u->name_len)) < 0)
		return -EBADMSG;
	if (map_view_find_user(&c->v, name, u->name_len, &other) != (int64_t)i)
		return refuse(c, "user '%s' stands twice or cannot be found", name);
	if (map_view_find_uid(&c->v, u->uid, &other) != (int64_t)i)
		return refuse(c, "user '%s' shares the uid %u or cannot be found by it", name, u->uid);
	return 0;
}

/* The mark of an account of /etc/passwd: a name that root's configuration gives away, with its own numbers, and nothing
 * that could be answered with. */
static int check_local_account(struct check *c, uint32_t i, const struct map_user_slot *u)
{
	char name[MAP_NAME_MAX + 1] = "";
	uint32_t uid;
	uint32_t gid;

	if (u->name_len > MAP_NAME_MAX)
		return refuse(c, "the mark of a local account has no proper name");
	memcpy(name, u->text, u->name_len);
	if (!name_fits(name, u->name_len))
		return refuse(c, "a user's name does not fit the grammar");
	if (!settings_has_local_account(c->settings, name))
		return refuse(c, "user '%s' has a mark that root's configuration does not give", name);
	if (!locals_get_user(c->locals, name, &uid, &gid) || u->uid != uid || u->gid != gid)
		return refuse(c, "the mark of local account '%s' does not agree with /etc/passwd", name);
	if (uid < MAP_ID_FLOOR || uid == 65534 || uid == 65535 || uid == UINT32_MAX)
		return refuse(c, "local account '%s' is one of the system's", name);
	if (u->flags != MAP_USER_LOCAL_ACCOUNT || u->groups != 0 || u->gecos_len != 0 || u->style != 0 ||
	    !is_zero(u->text + u->name_len, sizeof(u->text) - u->name_len))
		return refuse(c, "the mark of local account '%s' carries more than its name", name);
	return check_user_is_found(c, i, u, name);
}

static int check_user(struct check *c, uint32_t i, const struct map_user_slot *u)
{
	struct map_user_text t;
	int r;

	if ((u->flags & MAP_USER_LOCAL_ACCOUNT) != 0)
		return check_local_account(c, i, u);
	if (!map_view_user_text(&c->v, u, &t))
		return refuse(c, "a user's text lies outside the map");
	r = check_user_text(c, &t);
	if (r == 0)
		r = check_user_room(c, u, t.text);
	if (r == 0)
		r = check_user_apart(c, u, &t);
	if (r == 0)
		r = check_name(c, "user", t.text);
	if (r == 0)
		r = check_id(c, "user", t.text, u->uid, 0);
	if (r == 0)
		r = check_primary_group(c, u, t.text);
	if (r == 0)
		r = check_user_is_found(c, i, u, t.text);
	if (r == 0)
		r = check_user_groups(c, u, t.text);
	return r;
}

/* --- groups ------------------------------------------------------------------------------------------------------- */

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
		return refuse(c, "group '%s' has members outside the map", g->name);
	name = (const char *)lengths + g->n_members;
	for (uint32_t i = 0; i < g->n_members; i++) {
		uint32_t len = lengths[i];

		if (len == 0 || left < len + 1 || name[len] != '\0' || !is_new_member(c, group, name, len, g->gid))
			return refuse(
				c,
				"group '%s' has a member that is no user of the map, does not say so or stands twice",
				g->name);
		name += len + 1;
		left -= len + 1;
	}
	if (left != 0)
		return refuse(c, "group '%s' has members that are not counted", g->name);
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
		return refuse(c, "group '%s' is no group of root's configuration", g->name);
	if (s->gid != 0 && s->gid != g->gid)
		return refuse(c, "group '%s' has the gid %u where root's configuration says %u", g->name, g->gid,
			      s->gid);
	return check_id(c, "group", g->name, g->gid, s->gid);
}

static int check_group(struct check *c, uint32_t i, const struct map_group_slot *g)
{
	struct map_group_slot other;
	struct map_user_slot u;
	int r;

	if (!name_fits(g->name, g->name_len) || !is_zero(g->name + g->name_len, sizeof(g->name) - g->name_len) ||
	    g->flags != 0 || g->none != 0 || !is_zero(g->zero, sizeof(g->zero)))
		return refuse(c, "a group's name does not fit the grammar");
	r = check_name(c, "group", g->name);
	if (r == 0)
		r = check_group_is_configured(c, g);
	if (r < 0)
		return r;
	r = check_tag(c, c->v.h.group_tags, i, map_hash_name(c->v.h.seed, g->name, g->name_len));
	if (r < 0)
		return r;
	if (map_view_find_group(&c->v, g->name, g->name_len, &other) != (int64_t)i)
		return refuse(c, "group '%s' stands twice or cannot be found", g->name);
	if (map_view_find_gid(&c->v, g->gid, &other) != (int64_t)i)
		return refuse(c, "group '%s' shares the gid %u or cannot be found by it", g->name, g->gid);
	if (map_view_find_uid(&c->v, g->gid, &u) >= 0 && u.gid != g->gid)
		return refuse(c, "group '%s' has the uid %u of a user who is elsewhere", g->name, g->gid);
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
		return refuse(c, "local group '%s' has a member that is no user of the map or stands twice", group);
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
			return refuse(c, "local group '%s' is not one of root's configuration, or stands twice", group);
		seen[number] = true;
		/* Marks of the map's own groups end below these. */
		while ((member = map_local_next(&l)) != NULL && member[0] != '\0') {
			int r = check_local_member(c, group, member, UINT32_MAX - (uint32_t)number);

			if (r < 0)
				return r;
			n++;
		}
		if (member == NULL || n == 0)
			return refuse(c, "local group '%s' has no end or no member", group);
	}
	return l.at == l.end ? 0 : refuse(c, "the part about local groups has no end");
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static void free_numbers(uint32_t **p)
{
	free(*p);
}

static int check_users(struct check *c)
{
	struct map_user_slot u;
	uint32_t n = 0;
	int r;

	for (uint32_t i = 0; i < c->v.h.user_slots; i++) {
		map_view_user(&c->v, i, &u);
		if (u.name_len == 0) {
			r = check_empty(c, c->v.h.user_tags, i, &u);
		} else {
			n++;
			r = check_user(c, i, &u);
		}
		if (r < 0)
			return r;
	}
	return n == c->v.h.n_users ? 0 : refuse(c, "the number of users is wrong");
}

static int check_groups(struct check *c)
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
		return refuse(c, "the number of groups is wrong");
	return check_local_groups(c);
}

/* Every record was found by its id, so an entry too many is one that leads astray. */
static int check_id_table(struct check *c, uint32_t table, uint32_t n_entries, uint32_t n_records)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < n_entries; i++)
		n += map_load32(c->v.base + table + (size_t)i * sizeof(uint32_t)) != 0;
	return n == n_records ? 0 : refuse(c, "a table of ids has entries of no record");
}

/* What is in a style was judged with each record that has it; here, that one has, and that nothing else is in it. */
static int check_styles(struct check *c)
{
	for (uint32_t i = 0; i < c->v.h.n_styles; i++) {
		const struct map_style *s = map_style_at(&c->v, i);

		if (!c->style_used[i])
			return refuse(c, "a style is no user's");
		if (s->home_len == 0 || s->home[s->home_len - 1] != '/' ||
		    !is_zero(s->home + s->home_len, sizeof(s->home) - s->home_len) ||
		    !is_zero(s->shell + s->shell_len, sizeof(s->shell) - s->shell_len))
			return refuse(c, "a style carries bytes that mean nothing");
	}
	return 0;
}

int check_map(const void *bytes, size_t size, const struct settings *settings, const struct locals *locals, char *why)
{
	struct check c = {.settings = settings, .locals = locals, .why = why};
	int r;

	if (!map_view_init(&c.v, bytes, size))
		return refuse(&c, "not a map of this version");
	if (c.v.h.n_users > MAP_RECORDS_MAX || c.v.h.n_groups > MAP_RECORDS_MAX || c.v.h.zero != 0)
		return refuse(&c, "not a map of this version");
	r = check_users(&c);
	if (r == 0)
		r = check_styles(&c);
	if (r == 0)
		r = check_groups(&c);
	if (r == 0)
		r = check_id_table(&c, c.v.h.uids, c.v.h.uid_slots, c.v.h.n_users);
	if (r == 0)
		r = check_id_table(&c, c.v.h.gids, c.v.h.gid_slots, c.v.h.n_groups);
	if (r < 0)
		return r;
	if (c.groups_seen != c.members_seen)
		return refuse(&c, "users and groups do not agree on who is a member");
	if (c.data_used != c.v.h.data_size)
		return refuse(&c, "the map carries bytes that belong to no record");
	return 0;
}
