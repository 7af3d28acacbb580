/* SPDX-License-Identifier: MIT */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "nss_module/map_format.h"

/* Where a name or an id stands in the map's tables, for those who write it and those who read it; and how a value is read
 * from bytes that may be exchanged for others at any moment: once. */

/* The steps of a lookup by name or id: apart, each would get its values through memory. */
#define MAP_INLINE static inline __attribute__((__always_inline__))

/* The top bits of the bytes of @word that are 0. Above the lowest one, a byte that is 1 may show too. */
MAP_INLINE uint64_t map_zero_bytes(uint64_t word)
{
	return (word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080);
}

/* Keeps the compiler from reading the source of a copy again. */
MAP_INLINE void map_take(void *to, const void *from, size_t len)
{
	memcpy(to, from, len);
	__asm__ volatile("" ::: "memory");
}

/* Keeps the compiler from making a value anew from where it came. */
MAP_INLINE uint32_t map_once(uint32_t value)
{
	__asm__ volatile("" : "+r"(value));
	return value;
}

MAP_INLINE uint32_t map_load32(const void *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return map_once(value);
}

MAP_INLINE uint64_t map_load64(const void *p)
{
	uint64_t value;

	memcpy(&value, p, sizeof(value));
	__asm__ volatile("" : "+r"(value));
	return value;
}

static inline uint64_t map_mix(uint64_t h)
{
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	return h;
}

MAP_INLINE uint64_t map_word(const void *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* Up to 7 bytes, the first one lowest, without a step for each: the parts overlap where they say the same. */
MAP_INLINE uint64_t map_last_word(const unsigned char *p, size_t len)
{
	uint32_t low;
	uint32_t high;

	if (len >= 4) {
		memcpy(&low, p, 4);
		memcpy(&high, p + (len - 4), 4);
		return le32toh(low) | (uint64_t)le32toh(high) << (8 * (len - 4));
	}
	if (len == 0)
		return 0;
	return p[0] | (uint64_t)p[len / 2] << (8 * (len / 2)) | (uint64_t)p[len - 1] << (8 * (len - 1));
}

/* What seldom happens, kept out of the lookups, whose registers it would take. */
#define MAP_SELDOM static __attribute__((__noinline__, __cold__, __unused__))

/* A name in words. Few have more than MAP_KEY_BYTES: their middle stays where it stands. */
#define MAP_KEY_BYTES 16u

struct map_key {
	const char *name;
	size_t len;
	uint64_t first; /* the first 8 bytes, or all of them with zeros behind */
	uint64_t last;  /* the last 8 bytes */
};

MAP_INLINE struct map_key map_key_of(const char *name, size_t len)
{
	struct map_key k = {.len = len};

	/* A compiler that knows a name's array warns of words that are never read. */
	__asm__("" : "+r"(name));
	k.name = name;
	if (len < 8) {
		k.first = k.last = map_last_word((const unsigned char *)name, len);
	} else {
		k.first = map_word(name);
		k.last = map_word(name + len - 8);
	}
	return k;
}

/* Both halves of a product in one word: each of its bits hangs on nearly all of both factors. */
MAP_INLINE uint64_t map_fold(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
	uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX);
	uint64_t left = (a >> 32) * (b & UINT32_MAX) + (low >> 32);
	uint64_t right = (a & UINT32_MAX) * (b >> 32) + (left & UINT32_MAX);
	uint64_t high = (a >> 32) * (b >> 32) + (left >> 32) + (right >> 32);

	return (right << 32 | (low & UINT32_MAX)) ^ high;
#endif
}

MAP_SELDOM uint64_t map_hash_middle(uint64_t seed, const char *name, size_t len)
{
	uint64_t h = map_word(name);

	for (size_t at = 8; len - at > 8; at += 8)
		h = map_fold(h ^ seed, map_word(name + at) ^ UINT64_C(0x9e3779b97f4a7c15));
	return h;
}

/** map_hash_key() - keyed hash of a short text: mostly one multiplication */
MAP_INLINE uint32_t map_hash_key(uint64_t seed, const struct map_key *k)
{
	uint64_t h = k->len > MAP_KEY_BYTES ? map_hash_middle(seed, k->name, k->len) : k->first;

	/* The last bytes in both factors, or names that count would meet. */
	h ^= seed ^ (k->last << 32 | k->last >> 32);
	return (uint32_t)(map_fold(h, k->last ^ (UINT64_C(0xd6e8feb86659fd93) + k->len)) >> 16);
}

static inline uint32_t map_hash_name(uint64_t seed, const char *name, size_t len)
{
	struct map_key k = map_key_of(name, len);

	return map_hash_key(seed, &k);
}

MAP_INLINE uint32_t map_hash_id(uint64_t seed, uint32_t id)
{
	uint64_t h = seed ^ id;

	/* In both halves of a factor, or ids in a row would meet. */
	return (uint32_t)(map_fold(h ^ h << 32, UINT64_C(0x9e3779b97f4a7c15)) >> 16);
}

/* Where a search begins among @n buckets, or @n entries of ids. */
MAP_INLINE uint32_t map_home(uint32_t hash, uint32_t n)
{
	return (uint32_t)(((uint64_t)hash * n) >> 32);
}

/* What marks a slot beside the table; never 0. From other bits than the home. */
MAP_INLINE uint8_t map_tag(uint32_t hash)
{
	uint8_t tag = (uint8_t)hash;

	return tag != 0 ? tag : 1;
}

/* The upper part of an entry of a table of ids; never 0. From other bits of the hash than the home. */
MAP_INLINE uint32_t map_entry_tag(uint32_t hash)
{
	uint32_t tag = hash << MAP_ENTRY_SLOT_BITS;

	return tag != 0 ? tag : MAP_SLOTS_MAX;
}

MAP_INLINE uint32_t map_entry_slot(uint32_t entry)
{
	return entry & (MAP_SLOTS_MAX - 1);
}
