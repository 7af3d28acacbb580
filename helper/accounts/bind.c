/* SPDX-License-Identifier: MIT */
/*
 * Decides which account an identity is, and makes it at the first sign-in. The order of the questions matters: the
 * identity first, then the name, then the machine's own users, then a number. A name or number that was ever given
 * out is never given to anybody else.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/accounts/accounts_internal.h"
#include "helper/accounts/expected.h"

LK_DEFINE_CLEANUP(char *, free);

/* A service has the name that root's configuration gives it, and that one only; a person's name is none of a service's. */
static bool is_others_name(const struct accounts *a, const struct account_person *p)
{
	return p->is_service ? accounts_is_machines(a, p->name) : accounts_is_local(a, p->name);
}

static bool is_service(const struct accounts *a, const char *name)
{
	const struct local_account_rule *rule = local_accounts_find(&a->settings->local_accounts, name);

	return rule && rule->is_service;
}

/* May this account sign in as @p; the name was proved to be this person's. Return: 0, an outcome > 0. */
static int check_known(const struct accounts *a, const struct account *known, const struct account_person *p)
{
	struct account renamed = *known;
	LK_CLEANUP(freep) char *copy = strdup(p->name);

	if (!copy)
		return -ENOMEM;
	renamed.name = copy;
	if (known->state == ACCOUNT_FORGOTTEN)
		return ACCOUNT_IDENTITY_FORGOTTEN;
	if (strcmp(known->name, p->name) != 0 && (p->is_service || is_service(a, known->name)))
		return ACCOUNT_IDENTITY_TAKEN;
	if (is_others_name(a, p) || accounts_is_local_id(a, known->uid) || accounts_is_local_id(a, known->gid))
		return ACCOUNT_NAME_LOCAL;
	return accounts_is_in_bounds(a->settings, &renamed) ? 0 : ACCOUNT_OUT_OF_BOUNDS;
}

/* What a directory keeps for nobody in particular gives way to who proves the name, as it does to a newcomer; its number is
 * nobody's from then on, since a renamed person keeps the one that she has. */
static int rename_over_expected(struct accounts *a, const char *old_name, struct account *known, int64_t now_s)
{
	LK_CLEANUP(account_freep) struct account *other = NULL;
	int r = store_find_name(a->store, known->name, &other);

	if (r < 0)
		return r == -ENOENT ? -EEXIST : r;
	if (!accounts_is_from_directory(other) || other->subject || strcmp(other->issuer, known->issuer) != 0)
		return -EEXIST;
	r = store_batch_begin(a->store);
	if (r < 0)
		return r;
	r = store_remove(a->store, other, false, now_s);
	if (r == 0)
		r = store_rename(a->store, old_name, known, now_s);
	return store_batch_end(a->store, r);
}

int accounts_rename_known(struct accounts *a, struct account *known, const char *name, int64_t now_s)
{
	LK_CLEANUP(freep) char *old_name = LK_STEAL(known->name);
	LK_CLEANUP(account_freep) struct account *other = NULL;
	int r;

	known->name = strdup(name);
	if (!known->name)
		return -ENOMEM;
	r = store_rename(a->store, old_name, known, now_s);
	if (r == -EEXIST)
		r = rename_over_expected(a, old_name, known, now_s);
	if (r != -EEXIST)
		return r;
	r = store_find_name(a->store, name, &other);
	if (r < 0 && r != -ENOENT)
		return r;
	return r == 0 && other->state != ACCOUNT_FORGOTTEN ? ACCOUNT_NAME_TAKEN : ACCOUNT_NAME_RETIRED;
}

/* I12: a number that was given out stays, whatever the provider says later. */
static bool tells_other_ids(const struct account *known, const struct account_person *p)
{
	return (p->uid != 0 && p->uid != known->uid) || (p->gid != 0 && p->gid != known->gid);
}

/* Which groups somebody is in stands on the map: is it another map with the new facts. Facts that cannot be read make
 * nobody a member, as when the map is made. */
static bool changes_groups(const struct accounts *a, const struct account *known, const char *facts)
{
	struct membership before, after;

	(void)group_rules_apply(&a->settings->groups, known->issuer, known->facts, &before);
	(void)group_rules_apply(&a->settings->groups, known->issuer, facts, &after);
	return memcmp(&before, &after, sizeof(before)) != 0;
}

static int bind_known(struct accounts *a, struct account *known, const struct account_person *p, int64_t now_s,
		      bool *ret_is_new)
{
	bool is_expected = known->state == ACCOUNT_EXPECTED, is_renamed = strcmp(known->name, p->name) != 0;
	int r = check_known(a, known, p);

	if (r != 0)
		return r;
	if (tells_other_ids(known, p))
		return ACCOUNT_ID_DIFFERS;
	/* One that is kept has its name from the administrator: the first sign-in is under that name. */
	if (is_expected && is_renamed)
		return ACCOUNT_NAME_TAKEN;

	*ret_is_new = is_expected || is_renamed || changes_groups(a, known, p->facts);
	r = p->gecos ? account_set_gecos(&known->gecos, p->gecos) : 0;
	if (r == 0)
		r = account_set_text(&known->facts, p->facts);
	if (r < 0)
		return r;
	known->state = ACCOUNT_ACTIVE;
	known->last_sign_in_s = now_s;
	if (is_renamed)
		return accounts_rename_known(a, known, p->name, now_s);
	return is_expected ? store_identify(a->store, known) : store_update(a->store, known);
}

/* An account that was kept for nobody in particular, by its name. */
static int take_expected(struct accounts *a, struct account *known, const struct account_person *p, int64_t now_s)
{
	bool is_new;
	int r;

	if (known->state == ACCOUNT_FORGOTTEN)
		return ACCOUNT_NAME_RETIRED;
	if (known->state != ACCOUNT_EXPECTED || known->subject || strcmp(known->issuer, p->issuer) != 0)
		return ACCOUNT_NAME_TAKEN;
	r = account_set_text(&known->subject, p->subject);
	if (r == 0)
		r = account_set_text(&known->provider, p->provider);
	return r < 0 ? r : bind_known(a, known, p, now_s, &is_new);
}

/* Return: 0, an outcome > 0, negative errno. */
static int choose_ids(struct accounts *a, const struct account_person *p, uint32_t *ret_uid, uint32_t *ret_gid)
{
	int r;

	*ret_uid = p->uid;
	r = p->uid != 0 ? accounts_check_id(a, p->uid, false) : accounts_choose_uid(a, p->name, p->issuer, ret_uid);
	if (r != 0)
		return r;
	*ret_gid = p->gid != 0 ? p->gid : *ret_uid;
	return *ret_gid != *ret_uid ? accounts_check_id(a, *ret_gid, false) : 0;
}

static int make_new(struct accounts *a, const struct account_person *p, int64_t now_s, struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *made = NULL;
	uint32_t uid, gid;
	int r;

	r = choose_ids(a, p, &uid, &gid);
	if (r != 0)
		return r;
	r = accounts_compose(a, p->name, p->issuer, uid, &made);
	if (r == 0)
		r = account_set_text(&made->provider, p->provider);
	if (r == 0)
		r = account_set_text(&made->subject, p->subject);
	if (r == 0)
		r = account_set_gecos(&made->gecos, p->gecos);
	if (r == 0)
		r = account_set_text(&made->facts, p->facts);
	if (r < 0)
		return r;
	made->gid = gid;
	made->created_s = now_s;
	made->last_sign_in_s = now_s;
	r = store_insert(a->store, made);
	if (r < 0)
		return r == -EEXIST ? ACCOUNT_NAME_TAKEN : r; /* a group of our own has the name */
	*ret = LK_STEAL(made);
	return 0;
}

static int bind_new(struct accounts *a, const struct account_person *p, int64_t now_s, struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *other = NULL;
	uint32_t uid;
	int r;

	r = store_find_name(a->store, p->name, &other);
	if (r == 0) {
		r = take_expected(a, other, p, now_s);
		if (r == 0)
			*ret = LK_STEAL(other);
		return r;
	}
	if (r == -ENOENT)
		r = store_find_retired(a->store, p->name, &uid);
	if (r == 0)
		return ACCOUNT_NAME_RETIRED;
	if (r != -ENOENT)
		return r;
	if (is_others_name(a, p))
		return ACCOUNT_NAME_LOCAL;

	r = make_new(a, p, now_s, ret);
	if (r == 0)
		reservations_drop(&a->reservations, p->name);
	return r;
}

/* Whose name or number it would be: the identity's account, else the name's. Return: 0, -ENOENT nobody's, other negative
 * errno. */
static int find_present(struct accounts *a, const struct account_person *p, struct account **ret)
{
	int r = p->subject ? store_find_identity(a->store, p->issuer, p->subject, ret) : -ENOENT;

	return r == -ENOENT ? store_find_name(a->store, p->name, ret) : r;
}

int accounts_preview(struct accounts *a, const struct account_person *person, struct account_news *ret)
{
	LK_CLEANUP(account_freep) struct account *present = NULL;
	struct account_news news = {0};
	int r = localdb_refresh(a->local);

	if (r < 0)
		return r;
	r = find_present(a, person, &present);
	if (r == 0 && accounts_is_from_directory(present)) {
		news.question.uid = present->uid;
		news.question.gid = present->gid;
	} else if (r == -ENOENT) {
		news.has_choice = person->uid == 0;
		r = choose_ids(a, person, &news.question.uid, &news.question.gid);
	} else if (r == 0 && strcmp(present->name, person->name) == 0) {
		*ret = news;
		return 0;
	}
	if (r != 0)
		return r;
	(void)snprintf(news.question.name, sizeof(news.question.name), "%s", person->name);
	*ret = news;
	return 0;
}

int accounts_bind(struct accounts *a, const struct account_person *person, int64_t now_s, struct account **ret,
		  bool *ret_is_new)
{
	LK_CLEANUP(account_freep) struct account *bound = NULL;
	struct account_person p = *person;
	bool is_new;
	int r;

	if (!p.facts)
		p.facts = "{}";
	if (!name_is_valid(p.name, true, true) || p.issuer[0] == '\0' || strlen(p.issuer) > ISSUER_MAX ||
	    p.subject[0] == '\0' || strlen(p.subject) > SUBJECT_MAX || strlen(p.facts) > FACTS_MAX)
		return -EINVAL;
	r = localdb_refresh(a->local);
	if (r < 0)
		return r;

	r = store_find_identity(a->store, p.issuer, p.subject, &bound);
	is_new = r == -ENOENT;
	if (is_new)
		r = bind_new(a, &p, now_s, &bound);
	else if (r == 0)
		r = bind_known(a, bound, &p, now_s, &is_new);
	if (r != 0)
		return r;

	*ret = LK_STEAL(bound);
	*ret_is_new = is_new;
	return ACCOUNT_BOUND;
}

int accounts_take_back(struct accounts *a, struct account *account, uint32_t seen_uid, int64_t now_s)
{
	bool is_new_number = seen_uid >= a->settings->uid_min && seen_uid <= a->settings->uid_max;
	int r;

	account->last_sign_in_s = 0;
	r = store_update(a->store, account);
	return r == 0 && is_new_number ? store_retire_id(a->store, account->name, seen_uid, now_s) : r;
}

int accounts_note_facts(struct accounts *a, const char *issuer, const char *subject, const char *facts)
{
	LK_CLEANUP(account_freep) struct account *known = NULL;
	bool is_other_map;
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
	is_other_map = changes_groups(a, known, facts);
	r = account_set_text(&known->facts, facts);
	if (r == 0)
		r = store_update(a->store, known);
	return r < 0 ? r : is_other_map;
}
