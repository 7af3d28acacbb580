/* SPDX-License-Identifier: MIT */
/* Which tokens may be handed out. I18, OA-13, TX-02. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/login/token_rules.h"
#include "helper/oauth/token_type.h"

static char a[] = "api:read", b[] = "api:write", all[] = "all", uri[] = "https://api.example/v1",
	    host[] = "git.example", with_port[] = "git.example:8443";
static char *two[] = {a, b, NULL}, *everything[] = {all, NULL}, *uris[] = {uri, NULL},
	    *hosts[] = {host, with_port, NULL}, *all_and_more[] = {all, a, NULL};

static int judge(char **scopes, char **audiences, const struct token_wish *wish, const char *expected_scope)
{
	const struct token_rules rules = {.scopes = scopes, .audiences = audiences, .git_hosts = hosts};
	const char *why = NULL;
	char *scope = NULL;
	int r = token_rules_judge(&rules, wish, &scope, &why);

	assert_true((r == -EACCES) == (why != NULL));
	if (r == 0 && expected_scope)
		assert_string_equal(scope, expected_scope);
	else
		assert_null(scope);
	free(scope);
	return r;
}

static void scopes(void **state)
{
	static const struct {
		const char *scope;
		int with_two;
		int with_all;
	} rows[] = {
		{"api:read", 0, 0},
		{"api:write api:read", 0, 0},
		{"api:rea", -EACCES, 0},
		{"api:reads", -EACCES, 0},
		{"api:read openid", -EACCES, 0},
		{"all", -EACCES, 0},
		{"", -EINVAL, -EINVAL},
		{" api:read", -EINVAL, -EINVAL},
		{"api:read ", -EINVAL, -EINVAL},
		{"api:read  api:write", -EINVAL, -EINVAL},
		{"api\"read", -EINVAL, -EINVAL},
		{"api\\read", -EINVAL, -EINVAL},
		{"api\nread", -EINVAL, -EINVAL},
		{"\xc3\xa4", -EINVAL, -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct token_wish wish = {.scope = rows[i].scope};

		if (judge(two, NULL, &wish, rows[i].scope) != rows[i].with_two ||
		    judge(everything, NULL, &wish, rows[i].scope) != rows[i].with_all)
			fail_msg("\"%s\"", rows[i].scope);
		if (judge(NULL, uris, &wish, NULL) == 0)
			fail_msg("\"%s\" without token_scopes", rows[i].scope);
	}
	assert_int_equal(judge(two, NULL, &(struct token_wish){.scope = NULL}, "api:read api:write"), 0);
	assert_int_equal(judge(everything, NULL, &(struct token_wish){.scope = NULL}, NULL), 0);
	assert_int_equal(judge(NULL, NULL, &(struct token_wish){.scope = NULL}, NULL), -EACCES);
	/* "all" beside others is a scope of that name */
	assert_int_equal(judge(all_and_more, NULL, &(struct token_wish){.scope = "openid"}, NULL), -EACCES);
}

static void audiences(void **state)
{
	static const struct {
		const char *audience;
		int with_list;
		int with_all;
	} rows[] = {
		{"https://api.example/v1", 0, 0},
		{"https://api.example/v1/", -EACCES, 0},
		{"https://API.example/v1", -EACCES, 0},
		{"urn:x:y", -EACCES, 0},
		{"api://f00", -EACCES, 0},
		{"api", -EINVAL, -EINVAL},
		{"api:", -EINVAL, -EINVAL},
		{":x", -EINVAL, -EINVAL},
		{"1a:x", -EINVAL, -EINVAL},
		{"a_b:x", -EINVAL, -EINVAL},
		{"https://api.example/#f", -EINVAL, -EINVAL},
		{"https://api.example/ v1", -EINVAL, -EINVAL},
		{"https://api.example/\xc3\xa4", -EINVAL, -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct token_wish wish = {.audience = rows[i].audience};

		if (judge(two, uris, &wish, NULL) != rows[i].with_list ||
		    judge(two, everything, &wish, NULL) != rows[i].with_all)
			fail_msg("%s", rows[i].audience);
		if (judge(two, NULL, &wish, NULL) == 0)
			fail_msg("%s without token_audiences", rows[i].audience);
	}
}

static void git(void **state)
{
	(void)state;
	assert_int_equal(judge(two, NULL, &(struct token_wish){.git_host = "git.example"}, "api:read api:write"), 0);
	assert_int_equal(judge(two, NULL, &(struct token_wish){.git_host = "GIT.example:8443"}, "api:read api:write"),
			 0);
	assert_int_equal(judge(two, NULL, &(struct token_wish){.git_host = "git.example:443"}, NULL), -EACCES);
	assert_int_equal(judge(two, NULL, &(struct token_wish){.git_host = "git.example.evil"}, NULL), -EACCES);
	assert_int_equal(judge(two, NULL, &(struct token_wish){.git_host = ""}, NULL), -EACCES);
	assert_int_equal(judge(NULL, NULL, &(struct token_wish){.git_host = "git.example"}, NULL), -EACCES);
}

/* TX-02, I18: an exchange is root's to allow, by the kind of what comes out of it too */
static void exchanges(void **state)
{
	static char access[] = "access-token", jwt[] = TOKEN_TYPE_JWT, name[] = "billing";
	static char *kinds[] = {access, jwt, NULL}, *targets[] = {uri, name, NULL};
	static const struct {
		const char *audience, *resource, *type, *git_host;
		int expected;
	} rows[] = {
		{NULL, NULL, NULL, NULL, 0},
		{"billing", NULL, "access-token", NULL, 0},
		{"https://api.example/v1", "https://api.example/v1", TOKEN_TYPE_ACCESS_TOKEN, NULL, 0},
		{NULL, NULL, "jwt", NULL, 0},
		{"other", NULL, NULL, NULL, -EACCES},
		{NULL, "https://api.example/v2", NULL, NULL, -EACCES},
		{NULL, NULL, "id-token", NULL, -EACCES},
		{NULL, NULL, "refresh-token", NULL, -EINVAL},
		{NULL, NULL, "urn:ietf:params:oauth:token-type:refresh_token", NULL, -EINVAL},
		{NULL, "billing", NULL, NULL, -EINVAL},
		{NULL, "https://api.example/v1#a", NULL, NULL, -EINVAL},
		{NULL, "", NULL, NULL, -EINVAL},
		{"", NULL, NULL, NULL, -EINVAL},
		{"a b", NULL, NULL, NULL, -EINVAL},
		{"a\nb", NULL, NULL, NULL, -EINVAL},
		{NULL, NULL, NULL, "git.example", -EINVAL},
	};
	struct token_rules rules = {.scopes = two, .audiences = targets, .git_hosts = hosts, .exchange = kinds};
	struct token_wish wish = {.is_exchange = true};
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *scope = NULL;
		int r;

		wish = (struct token_wish){.is_exchange = true,
					   .audience = rows[i].audience,
					   .resource = rows[i].resource,
					   .requested_type = rows[i].type,
					   .git_host = rows[i].git_host};
		r = token_rules_judge(&rules, &wish, &scope, &why);
		if (r != rows[i].expected)
			fail_msg("row %zu: %d", i, r);
		assert_true((scope != NULL) == (r == 0 && !rows[i].audience && !rows[i].resource));
		free(scope);
		/* none of it without an exchange */
		wish.is_exchange = false;
		scope = NULL;
		if (rows[i].resource || rows[i].type)
			assert_int_equal(token_rules_judge(&rules, &wish, &scope, &why), -EINVAL);
	}
	wish = (struct token_wish){.is_exchange = true};
	rules.exchange = NULL;
	assert_int_equal(token_rules_judge(&rules, &wish, NULL, &why), -EACCES);
	assert_string_equal(why, "token_exchange is not set");
	assert_false(token_rules_allow_type(&rules, NULL));
	rules.exchange = kinds;
	assert_true(token_rules_allow_type(&rules, NULL));
	assert_true(token_rules_allow_type(&rules, TOKEN_TYPE_JWT));
	assert_false(token_rules_allow_type(&rules, TOKEN_TYPE_ID_TOKEN));
	assert_false(token_rules_allow_type(&rules, "urn:example:own"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scopes),
		cmocka_unit_test(exchanges),
		cmocka_unit_test(audiences),
		cmocka_unit_test(git),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
