/* SPDX-License-Identifier: MIT */
/* From answers to a configuration file: one value of one line each, whatever is typed. */
#include "helper/setup/configuration.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helper/setup/provider_check.h"

static const struct setup_options simple = {
	.issuer = "https://id.example.com", .client_id = "latchkey", .groups = "linux-users"};

static void check(const struct setup_options *o, const char *wanted)
{
	LK_CLEANUP(buf_done) struct buf out = {0};
	struct context c = {.options = o};

	buf_init(&out, CHANGE_BYTES_MAX);
	assert_null(configuration_judge(&c));
	assert_int_equal(configuration_write(&out, &c, c.secret_path), 0);
	assert_non_null(strstr(out.data, wanted));
	assert_true(configuration_has_keys(out.data, out.len));
}

static void test_texts(void **state)
{
	struct setup_options o = simple;

	(void)state;
	check(&o, "[provider main]\nissuer = https://id.example.com\ndialect = generic\nclient_id = latchkey\n\n");
	check(&o, "[access]\n# Values of the provider's group claim.\ngroups = linux-users\n");
	o.users = "alice,bob carol";
	o.domains = "example.com,example.org";
	o.secret_file = "/root/secret";
	check(&o, "users = alice bob carol\n");
	check(&o, "strip_domains = example.com example.org\n");
	check(&o, "client_secret_file = /etc/latchkey/main.secret\n");
	o.issuer = "https://sso.example.com/realms/staff";
	check(&o, "[provider keycloak]\nissuer = https://sso.example.com/realms/staff\ndialect = keycloak\n");
	check(&o, "client_secret_file = /etc/latchkey/keycloak.secret\n");
	o.provider = "work";
	o.dialect = "okta";
	o.scope = "openid profile";
	o.ca_file = "/etc/ssl/ours.pem";
	check(&o, "[provider work]\nissuer = https://sso.example.com/realms/staff\ndialect = okta\n");
	check(&o, "scope = openid profile\nca_file = /etc/ssl/ours.pem\n");
	o.everyone = true;
	check(&o, "[access]\neveryone = yes\n");
	/* The test switch stands there only for a provider that could not be used without it. */
	o.issuer = "http://127.0.0.1:8080";
	check(&o, "allow_insecure_loopback = yes\n");
}

static void refuse(const struct setup_options *o, const char *word)
{
	struct context c = {.options = o};
	const char *fault = configuration_judge(&c);

	assert_non_null(fault);
	assert_non_null(strstr(fault, word));
}

static void test_refusals(void **state)
{
	static char long_value[1024];
	struct setup_options o = simple;

	(void)state;
	o.issuer = "https://id.example.com\n[access]\neveryone=yes";
	refuse(&o, "--issuer");
	o = simple;
	o.client_id = "";
	refuse(&o, "--client-id");
	o = simple;
	o.client_id = "two words";
	refuse(&o, "--client-id");
	o = simple;
	o.groups = NULL;
	refuse(&o, "who may log in");
	o.users = "alice\neveryone = yes";
	refuse(&o, "a value");
	memset(long_value, 'a', sizeof(long_value) - 1);
	o.users = long_value;
	refuse(&o, "a value");
	o = simple;
	o.scope = " openid";
	refuse(&o, "a value");
	o = simple;
	o.domains = "\xff";
	refuse(&o, "a value");
	o = simple;
	o.ca_file = "ca.pem";
	refuse(&o, "--ca-file");
	o = simple;
	o.dialect = "nothing";
	refuse(&o, "--dialect");
	/* The name becomes a part of a path. */
	o = simple;
	o.provider = "../x";
	refuse(&o, "--provider");
	o.provider = "abcdefghijklmnopqrstuvwxyz0123456";
	refuse(&o, "--provider");
}

static void test_has_keys(void **state)
{
	(void)state;
	assert_false(configuration_has_keys("", 0));
	assert_false(configuration_has_keys("# [provider x]\n\n  #issuer = y\n; z", 34));
	assert_true(configuration_has_keys("#\n[access]", 10));
}

static void test_kinds(void **state)
{
	static const char *const rows[][2] = {
		{"https://accounts.google.com", "google"},
		{"https://example.okta.com/oauth2/default", "okta"},
		{"https://example.okta.com.example.net/oauth2/default", "generic"},
		{"https://notokta.com", "generic"},
		{"https://EXAMPLE.eu.auth0.com/", "auth0"},
		{"https://login.microsoftonline.com/1111/v2.0", "entra"},
		{"https://example.my.salesforce.com", "salesforce"},
		{"https://github.com", "github"},
		{"https://gitlab.com", "gitlab"},
		{"https://sso.example.com/realms/staff", "keycloak"},
		{"https://sso.example.com:8443/application/o/latchkey/", "authentik"},
		{"https://realms/", "generic"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(provider_kind_of(rows[i][0])->dialect, rows[i][1]);
	assert_null(provider_kind_find("x"));
	assert_string_equal(provider_kind_find("dex")->dialect, "dex");
}

static int read_answer(struct probe_answer *a, const char *text)
{
	return provider_check_read(a, text, strlen(text));
}

static void test_answers(void **state)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"no JSON",
		"{\"outcome\":\"good\"}",
		"{\"outcome\":\"good\",\"stage\":\"code\"}",
		"{\"outcome\":\"good\",\"stage\":\"code\",\"expires_in\":0,\"clock_difference\":0}",
		"{\"outcome\":\"good\",\"stage\":\"code\",\"expires_in\":4294967296,\"clock_difference\":0}",
		"{\"outcome\":1,\"stage\":\"code\"}",
		"{\"outcome\":\"0123456789012345678901234567890123456789\",\"stage\":\"code\"}",
	};
	struct probe_answer a;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(read_answer(&a, bad[i]), -EBADMSG);
	assert_int_equal(read_answer(&a, "{\"outcome\":\"refused\",\"stage\":\"code\",\"detail\":\"why\",\"more\":1}"),
			 0);
	assert_false(a.is_good);
	assert_string_equal(a.detail, "why");
	assert_int_equal(read_answer(&a,
				     "{\"outcome\":\"good\",\"stage\":\"code\",\"expires_in\":600,"
				     "\"clock_difference\":-3,\"device_endpoint\":\"https://id.example.com/device\"}"),
			 0);
	assert_true(a.is_good);
	assert_int_equal(a.expires_in_s, 600);
	assert_int_equal(a.clock_difference_s, -3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts), cmocka_unit_test(test_refusals), cmocka_unit_test(test_has_keys),
		cmocka_unit_test(test_kinds), cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
