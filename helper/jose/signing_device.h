/* SPDX-License-Identifier: MIT */
#pragma once

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>

/* What reaches a token or TPM. For signing_*.c alone. All may block. */

#define SIGNING_PKCS11 "pkcs11:"
#define SIGNING_TPM "tpm:"

/**
 * signing_pkcs11_open() - by OpenSSL's provider "pkcs11" where there is one, else by libp11's engine
 * @ret_library: the context that @ret lives in, to be freed after it; left NULL for the usual one
 * Return: 0, SIGNING_NO_DRIVER, SIGNING_NO_DEVICE, SIGNING_PIN_FILE, SIGNING_SOURCE, -ENOMEM.
 */
int signing_pkcs11_open(EVP_PKEY **ret, OSSL_LIB_CTX **ret_library, const char *uri);

/** signing_tpm_open() - by OpenSSL's provider "tpm2". Return: as signing_pkcs11_open(),
 *  file_read(). */
int signing_tpm_open(EVP_PKEY **ret, OSSL_LIB_CTX **ret_library, const char *source);

/** signing_provider_load() - a context of its own with "default" and provider @name, so that the provider serves nothing else;
 *  what both can do, @name does.
 *  Return: 0, SIGNING_NO_DRIVER, SIGNING_NO_DEVICE, -ENOMEM. */
int signing_provider_load(OSSL_LIB_CTX **ret, const char *name);

/** signing_store_read() - the first private key of @store, which is closed here; NULL: it could not be opened.
 *  Return: 0, SIGNING_NO_DEVICE. */
int signing_store_read(EVP_PKEY **ret, OSSL_STORE_CTX *store);
