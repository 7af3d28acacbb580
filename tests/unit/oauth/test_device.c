/* SPDX-License-Identifier: MIT */
/* The device flow as a whole: who is asked what, when, and how each way ends. Checklist items DEV-01 to DEV-22, threats
 * D3 to D6. */
#include "helper/oauth/device.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/oauth/world.h"

#define START_REPLY                                                                                                    \
	"{\"device_code\":\"dc-0123456789\",\"user_code\":\"WDJB-MJHT\","                                              \
	"\"verification_uri\":\"https://idp.example/device\","                                                         \
	"\"verification_uri_complete\":\"https://idp.example/device?user_code=WDJB-MJHT\","                            \
	"\"expires_in\":600,\"interval\":5,\"unknown\":[1]}"
#define PENDING "{\"error\":\"authorization_pending\"}"
#define TOKENS "{\"access_token\":\"at\",\"token_type\":\"Bearer\",\"expires_in\":3600,\"id_token\":\"a.b.c\"}"

static void happy_path(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	fake_reply(200, START_REPLY);
	fake_reply(400, PENDING);
	fake_reply(200, TOKENS);
	assert_int_equal(world_start(&w, 600), 0);
	assert_int_equal(w.challenged, 0);
	fake_run();
	assert_int_equal(w.challenged, 1);
	assert_string_equal(w.challenge.user_code, "WDJB-MJHT"); /* DEV-09 */
	assert_string_equal(w.challenge.verification_uri, "https://idp.example/device");
	assert_string_equal(w.challenge.verification_uri_complete, "https://idp.example/device?user_code=WDJB-MJHT");
	assert_int_equal(w.challenge.expires_in_s, 600);
	fake_run_ms(12000);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.result.outcome, OAUTH_DONE);
	assert_non_null(w.tokens);
	assert_int_equal(fake.n_requests, 3);
	assert_string_equal(fake.requests[0].url, "https://idp.example/device");
	assert_string_equal(fake.requests[0].body, "scope=openid+profile+email&client_id=client");
	assert_string_equal(fake.requests[2].url, "https://idp.example/token");
	assert_string_equal(fake.requests[2].body, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&"
						   "device_code=dc-0123456789&client_id=client");
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(happy_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
