/* SPDX-License-Identifier: MIT */
/*
 * Which accounts of /etc/passwd belong to an identity, and whether they may. latchkey-root judges the same again by its
 * own eyes before it publishes a mark.
 */
#include "helper/accounts/local_accounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/accounts/accounts_internal.h"
#include "nss_module/map_format.h"

const struct local_account_rule *local_accounts_find(const struct local_account_rules *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->rules[i].name, name) == 0)
			return &l->rules[i];
	return NULL;
}

int local_accounts_find_user(const struct localdb *local, const struct local_account_rule *rule, struct local_user *ret)
{
	uint32_t uid_min = rule->is_service ? 1 : MAP_ID_FLOOR;
	struct local_user user;
	int r = localdb_find_user(local, rule->name, &user);

	if (r < 0)
		return r;
	if (user.uid < uid_min || user.uid == 65534 || user.uid == 65535 || user.uid == UINT32_MAX)
		return -EPERM;
	*ret = user;
	return 0;
}

static int find_facts(struct accounts *a, struct account *account)
{
	int r = store_find_local(a->store, account->name, account->issuer, account->subject, &account->facts,
				 &account->last_sign_in_s);

	return r == -ENOENT ? account_set_text(&account->facts, "{}") : r;
}

static int compose(struct accounts *a, const struct local_account_rule *rule, const struct local_user *user,
		   struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *made = calloc(1, sizeof(*made));
	int r;

	if (!made)
		return -ENOMEM;
	made->uid = user->uid;
	made->gid = user->gid;
	made->state = ACCOUNT_ACTIVE;
	r = account_set_text(&made->name, rule->name);
	if (r == 0)
		r = account_set_text(&made->issuer, rule->issuer);
	if (r == 0)
		r = account_set_text(&made->subject, rule->subject);
	if (r == 0)
		r = account_set_text(&made->provider, rule->provider);
	if (r == 0)
		r = account_set_text(&made->gecos, "");
	if (r == 0)
		r = account_set_text(&made->home, user->home);
	if (r == 0)
		r = account_set_text(&made->shell, user->shell);
	if (r == 0)
		r = find_facts(a, made);
	if (r < 0)
		return r;
	*ret = LK_STEAL(made);
	return 0;
}

const char *accounts_issuer_of_local(const struct accounts *a, const char *name)
{
	const struct local_account_rule *rule = local_accounts_find(&a->settings->local_accounts, name);

	if (!rule || (rule->is_service && !localdb_has_user(a->local, name)))
		return NULL;
	return rule->issuer;
}

int accounts_find_local(struct accounts *a, const char *name, struct account **ret)
{
	const struct local_account_rule *rule = local_accounts_find(&a->settings->local_accounts, name);
	struct local_user user;
	int r;

	if (!rule)
		return -ENOENT;
	r = local_accounts_find_user(a->local, rule, &user);
	if (r == -EPERM || r == -EUCLEAN)
		return -ENOENT;
	return r < 0 ? r : compose(a, rule, &user, ret);
}

int accounts_sign_in_local(struct accounts *a, struct account *account, const char *facts, int64_t now_s)
{
	struct local_sign_in l = {.name = account->name,
				  .issuer = account->issuer,
				  .subject = account->subject,
				  .facts = facts,
				  .last_sign_in_s = now_s};
	int r;

	if (strlen(facts) > FACTS_MAX)
		return -EINVAL;
	r = account_set_text(&account->facts, facts);
	if (r == 0)
		r = store_put_local(a->store, &l);
	if (r == 0)
		account->last_sign_in_s = now_s;
	return r;
}

int accounts_note_local_facts(struct accounts *a, const struct account *account, const char *facts)
{
	struct local_sign_in l = {
		.name = account->name, .issuer = account->issuer, .subject = account->subject, .facts = facts};

	return strlen(facts) > FACTS_MAX ? -EINVAL : store_note_local(a->store, &l);
}

int accounts_each_local(struct accounts *a, size_t *at, store_each_fn fn, void *userdata)
{
	const struct local_account_rules *l = &a->settings->local_accounts;

	for (; *at < l->n; (*at)++) {
		LK_CLEANUP(account_freep) struct account *account = NULL;
		int r = accounts_find_local(a, l->rules[*at].name, &account);

		if (r == 0)
			r = fn(userdata, account);
		if (r != 0 && r != -ENOENT)
			return r;
	}
	return 0;
}
