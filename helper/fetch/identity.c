/* SPDX-License-Identifier: MIT */
/* Reads and checks a client certificate and its key. Must never ask a terminal for a passphrase, nor use a key that others can
 * read. */
#include "helper/fetch/identity.h"

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

static const char credential[] = "credential:";

/* Return: 0, -EINVAL. */
static int path_of(char *ret, size_t size, const char *source)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	const char *name = source + sizeof(credential) - 1;
	int n;

	if (!text_has_prefix(source, credential)) {
		n = snprintf(ret, size, "%s", source);
		return source[0] == '/' && n > 0 && (size_t)n < size ? 0 : -EINVAL;
	}
	if (folder == NULL || folder[0] != '/' || name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
		return -EINVAL;
	n = snprintf(ret, size, "%s/%s", folder, name);
	return n > 0 && (size_t)n < size ? 0 : -EINVAL;
}

static int read_source(struct buf *ret, const char *source, enum file_privacy privacy)
{
	char path[PATH_MAX];
	int r = path_of(path, sizeof(path), source);

	return r < 0 ? r : file_read(ret, path, FILE_OWNER_ROOT_OR_SELF, privacy, IDENTITY_FILE_MAX);
}

static int no_passphrase(char *out, int size, int is_for_writing, void *userdata)
{
	(void)out;
	(void)size;
	(void)is_for_writing;
	(void)userdata;
	return -1;
}

static const char *pair_fault(const struct fetch_identity *i)
{
	BIO *certificate_text = BIO_new_mem_buf(i->certificate.data, (int)i->certificate.len);
	BIO *key_text = BIO_new_mem_buf(i->key.data, (int)i->key.len);
	X509 *certificate =
		certificate_text != NULL ? PEM_read_bio_X509(certificate_text, NULL, no_passphrase, NULL) : NULL;
	EVP_PKEY *key = key_text != NULL ? PEM_read_bio_PrivateKey(key_text, NULL, no_passphrase, NULL) : NULL;
	const char *fault = NULL;

	if (certificate == NULL)
		fault = "client certificate: not a PEM certificate";
	else if (key == NULL)
		fault = "client key: not a PEM key without a passphrase";
	else if (X509_check_private_key(certificate, key) != 1)
		fault = "client key: is not that of the client certificate";
	ERR_clear_error();
	EVP_PKEY_free(key);
	X509_free(certificate);
	BIO_free(key_text);
	BIO_free(certificate_text);
	return fault;
}

void fetch_identity_done(struct fetch_identity *i)
{
	buf_done(&i->certificate);
	buf_done(&i->key);
}

int fetch_identity_read(struct fetch_identity *ret, const struct fetch_profile *p, const char **detail)
{
	const char *fault = NULL;
	int r;

	if (p->client_key == NULL)
		return 0;
	r = read_source(&ret->certificate, p->client_certificate, FILE_READABLE);
	if (r < 0)
		fault = r == -EPERM ? "client certificate: others can write it" : "client certificate: cannot be read";
	if (r == 0) {
		r = read_source(&ret->key, p->client_key, FILE_PRIVATE);
		if (r < 0)
			fault = r == -EPERM ? "client key: others can read it" : "client key: cannot be read";
	}
	if (r == -ENOMEM)
		return r;
	if (fault == NULL)
		fault = pair_fault(ret);
	if (fault == NULL)
		return 0;
	*detail = fault;
	return -EKEYREJECTED;
}
