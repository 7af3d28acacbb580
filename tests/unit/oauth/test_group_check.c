/* SPDX-License-Identifier: MIT */
/* Groups that a token has no room for: what is asked, what counts of the answers, and how it ends. Threats I13, N9; checklist
 * ID-19. */
#include "helper/oauth/group_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/json.h"
#include "tests/unit/oauth/world.h"

#define A "aaaaaaaa-0000-0000-0000-000000000001"
#define B "bbbbbbbb-0000-0000-0000-000000000002"
#define OTHER "cccccccc-0000-0000-0000-000000000003"
#define GRAPH "https://graph.microsoft.com/v1.0/me/checkMemberGroups"

struct asker {
	struct world w;
	struct group_check *check;
	struct secret *token;
	unsigned told;
	struct oauth_result result;
	char found[4096];
	bool frees;
};

static void on_done(void *userdata, const struct oauth_result *result, struct json_object *groups)
{
	struct asker *a = userdata;

	a->told++;
	a->result = *result;
	assert_int_equal(result->outcome == OAUTH_DONE, groups != NULL);
	snprintf(a->found, sizeof(a->found), "%s", groups != NULL ? json_text(groups) : "");
	if (a->frees)
		group_check_free(LK_STEAL(a->check));
}

static void begin(struct asker *a)
{
	*a = (struct asker){0};
	world_init(&a->w, "entra");
	assert_int_equal(secret_copy(&a->token, "at-1", 4), 0);
}

static void end(struct asker *a)
{
	group_check_free(a->check);
	secret_free(a->token);
	world_done(&a->w);
	assert_int_equal(fake_leaks(), 0);
}

static int ask(struct asker *a, const char *const *ids)
{
	return group_check_start(&a->check, a->w.provider, NULL, a->token, ids, on_done, a);
}

static void one_question(void **state)
{
	static const char *const ids[] = {A, "server-login", B, "", "aaaaaaaa-0000-0000-0000-00000000000g", NULL};
	struct asker a;

	(void)state;
	begin(&a);
	fake_reply(200, "{\"@odata.context\":\"https://x\",\"value\":[\"" B "\",\"" OTHER "\"]}");
	assert_int_equal(ask(&a, ids), 0);
	assert_int_equal(a.told, 0);
	fake_run();
	assert_int_equal(a.told, 1);
	assert_int_equal(a.result.outcome, OAUTH_DONE);
	assert_string_equal(a.found, "[\"" B "\"]"); /* what nobody asked about makes nobody a member */
	assert_int_equal(fake.n_requests, 1);
	assert_string_equal(fake_last()->url, GRAPH);
	assert_string_equal(fake_last()->body, "{\"groupIds\":[\"" A "\",\"" B "\"]}");
	assert_non_null(strstr(fake_last()->headers, "Authorization: Bearer at-1\n"));
	assert_non_null(strstr(fake_last()->headers, "Content-Type: application/json\n"));
	end(&a);
}

static void another_endpoint(void **state)
{
	static const char *const ids[] = {A, NULL};
	struct asker a;

	(void)state;
	begin(&a);
	world_text(&a.w.settings.group_check_endpoint, "https://graph.example/check");
	fake_reply(200, "{\"value\":[]}");
	a.frees = true;
	assert_int_equal(ask(&a, ids), 0);
	fake_run();
	assert_string_equal(fake_last()->url, "https://graph.example/check");
	assert_string_equal(a.found, "[]");
	free(LK_STEAL(a.w.settings.group_check_endpoint));
	end(&a);
}

static void nothing_to_ask(void **state)
{
	static const char *const none[] = {NULL}, *const words[] = {"server-login", NULL};
	struct asker a;

	(void)state;
	begin(&a);
	assert_int_equal(ask(&a, none), 1);
	assert_int_equal(ask(&a, words), 1);
	assert_int_equal(a.told, 2);
	assert_string_equal(a.found, "[]");
	assert_int_equal(fake.n_requests, 0);
	end(&a);
}

/* As many as may be, and one more. */
static void many_questions(void **state)
{
	static char texts[GROUP_CHECK_IDS_MAX + 1][37];
	static const char *ids[GROUP_CHECK_IDS_MAX + 2];
	struct asker a;

	(void)state;
	begin(&a);
	for (unsigned i = 0; i <= GROUP_CHECK_IDS_MAX; i++) {
		snprintf(texts[i], sizeof(texts[i]), "%08x-0000-0000-0000-000000000000", i);
		ids[i] = texts[i];
	}
	assert_int_equal(ask(&a, ids), 1);
	assert_int_equal(a.result.outcome, OAUTH_CLIENT_REFUSED);
	ids[GROUP_CHECK_IDS_MAX] = NULL;
	for (unsigned i = 0; i < GROUP_CHECK_IDS_MAX / 20; i++)
		fake_reply(200, i == 19 ? "{\"value\":[\"0000018f-0000-0000-0000-000000000000\"]}" : "{\"value\":[]}");
	assert_int_equal(ask(&a, ids), 0);
	fake_run();
	assert_int_equal(a.told, 2);
	assert_int_equal(fake.n_requests, 20);
	assert_string_equal(a.found, "[\"0000018f-0000-0000-0000-000000000000\"]");
	end(&a);
}

/* A single answer that is none ends it: half of the groups would take the others away. */
static void failures(void **state)
{
	static const struct {
		unsigned status;
		const char *body;
		enum oauth_outcome outcome;
	} rows[] = {
		{401, "{\"error\":{\"code\":\"InvalidAuthenticationToken\"}}", OAUTH_BAD_REPLY},
		{403, "{\"error\":{\"code\":\"Authorization_RequestDenied\"}}", OAUTH_BAD_REPLY},
		{302, "", OAUTH_BAD_REPLY},
		{429, "", OAUTH_THROTTLED},
		{500, "", OAUTH_UNREACHABLE},
		{200, "", OAUTH_BAD_REPLY},
		{200, "[]", OAUTH_BAD_REPLY},
		{200, "{\"value\":null}", OAUTH_BAD_REPLY},
		{200, "{\"value\":\"" A "\"}", OAUTH_BAD_REPLY},
		{200, "{\"value\":[{\"id\":\"" A "\"}]}", OAUTH_BAD_REPLY},
		{200, "{\"value\":[\"" A "\",7]}", OAUTH_BAD_REPLY},
		{200, "{\"value\":[\"" A "\",\"" A "\",\"" A "\"]}", OAUTH_BAD_REPLY}, /* more than was asked */
		{200, "{\"value\":[],\"value\":[\"" A "\"]}", OAUTH_BAD_REPLY},
	};
	static const char *const ids[] = {A, B, NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asker a;

		begin(&a);
		fake_reply(rows[i].status, rows[i].body);
		assert_int_equal(ask(&a, ids), 0);
		fake_run();
		assert_int_equal(a.told, 1);
		if (a.result.outcome != rows[i].outcome)
			fail_msg("%d for %u %s", a.result.outcome, rows[i].status, rows[i].body);
		assert_string_equal(a.found, "");
		assert_null(strstr(a.result.detail, "at-1"));
		end(&a);
	}
}

static void deadlines_and_leaving(void **state)
{
	static char texts[60][37];
	static const char *ids[61];
	struct asker a;

	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		snprintf(texts[i], sizeof(texts[i]), "%08x-0000-0000-0000-000000000000", i);
		ids[i] = texts[i];
	}
	begin(&a);
	fake_reply(200, "{\"value\":[]}");
	fake_reply_takes(9000);
	fake_reply(200, "{\"value\":[]}");
	fake_reply_takes(9000);
	assert_int_equal(ask(&a, ids), 0);
	fake_run_ms(60000); /* the third hangs, and has what is left of the whole */
	assert_int_equal(fake.n_requests, 3);
	assert_int_equal(fake.requests[0].timeout_ms, 10000);
	assert_int_equal(fake.requests[2].timeout_ms, GROUP_CHECK_DEADLINE_MS - 18000);
	assert_int_equal(a.result.outcome, OAUTH_UNREACHABLE);
	end(&a);
	begin(&a);
	assert_int_equal(ask(&a, ids), 0);
	group_check_free(LK_STEAL(a.check));
	assert_true(fake_last()->is_cancelled);
	assert_int_equal(a.told, 0);
	end(&a);
}

static void when_it_is_needed(void **state)
{
	static const struct {
		const char *claims;
		const char *claim;
		bool is_needed;
	} rows[] = {
		{"{\"_claim_names\":{\"groups\":\"src1\"},\"_claim_sources\":{\"src1\":{\"endpoint\":\"https://x\"}}}",
		 "groups", true},
		{"{\"hasgroups\":true}", "groups", true},
		{"{\"hasgroups\":false}", "groups", false},
		{"{\"hasgroups\":\"true\"}", "groups", false},
		{"{}", "groups", false},
		{"{\"groups\":[]}", "groups", false},
		{"{\"hasgroups\":true,\"groups\":[\"x\"]}", "groups", false},
		{"{\"_claim_names\":{\"roles\":\"src1\"}}", "groups", false},
		{"{\"_claim_names\":{\"groups\":\"src1\"}}", "roles", false},
		{"{\"_claim_names\":{\"groups\":null}}", "groups", false},
		{"{\"_claim_names\":[\"groups\"]}", "groups", false},
		{"{\"_claim_names\":\"groups\"}", "groups", false},
	};
	struct asker a;

	(void)state;
	begin(&a);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		LK_CLEANUP(json_object_putp) struct json_object *claims = NULL;

		assert_int_equal(json_parse(&claims, rows[i].claims, strlen(rows[i].claims)), 0);
		if (group_check_is_needed(&a.w.settings, claims, rows[i].claim) != rows[i].is_needed)
			fail_msg("%s", rows[i].claims);
		/* no other provider has such an endpoint */
		a.w.settings.dialect = dialect_find("generic");
		assert_false(group_check_is_needed(&a.w.settings, claims, rows[i].claim));
		a.w.settings.dialect = dialect_find("entra");
	}
	end(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_question),      cmocka_unit_test(another_endpoint),
		cmocka_unit_test(nothing_to_ask),    cmocka_unit_test(many_questions),
		cmocka_unit_test(failures),          cmocka_unit_test(deadlines_and_leaving),
		cmocka_unit_test(when_it_is_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
