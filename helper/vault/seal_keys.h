/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "helper/vault/seal.h"

/* Where the keys come from: a credential of the service manager, which may have it from a TPM, or a file of our own that is made
 * once. A file that is there and cannot be used is left alone, and no other key is taken in its place. */

#define SEAL_CREDENTIAL "latchkey.key"
#define SEAL_FILE "vault.key"

struct seal_places {
	const char *credentials; /* the folder that the service manager made for us, or NULL */
	const char *folder;      /* the store's: ours, and closed to others */
};

struct seal_found {
	int credential;   /* 0 it seals, -ENOENT there is none, or why it cannot be used */
	int file;         /* the same; 0 beside a credential: it opens what it has sealed before */
	bool is_file_new; /* there was no key at all */
};

/**
 * seal_keys_load() - @ret: set on 0, also where no key could be had: then nothing is sealed and nothing opens
 * What is unusable is not overruled by what is usable but for one thing: a credential stands above a file.
 * Return: 0, -ENOMEM.
 */
int seal_keys_load(struct seal **ret, struct seal_found *found, const struct seal_places *places);

/**
 * seal_keys_turn() - a new key, in the file before anything is sealed under it; those of @old open still
 * @ret: set only on 0, in the place of @old
 * Return: 0, -E2BIG too many older ones, -EIO no randomness, -ENOSPC, -EROFS or another negative errno; on -EIO from the disk the
 * file may be the new one, which holds the old keys too.
 */
int seal_keys_turn(struct seal **ret, const struct seal *old, const struct seal_places *places);

/**
 * seal_keys_settle() - nothing is sealed under older keys any more: only the first is left, in the file too
 * @is_credential: the first key is the service manager's: the file goes
 * @ret: set only on 0, in the place of @old
 * Return: as seal_keys_turn().
 */
int seal_keys_settle(struct seal **ret, const struct seal *old, bool is_credential, const struct seal_places *places);
