/* SPDX-License-Identifier: MIT */
/* Makes the private key of an enrolled client. Must never leave half a key under its name, nor replace one. */
#include "helper/daemon/enrolment_key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/pem.h>

#include "helper/jose/jwk_write.h"

#define JWKS_MAX 4096u

static int write_pem(int fd, EVP_PKEY *pkey)
{
	BIO *out = BIO_new_fd(fd, BIO_NOCLOSE);
	int r;

	if (out == NULL)
		return -ENOMEM;
	r = PEM_write_bio_PKCS8PrivateKey(out, pkey, NULL, NULL, 0, NULL, NULL) == 1 ? 0 : -EIO;
	BIO_free(out);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	return r;
}

static int make_file(int folder, const char *name, EVP_PKEY *pkey)
{
	char path[NAME_MAX + 1], temporary[NAME_MAX + 1];
	int fd, r;

	(void)snprintf(path, sizeof(path), "%.64s.pem", name);
	(void)snprintf(temporary, sizeof(temporary), ".%.64s.pem.new", name);
	if (unlinkat(folder, temporary, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = write_pem(fd, pkey);
	(void)close(fd);
	if (r == 0 && renameat2(folder, temporary, folder, path, RENAME_NOREPLACE) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(folder, temporary, 0);
	else if (fsync(folder) < 0)
		r = -errno;
	return r;
}

static int make_key(const char *folder, const char *name)
{
	EVP_PKEY *pkey;
	int fd, r;

	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	pkey = EVP_EC_gen("P-256");
	r = pkey != NULL ? make_file(fd, name, pkey) : -EIO;
	EVP_PKEY_free(pkey);
	(void)close(fd);
	return r;
}

int enrolment_key(struct signing_key **ret, const char *source, enum jws_algorithm algorithm, const char *keys,
		  const char *credentials, bool may_make)
{
	const struct signing_places places = {.keys = keys, .credentials = credentials};
	int r = signing_key_new(ret, source, algorithm, &places);

	if (r != -ENOENT || !may_make || !signing_name_is_valid(source))
		return r;
	r = make_key(keys, source);
	return r < 0 ? r : signing_key_new(ret, source, algorithm, &places);
}

int enrolment_key_jwks(struct buf *out, struct signing_key *k)
{
	int r = signing_key_open(k);

	if (r != 0)
		return r;
	buf_init(out, JWKS_MAX);
	buf_append_text(out, "{\"keys\":[");
	r = jwk_write(out, signing_key_pkey(k), signing_key_algorithm(k));
	buf_append_text(out, "]}");
	return r < 0 ? r : buf_fault(out);
}
