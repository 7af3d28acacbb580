/* SPDX-License-Identifier: MIT */
/*
 * A short table of who has approved what. Looked through from end to end: it is small, and asked once for each sign-in.
 * Nothing in it lets anybody in by itself; policy and the provider's word about the account are asked each time.
 */
#include "helper/login/remember.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/clock.h"

struct remember {
	struct approval approvals[REMEMBER_MAX];
	size_t n;
};

int remember_new(struct remember **ret)
{
	struct remember *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return -ENOMEM;
	*ret = r;
	return 0;
}

void remember_free(struct remember *r)
{
	free(r);
}

static void take_out(struct remember *r, size_t i)
{
	r->n--;
	if (i != r->n)
		r->approvals[i] = r->approvals[r->n];
}

static void drop_ended(struct remember *r)
{
	uint64_t now_ms = clock_monotonic_ms();

	for (size_t i = r->n; i-- > 0;)
		if (r->approvals[i].until_ms <= now_ms)
			take_out(r, i);
}

static struct approval *find(struct remember *r, const char *name, uint32_t uid, const char *service,
			     const struct proof *proof)
{
	for (size_t i = 0; i < r->n; i++) {
		struct approval *a = &r->approvals[i];

		if (a->uid == uid && strcmp(a->name, name) == 0 && strcmp(a->service, service) == 0 &&
		    proof_equal(&a->proof, proof))
			return a;
	}
	return NULL;
}

/* The one that ends first, of @uid or, where it is 0, of all. */
static void make_room(struct remember *r, uint32_t uid)
{
	size_t first = r->n;

	for (size_t i = 0; i < r->n; i++)
		if ((uid == 0 || r->approvals[i].uid == uid) &&
		    (first == r->n || r->approvals[i].until_ms < r->approvals[first].until_ms))
			first = i;
	if (first < r->n)
		take_out(r, first);
}

static size_t count_of(const struct remember *r, uint32_t uid)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->approvals[i].uid == uid;
	return n;
}

void remember_put(struct remember *r, const char *name, uint32_t uid, const char *service, const struct proof *proof,
		  uint32_t lifetime_s)
{
	size_t name_len = strlen(name);
	size_t service_len = strlen(service);
	struct approval *a;

	if (lifetime_s == 0 || proof->kind == PROOF_NONE || uid == 0 || name_len > REMEMBER_NAME_MAX ||
	    service_len > REMEMBER_SERVICE_MAX)
		return;
	drop_ended(r);
	a = find(r, name, uid, service, proof);
	if (a == NULL) {
		if (count_of(r, uid) >= REMEMBER_ACCOUNT_MAX)
			make_room(r, uid);
		if (r->n == REMEMBER_MAX)
			make_room(r, 0);
		a = &r->approvals[r->n++];
	}
	*a = (struct approval){.uid = uid, .proof = *proof, .given_ms = clock_monotonic_ms()};
	memcpy(a->name, name, name_len + 1);
	memcpy(a->service, service, service_len + 1);
	a->until_ms = a->given_ms + (uint64_t)lifetime_s * 1000;
}

static struct approval *find_in_force(struct remember *r, const char *name, uint32_t uid, const char *service,
				      const struct proof *proof, uint32_t lifetime_s)
{
	struct approval *a;

	if (lifetime_s == 0)
		return NULL;
	drop_ended(r);
	a = find(r, name, uid, service, proof);
	return a != NULL && clock_monotonic_ms() - a->given_ms < (uint64_t)lifetime_s * 1000 ? a : NULL;
}

bool remember_find(struct remember *r, const char *name, uint32_t uid, const char *service, const struct proof *proof,
		   uint32_t lifetime_s)
{
	struct approval *a = find_in_force(r, name, uid, service, proof, lifetime_s);

	if (a == NULL)
		return false;
	a->n_used++;
	return true;
}

bool remember_has(struct remember *r, const char *name, uint32_t uid, const char *service, const struct proof *proof,
		  uint32_t lifetime_s)
{
	return find_in_force(r, name, uid, service, proof, lifetime_s) != NULL;
}

size_t remember_drop(struct remember *r, uint32_t uid)
{
	size_t before;

	drop_ended(r);
	before = r->n;
	for (size_t i = r->n; i-- > 0;)
		if (r->approvals[i].uid == uid)
			take_out(r, i);
	return before - r->n;
}

void remember_each(struct remember *r, uint32_t uid, bool (*fn)(void *userdata, const struct approval *a),
		   void *userdata)
{
	drop_ended(r);
	for (size_t i = 0; i < r->n; i++)
		if ((uid == 0 || r->approvals[i].uid == uid) && !fn(userdata, &r->approvals[i]))
			return;
}

size_t remember_count(struct remember *r)
{
	drop_ended(r);
	return r->n;
}
