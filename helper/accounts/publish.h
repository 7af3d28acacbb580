/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-event.h>

#include "helper/accounts/accounts.h"
#include "helper/accounts/root_call.h"
#include "helper/base/cleanup.h"
#include "helper/vault/store.h"

/* Builds the map from the store and has latchkey-root publish it. Many changes are gathered into one map. The event loop
 * goes on meanwhile: a slice of rows in each turn, and what is left in a thread. */

struct publisher;
struct publish_wait;

/** @error: 0 published; else negative errno, @detail says why in ASCII */
typedef void (*publish_done_fn)(void *userdata, int error, const char *detail);

/** publisher_new() - @settings and @store must outlive it */
int publisher_new(struct publisher **ret, sd_event *event, const struct account_settings *settings, struct store *store,
		  const char *socket_path);
void publisher_free(struct publisher *p);
LK_DEFINE_CLEANUP(struct publisher *, publisher_free);

/**
 * publisher_request() - have everything that is in the store now on the map
 * @done: runs once, from the event loop; latchkey-root has 5 s for a map and one more for each 16 MiB of it, and a request
 *        may have to wait for the map before its own; NULL: nobody waits
 * @ret:  for publish_wait_cancel(); may be NULL
 * Return: 0, -ENOMEM.
 */
int publisher_request(struct publisher *p, publish_done_fn done, void *userdata, struct publish_wait **ret);
void publish_wait_cancel(struct publish_wait *w);

/** publisher_left_off() - how many accounts the last map was made without, since latchkey-root would have refused it
 *  @ret_example: the name of one of them; valid until the next publication begins */
size_t publisher_left_off(const struct publisher *p, const char **ret_example);
