/* SPDX-License-Identifier: MIT */
/*
 * Reads root's configuration into one struct, or refuses all of it: half a configuration never governs anything.
 * Secrets are read from their own files and never shown.
 */
#include "helper/daemon/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "helper/base/buf.h"
#include "helper/base/file.h"
#include "helper/base/text.h"
#include "helper/daemon/config_internal.h"
#include "helper/jose/signing_key.h"

#define SECRET_FILE_MAX 4096u

static void draft_done(struct config_draft *d)
{
	config_free(d->config);
	for (size_t i = 0; i < CONFIG_PROVIDERS_MAX; i++)
		free(d->secret_files[i]);
	for (size_t i = 0; i < CONFIG_PROVIDERS_MAX; i++)
		free(d->client_keys[i]);
	for (size_t i = 0; i < CONFIG_PROVIDERS_MAX; i++)
		free(d->directory_secret_files[i]);
	for (size_t i = 0; i < CONFIG_PROVIDERS_MAX; i++)
		free(d->events_token_files[i]);
}

static int draft_init(struct config_draft *d)
{
	struct config *c = calloc(1, sizeof(*c));

	memset(d, 0, sizeof(*d));
	if (!c)
		return -ENOMEM;
	d->config = c;
	c->providers = calloc(CONFIG_PROVIDERS_MAX, sizeof(*c->providers));
	c->access.policies = calloc(CONFIG_POLICIES_MAX, sizeof(*c->access.policies));
	c->accounts.groups.rules = calloc(GROUP_RULES_MAX, sizeof(*c->accounts.groups.rules));
	c->accounts.local_accounts.rules =
		calloc(LOCAL_ACCOUNTS_MAX + SERVICE_ACCOUNTS_MAX, sizeof(*c->accounts.local_accounts.rules));
	c->services.accounts = calloc(SERVICE_ACCOUNTS_MAX, sizeof(*c->services.accounts));
	if (!c->providers || !c->access.policies || !c->accounts.groups.rules || !c->accounts.local_accounts.rules ||
	    !c->services.accounts)
		return -ENOMEM;
	c->accounts.uid_min = ACCOUNTS_UID_MIN_DEFAULT;
	c->accounts.uid_max = ACCOUNTS_UID_MAX_DEFAULT;
	c->end_sessions = true;
	c->end_sessions_grace_s = 30;
	c->background_recheck_min_s = 60;
	c->background_recheck_max_s = 30 * 60;
	c->limits = (struct limit_config){
		.connections_per_uid = 64,
		.attempts = 2048,
		.attempts_per_uid = 4,
		.codes_per_address = 10,
		.codes_refill_s = 30,
	};
	return 0;
}

/* These belong to the configuration though others see them as constant. */
static void free_constant(const char *text)
{
	char *own;

	memcpy(&own, &text, sizeof(own));
	free(own);
}

static void provider_done(struct provider_config *p)
{
	struct provider_settings *s = &p->settings;

	free(s->name);
	free(s->issuer);
	free(s->client_id);
	secret_free(s->client_secret);
	signing_key_unref(s->client_key);
	free(s->client_assertion_audience);
	free(s->scope);
	free(s->redirect_uri);
	free(s->device_authorization_endpoint);
	free(s->authorization_endpoint);
	free(s->backchannel_authentication_endpoint);
	free(s->token_endpoint);
	free(s->userinfo_endpoint);
	free(s->jwks_uri);
	free(s->introspection_endpoint);
	free(s->login_hint_claim);
	free(s->token_handler);
	free(s->revocation_endpoint);
	free(s->registration_endpoint);
	free(s->group_check_endpoint);
	free(s->jwks_file);
	text_free_list(s->tenants);
	text_free_list(s->verification_hosts);
	token_rules_done(&p->tokens);
	free_constant(s->fetch.ca_file);
	free_constant(s->fetch.ca_directory);
	free_constant(s->fetch.proxy);
	free_constant(s->fetch.client_certificate);
	free_constant(s->fetch.client_key);
	free(p->names.claim);
	text_free_list(p->names.strip_domains);
	free(p->names.prefix);
	free(p->names.suffix);
	free(p->title);
	free(p->gecos_claim);
	free(p->uid_claim);
	free(p->gid_claim);
	free(p->directory.url);
	free(p->directory.client_id);
	secret_free(p->directory.client_secret);
	free(p->directory.scope);
	free(p->directory.filter);
	free(p->directory.tenant);
	free(p->events.endpoint);
	secret_free(p->events.token);
	free(p->events.issuer);
	free(p->events.audience);
	free(p->client_key);
}

static void policy_done(struct access_policy *p)
{
	free(p->service);
	text_free_list(p->users);
	text_free_list(p->subjects);
	text_free_list(p->domains);
	text_free_list(p->groups);
	text_free_list(p->require_groups);
	text_free_list(p->provider_domains);
	text_free_list(p->provider_groups);
	text_free_list(p->require_provider_groups);
	text_free_list(p->acr);
	text_free_list(p->amr);
	free(p->before_start_networks);
}

static void group_done(struct group_rule *g)
{
	free(g->name);
	text_free_list(g->claim_values);
	free(g->provider);
}

static void local_account_done(struct local_account_rule *l)
{
	free(l->name);
	free(l->subject);
	free(l->provider);
}

void config_free(struct config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_providers; i++)
		provider_done(&c->providers[i]);
	for (size_t i = 0; i < c->access.n_policies; i++)
		policy_done(&c->access.policies[i]);
	for (size_t i = 0; i < c->accounts.groups.n; i++)
		group_done(&c->accounts.groups.rules[i]);
	for (size_t i = 0; i < c->accounts.local_accounts.n; i++)
		local_account_done(&c->accounts.local_accounts.rules[i]);
	for (size_t i = 0; i < c->services.n; i++)
		service_account_done(&c->services.accounts[i]);
	free(c->providers);
	free(c->access.policies);
	free(c->accounts.groups.rules);
	free(c->accounts.local_accounts.rules);
	free(c->services.accounts);
	free(c->access.group_claim);
	free(c->accounts.home);
	free(c->accounts.shell);
	id_ranges_done(&c->accounts.migrated_ids);
	text_free_list(c->accounts.reserved_names);
	free(c->host);
	free(c->audit_file);
	free(c->logout_user);
	free(c);
}

const struct provider_config *config_provider_for(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->n_providers; i++)
		if (name_fits_rule(name, &c->providers[i].names))
			return &c->providers[i];
	return NULL;
}

static const char *secret_trouble(int r)
{
	switch (r) {
	case -EPERM:
		return "it must belong to root or the service, and nobody else may read it";
	case -ELOOP:
		return "it is a symbolic link";
	case -EINVAL:
		return "it is not a regular file";
	case -E2BIG:
		return "it is larger than 4 KiB";
	default:
		return strerrordesc_np(-r);
	}
}

/* One line; the newline that editors leave at its end is not part of it. @key: for the message */
static int read_secret(struct secret **ret, const char *key, const char *path, char *why)
{
	LK_CLEANUP(buf_done) struct buf content = {0};
	int r = file_read(&content, path, FILE_OWNER_ROOT_OR_SELF, FILE_PRIVATE, SECRET_FILE_MAX);

	if (r < 0) {
		snprintf(why, CONFIG_WHY_MAX, "%s %.100s: %s", key, path, secret_trouble(r));
		return r;
	}
	if (content.len > 0 && content.data[content.len - 1] == '\n')
		content.len--;
	if (content.len > 0 && content.data[content.len - 1] == '\r')
		content.len--;
	if (content.len == 0)
		return config_refuse(why, "%s %.100s is empty", key, path);
	for (size_t i = 0; i < content.len; i++)
		if (content.data[i] < ' ' || content.data[i] > '~')
			return config_refuse(why, "%s %.100s has more than one line of ASCII", key, path);
	return secret_new(ret, content.data, content.len);
}

static void note_secret(const char *key, const char *path, config_note_fn note, void *userdata)
{
	char text[INI_FAULT_MAX];
	struct stat st;

	if (!note || lstat(path, &st) < 0 || (st.st_mode & S_IRGRP) == 0)
		return;
	snprintf(text, sizeof(text), "%s %.300s can be read by its whole group", key, path);
	note(userdata, text);
}

static int take_secret(struct secret **ret, const struct provider_settings *s, const char *key, const char *path,
		       config_note_fn note, void *userdata, char *why)
{
	char reason[CONFIG_WHY_MAX] = "out of memory";
	int r;

	if (!path)
		return 0;
	r = read_secret(ret, key, path, reason);
	if (r < 0) {
		snprintf(why, CONFIG_WHY_MAX, "[provider %s]: %.200s", s->name, reason);
		return r;
	}
	note_secret(key, path, note, userdata);
	return 0;
}

static int read_secrets(struct config_draft *d, config_note_fn note, void *userdata, char *why)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < d->config->n_providers; i++) {
		struct provider_config *p = &d->config->providers[i];

		r = take_secret(&p->settings.client_secret, &p->settings, "client_secret_file", d->secret_files[i],
				note, userdata, why);
		if (r == 0)
			r = config_load_client_key(d, i, why);
		if (r == 0)
			r = take_secret(&p->directory.client_secret, &p->settings, "directory_client_secret_file",
					d->directory_secret_files[i], note, userdata, why);
		if (r == 0)
			r = take_secret(&p->events.token, &p->settings, "events_token_file", d->events_token_files[i],
					note, userdata, why);
	}
	return r;
}

/* @with_secrets: the real thing, with what else this machine has. */
static int finish(struct config **ret, struct config_draft *d, const char *name, bool with_secrets, config_note_fn note,
		  void *userdata, struct ini_fault *fault)
{
	char why[CONFIG_WHY_MAX] = "out of memory";
	int r;

	r = config_finish(d, note, userdata, why);
	if (r == 0 && with_secrets)
		r = read_secrets(d, note, userdata, why);
	if (r == 0 && with_secrets)
		r = config_check_home_base(d->config, "", why);
	if (r == 0 && with_secrets)
		r = config_check_local_users(d->config, "", note, userdata, why);
	if (r < 0) {
		snprintf(fault->text, sizeof(fault->text), "%.200s: %s", name, why);
		return r;
	}
	if (with_secrets) {
		config_note_shell(d->config, "", note, userdata);
		config_note_local_groups(d->config, "", note, userdata);
	}
	*ret = LK_STEAL(d->config);
	return 0;
}

int config_load(struct config **ret, const char *path, config_note_fn note, void *userdata, struct ini_fault *fault)
{
	LK_CLEANUP(draft_done) struct config_draft d = {0};
	int r;

	snprintf(fault->text, sizeof(fault->text), "out of memory");
	r = draft_init(&d);
	if (r == 0)
		r = ini_read_tree(path, config_take_key, &d, fault);
	return r < 0 ? r : finish(ret, &d, path, true, note, userdata, fault);
}

int config_load_text(struct config **ret, const char *text, size_t len, config_note_fn note, void *userdata,
		     struct ini_fault *fault)
{
	LK_CLEANUP(draft_done) struct config_draft d = {0};
	int r;

	snprintf(fault->text, sizeof(fault->text), "out of memory");
	r = draft_init(&d);
	if (r == 0)
		r = ini_read_text("latchkey.conf", text, len, config_take_key, &d, fault);
	return r < 0 ? r : finish(ret, &d, "latchkey.conf", false, note, userdata, fault);
}
