/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/buf.h"
#include "helper/jose/signing_key.h"

/* The key of a client that this host registers itself: made here, and it never leaves. */

/**
 * enrolment_key() - the key that @source names
 * @may_make:    one of our own that is not there yet is made, on P-256
 * @keys:        folder of keys made here; made with mode 0700 where it is missing
 * @credentials: folder of the service manager's, or NULL
 * A new key is durable before it is used, and one that is there is never overwritten.
 * Return: 0; as signing_key_new(); -EIO, or another negative errno of making it.
 */
int enrolment_key(struct signing_key **ret, const char *source, enum jws_algorithm algorithm, const char *keys,
		  const char *credentials, bool may_make);

/** enrolment_key_jwks() - its public half as a JWK Set, and that of the key that is to follow it ("latchkey key rotate"); opens
 *  @k. Return: 0; as signing_key_open(), jwk_write(), key_files_load(). */
int enrolment_key_jwks(struct buf *out, struct signing_key *k, const char *source, const char *keys);
