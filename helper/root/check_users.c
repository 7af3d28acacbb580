/* SPDX-License-Identifier: MIT */
/* The judgement of a map's users: text, numbers, place in the tables, groups, and the styles that their texts go by. */
#include <stdbool.h>
#include <string.h>

#include "helper/base/text.h"
#include "helper/root/check_internal.h"

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

static int check_user_text(struct check *c, const struct map_user_text *t)
{
	const char *name = t->text;
	const char *gecos = name + t->name_len + 1;
	const char *home = gecos + t->gecos_len + 1;
	const char *shell = home + t->home_len + 1;

	if (!check_name_fits(name, t->name_len))
		return check_refuse(c, "a user's name does not fit the grammar");
	if (!field_fits(gecos, t->gecos_len))
		return check_refuse(c, "user '%s' has a full name that passwd cannot hold", name);
	if (!path_fits(home, t->home_len) || !text_has_prefix(home, c->settings->home_base) ||
	    t->home_len == strlen(c->settings->home_base))
		return check_refuse(c, "user '%s' has a home that is not below %s", name, c->settings->home_base);
	if (!path_fits(shell, t->shell_len))
		return check_refuse(c, "user '%s' has a shell that is no absolute path", name);
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
		       : check_refuse(c, "user '%s' carries bytes that mean nothing", name);
}

/* A text in the data part has its own room there, and the NULs that readers put anyway. */
static int check_user_apart(struct check *c, const struct map_user_slot *u, const struct map_user_text *t)
{
	const unsigned char *there = map_view_data(&c->v, u->apart.at, t->len);

	if (u->style != 0)
		return 0;
	if (there == NULL || memcmp(there, t->text, t->len) != 0)
		return check_refuse(c, "user '%s' has a text that does not end where it should", t->text);
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
		return check_refuse(c, "user '%s' has a list of groups outside the map", name);
	for (uint32_t i = 0; i < n; i++) {
		memcpy(&gid, gids + (size_t)i * sizeof(gid), sizeof(gid));
		if (map_view_find_gid(&c->v, gid, &g) < 0)
			return check_refuse(c, "user '%s' is in group %u, which is not on the map", name, gid);
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
		return check_refuse(c, "user '%s' has a mark that root's configuration does not give", name);
	if (is_private && (u->gid != u->uid || has_record || map_view_find_group(&c->v, name, u->name_len, &g) >= 0))
		return check_refuse(c, "user '%s' has a private group that another group stands in for", name);
	if (!is_private && !has_record)
		return check_refuse(c, "user '%s' has the group %u, which is not on the map", name, u->gid);
	/* A group that has a record is judged by it. */
	return is_private ? check_id(c, "the group of user", name, u->gid, 0) : 0;
}

/* Do both tables lead to this slot and no other. */
static int check_user_is_found(struct check *c, uint32_t i, const struct map_user_slot *u, const char *name)
{
	struct map_user_slot other;
	int r = check_tag(c, c->v.h.user_tags, i, map_hash_name(c->v.h.seed, name, u->name_len));

	if (r < 0)
		return r;
	if (map_view_find_user(&c->v, name, u->name_len, &other) != (int64_t)i)
		return check_refuse(c, "user '%s' stands twice or cannot be found", name);
	if (map_view_find_uid(&c->v, u->uid, &other) != (int64_t)i)
		return check_refuse(c, "user '%s' shares the uid %u or cannot be found by it", name, u->uid);
	return 0;
}

/* The mark of an account of /etc/passwd: a name that root's configuration gives away, with its own numbers, and nothing
 * that could be answered with. */
static int check_local_account(struct check *c, uint32_t i, const struct map_user_slot *u)
{
	const struct settings_account *account;
	char name[MAP_NAME_MAX + 1] = "";
	uint32_t uid;
	uint32_t gid;

	if (u->name_len > MAP_NAME_MAX)
		return check_refuse(c, "the mark of a local account has no proper name");
	memcpy(name, u->text, u->name_len);
	if (!check_name_fits(name, u->name_len))
		return check_refuse(c, "a user's name does not fit the grammar");
	account = settings_find_account(c->settings, name);
	if (account == NULL)
		return check_refuse(c, "user '%s' has a mark that root's configuration does not give", name);
	if (!locals_get_user(c->locals, name, &uid, &gid) || u->uid != uid || u->gid != gid)
		return check_refuse(c, "the mark of local account '%s' does not agree with /etc/passwd", name);
	if (uid < (account->is_service ? 1 : MAP_ID_FLOOR) || uid == 65534 || uid == 65535 || uid == UINT32_MAX)
		return check_refuse(c, "local account '%s' is one of the system's", name);
	if (u->flags != MAP_USER_LOCAL_ACCOUNT || u->groups != 0 || u->gecos_len != 0 || u->style != 0 ||
	    !check_is_zero(u->text + u->name_len, sizeof(u->text) - u->name_len))
		return check_refuse(c, "the mark of local account '%s' carries more than its name", name);
	return check_user_is_found(c, i, u, name);
}

static int check_user(struct check *c, uint32_t i, const struct map_user_slot *u)
{
	struct map_user_text t;
	int r;

	if ((u->flags & MAP_USER_LOCAL_ACCOUNT) != 0)
		return check_local_account(c, i, u);
	if (!map_view_user_text(&c->v, u, &t))
		return check_refuse(c, "a user's text lies outside the map");
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

/* What is in a style was judged with each record that has it; here, that one has, and that nothing else is in it. */
static int check_styles(struct check *c)
{
	for (uint32_t i = 0; i < c->v.h.n_styles; i++) {
		const struct map_style *s = map_style_at(&c->v, i);

		if (!c->style_used[i])
			return check_refuse(c, "a style is no user's");
		if (s->home_len == 0 || s->home[s->home_len - 1] != '/' ||
		    !check_is_zero(s->home + s->home_len, sizeof(s->home) - s->home_len) ||
		    !check_is_zero(s->shell + s->shell_len, sizeof(s->shell) - s->shell_len))
			return check_refuse(c, "a style carries bytes that mean nothing");
	}
	return 0;
}

int check_users(struct check *c)
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
	return n == c->v.h.n_users ? check_styles(c) : check_refuse(c, "the number of users is wrong");
}
