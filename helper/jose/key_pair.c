/* SPDX-License-Identifier: MIT */
/* Makes private keys. */
#include "helper/jose/key_pair.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "helper/jose/signing_key.h"

LK_DEFINE_CLEANUP(BIO *, BIO_free);
LK_DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free);

static const struct {
	const char *name;
	const char *algorithm; /* OpenSSL's */
	const char *group;     /* of an elliptic curve */
	size_t bits;           /* of RSA */
} types[KEY_TYPES] = {
	[KEY_TYPE_RSA2048] = {"rsa2048", "RSA", NULL, 2048}, [KEY_TYPE_RSA3072] = {"rsa3072", "RSA", NULL, 3072},
	[KEY_TYPE_RSA4096] = {"rsa4096", "RSA", NULL, 4096}, [KEY_TYPE_P256] = {"p256", "EC", "P-256", 0},
	[KEY_TYPE_P384] = {"p384", "EC", "P-384", 0},        [KEY_TYPE_ED25519] = {"ed25519", "ED25519", NULL, 0},
};

enum key_type key_type_from_name(const char *name)
{
	for (enum key_type t = KEY_TYPE_RSA2048; t < KEY_TYPES; t++)
		if (strcmp(name, types[t].name) == 0)
			return t;
	return KEY_TYPE_NONE;
}

const char *key_type_name(enum key_type t)
{
	return t > KEY_TYPE_NONE && t < KEY_TYPES ? types[t].name : "other";
}

enum key_type key_type_of(const struct signing_key *k)
{
	EVP_PKEY *pkey = signing_key_pkey(k);

	switch (signing_key_algorithm(k)) {
	case JWS_ES256:
		return KEY_TYPE_P256;
	case JWS_ES384:
		return KEY_TYPE_P384;
	case JWS_EDDSA:
		return KEY_TYPE_ED25519;
	case JWS_RS256:
	case JWS_PS256:
		for (enum key_type t = KEY_TYPE_RSA2048; pkey != NULL && t <= KEY_TYPE_RSA4096; t++)
			if ((size_t)EVP_PKEY_get_bits(pkey) == types[t].bits)
				return t;
		return KEY_TYPE_NONE;
	case JWS_NONE:
	case JWS_RS384:
	case JWS_RS512:
	case JWS_PS384:
	case JWS_PS512:
	case JWS_ES512:
	case JWS_ALGORITHMS:
		break;
	}
	return KEY_TYPE_NONE;
}

static EVP_PKEY *generate(enum key_type t)
{
	if (types[t].bits > 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, types[t].algorithm, types[t].bits);
	if (types[t].group != NULL)
		return EVP_PKEY_Q_keygen(NULL, NULL, types[t].algorithm, types[t].group);
	return EVP_PKEY_Q_keygen(NULL, NULL, types[t].algorithm);
}

static int make(struct buf *out, enum key_type type)
{
	LK_CLEANUP(EVP_PKEY_freep) EVP_PKEY *pkey = generate(type);
	LK_CLEANUP(BIO_freep) BIO *bio = BIO_new(BIO_s_secmem()); /* wiped when it goes */
	char *text;
	long len;

	if (pkey == NULL)
		return -EIO;
	if (bio == NULL)
		return -ENOMEM;
	if (PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) != 1)
		return -EIO;
	len = BIO_get_mem_data(bio, &text);
	buf_append(out, text, (size_t)len);
	return buf_fault(out);
}

int key_pair_new(struct buf *out, enum key_type type)
{
	int r;

	if (type <= KEY_TYPE_NONE || type >= KEY_TYPES)
		return -EINVAL;
	(void)ERR_set_mark();
	r = make(out, type);
	(void)ERR_pop_to_mark();
	return r;
}
