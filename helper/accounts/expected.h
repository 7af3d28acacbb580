/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "helper/accounts/accounts.h"

/* Accounts for people whom a directory names before their first sign-in: they are on the map with their number, and let
 * nobody in. What an administrator keeps for somebody is expected too, and none of this file's business. */

struct expected_person {
	char name[NAME_MAX_LEN + 1];
	const char *subject; /* NULL: whoever proves the name first */
	const char *gecos;   /* or NULL */
};

struct expected_counts {
	size_t n_new;       /* on the map from now on, or again */
	size_t n_changed;   /* what is known of them */
	size_t n_withdrawn; /* off the map */
	size_t n_refused;   /* the name is somebody else's or a local one, or the person has another account */
};

/** accounts_is_from_directory() - was this account made for somebody whom a directory named, and nobody has signed in to it */
bool accounts_is_from_directory(const struct account *a);

/** accounts_is_withdrawn() - such a one that the directory names no more: off the map; name and number wait, and are nobody
 *  else's */
bool accounts_is_withdrawn(const struct account *a);

/**
 * accounts_expect() - have accounts for some more people of one issuer, as one change of the store
 * Accounts that are somebody's, that an administrator keeps, or of another issuer stay as they are. Who is expected under
 * another name (renamed in the directory) is withdrawn there.
 * @counts: grows
 * Return: 0, negative errno with nothing stored.
 */
int accounts_expect(struct accounts *a, const char *provider, const char *issuer, const struct expected_person *people,
		    size_t n, int64_t now_s, struct expected_counts *counts);

/** @a: an account for which accounts_is_from_directory() holds and that is not withdrawn. Return: is it to stay. */
typedef bool (*expected_keep_fn)(void *userdata, const struct account *a);

/**
 * accounts_withdraw() - walk through all accounts, and withdraw those that @keep does not keep, as one change each call
 * @cursor: NAME_MAX_LEN + 1 bytes, "" at first; moves on
 * @limit:  accounts to look at in this call
 * Return: 1 there are more, 0 this was the end, negative errno with nothing of this call stored.
 */
int accounts_withdraw(struct accounts *a, char *cursor, size_t limit, expected_keep_fn keep, void *userdata,
		      struct expected_counts *counts);
