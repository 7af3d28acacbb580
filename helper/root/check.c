/* SPDX-License-Identifier: MIT */
/* The judgement of a map before it is published: from latchkeyd, which a stranger may have taken over, to every process
 * of the machine. Accepts what the writer makes and nothing else. Reads bounded memory only, asks nobody. */
#include "helper/root/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "helper/base/text.h"
#include "helper/root/check_internal.h"

int check_refuse(struct check *c, const char *format, ...)
{
	char text[CHECK_WHY_SIZE];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_sanitise(c->why, CHECK_WHY_SIZE, text, strlen(text), false);
	return -EBADMSG;
}

bool check_is_zero(const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++) {
		if (p[i] != 0)
			return false;
	}
	return true;
}

/* --- what may stand in a record ----------------------------------------------------------------------------------- */

bool check_name_fits(const char *name, size_t len)
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

int check_name(struct check *c, const char *kind, const char *name)
{
	if (locals_has_name(c->locals, name))
		return check_refuse(c, "%s '%s' is a local user or group", kind, name);
	if (text_in_list(c->settings->reserved_names, name) || strcmp(name, "root") == 0 ||
	    text_has_prefix(name, "systemd-"))
		return check_refuse(c, "%s '%s' is a reserved name", kind, name);
	return 0;
}

int check_id(struct check *c, const char *kind, const char *name, uint32_t id, uint32_t fixed)
{
	bool is_allowed = fixed != 0 ? id == fixed : settings_allows_id(c->settings, id);

	if (id < MAP_ID_FLOOR || id == 65534 || id == 65535 || id == UINT32_MAX || !is_allowed)
		return check_refuse(c, "%s '%s' has the id %u, outside %u to %u", kind, name, id, c->settings->uid_min,
				    c->settings->uid_max);
	if (locals_has_id(c->locals, id))
		return check_refuse(c, "%s '%s' has the id %u of a local user or group", kind, name, id);
	return 0;
}

int check_tag(struct check *c, uint32_t tags, uint32_t i, uint32_t hash)
{
	return c->v.base[tags + (size_t)i] == map_tag(hash) ? 0
							    : check_refuse(c, "a place is marked as what it is not");
}

int check_empty(struct check *c, uint32_t tags, uint32_t i, const void *slot)
{
	return c->v.base[tags + (size_t)i] == 0 && check_is_zero(slot, MAP_SLOT_BYTES)
		       ? 0
		       : check_refuse(c, "an empty place is not empty");
}

/* Every record was found by its id, so an entry too many is one that leads astray. */
static int check_id_table(struct check *c, uint32_t table, uint32_t n_entries, uint32_t n_records)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < n_entries; i++)
		n += map_load32(c->v.base + table + (size_t)i * sizeof(uint32_t)) != 0;
	return n == n_records ? 0 : check_refuse(c, "a table of ids has entries of no record");
}

int check_map(const void *bytes, size_t size, const struct settings *settings, const struct locals *locals, char *why)
{
	struct check c = {.settings = settings, .locals = locals, .why = why};
	int r;

	if (!map_view_init(&c.v, bytes, size))
		return check_refuse(&c, "not a map of this version");
	if (c.v.h.n_users > MAP_RECORDS_MAX || c.v.h.n_groups > MAP_RECORDS_MAX || c.v.h.zero != 0)
		return check_refuse(&c, "not a map of this version");
	r = check_users(&c);
	if (r == 0)
		r = check_groups(&c);
	if (r == 0)
		r = check_id_table(&c, c.v.h.uids, c.v.h.uid_slots, c.v.h.n_users);
	if (r == 0)
		r = check_id_table(&c, c.v.h.gids, c.v.h.gid_slots, c.v.h.n_groups);
	if (r < 0)
		return r;
	if (c.groups_seen != c.members_seen)
		return check_refuse(&c, "users and groups do not agree on who is a member");
	if (c.data_used != c.v.h.data_size)
		return check_refuse(&c, "the map carries bytes that belong to no record");
	return 0;
}
