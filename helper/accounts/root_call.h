/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include <systemd/sd-event.h>

#include "helper/base/cleanup.h"
#include "nss_module/publish_format.h"

/* One question to latchkey-root and its answer, from the event loop. */

#define ROOT_SOCKET_PATH "/run/latchkey/root"

struct root_call;

/** @error: 0 with @answer as latchkey-root gave it, its reason NUL-terminated; else negative errno, and @detail says in ASCII
 *  what went wrong. Both are valid during the call only. */
typedef void (*root_call_done_fn)(void *userdata, int error, const struct publish_answer *answer, const char *detail);

/**
 * root_call_start() - ask
 * @socket_path: borrowed until the end
 * @memfd:       goes along with the question, stays the caller's; -1: none does
 * @patience_us: for the whole
 * @done:        runs once, from the event loop; may free the call
 * Return: 0, -ENOMEM.
 */
int root_call_start(struct root_call **ret, sd_event *event, const char *socket_path, const struct publish_question *q,
		    int memfd, uint64_t patience_us, root_call_done_fn done, void *userdata);

/** root_call_free() - the answer is not waited for any more. Accepts NULL. */
void root_call_free(struct root_call *c);
LK_DEFINE_CLEANUP(struct root_call *, root_call_free);
