/* SPDX-License-Identifier: MIT */
#pragma once

#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <stddef.h>
#include <stdint.h>

#include "nss_module/map_view.h"

/* Records of a map into the structures and the buffer of a caller. The structure is written on PACK_FOUND only, the
 * buffer is scratch; nothing beyond @size bytes of it is touched. What lies in the map counts as not there.
 *
 * A slot may be a copy or lie in the map: each of its values is read once, what is needed is summed up before anything
 * is written, and every NUL is put here instead of trusting the map's. In a header where it is most of a lookup: a
 * structure that is handed on through memory takes longer to copy than to make. */

enum pack_result {
	PACK_FOUND = 0,
	PACK_NOT_FOUND,
	PACK_TOO_SMALL, /* nothing else is wrong: ask again with a larger buffer */
	PACK_MARKED,    /* bound to a local account: not ours to answer for, and not unknown either */
	PACK_SELDOM,    /* of the short ways alone: take the long one */
};

/** pack_may_answer() - PACK_FOUND, PACK_MARKED, or PACK_NOT_FOUND for an id that is never ours */
MAP_INLINE enum pack_result pack_may_answer(const struct map_view *v, const struct map_user_ids *u)
{
	if ((u->flags & MAP_USER_LOCAL_ACCOUNT) != 0)
		return PACK_MARKED;
	return map_id_is_ours(v, u->uid) && (u->gid == u->uid || map_id_is_ours(v, u->gid)) ? PACK_FOUND
											    : PACK_NOT_FOUND;
}

/** pack_user() - the long way: every record, and any buffer */
enum pack_result pack_user(const struct map_view *v, const struct map_user_slot *u, struct passwd *ret, char *buffer,
			   size_t size);

/* Up to 32 bytes, seldom more than 16: each store counts. */
MAP_INLINE void pack_half_or_all(char *to, const char *from, size_t len)
{
	map_take(to, from, 16);
	if (len > 16)
		map_take(to + 16, from + 16, 16);
}

/* All that pack_user_shortly() may touch of a buffer. */
#define PACK_ROOM (MAP_INLINE_TEXT + MAP_STYLE_HOME_MAX + MAP_NAME_MAX + 1 + MAP_STYLE_HOME_MAX + 4)

/** pack_user_shortly() - for a record that has a style and a buffer that leaves room: lengths known beforehand need no call,
 *  and what is copied too much is written over
 * @uid, @name_len: of the slot, the first one ours, the other one possible
 * Return: as pack_user(), or PACK_SELDOM. */
MAP_INLINE enum pack_result pack_user_shortly(const struct map_view *v, const struct map_user_slot *u, uint32_t uid,
					      size_t name_len, struct passwd *ret, char *buffer, size_t size)
{
	const uint32_t gid = map_load32(&u->gid);
	const uint32_t flags = map_once(u->flags);
	const uint32_t style = map_once(u->style) - 1;
	const struct map_style *s;
	size_t gecos_len;
	size_t home_len;
	size_t shell_len;
	char *home;
	char *shell;

	if ((flags & MAP_USER_LOCAL_ACCOUNT) != 0 || style >= v->h.n_styles || size < PACK_ROOM)
		return PACK_SELDOM;
	if (gid != uid && !map_id_is_ours(v, gid))
		return PACK_NOT_FOUND;
	s = map_style_at(v, style);
	gecos_len = map_once(u->gecos_len);
	home_len = map_once(s->home_len);
	shell_len = map_once(s->shell_len);
	if (name_len + gecos_len + 2 > MAP_INLINE_TEXT || home_len > MAP_STYLE_HOME_MAX ||
	    shell_len > MAP_STYLE_SHELL_MAX)
		return PACK_NOT_FOUND;
	home = buffer + name_len + gecos_len + 2;
	shell = home + home_len + name_len + 1;
	map_take(buffer, u->text, MAP_INLINE_TEXT);
	pack_half_or_all(home, s->home, home_len);
	pack_half_or_all(home + home_len, u->text, name_len);
	pack_half_or_all(shell, s->shell, shell_len);
	buffer[name_len] = '\0';
	home[-1] = '\0';
	shell[-1] = '\0';
	memcpy(shell + shell_len, "\0x\0", 4);
	ret->pw_uid = uid;
	ret->pw_gid = gid;
	ret->pw_name = buffer;
	ret->pw_passwd = shell + shell_len + 1;
	ret->pw_gecos = buffer + name_len + 1;
	ret->pw_dir = home;
	ret->pw_shell = shell;
	return PACK_FOUND;
}

/** pack_shadow() - a password that nothing matches, no date of any kind */
enum pack_result pack_shadow(const struct map_view *v, const struct map_user_slot *u, struct spwd *ret, char *buffer,
			     size_t size);

struct pack_group_parts {
	const char *name; /* MAP_NAME_MAX bytes can be read */
	size_t name_len;  /* at most MAP_NAME_MAX */
	uint32_t gid;
	const unsigned char *members; /* NULL: none */
	uint32_t n_members;
	uint32_t members_len;
};

/** pack_members() - copies the names of @n members and points to each, with NULL behind the last */
enum pack_result pack_members(char **pointers, char *text, const unsigned char *members, uint32_t n, uint32_t text_len);

MAP_INLINE enum pack_result pack_parts(const struct pack_group_parts *parts, struct group *ret, char *buffer,
				       size_t size)
{
	static const char password[] = "x";
	size_t padding = -(uintptr_t)buffer % _Alignof(char *);
	uint32_t n = parts->members != NULL ? parts->n_members : 0;
	uint32_t text_len = parts->members != NULL ? parts->members_len : 0;
	size_t fixed = padding + ((size_t)n + 1) * sizeof(char *);
	char **pointers;
	char *name;
	char *text;

	if (size < fixed + parts->name_len + 1 + sizeof(password) + text_len)
		return PACK_TOO_SMALL;
	pointers = (char **)(void *)(buffer + padding);
	name = buffer + fixed;
	text = name + parts->name_len + 1;
	/* All that a name may take where there is room: a length known beforehand needs no call. */
	if (size - fixed >= MAP_NAME_MAX)
		map_take(name, parts->name, MAP_NAME_MAX);
	else
		map_take(name, parts->name, parts->name_len);
	name[parts->name_len] = '\0';
	memcpy(text, password, sizeof(password));
	if (n == 0)
		*pointers = NULL;
	else if (pack_members(pointers, text + sizeof(password), parts->members, n, text_len) != PACK_FOUND)
		return PACK_NOT_FOUND;
	ret->gr_name = name;
	ret->gr_passwd = text;
	ret->gr_gid = parts->gid;
	ret->gr_mem = pointers;
	return PACK_FOUND;
}

MAP_INLINE enum pack_result pack_group(const struct map_view *v, const struct map_group_slot *g, struct group *ret,
				       char *buffer, size_t size)
{
	uint32_t at = map_load32(&g->members);
	struct pack_group_parts parts = {
		.name = g->name,
		.name_len = map_once(g->name_len),
		.gid = map_load32(&g->gid),
		.n_members = map_load32(&g->n_members),
		.members_len = map_load32(&g->members_len),
	};

	if (at != 0 && parts.n_members != 0)
		parts.members = map_view_data(v, at, (uint64_t)parts.n_members + parts.members_len);
	if (!map_id_is_ours(v, parts.gid) || !map_name_is_possible(parts.name_len) ||
	    (parts.members == NULL && parts.n_members != 0))
		return PACK_NOT_FOUND;
	return pack_parts(&parts, ret, buffer, size);
}

/** pack_private_group() - gid = uid, the user's name, no members */
MAP_INLINE enum pack_result pack_private_group(const struct map_view *v, const struct map_user_slot *u,
					       struct group *ret, char *buffer, size_t size)
{
	struct map_user_ids ids = map_user_ids(u);
	struct pack_group_parts parts = {.name = u->text, .name_len = map_once(u->name_len), .gid = ids.uid};
	enum pack_result may = pack_may_answer(v, &ids);

	if (may != PACK_FOUND)
		return may;
	if ((ids.flags & MAP_USER_PRIVATE_GROUP) == 0 || !map_name_is_possible(parts.name_len))
		return PACK_NOT_FOUND;
	return pack_parts(&parts, ret, buffer, size);
}

typedef int32_t pack_four __attribute__((__vector_size__(16)));
typedef uint32_t pack_ids __attribute__((__vector_size__(16)));

/* Copies @n gids, and says whether all can stay: ours, and none of them @primary. What was copied is checked: the map may
 * say something else by then. */
MAP_INLINE bool pack_gids_at_once(uint32_t *list, const unsigned char *gids, uint32_t n, struct map_ids ids,
				  uint32_t primary)
{
	/* Moved so that the lowest id is the lowest number with a sign: the only comparison that there is. */
	const uint32_t low = ids.min ^ UINT32_C(0x80000000);
	const int32_t high = (int32_t)((ids.max - ids.min) ^ UINT32_C(0x80000000));
	const pack_ids other = {primary, primary, primary, primary};
	pack_four bad = {0};
	uint32_t rest = 0;
	uint32_t i = 0;

	if (ids.min > ids.max)
		return false;
	for (; n - i >= 4; i += 4) {
		pack_ids four;

		map_take(&four, gids + (size_t)i * sizeof(*list), sizeof(four));
		memcpy(list + i, &four, sizeof(four));
		/* Counted, each as -1: a list is too short for that to come round. */
		bad += (pack_four)((pack_four)(four - low) > high);
		bad += (pack_four)((four | 1) == 65535);
		bad += (pack_four)(four == other);
	}
	for (; i < n; i++) {
		uint32_t gid = map_load32(gids + (size_t)i * sizeof(gid));

		list[i] = gid;
		rest |= gid - ids.min > ids.max - ids.min || (gid | 1) == 65535 || gid == primary;
	}
	return (bad[0] | bad[1] | bad[2] | bad[3]) == 0 && rest == 0;
}

/** pack_gids_one_by_one() - as pack_gids(), for lists that hold what is to be left out, or too much */
long pack_gids_one_by_one(struct map_ids ids, const unsigned char *gids, uint32_t n, uint32_t *list, long room,
			  uint32_t primary);

/** pack_gids() - those of @n gids at @gids that are in @ids and not @primary into @list, @room at most. Return: how many. */
MAP_INLINE long pack_gids(struct map_ids ids, const unsigned char *gids, uint32_t n, uint32_t *list, long room,
			  uint32_t primary)
{
	if (room == n && pack_gids_at_once(list, gids, n, ids, primary))
		return room;
	return pack_gids_one_by_one(ids, gids, n, list, room, primary);
}
