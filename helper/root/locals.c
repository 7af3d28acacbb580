/* SPDX-License-Identifier: MIT */
/* Reads /etc/passwd and /etc/group into sorted lists. Never asks NSS: the answer would come from the map that is
 * being judged. */
#include "helper/root/locals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/buf.h"
#include "helper/base/file.h"
#include "helper/base/text.h"

#define FILE_BYTES_MAX (16u * 1024u * 1024u)

struct local {
	char *name;
	uint32_t id;
	uint32_t gid; /* of a user */
	bool has_id;
	bool has_gid;
	bool is_user;
};

struct locals {
	struct local *entries;
	size_t n;
	size_t capacity;
	const char **by_name; /* sorted; made at the first question after a change */
	uint32_t *by_id;
	size_t n_ids;
};

int locals_new(struct locals **ret)
{
	struct locals *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return -ENOMEM;
	*ret = l;
	return 0;
}

void locals_free(struct locals *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->n; i++)
		free(l->entries[i].name);
	free(l->entries);
	free((void *)l->by_name);
	free(l->by_id);
	free(l);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int sort_lists(struct locals *l)
{
	const char **names = calloc(l->n + 1, sizeof(*names));
	uint32_t *ids = calloc(l->n + 1, sizeof(*ids));

	free((void *)l->by_name);
	free(l->by_id);
	l->by_name = names;
	l->by_id = ids;
	l->n_ids = 0;
	if (names == NULL || ids == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < l->n; i++) {
		names[i] = l->entries[i].name;
		if (l->entries[i].has_id)
			ids[l->n_ids++] = l->entries[i].id;
	}
	qsort((void *)names, l->n, sizeof(*names), compare_names);
	qsort(ids, l->n_ids, sizeof(*ids), compare_ids);
	return 0;
}

static bool read_id(uint32_t *ret, const char *field)
{
	uint64_t id = 0;
	bool is_id = field != NULL && text_to_u64(&id, field, UINT32_MAX) == 0;

	*ret = (uint32_t)id;
	return is_id;
}

/* "name:x:id:...", @line is NUL-terminated and may be cut up. */
static int add_line(struct locals *l, char *line, bool is_user)
{
	char *name = strsep(&line, ":");
	struct local *bigger;

	if (name[0] == '\0' || name[0] == '#')
		return 0;
	if (l->n == l->capacity) {
		size_t capacity = l->capacity != 0 ? l->capacity * 2 : 64;

		bigger = reallocarray(l->entries, capacity, sizeof(*bigger));
		if (bigger == NULL)
			return -ENOMEM;
		l->entries = bigger;
		l->capacity = capacity;
	}
	name = strdup(name);
	if (name == NULL)
		return -ENOMEM;
	(void)strsep(&line, ":");
	bigger = &l->entries[l->n];
	*bigger = (struct local){.name = name, .is_user = is_user};
	bigger->has_id = read_id(&bigger->id, strsep(&line, ":"));
	bigger->has_gid = is_user && read_id(&bigger->gid, strsep(&line, ":"));
	l->n++;
	return 0;
}

static int add_text(struct locals *l, const char *text, size_t len, bool are_users)
{
	char *copy = strndup(text, len);
	char *rest = copy;
	char *line;
	int r = 0;

	if (copy == NULL)
		return -ENOMEM;
	while (r == 0 && (line = strsep(&rest, "\n")) != NULL)
		r = add_line(l, line, are_users);
	free(copy);
	return r == 0 ? sort_lists(l) : r;
}

int locals_add_users(struct locals *l, const char *text, size_t len)
{
	return add_text(l, text, len, true);
}

int locals_add_groups(struct locals *l, const char *text, size_t len)
{
	return add_text(l, text, len, false);
}

static int add_file(struct locals *l, const char *root, const char *file, bool are_users)
{
	LK_CLEANUP(buf_done) struct buf b = {.data = NULL};
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s/etc/%s", root, file);
	int r;

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	r = file_read(&b, path, FILE_OWNER_ROOT_OR_SELF, FILE_READABLE, FILE_BYTES_MAX);
	return r == 0 ? add_text(l, b.data != NULL ? b.data : "", b.len, are_users) : r;
}

int locals_load(struct locals **ret, const char *root)
{
	LK_CLEANUP(locals_freep) struct locals *l = NULL;
	int r = locals_new(&l);

	if (r == 0)
		r = add_file(l, root, "group", false);
	if (r == 0)
		r = add_file(l, root, "passwd", true);
	if (r == 0)
		*ret = LK_STEAL(l);
	return r;
}

int locals_find_user(const char *root, const char *name, uint32_t *ret)
{
	LK_CLEANUP(locals_freep) struct locals *l = NULL;
	int r = locals_new(&l);

	if (r == 0)
		r = add_file(l, root, "passwd", true);
	if (r < 0)
		return r;
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->entries[i].name, name) == 0 && l->entries[i].has_id) {
			*ret = l->entries[i].id;
			return 0;
		}
	}
	return -ENOENT;
}

bool locals_get_user(const struct locals *l, const char *name, uint32_t *ret_uid, uint32_t *ret_gid)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct local *user = &l->entries[i];

		if (!user->is_user || strcmp(user->name, name) != 0)
			continue;
		*ret_uid = user->id;
		*ret_gid = user->gid;
		return user->has_id && user->has_gid;
	}
	return false;
}

bool locals_has_name(const struct locals *l, const char *name)
{
	return l->n != 0 && bsearch(&name, (const void *)l->by_name, l->n, sizeof(*l->by_name), compare_names) != NULL;
}

bool locals_has_id(const struct locals *l, uint32_t id)
{
	return l->n_ids != 0 && bsearch(&id, l->by_id, l->n_ids, sizeof(*l->by_id), compare_ids) != NULL;
}

size_t locals_count_users(const struct locals *l, uint32_t uid)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += l->entries[i].is_user && l->entries[i].has_id && l->entries[i].id == uid;
	return n;
}
