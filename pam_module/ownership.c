/* SPDX-License-Identifier: MIT */
/* The gate of every phase: names that are not ours leave here, also when the helper is down, so that root and local
 * accounts never depend on it. Asks NSS, the published map and /etc/passwd, never the helper; says "not ours" only when it
 * knows. */

#include "pam_module/ownership.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/buf.h"
#include "helper/base/file.h"
#include "helper/base/text.h"
#include "nss_module/map_reader.h"

LK_DEFINE_CLEANUP(char *, free);

#define PASSWD_PATH "/etc/passwd"
#define PASSWD_FILE_MAX (16u * 1024u * 1024u)
#define RECORD_FIRST 1024u
#define RECORD_MAX (64u * 1024u)
/* The range of new accounts where root's configuration has no other: see latchkey.conf(5). */
#define DEFAULT_RANGE_MIN 0x70000000u
#define DEFAULT_RANGE_MAX 0x7FFFFFFEu

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool ownership_name_is_plain(const char *name)
{
	size_t len = strnlen(name, OWNERSHIP_NAME_MAX + 1);

	if (len == 0 || len > OWNERSHIP_NAME_MAX || !(is_letter_or_digit(name[0]) || name[0] == '_'))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!is_letter_or_digit(name[i]) && !strchr("._@+-", name[i]))
			return false;
	return true;
}

bool ownership_text_has_name(const char *text, size_t len, const char *name)
{
	size_t name_len = strlen(name);

	while (len > name_len) {
		const char *newline;

		if (memcmp(text, name, name_len) == 0 && text[name_len] == ':')
			return true;
		newline = memchr(text, '\n', len);
		if (!newline)
			return false;
		len -= (size_t)(newline - text) + 1;
		text = newline + 1;
	}
	return false;
}

/* 1: the file has the name, 0: it has not, or -errno */
static int is_local(const char *name)
{
	LK_CLEANUP(buf_done) struct buf file = {0};
	int r;

	r = file_read(&file, PASSWD_PATH, FILE_OWNER_ROOT, FILE_READABLE, PASSWD_FILE_MAX);
	if (r < 0)
		return r;
	return file.len > 0 && ownership_text_has_name(file.data, file.len, name);
}

/* 0 found, -ENOENT nobody knows the name, other -errno: NSS could not tell */
static int record_get(struct passwd *ret, char **ret_strings, const char *name)
{
	for (size_t size = RECORD_FIRST; size <= RECORD_MAX; size *= 2) {
		struct passwd *found = NULL;
		char *strings = malloc(size);
		int r;

		if (!strings)
			return -ENOMEM;
		r = getpwnam_r(name, ret, strings, size, &found);
		if (r == 0 && found) {
			*ret_strings = strings;
			return 0;
		}
		free(strings);
		if (r == 0 || r == ENOENT || r == ESRCH)
			return -ENOENT;
		if (r != ERANGE)
			return -r;
	}
	return -ERANGE;
}

static int account_copy(struct owned_account *ret, const struct passwd *record)
{
	LK_CLEANUP(owned_account_done) struct owned_account a = {.uid = record->pw_uid, .gid = record->pw_gid};

	if (!record->pw_dir || !record->pw_shell || !text_is_utf8(record->pw_dir, strlen(record->pw_dir)) ||
	    !text_is_utf8(record->pw_shell, strlen(record->pw_shell)))
		return -EUCLEAN;
	a.name = strdup(record->pw_name);
	a.home = strdup(record->pw_dir);
	a.shell = strdup(record->pw_shell);
	if (!a.name || !a.home || !a.shell)
		return -ENOMEM;
	*ret = a;
	a = (struct owned_account){0};
	return 0;
}

/* What the published map says about a name. */
struct published {
	bool has_name;
	bool is_local; /* MAP_USER_LOCAL_ACCOUNT */
	uint32_t uid;
	uint32_t range_min; /* of new accounts */
	uint32_t range_max;
};

/* Return: 0; -ENOENT no map was ever published; other negative errno: there is none that can be read. */
static int published_find(struct published *ret, const char *name)
{
	const struct map_reader reader = MAP_READER_INIT(MAP_DIRECTORY, 0);
	struct map_user_slot user = {.flags = 0};
	struct map_view view;
	int r;

	r = map_reader_open(&reader, &view);
	if (r < 0)
		return r;
	*ret = (struct published){
		.has_name = map_view_find_user(&view, name, strlen(name), &user) >= 0,
		.is_local = (user.flags & MAP_USER_LOCAL_ACCOUNT) != 0,
		.uid = user.uid,
		.range_min = view.h.range_min,
		.range_max = view.h.range_max,
	};
	map_reader_close(&view);
	return 0;
}

/* Does an id lie where only new accounts of ours get theirs. */
static bool in_range(uid_t uid, uint32_t min, uint32_t max)
{
	return uid >= min && uid <= max;
}

/* A caller that has run out of something, as whoever starts sudo can arrange it: ask again later. */
static bool has_run_out(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM;
}

/* Return: as ownership_find(). @error: why there is no map. */
static int judge_without_map(const char *name, uid_t uid, int error)
{
	int r;

	if (has_run_out(error))
		return error;
	if (!in_range(uid, DEFAULT_RANGE_MIN, DEFAULT_RANGE_MAX) && error == -ENOENT)
		return OWNERSHIP_OTHER;
	r = is_local(name);
	if (r != 0)
		return r > 0 ? OWNERSHIP_OTHER : r;
	return in_range(uid, DEFAULT_RANGE_MIN, DEFAULT_RANGE_MAX) ? 0 : error;
}

/* Return: as ownership_find(). @ret: what the map says, all false without one. */
static int judge(struct published *ret, const char *name, uid_t uid)
{
	struct published p = {0};
	int r;

	*ret = p;
	r = published_find(&p, name);
	if (r < 0)
		return judge_without_map(name, uid, r);
	*ret = p;
	if (p.has_name && p.is_local)
		return 0;
	if (!p.has_name && !in_range(uid, p.range_min, p.range_max))
		return OWNERSHIP_OTHER;
	r = is_local(name);
	if (r != 0)
		return r > 0 ? OWNERSHIP_OTHER : r;
	/* Another source, or a cache, answers for a name of ours with an id that is not its. */
	return p.has_name && p.uid != uid ? -EUCLEAN : 0;
}

/* Such an account stays what it is whatever is wrong with the map. Return: 0 it is marked, OWNERSHIP_OTHER; negative errno where
 * the caller has run out of something. */
static int judge_of_system(struct published *ret, const char *name)
{
	struct published p = {0};
	int r;

	*ret = p;
	r = published_find(&p, name);
	if (has_run_out(r))
		return r;
	if (r < 0 || !p.has_name || !p.is_local)
		return OWNERSHIP_OTHER;
	*ret = p;
	return 0;
}

int ownership_find(struct owned_account *ret, const char *name)
{
	LK_CLEANUP(freep) char *strings = NULL;
	struct passwd record = {0};
	struct published published;
	int r;

	if (!name || !ownership_name_is_plain(name))
		return OWNERSHIP_OTHER;

	r = record_get(&record, &strings, name);
	if (r == -ENOENT)
		return OWNERSHIP_OTHER;
	if (r < 0)
		/* a local account stays one whatever else is broken */
		return is_local(name) == 1 ? OWNERSHIP_OTHER : r;
	/* Root never depends on the map, and of the system's own accounts only one that it marks as a service's. */
	if (record.pw_uid == 0 || strcmp(name, "root") == 0)
		return OWNERSHIP_OTHER;
	if (record.pw_uid < MAP_ID_FLOOR)
		r = judge_of_system(&published, name);
	else
		r = judge(&published, name, record.pw_uid);
	if (r != 0)
		return r;

	/* A source that folds case or strips a domain answers for another name than was asked. */
	if (!record.pw_name || strcmp(record.pw_name, name) != 0)
		return -EUCLEAN;
	r = account_copy(ret, &record);
	if (r == 0) {
		ret->is_published = published.has_name;
		ret->is_local = published.has_name && published.is_local;
	}
	return r;
}

const char *owned_account_log_name(const struct owned_account *a)
{
	return a->is_published ? a->name : NULL;
}

void owned_account_done(struct owned_account *a)
{
	free(a->name);
	free(a->home);
	free(a->shell);
	*a = (struct owned_account){0};
}
