/* SPDX-License-Identifier: MIT */
/* What a section asks of a sign-in beyond who it is: how old it may be, and which way it goes. A restriction that no provider
 * could fulfil is a fault: it would look like one while nobody gets in, or like none. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "helper/base/text.h"
#include "helper/daemon/config_internal.h"

#define SECTION_SIZE 64u

int config_set_max_age(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	struct access_policy *p = t->base;

	p->has_max_age = true;
	return config_set_seconds(t, key, value, why);
}

static int add_method(struct access_policy *p, const char *name, char *why)
{
	enum flow_method method;

	if (flow_find(&method, name) < 0)
		return config_refuse(why, "method knows device, ciba and code, not '%.64s'", name);
	for (size_t i = 0; i < p->n_methods; i++)
		if (p->methods[i] == method)
			return config_refuse(why, "method names %s twice", name);
	p->methods[p->n_methods++] = method;
	return 0;
}

int config_set_methods(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	LK_CLEANUP(text_free_listp) char **words = NULL;
	int r = text_split(&words, value, CONFIG_WORDS_MAX);

	if (r == -E2BIG)
		return config_refuse(why, "%s has more than %u words", key->name, CONFIG_WORDS_MAX);
	for (size_t i = 0; r == 0 && words[i]; i++)
		r = add_method(t->base, words[i], why);
	return r;
}

static void name_section(const struct access_policy *p, char out[SECTION_SIZE])
{
	(void)snprintf(out, SECTION_SIZE, p->service ? "[access %s]" : "[access]", p->service);
}

static bool has_method(const struct access_policy *p, enum flow_method method)
{
	for (size_t i = 0; i < p->n_methods; i++)
		if (p->methods[i] == method)
			return true;
	return false;
}

static bool can_tell_how(const struct config *c)
{
	for (size_t i = 0; i < c->n_providers; i++)
		if (c->providers[i].settings.dialect->has_id_token)
			return true;
	return false;
}

/* CB-01: an authentication request always comes from a client that authenticates. */
static bool can_push(const struct config *c)
{
	for (size_t i = 0; i < c->n_providers; i++)
		if (c->providers[i].settings.client_auth != CLIENT_AUTH_NONE)
			return true;
	return false;
}

static bool can_send_back(const struct config *c)
{
	for (size_t i = 0; i < c->n_providers; i++)
		if (c->providers[i].settings.redirect_uri)
			return true;
	return false;
}

int config_check_step_up(const struct config *c, char *why)
{
	char section[SECTION_SIZE];

	for (size_t i = 0; i < c->access.n_policies; i++) {
		const struct access_policy *p = &c->access.policies[i];

		name_section(p, section);
		if ((p->has_max_age || p->acr || p->amr) && !can_tell_how(c))
			return config_refuse(why,
					     "%s: max_age, acr and amr need an ID token, and no provider here has "
					     "one: nobody could get in",
					     section);
		if (has_method(p, FLOW_CIBA) && !can_push(c))
			return config_refuse(
				why,
				"%s: method ciba needs a provider whose client authenticates: nobody could "
				"be asked",
				section);
		if (has_method(p, FLOW_CODE) && !can_send_back(c))
			return config_refuse(
				why,
				"%s: method code needs a provider with a redirect_uri: no browser could be "
				"sent back",
				section);
	}
	return 0;
}

void config_note_step_up(const struct config *c, config_note_fn note, void *userdata)
{
	char section[SECTION_SIZE], text[INI_FAULT_MAX];

	for (size_t i = 0; note && i < c->access.n_policies; i++) {
		const struct access_policy *p = &c->access.policies[i];

		if (!has_method(p, FLOW_CIBA) || has_method(p, FLOW_DEVICE))
			continue;
		name_section(p, section);
		(void)snprintf(text, sizeof(text),
			       "%s: method=ciba alone: only people who have signed in before can sign in by it",
			       section);
		note(userdata, text);
	}
}
