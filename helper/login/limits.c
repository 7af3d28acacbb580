/* SPDX-License-Identifier: MIT */
/*
 * Counts events by key. A bucket is one number, the time at which it will be full again (GCRA), so nothing has to be
 * refilled. The keys are chosen by strangers: hashed with a secret key, and never more of them than was allowed.
 */
#include "helper/login/limits.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "helper/accounts/siphash.h"
#include "helper/base/clock.h"

#define KEY_SIZE 64u
#define NOTHING UINT32_MAX

struct bucket {
	char key[KEY_SIZE];
	uint64_t full_ms; /* when the whole burst will be there again */
	uint32_t chain;   /* the next of the same slot */
	uint32_t newer;   /* neighbours by time of use */
	uint32_t older;
};

struct limits {
	uint64_t interval_ms;
	uint64_t burst_ms;
	uint8_t hash_key[16];
	uint32_t *slots; /* heads of chains, n_slots a power of two */
	uint32_t n_slots;
	struct bucket *buckets;
	uint32_t max_keys;
	uint32_t n_used;
	uint32_t newest;
	uint32_t oldest;
};

int limits_new(struct limits **ret, uint32_t burst, uint32_t refill_ms, size_t max_keys)
{
	LK_CLEANUP(limits_freep) struct limits *l = NULL;

	if (refill_ms == 0 || max_keys == 0 || max_keys > UINT32_C(1) << 24)
		return -EINVAL;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->interval_ms = refill_ms;
	l->burst_ms = burst * l->interval_ms;
	l->max_keys = (uint32_t)max_keys;
	for (l->n_slots = 16; l->n_slots < l->max_keys; l->n_slots *= 2)
		;
	l->slots = malloc(l->n_slots * sizeof(*l->slots));
	l->buckets = calloc(max_keys, sizeof(*l->buckets));
	if (!l->slots || !l->buckets)
		return -ENOMEM;
	memset(l->slots, 0xff, l->n_slots * sizeof(*l->slots));
	l->newest = NOTHING;
	l->oldest = NOTHING;
	if (getrandom(l->hash_key, sizeof(l->hash_key), 0) != (ssize_t)sizeof(l->hash_key))
		return -errno;
	*ret = LK_STEAL(l);
	return 0;
}

void limits_free(struct limits *l)
{
	if (!l)
		return;
	free(l->slots);
	free(l->buckets);
	free(l);
}

/* One customer has a /64 and may change the rest of the address at will. */
static void shorten_address(char key[KEY_SIZE])
{
	char text[KEY_SIZE], *zone;
	struct in6_addr address;

	memcpy(text, key, KEY_SIZE);
	zone = strchr(text, '%');
	if (zone)
		*zone = '\0';
	if (inet_pton(AF_INET6, text, &address) != 1)
		return;
	memset(key, 0, KEY_SIZE);
	if (IN6_IS_ADDR_V4MAPPED(&address)) {
		inet_ntop(AF_INET, address.s6_addr + 12, key, KEY_SIZE);
		return;
	}
	memset(address.s6_addr + 8, 0, 8);
	inet_ntop(AF_INET6, &address, key, KEY_SIZE);
}

static uint32_t *slot_of(const struct limits *l, const char key[KEY_SIZE])
{
	return &l->slots[siphash(l->hash_key, key, KEY_SIZE) & (l->n_slots - 1)];
}

static void unlink_by_time(struct limits *l, uint32_t i)
{
	struct bucket *b = &l->buckets[i];

	if (b->newer == NOTHING)
		l->newest = b->older;
	else
		l->buckets[b->newer].older = b->older;
	if (b->older == NOTHING)
		l->oldest = b->newer;
	else
		l->buckets[b->older].newer = b->newer;
}

static void link_newest(struct limits *l, uint32_t i)
{
	struct bucket *b = &l->buckets[i];

	b->newer = NOTHING;
	b->older = l->newest;
	if (l->newest == NOTHING)
		l->oldest = i;
	else
		l->buckets[l->newest].newer = i;
	l->newest = i;
}

/* Takes the bucket that nobody used for longest out of its chain, for another key. */
static uint32_t evict(struct limits *l)
{
	uint32_t i = l->oldest, *link = slot_of(l, l->buckets[i].key);

	while (*link != i)
		link = &l->buckets[*link].chain;
	*link = l->buckets[i].chain;
	unlink_by_time(l, i);
	return i;
}

static struct bucket *bucket_for(struct limits *l, const char key[KEY_SIZE])
{
	uint32_t *slot = slot_of(l, key), i;

	for (i = *slot; i != NOTHING; i = l->buckets[i].chain) {
		if (memcmp(l->buckets[i].key, key, KEY_SIZE) != 0)
			continue;
		unlink_by_time(l, i);
		link_newest(l, i);
		return &l->buckets[i];
	}

	i = l->n_used < l->max_keys ? l->n_used++ : evict(l);
	memcpy(l->buckets[i].key, key, KEY_SIZE);
	l->buckets[i].full_ms = 0;
	l->buckets[i].chain = *slot;
	*slot = i;
	link_newest(l, i);
	return &l->buckets[i];
}

int limits_take(struct limits *l, const char *key)
{
	char own[KEY_SIZE] = "";
	uint64_t now_ms = clock_monotonic_ms(), from_ms;
	struct bucket *b;

	memcpy(own, key, strnlen(key, KEY_SIZE - 1));
	shorten_address(own);
	b = bucket_for(l, own);
	from_ms = b->full_ms > now_ms ? b->full_ms : now_ms;
	if (from_ms + l->interval_ms - now_ms > l->burst_ms)
		return -EDQUOT;
	b->full_ms = from_ms + l->interval_ms;
	return 0;
}
