/* SPDX-License-Identifier: MIT */
/*
 * Remembers which UIDs were shown to a program for names that have not signed in yet. In memory only: a restart forgets
 * them, and the account made later is compared with what the program saw.
 */
#include "helper/accounts/reservations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/clock.h"

void reservations_done(struct reservations *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->entries[i].issuer);
	free(r->entries);
	*r = (struct reservations){0};
}

static void drop_at(struct reservations *r, size_t i)
{
	free(r->entries[i].issuer);
	r->entries[i] = r->entries[--r->n];
}

static void drop_ended(struct reservations *r)
{
	uint64_t now_ms = clock_monotonic_ms();

	for (size_t i = r->n; i > 0; i--)
		if (r->entries[i - 1].ends_ms <= now_ms)
			drop_at(r, i - 1);
}

struct reservation *reservations_find(struct reservations *r, const char *name)
{
	drop_ended(r);
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->entries[i].name, name) == 0)
			return &r->entries[i];
	return NULL;
}

bool reservations_hold_uid(const struct reservations *r, uint32_t uid, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->entries[i].uid == uid && strcmp(r->entries[i].name, name) != 0)
			return true;
	return false;
}

static void drop_first_to_end(struct reservations *r)
{
	size_t first = 0;

	for (size_t i = 1; i < r->n; i++)
		if (r->entries[i].ends_ms < r->entries[first].ends_ms)
			first = i;
	drop_at(r, first);
}

int reservations_add(struct reservations *r, const char *name, const char *issuer, uint32_t uid, uint64_t ends_ms)
{
	struct reservation *entry;
	size_t len = strnlen(name, sizeof(entry->name));
	char *copy;

	if (len == sizeof(entry->name))
		return -EINVAL;
	if (!r->entries) {
		r->entries = calloc(RESERVATIONS_MAX, sizeof(*r->entries));
		if (!r->entries)
			return -ENOMEM;
	}
	copy = strdup(issuer);
	if (!copy)
		return -ENOMEM;
	if (r->n >= RESERVATIONS_MAX)
		drop_first_to_end(r);
	entry = &r->entries[r->n];
	entry->issuer = copy;
	memcpy(entry->name, name, len + 1);
	entry->uid = uid;
	entry->ends_ms = ends_ms;
	r->n++;
	return 0;
}

void reservations_drop(struct reservations *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->entries[i].name, name) == 0) {
			drop_at(r, i);
			return;
		}
	}
}
