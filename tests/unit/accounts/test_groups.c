/* SPDX-License-Identifier: MIT */
/* Which groups facts make somebody a member of. Threat I13. */
#include "helper/accounts/groups.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ISSUER "https://id.example"
#define OTHER "https://other.example"

static char devs_name[] = "devs", ops_name[] = "ops", guests_name[] = "guests";
static char d1[] = "devs", d2[] = "4711", o1[] = "/teams/ops", shared[] = "shared";
static char *devs_values[] = {d1, d2, shared, NULL}, *ops_values[] = {o1, shared, NULL}, *guest_values[] = {d1, NULL};
static struct group_rule rules[] = {
	{.name = devs_name, .claim_values = devs_values, .issuer = ISSUER},
	{.name = ops_name, .claim_values = ops_values, .issuer = ISSUER},
	{.name = guests_name, .claim_values = guest_values, .issuer = OTHER},
};
static const struct group_rules groups = {rules, 3};

static void expect(const char *issuer, const char *facts, int result, uint64_t expected)
{
	struct membership m;

	memset(&m, 0xff, sizeof(m));
	assert_int_equal(group_rules_apply(&groups, issuer, facts, &m), result);
	if (m.bits[0] != expected || m.bits[1] != 0 || m.bits[3] != 0)
		fail_msg("%#lx for %s", (unsigned long)m.bits[0], facts);
}

static void values_make_members(void **state)
{
	struct membership m;

	(void)state;
	expect(ISSUER, "{\"groups\":[\"devs\"]}", 0, 1);
	expect(ISSUER, "{\"groups\":[\"4711\",\"4711\"]}", 0, 1);
	expect(ISSUER, "{\"groups\":[\"\\/teams\\/ops\"]}", 0, 2);
	expect(ISSUER, "{\"groups\":[\"shared\"]}", 0, 3);
	expect(ISSUER, "{\"email\":\"a@b\",\"groups\":[\"nobody\",\"devs\",\"/teams/ops\"]}", 0, 3);
	assert_int_equal(group_rules_apply(&groups, ISSUER, "{\"groups\":[\"/teams/ops\"]}", &m), 0);
	assert_true(membership_has(&m, 1));
	assert_false(membership_has(&m, 0));
	assert_false(membership_has(&m, 255));
}

static void nothing_else_does(void **state)
{
	static const char *const facts[] = {
		"{}",
		"{\"groups\":[]}",
		"{\"groups\":null}",
		"{\"groups\":[\"Devs\",\"devs "
		"\",\"dev\",\"devss\",\"\",\"471\",\"04711\",\"teams/ops\",\"ops\",\"guests\"]}",
		"{\"email\":\"devs\",\"roles\":[\"devs\"]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		expect(ISSUER, facts[i], 0, 0);
}

/* The same word of another provider is another word; an issuer is compared byte by byte. */
static void providers_are_apart(void **state)
{
	(void)state;
	expect(OTHER, "{\"groups\":[\"devs\",\"shared\"]}", 0, 4);
	expect(ISSUER "/", "{\"groups\":[\"devs\"]}", 0, 0);
	expect("https://ID.example", "{\"groups\":[\"devs\"]}", 0, 0);
	expect("", "{\"groups\":[\"devs\"]}", 0, 0);
}

static void facts_that_cannot_be_read(void **state)
{
	static const char *const none[] = {
		"",
		"[]",
		"\"devs\"",
		"{\"groups\":\"devs\"}",
		"{\"groups\":{\"devs\":true}}",
		"{\"groups\":[[\"devs\"]]}",
		"{\"groups\": [\"devs\"]}", /* nobody stores facts with blanks */
		"{\"email\":\"\\\"groups\\\":[\\\"devs\\\"]\"}",
	};
	static const char *const facts[] = {
		"{\"groups\":[\"devs\",1]}",
		"{\"groups\":[\"devs\"],\"groups\":[]}",
		"{\"groups\":[\"devs\"]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		expect(ISSUER, facts[i], -EBADMSG, 0);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		expect(ISSUER, none[i], 0, 0);
	/* somebody else's member of that name */
	expect(ISSUER, "{\"x\":{\"groups\":[\"devs\"]},\"groups\":[]}", 0, 0);
	expect(ISSUER, "{\"x\":{\"groups\":[\"devs\"]},\"groups\":[\"/teams/ops\"]}", 0, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_make_members),
		cmocka_unit_test(nothing_else_does),
		cmocka_unit_test(providers_are_apart),
		cmocka_unit_test(facts_that_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
