/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/cleanup.h"
#include "helper/jose/jwk.h"
#include "helper/oauth/provider.h"

/* The public keys by which what is presented at the door is judged: of a file of root's, of a robot's JWKS URL, or of a CI
 * system. */

struct door_keys;
struct login_context;
struct service_account;

/** door_keys_new() - for all service accounts of @ctx, which must outlive it; asks nobody yet. Return: 0, -ENOMEM. */
int door_keys_new(struct door_keys **ret, struct login_context *ctx);
void door_keys_free(struct door_keys *d);
LK_DEFINE_CLEANUP(struct door_keys *, door_keys_free);

/**
 * door_keys_of_file() - assertion_keys of @s, read anew where the file is another one than before
 * @ret: borrowed, until the next call
 * @why: for the log, OAUTH_DETAIL_MAX bytes, filled on failure. A file that cannot be read leaves no older keys in use.
 * Return: 0; -ENOENT @s has no such setting; -EBADMSG; -ENOMEM.
 */
int door_keys_of_file(struct door_keys *d, const struct service_account *s, const struct jwk_set **ret, char *why);

/** door_keys_of_robot() - who has the keys of assertion_jwks_uri, cached as those of a provider; NULL: no such setting */
struct provider *door_keys_of_robot(struct door_keys *d, const struct service_account *s);

/** door_keys_of_workload() - the same for workload_issuer, found by its discovery document */
struct provider *door_keys_of_workload(struct door_keys *d, const struct service_account *s);
