/* SPDX-License-Identifier: MIT */
/* The part of the step from a record of the map to a caller's structure that is not in the header: rare records, shadow
 * entries, members of groups and rare lists of groups. Sums up what is needed before it writes anything and puts every NUL itself. */
#include "nss_module/pack.h"

enum pack_result pack_user(const struct map_view *v, const struct map_user_slot *u, struct passwd *ret, char *buffer,
			   size_t size)
{
	static const char password[] = "x";
	struct map_user_ids ids = map_user_ids(u);
	enum pack_result may = pack_may_answer(v, &ids);
	struct map_user_text t;

	if (may != PACK_FOUND)
		return may;
	if (!map_view_user_text(v, u, &t))
		return PACK_NOT_FOUND;
	if (size < t.len + sizeof(password))
		return PACK_TOO_SMALL;
	memcpy(buffer, t.text, t.len);
	memcpy(buffer + t.len, password, sizeof(password));
	ret->pw_uid = ids.uid;
	ret->pw_gid = ids.gid;
	ret->pw_name = buffer;
	ret->pw_passwd = buffer + t.len;
	ret->pw_gecos = buffer + t.name_len + 1;
	ret->pw_dir = ret->pw_gecos + t.gecos_len + 1;
	ret->pw_shell = ret->pw_dir + t.home_len + 1;
	return PACK_FOUND;
}

enum pack_result pack_shadow(const struct map_view *v, const struct map_user_slot *u, struct spwd *ret, char *buffer,
			     size_t size)
{
	static const char password[] = "*";
	struct map_user_ids ids = map_user_ids(u);
	enum pack_result may = pack_may_answer(v, &ids);
	size_t len = map_once(u->name_len);

	if (may != PACK_FOUND)
		return may;
	if (!map_name_is_possible(len))
		return PACK_NOT_FOUND;
	if (size < len + 1 + sizeof(password))
		return PACK_TOO_SMALL;
	map_take(buffer, u->text, len);
	buffer[len] = '\0';
	memcpy(buffer + len + 1, password, sizeof(password));
	*ret = (struct spwd){
		.sp_namp = buffer,
		.sp_pwdp = buffer + len + 1,
		.sp_lstchg = -1,
		.sp_min = -1,
		.sp_max = -1,
		.sp_warn = -1,
		.sp_inact = -1,
		.sp_expire = -1,
		.sp_flag = ~0ul,
	};
	return PACK_FOUND;
}

enum pack_result pack_members(char **pointers, char *text, const unsigned char *members, uint32_t n, uint32_t text_len)
{
	uint32_t used = 0;

	map_take(text, members + n, text_len);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t len = map_once(members[i]);

		if (len == 0 || text_len - used < len + 1)
			return PACK_NOT_FOUND;
		pointers[i] = text + used;
		used += len;
		text[used++] = '\0';
	}
	pointers[n] = NULL;
	return used == text_len ? PACK_FOUND : PACK_NOT_FOUND;
}

long pack_gids_one_by_one(struct map_ids ids, const unsigned char *gids, uint32_t n, uint32_t *list, long room,
			  uint32_t primary)
{
	long used = 0;

	for (uint32_t i = 0; i < n && used < room; i++) {
		uint32_t gid = map_load32(gids + (size_t)i * sizeof(gid));

		if (gid != primary && map_ids_hold(ids, gid))
			list[used++] = gid;
	}
	return used;
}
