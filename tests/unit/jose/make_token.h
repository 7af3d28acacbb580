/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

#include <openssl/evp.h>

#include "helper/jose/jwk.h"

/* Keys, key sets and tokens made at run time. Whatever cannot be made ends the test program. */

#define TOKEN_MAX (96u * 1024u)

/** test_key() - one key pair for each algorithm and number, made once for each program */
EVP_PKEY *test_key(enum jws_algorithm a, unsigned number);

/** test_keys_done() - release all of them */
void test_keys_done(void);

/** test_jwk() - the public key as a JWK; @extra: members with their comma, such as ",\"kid\":\"k\"", or "" */
void test_jwk(char *out, size_t size, EVP_PKEY *key, const char *extra);

/** test_key_set() - {"keys":[...]} with one key */
struct jwk_set *test_key_set(EVP_PKEY *key, const char *extra);

/** test_parse_set() - a set from "keys" members, which may be any JSON text */
struct jwk_set *test_parse_set(const char *members);

/** test_sign() - a signature as JWS has it. Return: its length. */
size_t test_sign(unsigned char *out, size_t size, enum jws_algorithm a, EVP_PKEY *key, const void *text, size_t len);

/** test_join() - header.payload.signature, each encoded here */
void test_join(char token[TOKEN_MAX], const char *header, const char *payload, const void *signature, size_t len);

/** test_token() - a whole signed token; the header is free to lie about the algorithm */
void test_token(char token[TOKEN_MAX], enum jws_algorithm a, EVP_PKEY *key, const char *header, const char *payload);

/** test_token_bytes() - the same with header and payload of any bytes */
void test_token_bytes(char token[TOKEN_MAX], enum jws_algorithm a, EVP_PKEY *key, const void *header, size_t header_len,
		      const void *payload, size_t payload_len);
