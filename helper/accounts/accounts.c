/* SPDX-License-Identifier: MIT */
/*
 * Which names can be ours, and which number a name gets: what was promised to it, else the first from its candidate on
 * that nobody has, had, or was promised.
 */
#include "helper/accounts/accounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/accounts/accounts_internal.h"
#include "helper/accounts/uid.h"
#include "helper/base/clock.h"
#include "helper/base/text.h"

#define UID_PROBES_MAX 65536u

int accounts_new(struct accounts **ret, const struct account_settings *settings, struct store *store,
		 struct localdb *local)
{
	struct accounts *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->settings = settings;
	a->store = store;
	a->local = local;
	*ret = a;
	return 0;
}

void accounts_free(struct accounts *a)
{
	if (!a)
		return;
	reservations_done(&a->reservations);
	free(a);
}

/* As latchkey-root has it: below the template's folder, which ends before the part that the name is in. */
static bool home_is_in_bounds(const char *template, const char *home)
{
	size_t base = strcspn(template, "%");

	while (base > 0 && template[base - 1] != '/')
		base--;
	return strncmp(home, template, base) == 0 && home[base] != '\0';
}

static bool id_is_in_bounds(const struct account_settings *settings, uint32_t id)
{
	return (id >= settings->uid_min && id <= settings->uid_max) || id_ranges_have(&settings->migrated_ids, id);
}

/* What programs and images are known to call their users is kept from people; a service is called as root says. */
static bool is_reserved(const struct account_settings *settings, const char *name)
{
	const struct local_account_rule *rule = local_accounts_find(&settings->local_accounts, name);

	if (rule && rule->is_service)
		return text_in_list(settings->reserved_names, name);
	return name_is_reserved(name, settings->reserved_names);
}

bool accounts_is_in_bounds(const struct account_settings *settings, const struct account *a)
{
	return id_is_in_bounds(settings, a->uid) && id_is_in_bounds(settings, a->gid) &&
	       !is_reserved(settings, a->name) && home_is_in_bounds(settings->home, a->home);
}

bool accounts_is_machines(const struct accounts *a, const char *name)
{
	return localdb_has_user(a->local, name) || localdb_has_group(a->local, name) || is_reserved(a->settings, name);
}

bool accounts_is_local(const struct accounts *a, const char *name)
{
	return accounts_is_machines(a, name) || local_accounts_find(&a->settings->local_accounts, name);
}

bool accounts_is_local_id(const struct accounts *a, uint32_t id)
{
	return localdb_has_uid(a->local, id) || localdb_has_gid(a->local, id) || localdb_in_subid(a->local, id);
}

int accounts_check_id(struct accounts *a, uint32_t id, bool may_be_local)
{
	uint32_t free_id;
	int r;

	if (!id_is_in_bounds(a->settings, id) || uid_forbidden(id, id))
		return ACCOUNT_ID_NOT_ALLOWED;
	/* The files name our own uid too, if somebody did not add it elsewhere. */
	if ((!may_be_local && accounts_is_local_id(a, id)) || id == geteuid() || id == getegid())
		return ACCOUNT_ID_TAKEN;
	r = store_free_uid(a->store, id, id, &free_id);
	return r == -ENOENT ? ACCOUNT_ID_TAKEN : r;
}

/* Whose the name was. Return: 0 with *ret set, -ENOENT nobody's, other negative errno. */
static int find_former_owner(struct accounts *a, const char *name, struct account **ret)
{
	uint32_t uid;
	int r = store_find_retired(a->store, name, &uid);

	if (r < 0)
		return r;
	r = store_find_uid(a->store, uid, ret);
	return r == -ENOENT ? ACCOUNT_NAME_RETIRED : r;
}

/* Who was renamed and asks for the old name should hear so, and may be renamed back. Return: 1, 0, negative errno. */
static int former_is_possible(struct accounts *a, const char *name)
{
	LK_CLEANUP(account_freep) struct account *owner = NULL;
	int r = find_former_owner(a, name, &owner);

	if (r == -ENOENT)
		return 1;
	if (r != 0)
		return r < 0 ? r : 0;
	return owner->state != ACCOUNT_FORGOTTEN;
}

bool accounts_was_called(struct accounts *a, const char *name, const struct account *account)
{
	uint32_t uid;

	return store_find_retired(a->store, name, &uid) == 0 && uid == account->uid;
}

/* A local name is possible only where root's configuration gives the account to somebody. Return: 1, 0, negative errno. */
static int local_is_possible(struct accounts *a, const char *name)
{
	LK_CLEANUP(account_freep) struct account *account = NULL;
	int r = accounts_find_local(a, name, &account);

	return r == 0 ? 1 : r == -ENOENT ? 0 : r;
}

int accounts_name_is_possible(struct accounts *a, const char *name)
{
	LK_CLEANUP(account_freep) struct account *known = NULL;
	int r;

	if (!name_is_valid(name, true, true))
		return 0;
	r = localdb_refresh(a->local);
	if (r < 0)
		return r;
	if (accounts_is_local(a, name))
		return local_is_possible(a, name);
	r = store_find_name(a->store, name, &known);
	if (r == -ENOENT)
		return group_rules_find(&a->settings->groups, name) ? 0 : former_is_possible(a, name);
	return r < 0 ? r : known->state != ACCOUNT_FORGOTTEN;
}

void accounts_avoid_id(struct accounts *a, uint32_t id)
{
	a->avoided[a->n_avoided++ % AVOIDED_MAX] = id;
}

static bool is_avoided(const struct accounts *a, uint32_t id)
{
	size_t n = a->n_avoided < AVOIDED_MAX ? a->n_avoided : AVOIDED_MAX;

	for (size_t i = 0; i < n; i++)
		if (a->avoided[i] == id)
			return true;
	return false;
}

/* The first number in @from..@to for @name. Return: 0, ACCOUNT_NO_UID, negative errno. */
static int search_uid(struct accounts *a, const char *name, uint32_t from, uint32_t to, unsigned *probes, uint32_t *ret)
{
	while (from <= to && (*probes)-- > 0) {
		uint32_t uid, last;
		int r = store_free_uid(a->store, from, to, &uid);

		if (r == -ENOENT)
			return ACCOUNT_NO_UID;
		if (r < 0)
			return r;
		last = uid;
		if (!localdb_subid_last(a->local, uid, &last) && !accounts_is_local_id(a, uid) &&
		    !uid_forbidden(uid, uid) && !is_avoided(a, uid) &&
		    !reservations_hold_uid(&a->reservations, uid, name)) {
			*ret = uid;
			return 0;
		}
		if (last >= to)
			return ACCOUNT_NO_UID;
		from = last + 1;
	}
	return ACCOUNT_NO_UID;
}

uint32_t accounts_first_choice(const struct accounts *a, const char *name, const char *issuer)
{
	return uid_candidate(issuer, name, a->settings->uid_min, a->settings->uid_max);
}

int accounts_allocate_id(struct accounts *a, const char *name, const char *space, uint32_t *ret)
{
	uint32_t min = a->settings->uid_min, max = a->settings->uid_max;
	uint32_t candidate = accounts_first_choice(a, name, space);
	unsigned probes = UID_PROBES_MAX;
	int r;

	r = search_uid(a, name, candidate, max, &probes, ret);
	if (r == ACCOUNT_NO_UID && candidate > min)
		r = search_uid(a, name, min, candidate - 1, &probes, ret);
	return r;
}

int accounts_choose_uid(struct accounts *a, const char *name, const char *issuer, uint32_t *ret)
{
	const struct reservation *held = reservations_find(&a->reservations, name);
	uint32_t uid;

	if (held && strcmp(held->issuer, issuer) == 0 && !accounts_is_local_id(a, held->uid) &&
	    !is_avoided(a, held->uid)) {
		int r = store_free_uid(a->store, held->uid, held->uid, &uid);

		if (r == 0)
			*ret = uid;
		if (r != -ENOENT)
			return r;
	}
	return accounts_allocate_id(a, name, issuer, ret);
}

int account_expand_home(char **ret, const char *template, const char *name)
{
	char home[HOME_MAX + 1];
	size_t len = 0;

	for (const char *p = template; *p; p++) {
		bool is_name = p[0] == '%' && p[1] == 'u';
		size_t n = is_name ? strlen(name) : 1;

		if (n > HOME_MAX - len)
			return -ENAMETOOLONG;
		memcpy(home + len, is_name ? name : p, n);
		len += n;
		p += is_name;
	}
	home[len] = '\0';
	*ret = strdup(home);
	return *ret ? 0 : -ENOMEM;
}

int account_set_text(char **field, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

int account_set_gecos(char **field, const char *gecos)
{
	char clean[GECOS_SIZE];

	text_sanitise(clean, sizeof(clean), gecos, gecos ? strlen(gecos) : 0, true);
	for (char *p = clean; *p; p++)
		if (*p == ':')
			*p = ' ';
	return account_set_text(field, clean);
}

int accounts_compose(const struct accounts *a, const char *name, const char *issuer, uint32_t uid, struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *made = calloc(1, sizeof(*made));
	int r;

	if (!made)
		return -ENOMEM;
	made->uid = uid;
	made->gid = uid;
	made->state = ACCOUNT_ACTIVE;
	r = account_set_text(&made->name, name);
	if (r == 0)
		r = account_set_text(&made->issuer, issuer);
	if (r == 0)
		r = account_set_text(&made->subject, "");
	if (r == 0)
		r = account_set_text(&made->provider, "");
	if (r == 0)
		r = account_set_text(&made->gecos, "");
	if (r == 0)
		r = account_expand_home(&made->home, a->settings->home, name);
	if (r == 0)
		r = account_set_text(&made->shell, a->settings->shell);
	if (r == 0)
		r = account_set_text(&made->facts, "{}");
	if (r < 0)
		return r;
	*ret = LK_STEAL(made);
	return 0;
}

static int reserve_new(struct accounts *a, const char *name, const char *issuer, uint32_t hold_ms, struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *made = NULL;
	uint64_t ends_ms = clock_monotonic_ms() + hold_ms;
	struct reservation *held;
	uint32_t uid;
	int r;

	r = accounts_choose_uid(a, name, issuer, &uid);
	if (r != 0)
		return r;
	r = accounts_compose(a, name, issuer, uid, &made);
	if (r < 0)
		return r;

	held = reservations_find(&a->reservations, name);
	if (held && held->uid == uid && strcmp(held->issuer, issuer) == 0) {
		if (held->ends_ms < ends_ms)
			held->ends_ms = ends_ms;
	} else {
		reservations_drop(&a->reservations, name);
		r = reservations_add(&a->reservations, name, issuer, uid, ends_ms);
		if (r < 0)
			return r;
	}
	*ret = LK_STEAL(made);
	return 0;
}

/* A former name gets a number of its own for now: its account's stands on the map under the new name, where the PAM module
 * would not take it for a placeholder. */
static int reserve_unbound(struct accounts *a, const char *name, const char *issuer, uint32_t hold_ms,
			   struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *owner = NULL;
	int r = find_former_owner(a, name, &owner);

	if (r == 0 && (owner->state == ACCOUNT_FORGOTTEN || strcmp(owner->issuer, issuer) != 0))
		r = ACCOUNT_NAME_RETIRED;
	if (r != 0 && r != -ENOENT)
		return r;
	return reserve_new(a, name, issuer, hold_ms, ret);
}

int accounts_reserve(struct accounts *a, const char *name, const char *issuer, uint32_t hold_ms, struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *known = NULL;
	int r;

	if (!name_is_valid(name, true, true) || strlen(issuer) > ISSUER_MAX)
		return -EINVAL;
	r = localdb_refresh(a->local);
	if (r < 0)
		return r;
	if (accounts_is_local(a, name))
		return ACCOUNT_NAME_LOCAL;
	r = store_find_name(a->store, name, &known);
	if (r == -ENOENT)
		return reserve_unbound(a, name, issuer, hold_ms, ret);
	if (r < 0)
		return r;
	if (known->state == ACCOUNT_FORGOTTEN)
		return ACCOUNT_NAME_RETIRED;
	if (strcmp(known->issuer, issuer) != 0)
		return ACCOUNT_NAME_TAKEN;
	if (accounts_is_local_id(a, known->uid) || accounts_is_local_id(a, known->gid))
		return ACCOUNT_NAME_LOCAL;
	if (!accounts_is_in_bounds(a->settings, known))
		return ACCOUNT_OUT_OF_BOUNDS;
	*ret = LK_STEAL(known);
	return 0;
}

bool accounts_is_held(struct accounts *a, const char *name)
{
	return reservations_find(&a->reservations, name) != NULL;
}

void accounts_release(struct accounts *a, const char *name)
{
	reservations_drop(&a->reservations, name);
}
