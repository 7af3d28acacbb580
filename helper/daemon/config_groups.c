/* SPDX-License-Identifier: MIT */
/*
 * Judges the [group NAME] sections: which groups there are on this host, and which word of which provider means each.
 * No section may make a provider's word answer for a group that the host has from elsewhere (I13, I14).
 */
#include <stdio.h>
#include <string.h>

#include "helper/accounts/uid.h"
#include "helper/daemon/config_internal.h"

static int find_issuer(const struct config *c, struct group_rule *g, char *why)
{
	if (!g->provider && c->n_providers > 1)
		return config_refuse(why,
				     "[group %s]: provider is missing: with several of them, the same word could mean "
				     "two groups",
				     g->name);
	for (size_t i = 0; i < c->n_providers; i++) {
		if (!g->provider || strcmp(c->providers[i].settings.name, g->provider) == 0) {
			g->issuer = c->providers[i].settings.issuer;
			return 0;
		}
	}
	return config_refuse(why, "[group %s]: no provider is called '%s'", g->name, g->provider);
}

/* Its gid may stand outside uid_min to uid_max, since root names the very number: for files of other hosts. */
static int check_own(const struct config *c, const struct group_rule *g, char *why)
{
	const char *whose;

	if (!name_is_valid(g->name, true, false))
		return config_refuse(why, "[group %s]: a group's name is like an account's: a-z, 0-9, '_', '-', '.'",
				     g->name);
	if (name_is_reserved(g->name, c->accounts.reserved_names))
		return config_refuse(why,
				     "[group %s]: this name is reserved: local=yes is for a group that /etc/group has",
				     g->name);
	whose = g->gid != 0 ? uid_forbidden(g->gid, g->gid) : NULL;
	return whose ? config_refuse(why, "[group %s]: gid %u is one of the numbers of %s", g->name, g->gid, whose) : 0;
}

static int check_local(const struct group_rule *g, char *why)
{
	if (g->gid != 0)
		return config_refuse(why, "[group %s]: gid means nothing with local=yes", g->name);
	if (strcmp(g->name, "root") == 0)
		return config_refuse(why, "[group root]: nobody is put into the group of root");
	return 0;
}

static int check_gids(const struct group_rules *g, char *why)
{
	for (size_t i = 0; i < g->n; i++)
		for (size_t j = i + 1; j < g->n; j++)
			if (g->rules[i].gid != 0 && g->rules[i].gid == g->rules[j].gid)
				return config_refuse(why, "[group %s] and [group %s] have the same gid",
						     g->rules[i].name, g->rules[j].name);
	return 0;
}

int config_check_groups(struct config *c, char *why)
{
	for (size_t i = 0; i < c->accounts.groups.n; i++) {
		struct group_rule *g = &c->accounts.groups.rules[i];
		int r = find_issuer(c, g, why);

		if (r == 0 && !g->claim_values)
			r = config_refuse(why, "[group %s]: claim_values is missing: nobody could be in it", g->name);
		if (r == 0)
			r = g->is_local ? check_local(g, why) : check_own(c, g, why);
		if (r < 0)
			return r;
	}
	return check_gids(&c->accounts.groups, why);
}

void config_note_groups(const struct config *c, config_note_fn note, void *userdata)
{
	char text[INI_FAULT_MAX];

	for (size_t i = 0; note && i < c->accounts.groups.n; i++) {
		const struct group_rule *g = &c->accounts.groups.rules[i];

		if (!g->is_local)
			continue;
		snprintf(text, sizeof(text),
			 "[group %s]: local=yes: whatever this group may do on this host, whoever the provider names "
			 "may, and so may whoever took over latchkeyd",
			 g->name);
		note(userdata, text);
	}
}

void config_note_local_groups(const struct config *c, const char *root, config_note_fn note, void *userdata)
{
	LK_CLEANUP(localdb_freep) struct localdb *local = NULL;
	char text[INI_FAULT_MAX];

	if (!note || c->accounts.groups.n == 0 || localdb_new(&local, root) < 0 || localdb_refresh(local) < 0)
		return;
	for (size_t i = 0; i < c->accounts.groups.n; i++) {
		const struct group_rule *g = &c->accounts.groups.rules[i];
		bool is_there = localdb_has_group(local, g->name);

		if (g->is_local && !is_there)
			snprintf(text, sizeof(text),
				 "[group %s]: local=yes, but /etc/group has no such group: nobody is put into it",
				 g->name);
		else if (!g->is_local && (is_there || localdb_has_user(local, g->name)))
			snprintf(text, sizeof(text),
				 "[group %s]: this host has a user or group of this name, which stays as it is: the "
				 "section counts for nothing",
				 g->name);
		else
			continue;
		note(userdata, text);
	}
}
