/* SPDX-License-Identifier: MIT */
/* The two ways into the module: through glibc, and by its entry points as dlsym() gives them. */
#include <dlfcn.h>
#include <errno.h>
#include <nss.h>
#include <stdlib.h>
#include <string.h>

#include "tests/module/torture/ask.h"

/* --- through glibc ------------------------------------------------------------------------------------------------ */

static enum said said_of(int error, const void *found)
{
	if (found != NULL)
		return SAID_FOUND;
	return error == 0 || error == ENOENT ? SAID_NOT_FOUND : SAID_ELSE;
}

static enum said glibc_user_by_name(const char *name, struct passwd *pw, char *buffer, size_t size)
{
	struct passwd *found = NULL;
	int e = getpwnam_r(name, pw, buffer, size, &found);

	return said_of(e, found);
}

static enum said glibc_user_by_uid(uid_t uid, struct passwd *pw, char *buffer, size_t size)
{
	struct passwd *found = NULL;
	int e = getpwuid_r(uid, pw, buffer, size, &found);

	return said_of(e, found);
}

static enum said glibc_shadow_by_name(const char *name, struct spwd *sp, char *buffer, size_t size)
{
	struct spwd *found = NULL;
	int e = getspnam_r(name, sp, buffer, size, &found);

	return said_of(e, found);
}

static enum said glibc_group_by_name(const char *name, struct group *gr, char *buffer, size_t size)
{
	struct group *found = NULL;
	int e = getgrnam_r(name, gr, buffer, size, &found);

	return said_of(e, found);
}

static enum said glibc_group_by_gid(gid_t gid, struct group *gr, char *buffer, size_t size)
{
	struct group *found = NULL;
	int e = getgrgid_r(gid, gr, buffer, size, &found);

	return said_of(e, found);
}

static int glibc_groups_of(const char *name, gid_t primary, gid_t *groups, int max)
{
	int n = max;

	return getgrouplist(name, primary, groups, &n);
}

const struct way way_glibc = {
	.name = "glibc",
	.user_by_name = glibc_user_by_name,
	.user_by_uid = glibc_user_by_uid,
	.shadow_by_name = glibc_shadow_by_name,
	.group_by_name = glibc_group_by_name,
	.group_by_gid = glibc_group_by_gid,
	.groups_of = glibc_groups_of,
};

/* --- by the entry points ------------------------------------------------------------------------------------------ */

static struct {
	enum nss_status (*getpwnam_r)(const char *, struct passwd *, char *, size_t, int *);
	enum nss_status (*getpwuid_r)(uid_t, struct passwd *, char *, size_t, int *);
	enum nss_status (*getspnam_r)(const char *, struct spwd *, char *, size_t, int *);
	enum nss_status (*getgrnam_r)(const char *, struct group *, char *, size_t, int *);
	enum nss_status (*getgrgid_r)(gid_t, struct group *, char *, size_t, int *);
	enum nss_status (*initgroups_dyn)(const char *, gid_t, long *, long *, gid_t **, long, int *);
} entry;

static enum said said_by(enum nss_status status)
{
	return status == NSS_STATUS_SUCCESS ? SAID_FOUND : status == NSS_STATUS_NOTFOUND ? SAID_NOT_FOUND : SAID_ELSE;
}

static enum said direct_user_by_name(const char *name, struct passwd *pw, char *buffer, size_t size)
{
	int e = 0;

	return said_by(entry.getpwnam_r(name, pw, buffer, size, &e));
}

static enum said direct_user_by_uid(uid_t uid, struct passwd *pw, char *buffer, size_t size)
{
	int e = 0;

	return said_by(entry.getpwuid_r(uid, pw, buffer, size, &e));
}

static enum said direct_shadow_by_name(const char *name, struct spwd *sp, char *buffer, size_t size)
{
	int e = 0;

	return said_by(entry.getspnam_r(name, sp, buffer, size, &e));
}

static enum said direct_group_by_name(const char *name, struct group *gr, char *buffer, size_t size)
{
	int e = 0;

	return said_by(entry.getgrnam_r(name, gr, buffer, size, &e));
}

static enum said direct_group_by_gid(gid_t gid, struct group *gr, char *buffer, size_t size)
{
	int e = 0;

	return said_by(entry.getgrgid_r(gid, gr, buffer, size, &e));
}

static int direct_groups_of(const char *name, gid_t primary, gid_t *groups, int max)
{
	long start = 0;
	long size = 1;
	gid_t *list = malloc(sizeof(*list));
	int e = 0;
	enum nss_status status;

	if (list == NULL)
		return -1;
	status = entry.initgroups_dyn(name, primary, &start, &size, &list, -1, &e);
	if (start > max)
		start = max;
	memcpy(groups, list, (size_t)start * sizeof(*groups));
	free(list);
	return said_by(status) == SAID_ELSE ? -1 : (int)start;
}

const struct way way_direct = {
	.name = "direct",
	.user_by_name = direct_user_by_name,
	.user_by_uid = direct_user_by_uid,
	.shadow_by_name = direct_shadow_by_name,
	.group_by_name = direct_group_by_name,
	.group_by_gid = direct_group_by_gid,
	.groups_of = direct_groups_of,
};

static void find(void *module, const char *name, void *ret)
{
	void *symbol = dlsym(module, name);

	torture_must(symbol != NULL, name);
	memcpy(ret, &symbol, sizeof(symbol));
}

void ask_init(const char *path)
{
	static const char *const databases[] = {"passwd", "shadow", "group", "initgroups"};
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	torture_must(module != NULL, path);
	for (size_t i = 0; i < sizeof(databases) / sizeof(databases[0]); i++)
		torture_must(__nss_configure_lookup(databases[i], "latchkey") == 0, databases[i]);
	find(module, "_nss_latchkey_getpwnam_r", &entry.getpwnam_r);
	find(module, "_nss_latchkey_getpwuid_r", &entry.getpwuid_r);
	find(module, "_nss_latchkey_getspnam_r", &entry.getspnam_r);
	find(module, "_nss_latchkey_getgrnam_r", &entry.getgrnam_r);
	find(module, "_nss_latchkey_getgrgid_r", &entry.getgrgid_r);
	find(module, "_nss_latchkey_initgroups_dyn", &entry.initgroups_dyn);
}
