/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "helper/base/cleanup.h"

/* latchkey-fetch's side: one listening socket, one kind of peer, libcurl multi on the same event loop. */

struct fetch_server;

/** fetch_server_new() - serve peers of @peer_uid (and of no other uid) on @listen_fd, which it takes over.
 *  Return: 0, negative errno. */
int fetch_server_new(struct fetch_server **ret, sd_event *event, int listen_fd, uid_t peer_uid);
void fetch_server_free(struct fetch_server *s);
LK_DEFINE_CLEANUP(struct fetch_server *, fetch_server_free);

/**
 * fetch_server_exit_when_idle() - end the event loop once nobody has been connected for @idle_s seconds
 * For a listener that somebody else keeps open: a peer that connects meanwhile waits in its queue and is served by
 * the next process.
 * Return: 0, negative errno.
 */
int fetch_server_exit_when_idle(struct fetch_server *s, uint32_t idle_s);
