/* SPDX-License-Identifier: MIT */
/*
 * Decides which account an identity is, and makes it at the first sign-in. The order of the questions matters: the
 * identity first, then the name, then the machine's own users, then a number. A name or number that was ever given
 * out is never given to anybody else.
 */
#include "helper/accounts/accounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/accounts/reservations.h"
#include "helper/accounts/uid.h"
#include "helper/base/clock.h"
#include "helper/base/text.h"

#define ISSUER_MAX 1024u
#define SUBJECT_MAX 255u /* OpenID Connect Core, section 2 */
#define FACTS_MAX 65536u
#define HOME_MAX 255u
#define GECOS_SIZE 128u
#define UID_PROBES_MAX 65536u

struct accounts {
	const struct account_settings *settings;
	struct store *store;
	struct localdb *local;
	struct reservations reservations;
};

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

bool accounts_is_in_bounds(const struct account_settings *settings, const struct account *a)
{
	return a->uid >= settings->uid_min && a->uid <= settings->uid_max && a->gid >= settings->uid_min &&
	       a->gid <= settings->uid_max && !name_is_reserved(a->name, settings->reserved_names) &&
	       home_is_in_bounds(settings->home, a->home);
}

/* Also a group of the name makes it local: the private group would have the same name. */
static bool is_local(const struct accounts *a, const char *name)
{
	return localdb_has_user(a->local, name) || localdb_has_group(a->local, name) ||
	       name_is_reserved(name, a->settings->reserved_names);
}

static bool is_local_id(const struct accounts *a, uint32_t id)
{
	return localdb_has_uid(a->local, id) || localdb_has_gid(a->local, id) || localdb_in_subid(a->local, id);
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
	if (is_local(a, name))
		return 0;
	r = store_find_name(a->store, name, &known);
	if (r == -ENOENT)
		return 1;
	return r < 0 ? r : known->state == ACCOUNT_ACTIVE;
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
		if (!localdb_subid_last(a->local, uid, &last) && !is_local_id(a, uid) && !uid_forbidden(uid, uid) &&
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

static int allocate_uid(struct accounts *a, const char *name, const char *issuer, uint32_t *ret)
{
	uint32_t min = a->settings->uid_min, max = a->settings->uid_max;
	uint32_t candidate = uid_candidate(issuer, name, min, max);
	unsigned probes = UID_PROBES_MAX;
	int r;

	r = search_uid(a, name, candidate, max, &probes, ret);
	if (r == ACCOUNT_NO_UID && candidate > min)
		r = search_uid(a, name, min, candidate - 1, &probes, ret);
	return r;
}

/* What was promised to the name if it still can be had, else a new number. */
static int choose_uid(struct accounts *a, const char *name, const char *issuer, uint32_t *ret)
{
	const struct reservation *held = reservations_find(&a->reservations, name);
	uint32_t uid;

	if (held && strcmp(held->issuer, issuer) == 0 && !is_local_id(a, held->uid)) {
		int r = store_free_uid(a->store, held->uid, held->uid, &uid);

		if (r == 0)
			*ret = uid;
		if (r != -ENOENT)
			return r;
	}
	return allocate_uid(a, name, issuer, ret);
}

/* "/home/%u" with the name in place; %u may stand more than once. */
static int expand_home(char **ret, const char *template, const char *name)
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

static int set_text(char **field, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

/* A passwd field of somebody else's words. */
static int set_gecos(char **field, const char *gecos)
{
	char clean[GECOS_SIZE];

	text_sanitise(clean, sizeof(clean), gecos, gecos ? strlen(gecos) : 0, true);
	for (char *p = clean; *p; p++)
		if (*p == ':')
			*p = ' ';
	return set_text(field, clean);
}

/* The account that this identity would have. */
static int compose(const struct accounts *a, const char *name, const char *issuer, uint32_t uid, struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *made = calloc(1, sizeof(*made));
	int r;

	if (!made)
		return -ENOMEM;
	made->uid = uid;
	made->gid = uid;
	made->state = ACCOUNT_ACTIVE;
	r = set_text(&made->name, name);
	if (r == 0)
		r = set_text(&made->issuer, issuer);
	if (r == 0)
		r = set_text(&made->subject, "");
	if (r == 0)
		r = set_text(&made->provider, "");
	if (r == 0)
		r = set_text(&made->gecos, "");
	if (r == 0)
		r = expand_home(&made->home, a->settings->home, name);
	if (r == 0)
		r = set_text(&made->shell, a->settings->shell);
	if (r == 0)
		r = set_text(&made->facts, "{}");
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

	r = choose_uid(a, name, issuer, &uid);
	if (r != 0)
		return r;
	r = compose(a, name, issuer, uid, &made);
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

int accounts_reserve(struct accounts *a, const char *name, const char *issuer, uint32_t hold_ms, struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *known = NULL;
	int r;

	if (!name_is_valid(name, true, true) || strlen(issuer) > ISSUER_MAX)
		return -EINVAL;
	r = localdb_refresh(a->local);
	if (r < 0)
		return r;
	if (is_local(a, name))
		return ACCOUNT_NAME_LOCAL;
	r = store_find_name(a->store, name, &known);
	if (r == -ENOENT)
		return reserve_new(a, name, issuer, hold_ms, ret);
	if (r < 0)
		return r;
	if (known->state != ACCOUNT_ACTIVE || strcmp(known->issuer, issuer) != 0)
		return ACCOUNT_NAME_TAKEN;
	if (is_local_id(a, known->uid) || is_local_id(a, known->gid))
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

static int bind_known(struct accounts *a, struct account *known, const char *name, const char *gecos, const char *facts,
		      int64_t now_s)
{
	int r;

	if (known->state != ACCOUNT_ACTIVE)
		return ACCOUNT_NAME_TAKEN;
	if (strcmp(known->name, name) != 0)
		return ACCOUNT_IDENTITY_HAS_OTHER_NAME;
	if (is_local(a, name) || is_local_id(a, known->uid) || is_local_id(a, known->gid))
		return ACCOUNT_NAME_LOCAL;
	if (!accounts_is_in_bounds(a->settings, known))
		return ACCOUNT_OUT_OF_BOUNDS;

	r = gecos ? set_gecos(&known->gecos, gecos) : 0;
	if (r == 0)
		r = set_text(&known->facts, facts);
	if (r < 0)
		return r;
	known->last_sign_in_s = now_s;
	return store_update(a->store, known);
}

static int bind_new(struct accounts *a, const char *name, const char *provider, const char *issuer, const char *subject,
		    const char *gecos, const char *facts, int64_t now_s, struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *made = NULL, *other = NULL;
	uint32_t uid;
	int r;

	r = store_find_name(a->store, name, &other);
	if (r == 0)
		return ACCOUNT_NAME_TAKEN;
	if (r != -ENOENT)
		return r;
	if (is_local(a, name))
		return ACCOUNT_NAME_LOCAL;

	r = choose_uid(a, name, issuer, &uid);
	if (r != 0)
		return r;
	r = compose(a, name, issuer, uid, &made);
	if (r == 0)
		r = set_text(&made->provider, provider);
	if (r == 0)
		r = set_text(&made->subject, subject);
	if (r == 0)
		r = set_gecos(&made->gecos, gecos);
	if (r == 0)
		r = set_text(&made->facts, facts);
	if (r < 0)
		return r;
	made->created_s = now_s;
	made->last_sign_in_s = now_s;
	r = store_insert(a->store, made);
	if (r < 0)
		return r;

	reservations_drop(&a->reservations, name);
	*ret = LK_STEAL(made);
	return 0;
}

int accounts_bind(struct accounts *a, const char *name, const char *provider, const char *issuer, const char *subject,
		  const char *gecos, const char *facts, int64_t now_s, struct account **ret, bool *ret_is_new)
{
	LK_CLEANUP(account_freep) struct account *bound = NULL;
	bool is_new;
	int r;

	if (!facts)
		facts = "{}";
	if (!name_is_valid(name, true, true) || issuer[0] == '\0' || strlen(issuer) > ISSUER_MAX ||
	    subject[0] == '\0' || strlen(subject) > SUBJECT_MAX || strlen(facts) > FACTS_MAX)
		return -EINVAL;
	r = localdb_refresh(a->local);
	if (r < 0)
		return r;

	r = store_find_identity(a->store, issuer, subject, &bound);
	is_new = r == -ENOENT;
	if (is_new)
		r = bind_new(a, name, provider, issuer, subject, gecos, facts, now_s, &bound);
	else if (r == 0)
		r = bind_known(a, bound, name, gecos, facts, now_s);
	if (r != 0)
		return r;

	*ret = LK_STEAL(bound);
	*ret_is_new = is_new;
	return ACCOUNT_BOUND;
}

int accounts_note_facts(struct accounts *a, const char *issuer, const char *subject, const char *facts)
{
	LK_CLEANUP(account_freep) struct account *known = NULL;
	int r;

	if (!facts)
		facts = "{}";
	if (strlen(facts) > FACTS_MAX)
		return -EINVAL;
	r = store_find_identity(a->store, issuer, subject, &known);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (known->state != ACCOUNT_ACTIVE || strcmp(known->facts, facts) == 0)
		return 0;
	r = set_text(&known->facts, facts);
	return r < 0 ? r : store_update(a->store, known);
}

int accounts_forget(struct accounts *a, const char *name, struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *known = NULL;
	int r;

	r = store_find_name(a->store, name, &known);
	if (r < 0)
		return r;
	if (known->state != ACCOUNT_ACTIVE)
		return -ENOENT;

	/* Name, uid and identity must be kept for ever; what else is known about the person need not. */
	known->state = ACCOUNT_FORGOTTEN;
	r = set_text(&known->gecos, "");
	if (r == 0)
		r = set_text(&known->facts, "{}");
	if (r == 0)
		r = store_update(a->store, known);
	if (r < 0)
		return r;
	*ret = LK_STEAL(known);
	return 0;
}
