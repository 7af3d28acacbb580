/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>

#include <openssl/evp.h>

#include "helper/base/file.h"
#include "helper/jose/jwk_write.h"
#include "helper/jose/key.h"
#include "helper/jose/signing_key.h"

/* For signing_*.c and certificate.c alone. */

struct signing_key {
	atomic_uint refs;
	char *device;              /* source text of a token or TPM; NULL: PEM */
	char *path;                /* file of a PEM key; NULL: none */
	enum file_privacy privacy; /* demanded of it */
	struct stat file;          /* when it was read */
	enum jws_algorithm wanted; /* JWS_NONE: the usual one */
	enum jws_algorithm actual; /* once it is open */
	OSSL_LIB_CTX *library;     /* of a device whose provider must not serve anything else; NULL: the usual one */
	EVP_PKEY *pkey;            /* NULL: not open */
	EVP_PKEY *public;          /* of a device's key; NULL: pkey is it as well */
	EVP_MD_CTX *prepared;      /* of a PEM key, copied for each signature; NULL: a device's */
	char kid[JWK_THUMBPRINT_CHARS + 1];
	size_t coordinate; /* bytes, of an elliptic curve's; 0: others */
};

/** signing_key_settle() - take the key that was found, or refuse it. Takes both over in every case.
 *  @public: what is told of a device's key; NULL where @pkey says it itself
 *  Return: 0, SIGNING_WEAK, SIGNING_KIND, SIGNING_ALGORITHM, -ENOMEM, -EIO. */
int signing_key_settle(struct signing_key *k, EVP_PKEY *pkey, EVP_PKEY *public);

/** signing_key_forget() - as before it was opened */
void signing_key_forget(struct signing_key *k);

/** signing_key_refresh() - read the file of a PEM key again if it is another than before; a fault leaves no key behind.
 *  Return: as signing_key_new(). */
int signing_key_refresh(struct signing_key *k);
