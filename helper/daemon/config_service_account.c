/* SPDX-License-Identifier: MIT */
/*
 * Reads and judges the [service-account NAME] sections: accounts that no person is behind, each with the grant that stands
 * for it at a provider, the services that it may open, and what it may present at the door.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "helper/base/text.h"
#include "helper/daemon/config_internal.h"
#include "helper/oauth/dialect.h"
#include "helper/oauth/uri.h"

#define SECTION "service-account "
#define PROVIDER_NAME_MAX 32u
#define PLACE_MAX 1024u

struct word {
	const char *text;
	unsigned int value;
};

static const struct word grants[] = {
	{"jwt-bearer", SERVICE_GRANT_JWT_BEARER},
	{"client-credentials", SERVICE_GRANT_CLIENT_CREDENTIALS},
	{"none", SERVICE_GRANT_NONE},
	{0},
};

static const struct word kinds[] = {
	{"assertion", SERVICE_ACCEPTS_ASSERTION},
	{"workload", SERVICE_ACCEPTS_WORKLOAD},
	{"access-token", SERVICE_ACCEPTS_ACCESS_TOKEN},
	{"exchange", SERVICE_ACCEPTS_EXCHANGE},
	{0},
};

static const struct word *find_word(const struct word *words, const char *text)
{
	while (words->text && strcmp(words->text, text) != 0)
		words++;
	return words->text ? words : NULL;
}

static int set_grant(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	const struct word *w = find_word(grants, value);
	struct service_account *s = t->base;

	if (!w)
		return config_refuse(why, "%s must be jwt-bearer, client-credentials or none", key->name);
	s->grant = w->value;
	return 0;
}

static int set_algorithm(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	static const enum jws_algorithm can_sign[] = {JWS_RS256, JWS_PS256, JWS_ES256, JWS_ES384, JWS_EDDSA};
	struct service_account *s = t->base;

	s->algorithm = jws_algorithm_from_name(value);
	for (size_t i = 0; i < sizeof(can_sign) / sizeof(can_sign[0]); i++)
		if (s->algorithm == can_sign[i])
			return 0;
	return config_refuse(why, "%s must be RS256, PS256, ES256, ES384 or EdDSA", key->name);
}

/* Judges each word of @value and hands the list on. */
static int take_words(const struct config_target *t, const struct config_key *key, const char *value, char *why,
		      int (*take)(struct service_account *s, const char *word))
{
	LK_CLEANUP(text_free_listp) char **words = NULL;
	int r = text_split(&words, value, CONFIG_WORDS_MAX);

	if (r == -E2BIG)
		return config_refuse(why, "%s has more than %u words", key->name, CONFIG_WORDS_MAX);
	for (size_t i = 0; r == 0 && words[i]; i++)
		if (take(t->base, words[i]) < 0)
			r = config_refuse(why, "%s: '%.64s' is not known here", key->name, words[i]);
	return r;
}

static int take_kind(struct service_account *s, const char *word)
{
	const struct word *w = find_word(kinds, word);

	s->accepts |= w ? w->value : 0;
	return w ? 0 : -EINVAL;
}

static int set_accepts(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	return take_words(t, key, value, why, take_kind);
}

static int check_service(struct service_account *s, const char *word)
{
	(void)s;
	return config_is_section_name(word) ? 0 : -EINVAL;
}

static int set_services(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	int r = take_words(t, key, value, why, check_service);

	return r < 0 ? r : config_set_words(t, key, value, why);
}

static int check_claim(struct service_account *s, const char *word)
{
	const char *equals = strchr(word, '=');

	(void)s;
	return equals && equals != word && equals[1] != '\0' ? 0 : -EINVAL;
}

static int set_claims(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	int r = take_words(t, key, value, why, check_claim);

	return r < 0 ? r : config_set_words(t, key, value, why);
}

static int set_from(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	struct service_account *s = t->base;

	return config_add_networks(&s->from, &s->n_from, key, value, why);
}

static const struct config_key keys_of_service_account[] = {
	{.name = "provider",
	 .set = config_set_text,
	 .offset = offsetof(struct service_account, provider),
	 .max = PROVIDER_NAME_MAX},
	{.name = "grant", .set = set_grant},
	{.name = "subject", .set = config_set_text, .offset = offsetof(struct service_account, subject), .max = 255},
	{.name = "identity_subject",
	 .set = config_set_text,
	 .offset = offsetof(struct service_account, identity_subject),
	 .max = 255},
	{.name = "client_id",
	 .set = config_set_text,
	 .offset = offsetof(struct service_account, client_id),
	 .max = 255},
	{.name = "key", .set = config_set_text, .offset = offsetof(struct service_account, key), .max = PLACE_MAX},
	{.name = "algorithm", .set = set_algorithm},
	{.name = "audience",
	 .set = config_set_text,
	 .offset = offsetof(struct service_account, audience),
	 .max = PLACE_MAX},
	{.name = "scope", .set = config_set_text, .offset = offsetof(struct service_account, scope), .max = 1024},
	{.name = "services",
	 .set = set_services,
	 .offset = offsetof(struct service_account, services),
	 .is_list = true},
	{.name = "from", .set = set_from, .is_list = true},
	{.name = "accepts", .set = set_accepts, .is_list = true},
	{.name = "assertion_keys",
	 .set = config_set_path,
	 .offset = offsetof(struct service_account, assertion_keys),
	 .max = PLACE_MAX},
	{.name = "assertion_jwks_uri",
	 .set = config_set_text,
	 .offset = offsetof(struct service_account, assertion_jwks_uri),
	 .max = PLACE_MAX},
	{.name = "assertion_issuer",
	 .set = config_set_text,
	 .offset = offsetof(struct service_account, assertion_issuer),
	 .max = PLACE_MAX},
	{.name = "assertion_subject",
	 .set = config_set_text,
	 .offset = offsetof(struct service_account, assertion_subject),
	 .max = 255},
	{.name = "assertion_to_provider",
	 .set = config_set_bool,
	 .offset = offsetof(struct service_account, assertion_to_provider)},
	{.name = "presented_algorithms",
	 .set = config_set_algorithms,
	 .offset = offsetof(struct service_account, presented_algorithms),
	 .is_list = true},
	{.name = "jwks_ca_file",
	 .set = config_set_path,
	 .offset = offsetof(struct service_account, jwks_ca_file),
	 .max = PLACE_MAX},
	{.name = "workload_issuer",
	 .set = config_set_text,
	 .offset = offsetof(struct service_account, workload_issuer),
	 .max = PLACE_MAX},
	{.name = "workload_audience",
	 .set = config_set_text,
	 .offset = offsetof(struct service_account, workload_audience),
	 .max = PLACE_MAX},
	{.name = "workload_subject",
	 .set = config_set_text,
	 .offset = offsetof(struct service_account, workload_subject),
	 .max = PLACE_MAX},
	{.name = "workload_claims",
	 .set = set_claims,
	 .offset = offsetof(struct service_account, workload_claims),
	 .is_list = true},
	{.name = "token_clients",
	 .set = config_set_classes,
	 .offset = offsetof(struct service_account, token_clients),
	 .is_list = true},
	{.name = "token_audience",
	 .set = config_set_text,
	 .offset = offsetof(struct service_account, token_audience),
	 .max = PLACE_MAX},
	{.name = "token_scope",
	 .set = config_set_text,
	 .offset = offsetof(struct service_account, token_scope),
	 .max = 1024},
	{.name = "token_acr",
	 .set = config_set_classes,
	 .offset = offsetof(struct service_account, token_classes),
	 .is_list = true},
	{.name = "token_max_age",
	 .set = config_set_seconds,
	 .offset = offsetof(struct service_account, token_max_age_s),
	 .min = 1,
	 .max = 365 * 86400},
	{.name = "token_cache",
	 .set = config_set_seconds,
	 .offset = offsetof(struct service_account, token_cache_s),
	 .min = 0,
	 .max = 300},
	{.name = "exchange_issuer",
	 .set = config_set_text,
	 .offset = offsetof(struct service_account, exchange_issuer),
	 .max = PLACE_MAX},
	{.name = "exchange_token_type",
	 .set = config_set_token_type,
	 .offset = offsetof(struct service_account, exchange_token_type),
	 .max = 64},
	{.name = "exchange_audience",
	 .set = config_set_text,
	 .offset = offsetof(struct service_account, exchange_audience),
	 .max = PLACE_MAX},
	{.name = "exchange_scope",
	 .set = config_set_text,
	 .offset = offsetof(struct service_account, exchange_scope),
	 .max = 1024},
	{0},
};

static int find_section(struct config *c, const char *name, size_t *ret, char *why)
{
	struct service_accounts *s = &c->services;

	if (!name_is_valid(name, true, true))
		return config_refuse(why,
				     "[service-account %.40s]: not a name that Latchkey can carry: a-z, 0-9, '_', "
				     "'-', '.', '@', at most 32",
				     name);
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->accounts[i].name, name) == 0) {
			*ret = i;
			return 0;
		}
	}
	if (s->n == SERVICE_ACCOUNTS_MAX)
		return config_refuse(why, "more than %u [service-account] sections", SERVICE_ACCOUNTS_MAX);
	s->accounts[s->n].name = strdup(name);
	if (!s->accounts[s->n].name)
		return -ENOMEM;
	*ret = s->n++;
	return 0;
}

int config_take_service_account(struct config_draft *d, const char *section, const char *key, const char *value,
				char *why)
{
	struct config_target t = {.draft = d};
	int r = find_section(d->config, section + strlen(SECTION), &t.index, why);

	if (r < 0)
		return r;
	t.base = &d->config->services.accounts[t.index];
	return config_take(&t, keys_of_service_account, &d->seen_service_account[t.index], section, key, value, why);
}

/* --- once all of the file is there ---------------------------------------------------------------------------------- */

static const struct provider_config *find_provider(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->n_providers; i++)
		if (!name || strcmp(c->providers[i].settings.name, name) == 0)
			return &c->providers[i];
	return NULL;
}

static int check_name(const struct config *c, const struct service_account *s, char *why)
{
	if (strcmp(s->name, "root") == 0 || text_has_prefix(s->name, "systemd-"))
		return config_refuse(why, "[service-account %s]: nobody at a provider can be root, or one of systemd's",
				     s->name);
	if (local_accounts_find(&c->accounts.local_accounts, s->name))
		return config_refuse(why, "[service-account %s]: [local-account %s] gives it to a person", s->name,
				     s->name);
	for (size_t i = 0; i < c->access.n_policies; i++)
		if (text_in_list(c->access.policies[i].users, s->name))
			return config_refuse(why,
					     "[service-account %s]: [access] users names it too: what it may open "
					     "stands in services alone",
					     s->name);
	return 0;
}

/* A file, a key of this host's own, or one that never leaves its device or the service manager's keeping. */
static bool is_key_source(const char *text)
{
	static const char *const schemes[] = {"credential:", "pkcs11:", "tpm:"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (text_has_prefix(text, schemes[i]))
			return text[strlen(schemes[i])] != '\0';
	return text[0] == '/' || config_is_section_name(text);
}

static int check_grant(const struct service_account *s, const struct provider_settings *p, char *why)
{
	if (s->grant == SERVICE_GRANT_NONE && (s->key || s->algorithm != JWS_NONE || s->audience || s->scope))
		return config_refuse(why,
				     "[service-account %s]: grant=none: key, algorithm, audience and scope mean "
				     "nothing",
				     s->name);
	if (s->grant == SERVICE_GRANT_JWT_BEARER && !s->key && !s->assertion_to_provider)
		return config_refuse(why, "[service-account %s]: key is missing: nothing to sign an assertion with",
				     s->name);
	if (!s->key && (s->algorithm != JWS_NONE || (s->audience && !s->assertion_to_provider)))
		return config_refuse(why, "[service-account %s]: algorithm and audience mean nothing without a key",
				     s->name);
	if (s->key && !is_key_source(s->key))
		return config_refuse(why,
				     "[service-account %s]: key must be an absolute path, the name of a key of this "
				     "host, or begin with credential:, pkcs11: or tpm:",
				     s->name);
	if (s->grant != SERVICE_GRANT_CLIENT_CREDENTIALS && !s->subject)
		return config_refuse(why,
				     "[service-account %s]: subject is missing: whom should the provider grant "
				     "anything",
				     s->name);
	if (s->grant == SERVICE_GRANT_CLIENT_CREDENTIALS && !s->key && s->client_id)
		return config_refuse(why,
				     "[service-account %s]: client_id without a key: the provider's section has the "
				     "secret of its own client alone",
				     s->name);
	if (s->grant == SERVICE_GRANT_CLIENT_CREDENTIALS && !s->key && p->client_auth == CLIENT_AUTH_NONE)
		return config_refuse(why,
				     "[service-account %s]: grant=client-credentials needs a key, or a client that "
				     "proves itself in [provider %s]",
				     s->name, p->name);
	return 0;
}

static int check_url(const struct config *c, const struct service_account *s, const char *key, const char *url,
		     char *why)
{
	const char *fault = url ? uri_endpoint_fault(url, c->allow_insecure_loopback) : NULL;

	return fault ? config_refuse(why, "[service-account %s]: %s: %s", s->name, key, fault) : 0;
}

static int check_door(const struct config *c, const struct service_account *s, char *why)
{
	bool has_keys = s->assertion_keys || s->assertion_jwks_uri;
	int r = check_url(c, s, "assertion_jwks_uri", s->assertion_jwks_uri, why);

	if (r == 0)
		r = check_url(c, s, "workload_issuer", s->workload_issuer, why);
	if (r < 0)
		return r;
	if (s->assertion_keys && s->assertion_jwks_uri)
		return config_refuse(why, "[service-account %s]: assertion_keys and assertion_jwks_uri: one of them",
				     s->name);
	if (!has_keys && (s->assertion_issuer || s->assertion_subject || s->assertion_to_provider ||
			  (s->accepts & SERVICE_ACCEPTS_ASSERTION) != 0))
		return config_refuse(why, "[service-account %s]: assertions need assertion_keys or assertion_jwks_uri",
				     s->name);
	if (s->assertion_to_provider && s->grant != SERVICE_GRANT_JWT_BEARER)
		return config_refuse(why, "[service-account %s]: assertion_to_provider needs grant=jwt-bearer",
				     s->name);
	if (!s->workload_issuer && (s->workload_audience || s->workload_subject || s->workload_claims ||
				    (s->accepts & SERVICE_ACCEPTS_WORKLOAD) != 0))
		return config_refuse(why, "[service-account %s]: workload tokens need workload_issuer", s->name);
	/* Whoever has a pipeline there, anywhere in the world, has tokens of that issuer. */
	if (s->workload_issuer && (!s->workload_audience || !s->workload_subject))
		return config_refuse(why,
				     "[service-account %s]: workload_issuer needs workload_audience and "
				     "workload_subject",
				     s->name);
	return 0;
}

static int fill_in(struct service_account *s, const struct provider_config *p)
{
	int r = 0;

	s->issuer = p->settings.issuer;
	if (!s->provider)
		r = text_copy(&s->provider, p->settings.name);
	if (r == 0 && !s->client_id)
		r = text_copy(&s->client_id, p->settings.client_id);
	if (r == 0 && !s->subject)
		r = text_copy(&s->subject, s->client_id);
	if (r == 0 && !s->identity_subject)
		r = text_copy(&s->identity_subject, s->subject);
	if (s->presented_algorithms == 0)
		s->presented_algorithms =
			1u << JWS_RS256 | 1u << JWS_PS256 | 1u << JWS_ES256 | 1u << JWS_ES384 | 1u << JWS_EDDSA;
	if (s->accepts == 0) {
		s->accepts |= s->assertion_keys || s->assertion_jwks_uri ? SERVICE_ACCEPTS_ASSERTION : 0;
		s->accepts |= s->workload_issuer ? SERVICE_ACCEPTS_WORKLOAD : 0;
	}
	return r;
}

static int check_section(struct config *c, struct service_account *s, char *why)
{
	const struct provider_config *p = find_provider(c, s->provider);
	int r;

	if (!s->provider && c->n_providers > 1)
		return config_refuse(why, "[service-account %s]: provider is missing", s->name);
	if (!p)
		return config_refuse(why, "[service-account %s]: no provider is called '%s'", s->name, s->provider);
	r = check_name(c, s, why);
	if (r == 0)
		r = check_grant(s, &p->settings, why);
	if (r == 0)
		r = check_door(c, s, why);
	if (r == 0)
		r = config_check_service_tokens(s, &p->settings, why);
	return r < 0 ? r : fill_in(s, p);
}

/* One identity, one account: the log could not say which of the two it was. */
static int check_pair(const struct service_account *a, const struct service_account *b, char *why)
{
	if (strcmp(a->issuer, b->issuer) != 0 || strcmp(a->identity_subject, b->identity_subject) != 0)
		return 0;
	return config_refuse(why, "[service-account %s] and [service-account %s] are the same at the provider", a->name,
			     b->name);
}

/* For the accounts' side: the name is kept for it, and marked where /etc/passwd has it. */
static int add_rule(struct config *c, const struct service_account *s)
{
	struct local_account_rule rule = {.issuer = s->issuer, .is_service = true};
	struct local_account_rules *l = &c->accounts.local_accounts;
	int r = text_copy(&rule.name, s->name);

	if (r == 0)
		r = text_copy(&rule.subject, s->identity_subject);
	if (r == 0)
		r = text_copy(&rule.provider, s->provider);
	l->rules[l->n++] = rule;
	return r;
}

int config_check_service_accounts(struct config *c, char *why)
{
	struct service_accounts *s = &c->services;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n; i++)
		r = check_section(c, &s->accounts[i], why);
	for (size_t i = 0; r == 0 && i < s->n; i++)
		for (size_t j = i + 1; r == 0 && j < s->n; j++)
			r = check_pair(&s->accounts[i], &s->accounts[j], why);
	for (size_t i = 0; r == 0 && i < s->n; i++)
		r = add_rule(c, &s->accounts[i]);
	return r;
}

static void say(config_note_fn note, void *userdata, const char *name, const char *what)
{
	char text[INI_FAULT_MAX];

	(void)snprintf(text, sizeof(text), "[service-account %s]: %s", name, what);
	note(userdata, text);
}

void config_note_service_accounts(const struct config *c, config_note_fn note, void *userdata)
{
	for (size_t i = 0; note && i < c->services.n; i++) {
		const struct service_account *s = &c->services.accounts[i];

		if (!s->services)
			say(note, userdata, s->name, "services names none: it may open nothing");
		if (s->grant == SERVICE_GRANT_NONE)
			say(note, userdata, s->name,
			    "grant=none: the provider is never asked, so nobody there can end what it may");
		if (s->assertion_to_provider)
			say(note, userdata, s->name,
			    "assertion_to_provider=yes: this host could use an assertion elsewhere before it ends");
	}
}
