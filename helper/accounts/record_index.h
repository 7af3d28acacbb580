/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Finds the records that a map's writer has collected by name or by id. */

struct map_writer;

struct record_key {
	const char *name; /* NULL: by id */
	uint32_t id;
};

/* The key of the record with that number. */
typedef struct record_key (*key_of_fn)(const struct map_writer *w, uint32_t number);

/* Open-addressed; entry = hash of the key, then the number of the record + 1. Kept at most half full. */
struct record_index {
	uint64_t seed;
	uint64_t *entries; /* free() it */
	size_t capacity;   /* power of two, or 0 */
	size_t n;
};

/** index_find() - the number of the record with that key, or -1 */
int64_t index_find(const struct map_writer *w, const struct record_index *x, key_of_fn key_of, struct record_key key);

/** index_reserve() - room for one more. Return: 0, -ENOMEM. */
int index_reserve(struct record_index *x);

/** index_put() - add a record whose key is not there yet; index_reserve() has made room */
void index_put(const struct map_writer *w, struct record_index *x, key_of_fn key_of, uint32_t number);
