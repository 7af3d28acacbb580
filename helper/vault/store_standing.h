/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include "helper/vault/owner.h"
#include "helper/vault/store.h"

/* The provider's last word about somebody. It is no secret, and holds over restarts and while the provider cannot be asked. */

enum standing_state {
	STANDING_UNKNOWN = 0, /* never stored: nobody asked yet, or another identity has the account now */
	STANDING_GOOD = 1,
	STANDING_REFUSED = 2, /* until the next interactive sign-in */
};

struct standing {
	enum standing_state state;
	int64_t checked_s;   /* when the provider said so, by the wall clock */
	char reason[256];    /* what refused, as it goes into a log; "" where good */
	int64_t auth_time_s; /* as the ID token of the last interactive sign-in says; 0: it does not */
	char acr[256];       /* the same; "": it does not say */
	char amr[1025];      /* the same: its values, one space between */
	char sid[256];       /* the provider's session, for a logout that names nothing else; "" */
};

/** store_put_standing() - of an interactive sign-in: whatever was before is over. Return: 0, as store_insert(). */
int store_put_standing(struct store *s, const struct row_owner *o, const struct standing *st);

/**
 * store_note_standing() - the outcome of a question without the person: state, time and reason; the rest stays
 * A refusal always counts. A good word does not where there is a refusal: that needs a sign-in.
 * Return: 0, -EACCES refused before, and it stays so; as store_insert().
 */
int store_note_standing(struct store *s, const struct row_owner *o, const struct standing *st);

/** store_find_standing() - @ret: set only on 0. Return: 0, -ENOENT nothing of this owner, as the look-ups. */
int store_find_standing(struct store *s, const struct row_owner *o, struct standing *ret);

struct standing_note {
	uint32_t uid;
	char *issuer;
	char *subject;
	struct standing standing;
};

void standing_note_done(struct standing_note *n);

/** store_next_standing() - by the first uid after @after. @ret: set only on 0; standing_note_done().
 *  Return: 0, -ENOENT, as the look-ups. */
int store_next_standing(struct store *s, uint32_t after, struct standing_note *ret);

/** store_drop_standing() - Return: 0 also where there is none, as store_insert(). */
int store_drop_standing(struct store *s, uint32_t uid);
