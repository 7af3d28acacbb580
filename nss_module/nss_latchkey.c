/* SPDX-License-Identifier: MIT */
/* What glibc calls: the entry points of the service "latchkey" for passwd, shadow, group and initgroups, over the
 * published map. Runs inside every process of the machine, root's login included: no allocation on a lookup (the list
 * of initgroups apart), no lock that is waited for, outputs written on success only, errno only where it says
 * something. Never answers for an id below the floor or a name bound to a local account. */
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <shadow.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nss_module/entry.h"
#include "nss_module/map_reader.h"
#include "nss_module/pack.h"
#include "nss_module/resolve_client.h"

/* Kept out of the lookups, whose registers it would take. */
#define SELDOM __attribute__((__noinline__, __cold__)) static

struct map_reader reader = MAP_READER_INIT(MAP_DIRECTORY, 0);

enum nss_status status_of(int result, int *errnop)
{
	switch (result) {
	case PACK_FOUND:
		return NSS_STATUS_SUCCESS;
	case PACK_NOT_FOUND:
	case PACK_MARKED:
	case -ENOENT: /* nothing was published yet: there are no accounts */
		return NSS_STATUS_NOTFOUND;
	case PACK_TOO_SMALL:
		*errnop = ERANGE;
		return NSS_STATUS_TRYAGAIN;
	case -EMFILE:
	case -ENFILE:
	case -ENOMEM:
	case -EBUSY:
		*errnop = result == -EBUSY ? EAGAIN : -result;
		return NSS_STATUS_TRYAGAIN;
	default:
		*errnop = ENOENT;
		return NSS_STATUS_UNAVAIL;
	}
}

/* --- passwd ------------------------------------------------------------------------------------------------------- */

struct user_query {
	const char *name; /* NULL: by uid */
	size_t name_len;
	uint32_t uid;
	char *buffer;
	size_t size;
	struct passwd pw;
	struct spwd sp;
};

MAP_INLINE int64_t place_of_name(const char *name, size_t len, const struct map_view *v)
{
	struct map_key k;

	if (!map_name_is_possible(len))
		return -1;
	k = map_key_of(name, len);
	return map_place_of_user(v, &k, map_hash_key(v->h.seed, &k));
}

/* The slot that is asked for, or NULL. */
static const struct map_user_slot *find_user(const struct user_query *q, const struct map_view *v)
{
	int64_t i;

	if (q->name != NULL)
		i = place_of_name(q->name, q->name_len, v);
	else
		i = map_id_is_ours(v, q->uid) ? map_place_of_uid(v, q->uid) : -1;
	return i >= 0 ? map_user_at(v, (uint32_t)i) : NULL;
}

static int user_lookup(void *userdata, const struct map_view *v)
{
	struct user_query *q = userdata;
	const struct map_user_slot *slot = find_user(q, v);
	int result = slot != NULL ? (int)pack_user(v, slot, &q->pw, q->buffer, q->size) : PACK_NOT_FOUND;

	return result == PACK_FOUND && q->name == NULL && q->pw.pw_uid != q->uid ? PACK_NOT_FOUND : result;
}

/* The first attempts: nothing but what is needed for nearly all. */
MAP_INLINE int user_by_name(void *userdata, const struct map_view *v)
{
	struct user_query *q = userdata;
	int64_t i = place_of_name(q->name, q->name_len, v);
	const struct map_user_slot *slot;
	uint32_t uid;

	if (i < 0)
		return PACK_NOT_FOUND;
	slot = map_user_at(v, (uint32_t)i);
	uid = map_load32(&slot->uid);
	return map_id_is_ours(v, uid) ? (int)pack_user_shortly(v, slot, uid, q->name_len, &q->pw, q->buffer, q->size)
				      : PACK_SELDOM;
}

MAP_INLINE int user_by_uid(void *userdata, const struct map_view *v)
{
	struct user_query *q = userdata;
	const struct map_user_slot *slot;
	size_t name_len;
	int64_t i;

	if (!map_id_is_ours(v, q->uid))
		return PACK_NOT_FOUND;
	i = map_place_of_uid(v, q->uid);
	if (i < 0)
		return PACK_NOT_FOUND;
	slot = map_user_at(v, (uint32_t)i);
	name_len = map_once(slot->name_len);
	return map_name_is_possible(name_len)
		       ? (int)pack_user_shortly(v, slot, q->uid, name_len, &q->pw, q->buffer, q->size)
		       : PACK_NOT_FOUND;
}

static int shadow_lookup(void *userdata, const struct map_view *v)
{
	struct user_query *q = userdata;
	const struct map_user_slot *slot = find_user(q, v);

	return slot != NULL ? (int)pack_shadow(v, slot, &q->sp, q->buffer, q->size) : PACK_NOT_FOUND;
}

/* The range of new accounts, which the mapping's own header tells. */
static int range_lookup(void *userdata, const struct map_view *v)
{
	struct map_ids *range = userdata;

	*range = map_ids_of(map_load32(v->base + offsetof(struct map_header, range_min)),
			    map_load32(v->base + offsetof(struct map_header, range_max)));
	return PACK_FOUND;
}

/* Return: the copy at @to, which moves on behind it. */
static char *put_text(char **to, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = *to;

	memcpy(copy, text, size);
	*to += size;
	return copy;
}

/* For login programs alone, and only beside a map: the PAM module knows by the same map that such an id is ours. */
SELDOM int resolve_unknown(struct user_query *q)
{
	struct map_ids range;
	struct resolve_answer a;
	char *p = q->buffer;

	if (!resolve_name_is_possible(q->name) || map_reader_ask(&reader, range_lookup, &range) != PACK_FOUND)
		return PACK_NOT_FOUND;
	/* Not to ask twice for one caller that begins with too small a buffer. */
	if (q->size < sizeof(a))
		return PACK_TOO_SMALL;
	if (resolve_ask(RESOLVE_SOCKET_PATH, 0, q->name, &a) < 0)
		return PACK_NOT_FOUND;
	if (!map_ids_hold(range, a.uid) || !map_ids_hold(range, a.gid))
		return PACK_NOT_FOUND;
	q->pw = (struct passwd){.pw_uid = a.uid, .pw_gid = a.gid};
	q->pw.pw_name = put_text(&p, a.name);
	q->pw.pw_passwd = put_text(&p, "x");
	q->pw.pw_gecos = put_text(&p, a.gecos);
	q->pw.pw_dir = put_text(&p, a.home);
	q->pw.pw_shell = put_text(&p, a.shell);
	return PACK_FOUND;
}

/* From the start, with all that a first attempt leaves out: it then needs nothing but registers. */
SELDOM enum nss_status user_by_name_again(const char *name, struct passwd *pwd, char *buffer, size_t buflen,
					  int *errnop)
{
	struct user_query q = {.name = name, .name_len = strlen(name), .buffer = buffer, .size = buflen};
	int result = map_reader_ask(&reader, user_lookup, &q);

	if (result == PACK_NOT_FOUND && resolve_caller_may_ask())
		result = resolve_unknown(&q);
	if (result == PACK_FOUND)
		*pwd = q.pw;
	return status_of(result, errnop);
}

SELDOM enum nss_status user_by_uid_again(uid_t uid, struct passwd *pwd, char *buffer, size_t buflen, int *errnop)
{
	struct user_query q = {.uid = uid, .buffer = buffer, .size = buflen};
	int result = map_reader_ask(&reader, user_lookup, &q);

	if (result == PACK_FOUND)
		*pwd = q.pw;
	return status_of(result, errnop);
}

EXPORT enum nss_status _nss_latchkey_getpwnam_r(const char *name, struct passwd *pwd, char *buffer, size_t buflen,
						int *errnop);
EXPORT enum nss_status _nss_latchkey_getpwnam_r(const char *name, struct passwd *pwd, char *buffer, size_t buflen,
						int *errnop)
{
	struct user_query q = {.name = name, .name_len = strlen(name), .buffer = buffer, .size = buflen};
	int result = map_reader_try(&reader, MAP_PART_USERS | MAP_PART_STYLES, user_by_name, &q);

	if (result == PACK_FOUND) {
		*pwd = q.pw;
		return NSS_STATUS_SUCCESS;
	}
	if (result == PACK_NOT_FOUND && resolve_is_other_program())
		return NSS_STATUS_NOTFOUND;
	return user_by_name_again(name, pwd, buffer, buflen, errnop);
}

EXPORT enum nss_status _nss_latchkey_getpwuid_r(uid_t uid, struct passwd *pwd, char *buffer, size_t buflen,
						int *errnop);
EXPORT enum nss_status _nss_latchkey_getpwuid_r(uid_t uid, struct passwd *pwd, char *buffer, size_t buflen, int *errnop)
{
	struct user_query q = {.uid = uid, .buffer = buffer, .size = buflen};
	int result;

	if (uid < MAP_ID_FLOOR)
		return NSS_STATUS_NOTFOUND;
	result = map_reader_try(&reader, MAP_PART_USERS | MAP_PART_UIDS | MAP_PART_STYLES, user_by_uid, &q);
	if (result == PACK_FOUND) {
		*pwd = q.pw;
		return NSS_STATUS_SUCCESS;
	}
	return result == PACK_NOT_FOUND ? NSS_STATUS_NOTFOUND : user_by_uid_again(uid, pwd, buffer, buflen, errnop);
}

/* --- shadow ------------------------------------------------------------------------------------------------------- */

EXPORT enum nss_status _nss_latchkey_getspnam_r(const char *name, struct spwd *spwd, char *buffer, size_t buflen,
						int *errnop);
EXPORT enum nss_status _nss_latchkey_getspnam_r(const char *name, struct spwd *spwd, char *buffer, size_t buflen,
						int *errnop)
{
	struct user_query q;
	int result;

	q.name = name;
	q.name_len = strlen(name);
	q.uid = 0;
	q.buffer = buffer;
	q.size = buflen;
	result = map_reader_ask(&reader, shadow_lookup, &q);
	if (result == PACK_FOUND)
		*spwd = q.sp;
	return status_of(result, errnop);
}

/* --- group -------------------------------------------------------------------------------------------------------- */

struct group_query {
	const char *name; /* NULL: by gid */
	size_t name_len;
	uint32_t gid;
	char *buffer;
	size_t size;
	struct group gr;
};

MAP_INLINE int group_by_name(struct group_query *q, const struct map_view *v)
{
	struct map_key k;
	uint32_t hash;
	int64_t i;

	if (!map_name_is_possible(q->name_len))
		return PACK_NOT_FOUND;
	k = map_key_of(q->name, q->name_len);
	hash = map_hash_key(v->h.seed, &k);
	i = map_place_of_group(v, &k, hash);
	if (i >= 0)
		return (int)pack_group(v, map_group_at(v, (uint32_t)i), &q->gr, q->buffer, q->size);
	i = map_place_of_user(v, &k, hash);
	return i >= 0 ? (int)pack_private_group(v, map_user_at(v, (uint32_t)i), &q->gr, q->buffer, q->size)
		      : PACK_NOT_FOUND;
}

MAP_INLINE int group_by_gid(struct group_query *q, const struct map_view *v)
{
	int64_t i;
	int result;

	if (!map_id_is_ours(v, q->gid))
		return PACK_NOT_FOUND;
	i = map_place_of_gid(v, q->gid);
	if (i >= 0) {
		result = (int)pack_group(v, map_group_at(v, (uint32_t)i), &q->gr, q->buffer, q->size);
	} else {
		i = map_place_of_uid(v, q->gid);
		if (i < 0)
			return PACK_NOT_FOUND;
		result = (int)pack_private_group(v, map_user_at(v, (uint32_t)i), &q->gr, q->buffer, q->size);
	}
	return result == PACK_FOUND && q->gr.gr_gid != q->gid ? PACK_NOT_FOUND : result;
}

MAP_INLINE int group_lookup(void *userdata, const struct map_view *v)
{
	struct group_query *q = userdata;

	return q->name != NULL ? group_by_name(q, v) : group_by_gid(q, v);
}

SELDOM enum nss_status group_again(const char *name, gid_t gid, struct group *grp, char *buffer, size_t buflen,
				   int *errnop)
{
	struct group_query q = {.name = name,
				.name_len = name != NULL ? strlen(name) : 0,
				.gid = gid,
				.buffer = buffer,
				.size = buflen};
	int result = map_reader_ask(&reader, group_lookup, &q);

	if (result == PACK_FOUND)
		*grp = q.gr;
	return status_of(result, errnop);
}

EXPORT enum nss_status _nss_latchkey_getgrnam_r(const char *name, struct group *grp, char *buffer, size_t buflen,
						int *errnop);
EXPORT enum nss_status _nss_latchkey_getgrnam_r(const char *name, struct group *grp, char *buffer, size_t buflen,
						int *errnop)
{
	struct group_query q = {.name = name, .name_len = strlen(name), .buffer = buffer, .size = buflen};
	int result = map_reader_try(&reader, MAP_PART_GROUPS | MAP_PART_USERS | MAP_PART_DATA, group_lookup, &q);

	if (result == PACK_FOUND) {
		*grp = q.gr;
		return NSS_STATUS_SUCCESS;
	}
	return result == PACK_NOT_FOUND ? NSS_STATUS_NOTFOUND : group_again(name, 0, grp, buffer, buflen, errnop);
}

EXPORT enum nss_status _nss_latchkey_getgrgid_r(gid_t gid, struct group *grp, char *buffer, size_t buflen, int *errnop);
EXPORT enum nss_status _nss_latchkey_getgrgid_r(gid_t gid, struct group *grp, char *buffer, size_t buflen, int *errnop)
{
	struct group_query q = {.gid = gid, .buffer = buffer, .size = buflen};
	int result;

	if (gid < MAP_ID_FLOOR)
		return NSS_STATUS_NOTFOUND;
	result = map_reader_try(&reader, MAP_PART_ALL, group_lookup, &q);
	if (result == PACK_FOUND) {
		*grp = q.gr;
		return NSS_STATUS_SUCCESS;
	}
	return result == PACK_NOT_FOUND ? NSS_STATUS_NOTFOUND : group_again(NULL, gid, grp, buffer, buflen, errnop);
}

/* --- initgroups --------------------------------------------------------------------------------------------------- */

/* glibc's list of gids: *start of *size entries are used, at most limit (if > 0) may be. */
struct groups_query {
	const char *name;
	size_t name_len;
	gid_t primary;
	long start;
	long *size;
	gid_t **list;
	long limit;
	long end; /* result: entries used after it */
};

/* Room for @more entries, or as many as there may be. Return: how many can be added; -1: no memory. */
static long groups_reserve(struct groups_query *q, long more)
{
	long want = q->start + more;
	long bigger = *q->size > 0 ? *q->size * 2 : 16;
	gid_t *list;

	if (q->limit > 0 && want > q->limit)
		want = q->limit;
	if (want <= *q->size)
		return want > q->start ? want - q->start : 0;
	bigger = bigger > want ? bigger : want;
	if (q->limit > 0 && bigger > q->limit)
		bigger = q->limit;
	list = reallocarray(*q->list, (size_t)bigger, sizeof(*list));
	if (list == NULL)
		return -1;
	*q->list = list;
	*q->size = bigger;
	return want - q->start;
}

MAP_INLINE int groups_lookup(void *userdata, const struct map_view *v)
{
	struct groups_query *q = userdata;
	const struct map_user_slot *slot;
	struct map_user_ids ids;
	const unsigned char *gids;
	enum pack_result may;
	uint32_t n = 0;
	long room;
	int64_t place;

	q->end = q->start;
	place = place_of_name(q->name, q->name_len, v);
	if (place < 0)
		return PACK_NOT_FOUND;
	slot = map_user_at(v, (uint32_t)place);
	ids = map_user_ids(slot);
	may = pack_may_answer(v, &ids);
	if (may != PACK_FOUND)
		return (int)may;
	gids = map_view_user_groups(v, slot, &n);
	if (gids == NULL)
		return PACK_FOUND;
	room = q->start + n <= *q->size && (q->limit <= 0 || q->start + n <= q->limit) ? n : groups_reserve(q, n);
	if (room < 0)
		return -ENOMEM;
	q->end += pack_gids(v->ids, gids, n, *q->list + q->start, room, q->primary);
	return PACK_FOUND;
}

SELDOM enum nss_status groups_again(struct groups_query q, long *start, int *errnop)
{
	int result = map_reader_ask(&reader, groups_lookup, &q);

	if (result == PACK_FOUND)
		*start = q.end;
	return status_of(result, errnop);
}

EXPORT enum nss_status _nss_latchkey_initgroups_dyn(const char *user, gid_t group, long *start, long *size,
						    gid_t **groupsp, long limit, int *errnop);
EXPORT enum nss_status _nss_latchkey_initgroups_dyn(const char *user, gid_t group, long *start, long *size,
						    gid_t **groupsp, long limit, int *errnop)
{
	struct groups_query q = {
		.name = user,
		.name_len = strlen(user),
		.primary = group,
		.start = *start,
		.size = size,
		.list = groupsp,
		.limit = limit,
	};
	int result;

	/* glibc asks for local users too. Root is never on a map, and no fault of its file shall reach root's login: a
	 * page that cannot be read ends a process by SIGBUS. */
	if (group == 0 && strcmp(user, "root") == 0)
		return NSS_STATUS_NOTFOUND;
	result = map_reader_try(&reader, MAP_PART_USERS | MAP_PART_DATA, groups_lookup, &q);
	if (result == PACK_FOUND) {
		*start = q.end;
		return NSS_STATUS_SUCCESS;
	}
	return result == PACK_NOT_FOUND ? NSS_STATUS_NOTFOUND : groups_again(q, start, errnop);
}
