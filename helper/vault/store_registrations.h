/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/secret.h"
#include "helper/vault/store.h"

/* Who this host is at the providers where it has enrolled itself (RFC 7591), sealed. What the text says is its writer's matter. */

/** store_put_registration() - instead of an earlier one of the same issuer and provider section. Return: 0 durable, -ENOKEY nothing
 *  can be sealed, -E2BIG, -EIO, as store_insert(). */
int store_put_registration(struct store *s, const char *issuer, const char *provider, const struct secret *text);

/** store_find_registration() - @ret: set only on 0. Return: 0, -ENOENT, -EKEYREJECTED no key here opens it, as the look-ups. */
int store_find_registration(struct store *s, const char *issuer, const char *provider, struct secret **ret);

/** store_drop_registration() - Return: 0 also where there is none, as store_insert(). */
int store_drop_registration(struct store *s, const char *issuer, const char *provider);
