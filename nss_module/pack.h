/* SPDX-License-Identifier: MIT */
#pragma once

#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <stddef.h>

#include "nss_module/map_view.h"

/* Records of a map into the structures and the buffer of a caller. The structure is written on PACK_FOUND only, the
 * buffer is scratch; nothing beyond @size bytes of it is touched. What lies in the map counts as not there. */

enum pack_result {
	PACK_FOUND = 0,
	PACK_NOT_FOUND,
	PACK_TOO_SMALL, /* nothing else is wrong: ask again with a larger buffer */
	PACK_MARKED,    /* bound to a local account: not ours to answer for, and not unknown either */
};

enum pack_result pack_user(const struct map_view *v, const struct map_user_slot *u, struct passwd *ret, char *buffer,
			   size_t size);

/** pack_shadow() - a password that nothing matches, no date of any kind */
enum pack_result pack_shadow(const struct map_view *v, const struct map_user_slot *u, struct spwd *ret, char *buffer,
			     size_t size);

enum pack_result pack_group(const struct map_view *v, const struct map_group_slot *g, struct group *ret, char *buffer,
			    size_t size);

/** pack_private_group() - gid = uid, the user's name, no members */
enum pack_result pack_private_group(const struct map_view *v, const struct map_user_slot *u, struct group *ret,
				    char *buffer, size_t size);

/** pack_may_answer() - PACK_FOUND, PACK_MARKED, or PACK_NOT_FOUND for an id that is never ours */
enum pack_result pack_may_answer(const struct map_view *v, const struct map_user_slot *u);
