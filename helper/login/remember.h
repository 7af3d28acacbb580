/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/base/cleanup.h"
#include "helper/login/proof.h"

/* Approvals that count for some time longer, for whoever shows again what was there when a person approved. In memory alone:
 * a restart forgets them. Using one does not prolong it. */

#define REMEMBER_MAX 512u        /* in all; the one that ends first gives way */
#define REMEMBER_ACCOUNT_MAX 16u /* of one account */
#define REMEMBER_SERVICE_MAX 64u /* longer names are not remembered */
#define REMEMBER_NAME_MAX 32u

struct approval {
	char name[REMEMBER_NAME_MAX + 1];
	uint32_t uid;
	char service[REMEMBER_SERVICE_MAX + 1];
	struct proof proof;
	uint64_t given_ms; /* clock_monotonic_ms() */
	uint64_t until_ms; /* exclusive */
	uint32_t n_used;
};

struct remember;

/** remember_new() - Return: 0, -ENOMEM. */
int remember_new(struct remember **ret);
void remember_free(struct remember *r);
LK_DEFINE_CLEANUP(struct remember *, remember_free);

/**
 * remember_put() - somebody has just approved a sign-in to this account at the provider
 * @lifetime_s: 0 remembers nothing
 * Replaces what was remembered of the same account, service and proof.
 */
void remember_put(struct remember *r, const char *name, uint32_t uid, const char *service, const struct proof *proof,
		  uint32_t lifetime_s);

/**
 * remember_find() - has this very account approved, for this service and with this proof, a short time ago
 * @lifetime_s: by the rules of now, which may be stricter than those of then
 * Return: true, and it counts as used.
 */
bool remember_find(struct remember *r, const char *name, uint32_t uid, const char *service, const struct proof *proof,
		   uint32_t lifetime_s);

/** remember_has() - the same for whoever was found and has waited since; nothing is counted */
bool remember_has(struct remember *r, const char *name, uint32_t uid, const char *service, const struct proof *proof,
		  uint32_t lifetime_s);

/** remember_drop() - none of an account's counts any more: forgotten, logged out, refused or revoked. Return: how many. */
size_t remember_drop(struct remember *r, uint32_t uid);

/** remember_each() - those that have not ended, of @uid or, where it is 0, of everybody; @fn returns false to stop */
void remember_each(struct remember *r, uint32_t uid, bool (*fn)(void *userdata, const struct approval *a),
		   void *userdata);

/** remember_count() - those that have not ended */
size_t remember_count(struct remember *r);
