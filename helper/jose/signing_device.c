/* SPDX-License-Identifier: MIT */
/*
 * Keys that lie in a token or TPM. Nothing of what that takes is linked: OpenSSL loads it when the first such key is used,
 * and without it such a key is refused and all others work.
 */
#include "helper/jose/signing_device.h"

#include <errno.h>
#include <stdio.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "helper/base/text.h"
#include "helper/jose/signing_key_internal.h"

#define PROPERTIES_MAX 64u

/* A device's key says little of itself; its public half, as it would be sent to others, says all. In PEM, since that is what
 * every driver writes. */
static int read_public(EVP_PKEY **ret, EVP_PKEY *pkey)
{
	LK_CLEANUP(buf_done) struct buf pem = {.max = SIGNING_PEM_MAX};
	BIO *bio;
	int r = jwk_write_pem(&pem, pkey);

	if (r < 0)
		return r == -EIO ? SIGNING_NO_DEVICE : r;
	bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	if (bio == NULL)
		return -ENOMEM;
	*ret = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	BIO_free(bio);
	return *ret != NULL ? 0 : SIGNING_KIND;
}

static int open_device(struct signing_key *k)
{
	EVP_PKEY *pkey = NULL, *public = NULL;
	int r = text_has_prefix(k->device, SIGNING_TPM) ? signing_tpm_open(&pkey, &k->library, k->device)
							: signing_pkcs11_open(&pkey, &k->library, k->device);

	if (r == 0)
		r = read_public(&public, pkey);
	if (r == 0)
		return signing_key_settle(k, pkey, public);
	EVP_PKEY_free(pkey);
	return r;
}

int signing_key_open(struct signing_key *k)
{
	int r;

	if (k->device == NULL)
		return signing_key_refresh(k);
	if (k->pkey != NULL)
		return 0;
	(void)ERR_set_mark();
	r = open_device(k);
	(void)ERR_pop_to_mark();
	if (r != 0) {
		OSSL_LIB_CTX_free(k->library);
		k->library = NULL;
	}
	return r;
}

int signing_provider_load(OSSL_LIB_CTX **ret, const char *name)
{
	OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
	char preferred[PROPERTIES_MAX];

	if (library == NULL)
		return -ENOMEM;
	/* With only the public half of a key others would be glad to sign, and fail: what is there twice is taken from @name.
	 * Never unloaded by hand: both go with the library context. A provider that is there may find no device: only a file that
	 * could not be loaded is a driver that is missing. */
	ERR_clear_error();
	if (OSSL_PROVIDER_load(library, "default") == NULL || OSSL_PROVIDER_load(library, name) == NULL) {
		int r = ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_DSO ? SIGNING_NO_DRIVER : SIGNING_NO_DEVICE;

		OSSL_LIB_CTX_free(library);
		return r;
	}
	if (snprintf(preferred, sizeof(preferred), "?provider=%s", name) >= (int)sizeof(preferred) ||
	    EVP_set_default_properties(library, preferred) != 1) {
		OSSL_LIB_CTX_free(library);
		return -ENOMEM;
	}
	*ret = library;
	return 0;
}

int signing_store_read(EVP_PKEY **ret, OSSL_STORE_CTX *store)
{
	EVP_PKEY *pkey = NULL;

	if (store == NULL)
		return SIGNING_NO_DEVICE;
	(void)OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
	while (pkey == NULL && !OSSL_STORE_eof(store)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		if (info == NULL)
			break;
		pkey = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
	}
	(void)OSSL_STORE_close(store);
	*ret = pkey;
	return pkey != NULL ? 0 : SIGNING_NO_DEVICE;
}
