/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include "helper/vault/store.h"

/* Who may come in for a while although nobody can be asked, by root's word. */

struct break_glass {
	char name[33];
	int64_t until_s;
	char reason[256];
	int64_t created_s;
	char created_by[65]; /* in words */
	int64_t seen_s;      /* the latest time that the clock has shown since */
};

/** store_put_break_glass() - @b->seen_s counts as @b->created_s. What the name had before is over. Return: 0, as store_insert(). */
int store_put_break_glass(struct store *s, const struct break_glass *b);

/** store_find_break_glass() - also one whose time is over. @ret: set only on 0. Return: 0, -ENOENT, as the look-ups. */
int store_find_break_glass(struct store *s, const char *name, struct break_glass *ret);

/** store_next_break_glass() - the first whose name comes after @after (NULL: the very first). Return: 0, -ENOENT, as the look-ups. */
int store_next_break_glass(struct store *s, const char *after, struct break_glass *ret);

/** store_see_break_glass() - the clock shows @now_s; nothing where it has shown more. Return: 0, as store_insert(). */
int store_see_break_glass(struct store *s, int64_t now_s);

/** store_drop_break_glass() - Return: 0, -ENOENT, as store_insert(). */
int store_drop_break_glass(struct store *s, const char *name);
