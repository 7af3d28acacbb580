/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which groups people are in: root's configuration names each group, and which values of the provider's claim mean it.
 * What else a provider says of groups is nobody's business. Pure: no store, no file. I13. */

#define GROUP_RULES_MAX 256u

/* One [group NAME] section. */
struct group_rule {
	char *name;          /* of the group on this host */
	char **claim_values; /* NULL-terminated: any one of them makes a member */
	char *provider;      /* as configured; NULL where there is only one */
	const char *issuer;  /* of that provider, borrowed: nobody else's people are meant */
	uint32_t gid;        /* of an own group; 0: the next free one of the range */
	bool is_local;       /* a group of /etc/group: NSS never carries it, pam_latchkey adds it to sessions */
};

struct group_rules {
	struct group_rule *rules;
	size_t n;
};

/* Which of the rules make somebody a member: bit n is rule n. */
struct membership {
	uint64_t bits[GROUP_RULES_MAX / 64];
};

bool membership_has(const struct membership *m, size_t rule);

/** group_rules_find() - the rule for the group of that name, or NULL */
const struct group_rule *group_rules_find(const struct group_rules *g, const char *name);

/** group_rules_want() - does any rule name this value; others are not kept with an account */
bool group_rules_want(const struct group_rules *g, const char *value);

/**
 * group_rules_apply() - which groups somebody is in
 * @issuer: of the person's identity, compared byte by byte
 * @facts:  JSON text as stored with the account
 * @ret:    in no group unless 0 is returned
 * Return: 0, -EBADMSG facts that cannot be read, -ENOMEM.
 */
int group_rules_apply(const struct group_rules *g, const char *issuer, const char *facts, struct membership *ret);

/**
 * group_facts_key() - the part of stored facts that membership follows from: same text, same issuer, same groups
 * Return: a pointer into @facts, up to their end; NULL where they put nobody into any group.
 */
const char *group_facts_key(const char *facts);
