/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "helper/base/buf.h"
#include "helper/base/cleanup.h"
#include "helper/jose/jwk.h"

/*
 * A private key that signs JWS, by the text that names it in configuration:
 *   NAME             made here by "latchkey key new": NAME.pem in the helper's folder of keys
 *   /path            PEM, that nobody but its owner may read; the owner is root or this process
 *   credential:NAME  PEM, from the service manager ($CREDENTIALS_DIRECTORY)
 *   pkcs11:...       a token's (RFC 7512)
 *   tpm:PATH         "TSS2 PRIVATE KEY", sealed to this machine's TPM 2.0
 *   tpm:0x81......   a persistent handle of the TPM
 * Algorithms: RS256, PS256 (RSA from 2048 bits), ES256, ES384, EdDSA with Ed25519.
 */

#define SIGNING_SOURCE_MAX 1024u
#define SIGNING_PEM_MAX (16u * 1024u)
#define SIGNING_NAME_MAX 64u
#define SIGNING_SIGNATURE_MAX 1024u /* bytes, of the longest key */

struct signing_key;

struct signing_places {
	const char *keys;        /* folder of NAME.pem; NULL: NAME is refused */
	const char *credentials; /* folder; NULL: there is none */
};

enum signing_outcome {
	SIGNING_SOURCE = 1, /* the text names no key */
	SIGNING_FORM,       /* not one private key in PEM */
	SIGNING_ENCRYPTED,  /* it wants a passphrase, and nobody is there to type it */
	SIGNING_WEAK,       /* RSA below 2048 bits or above 8192 */
	SIGNING_KIND,       /* a type or curve that no algorithm of ours goes with */
	SIGNING_ALGORITHM,  /* the algorithm asked for does not go with the key */
	SIGNING_NO_DRIVER,  /* what a token or TPM needs is not installed */
	SIGNING_NO_DEVICE,  /* the token or TPM, or the key in it, is not there or refuses */
	SIGNING_PIN_FILE,   /* the file of the PIN is not there, or others may read it */
	SIGNING_NOT_OPEN,   /* signing_key_open() was not called, or failed */
};

/** signing_name_is_valid() - letters, digits, '-' and '_', beginning with a letter or digit, at most SIGNING_NAME_MAX */
bool signing_name_is_valid(const char *name);

/** signing_source_is_valid() - has @source one of the forms above; nothing is opened */
bool signing_source_is_valid(const char *source);

/** signing_algorithm_is_known() - one that signs here, and not only one that is checked */
bool signing_algorithm_is_known(enum jws_algorithm a);

/**
 * signing_key_new() - PEM is read at once; of a token or TPM nothing is touched before signing_key_open()
 * @ret:       set only on 0; release with signing_key_unref()
 * @algorithm: JWS_NONE: the usual one of the key's type (RS256, ES256, ES384, EdDSA)
 * @places:    borrowed for the call
 * Return: 0; an enum signing_outcome; as file_read() (-EPERM: somebody else owns it or others may read it, -EMLINK,
 * -ELOOP, -EINVAL, -E2BIG, -ENOENT); -ENOMEM. signing_text() has the words for all.
 */
int signing_key_new(struct signing_key **ret, const char *source, enum jws_algorithm algorithm,
		    const struct signing_places *places);

/** signing_key_from_pem() - of a text in PEM; as signing_key_new(). The caller wipes @text. */
int signing_key_from_pem(struct signing_key **ret, const char *text, size_t len, enum jws_algorithm algorithm);

struct signing_key *signing_key_ref(struct signing_key *k);
void signing_key_unref(struct signing_key *k);
LK_DEFINE_CLEANUP(struct signing_key *, signing_key_unref);

/** signing_key_is_file() - is it NAME.pem of that folder */
bool signing_key_is_file(const struct signing_key *k, const char *folder, const char *name);

/** signing_key_is_slow() - a token's or TPM's: it must be opened and used in a thread of its own, one at a time */
bool signing_key_is_slow(const struct signing_key *k);

/**
 * signing_key_open() - reach the token or TPM; a file of PEM is read again where it has changed, so that a key is exchanged by a
 * rename, and one that is gone signs nothing. jws_sign() does it each time.
 * Return: 0, an enum signing_outcome, as signing_key_new(). Of a token or TPM it may block.
 */
int signing_key_open(struct signing_key *k);

/** signing_key_algorithm() - JWS_NONE while it is not open and no algorithm was asked for */
enum jws_algorithm signing_key_algorithm(const struct signing_key *k);

/** signing_key_kid() - RFC 7638 thumbprint; "" while it is not open. Lives as long as @k. */
const char *signing_key_kid(const struct signing_key *k);

/** signing_key_pkey() - for a certificate request or TLS; borrowed, NULL while it is not open */
EVP_PKEY *signing_key_pkey(const struct signing_key *k);

/** signing_key_public() - the same for whoever shows it; of a PEM key it is the pair */
EVP_PKEY *signing_key_public(const struct signing_key *k);

/**
 * signing_key_sign() - the signature of @text in the form of JWS (RFC 7518 section 3)
 * @out:     at least SIGNING_SIGNATURE_MAX bytes
 * @ret_len: bytes of it
 * Return: 0, SIGNING_NOT_OPEN, SIGNING_NO_DEVICE where a token or TPM fails, -EIO where OpenSSL does, -ENOMEM.
 * Of a token or TPM it may block.
 */
int signing_key_sign(struct signing_key *k, const void *text, size_t len, unsigned char out[SIGNING_SIGNATURE_MAX],
		     size_t *ret_len);

/** signing_text() - what @r, a result of the functions above, means, for a log line; static */
const char *signing_text(int r);
