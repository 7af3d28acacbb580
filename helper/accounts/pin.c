/* SPDX-License-Identifier: MIT */
/*
 * Accounts for people who are to come: pinned by hand, or brought along from where they were before. Judged as strictly as
 * an account that somebody signs in to, before any of them is stored.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/accounts/accounts_internal.h"

#define SHELL_MAX 127u

/* A field of passwd that is a path: absolute, no ':', no control characters, no "." or "..", nothing empty. */
static bool is_path(const char *path, size_t max)
{
	if (path[0] != '/' || strlen(path) > max || strchr(path, ':'))
		return false;
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p > '~')
			return false;
	while (*path == '/') {
		size_t len = strcspn(path + 1, "/");

		if (len == 0 || (len == 1 && path[1] == '.') || (len == 2 && path[1] == '.' && path[2] == '.'))
			return false;
		path += 1 + len;
	}
	return true;
}

static bool fields_fit(const struct account_pin *p)
{
	return (!p->home || is_path(p->home, HOME_MAX)) && (!p->shell || is_path(p->shell, SHELL_MAX)) &&
	       (!p->subject || (p->subject[0] != '\0' && strlen(p->subject) <= SUBJECT_MAX));
}

/* Return: 0 free, 1 there already as planned, ACCOUNT_NAME_TAKEN, ACCOUNT_NAME_RETIRED, negative errno. */
static int check_name(struct accounts *a, const struct account_pin *p, uint32_t gid, bool *ret_is_there)
{
	LK_CLEANUP(account_freep) struct account *known = NULL;
	uint32_t uid;
	int r = store_find_name(a->store, p->name, &known);

	*ret_is_there = false;
	if (r == -ENOENT) {
		r = store_find_retired(a->store, p->name, &uid);
		return r == 0 ? ACCOUNT_NAME_RETIRED : r == -ENOENT ? 0 : r;
	}
	if (r < 0)
		return r;
	if (known->state == ACCOUNT_FORGOTTEN)
		return ACCOUNT_NAME_RETIRED;
	if (known->uid != p->uid || known->gid != gid || strcmp(known->issuer, p->issuer) != 0 ||
	    (p->subject && (!known->subject || strcmp(known->subject, p->subject) != 0)))
		return ACCOUNT_NAME_TAKEN;
	*ret_is_there = true;
	return 0;
}

static int check_identity(struct accounts *a, const struct account_pin *p)
{
	LK_CLEANUP(account_freep) struct account *known = NULL;
	int r = p->subject ? store_find_identity(a->store, p->issuer, p->subject, &known) : -ENOENT;

	return r == 0 ? ACCOUNT_IDENTITY_TAKEN : r == -ENOENT ? 0 : r;
}

/* The local user of this very name and number is about to go. */
static bool is_migrating(const struct accounts *a, const struct account_pin *p)
{
	struct local_user user;

	return localdb_has_user(a->local, p->name) && localdb_find_user(a->local, p->name, &user) == 0 &&
	       user.uid == p->uid;
}

static int check_ids(struct accounts *a, const struct account_pin *p, uint32_t gid)
{
	int r = accounts_check_id(a, p->uid, is_migrating(a, p));

	if (r == 0 && gid != p->uid)
		r = accounts_check_id(a, gid, false);
	return r;
}

static int compose(struct accounts *a, const struct account_pin *p, uint32_t gid, struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *made = NULL;
	int r = accounts_compose(a, p->name, p->issuer, p->uid, &made);

	if (r == 0)
		r = account_set_text(&made->provider, p->provider);
	if (r == 0)
		r = account_set_gecos(&made->gecos, p->gecos);
	if (r == 0 && p->home)
		r = account_set_text(&made->home, p->home);
	if (r == 0 && p->shell)
		r = account_set_text(&made->shell, p->shell);
	if (r < 0)
		return r;
	free(LK_STEAL(made->subject));
	if (p->subject) {
		made->subject = strdup(p->subject);
		if (!made->subject)
			return -ENOMEM;
	}
	made->gid = gid;
	made->state = ACCOUNT_EXPECTED;
	*ret = LK_STEAL(made);
	return 0;
}

/* Return: 0 with *ret NULL where the account is there already, an outcome > 0, negative errno. */
static int judge(struct accounts *a, const struct account_pin *p, struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *made = NULL;
	uint32_t gid = p->gid != 0 ? p->gid : p->uid;
	bool is_there;
	int r;

	if (!name_is_valid(p->name, true, true) || !fields_fit(p))
		return ACCOUNT_FIELD_INVALID;
	r = check_name(a, p, gid, &is_there);
	if (r != 0 || is_there)
		return r;
	if (accounts_is_local(a, p->name) && !is_migrating(a, p))
		return ACCOUNT_NAME_LOCAL;
	r = check_ids(a, p, gid);
	if (r == 0)
		r = check_identity(a, p);
	if (r == 0)
		r = compose(a, p, gid, &made);
	if (r != 0)
		return r;
	if (!accounts_is_in_bounds(a->settings, made))
		return ACCOUNT_OUT_OF_BOUNDS;
	*ret = LK_STEAL(made);
	return 0;
}

static int pin(struct accounts *a, const struct account_pin *p, int64_t now_s, size_t *n_new)
{
	LK_CLEANUP(account_freep) struct account *made = NULL;
	int r = judge(a, p, &made);

	if (r != 0 || !made)
		return r;
	made->created_s = now_s;
	r = store_insert(a->store, made);
	if (r == 0)
		(*n_new)++;
	return r == -EEXIST ? ACCOUNT_NAME_TAKEN : r; /* a group of our own has the name */
}

int accounts_pin(struct accounts *a, const struct account_pin *pins, size_t n, int64_t now_s, size_t *ret_at,
		 size_t *ret_new)
{
	size_t n_new = 0;
	int r, ended;

	*ret_at = 0;
	if (n > ACCOUNTS_PINS_MAX)
		return -E2BIG;
	r = localdb_refresh(a->local);
	if (r == 0)
		r = store_batch_begin(a->store);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++) {
		*ret_at = i;
		r = pin(a, &pins[i], now_s, &n_new);
	}
	ended = store_batch_end(a->store, r > 0 ? -ECANCELED : r);
	if (r == 0)
		r = ended;
	if (r == 0)
		*ret_new = n_new;
	return r;
}
