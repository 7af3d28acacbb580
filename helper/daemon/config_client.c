/* SPDX-License-Identifier: MIT */
/* How this host proves itself to a provider: which of the keys of a section go with which method. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/text.h"
#include "helper/daemon/config_internal.h"
#include "helper/jose/signing_key.h"

static const char *const words[] = {
	[CLIENT_AUTH_NONE] = "none",
	[CLIENT_AUTH_BASIC] = "basic",
	[CLIENT_AUTH_POST] = "post",
	[CLIENT_AUTH_MTLS] = "mtls",
	[CLIENT_AUTH_PRIVATE_KEY_JWT] = "private_key_jwt",
};

int config_set_client_auth(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	struct provider_config *p = t->base;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(value, words[i]) == 0) {
			p->settings.client_auth = (enum client_auth)i;
			t->draft->has_client_auth[t->index] = true;
			return 0;
		}
	}
	return config_refuse(why, "%s must be none, basic, post, private_key_jwt or mtls", key->name);
}

int config_set_client(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	struct provider_config *p = t->base;

	if (strcmp(value, "enrolled") != 0 && strcmp(value, "configured") != 0)
		return config_refuse(why, "%s must be configured or enrolled", key->name);
	p->settings.is_enrolled = strcmp(value, "enrolled") == 0;
	return 0;
}

int config_set_client_key(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	struct config_target into_draft = {.draft = t->draft, .base = &t->draft->client_keys[t->index]};

	if (!signing_source_is_valid(value))
		return config_refuse(
			why, "%s must be a key's name, an absolute path, credential:NAME, pkcs11:... or tpm:...",
			key->name);
	return config_set_text(&into_draft, key, value, why);
}

int config_set_client_key_algorithm(const struct config_target *t, const struct config_key *key, const char *value,
				    char *why)
{
	enum jws_algorithm algorithm = jws_algorithm_from_name(value);

	if (algorithm == JWS_NONE || !signing_algorithm_is_known(algorithm))
		return config_refuse(why, "%s must be RS256, PS256, ES256, ES384 or EdDSA", key->name);
	t->draft->client_key_algorithms[t->index] = algorithm;
	return 0;
}

/* Absolute, or a credential of latchkey-fetch's own unit: that process reads it. */
static bool is_tls_source(const char *text)
{
	return text[0] == '/' || text_has_prefix(text, "credential:");
}

int config_set_certificate(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	if (!is_tls_source(value))
		return config_refuse(why, "%s must be an absolute path or credential:NAME", key->name);
	return config_set_text(t, key, value, why);
}

/* Where nothing says how, what there is to prove it with does. */
static void default_method(struct config_draft *d, size_t i)
{
	struct provider_settings *s = &d->config->providers[i].settings;

	if (d->has_client_auth[i])
		return;
	if (d->secret_files[i])
		s->client_auth = s->dialect->secret_at_poll_only ? CLIENT_AUTH_POST : CLIENT_AUTH_BASIC;
	else if (s->fetch.client_certificate)
		s->client_auth = CLIENT_AUTH_MTLS;
	else if (d->client_keys[i])
		s->client_auth = CLIENT_AUTH_PRIVATE_KEY_JWT;
}

static int check_secret(const struct config_draft *d, size_t i, char *why)
{
	const struct provider_settings *s = &d->config->providers[i].settings;
	bool has_secret = d->secret_files[i] != NULL;
	bool needs_secret = s->client_auth == CLIENT_AUTH_BASIC || s->client_auth == CLIENT_AUTH_POST;

	if (!needs_secret && has_secret)
		return config_refuse(why, "[provider %s]: client_auth=%s, yet there is a client_secret_file", s->name,
				     words[s->client_auth]);
	if (needs_secret && !has_secret)
		return config_refuse(why, "[provider %s]: client_auth needs a client_secret_file", s->name);
	if (s->dialect->secret_at_poll_only && !has_secret)
		return config_refuse(why, "[provider %s]: dialect %s needs a client_secret_file", s->name,
				     s->dialect->name);
	return 0;
}

static int check_key(struct config_draft *d, size_t i, char *why)
{
	struct provider_settings *s = &d->config->providers[i].settings;
	bool needs_key = s->client_auth == CLIENT_AUTH_PRIVATE_KEY_JWT || s->client_auth == CLIENT_AUTH_MTLS;
	bool needs_certificate = s->client_auth == CLIENT_AUTH_MTLS;
	bool is_signing = s->client_auth == CLIENT_AUTH_PRIVATE_KEY_JWT;

	if (needs_key != (d->client_keys[i] != NULL))
		return config_refuse(why, "[provider %s]: client_auth=%s and %s client_key", s->name,
				     words[s->client_auth], needs_key ? "no" : "yet a");
	if (needs_certificate != (s->fetch.client_certificate != NULL))
		return config_refuse(why, "[provider %s]: client_auth=%s and %s client_certificate", s->name,
				     words[s->client_auth], needs_certificate ? "no" : "yet a");
	if (!is_signing && (d->client_key_algorithms[i] != JWS_NONE || s->client_assertion_audience))
		return config_refuse(why,
				     "[provider %s]: client_key_algorithm and client_assertion_audience are for "
				     "client_auth=private_key_jwt",
				     s->name);
	if (!needs_certificate)
		return 0;
	if (!is_tls_source(d->client_keys[i]))
		return config_refuse(
			why,
			"[provider %s]: client_auth=mtls: latchkey-fetch reads client_key, so it must be an "
			"absolute path or credential:NAME of that service",
			s->name);
	s->fetch.client_key = LK_STEAL(d->client_keys[i]);
	return 0;
}

/* What the provider gives is stored, and nothing of it may stand here. */
static int check_enrolled(struct config_draft *d, size_t i, char *why)
{
	struct provider_config *p = &d->config->providers[i];
	struct provider_settings *s = &p->settings;
	char name[SIGNING_NAME_MAX + 1];

	if (s->client_id || d->secret_files[i] || s->fetch.client_certificate)
		return config_refuse(why,
				     "[provider %s]: client=enrolled, yet there is a client_id, client_secret_file or "
				     "client_certificate",
				     s->name);
	if (!d->has_client_auth[i])
		s->client_auth = CLIENT_AUTH_PRIVATE_KEY_JWT;
	if (s->client_auth == CLIENT_AUTH_MTLS || s->dialect->secret_at_poll_only)
		return config_refuse(why, "[provider %s]: such a client cannot be enrolled", s->name);
	if (s->client_auth != CLIENT_AUTH_PRIVATE_KEY_JWT &&
	    (d->client_keys[i] || d->client_key_algorithms[i] != JWS_NONE || s->client_assertion_audience))
		return config_refuse(why, "[provider %s]: client_auth=%s and yet a client_key", s->name,
				     words[s->client_auth]);
	(void)snprintf(name, sizeof(name), "client-%s", s->name);
	for (char *at = name; *at; at++)
		if (*at == '.')
			*at = '-';
	p->client_key = d->client_keys[i] ? LK_STEAL(d->client_keys[i]) : strdup(name);
	p->client_key_algorithm = d->client_key_algorithms[i];
	s->client_id = strdup("");
	return p->client_key && s->client_id ? 0 : -ENOMEM;
}

int config_check_client(struct config_draft *d, size_t i, char *why)
{
	const struct provider_settings *s = &d->config->providers[i].settings;
	int r;

	if (s->is_enrolled)
		return check_enrolled(d, i, why);
	if (!s->client_id)
		return config_refuse(why, "[provider %s]: client_id is missing", s->name);
	default_method(d, i);
	r = check_secret(d, i, why);
	return r < 0 ? r : check_key(d, i, why);
}

int config_load_client_key(struct config_draft *d, size_t i, char *why)
{
	struct signing_places places = {.keys = CONFIG_KEYS_FOLDER, .credentials = getenv("CREDENTIALS_DIRECTORY")};
	struct provider_settings *s = &d->config->providers[i].settings;
	int r;

	if (!d->client_keys[i])
		return 0;
	r = signing_key_new(&s->client_key, d->client_keys[i], d->client_key_algorithms[i], &places);
	if (r == 0 || r == -ENOMEM)
		return r;
	return config_refuse(why, "[provider %s]: client_key %.100s: %s", s->name, d->client_keys[i], signing_text(r));
}
