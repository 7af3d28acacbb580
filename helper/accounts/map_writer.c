/* SPDX-License-Identifier: MIT */
/* Collects and checks the records of a map. Two that a reader could confuse never get in. Knows nothing of stores, files
 * or sockets; who may stand on a map at all is latchkey-root's to judge. */
#include "helper/accounts/map_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "helper/accounts/map_writer_internal.h"
#include "nss_module/map_hash.h"

/* --- records by key ----------------------------------------------------------------------------------------------- */

struct key {
	const struct map_writer *w;
	const char *name;
	size_t len;
	uint32_t id;
};

static bool user_has_name(const void *key, uint32_t number)
{
	const struct key *k = key;
	const struct user_record *u = &k->w->users[number];

	return u->name_len == k->len && memcmp(u->text, k->name, k->len) == 0;
}

static bool user_has_id(const void *key, uint32_t number)
{
	const struct key *k = key;

	return k->w->users[number].uid == k->id;
}

static bool group_has_name(const void *key, uint32_t number)
{
	const struct key *k = key;
	const struct group_record *g = &k->w->groups[number];

	return g->name_len == k->len && memcmp(g->name, k->name, k->len) == 0;
}

static bool group_has_id(const void *key, uint32_t number)
{
	const struct key *k = key;

	return k->w->groups[number].gid == k->id;
}

static int64_t find_user(const struct map_writer *w, const char *name, size_t len, uint32_t hash)
{
	return index_find(&w->user_names, hash, user_has_name, &(struct key){.w = w, .name = name, .len = len});
}

int64_t writer_find_user(const struct map_writer *w, const char *name, size_t len)
{
	return find_user(w, name, len, map_hash_name(w->seed, name, len));
}

bool writer_has_group_name(const struct map_writer *w, const char *name, size_t len, uint32_t hash)
{
	return index_find(&w->group_names, hash, group_has_name, &(struct key){.w = w, .name = name, .len = len}) >= 0;
}

bool writer_has_gid(const struct map_writer *w, uint32_t gid)
{
	return index_find(&w->group_ids, map_hash_id(w->seed, gid), group_has_id, &(struct key){.w = w, .id = gid}) >=
	       0;
}

/* A store's accounts come in the order of their uids: then one that is higher than all is new, and nothing is noted.
 * Return: 0, -EEXIST, -ENOMEM. */
static int uid_is_free(struct map_writer *w, uint32_t uid)
{
	struct record_index *x = &w->user_ids;

	if (w->n_users == 0 || uid > w->highest_uid)
		return 0;
	while (x->n < w->n_users) {
		uint32_t number = (uint32_t)x->n;

		if (index_reserve(x) < 0)
			return -ENOMEM;
		index_put(x, map_hash_id(w->seed, w->users[number].uid), number);
	}
	return index_find(x, map_hash_id(w->seed, uid), user_has_id, &(struct key){.w = w, .id = uid}) < 0 ? 0
													   : -EEXIST;
}

static int grow(void **array, size_t *capacity, size_t n, size_t each)
{
	size_t bigger = *capacity != 0 ? *capacity * 2 : 64;
	void *p;

	if (n < *capacity)
		return 0;
	p = reallocarray(*array, bigger, each);
	if (p == NULL)
		return -ENOMEM;
	*array = p;
	*capacity = bigger;
	return 0;
}

/* --- the writer --------------------------------------------------------------------------------------------------- */

int map_writer_new(struct map_writer **ret)
{
	struct map_writer *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return -ENOMEM;
	if (getrandom(&w->seed, sizeof(w->seed), 0) != (ssize_t)sizeof(w->seed)) {
		free(w);
		return -EIO;
	}
	*ret = w;
	return 0;
}

void map_writer_free(struct map_writer *w)
{
	if (w == NULL)
		return;
	text_arena_done(&w->texts);
	for (size_t i = 0; i < w->n_groups; i++) {
		free(w->groups[i].members);
		free(w->groups[i].numbers);
	}
	free(w->users);
	free(w->groups);
	free(w->user_names.entries);
	free(w->user_ids.entries);
	free(w->group_names.entries);
	free(w->group_ids.entries);
	free(w);
}

/* --- what may stand in a record ----------------------------------------------------------------------------------- */

/* Is one of eight bytes a ':' or a control character. */
static bool word_has_bad(uint64_t word)
{
	static const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t below_space = (word - each * 0x20) & ~word & each * 0x80;

	return (below_space | map_zero_bytes(word ^ each * ':') | map_zero_bytes(word ^ each * 0x7f)) != 0;
}

/* Could a line of passwd or group hold these bytes. Eight at a time; the last ones overlap those before. */
static bool bytes_are_valid(const char *s, size_t len)
{
	if (len < 8) {
		uint64_t spaces = UINT64_C(0x2020202020202020) << (8 * len);

		return !word_has_bad(map_last_word((const unsigned char *)s, len) | spaces);
	}
	for (size_t at = 0; len - at > 8; at += 8) {
		if (word_has_bad(map_word(s + at)))
			return false;
	}
	return !word_has_bad(map_word(s + len - 8));
}

/* Return: true with the length, if it is a text that a line of passwd or group could hold. */
static bool field_measure(const char *s, size_t min, size_t max, uint8_t *ret_len)
{
	size_t len;

	if (s == NULL)
		return false;
	len = strnlen(s, max + 1);
	if (len < min || len > max || !bytes_are_valid(s, len))
		return false;
	*ret_len = (uint8_t)len;
	return true;
}

static bool name_measure(const char *s, uint8_t *ret_len)
{
	if (!field_measure(s, 1, MAP_NAME_MAX, ret_len))
		return false;
	for (size_t i = 0; i < *ret_len; i++) {
		if (s[i] == ',' || s[i] == ' ' || s[i] == '/')
			return false;
	}
	return true;
}

static bool user_measure(const struct map_user *u, struct user_record *r)
{
	if (!name_measure(u->name, &r->name_len) || u->uid == 0)
		return false;
	if (u->is_local)
		return u->gecos[0] == '\0' && u->home[0] == '\0' && u->shell[0] == '\0';
	return field_measure(u->gecos, 0, MAP_GECOS_MAX, &r->gecos_len) &&
	       field_measure(u->home, 1, MAP_HOME_MAX, &r->home_len) &&
	       field_measure(u->shell, 1, MAP_SHELL_MAX, &r->shell_len) && u->home[0] == '/' && u->shell[0] == '/';
}

/* --- users -------------------------------------------------------------------------------------------------------- */

static bool style_is(const struct map_style *s, const struct map_user *u, size_t home_len, size_t shell_len)
{
	return s->home_len == home_len && s->shell_len == shell_len && memcmp(s->home, u->home, home_len) == 0 &&
	       memcmp(s->shell, u->shell, shell_len) == 0;
}

/* The style of a user's record, a new one if need be; 0 where it has to stand apart. */
static uint32_t style_for(struct map_writer *w, const struct user_record *r, const struct map_user *u)
{
	size_t home_len = (size_t)r->home_len - r->name_len;
	struct map_style *s = &w->styles[w->n_styles];

	if (r->name_len + r->gecos_len + 2u > MAP_INLINE_TEXT || r->home_len <= r->name_len ||
	    home_len > MAP_STYLE_HOME_MAX || r->shell_len > MAP_STYLE_SHELL_MAX || u->home[home_len - 1] != '/' ||
	    memcmp(u->home + home_len, u->name, r->name_len) != 0)
		return 0;
	if (w->n_styles > 0 && style_is(&w->styles[w->last_style], u, home_len, r->shell_len))
		return w->last_style + 1;
	for (uint32_t i = 0; i < w->n_styles; i++) {
		if (style_is(&w->styles[i], u, home_len, r->shell_len)) {
			w->last_style = i;
			return i + 1;
		}
	}
	if (w->n_styles == MAP_STYLES_MAX)
		return 0;
	memcpy(s->home, u->home, home_len);
	memcpy(s->shell, u->shell, r->shell_len);
	s->home_len = (uint8_t)home_len;
	s->shell_len = r->shell_len;
	w->last_style = w->n_styles;
	return ++w->n_styles;
}

static char *put_text(char *to, const char *text, size_t len)
{
	memcpy(to, text, len + 1);
	return to + len + 1;
}

static int user_copy(struct map_writer *w, struct user_record *r, const struct map_user *u)
{
	size_t len = (size_t)r->name_len + r->gecos_len + 2;
	bool is_apart;
	char *p;

	r->style = u->is_local ? 0 : (uint8_t)style_for(w, r, u);
	is_apart = !u->is_local && r->style == 0;
	p = text_arena_take(&w->texts, is_apart ? len + r->home_len + r->shell_len + 2u : len);
	if (p == NULL)
		return -ENOMEM;
	r->text = p;
	p = put_text(p, u->name, r->name_len);
	p = put_text(p, u->gecos, r->gecos_len);
	if (is_apart)
		(void)put_text(put_text(p, u->home, r->home_len), u->shell, r->shell_len);
	return 0;
}

int map_writer_add_user(struct map_writer *w, const struct map_user *u)
{
	struct user_record record = {.uid = u->uid, .gid = u->gid, .is_local = u->is_local};
	int r;

	if (!user_measure(u, &record))
		return -EINVAL;
	if (w->n_users >= MAP_RECORDS_MAX)
		return -E2BIG;
	record.hash = map_hash_name(w->seed, u->name, record.name_len);
	if (find_user(w, u->name, record.name_len, record.hash) >= 0)
		return -EEXIST;
	r = uid_is_free(w, u->uid);
	if (r < 0)
		return r;
	if (grow((void **)&w->users, &w->users_capacity, w->n_users, sizeof(*w->users)) < 0 ||
	    index_reserve(&w->user_names) < 0)
		return -ENOMEM;
	r = user_copy(w, &record, u);
	if (r < 0)
		return r;
	index_put(&w->user_names, record.hash, (uint32_t)w->n_users);
	w->users[w->n_users++] = record;
	if (record.uid > w->highest_uid)
		w->highest_uid = record.uid;
	return 0;
}

/* --- groups ------------------------------------------------------------------------------------------------------- */

/* The names with their NULs in one block. */
static int members_copy(struct group_record *g, const char *const *members)
{
	size_t len = 0;
	size_t n = 0;
	uint8_t one;
	char *p;

	for (; members != NULL && members[n] != NULL; n++) {
		if (!name_measure(members[n], &one))
			return -EINVAL;
		len += one + 1u;
		if (n >= MAP_RECORDS_MAX)
			return -E2BIG;
	}
	if (n == 0)
		return 0;
	g->members = malloc(len);
	if (g->members == NULL)
		return -ENOMEM;
	p = g->members;
	for (size_t i = 0; i < n; i++)
		p = stpcpy(p, members[i]) + 1;
	g->members_len = (uint32_t)len;
	g->n_members = (uint32_t)n;
	return 0;
}

int map_writer_add_group(struct map_writer *w, const struct map_group *g)
{
	struct group_record record = {.gid = g->gid};
	uint32_t number = (uint32_t)w->n_groups;
	int64_t user;
	int r;

	if (!name_measure(g->name, &record.name_len) || g->gid == 0)
		return -EINVAL;
	if (w->n_groups >= MAP_RECORDS_MAX)
		return -E2BIG;
	record.hash = map_hash_name(w->seed, g->name, record.name_len);
	user = find_user(w, g->name, record.name_len, record.hash);
	if ((user >= 0 && w->users[user].gid != g->gid) ||
	    writer_has_group_name(w, g->name, record.name_len, record.hash) || writer_has_gid(w, g->gid))
		return -EEXIST;
	if (grow((void **)&w->groups, &w->groups_capacity, w->n_groups, sizeof(*w->groups)) < 0 ||
	    index_reserve(&w->group_names) < 0 || index_reserve(&w->group_ids) < 0)
		return -ENOMEM;
	record.name = text_arena_take(&w->texts, record.name_len + 1u);
	if (record.name == NULL)
		return -ENOMEM;
	(void)put_text(record.name, g->name, record.name_len);
	r = members_copy(&record, g->members);
	if (r < 0)
		return r;
	w->groups[number] = record;
	w->n_groups++;
	index_put(&w->group_names, record.hash, number);
	index_put(&w->group_ids, map_hash_id(w->seed, g->gid), number);
	return 0;
}

void map_writer_set_local_groups(struct map_writer *w, const char *text, size_t len)
{
	w->local = text;
	w->local_size = len;
}
