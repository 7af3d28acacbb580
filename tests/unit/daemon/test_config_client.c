/* SPDX-License-Identifier: MIT */
/* How this host proves itself to a provider: client_auth and what goes with each of its words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/daemon/config_text.h"

#define PROVIDER "[provider corp]\nissuer=https://id.example\nclient_id=c\n"
#define MTLS "client_certificate=/c.pem\nclient_key=/k.pem\n"

static void client_authentication(void **state)
{
	static const struct {
		const char *text;
		enum client_auth expected;
	} rows[] = {
		{PROVIDER, CLIENT_AUTH_NONE},
		{PROVIDER "client_auth=none\n", CLIENT_AUTH_NONE},
		{PROVIDER "client_secret_file=/s\n", CLIENT_AUTH_BASIC},
		{PROVIDER "client_secret_file=/s\nclient_auth=post\n", CLIENT_AUTH_POST},
		{PROVIDER "client_secret_file=/s\nclient_auth=basic\n", CLIENT_AUTH_BASIC},
		{PROVIDER "client_secret_file=/s\ndialect=google\n", CLIENT_AUTH_POST},
		{PROVIDER "client_key=host\n", CLIENT_AUTH_PRIVATE_KEY_JWT},
		{PROVIDER "client_key=pkcs11:token=t;object=k\nclient_key_algorithm=PS256\n",
		 CLIENT_AUTH_PRIVATE_KEY_JWT},
		{PROVIDER
		 "client_key=/k\nclient_auth=private_key_jwt\nclient_assertion_audience=https://id.example/t\n",
		 CLIENT_AUTH_PRIVATE_KEY_JWT},
		{PROVIDER MTLS, CLIENT_AUTH_MTLS},
		{PROVIDER "client_auth=mtls\nclient_certificate=credential:c\nclient_key=credential:k\n",
		 CLIENT_AUTH_MTLS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		LK_CLEANUP(config_freep) struct config *c = load(rows[i].text);
		const struct provider_settings *s = &c->providers[0].settings;

		assert_int_equal(s->client_auth, rows[i].expected);
		assert_null(s->client_secret);
		assert_null(s->client_key);
		/* latchkeyd keeps away from the key of a certificate, and latchkey-fetch from the other one */
		assert_int_equal(s->fetch.client_key != NULL, rows[i].expected == CLIENT_AUTH_MTLS);
		assert_int_equal(s->fetch.client_certificate != NULL, rows[i].expected == CLIENT_AUTH_MTLS);
	}
}

static void contradictions(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{PROVIDER "client_auth=jwt\n", "client_auth must be none, basic, post, private_key_jwt or mtls"},
		{PROVIDER "client_secret_file=/s\nclient_auth=none\n",
		 "client_auth=none, yet there is a client_secret_file"},
		{PROVIDER "client_auth=basic\n", "client_auth needs a client_secret_file"},
		{PROVIDER "dialect=google\n", "dialect google needs a client_secret_file"},
		{PROVIDER "client_auth=private_key_jwt\n", "client_auth=private_key_jwt and no client_key"},
		{PROVIDER "client_auth=mtls\nclient_key=/k\n", "client_auth=mtls and no client_certificate"},
		{PROVIDER "client_auth=mtls\nclient_certificate=/k\n", "client_auth=mtls and no client_key"},
		{PROVIDER "client_auth=none\nclient_key=k\n", "client_auth=none and yet a client_key"},
		{PROVIDER "client_secret_file=/s\nclient_key=k\n", "client_auth=basic and yet a client_key"},
		{PROVIDER "client_auth=private_key_jwt\n" MTLS,
		 "client_auth=private_key_jwt and yet a client_certificate"},
		{PROVIDER "client_auth=private_key_jwt\nclient_key=k\nclient_secret_file=/s\n",
		 "client_auth=private_key_jwt, yet there is a client_secret_file"},
		{PROVIDER "client_auth=mtls\nclient_certificate=/c\nclient_key=host\n",
		 "latchkey-fetch reads client_key"},
		{PROVIDER "client_auth=mtls\nclient_certificate=/c\nclient_key=pkcs11:x\n",
		 "latchkey-fetch reads client_key"},
		{PROVIDER "client_auth=mtls\nclient_certificate=c\nclient_key=/k\n",
		 "client_certificate must be an absolute"},
		{PROVIDER "client_key=../k\n", "client_key must be a key's name, an absolute path"},
		{PROVIDER "client_key=k\nclient_key_algorithm=HS256\n", "client_key_algorithm must be RS256"},
		{PROVIDER "client_key=k\nclient_key_algorithm=none\n", "client_key_algorithm must be RS256"},
		{PROVIDER "client_key=k\nclient_key_algorithm=ES512\n", "client_key_algorithm must be RS256"},
		{PROVIDER MTLS "client_key_algorithm=ES256\n", "are for client_auth=private_key_jwt"},
		{PROVIDER "client_assertion_audience=a\n", "are for client_auth=private_key_jwt"},
		{PROVIDER "directory=scim\ndirectory_url=https://id.example/scim\ndirectory_client_id=d\n",
		 "directory_client_id needs a directory_client_secret_file"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ini_fault fault = {.text = ""};
		struct config *c = NULL;

		if (config_load_text(&c, rows[i].text, strlen(rows[i].text), NULL, NULL, &fault) == 0)
			fail_msg("taken: %s", rows[i].text);
		if (strstr(fault.text, rows[i].why) == NULL)
			fail_msg("%s\nsays: %s", rows[i].text, fault.text);
	}
}

/* A directory is read by whoever has proved to be somebody: by a key too, under the same id or another. */
static void directory_by_key(void **state)
{
	static const char *const good[] = {
		PROVIDER "client_key=host\ndirectory=scim\ndirectory_url=https://id.example/scim\n",
		PROVIDER MTLS "directory=scim\ndirectory_url=https://id.example/scim\n",
		PROVIDER
		"client_key=host\ndirectory=scim\ndirectory_url=https://id.example/scim\ndirectory_client_id=d\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		config_free(load(good[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_authentication),
		cmocka_unit_test(contradictions),
		cmocka_unit_test(directory_by_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
