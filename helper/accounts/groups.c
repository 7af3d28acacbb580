/* SPDX-License-Identifier: MIT */
/*
 * From the facts of a sign-in to membership. A value means what root's configuration says it means, for the people of
 * one provider, and nothing for anybody else's: the same word of another provider is another word.
 */
#include "helper/accounts/groups.h"

#include <errno.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/base/text.h"

#define VALUES_MAX 65536u /* facts are no longer than this in bytes */

bool membership_has(const struct membership *m, size_t rule)
{
	return (m->bits[rule / 64] >> (rule % 64) & 1) != 0;
}

const struct group_rule *group_rules_find(const struct group_rules *g, const char *name)
{
	for (size_t i = 0; i < g->n; i++)
		if (strcmp(g->rules[i].name, name) == 0)
			return &g->rules[i];
	return NULL;
}

bool group_rules_want(const struct group_rules *g, const char *value)
{
	for (size_t i = 0; i < g->n; i++)
		if (text_in_list(g->rules[i].claim_values, value))
			return true;
	return false;
}

static bool has_rule_for(const struct group_rules *g, const char *issuer)
{
	for (size_t i = 0; i < g->n; i++)
		if (strcmp(g->rules[i].issuer, issuer) == 0)
			return true;
	return false;
}

static void apply_value(const struct group_rules *g, const char *issuer, const char *value, struct membership *m)
{
	for (size_t i = 0; i < g->n; i++)
		if (strcmp(g->rules[i].issuer, issuer) == 0 && text_in_list(g->rules[i].claim_values, value))
			m->bits[i / 64] |= UINT64_C(1) << (i % 64);
}

/* Facts are json_text()'s, without blanks. Inside a text the quotes would be escaped, so this is a member, and behind the
 * first such member stands all that can name a group. */
const char *group_facts_key(const char *facts)
{
	return strstr(facts, "\"groups\":[\"");
}

int group_rules_apply(const struct group_rules *g, const char *issuer, const char *facts, struct membership *ret)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = NULL;
	struct json_object *values = NULL;
	struct membership m = {.bits = {0}};
	int r;

	*ret = m;
	/* Most people are in no group that means anything here, and a map is made of a hundred thousand. */
	if (!group_facts_key(facts) || !has_rule_for(g, issuer))
		return 0;
	r = json_parse(&o, facts, strlen(facts));
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	r = json_read_array(o, "groups", VALUES_MAX, &values);
	if (r < 0)
		return r == -ENOENT && json_object_is_type(o, json_type_object) ? 0 : -EBADMSG;
	for (size_t i = 0; i < json_object_array_length(values); i++) {
		struct json_object *value = json_object_array_get_idx(values, i);

		if (!json_object_is_type(value, json_type_string))
			return -EBADMSG;
		apply_value(g, issuer, json_object_get_string(value), &m);
	}
	*ret = m;
	return 0;
}
