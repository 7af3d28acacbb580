/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdio.h>

#include "helper/daemon/config.h"

/**
 * probe_run() - may this host's client use the device grant of each provider of @config
 * @fetch_socket: where latchkey-fetch listens
 * Asks each for its metadata, its keys and a code, which is shown to nobody, never polled for and forgotten. Prints one line of
 * JSON for each: "provider", "outcome" (good, unreachable, bad-reply, client-refused, refused or failed), "stage" (discovery or
 * code), "detail" (of a failure, sanitised ASCII); with an outcome of good "device_endpoint", "expires_in", for how long a code
 * is good here, and "clock_difference", the provider's clock less this host's in seconds.
 * Return: 0 all are good, 1 not all are, negative errno.
 */
int probe_run(const struct config *config, const char *fetch_socket, FILE *out);
