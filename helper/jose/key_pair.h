/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/buf.h"

/* New private keys. */

enum key_type {
	KEY_TYPE_NONE = 0,
	KEY_TYPE_RSA2048,
	KEY_TYPE_RSA3072,
	KEY_TYPE_RSA4096,
	KEY_TYPE_P256,
	KEY_TYPE_P384,
	KEY_TYPE_ED25519,
	KEY_TYPES,
};

#define KEY_TYPE_DEFAULT KEY_TYPE_P256

enum key_type key_type_from_name(const char *name);
const char *key_type_name(enum key_type t);

/** key_type_of() - of a key that is there; KEY_TYPE_NONE for one that is not made here */
struct signing_key;
enum key_type key_type_of(const struct signing_key *k);

/** key_pair_new() - append a new key as "PRIVATE KEY" in PEM (RFC 5958); a secret. RSA takes up to a second.
 *  Return: 0, -EINVAL, -EIO OpenSSL fails, -ENOMEM. */
int key_pair_new(struct buf *out, enum key_type type);
