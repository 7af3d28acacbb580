/* SPDX-License-Identifier: MIT */
/*
 * Says which claims the policy and the name rule will look at. A claim that is not listed here costs nobody a request;
 * one that is missing in the end can only lead to a refusal.
 */
#include "helper/login/wanted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/base/text.h"

static void want(struct wanted_claims *w, size_t *n, const char *claim)
{
	size_t len;

	if (claim == NULL || *n >= WANTED_MAX)
		return;
	if (claim[0] == '/')
		len = strcspn(++claim, "/");
	else
		len = strlen(claim); /* Auth0 names its claims by URLs */
	if (len == 0 || len > WANTED_NAME_MAX)
		return;

	memcpy(w->texts[*n], claim, len);
	w->texts[*n][len] = '\0';
	w->names[*n] = w->texts[*n];
	w->names[++*n] = NULL;
}

void wanted_claims_init(struct wanted_claims *w, const struct access_rules *access, const char *name_claim,
			const char *gecos_claim, bool is_known)
{
	bool by_group = false;
	bool by_domain = false;
	size_t n = 0;

	memset(w, 0, sizeof(*w));
	for (size_t i = 0; i < access->n_policies; i++) {
		const struct access_policy *p = &access->policies[i];

		by_group |= p->groups != NULL || p->require_groups != NULL || p->provider_groups != NULL ||
			    p->require_provider_groups != NULL;
		by_domain |= p->domains != NULL || p->provider_domains != NULL;
	}

	if (!is_known) {
		want(w, &n, name_claim);
		want(w, &n, gecos_claim);
		by_domain |= n > 0 && strcmp(w->texts[0], "email") == 0;
	}
	by_group |= access->groups != NULL && access->groups->n > 0;
	if (by_group)
		want(w, &n, access->group_claim != NULL ? access->group_claim : "groups");
	if (by_domain) {
		want(w, &n, "email");
		want(w, &n, "email_verified");
	}
}

void wanted_claims_add(struct wanted_claims *w, const char *claim)
{
	size_t n = 0;

	while (w->names[n] != NULL)
		n++;
	want(w, &n, claim);
}

/* @has_provider: they are "PROVIDER:VALUE" */
static int add_values(char ***list, size_t *n, char *const *values, bool has_provider)
{
	for (; values != NULL && *values != NULL; values++) {
		const char *value = has_provider ? strchr(*values, ':') + 1 : *values;
		char **grown;

		if (text_in_list(*list, value))
			continue;
		grown = reallocarray(*list, *n + 2, sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		*list = grown;
		grown[*n] = strdup(value);
		grown[*n + 1] = NULL;
		if (grown[(*n)++] == NULL)
			return -ENOMEM;
	}
	return 0;
}

int wanted_groups(char ***ret, const struct access_rules *access, const char *issuer)
{
	LK_CLEANUP(text_free_listp) char **list = calloc(1, sizeof(*list));
	size_t n = 0;
	int r = list != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < access->n_policies; i++) {
		const struct access_policy *p = &access->policies[i];

		r = add_values(&list, &n, p->groups, false);
		if (r == 0)
			r = add_values(&list, &n, p->require_groups, false);
		if (r == 0)
			r = add_values(&list, &n, p->provider_groups, true);
		if (r == 0)
			r = add_values(&list, &n, p->require_provider_groups, true);
	}
	for (size_t i = 0; r == 0 && access->groups != NULL && i < access->groups->n; i++)
		if (strcmp(access->groups->rules[i].issuer, issuer) == 0)
			r = add_values(&list, &n, access->groups->rules[i].claim_values, false);
	if (r == 0)
		*ret = LK_STEAL(list);
	return r;
}

int wanted_read_claim(struct json_object *claims, const char *claim, size_t max_len, const char **ret)
{
	struct json_object *value = NULL;
	int len;

	if (claim[0] != '/')
		return json_read_string(claims, claim, max_len, ret);

	if (json_pointer_get(claims, claim, &value) != 0 || value == NULL)
		return -ENOENT;
	if (!json_object_is_type(value, json_type_string))
		return -EBADMSG;
	len = json_object_get_string_len(value);
	if (len <= 0 || (size_t)len > max_len || strlen(json_object_get_string(value)) != (size_t)len)
		return -EBADMSG;
	*ret = json_object_get_string(value);
	return 0;
}

static bool is_email(const char *claim)
{
	return strcmp(claim, "email") == 0 || strcmp(claim, "/email") == 0;
}

int wanted_read_name(struct json_object *claims, const struct name_rule *names, const char *email, char *out, char *why)
{
	const char *claim;

	if (wanted_read_claim(claims, names->claim, 256, &claim) != 0) {
		memcpy(why, "the name claim is missing", sizeof("the name claim is missing"));
		return -EINVAL;
	}
	/* I5: anybody can write somebody else's address into a profile. */
	if (is_email(names->claim) && email == NULL) {
		memcpy(why, "the address that makes the name is not verified",
		       sizeof("the address that makes the name is not verified"));
		return -EINVAL;
	}
	return name_from_claim(out, claim, strlen(claim), names, why);
}
