/* SPDX-License-Identifier: MIT */
/* Root's configuration, as far as it bounds what may be published. Other sections and keys are not judged here: a
 * mistake there is latchkeyd's to report and must not keep a good map from the machine. */
#include "helper/root/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/text.h"
#include "nss_module/map_format.h"

#define UID_MIN_DEFAULT UINT32_C(0x70000000)
#define UID_MAX_DEFAULT UINT32_C(0x7FFFFFFE)
#define HOME_DEFAULT "/home/%u"
#define RESERVED_MAX 1024

static int set_id(uint32_t *ret, const char *value, char *why, size_t why_size)
{
	uint64_t id;

	if (text_to_u64(&id, value, UINT32_MAX - 1) < 0 || id < MAP_ID_FLOOR) {
		(void)snprintf(why, why_size, "must be a number from %u to %u", (unsigned int)MAP_ID_FLOOR,
			       (unsigned int)(UINT32_MAX - 1));
		return -EINVAL;
	}
	*ret = (uint32_t)id;
	return 0;
}

static int set_home(struct settings *s, const char *value, char *why, size_t why_size)
{
	const char *percent = strchr(value, '%');
	const char *slash = percent != NULL ? memrchr(value, '/', (size_t)(percent - value)) : NULL;
	char *base;

	if (value[0] != '/' || slash == NULL || strstr(value, "/../") != NULL) {
		(void)snprintf(why, why_size, "must be an absolute path with %%u in it");
		return -EINVAL;
	}
	base = strndup(value, (size_t)(slash - value) + 1);
	if (base == NULL)
		return -ENOMEM;
	free(s->home_base);
	s->home_base = base;
	return 0;
}

static int set_migrated(struct settings *s, const char *value, char *why, size_t why_size)
{
	int r = id_ranges_add(&s->migrated_ids, value, MAP_ID_FLOOR);

	if (r == -EINVAL || r == -E2BIG) {
		(void)snprintf(why, why_size, "must be at most %u ranges like 1000-59999", ID_RANGES_MAX);
		return -EINVAL;
	}
	return r;
}

static int set_reserved(struct settings *s, const char *value, char *why, size_t why_size)
{
	LK_CLEANUP(text_free_listp) char **more = NULL;
	char **names;
	size_t n_more = 0;
	int r = text_split(&more, value, RESERVED_MAX);

	while (r == 0 && more[n_more] != NULL)
		n_more++;
	if (r == -E2BIG || n_more > RESERVED_MAX - s->n_reserved_names) {
		(void)snprintf(why, why_size, "more than %d names", RESERVED_MAX);
		return -EINVAL;
	}
	if (r < 0)
		return r;

	/* The key may repeat and adds up, as latchkeyd reads it. */
	names = realloc(s->reserved_names, (s->n_reserved_names + n_more + 1) * sizeof(*names));
	if (names == NULL)
		return -ENOMEM;
	s->reserved_names = names;
	for (size_t i = 0; i <= n_more; i++)
		names[s->n_reserved_names + i] = LK_STEAL(more[i]);
	s->n_reserved_names += n_more;
	return 0;
}

const struct settings_group *settings_find_group(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->n_groups; i++)
		if (strcmp(s->groups[i].name, name) == 0)
			return &s->groups[i];
	return NULL;
}

/* Its other keys say who is in the group, which is latchkeyd's to judge. */
static int set_group(struct settings *s, const char *name, const char *key, const char *value, char *why,
		     size_t why_size)
{
	struct settings_group *g = s->groups;

	while (g < s->groups + s->n_groups && strcmp(g->name, name) != 0)
		g++;
	if (g == s->groups + SETTINGS_GROUPS_MAX) {
		(void)snprintf(why, why_size, "more than %u [group] sections", SETTINGS_GROUPS_MAX);
		return -EINVAL;
	}
	if (g == s->groups + s->n_groups) {
		g->name = strdup(name);
		if (g->name == NULL)
			return -ENOMEM;
		s->n_groups++;
	}
	if (strcmp(key, "gid") == 0)
		return set_id(&g->gid, value, why, why_size);
	if (strcmp(key, "local") != 0)
		return 0;
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
		(void)snprintf(why, why_size, "must be yes or no");
		return -EINVAL;
	}
	g->is_local = strcmp(value, "yes") == 0;
	return 0;
}

const struct settings_account *settings_find_account(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->n_local_accounts; i++)
		if (strcmp(s->local_accounts[i].name, name) == 0)
			return &s->local_accounts[i];
	return NULL;
}

/* Whose it is, is latchkeyd's to judge. A name in both kinds of section, which latchkeyd refuses, is a person's. */
static int set_account(struct settings *s, const char *name, bool is_service, char *why, size_t why_size)
{
	struct settings_account *a = &s->local_accounts[s->n_local_accounts];

	for (size_t i = 0; i < s->n_local_accounts; i++) {
		if (strcmp(s->local_accounts[i].name, name) != 0)
			continue;
		s->local_accounts[i].is_service = s->local_accounts[i].is_service && is_service;
		return 0;
	}
	if (s->n_local_accounts == SETTINGS_LOCAL_ACCOUNTS_MAX) {
		(void)snprintf(why, why_size, "more than %u [local-account] and [service-account] sections",
			       SETTINGS_LOCAL_ACCOUNTS_MAX);
		return -EINVAL;
	}
	a->name = strdup(name);
	if (a->name == NULL)
		return -ENOMEM;
	a->is_service = is_service;
	s->n_local_accounts++;
	return 0;
}

static int on_key(void *userdata, const char *section, const char *key, const char *value, char *why, size_t why_size)
{
	struct settings *s = userdata;

	if (text_has_prefix(section, "group "))
		return set_group(s, section + strlen("group "), key, value, why, why_size);
	if (text_has_prefix(section, "local-account "))
		return set_account(s, section + strlen("local-account "), false, why, why_size);
	if (text_has_prefix(section, "service-account "))
		return set_account(s, section + strlen("service-account "), true, why, why_size);
	if (strcmp(section, "accounts") != 0)
		return 0;
	if (strcmp(key, "uid_min") == 0)
		return set_id(&s->uid_min, value, why, why_size);
	if (strcmp(key, "uid_max") == 0)
		return set_id(&s->uid_max, value, why, why_size);
	if (strcmp(key, "migrated_ids") == 0)
		return set_migrated(s, value, why, why_size);
	if (strcmp(key, "home") == 0)
		return set_home(s, value, why, why_size);
	if (strcmp(key, "reserved_names") == 0)
		return set_reserved(s, value, why, why_size);
	return 0;
}

static int new_with_defaults(struct settings **ret)
{
	struct settings *s = calloc(1, sizeof(*s));
	char why[1];

	if (s == NULL)
		return -ENOMEM;
	s->uid_min = UID_MIN_DEFAULT;
	s->uid_max = UID_MAX_DEFAULT;
	if (set_home(s, HOME_DEFAULT, why, sizeof(why)) < 0) {
		settings_free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

static int judge(struct settings **ret, struct settings *s, struct ini_fault *fault)
{
	if (s->uid_min > s->uid_max) {
		(void)snprintf(fault->text, sizeof(fault->text), "uid_min is above uid_max in [accounts]");
		return -EINVAL;
	}
	*ret = s;
	return 0;
}

int settings_load(struct settings **ret, const char *path, struct ini_fault *fault)
{
	LK_CLEANUP(settings_freep) struct settings *s = NULL;
	int r = new_with_defaults(&s);

	if (r == 0)
		r = ini_read_tree(path, on_key, s, fault);
	if (r == 0)
		r = judge(ret, s, fault);
	if (r == 0)
		s = NULL;
	return r;
}

int settings_load_text(struct settings **ret, const char *text, size_t len, struct ini_fault *fault)
{
	LK_CLEANUP(settings_freep) struct settings *s = NULL;
	int r = new_with_defaults(&s);

	if (r == 0)
		r = ini_read_text("text", text, len, on_key, s, fault);
	if (r == 0)
		r = judge(ret, s, fault);
	if (r == 0)
		s = NULL;
	return r;
}

bool settings_allows_id(const struct settings *s, uint32_t id)
{
	return (id >= s->uid_min && id <= s->uid_max) || id_ranges_have(&s->migrated_ids, id);
}

void settings_hull(const struct settings *s, uint32_t *ret_min, uint32_t *ret_max)
{
	*ret_min = s->uid_min;
	*ret_max = s->uid_max;
	for (size_t i = 0; i < s->migrated_ids.n; i++) {
		if (s->migrated_ids.ranges[i].first < *ret_min)
			*ret_min = s->migrated_ids.ranges[i].first;
		if (s->migrated_ids.ranges[i].last > *ret_max)
			*ret_max = s->migrated_ids.ranges[i].last;
	}
	for (size_t i = 0; i < s->n_groups; i++) {
		if (s->groups[i].gid == 0 || s->groups[i].is_local)
			continue;
		if (s->groups[i].gid < *ret_min)
			*ret_min = s->groups[i].gid;
		if (s->groups[i].gid > *ret_max)
			*ret_max = s->groups[i].gid;
	}
}

void settings_free(struct settings *s)
{
	if (s == NULL)
		return;
	free(s->home_base);
	id_ranges_done(&s->migrated_ids);
	for (size_t i = 0; i < s->n_groups; i++)
		free(s->groups[i].name);
	for (size_t i = 0; i < s->n_local_accounts; i++)
		free(s->local_accounts[i].name);
	text_free_list(s->reserved_names);
	free(s);
}
