/* SPDX-License-Identifier: MIT */
/*
 * Writes a certificate that says no more than a name and a key. It is no authority's: readers that were given it compare it
 * as a whole.
 */
#include "helper/jose/certificate.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "helper/base/clock.h"
#include "helper/base/text.h"
#include "helper/jose/signing_key_internal.h"

LK_DEFINE_CLEANUP(BIO *, BIO_free);
LK_DEFINE_CLEANUP(BIGNUM *, BN_free);
LK_DEFINE_CLEANUP(X509 *, X509_free);
LK_DEFINE_CLEANUP(X509_EXTENSION *, X509_EXTENSION_free);

#define SERIAL_BITS 127 /* positive in as many bytes as RFC 5280 allows */
#define CLOCK_SLACK_S 300
#define DAY_S 86400

static bool is_subject(const char *text)
{
	size_t len = strnlen(text, CERTIFICATE_SUBJECT_MAX + 1);

	if (len == 0 || len > CERTIFICATE_SUBJECT_MAX || !text_is_utf8(text, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return true;
}

static bool set_serial(X509 *x)
{
	LK_CLEANUP(BN_freep) BIGNUM *n = BN_new();

	return n != NULL && BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
	       BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
}

static bool set_dates(X509 *x, int days)
{
	time_t now = (time_t)clock_realtime_s();

	return X509_time_adj_ex(X509_getm_notBefore(x), 0, -CLOCK_SLACK_S, &now) != NULL &&
	       X509_time_adj_ex(X509_getm_notAfter(x), days, 0, &now) != NULL;
}

static bool set_names(X509 *x, const char *subject)
{
	X509_NAME *name = X509_get_subject_name(x);

	return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, (const unsigned char *)subject, -1, -1,
					  0) == 1 &&
	       X509_set_issuer_name(x, name) == 1;
}

static bool add_extension(X509 *x, int nid, const char *value)
{
	LK_CLEANUP(X509_EXTENSION_freep) X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	return e != NULL && X509_add_ext(x, e, -1) == 1;
}

/* RFC 8032 hashes by itself. */
static const EVP_MD *digest_of(const struct signing_key *k)
{
	switch (signing_key_algorithm(k)) {
	case JWS_EDDSA:
		return NULL;
	case JWS_ES384:
		return EVP_sha384();
	case JWS_NONE:
	case JWS_RS256:
	case JWS_RS384:
	case JWS_RS512:
	case JWS_PS256:
	case JWS_PS384:
	case JWS_PS512:
	case JWS_ES256:
	case JWS_ES512:
	case JWS_ALGORITHMS:
		break;
	}
	return EVP_sha256();
}

static int write(struct buf *out, const struct signing_key *k, const char *subject, int days)
{
	LK_CLEANUP(X509_freep) X509 *x = X509_new_ex(k->library, NULL);
	LK_CLEANUP(BIO_freep) BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	if (x == NULL || bio == NULL)
		return -ENOMEM;
	if (X509_set_version(x, X509_VERSION_3) != 1 || !set_serial(x) || !set_dates(x, days) ||
	    !set_names(x, subject) || X509_set_pubkey(x, signing_key_public(k)) != 1 ||
	    !add_extension(x, NID_basic_constraints, "critical,CA:FALSE") ||
	    !add_extension(x, NID_key_usage, "critical,digitalSignature") ||
	    X509_sign(x, signing_key_pkey(k), digest_of(k)) <= 0 || PEM_write_bio_X509(bio, x) != 1)
		return -EIO;
	len = BIO_get_mem_data(bio, &text);
	buf_append(out, text, (size_t)len);
	return buf_fault(out);
}

int certificate_write(struct buf *out, struct signing_key *k, const char *subject, int days)
{
	int r;

	if (!is_subject(subject) || days < 1 || days > CERTIFICATE_DAYS_MAX)
		return -EINVAL;
	if (signing_key_pkey(k) == NULL)
		return SIGNING_NOT_OPEN;
	(void)ERR_set_mark();
	r = write(out, k, subject, days);
	(void)ERR_pop_to_mark();
	return r;
}
