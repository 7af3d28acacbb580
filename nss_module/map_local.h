/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <string.h>

/*
 * The part of the map about groups of /etc/group: which of the map's users a session is to be in which of them. NSS never
 * looks at it, for these groups are not ours to answer for; pam_latchkey reads it when a session begins.
 *
 * For each group: its name, the names of its members, and an empty text; each text with its NUL. A group stands once, has
 * a member, and no member twice.
 */

#define MAP_LOCAL_MAX_BYTES (64u * 1024u * 1024u)

struct map_local {
	const char *at;
	const char *end;
};

/** map_local_next() - the next text of the part, inside it with its NUL; NULL at its end, or where no whole text is left */
static inline const char *map_local_next(struct map_local *l)
{
	const char *text = l->at;
	const char *nul = text < l->end ? memchr(text, '\0', (size_t)(l->end - text)) : NULL;

	if (nul == NULL)
		return NULL;
	l->at = nul + 1;
	return text;
}
