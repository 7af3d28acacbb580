/* SPDX-License-Identifier: MIT */
/* A sign-in that changes somebody's groups has the map published before it is granted, and one that is refused has it
 * published all the same. Threats I13, I17. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helper/protocol/names.h"
#include "tests/unit/login/fake_oauth.h"
#include "tests/unit/login/world.h"

#define IN_DEVS "{\"preferred_username\":\"alice\",\"groups\":[\"d\"]}"
#define IN_BOTH "{\"preferred_username\":\"alice\",\"groups\":[\"d\",\"let-in\"]}"
#define IN_NONE "{\"preferred_username\":\"alice\",\"groups\":[]}"

static char devs[] = "devs", value[] = "d", let_in[] = "let-in";
static char *values[] = {value, NULL}, *let_in_values[] = {let_in, NULL};
static struct group_rule rule = {.name = devs, .claim_values = values, .issuer = ISSUER};

static int setup(void **state)
{
	struct world *w;
	int r = world_setup(state);

	w = *state;
	w->account_settings.groups = (struct group_rules){&rule, 1};
	w->access.groups = &w->account_settings.groups;
	limits_free(w->ctx.codes);
	w->ctx.codes = NULL;
	assert_int_equal(limits_new(&w->ctx.codes, 100, 1, 16), 0);
	return r;
}

/* How many maps a sign-in asks for, and whether it waits for the last one. */
static void expect(struct world *w, const char *claims, unsigned maps, const char *said)
{
	unsigned before = fake.published;

	until_identity(w, "alice");
	fake_identity(OAUTH_DONE, ISSUER, "s-1", claims);
	assert_int_equal(fake.published - before, maps);
	assert_string_equal(w->said, said);
	if (fake.publish_done != NULL)
		fake_published(0);
}

static void a_map_before_the_grant(void **state)
{
	struct world *w = *state;

	expect(w, IN_NONE, 1, "challenge"); /* a new account */
	assert_string_equal(w->said, "granted");
	expect(w, IN_NONE, 0, "granted");
	expect(w, IN_DEVS, 1, "challenge"); /* has come into a group */
	assert_string_equal(w->said, "granted");
	expect(w, IN_DEVS, 0, "granted");
	expect(w, IN_NONE, 1, "challenge"); /* and is out of it with this sign-in, not after it */
	assert_string_equal(w->said, "granted");
}

/* Where the map cannot be published, nobody gets in with groups that are not theirs any more. */
static void no_map_no_grant(void **state)
{
	struct world *w = *state;

	expect(w, IN_DEVS, 1, "challenge");
	until_identity(w, "alice");
	fake_identity(OAUTH_DONE, ISSUER, "s-1", IN_NONE);
	fake_published(-5);
	assert_string_equal(w->said, REASON_NO_STORE);
	expect(w, IN_NONE, 1, "challenge"); /* the next one tries again */
	assert_string_equal(w->said, "granted");
}

static void a_refusal_takes_groups_away(void **state)
{
	struct world *w = *state;

	w->policy.everyone = false;
	w->policy.groups = let_in_values;
	expect(w, IN_BOTH, 1, "challenge");
	assert_string_equal(w->said, "granted");
	expect(w, IN_NONE, 1, REASON_NOT_ALLOWED); /* nobody waits, and it is published */
	expect(w, IN_NONE, 0, REASON_NOT_ALLOWED);
	expect(w, IN_BOTH, 1, "challenge");
	assert_string_equal(w->said, "granted");
}

/* ID-19, I13: too many groups for a token. What the provider answers counts as the claim would, and nothing else does. */
static void groups_that_were_asked_for(void **state)
{
	struct world *w = *state;

	w->policy.everyone = false;
	w->policy.groups = let_in_values;
	fake.needs_groups = true;
	until_identity(w, "alice");
	fake_identity(OAUTH_DONE, ISSUER, "s-1", IN_NONE);
	assert_string_equal(fake.wanted_groups, "let-in d ");
	assert_string_equal(w->said, "challenge");
	fake_groups(OAUTH_DONE, "[\"let-in\"]");
	fake_published(0);
	assert_string_equal(w->said, "granted");
	until_identity(w, "alice");
	fake_identity(OAUTH_DONE, ISSUER, "s-1", IN_NONE);
	fake_groups(OAUTH_DONE, "[]");
	assert_string_equal(w->said, REASON_NOT_ALLOWED);
	/* no answer is no answer, whatever the claims say */
	until_identity(w, "alice");
	fake_identity(OAUTH_DONE, ISSUER, "s-1", IN_BOTH);
	fake_groups(OAUTH_UNREACHABLE, NULL);
	assert_string_equal(w->said, REASON_UNAVAILABLE);
	/* R6: who leaves meanwhile leaves nothing behind */
	until_identity(w, "alice");
	fake_identity(OAUTH_DONE, ISSUER, "s-1", IN_BOTH);
	attempt_free(LK_STEAL(w->attempt));
	assert_null(fake.groups_done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_map_before_the_grant, setup, world_teardown),
		cmocka_unit_test_setup_teardown(no_map_no_grant, setup, world_teardown),
		cmocka_unit_test_setup_teardown(a_refusal_takes_groups_away, setup, world_teardown),
		cmocka_unit_test_setup_teardown(groups_that_were_asked_for, setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
