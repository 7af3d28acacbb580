/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

/* Room for very many short texts that all go at once. */

#define TEXT_ARENA_MAX 4096u /* bytes of one text */

struct text_block;

struct text_arena {
	struct text_block *blocks; /* NULL: empty; the one that is being filled comes first */
};

/** text_arena_take() - @len bytes, at most TEXT_ARENA_MAX, that live until text_arena_done(); NULL without memory */
char *text_arena_take(struct text_arena *a, size_t len);

/** text_arena_done() - all of them go; the arena is empty again */
void text_arena_done(struct text_arena *a);
