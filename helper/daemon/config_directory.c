/* SPDX-License-Identifier: MIT */
/*
 * The directory of a provider: which kind, where, as whom, and which of its members is the subject of tokens. Off unless a
 * kind is named; a key of it without a kind is a fault, since somebody believes that it does something.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/daemon/config_internal.h"
#include "helper/oauth/uri.h"

#define REFRESH_DEFAULT_S 3600u
#define PEOPLE_DEFAULT 10000u

int config_set_directory(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	struct provider_config *p = t->base;

	p->directory.kind = directory_kind_find(value);
	if (!p->directory.kind)
		return config_refuse(why, "%s must be scim, graph or keycloak", key->name);
	return 0;
}

int config_set_directory_secret_file(const struct config_target *t, const struct config_key *key, const char *value,
				     char *why)
{
	struct config_target into_draft = {.draft = t->draft, .base = &t->draft->directory_secret_files[t->index]};

	return config_set_path(&into_draft, key, value, why);
}

int config_set_directory_subject(const struct config_target *t, const struct config_key *key, const char *value,
				 char *why)
{
	static const char *const members[] = {"id", "externalId"};
	struct provider_config *p = t->base;

	t->draft->has_directory_subject[t->index] = true;
	if (strcmp(value, "none") == 0)
		return 0;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (strcmp(value, members[i]) == 0) {
			p->directory.subject_member = members[i];
			return 0;
		}
	}
	return config_refuse(why, "%s must be none, id or externalId", key->name);
}

static bool has_any_key(const struct config_draft *d, size_t i)
{
	const struct directory_settings *s = &d->config->providers[i].directory;

	return s->url || s->client_id || s->scope || s->filter || s->refresh_s || s->people_max ||
	       d->directory_secret_files[i] || d->has_directory_subject[i];
}

static int check_url(const struct config *c, struct provider_config *p, char *why)
{
	struct directory_settings *s = &p->directory;
	const char *fault;
	struct uri uri;
	int r = 0;

	if (!s->url)
		r = directory_default_url(&s->url, s->kind, p->settings.issuer);
	if (r < 0)
		return r;
	if (!s->url)
		return config_refuse(why, "[provider %s]: directory=%s needs a directory_url", p->settings.name,
				     s->kind->name);
	fault = uri_endpoint_fault(s->url, c->allow_insecure_loopback);
	if (fault)
		return config_refuse(why, "[provider %s]: directory_url: %s", p->settings.name, fault);
	if (uri_parse(&uri, s->url) < 0 || uri.has_query)
		return config_refuse(why, "[provider %s]: directory_url has a query", p->settings.name);
	return 0;
}

/* RFC 6749 section 4.4: anybody could be a client without a secret. */
static int check_client(const struct config_draft *d, size_t i, char *why)
{
	const struct provider_config *p = &d->config->providers[i];
	bool has_own_secret = d->directory_secret_files[i] != NULL;
	bool has_key =
		p->settings.client_auth == CLIENT_AUTH_PRIVATE_KEY_JWT || p->settings.client_auth == CLIENT_AUTH_MTLS;

	/* A key proves whoever has registered it, so it serves for two clients; a secret is of one. */
	if (p->directory.client_id && !has_own_secret && !has_key)
		return config_refuse(why, "[provider %s]: directory_client_id needs a directory_client_secret_file",
				     p->settings.name);
	if (!has_own_secret && p->settings.client_auth == CLIENT_AUTH_NONE)
		return config_refuse(why,
				     "[provider %s]: a directory is read by a client with a secret: "
				     "directory_client_secret_file is missing",
				     p->settings.name);
	return 0;
}

static int check_subject(const struct config_draft *d, size_t i, char *why)
{
	struct provider_config *p = &d->config->providers[i];
	struct directory_settings *s = &p->directory;
	int r;

	if (!d->has_directory_subject[i])
		s->subject_member = s->kind->subject_member;
	else if (s->subject_member && strcmp(s->subject_member, s->kind->id_member) != 0 && !s->kind->external_member)
		return config_refuse(why, "[provider %s]: directory=%s has no %s", p->settings.name, s->kind->name,
				     s->subject_member);
	r = directory_tenant(&s->tenant, &p->settings);
	if (r < 0)
		return r;
	if (s->subject_member && p->settings.dialect->tenant_claim && !s->tenant)
		return config_refuse(
			why,
			"[provider %s]: a directory belongs to one tenant, and this issuer stands for more: "
			"name yours in the issuer",
			p->settings.name);
	return 0;
}

int config_check_directory(struct config_draft *d, size_t i, char *why)
{
	struct provider_config *p = &d->config->providers[i];
	struct directory_settings *s = &p->directory;
	int r;

	if (!s->kind)
		return has_any_key(d, i) ? config_refuse(why,
							 "[provider %s]: a key of the directory is set, but directory "
							 "is not",
							 p->settings.name)
					 : 0;
	/* Somebody expected would have a number that the claim contradicts at the first sign-in. */
	if (p->uid_claim || p->gid_claim)
		return config_refuse(
			why,
			"[provider %s]: with uid_claim or gid_claim a directory cannot tell anybody's number "
			"before the first sign-in",
			p->settings.name);
	r = check_url(d->config, p, why);
	if (r == 0)
		r = check_client(d, i, why);
	if (r == 0)
		r = check_subject(d, i, why);
	if (s->refresh_s == 0)
		s->refresh_s = REFRESH_DEFAULT_S;
	if (s->people_max == 0)
		s->people_max = PEOPLE_DEFAULT;
	return r;
}
