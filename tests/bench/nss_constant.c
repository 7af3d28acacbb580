/* SPDX-License-Identifier: MIT */
/* An NSS module that answers every question with one fixed record: what glibc itself costs. */
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>

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
	(void)name;
	return group(gr, buffer, size);
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
	(void)name;
	(void)gid;
	(void)limit;
	(void)e;
	if (*start < *size)
		(*list)[(*start)++] = UINT32_C(0x7F000000);
	return NSS_STATUS_SUCCESS;
}
