/* SPDX-License-Identifier: MIT */
/* What glibc calls to go through all entries: set..ent(), get..ent_r() and end..ent() of passwd, shadow and group. One
 * place for each database and the whole process, as glibc has it; never waits for another thread. */
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <shadow.h>
#include <stdint.h>

#include "nss_module/entry.h"
#include "nss_module/map_reader.h"
#include "nss_module/pack.h"

/* One map from set..ent() to end..ent(), whatever is published meanwhile; the place moves on only when an entry was
 * handed over, so that a buffer that was too small loses none. */
struct enumeration {
	struct map_view view; /* base NULL: not begun */
	uint32_t next;
};

enum database {
	DB_PASSWD,
	DB_GROUP,
	DB_SHADOW,
};

static struct enumeration enumerations[3];

struct entry_query {
	char *buffer;
	size_t size;
	struct passwd pw;
	struct spwd sp;
	struct group gr;
};

static int passwd_entry(const struct map_view *v, uint32_t i, struct entry_query *q)
{
	struct map_user_slot u;

	map_view_user(v, i, &u);
	return u.name_len != 0 ? (int)pack_user(v, &u, &q->pw, q->buffer, q->size) : PACK_NOT_FOUND;
}

static int shadow_entry(const struct map_view *v, uint32_t i, struct entry_query *q)
{
	struct map_user_slot u;

	map_view_user(v, i, &u);
	return u.name_len != 0 ? (int)pack_shadow(v, &u, &q->sp, q->buffer, q->size) : PACK_NOT_FOUND;
}

/* The groups with a record, then the private ones. */
static int group_entry(const struct map_view *v, uint32_t i, struct entry_query *q)
{
	struct map_group_slot g;
	struct map_user_slot u;

	if (i < v->h.group_slots) {
		map_view_group(v, i, &g);
		return g.name_len != 0 ? (int)pack_group(v, &g, &q->gr, q->buffer, q->size) : PACK_NOT_FOUND;
	}
	map_view_user(v, i - v->h.group_slots, &u);
	return u.name_len != 0 ? (int)pack_private_group(v, &u, &q->gr, q->buffer, q->size) : PACK_NOT_FOUND;
}

static int next_in(struct enumeration *e, enum database db, struct entry_query *q)
{
	uint32_t end = e->view.h.user_slots + (db == DB_GROUP ? e->view.h.group_slots : 0);
	int result;

	for (; e->next < end; e->next++) {
		result = db == DB_PASSWD  ? passwd_entry(&e->view, e->next, q)
			 : db == DB_GROUP ? group_entry(&e->view, e->next, q)
					  : shadow_entry(&e->view, e->next, q);
		if (result == PACK_TOO_SMALL)
			return result;
		if (result == PACK_FOUND) {
			e->next++;
			return result;
		}
	}
	return PACK_NOT_FOUND;
}

static int enumeration_next(enum database db, struct entry_query *q)
{
	struct enumeration *e = &enumerations[db];
	int result = 0;

	if (!map_reader_enter(&reader, db))
		return -EBUSY;
	if (e->view.base == NULL) {
		e->next = 0;
		result = map_reader_open(&reader, &e->view);
	}
	if (result == 0)
		result = next_in(e, db, q);
	map_reader_leave(&reader, db);
	return result;
}

static enum nss_status enumeration_end(enum database db)
{
	if (!map_reader_enter(&reader, db))
		return NSS_STATUS_TRYAGAIN;
	map_reader_close(&enumerations[db].view);
	map_reader_leave(&reader, db);
	return NSS_STATUS_SUCCESS;
}

EXPORT enum nss_status _nss_latchkey_setpwent(int stayopen);
EXPORT enum nss_status _nss_latchkey_setpwent(int stayopen)
{
	(void)stayopen;
	return enumeration_end(DB_PASSWD);
}

EXPORT enum nss_status _nss_latchkey_endpwent(void);
EXPORT enum nss_status _nss_latchkey_endpwent(void)
{
	return enumeration_end(DB_PASSWD);
}

EXPORT enum nss_status _nss_latchkey_getpwent_r(struct passwd *pwd, char *buffer, size_t buflen, int *errnop);
EXPORT enum nss_status _nss_latchkey_getpwent_r(struct passwd *pwd, char *buffer, size_t buflen, int *errnop)
{
	struct entry_query q = {.buffer = buffer, .size = buflen};
	int result = enumeration_next(DB_PASSWD, &q);

	if (result == PACK_FOUND)
		*pwd = q.pw;
	return status_of(result, errnop);
}

EXPORT enum nss_status _nss_latchkey_setspent(int stayopen);
EXPORT enum nss_status _nss_latchkey_setspent(int stayopen)
{
	(void)stayopen;
	return enumeration_end(DB_SHADOW);
}

EXPORT enum nss_status _nss_latchkey_endspent(void);
EXPORT enum nss_status _nss_latchkey_endspent(void)
{
	return enumeration_end(DB_SHADOW);
}

EXPORT enum nss_status _nss_latchkey_getspent_r(struct spwd *spwd, char *buffer, size_t buflen, int *errnop);
EXPORT enum nss_status _nss_latchkey_getspent_r(struct spwd *spwd, char *buffer, size_t buflen, int *errnop)
{
	struct entry_query q = {.buffer = buffer, .size = buflen};
	int result = enumeration_next(DB_SHADOW, &q);

	if (result == PACK_FOUND)
		*spwd = q.sp;
	return status_of(result, errnop);
}

EXPORT enum nss_status _nss_latchkey_setgrent(int stayopen);
EXPORT enum nss_status _nss_latchkey_setgrent(int stayopen)
{
	(void)stayopen;
	return enumeration_end(DB_GROUP);
}

EXPORT enum nss_status _nss_latchkey_endgrent(void);
EXPORT enum nss_status _nss_latchkey_endgrent(void)
{
	return enumeration_end(DB_GROUP);
}

EXPORT enum nss_status _nss_latchkey_getgrent_r(struct group *grp, char *buffer, size_t buflen, int *errnop);
EXPORT enum nss_status _nss_latchkey_getgrent_r(struct group *grp, char *buffer, size_t buflen, int *errnop)
{
	struct entry_query q = {.buffer = buffer, .size = buflen};
	int result = enumeration_next(DB_GROUP, &q);

	if (result == PACK_FOUND)
		*grp = q.gr;
	return status_of(result, errnop);
}
