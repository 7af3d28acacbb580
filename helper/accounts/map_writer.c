/* SPDX-License-Identifier: MIT */
/* From records to the bytes of a map: collect and check (add), then lay out the tables and the data part (finish).
 * Two records that a reader could confuse never get in. Knows nothing of stores, files or sockets; who may stand on a
 * map at all is latchkey-root's to judge. */
#include "helper/accounts/map_writer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "helper/accounts/record_index.h"
#include "helper/accounts/text_arena.h"
#include "nss_module/map_format.h"
#include "nss_module/map_local.h"
#include "nss_module/map_view.h"

struct user_record {
	char *text; /* name, gecos, home, shell, each with its NUL; in the writer's arena */
	uint32_t uid;
	uint32_t gid;
	uint8_t name_len;
	uint8_t gecos_len;
	uint8_t home_len;
	uint8_t shell_len;
	bool is_local;       /* a mark only */
	uint32_t n_groups;   /* set by finish */
	uint32_t groups;     /* where its gids stand, set by finish */
	uint32_t last_group; /* number of the group + 1 that named it last: finds members that stand twice */
};

struct group_record {
	char *name;
	uint32_t gid;
	char *members; /* names, each with its NUL */
	uint32_t members_len;
	uint32_t n_members;
};

struct map_writer {
	struct text_arena texts;
	struct user_record *users;
	struct group_record *groups;
	size_t n_users;
	size_t n_groups;
	size_t users_capacity;
	size_t groups_capacity;
	const char *local; /* the part about local groups, borrowed */
	size_t local_size;
	uint64_t seed;
	struct record_index user_names;
	struct record_index user_ids;
	struct record_index group_names;
	struct record_index group_ids;
};

/* --- records by key ---------------------------------------------------------------------------------------------- */

static struct record_key user_name_of(const struct map_writer *w, uint32_t number)
{
	return (struct record_key){.name = w->users[number].text};
}

static struct record_key user_id_of(const struct map_writer *w, uint32_t number)
{
	return (struct record_key){.id = w->users[number].uid};
}

static struct record_key group_name_of(const struct map_writer *w, uint32_t number)
{
	return (struct record_key){.name = w->groups[number].name};
}

static struct record_key group_id_of(const struct map_writer *w, uint32_t number)
{
	return (struct record_key){.id = w->groups[number].gid};
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

/* --- collect ------------------------------------------------------------------------------------------------------ */

int map_writer_new(struct map_writer **ret)
{
	struct map_writer *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return -ENOMEM;
	if (getrandom(&w->seed, sizeof(w->seed), 0) != (ssize_t)sizeof(w->seed)) {
		free(w);
		return -EIO;
	}
	w->user_names.seed = w->seed;
	w->user_ids.seed = w->seed;
	w->group_names.seed = w->seed;
	w->group_ids.seed = w->seed;
	*ret = w;
	return 0;
}

void map_writer_free(struct map_writer *w)
{
	if (w == NULL)
		return;
	text_arena_done(&w->texts);
	for (size_t i = 0; i < w->n_groups; i++) {
		free(w->groups[i].name);
		free(w->groups[i].members);
	}
	free(w->users);
	free(w->groups);
	free(w->user_names.entries);
	free(w->user_ids.entries);
	free(w->group_names.entries);
	free(w->group_ids.entries);
	free(w);
}

/* Could a line of passwd or group hold it. */
static bool field_is_valid(const char *s, size_t min, size_t max)
{
	size_t len;

	if (s == NULL)
		return false;
	len = strnlen(s, max + 1);
	if (len < min || len > max)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] == ':' || (unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	}
	return true;
}

static bool name_can_stand(const char *s)
{
	return field_is_valid(s, 1, MAP_NAME_MAX) && strpbrk(s, ", /") == NULL;
}

static int user_copy(struct map_writer *w, struct user_record *ret, const struct map_user *u)
{
	struct user_record r = {.uid = u->uid, .gid = u->gid, .is_local = u->is_local};
	char *p;

	r.name_len = (uint8_t)strlen(u->name);
	r.gecos_len = (uint8_t)strlen(u->gecos);
	r.home_len = (uint8_t)strlen(u->home);
	r.shell_len = (uint8_t)strlen(u->shell);
	r.text = text_arena_take(&w->texts, (size_t)r.name_len + r.gecos_len + r.home_len + r.shell_len + 4);
	if (r.text == NULL)
		return -ENOMEM;
	p = stpcpy(r.text, u->name) + 1;
	p = stpcpy(p, u->gecos) + 1;
	p = stpcpy(p, u->home) + 1;
	(void)stpcpy(p, u->shell);
	*ret = r;
	return 0;
}

static bool text_can_stand(const struct map_user *u)
{
	if (u->is_local)
		return u->gecos[0] == '\0' && u->home[0] == '\0' && u->shell[0] == '\0';
	return field_is_valid(u->gecos, 0, MAP_GECOS_MAX) && field_is_valid(u->home, 1, MAP_HOME_MAX) &&
	       field_is_valid(u->shell, 1, MAP_SHELL_MAX) && u->home[0] == '/' && u->shell[0] == '/';
}

int map_writer_add_user(struct map_writer *w, const struct map_user *u)
{
	uint32_t number = (uint32_t)w->n_users;
	int r;

	if (!name_can_stand(u->name) || !text_can_stand(u) || u->uid == 0)
		return -EINVAL;
	if (w->n_users >= MAP_RECORDS_MAX)
		return -E2BIG;
	if (index_find(w, &w->user_names, user_name_of, (struct record_key){.name = u->name}) >= 0 ||
	    index_find(w, &w->user_ids, user_id_of, (struct record_key){.id = u->uid}) >= 0)
		return -EEXIST;
	if (grow((void **)&w->users, &w->users_capacity, w->n_users, sizeof(*w->users)) < 0 ||
	    index_reserve(&w->user_names) < 0 || index_reserve(&w->user_ids) < 0)
		return -ENOMEM;
	r = user_copy(w, &w->users[number], u);
	if (r < 0)
		return r;
	w->n_users++;
	index_put(w, &w->user_names, user_name_of, number);
	index_put(w, &w->user_ids, user_id_of, number);
	return 0;
}

/* The names with their NULs in one block. */
static int members_copy(struct group_record *g, const char *const *members)
{
	size_t len = 0;
	size_t n = 0;
	char *p;

	for (; members != NULL && members[n] != NULL; n++) {
		if (!name_can_stand(members[n]))
			return -EINVAL;
		len += strlen(members[n]) + 1;
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

	if (!name_can_stand(g->name) || g->gid == 0)
		return -EINVAL;
	if (w->n_groups >= MAP_RECORDS_MAX)
		return -E2BIG;
	user = index_find(w, &w->user_names, user_name_of, (struct record_key){.name = g->name});
	if ((user >= 0 && w->users[user].gid != g->gid) ||
	    index_find(w, &w->group_names, group_name_of, (struct record_key){.name = g->name}) >= 0 ||
	    index_find(w, &w->group_ids, group_id_of, (struct record_key){.id = g->gid}) >= 0)
		return -EEXIST;
	if (grow((void **)&w->groups, &w->groups_capacity, w->n_groups, sizeof(*w->groups)) < 0 ||
	    index_reserve(&w->group_names) < 0 || index_reserve(&w->group_ids) < 0)
		return -ENOMEM;
	r = members_copy(&record, g->members);
	if (r < 0)
		return r;
	record.name = strdup(g->name);
	if (record.name == NULL) {
		free(record.members);
		return -ENOMEM;
	}
	w->groups[number] = record;
	w->n_groups++;
	index_put(w, &w->group_names, group_name_of, number);
	index_put(w, &w->group_ids, group_id_of, number);
	return 0;
}

void map_writer_set_local_groups(struct map_writer *w, const char *text, size_t len)
{
	w->local = text;
	w->local_size = len;
}

/* --- lay out ------------------------------------------------------------------------------------------------------ */

static bool user_has_private_group(const struct map_writer *w, const struct user_record *u)
{
	return !u->is_local && u->gid == u->uid &&
	       index_find(w, &w->group_ids, group_id_of, (struct record_key){.id = u->gid}) < 0;
}

static int private_groups_check(const struct map_writer *w)
{
	for (size_t i = 0; i < w->n_users; i++) {
		if (user_has_private_group(w, &w->users[i]) &&
		    index_find(w, &w->group_names, group_name_of, (struct record_key){.name = w->users[i].text}) >= 0)
			return -EEXIST;
	}
	return 0;
}

/* Finds the user of each member, for counting and for filling in. */
typedef int (*member_fn)(void *userdata, const struct group_record *g, struct user_record *u);

static int members_each(struct map_writer *w, member_fn fn, void *userdata)
{
	int64_t found;
	int r;

	for (size_t i = 0; i < w->n_groups; i++) {
		const struct group_record *g = &w->groups[i];
		const char *name = g->members;

		for (uint32_t m = 0; m < g->n_members; m++, name += strlen(name) + 1) {
			found = index_find(w, &w->user_names, user_name_of, (struct record_key){.name = name});
			if (found < 0)
				return -EINVAL;
			r = fn(userdata, g, &w->users[found]);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int member_count(void *userdata, const struct group_record *g, struct user_record *u)
{
	const struct map_writer *w = userdata;
	uint32_t mark = (uint32_t)(g - w->groups) + 1;

	if (u->last_group == mark)
		return -EEXIST;
	u->last_group = mark;
	u->n_groups++;
	return u->n_groups <= MAP_USER_GROUPS_MAX ? 0 : -E2BIG;
}

static int member_fill(void *userdata, const struct group_record *g, struct user_record *u)
{
	unsigned char *file = userdata;
	uint32_t n;

	memcpy(&n, file + u->groups, sizeof(n));
	memcpy(file + u->groups + (n + 1) * sizeof(n), &g->gid, sizeof(g->gid));
	n++;
	memcpy(file + u->groups, &n, sizeof(n));
	return 0;
}

static size_t user_text_len(const struct user_record *u)
{
	return (size_t)u->name_len + u->gecos_len + u->home_len + u->shell_len + 4;
}

static uint32_t slots_for(size_t n)
{
	/* A multiple of 4: the gids that follow the tags stay aligned. */
	return (uint32_t)(n + n * 2 / 3 + 8) & ~UINT32_C(3);
}

/* Where everything will stand. The gids come first in the data part, so they stay aligned. */
static int layout(struct map_writer *w, struct map_header *h)
{
	uint64_t at = sizeof(*h);

	*h = (struct map_header){
		.magic = MAP_MAGIC,
		.version = MAP_VERSION,
		.uid_min = MAP_ID_FLOOR,
		.uid_max = UINT32_MAX - 1,
		.range_min = MAP_ID_FLOOR,
		.range_max = UINT32_MAX - 1,
		.n_users = (uint32_t)w->n_users,
		.n_groups = (uint32_t)w->n_groups,
		.user_slots = slots_for(w->n_users),
		.group_slots = slots_for(w->n_groups),
		.uid_slots = slots_for(w->n_users),
		.gid_slots = slots_for(w->n_groups),
	};
	h->users = (uint32_t)at;
	at += (uint64_t)h->user_slots * sizeof(struct map_user_slot);
	h->groups = (uint32_t)at;
	at += (uint64_t)h->group_slots * sizeof(struct map_group_slot);
	h->uids = (uint32_t)at;
	at += (uint64_t)h->uid_slots * sizeof(struct map_id_slot);
	h->gids = (uint32_t)at;
	at += (uint64_t)h->gid_slots * sizeof(struct map_id_slot);
	h->user_tags = (uint32_t)at;
	at += h->user_slots;
	h->group_tags = (uint32_t)at;
	at += h->group_slots;
	h->data = (uint32_t)at;
	for (size_t i = 0; i < w->n_users; i++) {
		struct user_record *u = &w->users[i];

		u->groups = u->n_groups != 0 ? (uint32_t)at : 0;
		if (u->n_groups != 0)
			at += (uint64_t)(u->n_groups + 1) * sizeof(uint32_t);
		if (at > MAP_MAX_BYTES)
			return -E2BIG;
	}
	for (size_t i = 0; i < w->n_users; i++)
		at += user_text_len(&w->users[i]) > MAP_INLINE_TEXT ? user_text_len(&w->users[i]) : 0;
	for (size_t i = 0; i < w->n_groups; i++)
		at += (uint64_t)w->groups[i].n_members + w->groups[i].members_len;
	if (w->local_size > MAP_LOCAL_MAX_BYTES || at + w->local_size > MAP_MAX_BYTES)
		return -E2BIG;
	h->data_size = (uint32_t)(at - h->data);
	h->local = (uint32_t)at;
	h->local_size = (uint32_t)w->local_size;
	h->file_size = at + w->local_size;
	return 0;
}

/* The first empty slot on the way of @hash, or -1 after MAP_PROBE_MAX. */
static int64_t slot_for(const unsigned char *table, uint32_t n_slots, size_t each, uint32_t hash)
{
	uint32_t i = map_home_slot(hash, n_slots);
	uint32_t taken;

	for (uint32_t probes = 0; probes < MAP_PROBE_MAX; probes++) {
		memcpy(&taken, table + (size_t)i * each, sizeof(taken));
		if (taken == 0)
			return i;
		if (++i == n_slots)
			i = 0;
	}
	return -1;
}

static bool put_id(unsigned char *table, uint32_t n_slots, uint64_t seed, uint32_t id, uint32_t slot)
{
	struct map_id_slot entry = {.id = id, .slot = slot};
	int64_t i = slot_for(table, n_slots, sizeof(entry), map_hash_id(seed, id));

	if (i < 0)
		return false;
	memcpy(table + (size_t)i * sizeof(entry), &entry, sizeof(entry));
	return true;
}

static bool put_user(const struct map_writer *w, const struct map_header *h, unsigned char *file, uint32_t *data,
		     const struct user_record *u)
{
	struct map_user_slot s = {
		.hash = map_hash_bytes(h->seed, u->text, u->name_len),
		.uid = u->uid,
		.gid = u->gid,
		.groups = u->groups,
		.flags = u->is_local                    ? MAP_USER_LOCAL_ACCOUNT
			 : user_has_private_group(w, u) ? MAP_USER_PRIVATE_GROUP
							: 0,
		.name_len = u->name_len,
		.gecos_len = u->gecos_len,
		.home_len = u->home_len,
		.shell_len = u->shell_len,
	};
	int64_t i = slot_for(file + h->users, h->user_slots, sizeof(s), s.hash);
	size_t len = user_text_len(u);

	if (i < 0)
		return false;
	if (len <= sizeof(s.inline_text)) {
		memcpy(s.inline_text, u->text, len);
	} else {
		memcpy(s.inline_text, u->text, u->name_len);
		memcpy(file + *data, u->text, len);
		s.text = *data;
		*data += (uint32_t)len;
	}
	memcpy(file + h->users + (size_t)i * sizeof(s), &s, sizeof(s));
	file[h->user_tags + (size_t)i] = map_tag(s.hash);
	return put_id(file + h->uids, h->uid_slots, h->seed, u->uid, (uint32_t)i);
}

static bool put_group(const struct map_header *h, unsigned char *file, uint32_t *data, const struct group_record *g)
{
	size_t len = strlen(g->name);
	struct map_group_slot s = {
		.hash = map_hash_bytes(h->seed, g->name, len),
		.gid = g->gid,
		.n_members = g->n_members,
		.members_len = g->members_len,
		.name_len = (uint8_t)len,
	};
	int64_t i = slot_for(file + h->groups, h->group_slots, sizeof(s), s.hash);
	const char *name = g->members;

	if (i < 0)
		return false;
	memcpy(s.name, g->name, len);
	if (g->n_members != 0) {
		s.members = *data;
		for (uint32_t m = 0; m < g->n_members; m++, name += strlen(name) + 1)
			file[*data + m] = (unsigned char)strlen(name);
		memcpy(file + *data + g->n_members, g->members, g->members_len);
		*data += g->n_members + g->members_len;
	}
	memcpy(file + h->groups + (size_t)i * sizeof(s), &s, sizeof(s));
	file[h->group_tags + (size_t)i] = map_tag(s.hash);
	return put_id(file + h->gids, h->gid_slots, h->seed, g->gid, (uint32_t)i);
}

/* Fills zeroed memory of h->file_size. Return: true, or false where the seed makes a lookup too long. */
static bool fill(struct map_writer *w, struct map_header *h, unsigned char *file)
{
	uint32_t data = h->data;

	for (size_t i = 0; i < w->n_users; i++)
		data += w->users[i].n_groups != 0 ? (w->users[i].n_groups + 1) * (uint32_t)sizeof(uint32_t) : 0;
	for (size_t i = 0; i < w->n_users; i++) {
		if (!put_user(w, h, file, &data, &w->users[i]))
			return false;
	}
	for (size_t i = 0; i < w->n_groups; i++) {
		if (!put_group(h, file, &data, &w->groups[i]))
			return false;
	}
	if (members_each(w, member_fill, file) < 0)
		return false;
	if (w->local_size != 0)
		memcpy(file + h->local, w->local, w->local_size);
	h->checksum = map_checksum(h);
	memcpy(file, h, sizeof(*h));
	return true;
}

int map_writer_finish(struct map_writer *w, void **ret, size_t *ret_len)
{
	struct map_header h = {.magic = 0};
	unsigned char *file;
	int r;

	for (size_t i = 0; i < w->n_users; i++) {
		w->users[i].n_groups = 0;
		w->users[i].last_group = 0;
	}
	r = private_groups_check(w);
	if (r == 0)
		r = members_each(w, member_count, w);
	if (r == 0)
		r = layout(w, &h);
	if (r != 0)
		return r;
	/* One seed in very many makes a table with a long run; three in a row do not happen. */
	for (uint64_t attempt = 0; attempt < 3; attempt++) {
		file = calloc(1, h.file_size);
		if (file == NULL)
			return -ENOMEM;
		h.seed = map_mix(w->seed + attempt);
		if (fill(w, &h, file)) {
			*ret = file;
			*ret_len = h.file_size;
			return 0;
		}
		free(file);
	}
	return -E2BIG;
}
