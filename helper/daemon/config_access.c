/* SPDX-License-Identifier: MIT */
/*
 * Whose values count in an [access] section: a word that begins with the name of a provider of this file and a colon is one of
 * that provider's people alone. Split when all providers are known, which may stand below the section.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/daemon/config_internal.h"

bool config_has_provider(const struct config *c, const char *name, size_t len)
{
	for (size_t i = 0; i < c->n_providers; i++)
		if (strlen(c->providers[i].settings.name) == len &&
		    memcmp(c->providers[i].settings.name, name, len) == 0)
			return true;
	return false;
}

static bool is_of_provider(const struct config *c, const char *word)
{
	size_t len = strcspn(word, ":");

	return word[len] == ':' && word[len + 1] != '\0' && config_has_provider(c, word, len);
}

static size_t count(char *const *words)
{
	size_t n = 0;

	while (words && words[n])
		n++;
	return n;
}

/* Moves those of @words that name a provider to @ret, in their order. A list that is empty then is none. */
static int split(const struct config *c, char ***words, char ***ret)
{
	size_t n = count(*words), n_left = 0, n_moved = 0;
	char **moved = calloc(n + 1, sizeof(*moved));

	if (!moved)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		char *word = (*words)[i];

		if (is_of_provider(c, word))
			moved[n_moved++] = word;
		else
			(*words)[n_left++] = word;
	}
	if (n > 0)
		(*words)[n_left] = NULL;
	if (n_left == 0) {
		free(*words);
		*words = NULL;
	}
	if (n_moved > 0)
		*ret = moved;
	else
		free(moved);
	return 0;
}

int config_split_access(struct config *c, char *why)
{
	for (size_t i = 0; i < c->access.n_policies; i++) {
		struct access_policy *p = &c->access.policies[i];
		int r = split(c, &p->groups, &p->provider_groups);

		if (r == 0)
			r = split(c, &p->require_groups, &p->require_provider_groups);
		if (r == 0)
			r = split(c, &p->domains, &p->provider_domains);
		if (r < 0)
			return r;
		/* A group may have a colon of its own; a domain has none. */
		for (char **d = p->domains; d && *d; d++)
			if (strchr(*d, ':'))
				return config_refuse(why, "[access%s%s]: domains: no provider is called '%.*s'",
						     p->service ? " " : "", p->service ? p->service : "",
						     (int)strcspn(*d, ":"), *d);
	}
	return 0;
}
