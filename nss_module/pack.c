/* SPDX-License-Identifier: MIT */
/* The step from a record of the map to what getpwnam_r() and its like return. Sums up what is needed before it writes
 * anything, writes the caller's structure last, and puts every NUL itself instead of trusting the map's. */
#include "nss_module/pack.h"

#include <stdint.h>

enum pack_result pack_may_answer(const struct map_view *v, const struct map_user_slot *u)
{
	if ((u->flags & MAP_USER_LOCAL_ACCOUNT) != 0)
		return PACK_MARKED;
	return map_id_is_ours(&v->h, u->uid) && map_id_is_ours(&v->h, u->gid) ? PACK_FOUND : PACK_NOT_FOUND;
}

enum pack_result pack_user(const struct map_view *v, const struct map_user_slot *u, struct passwd *ret, char *buffer,
			   size_t size)
{
	static const char password[] = "x";
	const void *text = map_view_user_text(v, u);
	size_t len = map_user_text_len(u);
	enum pack_result may = pack_may_answer(v, u);
	struct passwd pw = {.pw_uid = u->uid, .pw_gid = u->gid};

	if (may != PACK_FOUND)
		return may;
	if (text == NULL)
		return PACK_NOT_FOUND;
	if (size < len + sizeof(password))
		return PACK_TOO_SMALL;
	map_take(buffer, text, len);
	memcpy(buffer + len, password, sizeof(password));
	pw.pw_passwd = buffer + len;
	pw.pw_name = buffer;
	buffer += u->name_len;
	*buffer++ = '\0';
	pw.pw_gecos = buffer;
	buffer += u->gecos_len;
	*buffer++ = '\0';
	pw.pw_dir = buffer;
	buffer += u->home_len;
	*buffer++ = '\0';
	pw.pw_shell = buffer;
	buffer[u->shell_len] = '\0';
	*ret = pw;
	return PACK_FOUND;
}

enum pack_result pack_shadow(const struct map_view *v, const struct map_user_slot *u, struct spwd *ret, char *buffer,
			     size_t size)
{
	static const char password[] = "*";
	enum pack_result may = pack_may_answer(v, u);
	struct spwd sp = {
		.sp_lstchg = -1,
		.sp_min = -1,
		.sp_max = -1,
		.sp_warn = -1,
		.sp_inact = -1,
		.sp_expire = -1,
		.sp_flag = ~0ul,
	};

	if (may != PACK_FOUND)
		return may;
	if (map_view_user_text(v, u) == NULL)
		return PACK_NOT_FOUND;
	if (size < (size_t)u->name_len + 1 + sizeof(password))
		return PACK_TOO_SMALL;
	memcpy(buffer, u->inline_text, u->name_len);
	buffer[u->name_len] = '\0';
	memcpy(buffer + u->name_len + 1, password, sizeof(password));
	sp.sp_namp = buffer;
	sp.sp_pwdp = buffer + u->name_len + 1;
	*ret = sp;
	return PACK_FOUND;
}

/* The members' names stand in @text already; finds where each begins. */
static enum pack_result point_to_members(char **pointers, char *text, const unsigned char *lengths, uint32_t n,
					 uint32_t text_len)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < n; i++) {
		unsigned char len;

		map_take(&len, lengths + i, 1);
		if (len == 0 || text_len - used < (uint32_t)len + 1)
			return PACK_NOT_FOUND;
		pointers[i] = text + used;
		used += len;
		text[used++] = '\0';
	}
	pointers[n] = NULL;
	return used == text_len ? PACK_FOUND : PACK_NOT_FOUND;
}

struct group_parts {
	const char *name;
	size_t name_len;
	uint32_t gid;
	const unsigned char *members; /* NULL: none */
	uint32_t n_members;
	uint32_t members_len;
};

static enum pack_result pack_parts(const struct group_parts *parts, struct group *ret, char *buffer, size_t size)
{
	static const char password[] = "x";
	size_t padding = -(uintptr_t)buffer % _Alignof(char *);
	uint32_t n = parts->members != NULL ? parts->n_members : 0;
	uint32_t text_len = parts->members != NULL ? parts->members_len : 0;
	struct group gr = {.gr_gid = parts->gid};
	char **pointers;

	if (size < padding + ((uint64_t)n + 1) * sizeof(char *) + parts->name_len + 1 + sizeof(password) + text_len)
		return PACK_TOO_SMALL;
	pointers = (char **)(void *)(buffer + padding);
	buffer += padding + ((size_t)n + 1) * sizeof(char *);
	gr.gr_name = memcpy(buffer, parts->name, parts->name_len);
	buffer += parts->name_len;
	*buffer++ = '\0';
	gr.gr_passwd = memcpy(buffer, password, sizeof(password));
	buffer += sizeof(password);
	if (n != 0)
		map_take(buffer, parts->members + n, text_len);
	if (point_to_members(pointers, buffer, parts->members, n, text_len) != PACK_FOUND)
		return PACK_NOT_FOUND;
	gr.gr_mem = pointers;
	*ret = gr;
	return PACK_FOUND;
}

enum pack_result pack_group(const struct map_view *v, const struct map_group_slot *g, struct group *ret, char *buffer,
			    size_t size)
{
	struct group_parts parts = {
		.name = g->name,
		.name_len = g->name_len,
		.gid = g->gid,
		.members = map_view_group_members(v, g),
		.n_members = g->n_members,
		.members_len = g->members_len,
	};

	if (!map_id_is_ours(&v->h, g->gid) || g->name_len == 0 || g->name_len > MAP_NAME_MAX ||
	    (parts.members == NULL && g->n_members != 0))
		return PACK_NOT_FOUND;
	return pack_parts(&parts, ret, buffer, size);
}

enum pack_result pack_private_group(const struct map_view *v, const struct map_user_slot *u, struct group *ret,
				    char *buffer, size_t size)
{
	struct group_parts parts = {.name = u->inline_text, .name_len = u->name_len, .gid = u->uid};
	enum pack_result may = pack_may_answer(v, u);

	if (may != PACK_FOUND)
		return may;
	if ((u->flags & MAP_USER_PRIVATE_GROUP) == 0 || u->name_len == 0 || u->name_len > MAP_NAME_MAX)
		return PACK_NOT_FOUND;
	return pack_parts(&parts, ret, buffer, size);
}
