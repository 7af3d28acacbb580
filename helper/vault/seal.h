/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "helper/base/buf.h"
#include "helper/base/secret.h"
#include "helper/vault/owner.h"

/*
 * What is secret at rest: AES-256-GCM (NIST SP 800-38D) with a random nonce, and as associated data what it is for, the
 * key's id and whose it is. So a row of the store that was copied to another person, or to another kind of row, does not
 * open.
 */

#define SEAL_KEY_SIZE 32u
#define SEAL_KEY_ID_SIZE 17u  /* sixteen hexadecimal digits and NUL */
#define SEAL_OVERHEAD 29u     /* version, nonce and tag around what is sealed */
#define SEAL_PLAIN_MAX 65536u /* SECRET_MAX */
#define SEAL_KEYS_MAX 8u
#define SEAL_TEXT_MAX (SEAL_KEYS_MAX * (2u * SEAL_KEY_SIZE + 1u))

enum seal_purpose {
	SEAL_TOKENS = 1,
	SEAL_PIN = 2,
	SEAL_REGISTRATION = 3,
};

struct sealed {
	char key_id[SEAL_KEY_ID_SIZE];
	unsigned char *bytes;
	size_t len;
};

void sealed_done(struct sealed *s);

/* The keys: one that seals, and older ones that open what they have sealed. */
struct seal;

/** seal_new() - without a key: nothing can be sealed, and nothing opens. Return: 0, -ENOMEM. */
int seal_new(struct seal **ret);

/**
 * seal_add_key() - @key: SEAL_KEY_SIZE bytes, copied; the caller wipes its own
 * The first one seals, those after it open only. A key that is there already is not added again.
 * Return: 0, -E2BIG more than SEAL_KEYS_MAX, -EIO, -ENOMEM.
 */
int seal_add_key(struct seal *k, const unsigned char *key);

/**
 * seal_add_text() - keys as a file has them: SEAL_KEY_SIZE bytes and nothing else, or lines of 64 hexadecimal digits, the
 * first one first
 * Return: 0, -EUCLEAN anything else (some keys may have been added), as seal_add_key().
 */
int seal_add_text(struct seal *k, const char *text, size_t len);

/** seal_write_text() - the same as lines. @n: how many of the keys at most. Return: 0, -ENOKEY, -E2BIG, -ENOMEM. */
int seal_write_text(const struct seal *k, size_t n, struct buf *ret);

/** seal_add_all() - the first @n keys of @from, or as many as there are, behind those of @k. Return: as seal_add_key(). */
int seal_add_all(struct seal *k, const struct seal *from, size_t n);

/** seal_n_keys() - how many there are */
size_t seal_n_keys(const struct seal *k);

/** seal_key_id() - of the key that seals, or NULL; says nothing about the key's bytes */
const char *seal_key_id(const struct seal *k);

/** seal_has_key() - is what was sealed under that id still readable */
bool seal_has_key(const struct seal *k, const char *key_id);

/**
 * seal_encrypt() - under the first key
 * @plain: 1 to SEAL_PLAIN_MAX bytes
 * @ret:   sealed_done() when done with it; set only on 0
 * Return: 0, -ENOKEY there is no key, -E2BIG, -EINVAL, -EIO no randomness, -ENOMEM.
 */
int seal_encrypt(const struct seal *k, enum seal_purpose purpose, const struct row_owner *o, const struct secret *plain,
		 struct sealed *ret);

/**
 * seal_decrypt() - @ret: set only on 0; belongs to the caller
 * Return: 0, -EKEYREJECTED no such key, another owner or purpose, or a changed byte: whoever it belongs to signs in again;
 * -ENOMEM.
 */
int seal_decrypt(const struct seal *k, enum seal_purpose purpose, const struct row_owner *o, const struct sealed *s,
		 struct secret **ret);

/** seal_free() - wipes the keys. Accepts NULL. */
void seal_free(struct seal *k);
LK_DEFINE_CLEANUP(struct seal *, seal_free);
