/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/buf.h"
#include "helper/base/cleanup.h"
#include "helper/fetch/client.h"

/* The certificate and key that this process shows to a provider (RFC 8705). */

#define IDENTITY_FILE_MAX (64u * 1024u)

/* PEM; both empty where the profile names none. */
struct fetch_identity {
	struct buf certificate;
	struct buf key;
};

/**
 * fetch_identity_read() - what @p names, read anew: a renewed certificate counts from the next connection on
 * An absolute path, or "credential:NAME": a file of that name in $CREDENTIALS_DIRECTORY. Both files belong to root or to this
 * process' user; nobody else can write the certificate or read the key. The key opens without a passphrase and belongs to
 * the first certificate of the file.
 * @detail: set for -EKEYREJECTED, printable and static
 * Return: 0, -EKEYREJECTED, -ENOMEM. Release with fetch_identity_done(), also on failure.
 */
int fetch_identity_read(struct fetch_identity *ret, const struct fetch_profile *p, const char **detail);
void fetch_identity_done(struct fetch_identity *i);
