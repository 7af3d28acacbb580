/* SPDX-License-Identifier: MIT */
#pragma once

#include <sys/types.h>

#include <systemd/sd-event.h>

/* A listening Unix socket that names its peers by what the kernel says, and that steps back for a moment instead of spinning
 * when descriptors or memory have run out (threat L4). */

struct listener;

/** Takes over @fd: a connected, non-blocking socket of a peer with this uid. Return: 0, or -EAGAIN to step back. */
typedef int (*listener_peer_fn)(void *userdata, int fd, uid_t uid);

/** listener_new() - accept on @fd, which it takes over. Return: 0, negative errno (@fd is closed then). */
int listener_new(struct listener **ret, sd_event *event, int fd, listener_peer_fn on_peer, void *userdata);
void listener_free(struct listener *l);
