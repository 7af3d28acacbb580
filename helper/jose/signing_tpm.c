/* SPDX-License-Identifier: MIT */
/*
 * Keys in this machine's TPM 2.0: the sealed half in a file, or a handle of a key that stays in the TPM. The file is of no use
 * on another machine, but whoever reads it here may have the TPM sign, so it is demanded of it what is of any private key.
 */
#include "helper/jose/signing_device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "helper/base/file.h"
#include "helper/jose/signing_key.h"

LK_DEFINE_CLEANUP(BIO *, BIO_free);

#define PROVIDER "tpm2"
#define URI_MAX 64u

static int from_file(EVP_PKEY **ret, OSSL_LIB_CTX *library, const char *path)
{
	LK_CLEANUP(buf_done) struct buf text = {.max = 0};
	LK_CLEANUP(BIO_freep) BIO *bio = NULL;
	int r = file_read(&text, path, FILE_OWNER_ROOT_OR_SELF, FILE_SOLE, SIGNING_PEM_MAX);

	if (r < 0)
		return r;
	bio = BIO_new_mem_buf(text.data != NULL ? text.data : "", (int)text.len);
	if (bio == NULL)
		return -ENOMEM;
	return signing_store_read(ret,
				  OSSL_STORE_attach(bio, "file", library, NULL, UI_null(), NULL, NULL, NULL, NULL));
}

static int from_handle(EVP_PKEY **ret, OSSL_LIB_CTX *library, const char *handle)
{
	char uri[URI_MAX];

	if (snprintf(uri, sizeof(uri), "handle:%s", handle) >= (int)sizeof(uri))
		return SIGNING_SOURCE;
	return signing_store_read(ret, OSSL_STORE_open_ex(uri, library, NULL, UI_null(), NULL, NULL, NULL, NULL));
}

int signing_tpm_open(EVP_PKEY **ret, OSSL_LIB_CTX **ret_library, const char *source)
{
	const char *where = source + sizeof(SIGNING_TPM) - 1;
	int r = signing_provider_load(ret_library, PROVIDER);

	if (r != 0)
		return r;
	r = where[0] == '/' ? from_file(ret, *ret_library, where) : from_handle(ret, *ret_library, where);
	if (r == 0 && EVP_PKEY_get0_provider(*ret) != NULL &&
	    strcmp(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(*ret)), PROVIDER) != 0) {
		EVP_PKEY_free(*ret); /* a plain key: it is not where its owner believes it to be */
		*ret = NULL;
		r = SIGNING_NO_DEVICE;
	}
	return r;
}
