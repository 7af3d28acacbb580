/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-event.h>

#include "helper/base/cleanup.h"
#include "helper/vault/store.h"

/* The keys that close what is kept of sign-ins, for as long as the helper runs; and what older ones closed is sealed anew while
 * nothing else is to be done. */

struct vault_keys;

/**
 * vault_keys_new() - load the keys, and have @store use them
 * @credentials: the folder of the service manager's credentials, or NULL
 * @store_path:  the key file lies beside it
 * Says in the log which key it is where that is not an old acquaintance. Without one the helper goes on: people sign in, and
 * nothing is kept of it.
 * Return: 0, -ENOMEM.
 */
int vault_keys_new(struct vault_keys **ret, sd_event *event, struct store *store, const char *credentials,
		   const char *store_path);

/**
 * vault_keys_turn() - a new key from now on; what older ones sealed follows by and by
 * Return: 0, -EPERM the key is the service manager's, -EBUSY the last turn is under way, -ENOKEY there is no key that could be
 * replaced, other negative errno: all stays as it was.
 */
int vault_keys_turn(struct vault_keys *v);

void vault_keys_free(struct vault_keys *v);
LK_DEFINE_CLEANUP(struct vault_keys *, vault_keys_free);
