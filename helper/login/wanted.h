/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>

#include "helper/accounts/name.h"
#include "helper/login/policy.h"

/* Which claims a decision needs, so that userinfo is asked only when an ID token lacks one of them. */

#define WANTED_MAX 8u
#define WANTED_NAME_MAX 63u

struct wanted_claims {
	const char *names[WANTED_MAX + 1]; /* NULL-terminated, into the texts below */
	char texts[WANTED_MAX][WANTED_NAME_MAX + 1];
};

/**
 * wanted_claims_init() - the top-level claims that a sign-in needs; a JSON pointer counts by its first token
 * @is_known: the identity has an account: its name and full name need not be told again
 * A claim name of more than WANTED_NAME_MAX bytes is left out: its absence can only refuse.
 */
void wanted_claims_init(struct wanted_claims *w, const struct access_rules *access, const char *name_claim,
			const char *gecos_claim, bool is_known);

/** wanted_claims_add() - one more, which may be NULL */
void wanted_claims_add(struct wanted_claims *w, const char *claim);

/**
 * wanted_groups() - the values of the group claim that mean something for the people of one provider, each once
 * @ret: NULL-terminated, text_free_list(); set only on 0. Return: 0, -ENOMEM.
 */
int wanted_groups(char ***ret, const struct access_rules *access, const char *issuer);

/**
 * wanted_read_claim() - a text claim by member name, or by JSON pointer (RFC 6901) when @claim starts with '/'
 * Return: 0, -ENOENT, -EBADMSG. *ret belongs to @claims.
 */
int wanted_read_claim(struct json_object *claims, const char *claim, size_t max_len, const char **ret);

/**
 * wanted_read_name() - the account name that a provider's rule makes of somebody's claims
 * @email: NULL unless verified
 * @out, @why: as in name_from_claim()
 * Return: 0, -EINVAL with @why filled.
 */
int wanted_read_name(struct json_object *claims, const struct name_rule *names, const char *email, char *out,
		     char *why);
