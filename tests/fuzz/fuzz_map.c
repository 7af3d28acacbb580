/* SPDX-License-Identifier: MIT */
/*
 * The map's readers over any bytes. The header is made to fit, so that the search starts behind its checksum; all that
 * stands in the tables is looked up and packed into buffers of several sizes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nss_module/map_local.h"
#include "nss_module/map_view.h"
#include "nss_module/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(int ok)
{
	if (!ok)
		abort();
}

static void walk_users(const struct map_view *v)
{
	struct map_user_slot u;
	struct map_user_slot again;
	struct passwd pw;
	struct spwd sp;
	struct group gr;
	char buffer[1024];
	uint32_t n = 0;

	for (uint32_t i = 0; i < v->h.user_slots && i < 4096; i++) {
		map_view_user(v, i, &u);
		for (size_t size = 0; size <= sizeof(buffer); size += 128) {
			if (pack_user(v, &u, &pw, buffer, size) == PACK_FOUND) {
				demand(pw.pw_uid >= MAP_ID_FLOOR && pw.pw_gid >= MAP_ID_FLOOR);
				demand(pw.pw_name >= buffer && pw.pw_passwd + 2 <= buffer + size);
				demand(strlen(pw.pw_shell) <= MAP_SHELL_MAX + 128);
			}
			if (u.name_len > 0 && u.name_len <= MAP_NAME_MAX &&
			    pack_user_shortly(v, &u, u.uid, u.name_len, &pw, buffer, size) == PACK_FOUND)
				demand(pw.pw_name == buffer && pw.pw_passwd > pw.pw_shell &&
				       pw.pw_passwd + 2 <= buffer + size && strcmp(pw.pw_passwd, "x") == 0);
			if (pack_private_group(v, &u, &gr, buffer, size) == PACK_FOUND)
				demand(gr.gr_mem[0] == NULL && gr.gr_gid >= MAP_ID_FLOOR);
			(void)pack_shadow(v, &u, &sp, buffer, size);
		}
		if (map_view_user_groups(v, &u, &n) != NULL)
			demand(n > 0 && n <= MAP_USER_GROUPS_MAX);
		if (u.name_len > 0 && u.name_len <= MAP_NAME_MAX)
			(void)map_view_find_user(v, u.text, u.name_len, &again);
		if (map_view_find_uid(v, u.uid, &again) >= 0)
			demand(again.uid == u.uid);
	}
}

static void walk_groups(const struct map_view *v)
{
	struct map_group_slot g;
	struct map_group_slot again;
	struct group gr;
	static char buffer[1 << 16];

	for (uint32_t i = 0; i < v->h.group_slots && i < 4096; i++) {
		map_view_group(v, i, &g);
		for (size_t size = 0; size <= sizeof(buffer); size = size * 2 + 64) {
			if (pack_group(v, &g, &gr, buffer, size) != PACK_FOUND)
				continue;
			demand(gr.gr_gid >= MAP_ID_FLOOR);
			for (size_t m = 0; gr.gr_mem[m] != NULL; m++)
				demand(gr.gr_mem[m] > buffer && gr.gr_mem[m] < buffer + size);
		}
		if (map_view_find_gid(v, g.gid, &again) >= 0)
			demand(again.gid == g.gid);
	}
}

static void walk_local(const struct map_view *v)
{
	struct map_local l = {.at = (const char *)v->base + v->h.local};
	const char *text;

	l.end = l.at + v->h.local_size;
	while ((text = map_local_next(&l)) != NULL)
		demand(text >= (const char *)v->base + v->h.local && text + strlen(text) < l.end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct map_view v;
	struct map_header h;
	unsigned char *copy;

	if (len < sizeof(h) || len > (1u << 20))
		return 0;
	copy = malloc(len);
	if (copy == NULL)
		return 0;
	memcpy(copy, data, len);
	memcpy(&h, copy, sizeof(h));
	h.magic = MAP_MAGIC;
	h.version = MAP_VERSION;
	h.file_size = len;
	h.checksum = map_checksum(&h);
	memcpy(copy, &h, sizeof(h));
	if (map_view_init(&v, copy, len)) {
		walk_users(&v);
		walk_groups(&v);
		walk_local(&v);
	}
	free(copy);
	return 0;
}
