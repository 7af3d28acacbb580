/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/buf.h"
#include "helper/setup/context.h"

/* What latchkeyd --probe says of one provider. */
struct probe_answer {
	bool is_good;
	char outcome[32];
	char stage[32];
	char detail[256];
	char device_endpoint[1024];
	uint32_t expires_in_s;
	int64_t clock_difference_s;
};

/** provider_check_read() - one line of its output. Return: 0, -EBADMSG, -ENOMEM. */
int provider_check_read(struct probe_answer *ret, const char *text, size_t len);

/**
 * provider_check() - may this client use the device grant; says what the provider answered, and what mends it
 * @secret: the client's, or empty
 * Nothing of the system is changed: the network is asked by a latchkey-fetch of set-up's own, and its answers are judged by a
 * latchkeyd with the rights of the user latchkey; root reads its verdict alone. With 0 @c has the code's lifetime.
 * Return: 0 it may, 1 it may not, or it could not be found out, and why has been said.
 */
int provider_check(struct context *c, const struct buf *secret);

/**
 * provider_check_configuration() - does latchkeyd take the configuration that these answers make
 * As above, but the network is not asked. Return: 0, 1 it does not, and why has been said.
 */
int provider_check_configuration(struct context *c, const struct buf *secret);
