/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/base/cleanup.h"
#include "helper/base/id_range.h"
#include "helper/base/ini.h"

#define SETTINGS_PATH "/etc/latchkey/latchkey.conf"

/* A [group NAME] section, as far as it says what may be published. */
struct settings_group {
	char *name;
	uint32_t gid;  /* the one number that it may have; 0: any of the range */
	bool is_local; /* of /etc/group: never a group of the map */
};

#define SETTINGS_GROUPS_MAX 256u
#define SETTINGS_LOCAL_ACCOUNTS_MAX 320u /* 256 of people, 64 of services */

/* A section that gives an account of /etc/passwd to an identity. */
struct settings_account {
	char *name;
	bool is_service; /* may be one of the system's */
};

/* What root's configuration says about which records may be published; the rest of the file is latchkeyd's. */
struct settings {
	uint32_t uid_min; /* where new accounts get their ids */
	uint32_t uid_max;
	struct id_ranges migrated_ids; /* and where people's earlier ones may lie */
	char *home_base; /* all homes lie below it: the home template up to its last '/' before the first '%', with it */
	char **reserved_names; /* NULL-terminated; may be NULL */
	size_t n_reserved_names;
	struct settings_group groups[SETTINGS_GROUPS_MAX];
	size_t n_groups;
	/* the [local-account NAME] and [service-account NAME] sections */
	struct settings_account local_accounts[SETTINGS_LOCAL_ACCOUNTS_MAX];
	size_t n_local_accounts;
};

/**
 * settings_load() - read [accounts], and the [group NAME], [local-account NAME] and [service-account NAME] sections
 * Return: 0, -EINVAL or another negative errno with @fault filled.
 */
int settings_load(struct settings **ret, const char *path, struct ini_fault *fault);

/** settings_load_text() - the same from memory */
int settings_load_text(struct settings **ret, const char *text, size_t len, struct ini_fault *fault);
void settings_free(struct settings *s);
LK_DEFINE_CLEANUP(struct settings *, settings_free);

/** settings_allows_id() - may an account or group have this id: is it in one of root's ranges */
bool settings_allows_id(const struct settings *s, uint32_t id);

/** settings_hull() - the smallest range that holds all of root's ranges: what NSS may answer for */
void settings_hull(const struct settings *s, uint32_t *ret_min, uint32_t *ret_max);

/** settings_find_group() - the section of that name, or NULL */
const struct settings_group *settings_find_group(const struct settings *s, const char *name);

/** settings_find_account() - the section that gives the account of that name in /etc/passwd to an identity, or NULL */
const struct settings_account *settings_find_account(const struct settings *s, const char *name);
