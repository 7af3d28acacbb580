/* SPDX-License-Identifier: MIT */
/* How and when somebody signed in at the provider, against what a section asks for: ID-12, ID-13, SU-02, SU-03. */
#include "helper/login/authentication.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/json.h"
#include "helper/protocol/names.h"

#define NOW 1700000000

static void read_claims(struct authentication *a, const char *dialect, const char *text)
{
	LK_CLEANUP(json_object_putp) struct json_object *claims = NULL;

	assert_int_equal(json_parse(&claims, text, strlen(text)), 0);
	authentication_read(a, dialect_find(dialect), claims);
}

/* The reason for an ID token of these claims beside iat; NULL: none. */
static const char *reason_for(const struct access_policy *policy, const char *claims, uint64_t allowed_s)
{
	char text[4096], detail[AUTHENTICATION_DETAIL_MAX] = "";
	struct authentication a;
	const char *reason;

	(void)snprintf(text, sizeof(text), "{\"iat\":%d%s%s}", NOW, claims[0] != '\0' ? "," : "", claims);
	read_claims(&a, "generic", text);
	reason = authentication_refusal(&a, policy, NOW, allowed_s, detail);
	assert_int_equal(reason != NULL, detail[0] != '\0');
	return reason;
}

static void assert_reason(const char *found, const char *expected)
{
	if (expected == NULL)
		assert_null(found);
	else
		assert_non_null(found);
	if (expected != NULL)
		assert_string_equal(found, expected);
}

/* SU-03: byte by byte, and no class stands for another. */
static void id_12_acr(void **state)
{
	char first[] = "urn:example:phr", second[] = "2";
	char *acr[] = {first, second, NULL};
	const struct access_policy policy = {.acr = acr};
	static const struct {
		const char *claims, *reason;
	} table[] = {
		{"\"acr\":\"urn:example:phr\"", NULL},
		{"\"acr\":\"2\"", NULL},
		{"\"acr\":[\"1\",\"2\"]", NULL},
		{"", REASON_NOT_TOLD},
		{"\"acr\":null", REASON_NOT_TOLD},
		{"\"acr\":\"\"", REASON_NOT_TOLD},
		{"\"acr\":2", REASON_NOT_TOLD},
		{"\"acr\":[]", REASON_NOT_TOLD},
		{"\"acr\":[2]", REASON_NOT_TOLD},
		{"\"acr\":{\"value\":\"2\"}", REASON_NOT_TOLD},
		{"\"acr\":\"2 urn:example:phr\"", REASON_NOT_TOLD}, /* a blank: not one class */
		{"\"acr\":\"3\"", REASON_TOO_WEAK},
		{"\"acr\":\"22\"", REASON_TOO_WEAK},
		{"\"acr\":\"urn:example:ph\"", REASON_TOO_WEAK},
		{"\"acr\":\"URN:example:phr\"", REASON_TOO_WEAK},
		{"\"acrs\":[\"2\"],\"acr\":\"1\"", REASON_TOO_WEAK},
		{"\"amr\":[\"2\"]", REASON_NOT_TOLD},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_reason(reason_for(&policy, table[i].claims, 0), table[i].reason);
}

static void amr(void **state)
{
	char mfa[] = "mfa", otp[] = "otp";
	char *both[] = {mfa, otp, NULL};
	const struct access_policy policy = {.amr = both};
	static const struct {
		const char *claims, *reason;
	} table[] = {
		{"\"amr\":[\"pwd\",\"otp\",\"mfa\"]", NULL},
		{"\"amr\":[\"mfa\"]", REASON_TOO_WEAK},
		{"\"amr\":\"mfa\"", REASON_TOO_WEAK},
		{"\"amr\":[]", REASON_NOT_TOLD},
		{"\"amr\":[1]", REASON_NOT_TOLD},
		{"", REASON_NOT_TOLD},
		{"\"amr\":[\"mfa otp\"]", REASON_NOT_TOLD},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_reason(reason_for(&policy, table[i].claims, 0), table[i].reason);
}

/* SU-02: 0 is "for this very request"; how long the request took is allowed for. */
static void id_13_max_age(void **state)
{
	static const struct {
		uint32_t max_age_s;
		int64_t age_s;
		uint64_t allowed_s;
		const char *reason;
	} table[] = {
		{0, 0, 0, NULL},
		{0, 5, 0, NULL},
		{0, 6, 0, REASON_TOO_OLD},
		{0, 30, 30, NULL},
		{0, 36, 30, REASON_TOO_OLD},
		{300, 305, 0, NULL},
		{300, 306, 0, REASON_TOO_OLD},
		{300, 330, 30, NULL},
		{300, 86400, 30, REASON_TOO_OLD},
		{0, -5, 0, NULL},
		{0, -6, 0, REASON_NOT_TOLD}, /* from the future: no time that can be used */
		{0, 100000, UINT64_MAX, NULL},
		{UINT32_MAX, 1000000, 0, NULL},
	};
	struct access_policy policy = {.has_max_age = true};
	char claims[64];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		policy.max_age_s = table[i].max_age_s;
		(void)snprintf(claims, sizeof(claims), "\"auth_time\":%lld", (long long)(NOW - table[i].age_s));
		assert_reason(reason_for(&policy, claims, table[i].allowed_s), table[i].reason);
	}
	policy.max_age_s = 1000000;
	assert_reason(reason_for(&policy, "", 0), REASON_NOT_TOLD);
	assert_reason(reason_for(&policy, "\"auth_time\":\"1700000000\"", 0), REASON_NOT_TOLD);
	assert_reason(reason_for(&policy, "\"auth_time\":0", 0), REASON_NOT_TOLD);
	assert_reason(reason_for(&policy, "\"auth_time\":-1", 0), REASON_NOT_TOLD);
}

/* A token that was made ten minutes ago says how things were then. */
static void old_tokens_are_no_younger_than_they_are(void **state)
{
	const struct access_policy policy = {.has_max_age = true, .max_age_s = 60};
	char detail[AUTHENTICATION_DETAIL_MAX];
	struct authentication a;

	(void)state;
	read_claims(&a, "generic", "{\"iat\":1699999400,\"auth_time\":1699999400}");
	assert_string_equal(authentication_refusal(&a, &policy, NOW, 10, detail), REASON_TOO_OLD);
	assert_null(
		authentication_refusal(&a, &policy, 1699999400 + 120, 0, detail)); /* clocks may differ by a minute */
}

/* Nothing is asked for: nothing is looked at. */
static void no_demands(void **state)
{
	const struct access_policy policy = {.everyone = true};

	(void)state;
	assert_null(reason_for(&policy, "", 0));
	assert_null(reason_for(&policy, "\"auth_time\":1,\"acr\":7", 0));
	assert_false(authentication_is_asked_for(&policy));
}

/* Entra has another claim; a provider without ID tokens says nothing, whatever its userinfo does. */
static void dialects(void **state)
{
	static const char text[] = "{\"iat\":1700000000,\"auth_time\":1700000000,\"acr\":\"1\",\"acrs\":[\"c1\",\"c2\"]"
				   ",\"amr\":[\"mfa\"]}";
	struct authentication a;

	(void)state;
	read_claims(&a, "generic", text);
	assert_string_equal(a.acr, "1");
	assert_string_equal(a.amr, "mfa");
	read_claims(&a, "entra", text);
	assert_string_equal(a.acr, "c1 c2");
	read_claims(&a, "github", text);
	assert_string_equal(a.acr, "");
	assert_string_equal(a.amr, "");
	assert_int_equal(a.auth_time_s, 0);
	read_claims(&a, "generic", "{\"auth_time\":1700000000}"); /* no iat: no time to hold it against */
	assert_int_equal(a.auth_time_s, 0);
}

/* What does not fit is not said: half of a list would say something else. */
static void limits(void **state)
{
	struct authentication a;
	char text[4096];

	(void)state;
	for (int len = 255; len <= 256; len++) {
		(void)snprintf(text, sizeof(text), "{\"acr\":\"%0*d\"}", len, 0);
		read_claims(&a, "generic", text);
		assert_int_equal(strlen(a.acr), len == 255 ? 255 : 0);
	}
	for (int len = 1020; len <= 1021; len++) {
		(void)snprintf(text, sizeof(text), "{\"amr\":[\"%0*d\",\"mfa\"]}", len, 0);
		read_claims(&a, "generic", text);
		assert_int_equal(strlen(a.amr), len == 1020 ? 1024 : 0);
	}
}

/* N17: the administrator's line is ASCII and bounded. */
static void details(void **state)
{
	char value[] = "x";
	char *acr[] = {value, NULL};
	const struct access_policy policy = {.acr = acr};
	char detail[AUTHENTICATION_DETAIL_MAX], text[512];
	struct authentication a;

	(void)state;
	(void)snprintf(text, sizeof(text), "{\"acr\":\"%0*d\"}", 255, 0);
	read_claims(&a, "generic", text);
	assert_non_null(authentication_refusal(&a, &policy, NOW, 0, detail));
	assert_in_range(strlen(detail), 1, AUTHENTICATION_DETAIL_MAX - 1);
	assert_non_null(strstr(detail, "acr is '000"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(id_12_acr),     cmocka_unit_test(amr),
		cmocka_unit_test(id_13_max_age), cmocka_unit_test(old_tokens_are_no_younger_than_they_are),
		cmocka_unit_test(no_demands),    cmocka_unit_test(dialects),
		cmocka_unit_test(limits),        cmocka_unit_test(details),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
