/* SPDX-License-Identifier: MIT */
/*
 * Says which claims the policy and the name rule will look at. A claim that is not listed here costs nobody a request;
 * one that is missing in the end can only lead to a refusal.
 */
#include "helper/login/wanted.h"

#include <errno.h>
#include <string.h>

#include "helper/base/json.h"

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
		by_group |= access->policies[i].groups != NULL;
		by_domain |= access->policies[i].domains != NULL;
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
