/* SPDX-License-Identifier: MIT */
/* Keys of [service-account NAME] about tokens that only a provider can judge. Threats I1, T21; INT-03, INT-05. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/daemon/config_internal.h"
#include "tests/unit/daemon/config_text.h"

#define NONE "[provider corp]\nissuer=https://id.example\nclient_id=c\n"
#define PROVED NONE "client_auth=private_key_jwt\nclient_key=/k.pem\n"
#define SECTION "[service-account deploy]\ngrant=none\nsubject=d\n"

static void every_key(void **state)
{
	LK_CLEANUP(config_freep)
	struct config *c = load(
		PROVED SECTION
		"accepts=access-token exchange\ntoken_clients=a\ntoken_clients=b c\ntoken_audience=https://h.example\n"
		"token_scope=ssh x\ntoken_acr=urn:a urn:b\ntoken_max_age=10m\ntoken_cache=30s\n"
		"exchange_issuer=https://other.example\nexchange_token_type=id-token\nexchange_audience=h\n"
		"exchange_scope=openid x\n");
	const struct service_account *s = service_accounts_find(&c->services, "deploy");

	(void)state;
	assert_int_equal(s->accepts, SERVICE_ACCEPTS_ACCESS_TOKEN | SERVICE_ACCEPTS_EXCHANGE);
	assert_string_equal(s->token_clients[2], "c");
	assert_string_equal(s->token_audience, "https://h.example");
	assert_string_equal(s->token_scope, "ssh x");
	assert_string_equal(s->token_classes[1], "urn:b");
	assert_int_equal(s->token_max_age_s, 600);
	assert_int_equal(s->token_cache_s, 30);
	assert_string_equal(s->exchange_issuer, "https://other.example");
	assert_string_equal(s->exchange_token_type, "id-token");
	assert_string_equal(s->exchange_audience, "h");
	assert_string_equal(s->exchange_scope, "openid x");
}

static void refusals(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{PROVED SECTION "accepts=access-token\n", "token_audience or token_scope"},
		{PROVED SECTION "accepts=access-token\ntoken_clients=a\n", "token_audience or token_scope"},
		{NONE SECTION "accepts=access-token\ntoken_scope=x\n", "a client that proves itself"},
		{PROVED SECTION "token_scope=x\n", "mean nothing where accepts has no access-token"},
		{PROVED SECTION "token_cache=1s\naccepts=exchange\n", "mean nothing where accepts has no access-token"},
		{PROVED SECTION "exchange_issuer=https://x.example\n", "mean nothing where accepts has no exchange"},
		{PROVED SECTION "accepts=access-token exchange\ntoken_scope=x\n", "which is which"},
		{PROVED SECTION "accepts=exchange\nexchange_issuer=https://id.example\n", "is the provider itself"},
		{PROVED SECTION "accepts=exchange\nexchange_token_type=refresh-token\n", "must be access-token"},
		{PROVED SECTION "accepts=access-token\ntoken_scope=x\ntoken_cache=6m\n", "token_cache"},
		{PROVED SECTION "accepts=access-token\ntoken_scope=x\ntoken_max_age=0s\n", "token_max_age"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ini_fault fault = {""};
		struct config *c = NULL;

		if (config_load_text(&c, cases[i].text, strlen(cases[i].text), NULL, NULL, &fault) != -EINVAL)
			fail_msg("understood: %s", cases[i].text);
		if (!strstr(fault.text, cases[i].expected))
			fail_msg("%s: %s", cases[i].text, fault.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
