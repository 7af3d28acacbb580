/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-event.h>

#include "helper/daemon/config.h"
#include "helper/login/context.h"

/* Answers the NSS module's one question (nss_module/resolve_format.h): may this unknown name have an answer before its first
 * login? Only root is answered, only for names that policy could admit, and only so often for each client address. */

struct resolver;

/** resolver_new() - serve on the SEQPACKET socket @listen_fd, which it takes over. Return: 0, negative errno. */
int resolver_new(struct resolver **ret, sd_event *event, int listen_fd, struct login_context *login);
void resolver_free(struct resolver *r);
