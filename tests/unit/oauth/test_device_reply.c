/* SPDX-License-Identifier: MIT */
/* The reply that a person's screen is made of. Checklist DEV-04 to DEV-06, DEV-09, DEV-10, threats N9 to N11, N18. */
#include "helper/oauth/device_reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MEMBERS_BUT_URI "\"device_code\":\"d\",\"user_code\":\"u\",\"expires_in\":60"

static char configured_host[] = "login.corp.example";
static char *configured[] = {configured_host, NULL};

static struct device_reply_rules rules_for(const char *dialect)
{
	return (struct device_reply_rules){
		.dialect = dialect_find(dialect),
		.issuer = "https://idp.example/realms/x",
		.endpoints = {"https://api.idp.example/device", NULL, "https://login.idp.example/auth"},
		.hosts = configured,
	};
}

static int parse(struct device_reply *reply, struct oauth_result *result, const char *dialect, const char *body,
		 size_t len)
{
	struct device_reply_rules rules = rules_for(dialect);

	*reply = (struct device_reply){0};
	return device_reply_parse(reply, result, &rules, 200, body, len);
}

static void whole_reply(void **state)
{
	static const char body[] =
		"{\"device_code\":\"d c\",\"user_code\":\"abC-12 x\",\"verification_uri\":\"https://IDP.example/d#/x\","
		"\"verification_uri_complete\":\"https://idp.example/d?c=abC\",\"expires_in\":\"900\","
		"\"interval\":7.0,\"message\":{}}";
	struct device_reply reply;
	struct oauth_result result;

	(void)state;
	assert_int_equal(parse(&reply, &result, "generic", body, strlen(body)), 1); /* a code with a blank */
	assert_int_equal(parse(&reply, &result, "generic", "{}", 2), 1);
	{
		static const char good[] =
			"{\"device_code\":\"dc\",\"user_code\":\"abC-12 x\",\"verification_uri\":"
			"\"https://IDP.example/d#/x\",\"verification_uri_complete\":\"https://idp.example/d?c=abC\","
			"\"expires_in\":\"900\",\"interval\":7.0,\"message\":{}}";

		assert_int_equal(parse(&reply, &result, "generic", good, strlen(good)), 0);
	}
	assert_string_equal(secret_data(reply.device_code), "dc");
	assert_string_equal(reply.challenge.user_code, "abC-12 x"); /* DEV-09 */
	assert_string_equal(reply.challenge.verification_uri, "https://IDP.example/d#/x");
	assert_string_equal(reply.challenge.verification_uri_complete, "https://idp.example/d?c=abC");
	assert_int_equal(reply.challenge.expires_in_s, 900);
	assert_int_equal(reply.interval_s, 7);
	device_reply_done(&reply);
}

/* DEV-04, N9: each of the four is needed, and nothing but its type will do. */
static void dev_04_members_that_are_needed(void **state)
{
	static const char *const names[] = {"device_code", "user_code", "verification_uri", "expires_in"};
	static const char *const good[] = {"\"d\"", "\"u\"", "\"https://idp.example/\"", "60"};
	static const char *const bad[] = {"null", "\"\"", "{}", "[]", "true", "\"\\u001b\"", "\"\xc3\xa4\"", NULL};
	struct device_reply reply;
	struct oauth_result result;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		for (size_t b = 0; b < sizeof(bad) / sizeof(bad[0]); b++) {
			char body[512] = "{\"x\":1";

			for (size_t n = 0; n < 4; n++) {
				size_t len = strlen(body);
				const char *value = n == i ? bad[b] : good[n];

				if (value != NULL)
					(void)snprintf(body + len, sizeof(body) - len, ",\"%s\":%s", names[n], value);
			}
			(void)strncat(body, "}", sizeof(body) - strlen(body) - 1);
			assert_int_equal(parse(&reply, &result, "generic", body, strlen(body)), 1);
			assert_int_equal(result.outcome, OAUTH_BAD_REPLY);
			assert_non_null(strstr(result.detail, names[i]));
			assert_null(reply.device_code);
		}
	}
}

static void user_codes(void **state)
{
	static const struct {
		const char *code;
		int r;
	} table[] = {
		{"A", 0},
		{"0123456789012345678901234567890123456789012345678901234567890123", 0},
		{"01234567890123456789012345678901234567890123456789012345678901234", 1},
		{"A B", 0},
		{" A", 1},
		{"A ", 1},
		{"A  Open https://evil.example", 1},
		{"A\\nB", 1},
		{"A\\u001b[2J", 1},
		{"A\\u0007", 1},
		{"A\\u202eB", 1},
		{"\\u0410BC", 1}, /* Cyrillic */
		{"A\\u0000", 1},
	};
	struct device_reply reply;
	struct oauth_result result;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char body[256];

		(void)snprintf(
			body, sizeof(body),
			"{\"device_code\":\"d\",\"user_code\":\"%s\",\"verification_uri\":\"https://idp.example/\","
			"\"expires_in\":60}",
			table[i].code);
		assert_int_equal(parse(&reply, &result, "generic", body, strlen(body)), table[i].r);
		device_reply_done(&reply);
	}
}

/* DEV-10, N18 */
static void n18_where_people_may_be_sent(void **state)
{
	static const struct {
		const char *dialect, *uri;
		bool is_good;
	} table[] = {
		{"generic", "https://idp.example/device", true},
		{"generic", "https://idp.example", true},
		{"generic", "https://idp.example:8443/device", true},
		{"generic", "https://api.idp.example/device", true},
		{"generic", "https://login.idp.example/device", true},
		{"generic", "https://login.corp.example/device", true},
		{"generic", "https://LOGIN.corp.example/device", true},
		{"generic", "http://idp.example/device", false},
		{"generic", "http://127.0.0.1/device", false},
		{"generic", "https://evil.example/device", false},
		{"generic", "https://idp.example.evil.example/", false},
		{"generic", "https://evil.example/idp.example", false},
		{"generic", "https://evil.example/?https://idp.example", false},
		{"generic", "https://evil.example#@idp.example/", false},
		{"generic", "https://idp.example@evil.example/", false},
		{"generic", "https://evil.example@idp.example/", false},
		{"generic", "https://user:pw@idp.example/", false},
		{"generic", "https://@idp.example/", false},
		{"generic", "https://idp.example./", false},
		{"generic", "https://.idp.example/", false},
		{"generic", "https://idp.example\\\\@evil.example/", false},
		{"generic", "https://xn--dp-fka.example/", false},
		{"generic", "https://idp.ex\xc3\xa4mple/", false},
		{"generic", "https://idp.example/a b", false},
		{"generic", "https://idp.example/\\u001b[31m", false},
		{"generic", "https://idp.example/\\r\\nx", false},
		{"generic", "https://idp.example/%zz", false},
		{"generic", "https://idp.example/<b>", false},
		{"generic", "https://idp.example:0/", false},
		{"generic", "https://idp.example:65536/", false},
		{"generic", "https://idp.example:/", false},
		{"generic", "https:///device", false},
		{"generic", "https:idp.example", false},
		{"generic", "HTTPS://idp.example/", false},
		{"generic", "//idp.example/", false},
		{"generic", "idp.example/device", false},
		{"generic", "javascript:alert(1)", false},
		{"generic", "data:text/html,x", false},
		{"generic", "file:///etc/passwd", false},
		{"generic", "ftp://idp.example/", false},
		{"generic", "https://2130706433/", false},
		{"generic", "https://0x7f000001/", false},
		{"generic", "https://[::1]/", false},
		{"generic", "https://www.google.com/device", false}, /* another provider's */
		{"google", "https://www.google.com/device", true},
		{"entra", "https://microsoft.com/devicelogin", true},
		{"entra", "https://www.microsoft.com/link", true},
		{"entra", "https://login.microsoft.com/device", true},
		{"entra", "https://microsoft.com.evil.example/devicelogin", false},
		{"github", "https://github.com/login/device", true},
	};
	struct device_reply reply;
	struct oauth_result result;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char body[512];

		(void)snprintf(body, sizeof(body), "{" MEMBERS_BUT_URI ",\"verification_uri\":\"%s\"}", table[i].uri);
		if (parse(&reply, &result, table[i].dialect, body, strlen(body)) != (table[i].is_good ? 0 : 1))
			fail_msg("%s", table[i].uri);
		device_reply_done(&reply);
	}
}

static void long_addresses(void **state)
{
	struct device_reply reply;
	struct oauth_result result;
	char body[16384];

	(void)state;
	for (int len = (int)FLOW_URI_MAX; len <= 10240; len += len == (int)FLOW_URI_MAX ? 1 : 3000) {
		(void)snprintf(body, sizeof(body),
			       "{" MEMBERS_BUT_URI ",\"verification_uri\":\"https://idp.example/%0*d\"}", len - 20, 1);
		assert_int_equal(parse(&reply, &result, "generic", body, strlen(body)), len > (int)FLOW_URI_MAX);
		device_reply_done(&reply);
	}
}

static void loopback_only_by_switch(void **state)
{
	static const char body[] = "{" MEMBERS_BUT_URI ",\"verification_uri\":\"http://127.0.0.1:3000/device\"}";
	struct device_reply_rules rules = rules_for("generic");
	struct device_reply reply = {0};
	struct oauth_result result;

	(void)state;
	rules.issuer = "http://127.0.0.1:3000";
	assert_int_equal(device_reply_parse(&reply, &result, &rules, 200, body, strlen(body)), 1);
	rules.allow_loopback_http = true;
	assert_int_equal(device_reply_parse(&reply, &result, &rules, 200, body, strlen(body)), 0);
	device_reply_done(&reply);
	rules.issuer = "http://idp.example"; /* the switch is for this host alone */
	assert_non_null(device_uri_fault(&rules, "http://idp.example/device"));
	assert_non_null(device_uri_fault(&rules, "http://127.0.0.1:3000/device"));
}

/* A name in another script is the administrator's to allow. */
static void international_names(void **state)
{
	static char host[] = "xn--mnchen-3ya.example";
	char *hosts[] = {host, NULL};
	struct device_reply_rules rules = rules_for("generic");

	(void)state;
	rules.endpoints[0] = "https://xn--mnchen-3ya.example/device";
	assert_non_null(device_uri_fault(&rules, "https://xn--mnchen-3ya.example/d"));
	rules.hosts = hosts;
	assert_null(device_uri_fault(&rules, "https://xn--mnchen-3ya.example/d"));
	rules.hosts = NULL;
	rules.issuer = "https://xn--mnchen-3ya.example";
	assert_null(device_uri_fault(&rules, "https://xn--mnchen-3ya.example/d"));
}

/* QR and text lead to one place, or there is no QR of the longer kind. */
static void n18_complete_uri(void **state)
{
	static const struct {
		const char *complete;
		bool is_kept;
	} table[] = {
		{"\"https://idp.example/device?user_code=u\"", true},
		{"\"https://idp.example:443/device?user_code=u\"", true},
		{"\"https://idp.example:8443/device?user_code=u\"", false},
		{"\"https://api.idp.example/device?user_code=u\"", false}, /* known, but another */
		{"\"https://evil.example/device?user_code=u\"", false},
		{"\"http://idp.example/device?user_code=u\"", false},
		{"\"https://idp.example/\\u001b\"", false},
		{"\"\"", false},
		{"null", false},
		{"[]", false},
	};
	struct device_reply reply;
	struct oauth_result result;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char body[512];

		(void)snprintf(body, sizeof(body),
			       "{" MEMBERS_BUT_URI ",\"verification_uri\":\"https://idp.example/device\","
			       "\"verification_uri_complete\":%s}",
			       table[i].complete);
		assert_int_equal(parse(&reply, &result, "generic", body, strlen(body)), 0);
		assert_int_equal(reply.challenge.verification_uri_complete[0] != '\0', table[i].is_kept);
		device_reply_done(&reply);
	}
}

/* Google's and Salesforce's deviations are of their rows alone. */
static void dialects(void **state)
{
	static const char google[] = "{\"device_code\":\"d\",\"user_code\":\"u\",\"expires_in\":1800,\"interval\":5,"
				     "\"verification_url\":\"https://www.google.com/device\"}";
	static const char salesforce[] = "{\"device_code\":\"d\",\"user_code\":\"ABCD1234\",\"interval\":5,"
					 "\"verification_uri\":\"https://idp.example/setup/connect\"}";
	struct device_reply reply;
	struct oauth_result result;

	(void)state;
	assert_int_equal(parse(&reply, &result, "google", google, strlen(google)), 0);
	assert_string_equal(reply.challenge.verification_uri, "https://www.google.com/device");
	device_reply_done(&reply);
	assert_int_equal(parse(&reply, &result, "okta", google, strlen(google)), 1);
	assert_int_equal(parse(&reply, &result, "salesforce", salesforce, strlen(salesforce)), 0);
	assert_int_equal(reply.challenge.expires_in_s, 600);
	device_reply_done(&reply);
	assert_int_equal(parse(&reply, &result, "okta", salesforce, strlen(salesforce)), 1);
}

static void truncations(void **state)
{
	static const char body[] = "{" MEMBERS_BUT_URI ",\"verification_uri\":\"https://idp.example/device\"}";
	struct device_reply reply;
	struct oauth_result result;

	(void)state;
	for (size_t len = 0; len < sizeof(body) - 1; len++)
		assert_int_equal(parse(&reply, &result, "generic", body, len), 1);
	assert_int_equal(parse(&reply, &result, "generic", body, sizeof(body)), 1);
	assert_int_equal(parse(&reply, &result, "generic", body, sizeof(body) - 1), 0);
	device_reply_done(&reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_reply),
		cmocka_unit_test(dev_04_members_that_are_needed),
		cmocka_unit_test(user_codes),
		cmocka_unit_test(n18_where_people_may_be_sent),
		cmocka_unit_test(long_addresses),
		cmocka_unit_test(loopback_only_by_switch),
		cmocka_unit_test(international_names),
		cmocka_unit_test(n18_complete_uri),
		cmocka_unit_test(dialects),
		cmocka_unit_test(truncations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
