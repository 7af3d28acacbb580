/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

#include <json-c/json.h>

#include "helper/base/secret.h"
#include "helper/jose/signing_key.h"

/**
 * jws_sign() - a JWS in compact form: RFC 7515 section 3.1
 * @ret:     set only on 0; a secret, since whoever has it can use it
 * @k:       opened here where it is not; its algorithm and kid go into the header
 * @typ:     "JWT" and the like; NULL: none
 * @payload: @len bytes, at most JWS_MAX_BYTES / 2
 * Return: as signing_key_open() and signing_key_sign(); -E2BIG.
 */
int jws_sign(struct secret **ret, struct signing_key *k, const char *typ, const void *payload, size_t len);
