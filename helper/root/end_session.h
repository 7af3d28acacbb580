/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "helper/root/serve.h"

/**
 * serve_end_session() - one stroke against everything that one person runs
 * @uid:    of the published map. Never below MAP_ID_FLOOR, and never one of /etc/passwd or /etc/group, but for a local account
 *          whose mark is on the map and which root's configuration gives to an identity, if no second line has its number
 * @is_now: SIGKILL instead of SIGTERM
 * Lingering ends, logind is asked to end the sessions, then the signal goes out; n_found are the processes that were there
 * right before. Never waits for any of them to end: latchkeyd asks again until none was there.
 * Return: the status of @answer, which is filled in every case: PUBLISH_DONE none was there, END_SESSION_STRUCK,
 * PUBLISH_REFUSED, PUBLISH_FAILED.
 */
int serve_end_session(const struct serve_context *c, uint64_t uid, bool is_now, struct publish_answer *answer);
