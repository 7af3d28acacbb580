/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Finds the records that a map's writer has collected by name or by id. Hashes are keyed by a seed that nobody can foresee:
 * names and ids are chosen by strangers. */

/* Open-addressed; entry = hash of the key, then the number of the record + 1. Kept at most half full. */
struct record_index {
	uint64_t *entries; /* free() it */
	size_t capacity;   /* power of two, or 0 */
	size_t n;
};

/* Has the record with that number the key that is looked for. */
typedef bool (*record_is_fn)(const void *key, uint32_t number);

/** index_find() - the number of the record with a key of that hash, or -1. Hash and number stand in one word: most entries
 *  need no look at their records, which lie anywhere. */
static inline int64_t index_find(const struct record_index *x, uint32_t hash, record_is_fn is, const void *key)
{
	if (x->capacity == 0)
		return -1;
	for (size_t i = hash & (x->capacity - 1); x->entries[i] != 0; i = (i + 1) & (x->capacity - 1)) {
		uint32_t number = (uint32_t)x->entries[i] - 1;

		if (x->entries[i] >> 32 == hash && is(key, number))
			return number;
	}
	return -1;
}

/** index_reserve() - room for one more. Return: 0, -ENOMEM. */
int index_reserve(struct record_index *x);

/** index_put() - add a record whose key is not there yet; index_reserve() has made room */
void index_put(struct record_index *x, uint32_t hash, uint32_t number);
