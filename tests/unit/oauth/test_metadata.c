/* SPDX-License-Identifier: MIT */
/* Discovery documents, as a pure question: ours, and usable? Checklist MD-01 to MD-06, threats N1, N2, N9. */
#include "helper/oauth/metadata.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/json.h"
#include "helper/base/secret.h"

#define GOOD_ENDPOINTS "\"token_endpoint\":\"https://idp.example/t\",\"jwks_uri\":\"https://idp.example/j\""

static char issuer_text[] = "https://idp.example";

static struct provider_settings settings_of(const char *dialect)
{
	return (struct provider_settings){.issuer = issuer_text, .dialect = dialect_find(dialect)};
}

static int check(const struct provider_settings *s, const char *text, size_t len)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = NULL;
	char why[OAUTH_DETAIL_MAX] = "";
	int r = provider_metadata_check(&o, s, text, len, why);

	assert_int_equal(o != NULL, r == 0);
	assert_int_equal(why[0] != '\0', r != 0);
	return r;
}

/* MD-01 */
static void md_01_places(void **state)
{
	static const struct {
		const char *issuer, *openid, *rfc8414;
	} table[] = {
		{"https://h", "https://h/.well-known/openid-configuration",
		 "https://h/.well-known/oauth-authorization-server"},
		{"https://h/", "https://h/.well-known/openid-configuration",
		 "https://h/.well-known/oauth-authorization-server"},
		{"https://h:8443/a/b", "https://h:8443/a/b/.well-known/openid-configuration",
		 "https://h:8443/.well-known/oauth-authorization-server/a/b"},
		{"https://h/a/b/", "https://h/a/b/.well-known/openid-configuration",
		 "https://h/.well-known/oauth-authorization-server/a/b"},
	};
	static const char *const bad[] = {"", "h", "https://h?x=1", "https://h/#f", "https://u@h/", "ftp://h/"};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		LK_CLEANUP(secret_free_stringp) char *openid = NULL;
		LK_CLEANUP(secret_free_stringp) char *rfc8414 = NULL;

		assert_int_equal(metadata_url(&openid, table[i].issuer, METADATA_OPENID), 0);
		assert_int_equal(metadata_url(&rfc8414, table[i].issuer, METADATA_RFC8414), 0);
		assert_string_equal(openid, table[i].openid);
		assert_string_equal(rfc8414, table[i].rfc8414);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *url = NULL;

		assert_int_equal(metadata_url(&url, bad[i], METADATA_OPENID), -EBADMSG);
		assert_null(url);
	}
}

/* MD-02, N1: byte by byte. */
static void n1_issuer(void **state)
{
	static const char *const others[] = {
		"\"https://idp.example/\"",
		"\"https://IDP.example\"",
		"\"HTTPS://idp.example\"",
		"\"https://idp.example:443\"",
		"\"https://idp.example/.\"",
		"\"http://idp.example\"",
		"\"https://idp.example \"",
		"\"https://idp.ex\xd0\xb0mple\"",
		"\"https://evil.example\"",
		"\"\"",
		"null",
		"5",
		"[\"https://idp.example\"]",
		"{}",
	};
	struct provider_settings s = settings_of("generic");
	static const char good[] = "{\"issuer\":\"https://idp.example\"," GOOD_ENDPOINTS "}";
	static const char escaped[] = "{\"issuer\":\"https:\\/\\/idp.example\"," GOOD_ENDPOINTS "}";

	(void)state;
	assert_int_equal(check(&s, good, strlen(good)), 0);
	assert_int_equal(check(&s, escaped, strlen(escaped)), 0);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char text[512];

		(void)snprintf(text, sizeof(text), "{\"issuer\":%s," GOOD_ENDPOINTS "}", others[i]);
		assert_int_equal(check(&s, text, strlen(text)), -EBADMSG);
	}
	assert_int_equal(check(&s, "{" GOOD_ENDPOINTS "}", strlen("{" GOOD_ENDPOINTS "}")), -EBADMSG);
}

/* MD-05, N2: any endpoint that must not be asked refuses the document, also one that nobody would ask. */
static void n2_endpoints(void **state)
{
	static const struct {
		const char *value;
		int r;
	} table[] = {
		{"\"https://other.example/x?y=z\"", 0}, /* another host is allowed: Google */
		{"null", 0},
		{"\"http://idp.example/x\"", -EBADMSG},
		{"\"http://127.0.0.1/x\"", -EBADMSG},
		{"\"https://169.254.169.254/x\"", -EBADMSG},
		{"\"https://[::1]/x\"", -EBADMSG},
		{"\"https://2852039166/x\"", -EBADMSG},
		{"\"https://user@idp.example/x\"", -EBADMSG},
		{"\"https://idp.example/x#f\"", -EBADMSG},
		{"\"file:///etc/passwd\"", -EBADMSG},
		{"\"ftp://idp.example/x\"", -EBADMSG},
		{"\"gopher://idp.example/x\"", -EBADMSG},
		{"\"/x\"", -EBADMSG},
		{"\"https://idp.example/a b\"", -EBADMSG},
		{"\"https://idp.example/\\r\\nHost: x\"", -EBADMSG},
		{"\"\"", -EBADMSG},
		{"5", -EBADMSG},
		{"[\"https://idp.example/x\"]", -EBADMSG},
		{"{}", -EBADMSG},
	};
	static const char *const names[] = {"device_authorization_endpoint", "userinfo_endpoint",
					    "authorization_endpoint", "revocation_endpoint"};
	struct provider_settings s = settings_of("generic");

	(void)state;
	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
			char text[512];

			(void)snprintf(text, sizeof(text),
				       "{\"issuer\":\"https://idp.example\"," GOOD_ENDPOINTS ",\"%s\":%s}", names[n],
				       table[i].value);
			if (check(&s, text, strlen(text)) != table[i].r)
				fail_msg("%s", text);
		}
	}
}

static void what_is_needed(void **state)
{
	static const char no_token[] = "{\"issuer\":\"https://idp.example\",\"jwks_uri\":\"https://idp.example/j\"}";
	static const char no_keys[] =
		"{\"issuer\":\"https://idp.example\",\"token_endpoint\":\"https://idp.example/t\"}";
	char keys_file[] = "/etc/latchkey/keys";
	struct provider_settings s = settings_of("generic");

	(void)state;
	assert_int_equal(check(&s, no_token, strlen(no_token)), -EBADMSG);
	assert_int_equal(check(&s, no_keys, strlen(no_keys)), -EBADMSG);
	s.jwks_file = keys_file;
	assert_int_equal(check(&s, no_keys, strlen(no_keys)), 0);
	s = settings_of("salesforce"); /* its paths are known */
	assert_int_equal(check(&s, no_token, strlen(no_token)), 0);
}

/* An address instead of a name is right only where the administrator wrote it. */
static void addresses(void **state)
{
	static const char text[] = "{\"issuer\":\"https://192.0.2.1:8443\",\"token_endpoint\":\"https://192.0.2.1/t\","
				   "\"jwks_uri\":\"https://%s/j\"}";
	char issuer[] = "https://192.0.2.1:8443", document[512];
	struct provider_settings s = settings_of("generic");

	(void)state;
	s.issuer = issuer;
	(void)snprintf(document, sizeof(document), text, "192.0.2.1");
	assert_int_equal(check(&s, document, strlen(document)), 0);
	(void)snprintf(document, sizeof(document), text, "192.0.2.2");
	assert_int_equal(check(&s, document, strlen(document)), -EBADMSG);
}

static void loopback_only_by_switch(void **state)
{
	static const char text[] =
		"{\"issuer\":\"http://127.0.0.1:3000\","
		"\"token_endpoint\":\"http://localhost:3000/t\",\"jwks_uri\":\"http://[::1]:3000/j\"}";
	char issuer[] = "http://127.0.0.1:3000";
	struct provider_settings s = settings_of("generic");

	(void)state;
	s.issuer = issuer;
	assert_int_equal(check(&s, text, strlen(text)), -EBADMSG);
	s.fetch.allow_loopback_http = true;
	assert_int_equal(check(&s, text, strlen(text)), 0);
}

/* MD-06: strict JSON, each part of a document and one byte more. */
static void md_06_malformed(void **state)
{
	static const char good[] = "{\"issuer\":\"https://idp.example\"," GOOD_ENDPOINTS "}";
	static const char twice[] =
		"{\"issuer\":\"https://idp.example\",\"issuer\":\"https://idp.example\"," GOOD_ENDPOINTS "}";
	static const char list[] = "[{\"issuer\":\"https://idp.example\"," GOOD_ENDPOINTS "}]";
	struct provider_settings s = settings_of("generic");

	(void)state;
	for (size_t len = 0; len < sizeof(good) - 1; len++)
		assert_int_equal(check(&s, good, len), -EBADMSG);
	assert_int_equal(check(&s, good, sizeof(good)), -EBADMSG);
	assert_int_equal(check(&s, twice, strlen(twice)), -EBADMSG);
	assert_int_equal(check(&s, list, strlen(list)), -EBADMSG);
}

/* MD-03: the template stands for many tenants only where the issuer says so, the dialect knows it, and a list is there. */
static void md_03_template(void **state)
{
	static const struct {
		const char *dialect, *configured, *printed;
		bool has_tenants;
		int r;
	} table[] = {
		{"entra", "https://h.example/common/v2.0", "https://h.example/{tenantid}/v2.0", true, 0},
		{"entra", "https://h.example/organizations/v2.0", "https://h.example/{tenantid}/v2.0", true, 0},
		{"entra", "https://h.example/common/v2.0", "https://h.example/{tenantid}/v2.0", false, -EBADMSG},
		{"entra", "https://h.example/common/v2.0", "https://h.example/common/v2.0", true, -EBADMSG},
		{"entra", "https://h.example/commons/v2.0", "https://h.example/{tenantid}/v2.0", true, -EBADMSG},
		{"entra", "https://h.example/1234/v2.0", "https://h.example/{tenantid}/v2.0", true, -EBADMSG},
		{"entra", "https://h.example/1234/v2.0", "https://h.example/1234/v2.0", false, 0},
		{"generic", "https://h.example/common/v2.0", "https://h.example/{tenantid}/v2.0", true, -EBADMSG},
	};
	char tenant[] = "1234";
	char *tenants[] = {tenant, NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct provider_settings s = settings_of(table[i].dialect);
		char issuer[64], text[512];

		(void)snprintf(issuer, sizeof(issuer), "%s", table[i].configured);
		s.issuer = issuer;
		s.tenants = table[i].has_tenants ? tenants : NULL;
		(void)snprintf(text, sizeof(text), "{\"issuer\":\"%s\"," GOOD_ENDPOINTS "}", table[i].printed);
		assert_int_equal(check(&s, text, strlen(text)), table[i].r);
	}
}

/* A reason is one line of ASCII, also when the document put something else into it. */
static void reasons_are_clean(void **state)
{
	static const char text[] = "{\"issuer\":\"https://idp.example\\u001b[2J\\r\\n\\u202e\"," GOOD_ENDPOINTS "}";
	struct provider_settings s = settings_of("generic");
	struct json_object *o = NULL;
	char why[OAUTH_DETAIL_MAX];

	(void)state;
	assert_int_equal(provider_metadata_check(&o, &s, text, strlen(text), why), -EBADMSG);
	for (const char *c = why; *c != '\0'; c++)
		assert_in_range(*c, 0x20, 0x7e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(md_01_places),      cmocka_unit_test(n1_issuer),
		cmocka_unit_test(n2_endpoints),      cmocka_unit_test(what_is_needed),
		cmocka_unit_test(addresses),         cmocka_unit_test(loopback_only_by_switch),
		cmocka_unit_test(md_06_malformed),   cmocka_unit_test(md_03_template),
		cmocka_unit_test(reasons_are_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
