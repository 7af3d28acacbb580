/* SPDX-License-Identifier: MIT */
/*
 * Gathers members while the accounts go by, then writes each group once. No list of members is stored anywhere: it follows
 * from the facts of everybody's last sign-in, so nobody stays in a group by oversight.
 */
#include "helper/accounts/map_groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/buf.h"
#include "nss_module/map_local.h"

#define SETS 256u

/* Names of members, ended by NULL when the group is written. */
struct member_list {
	const char **names; /* each belongs to map_groups.names */
	size_t n;
	size_t capacity;
};

/* People are in few different sets of groups: each is read once. */
struct known_set {
	char *issuer;
	char *key;
	struct membership membership;
};

struct map_groups {
	struct known_set sets[SETS]; /* by hash; the newest of two that meet stays */
	const struct group_rules *rules;
	struct member_list *members; /* one for each rule */
	char **names;
	size_t n_names;
	size_t capacity;
	struct buf local; /* the part about groups of /etc/group */
};

int map_groups_new(struct map_groups **ret, const struct group_rules *rules)
{
	LK_CLEANUP(map_groups_freep) struct map_groups *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->rules = rules;
	buf_init(&m->local, MAP_LOCAL_MAX_BYTES);
	m->members = calloc(rules->n + 1, sizeof(*m->members));
	if (!m->members)
		return -ENOMEM;
	*ret = LK_STEAL(m);
	return 0;
}

static void forget_set(struct known_set *s)
{
	free(s->issuer);
	free(s->key);
	*s = (struct known_set){.key = NULL};
}

void map_groups_free(struct map_groups *m)
{
	if (!m)
		return;
	for (size_t i = 0; m->members && i < m->rules->n; i++)
		free((void *)m->members[i].names);
	free(m->members);
	for (size_t i = 0; i < m->n_names; i++)
		free(m->names[i]);
	free(m->names);
	for (size_t i = 0; i < SETS; i++)
		forget_set(&m->sets[i]);
	buf_done(&m->local);
	free(m);
}

/* Room for one more and the NULL at the end. */
static int grow(void **array, size_t *capacity, size_t n)
{
	size_t bigger = *capacity != 0 ? *capacity * 2 : 16;
	void *p;

	if (n + 1 < *capacity)
		return 0;
	p = reallocarray(*array, bigger, sizeof(void *));
	if (!p)
		return -ENOMEM;
	*array = p;
	*capacity = bigger;
	return 0;
}

static int keep_name(struct map_groups *m, const char *name, const char **ret)
{
	if (grow((void **)&m->names, &m->capacity, m->n_names) < 0)
		return -ENOMEM;
	m->names[m->n_names] = strdup(name);
	if (!m->names[m->n_names])
		return -ENOMEM;
	*ret = m->names[m->n_names++];
	return 0;
}

static size_t hash_of(const char *text)
{
	uint32_t h = 2166136261u; /* FNV-1a: whoever could choose the texts gains a slower map, and nothing else */

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h % SETS;
}

/* Return: 0, -ENOMEM. */
static int find_membership(struct map_groups *m, const struct account *a, struct membership *ret)
{
	const char *key = group_facts_key(a->facts);
	struct known_set *s;

	*ret = (struct membership){.bits = {0}};
	if (!key)
		return 0;
	s = &m->sets[hash_of(key)];
	if (!s->key || strcmp(s->key, key) != 0 || strcmp(s->issuer, a->issuer) != 0) {
		forget_set(s);
		if (group_rules_apply(m->rules, a->issuer, a->facts, &s->membership) == -ENOMEM)
			return -ENOMEM;
		s->issuer = strdup(a->issuer);
		s->key = strdup(key);
		if (!s->issuer || !s->key) {
			forget_set(s);
			return -ENOMEM;
		}
	}
	*ret = s->membership;
	return 0;
}

int map_groups_add(struct map_groups *m, const struct account *a)
{
	struct membership membership;
	const char *name = NULL;

	if (find_membership(m, a, &membership) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < m->rules->n; i++) {
		struct member_list *list = &m->members[i];

		if (!membership_has(&membership, i))
			continue;
		if (!name && keep_name(m, a->name, &name) < 0)
			return -ENOMEM;
		if (grow((void **)&list->names, &list->capacity, list->n) < 0)
			return -ENOMEM;
		list->names[list->n++] = name;
		list->names[list->n] = NULL;
	}
	return 0;
}

static int add_own(const struct group_rule *rule, const struct member_list *members, struct store *store,
		   const struct localdb *local, struct map_writer *w)
{
	struct own_group g;
	int r = store_find_group(store, rule->name, &g);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (g.state != OWN_GROUP_IN_USE || (rule->gid != 0 && rule->gid != g.gid) ||
	    localdb_has_user(local, rule->name) || localdb_has_group(local, rule->name) ||
	    localdb_has_uid(local, g.gid) || localdb_has_gid(local, g.gid))
		return 0;
	r = map_writer_add_group(w, &(struct map_group){.name = rule->name, .gid = g.gid, .members = members->names});
	return r == -EEXIST ? 0 : r;
}

static void add_local(struct buf *part, const struct group_rule *rule, const struct member_list *members)
{
	if (members->n == 0)
		return;
	buf_append(part, rule->name, strlen(rule->name) + 1);
	for (size_t i = 0; i < members->n; i++)
		buf_append(part, members->names[i], strlen(members->names[i]) + 1);
	buf_append(part, "", 1);
}

int map_groups_finish(struct map_groups *m, struct store *store, const struct localdb *local, struct map_writer *w)
{
	for (size_t i = 0; i < m->rules->n; i++) {
		const struct group_rule *rule = &m->rules->rules[i];
		int r = 0;

		if (rule->is_local)
			add_local(&m->local, rule, &m->members[i]);
		else
			r = add_own(rule, &m->members[i], store, local, w);
		if (r < 0)
			return r;
	}
	if (m->local.len > 0)
		map_writer_set_local_groups(w, m->local.data, m->local.len);
	return buf_fault(&m->local);
}
