/* SPDX-License-Identifier: MIT */
#include "tests/unit/root/slow_reader.h"

#include <stdint.h>
#include <string.h>

#include "nss_module/map_format.h"
#include "nss_module/map_view.h"
#include "nss_module/pack.h"

struct map {
	const unsigned char *bytes;
	size_t len;
	struct map_header h;
};

/* --- the configuration -------------------------------------------------------------------------------------------- */

static bool is_one_of(const char *const *list, const char *text)
{
	for (; *list != NULL; list++) {
		if (strcmp(*list, text) == 0)
			return true;
	}
	return false;
}

static bool id_is_allowed(uint32_t id)
{
	return id >= 0x70000000u && id <= 0x7FFFFFFEu && id != 1879060000u && id != 1879060001u;
}

static bool name_is_allowed(const char *name)
{
	static const char *const taken[] = {"root", "local", "high", "sudo", "highgroup", "broken", NULL};
	size_t len = strlen(name);
	size_t letters = strcspn(name, "abcdefghijklmnopqrstuvwxyz");

	return len > 0 && len <= 32 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-.@") == len &&
	       letters < len && strchr("0123456789-.@", name[0]) == NULL && strchr(".@", name[len - 1]) == NULL &&
	       !is_one_of(taken, name) && strncmp(name, "systemd-", 8) != 0;
}

static bool text_is_allowed(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f || *text == ':')
			return false;
	}
	return true;
}

static bool path_is_allowed(const char *path)
{
	size_t len = strlen(path);

	return path[0] == '/' && len > 1 && path[len - 1] != '/' && strstr(path, "//") == NULL &&
	       strstr(path, "/./") == NULL && strstr(path, "/../") == NULL && text_is_allowed(path) &&
	       (len < 2 || strcmp(path + len - 2, "/.") != 0) && (len < 3 || strcmp(path + len - 3, "/..") != 0);
}

/* --- the records -------------------------------------------------------------------------------------------------- */

static bool user_slot(const struct map *m, uint32_t i, struct map_user_slot *ret)
{
	memcpy(ret, m->bytes + m->h.users + (size_t)i * sizeof(*ret), sizeof(*ret));
	return ret->name_len != 0;
}

static bool group_slot(const struct map *m, uint32_t i, struct map_group_slot *ret)
{
	memcpy(ret, m->bytes + m->h.groups + (size_t)i * sizeof(*ret), sizeof(*ret));
	return ret->name_len != 0;
}

/* Name, full name, home and shell. */
struct texts {
	char text[4][256];
};

/* One text of exactly @len bytes at @at. Return: true, and the place behind its NUL. */
static bool one_text(const struct map *m, size_t *at, size_t len, char *ret)
{
	if (*at + len >= m->len || memchr(m->bytes + *at, '\0', len + 1) != m->bytes + *at + len)
		return false;
	memcpy(ret, m->bytes + *at, len + 1);
	*at += len + 1;
	return true;
}

/* The folder of a style, of @len bytes and zeros up to its end. */
static bool padded_text(const char *from, size_t len, size_t size, char *ret)
{
	if (len > size || strnlen(from, size) != len)
		return false;
	memcpy(ret, from, len);
	ret[len] = '\0';
	return true;
}

/* Return: false where they are not as long as they say. */
static bool user_texts(const struct map *m, uint32_t i, const struct map_user_slot *u, struct texts *ret)
{
	const uint8_t apart[4] = {u->name_len, u->gecos_len, u->apart.home_len, u->apart.shell_len};
	size_t at = m->h.users + (size_t)i * sizeof(*u) + offsetof(struct map_user_slot, text);
	struct map_style s;

	if (u->style == 0) {
		at = u->apart.at;
		for (int k = 0; k < 4; k++) {
			if (!one_text(m, &at, apart[k], ret->text[k]))
				return false;
		}
		return true;
	}
	if (u->style > m->h.n_styles)
		return false;
	memcpy(&s, m->bytes + sizeof(m->h) + (u->style - 1u) * sizeof(s), sizeof(s));
	if (!one_text(m, &at, u->name_len, ret->text[0]) || !one_text(m, &at, u->gecos_len, ret->text[1]) ||
	    !padded_text(s.home, s.home_len, sizeof(s.home), ret->text[2]) ||
	    !padded_text(s.shell, s.shell_len, sizeof(s.shell), ret->text[3]) || u->name_len > MAP_NAME_MAX)
		return false;
	memcpy(ret->text[2] + s.home_len, ret->text[0], u->name_len + 1u);
	return true;
}

static bool group_has_gid(const struct map *m, uint32_t gid)
{
	struct map_group_slot g;

	for (uint32_t i = 0; i < m->h.group_slots; i++) {
		if (group_slot(m, i, &g) && g.gid == gid)
			return true;
	}
	return false;
}

/* How often the user's own list has the group. */
static unsigned int times_in_list(const struct map *m, const struct map_user_slot *u, uint32_t gid)
{
	unsigned int times = 0;
	uint32_t n = 0;
	uint32_t other;

	if (u->groups != 0)
		memcpy(&n, m->bytes + u->groups, sizeof(n));
	for (uint32_t k = 0; k < n; k++) {
		memcpy(&other, m->bytes + u->groups + (k + 1) * sizeof(n), sizeof(other));
		times += other == gid;
	}
	return times;
}

/* How often the group's members have the name. */
static unsigned int times_among_members(const struct map *m, const struct map_group_slot *g, const char *name)
{
	const char *member = (const char *)m->bytes + g->members + g->n_members;
	unsigned int times = 0;

	for (uint32_t k = 0; k < g->n_members; k++, member += strlen(member) + 1)
		times += strcmp(member, name) == 0;
	return times;
}

static const char *user_objection(const struct map *m, uint32_t i, const struct map_user_slot *u)
{
	struct texts t;
	struct texts other_texts;
	struct map_group_slot g;
	struct map_user_slot other;

	if (!user_texts(m, i, u, &t))
		return "a text is not as long as it says";
	if (!name_is_allowed(t.text[0]) || !text_is_allowed(t.text[1]) || !path_is_allowed(t.text[2]) ||
	    !path_is_allowed(t.text[3]) || strncmp(t.text[2], "/home/", 6) != 0)
		return "a user's text";
	if (!id_is_allowed(u->uid) || !id_is_allowed(u->gid))
		return "a user's number";
	if (u->flags != 0 && (u->flags != MAP_USER_PRIVATE_GROUP || u->gid != u->uid || group_has_gid(m, u->gid)))
		return "a user's mark";
	if (u->flags == 0 && !group_has_gid(m, u->gid))
		return "a user's group";
	for (uint32_t k = 0; k < m->h.user_slots; k++) {
		if (k != i && user_slot(m, k, &other) && user_texts(m, k, &other, &other_texts) &&
		    (other.uid == u->uid || strcmp(other_texts.text[0], t.text[0]) == 0))
			return "two users of one name or number";
	}
	for (uint32_t k = 0; k < m->h.group_slots; k++) {
		if (group_slot(m, k, &g) && (times_in_list(m, u, g.gid) > 1 ||
					     times_in_list(m, u, g.gid) != times_among_members(m, &g, t.text[0])))
			return "a membership that only one side tells";
	}
	return NULL;
}

static const char *group_objection(const struct map *m, uint32_t i, const struct map_group_slot *g)
{
	static const char *const configured[] = {"devs", "ops", NULL};
	struct map_group_slot other;

	if (strlen(g->name) != g->name_len || !is_one_of(configured, g->name))
		return "a group's name";
	if (!id_is_allowed(g->gid))
		return "a group's number";
	for (uint32_t k = 0; k < m->h.group_slots; k++) {
		if (k != i && group_slot(m, k, &other) && (other.gid == g->gid || strcmp(other.name, g->name) == 0))
			return "two groups of one name or number";
	}
	return NULL;
}

/* --- what a lookup says ------------------------------------------------------------------------------------------- */

static bool is_entry(const struct passwd *pw, const struct map_user_slot *u, const struct texts *t)
{
	return pw->pw_uid == u->uid && pw->pw_gid == u->gid && strcmp(pw->pw_name, t->text[0]) == 0 &&
	       strcmp(pw->pw_gecos, t->text[1]) == 0 && strcmp(pw->pw_dir, t->text[2]) == 0 &&
	       strcmp(pw->pw_shell, t->text[3]) == 0;
}

static const char *user_lookup_objection(const struct map *m, const struct map_view *v, uint32_t i,
					 const struct map_user_slot *u)
{
	struct texts t;
	struct map_user_slot found;
	struct passwd pw, short_way;
	char buffer[1024], short_buffer[1024];

	(void)user_texts(m, i, u, &t);
	for (int by_uid = 0; by_uid < 2; by_uid++) {
		if ((by_uid != 0 ? map_view_find_uid(v, u->uid, &found)
				 : map_view_find_user(v, t.text[0], strlen(t.text[0]), &found)) < 0 ||
		    pack_user(v, &found, &pw, buffer, sizeof(buffer)) != PACK_FOUND)
			return "a user is not found";
		if (!is_entry(&pw, u, &t))
			return "another user is found";
		if (found.style != 0 && (pack_user_shortly(v, &found, found.uid, found.name_len, &short_way,
							   short_buffer, sizeof(short_buffer)) != PACK_FOUND ||
					 !is_entry(&short_way, u, &t)))
			return "the short way leads elsewhere";
	}
	return NULL;
}

static const char *group_lookup_objection(const struct map_view *v, const struct map_group_slot *g)
{
	struct map_group_slot found;

	if (map_view_find_group(v, g->name, g->name_len, &found) < 0 || memcmp(&found, g, sizeof(found)) != 0 ||
	    map_view_find_gid(v, g->gid, &found) < 0 || memcmp(&found, g, sizeof(found)) != 0)
		return "a group is not found";
	return NULL;
}

/* Every entry of a table of numbers leads to the record that has it. */
static const char *uid_table_objection(const struct map *m)
{
	uint32_t entry;
	struct map_user_slot u;

	for (uint32_t i = 0; i < m->h.uid_slots; i++) {
		memcpy(&entry, m->bytes + m->h.uids + (size_t)i * sizeof(entry), sizeof(entry));
		if (entry != 0 &&
		    (map_entry_slot(entry) >= m->h.user_slots || !user_slot(m, map_entry_slot(entry), &u) ||
		     map_entry_tag(map_hash_id(m->h.seed, u.uid)) != (entry ^ map_entry_slot(entry))))
			return "a number leads astray";
	}
	return NULL;
}

/* --- groups of the machine ---------------------------------------------------------------------------------------- */

static bool user_is_there(const struct map *m, const char *name)
{
	struct map_user_slot u;
	struct texts t;

	for (uint32_t i = 0; i < m->h.user_slots; i++) {
		if (user_slot(m, i, &u) && user_texts(m, i, &u, &t) && strcmp(t.text[0], name) == 0)
			return true;
	}
	return false;
}

static const char *local_objection(const struct map *m)
{
	static const char *const configured[] = {"docker", "lab", NULL};
	const char *at = (const char *)m->bytes + m->h.local;
	const char *end = at + m->h.local_size;

	if (m->h.local_size != 0 && end[-1] != '\0')
		return "the local groups have no end";
	while (at < end) {
		if (!is_one_of(configured, at))
			return "a local group that is not configured";
		for (at += strlen(at) + 1; at < end && *at != '\0'; at += strlen(at) + 1) {
			if (!user_is_there(m, at))
				return "a member of a local group";
		}
		if (at >= end)
			return "a local group has no end";
		at++;
	}
	return NULL;
}

const char *slow_reader_objects(const void *bytes, size_t len)
{
	struct map m = {.bytes = bytes, .len = len};
	struct map_user_slot u;
	struct map_group_slot g;
	struct map_view v;
	const char *objection = NULL;

	if (len < sizeof(m.h) || !map_view_init(&v, bytes, len))
		return "no map";
	memcpy(&m.h, bytes, sizeof(m.h));
	if (m.h.user_slots > SLOW_READER_SLOTS_MAX || m.h.group_slots > SLOW_READER_SLOTS_MAX)
		return NULL;
	/* Readers go by root's ranges, which are written when it is published. */
	v.ids = (struct map_ids){0x70000000u, 0x7FFFFFFEu};
	for (uint32_t i = 0; objection == NULL && i < m.h.group_slots; i++) {
		if (group_slot(&m, i, &g))
			objection = group_objection(&m, i, &g);
		if (g.name_len != 0 && objection == NULL)
			objection = group_lookup_objection(&v, &g);
	}
	for (uint32_t i = 0; objection == NULL && i < m.h.user_slots; i++) {
		if (user_slot(&m, i, &u))
			objection = user_objection(&m, i, &u);
		if (u.name_len != 0 && objection == NULL)
			objection = user_lookup_objection(&m, &v, i, &u);
	}
	if (objection == NULL)
		objection = uid_table_objection(&m);
	return objection != NULL ? objection : local_objection(&m);
}
