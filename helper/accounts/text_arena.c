/* SPDX-License-Identifier: MIT */
/* Blocks that are filled one behind the other: a million texts take and give back memory some thousand times. */
#include "helper/accounts/text_arena.h"

#include <stdlib.h>

#define BLOCK_BYTES 65536u

struct text_block {
	struct text_block *next;
	size_t used;
	char bytes[BLOCK_BYTES];
};

char *text_arena_take(struct text_arena *a, size_t len)
{
	struct text_block *b = a->blocks;

	if (len > TEXT_ARENA_MAX)
		return NULL;
	if (b == NULL || BLOCK_BYTES - b->used < len) {
		b = malloc(sizeof(*b));
		if (b == NULL)
			return NULL;
		b->next = a->blocks;
		b->used = 0;
		a->blocks = b;
	}
	b->used += len;
	return b->bytes + b->used - len;
}

void text_arena_done(struct text_arena *a)
{
	struct text_block *next;

	for (struct text_block *b = a->blocks; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	a->blocks = NULL;
}
