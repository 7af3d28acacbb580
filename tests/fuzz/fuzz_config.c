/* SPDX-License-Identifier: MIT */
/* The whole configuration: what is accepted keeps its promises, whatever the text was; what is refused says why. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "helper/accounts/uid.h"
#include "helper/base/text.h"
#include "helper/daemon/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promise(bool kept)
{
	if (!kept)
		abort();
}

static void take_note(void *userdata, const char *text)
{
	size_t *n = userdata;

	promise(text[0] != '\0' && text_is_utf8(text, strlen(text)));
	(*n)++;
}

static size_t providers_of(const struct config *c, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_providers; i++)
		n += name_fits_rule(name, &c->providers[i].names);
	return n;
}

/* The shortest name of each provider, and those that end in another's suffix, select one provider or none. */
static void check_names(const struct config *c)
{
	for (size_t i = 0; i < c->n_providers; i++) {
		const struct name_rule *a = &c->providers[i].names;
		char name[3 * NAME_MAX_LEN];

		snprintf(name, sizeof(name), "%sa%s", a->prefix ? a->prefix : "", a->suffix ? a->suffix : "");
		promise(config_provider_for(c, name) == &c->providers[i]);
		for (size_t j = 0; j < c->n_providers; j++) {
			const struct name_rule *b = &c->providers[j].names;

			snprintf(name, sizeof(name), "%sa%s", a->prefix ? a->prefix : "", b->suffix ? b->suffix : "");
			promise(providers_of(c, name) <= 1);
		}
	}
}

static void check_directory(const struct provider_config *p, const char *scheme)
{
	const struct directory_settings *s = &p->directory;

	if (s->kind == NULL) {
		promise(!s->url && !s->client_id && !s->filter && !s->subject_member && s->refresh_s == 0);
		return;
	}
	promise(strncasecmp(s->url, scheme, strlen(scheme)) == 0 && !strchr(s->url, '?') && !strchr(s->url, '#'));
	promise(s->refresh_s >= 60 && s->people_max >= 1 && s->people_max <= DIRECTORY_PEOPLE_MAX && !s->client_secret);
	promise(!s->subject_member || !p->settings.dialect->tenant_claim || s->tenant);
}

static void check_provider(const struct config *c, const struct provider_config *p)
{
	const struct provider_settings *s = &p->settings;
	const char *scheme = c->allow_insecure_loopback ? "http" : "https://";

	promise(s->name && s->issuer && s->client_id && s->dialect && s->scope && p->title && p->gecos_claim);
	promise(p->names.claim && s->algorithms != 0 && (s->algorithms & 1u) == 0 && !s->client_secret);
	promise(strncasecmp(s->issuer, scheme, strlen(scheme)) == 0);
	promise(s->fetch.name == s->name && s->fetch.allow_loopback_http == c->allow_insecure_loopback);
	promise(!p->names.strip_domains || !p->names.strip_domains[0] || !p->names.strip_domains[1]);
	check_directory(p, scheme);
	promise(s->code_lifetime_s >= 30 && s->code_lifetime_s <= 3600);
}

static void check_access(const struct config *c)
{
	for (size_t i = 0; i < c->access.n_policies; i++) {
		const struct access_policy *p = &c->access.policies[i];
		const struct access_person nobody = {0};

		promise(access_policy_for(&c->access, p->service) == p);
		promise(access_allows(p, &nobody) == p->everyone);
		for (char **u = p->users; u && *u; u++)
			promise((config_provider_for(c, *u) || local_accounts_find(&c->accounts.local_accounts, *u)) &&
				access_name_is_possible(&c->access, *u));
	}
}

static void check_groups(const struct config *c)
{
	const struct group_rules *g = &c->accounts.groups;

	for (size_t i = 0; i < g->n; i++) {
		const struct group_rule *rule = &g->rules[i];

		promise(group_rules_find(g, rule->name) == rule && rule->issuer && rule->claim_values);
		promise(group_rules_want(g, rule->claim_values[0]) && (c->n_providers == 1 || rule->provider));
		promise(rule->is_local || !name_is_reserved(rule->name, c->accounts.reserved_names));
		promise(rule->gid == 0 || (!rule->is_local && !uid_forbidden(rule->gid, rule->gid)));
	}
}

static void check_local_accounts(const struct config *c)
{
	const struct local_account_rules *l = &c->accounts.local_accounts;

	for (size_t i = 0; i < l->n; i++) {
		promise(local_accounts_find(l, l->rules[i].name) == &l->rules[i] && l->rules[i].issuer);
		promise(l->rules[i].subject && l->rules[i].subject[0] != '\0' && strcmp(l->rules[i].name, "root") != 0);
		promise(c->n_providers == 1 || l->rules[i].provider);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LK_CLEANUP(config_freep) struct config *c = NULL;
	struct ini_fault fault = {""};
	size_t notes = 0;
	int r = config_load_text(&c, (const char *)data, size, take_note, &notes, &fault);

	if (r != 0) {
		promise(r < 0 && !c && fault.text[0] != '\0' && text_is_utf8(fault.text, strlen(fault.text)));
		return 0;
	}
	promise(c && c->host && c->n_providers > 0);
	promise(c->accounts.uid_min <= c->accounts.uid_max && !uid_forbidden(c->accounts.uid_min, c->accounts.uid_max));
	promise(c->accounts.home[0] == '/' && strstr(c->accounts.home, "%u") && !strchr(c->accounts.home, ':'));
	promise(!c->allow_insecure_loopback || notes > 0);
	promise(c->access.n_policies > 0 || notes > 0);
	for (size_t i = 0; i < c->n_providers; i++)
		check_provider(c, &c->providers[i]);
	check_names(c);
	check_access(c);
	check_groups(c);
	check_local_accounts(c);
	return 0;
}
