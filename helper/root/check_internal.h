/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/base/cleanup.h"
#include "helper/root/check.h"
#include "nss_module/map_view.h"

/* What the parts of check_map() share. Those that return an int return 0, or -EBADMSG with a reason noted. */

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

int check_refuse(struct check *c, const char *format, ...) LK_PRINTF(2, 3);

bool check_is_zero(const void *bytes, size_t len);

/** check_name_fits() - the widest grammar that any configuration allows; that the name fits its own provider's rule is
 *  latchkeyd's matter */
bool check_name_fits(const char *name, size_t len);

/** check_name() - is it nobody else's; @kind: of record, for the reason */
int check_name(struct check *c, const char *kind, const char *name);

/** check_id() - @fixed: the number that root's configuration gives to this very record, wherever it lies; 0: none */
int check_id(struct check *c, const char *kind, const char *name, uint32_t id, uint32_t fixed);

/** check_tag() - is the byte beside a slot its own; another one leads a lookup past it, or to it in vain */
int check_tag(struct check *c, uint32_t tags, uint32_t i, uint32_t hash);

/** check_empty() - a place that holds nothing, and says so */
int check_empty(struct check *c, uint32_t tags, uint32_t i, const void *slot);

/** check_users() - each user and mark of a local account by itself, and its styles */
int check_users(struct check *c);

/** check_groups() - each group, then the part about groups of /etc/group; behind check_users(). -ENOMEM too. */
int check_groups(struct check *c);
