/* SPDX-License-Identifier: MIT */
/*
 * Public keys in PEM. Each that is read is written as a JWK and read as one, so that what is too weak or broken for a JWK Set is so
 * here too.
 */
#include "helper/jose/jwk_write.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "helper/base/json.h"
#include "helper/jose/key.h"

LK_DEFINE_CLEANUP(BIO *, BIO_free);
LK_DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free);
LK_DEFINE_CLEANUP(X509 *, X509_free);

#define SET_MAX (JWK_SET_MAX_KEYS * 2u * 1024u)

struct block {
	char *name;
	char *header;
	unsigned char *data;
	long len;
};

static void block_done(struct block *b)
{
	OPENSSL_free(b->name);
	OPENSSL_free(b->header);
	OPENSSL_clear_free(b->data, b->data != NULL ? (size_t)b->len : 0);
}

static EVP_PKEY *read_certificate(const struct block *b)
{
	const unsigned char *at = b->data;
	LK_CLEANUP(X509_freep) X509 *certificate = d2i_X509(NULL, &at, b->len);

	return certificate != NULL && at == b->data + b->len ? X509_get_pubkey(certificate) : NULL;
}

static EVP_PKEY *read_block(const struct block *b)
{
	const unsigned char *at = b->data;

	if (b->header[0] != '\0') /* encrypted, which nothing public is */
		return NULL;
	if (strcmp(b->name, PEM_STRING_PUBLIC) == 0)
		return d2i_PUBKEY(NULL, &at, b->len);
	if (strcmp(b->name, PEM_STRING_RSA_PUBLIC) == 0)
		return d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, b->len);
	return strcmp(b->name, PEM_STRING_X509) == 0 ? read_certificate(b) : NULL;
}

/* Return: 0, -ENODATA after the last block, -EBADMSG, -ENOMEM. A key of no use to us adds nothing. */
static int add_block(struct buf *set, size_t *n, BIO *in)
{
	LK_CLEANUP(block_done) struct block b = {0};
	LK_CLEANUP(EVP_PKEY_freep) EVP_PKEY *pkey = NULL;
	int r;

	if (PEM_read_bio(in, &b.name, &b.header, &b.data, &b.len) != 1)
		return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE ? -ENODATA : -EBADMSG;
	pkey = read_block(&b);
	if (pkey == NULL)
		return -EBADMSG;
	if (*n == JWK_SET_MAX_KEYS)
		return -E2BIG;
	if (*n > 0)
		buf_append_text(set, ",");
	r = jwk_write(set, pkey, JWS_NONE);
	if (r == -EINVAL)
		buf_append_text(set, "null");
	else if (r < 0)
		return r;
	(*n)++;
	return 0;
}

static int write_set(struct buf *set, BIO *in)
{
	size_t n = 0;
	int r;

	buf_append_text(set, "{\"keys\":[");
	do {
		r = add_block(set, &n, in);
	} while (r == 0);
	if (r != -ENODATA)
		return r;
	buf_append_text(set, "]}");
	return n > 0 ? buf_fault(set) : -EBADMSG;
}

int jwk_set_from_pem(struct jwk_set **ret, const char *text, size_t len)
{
	LK_CLEANUP(buf_done) struct buf set = {.max = SET_MAX};
	LK_CLEANUP(BIO_freep) BIO *in = NULL;
	int r;

	if (len > JSON_MAX_BYTES)
		return -E2BIG;
	in = BIO_new_mem_buf(text, (int)len);
	if (in == NULL)
		return -ENOMEM;
	(void)ERR_set_mark();
	r = write_set(&set, in);
	(void)ERR_pop_to_mark();
	return r < 0 ? r : jwk_set_parse(ret, set.data, set.len);
}

int jwk_write_pem(struct buf *out, EVP_PKEY *pkey)
{
	LK_CLEANUP(BIO_freep) BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;
	int r = 0;

	if (bio == NULL)
		return -ENOMEM;
	(void)ERR_set_mark();
	if (PEM_write_bio_PUBKEY(bio, pkey) != 1)
		r = -EIO;
	(void)ERR_pop_to_mark();
	if (r < 0)
		return r;
	len = BIO_get_mem_data(bio, &text);
	buf_append(out, text, (size_t)len);
	return buf_fault(out);
}
