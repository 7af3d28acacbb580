/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/buf.h"
#include "helper/jose/signing_key.h"

/* Certificates around keys of our own, for those who want a key in no other form. Nobody's trust comes from them. */

#define CERTIFICATE_SUBJECT_MAX 64u /* characters of a common name: RFC 5280 appendix A.1, ub-common-name */
#define CERTIFICATE_DAYS 730        /* where nobody says how many */
#define CERTIFICATE_DAYS_MAX 3650

/**
 * certificate_write() - append a self-signed X.509 certificate in PEM: RFC 5280
 * @k:       open; of a token or TPM this may block
 * @subject: common name, UTF-8 without control characters, at most CERTIFICATE_SUBJECT_MAX bytes
 * @days:    for which it is good from now on, 1..CERTIFICATE_DAYS_MAX
 * Below 4096 bytes for all keys that are made here.
 * Return: 0, -EINVAL, SIGNING_NOT_OPEN, -EIO OpenSSL fails, -ENOMEM.
 */
int certificate_write(struct buf *out, struct signing_key *k, const char *subject, int days);
