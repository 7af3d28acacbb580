/* SPDX-License-Identifier: MIT */
/*
 * The vocabulary of the configuration: which sections there are, which keys each has, and where a value goes. A word
 * that is not in these tables is a fault, never something to skip: a misspelt restriction would be none.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/text.h"
#include "helper/daemon/config_internal.h"

#define SECTION_NAME_MAX 32u
#define HOUR 3600u

static const struct config_key keys_of_latchkey[] = {
	{.name = "host", .set = config_set_title, .offset = offsetof(struct config, host)},
	{.name = "log", .set = config_set_log},
	{.name = "audit_file", .set = config_set_path, .offset = offsetof(struct config, audit_file), .max = 1024},
	{.name = "audit_required", .set = config_set_bool, .offset = offsetof(struct config, audit_required)},
	{.name = "logout_user",
	 .set = config_set_text,
	 .offset = offsetof(struct config, logout_user),
	 .max = NAME_MAX_LEN},
	{.name = "root_may_have_tokens",
	 .set = config_set_bool,
	 .offset = offsetof(struct config, root_may_have_tokens)},
	{.name = "end_sessions", .set = config_set_bool, .offset = offsetof(struct config, end_sessions)},
	{.name = "end_sessions_grace",
	 .set = config_set_seconds,
	 .offset = offsetof(struct config, end_sessions_grace_s),
	 .max = 24 * HOUR},
	{.name = "background_recheck_min",
	 .set = config_set_seconds,
	 .offset = offsetof(struct config, background_recheck_min_s),
	 .min = 1,
	 .max = 24 * HOUR},
	{.name = "background_recheck_max",
	 .set = config_set_seconds,
	 .offset = offsetof(struct config, background_recheck_max_s),
	 .max = 24 * HOUR},
	{.name = "revoke_unused",
	 .set = config_set_seconds,
	 .offset = offsetof(struct config, revoke_unused_s),
	 .max = 365 * 24 * HOUR},
	{.name = "allow_insecure_loopback",
	 .set = config_set_bool,
	 .offset = offsetof(struct config, allow_insecure_loopback)},
	{0},
};

static const struct config_key keys_of_accounts[] = {
	{.name = "uid_min",
	 .set = config_set_number,
	 .offset = offsetof(struct account_settings, uid_min),
	 .max = UINT32_MAX},
	{.name = "uid_max",
	 .set = config_set_number,
	 .offset = offsetof(struct account_settings, uid_max),
	 .max = UINT32_MAX},
	{.name = "migrated_ids",
	 .set = config_set_ranges,
	 .offset = offsetof(struct account_settings, migrated_ids),
	 .is_list = true},
	{.name = "home", .set = config_set_home, .offset = offsetof(struct account_settings, home)},
	{.name = "shell", .set = config_set_path, .offset = offsetof(struct account_settings, shell), .max = 127},
	{.name = "reserved_names",
	 .set = config_set_names,
	 .offset = offsetof(struct account_settings, reserved_names),
	 .is_list = true},
	{.name = "name_characters", .set = config_set_characters},
	{0},
};

static const struct config_key keys_of_limits[] = {
	{.name = "connections_per_uid",
	 .set = config_set_number,
	 .offset = offsetof(struct limit_config, connections_per_uid),
	 .min = 1,
	 .max = 65536},
	{.name = "attempts",
	 .set = config_set_number,
	 .offset = offsetof(struct limit_config, attempts),
	 .min = 1,
	 .max = 65536},
	{.name = "attempts_per_uid",
	 .set = config_set_number,
	 .offset = offsetof(struct limit_config, attempts_per_uid),
	 .min = 1,
	 .max = 1024},
	{.name = "codes_per_address",
	 .set = config_set_number,
	 .offset = offsetof(struct limit_config, codes_per_address),
	 .min = 1,
	 .max = 10000},
	{.name = "codes_refill",
	 .set = config_set_seconds,
	 .offset = offsetof(struct limit_config, codes_refill_s),
	 .min = 1,
	 .max = 24 * HOUR},
	{0},
};

static const struct config_key keys_of_provider[] = {
	{.name = "issuer",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, settings.issuer),
	 .max = 1024},
	{.name = "dialect", .set = config_set_dialect},
	{.name = "client_id",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, settings.client_id),
	 .max = 255},
	{.name = "client", .set = config_set_client},
	{.name = "registration_endpoint",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, settings.registration_endpoint),
	 .max = 1024},
	{.name = "client_secret_file", .set = config_set_secret_file, .max = 1024},
	{.name = "client_auth", .set = config_set_client_auth},
	{.name = "client_key", .set = config_set_client_key, .max = 1023},
	{.name = "client_key_algorithm", .set = config_set_client_key_algorithm},
	{.name = "client_assertion_audience",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, settings.client_assertion_audience),
	 .max = 1024},
	{.name = "client_certificate",
	 .set = config_set_certificate,
	 .offset = offsetof(struct provider_config, settings.fetch.client_certificate),
	 .max = 1023},
	{.name = "scope",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, settings.scope),
	 .max = 1024},
	{.name = "title", .set = config_set_title, .offset = offsetof(struct provider_config, title)},
	{.name = "name_claim",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, names.claim),
	 .max = 255},
	{.name = "strip_domains",
	 .set = config_set_domains,
	 .offset = offsetof(struct provider_config, names.strip_domains),
	 .is_list = true},
	{.name = "name_prefix",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, names.prefix),
	 .max = NAME_MAX_LEN},
	{.name = "name_suffix",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, names.suffix),
	 .max = NAME_MAX_LEN},
	{.name = "gecos_claim",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, gecos_claim),
	 .max = 255},
	{.name = "login_hint_claim",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, settings.login_hint_claim),
	 .max = 255},
	{.name = "uid_claim",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, uid_claim),
	 .max = 255},
	{.name = "gid_claim",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, gid_claim),
	 .max = 255},
	{.name = "id_token_algorithms",
	 .set = config_set_algorithms,
	 .offset = offsetof(struct provider_config, settings.algorithms),
	 .is_list = true},
	{.name = "tenants",
	 .set = config_set_words,
	 .offset = offsetof(struct provider_config, settings.tenants),
	 .is_list = true},
	{.name = "verification_hosts",
	 .set = config_set_domains,
	 .offset = offsetof(struct provider_config, settings.verification_hosts),
	 .is_list = true},
	{.name = "token_scopes",
	 .set = config_set_words,
	 .offset = offsetof(struct provider_config, tokens.scopes),
	 .is_list = true},
	{.name = "token_audiences",
	 .set = config_set_words,
	 .offset = offsetof(struct provider_config, tokens.audiences),
	 .is_list = true},
	{.name = "git_hosts",
	 .set = config_set_words,
	 .offset = offsetof(struct provider_config, tokens.git_hosts),
	 .is_list = true},
	{.name = "token_exchange",
	 .set = config_set_token_types,
	 .offset = offsetof(struct provider_config, tokens.exchange),
	 .is_list = true},
	{.name = "token_handler",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, settings.token_handler),
	 .max = 255},
	{.name = "code_lifetime",
	 .set = config_set_seconds,
	 .offset = offsetof(struct provider_config, settings.code_lifetime_s),
	 .min = 30,
	 .max = HOUR},
	{.name = "ca_file",
	 .set = config_set_path,
	 .offset = offsetof(struct provider_config, settings.fetch.ca_file),
	 .max = 1024},
	{.name = "ca_directory",
	 .set = config_set_path,
	 .offset = offsetof(struct provider_config, settings.fetch.ca_directory),
	 .max = 1024},
	{.name = "proxy",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, settings.fetch.proxy),
	 .max = 255},
	{.name = "redirect_uri",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, settings.redirect_uri),
	 .max = 512},
	{.name = "authorization_endpoint",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, settings.authorization_endpoint),
	 .max = 1024},
	{.name = "device_authorization_endpoint",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, settings.device_authorization_endpoint),
	 .max = 1024},
	{.name = "backchannel_authentication_endpoint",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, settings.backchannel_authentication_endpoint),
	 .max = 1024},
	{.name = "token_endpoint",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, settings.token_endpoint),
	 .max = 1024},
	{.name = "userinfo_endpoint",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, settings.userinfo_endpoint),
	 .max = 1024},
	{.name = "jwks_uri",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, settings.jwks_uri),
	 .max = 1024},
	{.name = "introspection_endpoint",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, settings.introspection_endpoint),
	 .max = 1024},
	{.name = "revocation_endpoint",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, settings.revocation_endpoint),
	 .max = 1024},
	{.name = "group_check_endpoint",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, settings.group_check_endpoint),
	 .max = 1024},
	{.name = "jwks_file",
	 .set = config_set_path,
	 .offset = offsetof(struct provider_config, settings.jwks_file),
	 .max = 1024},
	{.name = "directory", .set = config_set_directory},
	{.name = "directory_url",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, directory.url),
	 .max = 512},
	{.name = "directory_client_id",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, directory.client_id),
	 .max = 255},
	{.name = "directory_client_secret_file", .set = config_set_directory_secret_file, .max = 1024},
	{.name = "directory_scope",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, directory.scope),
	 .max = 1024},
	{.name = "directory_filter",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, directory.filter),
	 .max = 255},
	{.name = "directory_subject", .set = config_set_directory_subject},
	{.name = "directory_refresh",
	 .set = config_set_seconds,
	 .offset = offsetof(struct provider_config, directory.refresh_s),
	 .min = 60,
	 .max = 7 * 24 * HOUR},
	{.name = "directory_max",
	 .set = config_set_number,
	 .offset = offsetof(struct provider_config, directory.people_max),
	 .min = 1,
	 .max = DIRECTORY_PEOPLE_MAX},
	{.name = "events_endpoint",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, events.endpoint),
	 .max = 1024},
	{.name = "events_token_file", .set = config_set_events_token_file, .max = 1024},
	{.name = "events_issuer",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, events.issuer),
	 .max = 1024},
	{.name = "events_audience",
	 .set = config_set_text,
	 .offset = offsetof(struct provider_config, events.audience),
	 .max = 1024},
	{.name = "events_interval",
	 .set = config_set_seconds,
	 .offset = offsetof(struct provider_config, events.interval_s),
	 .min = 1,
	 .max = HOUR},
	{0},
};

static const struct config_key keys_of_access[] = {
	{.name = "everyone", .set = config_set_bool, .offset = offsetof(struct access_policy, everyone)},
	{.name = "users", .set = config_set_names, .offset = offsetof(struct access_policy, users), .is_list = true},
	{.name = "subjects",
	 .set = config_set_subjects,
	 .offset = offsetof(struct access_policy, subjects),
	 .is_list = true},
	{.name = "domains",
	 .set = config_set_access_domains,
	 .offset = offsetof(struct access_policy, domains),
	 .is_list = true},
	{.name = "groups", .set = config_set_words, .offset = offsetof(struct access_policy, groups), .is_list = true},
	{.name = "require_groups",
	 .set = config_set_words,
	 .offset = offsetof(struct access_policy, require_groups),
	 .is_list = true},
	{.name = "max_age",
	 .set = config_set_max_age,
	 .offset = offsetof(struct access_policy, max_age_s),
	 .max = 24 * 90 * HOUR},
	{.name = "acr", .set = config_set_classes, .offset = offsetof(struct access_policy, acr), .is_list = true},
	{.name = "amr", .set = config_set_classes, .offset = offsetof(struct access_policy, amr), .is_list = true},
	{.name = "method", .set = config_set_methods},
	{.name = "before_start_public_key",
	 .set = config_set_bool,
	 .offset = offsetof(struct access_policy, before_start_public_key)},
	{.name = "before_start_networks", .set = config_set_networks, .is_list = true},
	{.name = "recheck",
	 .set = config_set_seconds,
	 .offset = offsetof(struct access_policy, recheck_s),
	 .max = 24 * HOUR},
	{.name = "unchecked", .set = config_set_bool, .offset = offsetof(struct access_policy, unchecked)},
	{.name = "sign_in_age",
	 .set = config_set_seconds,
	 .offset = offsetof(struct access_policy, sign_in_age_s),
	 .max = 24 * 90 * HOUR},
	{.name = "remember",
	 .set = config_set_seconds,
	 .offset = offsetof(struct access_policy, remember_s),
	 .max = 24 * HOUR},
	{.name = "offline_max_age",
	 .set = config_set_seconds,
	 .offset = offsetof(struct access_policy, offline_max_age_s),
	 .max = 24 * 30 * HOUR},
	{.name = "offline_pin", .set = config_set_bool, .offset = offsetof(struct access_policy, offline_pin)},
	{0},
};

static const struct config_key keys_of_group[] = {
	{.name = "claim_values",
	 .set = config_set_words,
	 .offset = offsetof(struct group_rule, claim_values),
	 .is_list = true},
	{.name = "provider",
	 .set = config_set_text,
	 .offset = offsetof(struct group_rule, provider),
	 .max = SECTION_NAME_MAX},
	{.name = "gid",
	 .set = config_set_number,
	 .offset = offsetof(struct group_rule, gid),
	 .min = 1000,
	 .max = INT32_MAX},
	{.name = "local", .set = config_set_bool, .offset = offsetof(struct group_rule, is_local)},
	{0},
};

/* In [access] alone: all sections judge by the same claim. */
static const struct config_key group_claim_key = {.name = "group_claim",
						  .set = config_set_text,
						  .offset = offsetof(struct config, access.group_claim),
						  .max = 255};

int config_take(const struct config_target *t, const struct config_key *table, uint64_t *seen, const char *section,
		const char *name, const char *value, char *why)
{
	for (size_t i = 0; table[i].name; i++) {
		if (strcmp(table[i].name, name) != 0)
			continue;
		if (value[0] == '\0')
			return config_refuse(why, "%s has no value", name);
		if ((*seen & (UINT64_C(1) << i)) && !table[i].is_list)
			return config_refuse(why, "%s was set before in [%s]", name, section);
		*seen |= UINT64_C(1) << i;
		return table[i].set(t, &table[i], value, why);
	}
	return config_refuse(why, "unknown key '%s' in [%s]", name, section);
}

bool config_is_section_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");

	return len > 0 && len <= SECTION_NAME_MAX && name[len] == '\0';
}

static int find_provider(struct config *c, const char *name, size_t *ret, char *why)
{
	struct provider_config *p;

	if (!config_is_section_name(name))
		return config_refuse(why, "a provider's name has 1 to 32 letters, digits, '_', '-', '.'");
	for (size_t i = 0; i < c->n_providers; i++) {
		if (strcmp(c->providers[i].settings.name, name) == 0) {
			*ret = i;
			return 0;
		}
	}
	if (c->n_providers == CONFIG_PROVIDERS_MAX)
		return config_refuse(why, "more than %u providers", CONFIG_PROVIDERS_MAX);
	p = &c->providers[c->n_providers];
	p->settings.name = strdup(name);
	if (!p->settings.name)
		return -ENOMEM;
	p->settings.fetch.name = p->settings.name;
	*ret = c->n_providers++;
	return 0;
}

/* @service: NULL for [access] itself. */
static int find_policy(struct config *c, const char *service, size_t *ret, char *why)
{
	struct access_policy *p;

	if (service && !config_is_section_name(service))
		return config_refuse(why, "a service's name has 1 to 32 letters, digits, '_', '-', '.'");
	for (size_t i = 0; i < c->access.n_policies; i++) {
		const char *other = c->access.policies[i].service;

		if (service ? other && strcmp(other, service) == 0 : !other) {
			*ret = i;
			return 0;
		}
	}
	if (c->access.n_policies == CONFIG_POLICIES_MAX)
		return config_refuse(why, "more than %u [access] sections", CONFIG_POLICIES_MAX);
	p = &c->access.policies[c->access.n_policies];
	if (service) {
		p->service = strdup(service);
		if (!p->service)
			return -ENOMEM;
	}
	p->recheck_s = 5 * 60;
	p->sign_in_age_s = ACCESS_ANY_AGE;
	*ret = c->access.n_policies++;
	return 0;
}

static int find_group(struct config *c, const char *name, size_t *ret, char *why)
{
	struct group_rules *g = &c->accounts.groups;

	if (!config_is_section_name(name))
		return config_refuse(why, "a group's name has 1 to 32 letters, digits, '_', '-', '.'");
	for (size_t i = 0; i < g->n; i++) {
		if (strcmp(g->rules[i].name, name) == 0) {
			*ret = i;
			return 0;
		}
	}
	if (g->n == GROUP_RULES_MAX)
		return config_refuse(why, "more than %u [group] sections", GROUP_RULES_MAX);
	g->rules[g->n].name = strdup(name);
	if (!g->rules[g->n].name)
		return -ENOMEM;
	*ret = g->n++;
	return 0;
}

static int take_provider(struct config_draft *d, const char *section, const char *key, const char *value, char *why)
{
	struct config_target t = {.draft = d};
	int r = find_provider(d->config, section + strlen("provider "), &t.index, why);

	if (r < 0)
		return r;
	t.base = &d->config->providers[t.index];
	return config_take(&t, keys_of_provider, &d->seen_provider[t.index], section, key, value, why);
}

static int take_group(struct config_draft *d, const char *section, const char *key, const char *value, char *why)
{
	struct config_target t = {.draft = d};
	int r = find_group(d->config, section + strlen("group "), &t.index, why);

	if (r < 0)
		return r;
	t.base = &d->config->accounts.groups.rules[t.index];
	return config_take(&t, keys_of_group, &d->seen_group[t.index], section, key, value, why);
}

static int take_access(struct config_draft *d, const char *section, const char *key, const char *value, char *why)
{
	const char *service = section[strlen("access")] ? section + strlen("access ") : NULL;
	struct config_target t = {.draft = d};
	int r;

	if (!service && strcmp(key, group_claim_key.name) == 0) {
		const struct config_key table[] = {group_claim_key, {0}};
		uint64_t seen = d->config->access.group_claim != NULL;

		t.base = d->config;
		return config_take(&t, table, &seen, section, key, value, why);
	}
	r = find_policy(d->config, service, &t.index, why);
	if (r < 0)
		return r;
	t.base = &d->config->access.policies[t.index];
	return config_take(&t, keys_of_access, &d->seen_policy[t.index], section, key, value, why);
}

static int take_line(struct config_draft *d, const char *section, const char *key, const char *value, char *why)
{
	struct config_target t = {.draft = d, .base = d->config};

	if (strcmp(section, "latchkey") == 0)
		return config_take(&t, keys_of_latchkey, &d->seen_latchkey, section, key, value, why);
	if (strcmp(section, "accounts") == 0) {
		t.base = &d->config->accounts;
		return config_take(&t, keys_of_accounts, &d->seen_accounts, section, key, value, why);
	}
	if (strcmp(section, "limits") == 0) {
		t.base = &d->config->limits;
		return config_take(&t, keys_of_limits, &d->seen_limits, section, key, value, why);
	}
	if (text_has_prefix(section, "provider "))
		return take_provider(d, section, key, value, why);
	if (text_has_prefix(section, "group "))
		return take_group(d, section, key, value, why);
	if (text_has_prefix(section, "local-account "))
		return config_take_local_account(d, section, key, value, why);
	if (text_has_prefix(section, "service-account "))
		return config_take_service_account(d, section, key, value, why);
	if (strcmp(section, "access") == 0 || text_has_prefix(section, "access "))
		return take_access(d, section, key, value, why);
	return config_refuse(why, "unknown section [%s]", section);
}

int config_take_key(void *userdata, const char *section, const char *key, const char *value, char *why, size_t why_size)
{
	char reason[CONFIG_WHY_MAX] = "out of memory";
	int r = take_line(userdata, section, key, value, reason);

	if (r < 0 && why_size > 0) {
		size_t len = strnlen(reason, why_size - 1);

		memcpy(why, reason, len);
		why[len] = '\0';
	}
	return r;
}
