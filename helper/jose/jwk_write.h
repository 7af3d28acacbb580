/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

#include <openssl/evp.h>

#include "helper/base/buf.h"
#include "helper/jose/jwk.h"

/* Public keys as others read them: RFC 7517, 7518 section 6, 7638, 8037. Of a key pair the public half alone is looked at. */

#define JWK_THUMBPRINT_CHARS 43u

/** jwk_thumbprint() - SHA-256 of RFC 7638, base64url: the "kid" of every key of ours.
 *  Return: 0, -EINVAL a kind of key that no JWS of ours knows, -ENOMEM, -EIO. */
int jwk_thumbprint(char ret[JWK_THUMBPRINT_CHARS + 1], EVP_PKEY *pkey);

/**
 * jwk_write() - append {"kty":...,"kid":...,"use":"sig"} without private parts
 * @algorithm: for "alg"; JWS_NONE: the member is left out
 * Return: as jwk_thumbprint().
 */
int jwk_write(struct buf *out, EVP_PKEY *pkey, enum jws_algorithm algorithm);

/** jwk_write_pem() - append a "PUBLIC KEY" block. Return: 0, -EIO, -ENOMEM. */
int jwk_write_pem(struct buf *out, EVP_PKEY *pkey);

/**
 * jwk_set_from_pem() - public keys that root registered: "PUBLIC KEY", "RSA PUBLIC KEY" and "CERTIFICATE" blocks
 * Each key's "kid" is its thumbprint. Of a certificate the key alone counts, not its dates or names: who may be
 * believed is said by whoever put it there.
 * Return: as jwk_set_parse(); -EBADMSG also for a private key or another block in between, and for none at all.
 */
int jwk_set_from_pem(struct jwk_set **ret, const char *text, size_t len);
