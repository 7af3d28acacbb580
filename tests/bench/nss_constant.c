/* SPDX-License-Identifier: MIT */
/* An NSS module that answers every question with one fixed record: what glibc itself costs. A group whose name begins
 * with m has 25 members, everybody is in 32 groups, and no user's name begins with x. */
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS 25u
#define GROUPS 32

#define EXPORT __attribute__((__visibility__("default")))

static enum nss_status user(struct passwd *pw, char *buffer, size_t size)
{
	static const char text[] = "u0\0One of many\0/home/u0\0/bin/sh\0x";

	if (size < sizeof(text))
		return NSS_STATUS_TRYAGAIN;
	memcpy(buffer, text, sizeof(text));
	*pw = (struct passwd){.pw_name = buffer,
			      .pw_passwd = buffer + 32,
			      .pw_uid = UINT32_C(0x70000000),
			      .pw_gid = UINT32_C(0x70000000),
			      .pw_gecos = buffer + 3,
			      .pw_dir = buffer + 15,
			      .pw_shell = buffer + 24};
	return NSS_STATUS_SUCCESS;
}

static enum nss_status group(struct group *gr, char *buffer, size_t size)
{
	static const char text[] = "u0\0x";
	char **none = (char **)(void *)buffer;

	if (size < sizeof(text) + sizeof(char *))
		return NSS_STATUS_TRYAGAIN;
	*none = NULL;
	memcpy(buffer + sizeof(char *), text, sizeof(text));
	*gr = (struct group){.gr_name = buffer + sizeof(char *),
			     .gr_passwd = buffer + sizeof(char *) + 3,
			     .gr_gid = UINT32_C(0x70000000),
			     .gr_mem = none};
	return NSS_STATUS_SUCCESS;
}

static enum nss_status group_of_25(struct group *gr, char *buffer, size_t size)
{
	static const char text[] = "u50\0u51\0u52\0u53\0u54\0u55\0u56\0u57\0u58\0u59\0u60\0u61\0u62\0u63\0u64\0u65\0"
				   "u66\0u67\0u68\0u69\0u70\0u71\0u72\0u73\0u74\0m0\0x";
	char **members = (char **)(void *)buffer;

	if (size < sizeof(text) + (MEMBERS + 1) * sizeof(char *))
		return NSS_STATUS_TRYAGAIN;
	buffer += (MEMBERS + 1) * sizeof(char *);
	memcpy(buffer, text, sizeof(text));
	for (size_t i = 0; i < MEMBERS; i++)
		members[i] = buffer + 4 * i;
	members[MEMBERS] = NULL;
	*gr = (struct group){.gr_name = buffer + (size_t)4 * MEMBERS,
			     .gr_passwd = buffer + (size_t)4 * MEMBERS + 3,
			     .gr_gid = UINT32_C(0x7F000064),
			     .gr_mem = members};
	return NSS_STATUS_SUCCESS;
}

EXPORT enum nss_status _nss_lkconst_getpwnam_r(const char *name, struct passwd *pw, char *buffer, size_t size, int *e);
EXPORT enum nss_status _nss_lkconst_getpwnam_r(const char *name, struct passwd *pw, char *buffer, size_t size, int *e)
{
	(void)e;
	return name[0] == 'u' ? user(pw, buffer, size) : NSS_STATUS_NOTFOUND;
}

EXPORT enum nss_status _nss_lkconst_getpwuid_r(uid_t uid, struct passwd *pw, char *buffer, size_t size, int *e);
EXPORT enum nss_status _nss_lkconst_getpwuid_r(uid_t uid, struct passwd *pw, char *buffer, size_t size, int *e)
{
	(void)e;
	(void)uid;
	return user(pw, buffer, size);
}

EXPORT enum nss_status _nss_lkconst_getgrnam_r(const char *name, struct group *gr, char *buffer, size_t size, int *e);
EXPORT enum nss_status _nss_lkconst_getgrnam_r(const char *name, struct group *gr, char *buffer, size_t size, int *e)
{
	(void)e;
	return name[0] == 'm' ? group_of_25(gr, buffer, size) : group(gr, buffer, size);
}

EXPORT enum nss_status _nss_lkconst_getgrgid_r(gid_t gid, struct group *gr, char *buffer, size_t size, int *e);
EXPORT enum nss_status _nss_lkconst_getgrgid_r(gid_t gid, struct group *gr, char *buffer, size_t size, int *e)
{
	(void)e;
	(void)gid;
	return group(gr, buffer, size);
}

EXPORT enum nss_status _nss_lkconst_initgroups_dyn(const char *name, gid_t gid, long *start, long *size, gid_t **list,
						   long limit, int *e);
EXPORT enum nss_status _nss_lkconst_initgroups_dyn(const char *name, gid_t gid, long *start, long *size, gid_t **list,
						   long limit, int *e)
{
	static const gid_t groups[GROUPS] = {
		0x7F000000, 0x7F000001, 0x7F000002, 0x7F000003, 0x7F000004, 0x7F000005, 0x7F000006, 0x7F000007,
		0x7F000008, 0x7F000009, 0x7F00000a, 0x7F00000b, 0x7F00000c, 0x7F00000d, 0x7F00000e, 0x7F00000f,
		0x7F000010, 0x7F000011, 0x7F000012, 0x7F000013, 0x7F000014, 0x7F000015, 0x7F000016, 0x7F000017,
		0x7F000018, 0x7F000019, 0x7F00001a, 0x7F00001b, 0x7F00001c, 0x7F00001d, 0x7F00001e, 0x7F00001f};
	gid_t *bigger;

	(void)name;
	(void)gid;
	(void)limit;
	(void)e;
	if (*start + GROUPS > *size) {
		bigger = reallocarray(*list, (size_t)(*start + GROUPS), sizeof(*bigger));
		if (bigger == NULL)
			return NSS_STATUS_TRYAGAIN;
		*list = bigger;
		*size = *start + GROUPS;
	}
	memcpy(*list + *start, groups, sizeof(groups));
	*start += GROUPS;
	return NSS_STATUS_SUCCESS;
}
