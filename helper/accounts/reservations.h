/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/accounts/name.h"

/* UIDs that were promised for a while to names without an account. Small and searched from end to end. */

#define RESERVATIONS_MAX 1024u

struct reservation {
	char name[NAME_MAX_LEN + 1];
	char *issuer;
	uint32_t uid;
	uint64_t ends_ms; /* monotonic */
};

struct reservations {
	struct reservation *entries;
	size_t n;
};

void reservations_done(struct reservations *r);

/** reservations_find() - what this name holds now, whatever its issuer; NULL: nothing. Drops what has run out. */
struct reservation *reservations_find(struct reservations *r, const char *name);

/** reservations_hold_uid() - does any name but @name hold this UID */
bool reservations_hold_uid(const struct reservations *r, uint32_t uid, const char *name);

/**
 * reservations_add() - @name holds nothing yet
 * Of RESERVATIONS_MAX the one that would end first gives way: names are asked for by strangers, who must not be able to
 * keep a newcomer out. Return: 0, -EINVAL, -ENOMEM.
 */
int reservations_add(struct reservations *r, const char *name, const char *issuer, uint32_t uid, uint64_t ends_ms);

void reservations_drop(struct reservations *r, const char *name);
