/* SPDX-License-Identifier: MIT */
/*
 * Reads and judges the [local-account NAME] sections: which identity has which account of /etc/passwd. Root and the accounts of the
 * system never belong to anybody at a provider.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "helper/daemon/config_internal.h"

#define SECTION_NAME_MAX 32u

static const struct config_key keys_of_local_account[] = {
	{.name = "provider",
	 .set = config_set_text,
	 .offset = offsetof(struct local_account_rule, provider),
	 .max = SECTION_NAME_MAX},
	{.name = "subject", .set = config_set_text, .offset = offsetof(struct local_account_rule, subject), .max = 255},
	{0},
};

static int find_local_account(struct config *c, const char *name, size_t *ret, char *why)
{
	struct local_account_rules *l = &c->accounts.local_accounts;

	if (!name_is_valid(name, true, true))
		return config_refuse(why,
				     "[local-account %.40s]: not a name that Latchkey can carry: a-z, 0-9, '_', "
				     "'-', '.', '@', at most 32",
				     name);
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->rules[i].name, name) == 0) {
			*ret = i;
			return 0;
		}
	}
	if (l->n == LOCAL_ACCOUNTS_MAX)
		return config_refuse(why, "more than %u [local-account] sections", LOCAL_ACCOUNTS_MAX);
	l->rules[l->n].name = strdup(name);
	if (!l->rules[l->n].name)
		return -ENOMEM;
	*ret = l->n++;
	return 0;
}

int config_take_local_account(struct config_draft *d, const char *section, const char *key, const char *value,
			      char *why)
{
	struct config_target t = {.draft = d};
	int r = find_local_account(d->config, section + strlen("local-account "), &t.index, why);

	if (r < 0)
		return r;
	t.base = &d->config->accounts.local_accounts.rules[t.index];
	return config_take(&t, keys_of_local_account, &d->seen_local_account[t.index], section, key, value, why);
}

static int find_issuer(const struct config *c, struct local_account_rule *l, char *why)
{
	if (!l->provider && c->n_providers > 1)
		return config_refuse(why,
				     "[local-account %s]: provider is missing: with several of them, the same subject "
				     "could be two people",
				     l->name);
	for (size_t i = 0; i < c->n_providers; i++) {
		if (!l->provider || strcmp(c->providers[i].settings.name, l->provider) == 0) {
			l->issuer = c->providers[i].settings.issuer;
			if (!l->provider)
				l->provider = strdup(c->providers[i].settings.name);
			return l->provider ? 0 : -ENOMEM;
		}
	}
	return config_refuse(why, "[local-account %s]: no provider is called '%s'", l->name, l->provider);
}

int config_check_local_accounts(struct config *c, char *why)
{
	for (size_t i = 0; i < c->accounts.local_accounts.n; i++) {
		struct local_account_rule *l = &c->accounts.local_accounts.rules[i];
		int r = find_issuer(c, l, why);

		if (r == 0 && !l->subject)
			r = config_refuse(why, "[local-account %s]: subject is missing: nobody could be this account",
					  l->name);
		if (r == 0 && strcmp(l->name, "root") == 0)
			r = config_refuse(why, "[local-account root]: nobody at a provider can be root");
		if (r < 0)
			return r;
	}
	return 0;
}

static void note_user(const struct local_account_rule *l, int r, config_note_fn note, void *userdata)
{
	char text[INI_FAULT_MAX];

	if (!note || r == 0)
		return;
	snprintf(text, sizeof(text), "[%s-account %s]: the section counts for nothing: %s",
		 l->is_service ? "service" : "local", l->name,
		 r == -ENOENT    ? "/etc/passwd has no such user"
		 : r == -EUCLEAN ? "its line in /etc/passwd has no plain numbers, or no absolute home and shell"
				 : strerrordesc_np(-r));
	note(userdata, text);
}

int config_check_local_users(const struct config *c, const char *root, config_note_fn note, void *userdata, char *why)
{
	LK_CLEANUP(localdb_freep) struct localdb *local = NULL;
	struct local_user user;
	int r;

	if (c->accounts.local_accounts.n == 0)
		return 0;
	r = localdb_new(&local, root);
	if (r < 0)
		return r;
	for (size_t i = 0; i < c->accounts.local_accounts.n; i++) {
		const struct local_account_rule *l = &c->accounts.local_accounts.rules[i];

		r = local_accounts_find_user(local, l, &user);
		if (r == -EPERM && l->is_service)
			return config_refuse(why, "[service-account %s]: its uid is root's or stands for nobody",
					     l->name);
		if (r == -EPERM)
			return config_refuse(why,
					     "[local-account %s]: its uid is below 1000 or stands for nobody: accounts "
					     "of the system stay the system's",
					     l->name);
		if (r != -ENOENT || !l->is_service)
			note_user(l, r, note, userdata);
	}
	return 0;
}
