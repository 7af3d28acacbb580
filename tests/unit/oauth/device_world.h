/* SPDX-License-Identifier: MIT */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/oauth/world.h"

/* What the tests of the device flow share: the provider's usual replies, and a flow that is about to start. */

#define DEVICE_CODE "dc-0123456789"
#define START_REPLY                                                                                                    \
	"{\"device_code\":\"" DEVICE_CODE "\",\"user_code\":\"WDJB-MJHT\","                                            \
	"\"verification_uri\":\"https://idp.example/device\","                                                         \
	"\"verification_uri_complete\":\"https://idp.example/device?user_code=WDJB-MJHT\","                            \
	"\"expires_in\":600,\"interval\":5,\"unknown\":[1]}"
#define PENDING "{\"error\":\"authorization_pending\"}"
#define SLOW_DOWN "{\"error\":\"slow_down\"}"
#define TOKENS "{\"access_token\":\"at\",\"token_type\":\"Bearer\",\"expires_in\":3600,\"id_token\":\"a.b.c\"}"

/* A wait of so many seconds, with the jitter that belongs to it. */
static inline void assert_waited(size_t request, uint64_t s)
{
	assert_in_range(world_gap_ms(request), s * 1000 + 500, s * 1000 + 1000);
}

static inline void start(struct world *w, const char *dialect)
{
	world_init(w, dialect);
	world_prepare(w);
	fake_reply(200, START_REPLY);
}
