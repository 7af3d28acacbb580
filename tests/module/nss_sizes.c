/* SPDX-License-Identifier: MIT */
/* L19: nss_sizes MODULE. Every entry point that fills a caller's buffer, with every size from 0 to 4096 and every alignment,
 * and initgroups_dyn() with lists and limits of every size, on the map that tests/module/test_nss publishes. Says what
 * was wrong, if anything. */
#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <shadow.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZES 4096u
#define ALIGNMENTS 16u
#define ALIGNMENTS_FEW 3u /* of enumerations, which open the map anew for each size */
#define GUARD 64u
#define FILL 0x5a
#define ALICE 1879048193u
#define DEVS 1879060000u
#define OPS 1879060001u
#define START_MAX 4
#define LIST_MAX 8

static struct {
	enum nss_status (*getpwnam_r)(const char *, struct passwd *, char *, size_t, int *);
	enum nss_status (*getpwuid_r)(uid_t, struct passwd *, char *, size_t, int *);
	enum nss_status (*getspnam_r)(const char *, struct spwd *, char *, size_t, int *);
	enum nss_status (*getgrnam_r)(const char *, struct group *, char *, size_t, int *);
	enum nss_status (*getgrgid_r)(gid_t, struct group *, char *, size_t, int *);
	enum nss_status (*getpwent_r)(struct passwd *, char *, size_t, int *);
	enum nss_status (*getspent_r)(struct spwd *, char *, size_t, int *);
	enum nss_status (*getgrent_r)(struct group *, char *, size_t, int *);
	enum nss_status (*setpwent)(int);
	enum nss_status (*setspent)(int);
	enum nss_status (*setgrent)(int);
	enum nss_status (*initgroups_dyn)(const char *, gid_t, long *, long *, gid_t **, long, int *);
} entry;

union record {
	struct passwd pw;
	struct spwd sp;
	struct group gr;
};

typedef enum nss_status (*ask_fn)(union record *ret, char *buffer, size_t size, int *errnop);

static bool fail(const char *what, const char *why, size_t size, size_t alignment)
{
	(void)printf("%s: %s with %zu bytes at %zu\n", what, why, size, alignment);
	return false;
}

/* --- one question each -------------------------------------------------------------------------------------------- */

static enum nss_status ask_short_user(union record *ret, char *buffer, size_t size, int *errnop)
{
	return entry.getpwnam_r("alice", &ret->pw, buffer, size, errnop);
}

static enum nss_status ask_long_user(union record *ret, char *buffer, size_t size, int *errnop)
{
	return entry.getpwnam_r("bob", &ret->pw, buffer, size, errnop);
}

static enum nss_status ask_uid(union record *ret, char *buffer, size_t size, int *errnop)
{
	return entry.getpwuid_r(ALICE, &ret->pw, buffer, size, errnop);
}

static enum nss_status ask_shadow(union record *ret, char *buffer, size_t size, int *errnop)
{
	return entry.getspnam_r("bob", &ret->sp, buffer, size, errnop);
}

static enum nss_status ask_group(union record *ret, char *buffer, size_t size, int *errnop)
{
	return entry.getgrnam_r("devs", &ret->gr, buffer, size, errnop);
}

static enum nss_status ask_gid(union record *ret, char *buffer, size_t size, int *errnop)
{
	return entry.getgrgid_r(DEVS, &ret->gr, buffer, size, errnop);
}

static enum nss_status ask_private_group(union record *ret, char *buffer, size_t size, int *errnop)
{
	return entry.getgrnam_r("alice", &ret->gr, buffer, size, errnop);
}

static enum nss_status ask_private_gid(union record *ret, char *buffer, size_t size, int *errnop)
{
	return entry.getgrgid_r(ALICE, &ret->gr, buffer, size, errnop);
}

/* The first entry: the place moves on only when one was handed over, so until then the next call asks for it again. */
static enum nss_status ask_user_entry(union record *ret, char *buffer, size_t size, int *errnop)
{
	enum nss_status status = entry.getpwent_r(&ret->pw, buffer, size, errnop);

	if (status == NSS_STATUS_SUCCESS)
		(void)entry.setpwent(0);
	return status;
}

static enum nss_status ask_shadow_entry(union record *ret, char *buffer, size_t size, int *errnop)
{
	enum nss_status status = entry.getspent_r(&ret->sp, buffer, size, errnop);

	if (status == NSS_STATUS_SUCCESS)
		(void)entry.setspent(0);
	return status;
}

static enum nss_status ask_group_entry(union record *ret, char *buffer, size_t size, int *errnop)
{
	enum nss_status status = entry.getgrent_r(&ret->gr, buffer, size, errnop);

	if (status == NSS_STATUS_SUCCESS)
		(void)entry.setgrent(0);
	return status;
}

/* --- what came back ----------------------------------------------------------------------------------------------- */

struct room {
	const char *from;
	const char *to;
};

static bool is_inside(const struct room *r, const char *text)
{
	return text >= r->from && text < r->to && memchr(text, '\0', (size_t)(r->to - text)) != NULL;
}

static bool user_text(const union record *u, const struct room *r, char *out, size_t size)
{
	const struct passwd *pw = &u->pw;

	if (!is_inside(r, pw->pw_name) || !is_inside(r, pw->pw_passwd) || !is_inside(r, pw->pw_gecos) ||
	    !is_inside(r, pw->pw_dir) || !is_inside(r, pw->pw_shell))
		return false;
	(void)snprintf(out, size, "%s:%s:%u:%u:%s:%s:%s", pw->pw_name, pw->pw_passwd, pw->pw_uid, pw->pw_gid,
		       pw->pw_gecos, pw->pw_dir, pw->pw_shell);
	return true;
}

static bool shadow_text(const union record *u, const struct room *r, char *out, size_t size)
{
	const struct spwd *sp = &u->sp;

	if (!is_inside(r, sp->sp_namp) || !is_inside(r, sp->sp_pwdp))
		return false;
	(void)snprintf(out, size, "%s:%s:%ld:%ld:%ld:%ld:%ld:%ld:%lu", sp->sp_namp, sp->sp_pwdp, sp->sp_lstchg,
		       sp->sp_min, sp->sp_max, sp->sp_warn, sp->sp_inact, sp->sp_expire, sp->sp_flag);
	return true;
}

static bool group_text(const union record *u, const struct room *r, char *out, size_t size)
{
	const struct group *gr = &u->gr;
	size_t used;

	if (!is_inside(r, gr->gr_name) || !is_inside(r, gr->gr_passwd) || (const char *)gr->gr_mem < r->from ||
	    (uintptr_t)gr->gr_mem % _Alignof(char *) != 0)
		return false;
	used = (size_t)snprintf(out, size, "%s:%s:%u", gr->gr_name, gr->gr_passwd, gr->gr_gid);
	for (char **m = gr->gr_mem;; m++) {
		if ((const char *)(m + 1) > r->to)
			return false;
		if (*m == NULL)
			return true;
		if (!is_inside(r, *m))
			return false;
		used += (size_t)snprintf(out + used, size - used, ",%s", *m);
	}
}

typedef bool (*text_fn)(const union record *u, const struct room *r, char *out, size_t size);

static bool is_filled(const void *p, size_t len)
{
	const unsigned char *c = p;

	for (size_t i = 0; i < len; i++) {
		if (c[i] != FILL)
			return false;
	}
	return true;
}

static bool sweep(const char *what, ask_fn ask, text_fn text, size_t alignment)
{
	static _Alignas(64) char room[GUARD + ALIGNMENTS + SIZES + GUARD];
	char *buffer = room + GUARD + alignment;
	char expected[1024] = "";
	char found[1024];
	union record ret;
	bool fitted = false;

	for (size_t size = 0; size <= SIZES; size++) {
		const struct room inside = {buffer, buffer + size};
		enum nss_status status;
		int e = 0;

		memset(room, FILL, sizeof(room));
		memset(&ret, FILL, sizeof(ret));
		status = ask(&ret, buffer, size, &e);
		if (!is_filled(room, (size_t)(buffer - room)) || !is_filled(buffer + size, GUARD))
			return fail(what, "bytes outside were written", size, alignment);
		if (status == NSS_STATUS_TRYAGAIN && e == ERANGE && !fitted && is_filled(&ret, sizeof(ret)))
			continue;
		if (status != NSS_STATUS_SUCCESS)
			return fail(what, "neither an answer nor ERANGE, or a record that was touched", size,
				    alignment);
		if (!text(&ret, &inside, found, sizeof(found)))
			return fail(what, "a pointer to outside", size, alignment);
		if (fitted && strcmp(found, expected) != 0)
			return fail(what, "another answer", size, alignment);
		memcpy(expected, found, sizeof(expected));
		fitted = true;
	}
	return fitted || fail(what, "no answer", SIZES, alignment);
}

/* --- lists of groups ---------------------------------------------------------------------------------------------- */

/* bob is in devs and ops; @primary is left out. The list's own memory is exactly as long as it says. */
static bool groups_are_right(gid_t primary, long start, long size, long limit)
{
	gid_t *list = malloc((size_t)size * sizeof(*list));
	long expected = primary == DEVS ? 1 : 2;
	long begin = start;
	int e = 0;
	bool is_right;

	if (list == NULL)
		return false;
	for (long i = 0; i < start; i++)
		list[i] = (gid_t)(100 + i);
	if (limit > 0 && expected > limit - begin)
		expected = limit - begin;
	is_right = entry.initgroups_dyn("bob", primary, &start, &size, &list, limit, &e) == NSS_STATUS_SUCCESS &&
		   start == begin + expected && start <= size && (limit <= 0 || size <= LIST_MAX || size <= limit);
	for (long i = 0; is_right && i < start; i++)
		is_right = i < begin ? list[i] == (gid_t)(100 + i)
				     : list[i] != primary && (list[i] == DEVS || list[i] == OPS);
	free(list);
	return is_right;
}

static bool sweep_groups(void)
{
	static const gid_t primaries[] = {12345, DEVS, 0};

	for (size_t p = 0; p < 3; p++) {
		for (long start = 0; start <= START_MAX; start++) {
			for (long size = start > 0 ? start : 1; size <= LIST_MAX; size++) {
				for (long limit = -1; limit <= LIST_MAX; limit++) {
					/* glibc never asks with less room than is used. */
					if ((limit > 0 && (limit < size || limit < start)) ||
					    groups_are_right(primaries[p], start, size, limit))
						continue;
					(void)printf("initgroups_dyn(%u): %ld of %ld, limit %ld\n", primaries[p], start,
						     size, limit);
					return false;
				}
			}
		}
	}
	return true;
}

static bool find(void *module, const char *name, void *ret)
{
	char whole[64];
	void *symbol;

	(void)snprintf(whole, sizeof(whole), "_nss_latchkey_%s", name);
	symbol = dlsym(module, whole);
	memcpy(ret, &symbol, sizeof(symbol));
	return symbol != NULL;
}

static bool find_all(const char *path)
{
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	return module != NULL && find(module, "getpwnam_r", &entry.getpwnam_r) &&
	       find(module, "getpwuid_r", &entry.getpwuid_r) && find(module, "getspnam_r", &entry.getspnam_r) &&
	       find(module, "getgrnam_r", &entry.getgrnam_r) && find(module, "getgrgid_r", &entry.getgrgid_r) &&
	       find(module, "getpwent_r", &entry.getpwent_r) && find(module, "getspent_r", &entry.getspent_r) &&
	       find(module, "getgrent_r", &entry.getgrent_r) && find(module, "setpwent", &entry.setpwent) &&
	       find(module, "setspent", &entry.setspent) && find(module, "setgrent", &entry.setgrent) &&
	       find(module, "initgroups_dyn", &entry.initgroups_dyn);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		ask_fn ask;
		text_fn text;
		size_t alignments;
	} questions[] = {
		{"getpwnam_r", ask_short_user, user_text, ALIGNMENTS},
		{"getpwnam_r, long", ask_long_user, user_text, ALIGNMENTS},
		{"getpwuid_r", ask_uid, user_text, ALIGNMENTS},
		{"getspnam_r", ask_shadow, shadow_text, ALIGNMENTS},
		{"getgrnam_r", ask_group, group_text, ALIGNMENTS},
		{"getgrgid_r", ask_gid, group_text, ALIGNMENTS},
		{"getgrnam_r, private", ask_private_group, group_text, ALIGNMENTS},
		{"getgrgid_r, private", ask_private_gid, group_text, ALIGNMENTS},
		{"getpwent_r", ask_user_entry, user_text, ALIGNMENTS_FEW},
		{"getspent_r", ask_shadow_entry, shadow_text, ALIGNMENTS_FEW},
		{"getgrent_r", ask_group_entry, group_text, ALIGNMENTS_FEW},
	};

	if (argc != 2 || !find_all(argv[1]))
		return 2;
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		for (size_t alignment = 0; alignment < questions[i].alignments; alignment++) {
			if (!sweep(questions[i].name, questions[i].ask, questions[i].text, alignment))
				return 1;
		}
	}
	return sweep_groups() ? 0 : 1;
}
