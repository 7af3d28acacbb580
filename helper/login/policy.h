/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "helper/accounts/groups.h"
#include "helper/oauth/flow.h"

/* Who may log in, and what must be true before a stranger can make the provider work. Pure: no clock, no network, no
 * store. Unset means nobody (I18). */

#define ACCESS_ANY_AGE UINT32_MAX

struct network {
	int family;
	uint8_t address[16];
	unsigned prefix_len;
};

/* One [access] or [access SERVICE] section. Lists are NULL-terminated, NULL when unset. A person is let in when any one
 * of the grants fits and all of the required groups do; a [access SERVICE] section replaces [access] as a whole for that
 * service. */
struct access_policy {
	char *service;           /* NULL: the default section */
	bool everyone;           /* whoever the provider lets approve this client */
	char **users;            /* local names */
	char **subjects;         /* "PROVIDER:SUBJECT" */
	char **domains;          /* of a verified e-mail address */
	char **groups;           /* values of the group claim */
	char **require_groups;   /* values of the group claim that a person must have besides a grant */
	char **provider_domains; /* the same three as "PROVIDER:VALUE": of that provider's people only */
	char **provider_groups;
	char **require_provider_groups;
	bool has_max_age;                       /* how long ago the person may have signed in at the provider: */
	uint32_t max_age_s;                     /* 0: for this very request */
	char **acr;                             /* one of these classes of sign-in there, in order of preference */
	char **amr;                             /* all of these means of signing in there */
	enum flow_method methods[FLOW_METHODS]; /* ways to sign in: the first that can be gone */
	size_t n_methods;                       /* 0: the device flow */
	bool before_start_public_key;           /* a code only after this connection proved a key */
	struct network *before_start_networks;  /* a code only for these clients; NULL: all */
	size_t n_before_start_networks;
	uint32_t remember_s;        /* for how long an approval counts for the same key or session; 0: once */
	uint32_t offline_max_age_s; /* provider unreachable: oldest word of its own that counts; 0: none */
	bool offline_pin;           /* then a PIN opens too */
	/* The account phase without a sign-in of its own: */
	uint32_t recheck_s;     /* how old the provider's yes may be; 0: it is asked each time */
	uint32_t sign_in_age_s; /* how old the last sign-in may be; ACCESS_ANY_AGE: no matter; 0: none counts */
	bool unchecked;         /* also where there is nothing to ask the provider with */
};

struct access_rules {
	struct access_policy *policies;
	size_t n_policies;
	char *group_claim;                /* member name or JSON pointer; NULL: "groups" */
	const struct group_rules *groups; /* whose values are facts too; NULL: none */
};

/* What a person is, from verified claims only. */
struct access_person {
	const char *name; /* local */
	const char *provider;
	const char *subject;
	const char *email; /* NULL unless verified */
	char *const *groups;
};

/** access_policy_for() - the section that governs @service; NULL when there is none: nobody */
const struct access_policy *access_policy_for(const struct access_rules *r, const char *service);

/** access_policy_could_allow() - could any person of this local name be let in by this section */
bool access_policy_could_allow(const struct access_policy *p, const char *name);

/** access_name_is_possible() - could any person of this local name be let in by any section (for NSS's placeholder) */
bool access_name_is_possible(const struct access_rules *r, const char *name);

/** access_has_pins() - does any section let a PIN in */
bool access_has_pins(const struct access_rules *r);

/** access_may_start() - may this connection have a code; @address textual or NULL, @has_public_key proved */
bool access_may_start(const struct access_policy *p, const char *address, bool has_public_key);

/** access_allows() - the decision; false for a NULL policy */
bool access_allows(const struct access_policy *p, const struct access_person *person);

/** network_parse() - "10.0.0.0/8", "::1". Return: 0, -EINVAL (also for host bits set). */
int network_parse(struct network *ret, const char *text);

/** networks_have() - is @text, a literal address, in one of them; false for NULL and for what is no address */
bool networks_have(const struct network *networks, size_t n_networks, const char *text);

#define ACCESS_LOGIN_HINT_MAX 255u

/** access_login_hint_claim() - the claim by which a provider wants people named; NULL: by the subject */
const char *access_login_hint_claim(const struct provider_settings *s);

/** access_facts() - the JSON object of facts stored with an account (email, email_verified, groups, login_hint), new
 *  reference;
 *  access_person_from_facts() - its reader; groups into @ret_groups (text_free_list()). Return: 0, -EBADMSG, -ENOMEM */
int access_facts(struct json_object **ret, const struct access_rules *r, struct json_object *claims,
		 const struct provider_settings *s);
int access_person_from_facts(struct access_person *ret, struct json_object *facts, char ***ret_groups);
