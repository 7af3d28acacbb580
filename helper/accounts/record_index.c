/* SPDX-License-Identifier: MIT */
/* A hash table beside the records of a map in the making. */
#include "helper/accounts/record_index.h"

#include <errno.h>
#include <stdlib.h>

static void put_entry(struct record_index *x, uint64_t entry)
{
	size_t i = (size_t)(entry >> 32) & (x->capacity - 1);

	while (x->entries[i] != 0)
		i = (i + 1) & (x->capacity - 1);
	x->entries[i] = entry;
	x->n++;
}

void index_put(struct record_index *x, uint32_t hash, uint32_t number)
{
	put_entry(x, (uint64_t)hash << 32 | (number + 1));
}

int index_reserve(struct record_index *x)
{
	struct record_index bigger = {.capacity = x->capacity != 0 ? x->capacity * 2 : 64};

	if (x->n + 1 <= x->capacity / 2)
		return 0;
	bigger.entries = calloc(bigger.capacity, sizeof(*bigger.entries));
	if (bigger.entries == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < x->capacity; i++) {
		if (x->entries[i] != 0)
			put_entry(&bigger, x->entries[i]);
	}
	free(x->entries);
	*x = bigger;
	return 0;
}
