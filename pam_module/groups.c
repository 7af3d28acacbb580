/* SPDX-License-Identifier: MIT */
/* Groups of /etc/group for a session. NSS cannot carry them, since these groups are not ours to answer for. Adds what the
 * map names for this very account and nothing else; takes nothing away; never gives group 0. */

#include "pam_module/groups.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "helper/base/buf.h"
#include "helper/base/file.h"
#include "helper/base/text.h"
#include "nss_module/map_local.h"
#include "nss_module/map_reader.h"
#include "pam_module/log.h"

#define GROUP_PATH "/etc/group"
#define GROUP_FILE_MAX (16u * 1024u * 1024u)

LK_DEFINE_CLEANUP(gid_t *, free);

struct wanted {
	gid_t gids[GROUPS_ADDED_MAX];
	size_t n;
	const char *why; /* the first thing that went wrong */
	char group[MAP_NAME_MAX + 1];
};

static void close_view(struct map_view *v)
{
	if (v->base)
		map_reader_close(v);
}

int groups_find_gid(const char *text, size_t len, const char *name, gid_t *ret)
{
	const char *end = text + len;
	size_t name_len = strlen(name);
	char number[16] = "";
	uint64_t gid;

	for (const char *line = text, *next; line < end; line = next) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *stop = newline ? newline : end;
		const char *password, *digits, *behind;

		next = newline ? newline + 1 : end;
		if ((size_t)(stop - line) <= name_len || memcmp(line, name, name_len) != 0 || line[name_len] != ':')
			continue;
		password = line + name_len + 1;
		digits = memchr(password, ':', (size_t)(stop - password));
		behind = digits ? memchr(digits + 1, ':', (size_t)(stop - digits - 1)) : NULL;
		if (!behind || (size_t)(behind - digits - 1) >= sizeof(number))
			return -EINVAL;
		memcpy(number, digits + 1, (size_t)(behind - digits - 1));
		if (text_to_u64(&gid, number, UINT32_MAX - 1) < 0 || gid == 0)
			return -EINVAL;
		*ret = (gid_t)gid;
		return 0;
	}
	return -ENOENT;
}

static void note_fault(struct wanted *w, const char *why, const char *group)
{
	if (w->why)
		return;
	w->why = why;
	text_sanitise(w->group, sizeof(w->group), group, strlen(group), false);
}

static void want(struct wanted *w, const struct buf *file, const char *group)
{
	gid_t gid = 0;
	int r = groups_find_gid(file->data ? file->data : "", file->len, group, &gid);

	if (r == -ENOENT)
		note_fault(w, "not in /etc/group", group);
	else if (r < 0)
		note_fault(w, "its number in /etc/group is 0 or none", group);
	else if (w->n == GROUPS_ADDED_MAX)
		note_fault(w, "too many", group);
	else
		w->gids[w->n++] = gid;
}

/* The groups that name this account in the map's part about groups of /etc/group. */
static void collect(struct wanted *w, const struct map_view *v, const struct buf *file, const char *name)
{
	struct map_local l = {.at = (const char *)v->base + v->h.local};
	const char *group, *member;

	l.end = l.at + v->h.local_size;
	while ((group = map_local_next(&l)) != NULL) {
		bool is_in = false;

		while ((member = map_local_next(&l)) != NULL && member[0] != '\0')
			is_in = is_in || strcmp(member, name) == 0;
		if (is_in)
			want(w, file, group);
	}
}

static bool has_gid(const gid_t *gids, size_t n, gid_t gid)
{
	for (size_t i = 0; i < n; i++)
		if (gids[i] == gid)
			return true;
	return false;
}

static int apply(const struct wanted *w)
{
	LK_CLEANUP(freep) gid_t *gids = NULL;
	int n = getgroups(0, NULL);
	size_t total, before;

	if (n < 0)
		return -errno;
	gids = calloc((size_t)n + w->n + 1, sizeof(*gids));
	if (!gids)
		return -ENOMEM;
	n = getgroups(n, gids);
	if (n < 0)
		return -errno;
	before = (size_t)n;
	total = before;
	for (size_t i = 0; i < w->n; i++)
		if (!has_gid(gids, total, w->gids[i]))
			gids[total++] = w->gids[i];
	if (total == before)
		return 0;
	return setgroups(total, gids) < 0 ? -errno : 0;
}

/* Return: 0, -errno; a fault of a single group is in @w. */
static int add(struct wanted *w, const char *name)
{
	const struct map_reader reader = MAP_READER_INIT(MAP_DIRECTORY, 0);
	LK_CLEANUP(close_view) struct map_view view = {.base = NULL};
	LK_CLEANUP(buf_done) struct buf file = {0};
	int r;

	r = map_reader_open(&reader, &view);
	if (r < 0)
		return r;
	if (view.h.local_size == 0)
		return 0;
	r = file_read(&file, GROUP_PATH, FILE_OWNER_ROOT, FILE_READABLE, GROUP_FILE_MAX);
	if (r < 0)
		return r;
	collect(w, &view, &file, name);
	return w->n > 0 ? apply(w) : 0;
}

void groups_add(pam_handle_t *pamh, const char *name)
{
	struct wanted w = {.n = 0};
	int r;

	if (geteuid() != 0)
		return;
	r = add(&w, name);
	if (r < 0)
		log_account(pamh, LOG_WARNING, name, "not in its groups of /etc/group", strerrordesc_np(-r));
	else if (w.why)
		log_account_group(pamh, LOG_WARNING, name, w.group, w.why);
}
