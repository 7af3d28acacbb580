/* SPDX-License-Identifier: MIT */
/*
 * Turns passwd, group, subuid and subgid into sorted tables of what is taken. Errs towards "taken": a line that nobody
 * could log in with still keeps its name, and until all four files were read once, everything is taken.
 */
#include "helper/accounts/localdb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "helper/base/buf.h"
#include "helper/base/file.h"
#include "helper/base/text.h"

#define FILE_MAX ((size_t)16 * 1024 * 1024)
#define ENTRIES_MAX (1u << 20)

enum source {
	PASSWD,
	GROUP,
	SUBUID,
	SUBGID,
	SOURCES
};

static const char *const paths[SOURCES] = {"/etc/passwd", "/etc/group", "/etc/subuid", "/etc/subgid"};

struct range {
	uint32_t first;
	uint32_t last;
};

/* What one file says. Names and ranges are sorted when it is complete. */
struct table {
	char **names;
	size_t n_names;
	size_t names_capacity;
	struct range *uids; /* of length one for passwd; ranges of subordinate ids */
	size_t n_uids;
	size_t uids_capacity;
	struct range *gids;
	size_t n_gids;
	size_t gids_capacity;
};

struct localdb {
	char *paths[SOURCES];
	struct table tables[SOURCES];
	struct stat seen[SOURCES];
	bool is_read[SOURCES];
};

static void table_done(struct table *t)
{
	for (size_t i = 0; i < t->n_names; i++)
		free(t->names[i]);
	free(t->names);
	free(t->uids);
	free(t->gids);
	*t = (struct table){0};
}

int localdb_new(struct localdb **ret, const char *root)
{
	LK_CLEANUP(localdb_freep) struct localdb *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	for (size_t i = 0; i < SOURCES; i++) {
		/* asprintf() leaves the pointer undefined when it fails. */
		if (asprintf(&l->paths[i], "%s%s", root, paths[i]) < 0) {
			l->paths[i] = NULL;
			return -ENOMEM;
		}
	}
	*ret = LK_STEAL(l);
	return 0;
}

void localdb_free(struct localdb *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < SOURCES; i++) {
		free(l->paths[i]);
		table_done(&l->tables[i]);
	}
	free(l);
}

/* Room for one more in an array that doubles. */
static int grow(void **array, size_t n, size_t *capacity, size_t size)
{
	size_t wanted = *capacity ? *capacity * 2 : 64;
	void *p;

	if (n < *capacity)
		return 0;
	if (n >= ENTRIES_MAX)
		return -E2BIG;
	p = reallocarray(*array, wanted, size);
	if (!p)
		return -ENOMEM;
	*array = p;
	*capacity = wanted;
	return 0;
}

static int add_name(struct table *t, const char *name, size_t len)
{
	void *array = t->names;
	int r = grow(&array, t->n_names, &t->names_capacity, sizeof(*t->names));

	t->names = array;
	if (r < 0)
		return r;
	t->names[t->n_names] = strndup(name, len);
	if (!t->names[t->n_names])
		return -ENOMEM;
	t->n_names++;
	return 0;
}

static int add_range(struct range **ranges, size_t *n, size_t *capacity, struct range r)
{
	void *array = *ranges;
	int err = grow(&array, *n, capacity, sizeof(**ranges));

	*ranges = array;
	if (err < 0)
		return err;
	(*ranges)[(*n)++] = r;
	return 0;
}

struct field {
	const char *text;
	size_t len;
};

/* Splits at ':'; what is missing is empty. */
static void split_fields(struct field *fields, size_t n, const char *line, size_t len)
{
	const char *end = line + len;

	for (size_t i = 0; i < n; i++) {
		const char *colon = memchr(line, ':', (size_t)(end - line));
		const char *stop = colon ? colon : end;

		fields[i] = (struct field){line, (size_t)(stop - line)};
		line = colon ? colon + 1 : end;
	}
}

/*
 * As libc reads ids, and more: blanks before, zeros before and rubbish behind all leave a number that is somebody's.
 * False when there is no digit or the number is beyond 32 bits.
 */
static bool read_id(const struct field *f, uint32_t *ret)
{
	uint64_t value = 0;
	size_t i = 0, digits;

	while (i < f->len && (f->text[i] == ' ' || f->text[i] == '\t' || f->text[i] == '+'))
		i++;
	for (digits = 0; i < f->len && f->text[i] >= '0' && f->text[i] <= '9'; i++, digits++) {
		value = value * 10 + (uint64_t)(f->text[i] - '0');
		if (value > UINT32_MAX)
			return false;
	}
	if (digits == 0)
		return false;
	*ret = (uint32_t)value;
	return true;
}

static int add_uid(struct table *t, const struct field *f)
{
	uint32_t id;

	return read_id(f, &id) ? add_range(&t->uids, &t->n_uids, &t->uids_capacity, (struct range){id, id}) : 0;
}

static int add_gid(struct table *t, const struct field *f)
{
	uint32_t id;

	return read_id(f, &id) ? add_range(&t->gids, &t->n_gids, &t->gids_capacity, (struct range){id, id}) : 0;
}

/* name:start:count; kept among the uids of its table. */
static int add_subids(struct table *t, const struct field *fields)
{
	uint32_t start, count, last;

	if (!read_id(&fields[1], &start) || !read_id(&fields[2], &count) || count == 0)
		return 0;
	last = count - 1 > UINT32_MAX - start ? UINT32_MAX : start + (count - 1);
	return add_range(&t->uids, &t->n_uids, &t->uids_capacity, (struct range){start, last});
}

static int add_line(struct table *t, enum source source, const char *line, size_t len)
{
	struct field fields[4];
	int r;

	while (len > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	/* '+' and '-' lead to NIS, whose names are not known here. */
	if (len == 0 || *line == '#' || *line == '+' || *line == '-')
		return 0;

	split_fields(fields, 4, line, len);
	if (source == SUBUID || source == SUBGID)
		return add_subids(t, fields);

	r = add_name(t, fields[0].text, fields[0].len);
	if (r < 0)
		return r;
	if (source == GROUP)
		return add_gid(t, &fields[2]);
	r = add_uid(t, &fields[2]);
	if (r < 0)
		return r;
	/* A user's primary group counts, also where /etc/group does not know it. */
	return add_gid(t, &fields[3]);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int compare_ranges(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* Sorted and without overlaps, so that one binary search finds a number. */
static void sort_ranges(struct range *ranges, size_t *n)
{
	size_t kept = 0;

	if (*n == 0)
		return;
	qsort(ranges, *n, sizeof(*ranges), compare_ranges);
	for (size_t i = 1; i < *n; i++) {
		if (ranges[i].first <= ranges[kept].last) {
			if (ranges[i].last > ranges[kept].last)
				ranges[kept].last = ranges[i].last;
		} else {
			ranges[++kept] = ranges[i];
		}
	}
	*n = kept + 1;
}

static int parse(struct table *t, enum source source, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;
		int r = add_line(t, source, text, (size_t)(stop - text));

		if (r < 0)
			return r;
		text = newline ? newline + 1 : end;
	}
	if (t->n_names > 0)
		qsort(t->names, t->n_names, sizeof(*t->names), compare_names);
	sort_ranges(t->uids, &t->n_uids);
	sort_ranges(t->gids, &t->n_gids);
	return 0;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int read_source(struct localdb *l, enum source source)
{
	LK_CLEANUP(buf_done) struct buf content = {0};
	struct table fresh = {0};
	struct stat st = {0};
	bool is_optional = source == SUBUID || source == SUBGID;
	int r;

	/* Before reading: a change in between makes the next look differ, never this one stale. */
	if (lstat(l->paths[source], &st) < 0 && (errno != ENOENT || !is_optional))
		return -errno;
	if (l->is_read[source] && is_same(&st, &l->seen[source]))
		return 0;

	r = file_read(&content, l->paths[source], FILE_OWNER_ROOT_OR_SELF, FILE_READABLE, FILE_MAX);
	if (r < 0 && !(r == -ENOENT && is_optional))
		return r;
	if (r == 0) {
		r = parse(&fresh, source, content.data, content.len);
		if (r < 0) {
			table_done(&fresh);
			return r;
		}
	}

	table_done(&l->tables[source]);
	l->tables[source] = fresh;
	l->seen[source] = st;
	l->is_read[source] = true;
	return 0;
}

int localdb_refresh(struct localdb *l)
{
	int first = 0;

	for (enum source source = PASSWD; source < SOURCES; source++) {
		int r = read_source(l, source);

		if (first == 0)
			first = r;
	}
	return first;
}

/* A text of a field that has to be there; false also where it would not fit. */
static bool copy_path(char *out, size_t size, const struct field *f)
{
	if (f->len == 0 || f->len >= size || f->text[0] != '/' || memchr(f->text, '\0', f->len))
		return false;
	memcpy(out, f->text, f->len);
	out[f->len] = '\0';
	return true;
}

static bool copy_number(uint32_t *out, const struct field *f)
{
	char text[16] = "";
	uint64_t value;

	if (f->len >= sizeof(text))
		return false;
	memcpy(text, f->text, f->len);
	if (text_to_u64(&value, text, UINT32_MAX) < 0)
		return false;
	*out = (uint32_t)value;
	return true;
}

static int read_user(struct local_user *ret, const char *line, size_t len)
{
	struct field fields[7];
	struct local_user user = {0};

	split_fields(fields, 7, line, len);
	if (!copy_number(&user.uid, &fields[2]) || !copy_number(&user.gid, &fields[3]) ||
	    !copy_path(user.home, sizeof(user.home), &fields[5]) ||
	    !copy_path(user.shell, sizeof(user.shell), &fields[6]))
		return -EUCLEAN;
	*ret = user;
	return 0;
}

int localdb_find_user(const struct localdb *l, const char *name, struct local_user *ret)
{
	LK_CLEANUP(buf_done) struct buf content = {0};
	size_t name_len = strlen(name);
	const char *at, *end;
	int r;

	r = file_read(&content, l->paths[PASSWD], FILE_OWNER_ROOT_OR_SELF, FILE_READABLE, FILE_MAX);
	if (r < 0)
		return r;
	at = content.data;
	end = at + content.len;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;

		if ((size_t)(stop - at) > name_len && memcmp(at, name, name_len) == 0 && at[name_len] == ':')
			return read_user(ret, at, (size_t)(stop - at));
		at = newline ? newline + 1 : end;
	}
	return -ENOENT;
}

static bool has_name(const struct localdb *l, enum source source, const char *name)
{
	const struct table *t = &l->tables[source];

	if (!l->is_read[source])
		return true;
	return t->n_names > 0 && bsearch(&name, t->names, t->n_names, sizeof(*t->names), compare_names);
}

/* The range that holds @id; ranges do not overlap, so the last that begins at or before it is the only candidate. */
static const struct range *find_range(const struct range *ranges, size_t n, uint32_t id)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges[middle].first <= id)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && ranges[low - 1].last >= id ? &ranges[low - 1] : NULL;
}

bool localdb_has_user(const struct localdb *l, const char *name)
{
	return has_name(l, PASSWD, name);
}

bool localdb_has_group(const struct localdb *l, const char *name)
{
	return has_name(l, GROUP, name);
}

bool localdb_has_uid(const struct localdb *l, uint32_t uid)
{
	return !l->is_read[PASSWD] || find_range(l->tables[PASSWD].uids, l->tables[PASSWD].n_uids, uid);
}

bool localdb_has_gid(const struct localdb *l, uint32_t gid)
{
	return !l->is_read[PASSWD] || !l->is_read[GROUP] ||
	       find_range(l->tables[GROUP].gids, l->tables[GROUP].n_gids, gid) ||
	       find_range(l->tables[PASSWD].gids, l->tables[PASSWD].n_gids, gid);
}

bool localdb_in_subid(const struct localdb *l, uint32_t id)
{
	return localdb_subid_last(l, id, NULL);
}

bool localdb_subid_last(const struct localdb *l, uint32_t id, uint32_t *ret)
{
	const struct range *r;

	if (!l->is_read[SUBUID] || !l->is_read[SUBGID]) {
		if (ret)
			*ret = UINT32_MAX;
		return true;
	}
	r = find_range(l->tables[SUBUID].uids, l->tables[SUBUID].n_uids, id);
	if (!r)
		r = find_range(l->tables[SUBGID].uids, l->tables[SUBGID].n_uids, id);
	if (r && ret)
		*ret = r->last;
	return r != NULL;
}
