/* SPDX-License-Identifier: MIT */
/* A hash table beside the records of a map in the making, keyed by a seed that nobody can foresee: names and ids are
 * chosen by strangers. */
#include "helper/accounts/record_index.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "nss_module/map_view.h"

static uint32_t key_hash(const struct record_index *x, struct record_key key)
{
	return key.name != NULL ? map_hash_bytes(x->seed, key.name, strlen(key.name)) : map_hash_id(x->seed, key.id);
}

static bool key_equal(struct record_key a, struct record_key b)
{
	if (a.name != NULL && b.name != NULL)
		return strcmp(a.name, b.name) == 0;
	return a.name == b.name && a.id == b.id;
}

/* Hash and number in one word: most entries need no look at their records, which lie anywhere. */
static uint64_t entry_of(uint32_t hash, uint32_t number)
{
	return (uint64_t)hash << 32 | (number + 1);
}

static void put_entry(struct record_index *x, uint64_t entry)
{
	size_t i = (size_t)(entry >> 32) & (x->capacity - 1);

	while (x->entries[i] != 0)
		i = (i + 1) & (x->capacity - 1);
	x->entries[i] = entry;
	x->n++;
}

int64_t index_find(const struct map_writer *w, const struct record_index *x, key_of_fn key_of, struct record_key key)
{
	uint32_t hash = key_hash(x, key);

	if (x->capacity == 0)
		return -1;
	for (size_t i = hash & (x->capacity - 1); x->entries[i] != 0; i = (i + 1) & (x->capacity - 1)) {
		uint32_t number = (uint32_t)x->entries[i] - 1;

		if (x->entries[i] >> 32 == hash && key_equal(key_of(w, number), key))
			return number;
	}
	return -1;
}

void index_put(const struct map_writer *w, struct record_index *x, key_of_fn key_of, uint32_t number)
{
	put_entry(x, entry_of(key_hash(x, key_of(w, number)), number));
}

int index_reserve(struct record_index *x)
{
	struct record_index bigger = {.seed = x->seed, .capacity = x->capacity != 0 ? x->capacity * 2 : 64};

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
