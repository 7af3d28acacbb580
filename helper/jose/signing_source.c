/* SPDX-License-Identifier: MIT */
/*
 * Finds the private key that a text names, and judges the file that holds it before a byte of it is used. What comes from
 * the disk is wiped as soon as OpenSSL has it.
 */
#include "helper/jose/signing_key_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "helper/base/file.h"
#include "helper/base/text.h"
#include "helper/jose/signing_device.h"

LK_DEFINE_CLEANUP(BIO *, BIO_free);

#define CREDENTIAL "credential:"

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

bool signing_name_is_valid(const char *name)
{
	size_t len = strnlen(name, SIGNING_NAME_MAX + 1);

	return len > 0 && len <= SIGNING_NAME_MAX && strspn(name, ALNUM) > 0 && strspn(name, ALNUM "-_") == len;
}

/* systemd.exec(5): a file's name; nothing that leads out of the folder */
static bool is_credential_name(const char *name)
{
	return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL;
}

static bool is_device(const char *source)
{
	if (text_has_prefix(source, SIGNING_PKCS11))
		return source[sizeof(SIGNING_PKCS11) - 1] != '\0';
	if (!text_has_prefix(source, SIGNING_TPM))
		return false;
	return source[sizeof(SIGNING_TPM) - 1] == '/' || text_has_prefix(source + sizeof(SIGNING_TPM) - 1, "0x81");
}

bool signing_source_is_valid(const char *source)
{
	size_t len = strnlen(source, SIGNING_SOURCE_MAX + 1);

	if (len == 0 || len > SIGNING_SOURCE_MAX)
		return false;
	if (source[0] == '/' || is_device(source))
		return true;
	if (text_has_prefix(source, CREDENTIAL))
		return is_credential_name(source + sizeof(CREDENTIAL) - 1);
	return signing_name_is_valid(source);
}

static int no_passphrase(char *out, int size, int is_writing, void *userdata)
{
	(void)out;
	(void)size;
	(void)is_writing;
	*(bool *)userdata = true;
	return -1;
}

/* One key, and nothing but white space after it: with a second one nobody could say which was meant. */
static int read_pem(EVP_PKEY **ret, BIO *in)
{
	bool was_asked = false;
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(in, NULL, no_passphrase, &was_asked);
	char rest[64];
	int n;

	if (pkey == NULL)
		return was_asked ? SIGNING_ENCRYPTED : SIGNING_FORM;
	while ((n = BIO_read(in, rest, (int)sizeof(rest))) > 0)
		for (int i = 0; i < n; i++)
			if (strchr(" \t\r\n", rest[i]) == NULL) {
				EVP_PKEY_free(pkey);
				return SIGNING_FORM;
			}
	*ret = pkey;
	return 0;
}

static int read_key(struct signing_key *k, const char *text, size_t len)
{
	LK_CLEANUP(BIO_freep) BIO *in = NULL;
	EVP_PKEY *pkey = NULL;
	int r;

	if (len > SIGNING_PEM_MAX)
		return -E2BIG;
	in = BIO_new_mem_buf(text, (int)len);
	if (in == NULL)
		return -ENOMEM;
	r = read_pem(&pkey, in);
	return r == 0 ? signing_key_settle(k, pkey, NULL) : r;
}

static int empty_key(struct signing_key **ret, enum jws_algorithm algorithm)
{
	struct signing_key *k;

	if (algorithm != JWS_NONE && !signing_algorithm_is_known(algorithm))
		return SIGNING_ALGORITHM;
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		return -ENOMEM;
	atomic_init(&k->refs, 1);
	k->wanted = algorithm;
	*ret = k;
	return 0;
}

int signing_key_from_pem(struct signing_key **ret, const char *text, size_t len, enum jws_algorithm algorithm)
{
	LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;
	int r = empty_key(&k, algorithm);

	if (r != 0)
		return r;
	(void)ERR_set_mark();
	r = read_key(k, text, len);
	(void)ERR_pop_to_mark();
	if (r == 0)
		*ret = LK_STEAL(k);
	return r;
}

/* Looked at before it is read: one that changes in between is read once more the next time. */
static int read_file(struct signing_key *k)
{
	LK_CLEANUP(buf_done) struct buf text = {.max = 0};
	struct stat before;
	int r;

	if (lstat(k->path, &before) < 0)
		return -errno;
	r = file_read(&text, k->path, FILE_OWNER_ROOT_OR_SELF, k->privacy, SIGNING_PEM_MAX);
	if (r == 0)
		r = read_key(k, text.data != NULL ? text.data : "", text.len);
	if (r == 0)
		k->file = before;
	return r;
}

static int read_file_quietly(struct signing_key *k)
{
	int r;

	(void)ERR_set_mark();
	r = read_file(k);
	(void)ERR_pop_to_mark();
	return r;
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Mode, owner and number of names change ctime. */
static bool has_changed(const struct signing_key *k)
{
	struct stat now;

	return lstat(k->path, &now) < 0 || now.st_ino != k->file.st_ino || now.st_dev != k->file.st_dev ||
	       now.st_size != k->file.st_size || !is_same_time(&now.st_ctim, &k->file.st_ctim) ||
	       !is_same_time(&now.st_mtim, &k->file.st_mtim);
}

int signing_key_refresh(struct signing_key *k)
{
	int r;

	if (k->path == NULL || (k->pkey != NULL && !has_changed(k)))
		return 0;
	r = read_file_quietly(k);
	if (r != 0)
		signing_key_forget(k);
	return r;
}

static int from_file(struct signing_key **ret, const char *path, enum file_privacy privacy,
		     enum jws_algorithm algorithm)
{
	LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;
	int r = empty_key(&k, algorithm);

	if (r == 0)
		r = text_copy(&k->path, path);
	if (r != 0)
		return r;
	k->privacy = privacy;
	r = read_file_quietly(k);
	if (r == 0)
		*ret = LK_STEAL(k);
	return r;
}

static int from_folder(struct signing_key **ret, const char *folder, const char *name, const char *ending,
		       enum file_privacy privacy, enum jws_algorithm algorithm)
{
	char path[PATH_MAX];

	if (folder == NULL)
		return -ENOENT;
	if (snprintf(path, sizeof(path), "%s/%s%s", folder, name, ending) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return from_file(ret, path, privacy, algorithm);
}

bool signing_key_is_file(const struct signing_key *k, const char *folder, const char *name)
{
	char path[PATH_MAX];

	return k->path != NULL && snprintf(path, sizeof(path), "%s/%s.pem", folder, name) < (int)sizeof(path) &&
	       strcmp(path, k->path) == 0;
}

static int from_device(struct signing_key **ret, const char *source, enum jws_algorithm algorithm)
{
	LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;
	int r = empty_key(&k, algorithm);

	if (r == 0)
		r = text_copy(&k->device, source);
	if (r == 0)
		*ret = LK_STEAL(k);
	return r;
}

int signing_key_new(struct signing_key **ret, const char *source, enum jws_algorithm algorithm,
		    const struct signing_places *places)
{
	if (!signing_source_is_valid(source))
		return SIGNING_SOURCE;
	if (source[0] == '/')
		return from_file(ret, source, FILE_SOLE, algorithm);
	if (is_device(source))
		return from_device(ret, source, algorithm);
	if (text_has_prefix(source, CREDENTIAL))
		return from_folder(ret, places->credentials, source + sizeof(CREDENTIAL) - 1, "", FILE_GRANTED,
				   algorithm);
	return from_folder(ret, places->keys, source, ".pem", FILE_SOLE, algorithm);
}
