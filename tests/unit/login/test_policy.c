/* SPDX-License-Identifier: MIT */
/* Threats I5, I13, I18, R5 and ID-18: who may log in, who may have a code, and which facts count. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/login/policy.h"

/* Lists of a policy are not constant, though nobody writes to them. */
static char alice[] = "alice", subject[] = "corp:Sub:1", domain[] = "Good.Example", group[] = "staff",
	    admins[] = "/admins";
static char sudo[] = "sudo", sshd[] = "sshd";
static char *users[] = {alice, NULL};
static char *subjects[] = {subject, NULL};
static char *domains[] = {domain, NULL};
static char *groups[] = {group, admins, NULL};
static char *nobody[] = {NULL};

static struct access_person person(const char *name, const char *sub, const char *email, char *const *of_groups)
{
	return (struct access_person){
		.name = name, .provider = "corp", .subject = sub, .email = email, .groups = of_groups};
}

/* I18 */
static void unset_means_nobody(void **state)
{
	const struct access_rules none = {0};
	const struct access_policy empty = {0};
	const struct access_policy empty_lists = {
		.users = nobody, .subjects = nobody, .domains = nobody, .groups = nobody};
	struct access_policy copy = empty_lists;
	const struct access_rules of_empty = {.policies = &copy, .n_policies = 1};
	const struct access_person p = person("alice", "Sub:1", "a@good.example", groups);

	(void)state;
	assert_null(access_policy_for(&none, "sshd"));
	assert_null(access_policy_for(&none, NULL));
	assert_false(access_allows(NULL, &p));
	assert_false(access_allows(&empty, &p));
	assert_false(access_allows(&empty_lists, &p));
	assert_false(access_may_start(NULL, "192.0.2.1", true));
	assert_false(access_name_is_possible(&none, "alice"));
	assert_false(access_name_is_possible(&of_empty, "alice"));
}

static void sections(void **state)
{
	struct access_policy policies[] = {{.service = sudo}, {.service = NULL}, {.service = sshd}};
	struct access_rules rules = {.policies = policies, .n_policies = 3};

	(void)state;
	assert_ptr_equal(access_policy_for(&rules, "sudo"), &policies[0]);
	assert_ptr_equal(access_policy_for(&rules, "sshd"), &policies[2]);
	assert_ptr_equal(access_policy_for(&rules, "login"), &policies[1]);
	assert_ptr_equal(access_policy_for(&rules, "SUDO"), &policies[1]);
	assert_ptr_equal(access_policy_for(&rules, ""), &policies[1]);
	assert_ptr_equal(access_policy_for(&rules, NULL), &policies[1]);
	rules.n_policies = 1;
	assert_null(access_policy_for(&rules, "sshd"));
	assert_null(access_policy_for(&rules, NULL));
}

/* A section for a service replaces [access] as a whole. */
static void section_replaces(void **state)
{
	struct access_policy policies[] = {{.everyone = true}, {.service = sudo, .users = users}};
	const struct access_rules rules = {.policies = policies, .n_policies = 2};
	const struct access_person bob = person("bob", "s", NULL, NULL);

	(void)state;
	assert_true(access_allows(access_policy_for(&rules, "sshd"), &bob));
	assert_false(access_allows(access_policy_for(&rules, "sudo"), &bob));
}

static void each_grant(void **state)
{
	const struct access_policy by_user = {.users = users}, by_subject = {.subjects = subjects},
				   by_domain = {.domains = domains}, by_group = {.groups = groups},
				   all = {.everyone = true};
	char other[] = "Staff", longer[] = "staff2", shorter[] = "staf";
	char *wrong_groups[] = {other, longer, shorter, NULL}, *right_groups[] = {other, group, NULL};
	struct access_person p = person("alice", "x", NULL, NULL);

	(void)state;
	assert_true(access_allows(&all, &p));
	assert_true(access_allows(&by_user, &p));
	assert_false(access_allows(&by_subject, &p));
	assert_false(access_allows(&by_domain, &p));
	assert_false(access_allows(&by_group, &p));
	p.name = "Alice";
	assert_false(access_allows(&by_user, &p));
	p.name = NULL;
	assert_false(access_allows(&by_user, &p));

	p.groups = wrong_groups;
	assert_false(access_allows(&by_group, &p));
	p.groups = right_groups;
	assert_true(access_allows(&by_group, &p));
}

static void subject_grant(void **state)
{
	static const struct {
		const char *provider;
		const char *subject;
		bool expected;
	} rows[] = {
		{"corp", "Sub:1", true},   {"corp", "sub:1", false}, {"cor", ":Sub:1", false},
		{"corp", "Sub:1 ", false}, {"corp", "Sub", false},   {"corp", "", false},
		{"corp", NULL, false},     {"Corp", "Sub:1", false}, {"cor", "p:Sub:1", false},
		{"corp:Sub", "1", true}, /* no provider can have such a name */
		{"", "corp:Sub:1", false}, {NULL, "Sub:1", false},   {"corpo", "Sub:1", false},
	};
	const struct access_policy policy = {.subjects = subjects};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct access_person p = {.name = "x", .provider = rows[i].provider, .subject = rows[i].subject};

		if (access_allows(&policy, &p) != rows[i].expected)
			fail_msg("row %zu", i);
	}
}

static void domain_grant(void **state)
{
	static const char *const good[] = {"a@good.example", "a@GOOD.EXAMPLE", "x.y+z@Good.Example"};
	static const char *const bad[] = {"",
					  "@",
					  "@good.example",
					  "good.example",
					  "a@good.example.",
					  "a@sub.good.example",
					  "a@xgood.example",
					  "a@good.exampl",
					  "a@evil.example",
					  "a@evil.example@good.example",
					  "\"a@evil\"@good.example",
					  "a@good.example@evil.example",
					  "a@good.example ",
					  "a@g\xc3\xb6\x6f\x64.example",
					  "a@"};
	const struct access_policy policy = {.domains = domains};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const struct access_person p = person("x", "s", good[i], NULL);

		assert_true(access_allows(&policy, &p));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct access_person p = person("x", "s", bad[i], NULL);

		assert_false(access_allows(&policy, &p));
	}
}

static void possible_names(void **state)
{
	struct access_policy policies[] = {{.users = users}, {.service = sudo}};
	const struct access_rules rules = {.policies = policies, .n_policies = 2};

	(void)state;
	assert_true(access_name_is_possible(&rules, "alice"));
	assert_false(access_name_is_possible(&rules, "bob"));
	policies[1].groups = groups;
	assert_true(access_name_is_possible(&rules, "bob"));
	policies[1] = (struct access_policy){.subjects = subjects};
	assert_true(access_name_is_possible(&rules, "bob"));
	policies[1] = (struct access_policy){.domains = domains};
	assert_true(access_name_is_possible(&rules, "bob"));
	policies[1] = (struct access_policy){.everyone = true};
	assert_true(access_name_is_possible(&rules, "bob"));
}

static void networks(void **state)
{
	static const char *const good[] = {"0.0.0.0/0",      "10.0.0.0/8",     "192.0.2.1", "192.0.2.1/32",
					   "192.0.2.128/25", "::/0",           "::1",       "2001:db8::/32",
					   "fe80::/10",      "2001:db8::1/128"};
	static const char *const bad[] = {"",
					  "/",
					  "/8",
					  "10.0.0.0/",
					  "10.0.0.0/33",
					  "10.0.0.0/-1",
					  "10.0.0.0/08",
					  "10.0.0.0/8 ",
					  " 10.0.0.0/8",
					  "10.0.0.0/8/8",
					  "10.0.0.1/8",
					  "10.0.0.0/4294967304",
					  "10.0.0/8",
					  "10.0.0.0.0/8",
					  "010.0.0.0/8",
					  "256.0.0.0/8",
					  "::/129",
					  "::1/127",
					  "2001:db9::/31",
					  "fe80::1%eth0",
					  "::ffff:10.0.0.0/104",
					  "localhost",
					  "example.com/8",
					  "0x0a000000/8",
					  "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/8"};
	struct network n = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (network_parse(&n, good[i]) != 0)
			fail_msg("refused: %s", good[i]);
	n = (struct network){.prefix_len = 77};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (network_parse(&n, bad[i]) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
	assert_int_equal(n.prefix_len, 77);
}

/* Every prefix length: the first and last address inside, the neighbours outside. */
static void prefix_lengths(void **state)
{
	(void)state;
	for (unsigned bits = 1; bits <= 32; bits++) {
		uint32_t size = bits == 32 ? 1 : UINT32_C(1) << (32 - bits), base = UINT32_C(0xc0000000);
		struct network n;
		const struct access_policy policy = {.before_start_networks = &n, .n_before_start_networks = 1};
		const uint32_t inside[] = {base, base + (size - 1)}, outside[] = {base - 1, base + size};
		char text[32];
		struct in_addr a = {.s_addr = htonl(base)};

		snprintf(text, sizeof(text), "%s/%u", inet_ntoa(a), bits);
		if (bits == 1)
			snprintf(text, sizeof(text), "128.0.0.0/1");
		assert_int_equal(network_parse(&n, text), 0);
		for (size_t i = 0; i < 2 && bits > 1; i++) {
			a.s_addr = htonl(inside[i]);
			assert_true(access_may_start(&policy, inet_ntoa(a), false));
			a.s_addr = htonl(outside[i]);
			assert_false(access_may_start(&policy, inet_ntoa(a), false));
		}
	}
}

static void may_start(void **state)
{
	struct network list[3];
	const struct access_policy open = {0}, key = {.before_start_public_key = true},
				   net = {.before_start_networks = list, .n_before_start_networks = 3},
				   both = {.before_start_public_key = true,
					   .before_start_networks = list,
					   .n_before_start_networks = 3},
				   empty_list = {.before_start_networks = list};
	static const char *const inside[] = {"10.1.2.3", "::ffff:10.1.2.3", "2001:db8:1::5", "2001:DB8:1::5",
					     "fe80::1%eth0"};
	static const char *const outside[] = {"11.1.2.3",
					      "2001:db9::",
					      "::ffff:11.1.2.3",
					      "::10.1.2.3",
					      "",
					      "localhost",
					      "10.1.2.3 ",
					      "10.1.2",
					      "client.example",
					      "UNKNOWN",
					      "10.1.2.3,11.1.2.3",
					      "10.1.2.3%000000000000000000000000000000000000000000000000000000000000"};

	(void)state;
	assert_int_equal(network_parse(&list[0], "10.0.0.0/8"), 0);
	assert_int_equal(network_parse(&list[1], "2001:db8::/32"), 0);
	assert_int_equal(network_parse(&list[2], "fe80::/10"), 0);
	assert_true(access_may_start(&open, NULL, false));
	assert_true(access_may_start(&open, "192.0.2.1", false));
	assert_false(access_may_start(&key, "10.1.2.3", false));
	assert_true(access_may_start(&key, NULL, true));
	assert_false(access_may_start(&net, NULL, true));
	assert_false(access_may_start(&empty_list, "10.1.2.3", true));
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		assert_true(access_may_start(&net, inside[i], false));
		assert_false(access_may_start(&both, inside[i], false));
		assert_true(access_may_start(&both, inside[i], true));
	}
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		assert_false(access_may_start(&net, outside[i], true));
}

/* A provider whose dialect is the generic one but for that. */
static const struct provider_settings *settings_for(bool needs_verification)
{
	static struct dialect dialect;
	static struct provider_settings settings = {.dialect = &dialect};

	dialect = *dialect_find("generic");
	dialect.email_needs_verification = needs_verification;
	return &settings;
}

/* The facts of these claims as text, and the person that comes out of them. */
static void facts_are(const char *claims_text, bool needs_verification, const char *group_claim, const char *expected,
		      const char *email, size_t n_groups)
{
	struct access_policy policy = {.groups = groups};
	char claim[64] = "";
	struct access_rules rules = {.policies = &policy, .n_policies = 1, .group_claim = group_claim ? claim : NULL};
	LK_CLEANUP(json_object_putp) struct json_object *claims = NULL, *facts = NULL;
	struct access_person p = {.name = "kept"};
	char **list = NULL;
	size_t n = 0;

	if (group_claim)
		snprintf(claim, sizeof(claim), "%s", group_claim);
	assert_int_equal(json_parse(&claims, claims_text, strlen(claims_text)), 0);
	assert_int_equal(access_facts(&facts, &rules, claims, settings_for(needs_verification)), 0);
	assert_string_equal(json_text(facts), expected);
	assert_int_equal(access_person_from_facts(&p, facts, &list), 0);
	assert_string_equal(p.name, "kept");
	if (email)
		assert_string_equal(p.email, email);
	else
		assert_null(p.email);
	while (list[n])
		n++;
	assert_int_equal(n, n_groups);
	assert_ptr_equal(p.groups, list);
	text_free_list(list);
}

/* I5, ID-18 */
static void email_facts(void **state)
{
	static const struct {
		const char *claims;
		bool needs;
		const char *facts;
		const char *email;
	} rows[] = {
		{"{\"email\":\"a@b\",\"email_verified\":true}", true,
		 "{\"email\":\"a@b\",\"email_verified\":true,\"groups\":[]}", "a@b"},
		{"{\"email\":\"a@b\",\"email_verified\":\"true\"}", true,
		 "{\"email\":\"a@b\",\"email_verified\":false,\"groups\":[]}", NULL},
		{"{\"email\":\"a@b\",\"email_verified\":1}", true,
		 "{\"email\":\"a@b\",\"email_verified\":false,\"groups\":[]}", NULL},
		{"{\"email\":\"a@b\",\"email_verified\":[true]}", true,
		 "{\"email\":\"a@b\",\"email_verified\":false,\"groups\":[]}", NULL},
		{"{\"email\":\"a@b\",\"email_verified\":false}", true,
		 "{\"email\":\"a@b\",\"email_verified\":false,\"groups\":[]}", NULL},
		{"{\"email\":\"a@b\",\"email_verified\":null}", true,
		 "{\"email\":\"a@b\",\"email_verified\":false,\"groups\":[]}", NULL},
		{"{\"email\":\"a@b\"}", true, "{\"email\":\"a@b\",\"email_verified\":false,\"groups\":[]}", NULL},
		{"{\"email\":\"a@b\"}", false, "{\"email\":\"a@b\",\"email_verified\":true,\"groups\":[]}", "a@b"},
		{"{\"email\":\"a@b\",\"email_verified\":false}", false,
		 "{\"email\":\"a@b\",\"email_verified\":false,\"groups\":[]}", NULL},
		{"{\"email\":\"a@b\",\"email_verified\":\"true\"}", false,
		 "{\"email\":\"a@b\",\"email_verified\":false,\"groups\":[]}", NULL},
		{"{\"email_verified\":true}", true, "{\"groups\":[]}", NULL},
		{"{\"email\":[\"a@b\"],\"email_verified\":true}", true, "{\"groups\":[]}", NULL},
		{"{\"email\":\"\",\"email_verified\":true}", true, "{\"groups\":[]}", NULL},
		{"{\"email\":\"a@b\\nc\",\"email_verified\":true}", true, "{\"groups\":[]}", NULL},
		{"{\"email\":\"a b@c\",\"email_verified\":true}", true, "{\"groups\":[]}", NULL},
		{"{}", true, "{\"groups\":[]}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		facts_are(rows[i].claims, rows[i].needs, NULL, rows[i].facts, rows[i].email, 0);
}

/* I13 */
static void group_facts(void **state)
{
	static const struct {
		const char *claims;
		const char *claim;
		const char *facts;
		size_t n;
	} rows[] = {
		{"{\"groups\":[\"staff\",\"/admins\"]}", NULL, "{\"groups\":[\"staff\",\"/admins\"]}", 2},
		{"{\"groups\":[\"root\",\"sudo\",\"wheel\",\"docker\"]}", NULL, "{\"groups\":[]}", 0},
		{"{\"groups\":[\"staff\",\"staff\",\"STAFF\",\"staff \"]}", NULL, "{\"groups\":[\"staff\"]}", 1},
		{"{\"groups\":\"staff\"}", NULL, "{\"groups\":[\"staff\"]}", 1},
		{"{\"groups\":\"staff root\"}", NULL, "{\"groups\":[]}", 0},
		{"{\"groups\":[1,null,true,{\"a\":\"staff\"},[\"staff\"],\"\"]}", NULL, "{\"groups\":[]}", 0},
		{"{\"groups\":{\"staff\":true}}", NULL, "{\"groups\":[]}", 0},
		{"{\"groups\":null}", NULL, "{\"groups\":[]}", 0},
		{"{\"groups\":7}", NULL, "{\"groups\":[]}", 0},
		{"{\"_claim_names\":{\"groups\":\"src1\"},\"_claim_sources\":{\"src1\":{\"endpoint\":\"https://x\"}}}",
		 NULL, "{\"groups\":[]}", 0},
		{"{\"groups\":[\"staff\"],\"roles\":[\"/admins\"]}", "roles", "{\"groups\":[\"/admins\"]}", 1},
		{"{\"realm_access\":{\"roles\":[\"staff\"]}}", "/realm_access/roles", "{\"groups\":[\"staff\"]}", 1},
		{"{\"realm_access\":{\"roles\":[\"staff\"]}}", "/realm_access/none", "{\"groups\":[]}", 0},
		{"{\"https://x/groups\":[\"staff\"]}", "https://x/groups", "{\"groups\":[\"staff\"]}", 1},
		{"{\"a/b\":{\"~c\":\"staff\"}}", "/a~1b/~0c", "{\"groups\":[\"staff\"]}", 1},
		{"{\"a\":[[\"staff\"]]}", "/a/0", "{\"groups\":[\"staff\"]}", 1},
		{"{\"a\":[[\"staff\"]]}", "/a/9", "{\"groups\":[]}", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		facts_are(rows[i].claims, true, rows[i].claim, rows[i].facts, NULL, rows[i].n);
}

/* I13: ten thousand groups, the one that counts last, and the facts stay small. */
static void many_groups(void **state)
{
	static char text[200000];
	size_t len = 0;

	(void)state;
	len += (size_t)snprintf(text, sizeof(text), "{\"groups\":[");
	for (unsigned i = 0; i < 10000; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "\"group-%u\",", i);
	snprintf(text + len, sizeof(text) - len, "\"staff\"]}");
	facts_are(text, true, NULL, "{\"groups\":[\"staff\"]}", NULL, 1);
}

/* I13: what a [group] section names is kept as well, numbers by their digits; nothing else is, of whatever shape. */
static void facts_for_groups_of_this_host(void **state)
{
	static char devs[] = "devs", id[] = "4711", negative[] = "-1";
	static char *values[] = {devs, id, negative, NULL};
	static struct group_rule rule = {.claim_values = values, .issuer = "https://id.example"};
	static const struct group_rules of_host = {&rule, 1};
	struct access_policy policy = {.groups = groups};
	const struct access_rules rules = {.policies = &policy, .n_policies = 1, .groups = &of_host};
	static const struct {
		const char *claims;
		const char *facts;
	} rows[] = {
		{"{\"groups\":[\"devs\",\"staff\",\"sudo\"]}", "{\"groups\":[\"devs\",\"staff\"]}"},
		{"{\"groups\":[4711,17,-1]}", "{\"groups\":[\"4711\",\"-1\"]}"},
		{"{\"groups\":4711}", "{\"groups\":[\"4711\"]}"},
		{"{\"groups\":[4711,\"4711\"]}", "{\"groups\":[\"4711\"]}"},
		{"{\"groups\":[4711.0,4711.5,4.711e3,\"04711\",\" 4711\"]}", "{\"groups\":[]}"},
		{"{\"groups\":[{\"id\":4711},[4711],true,null]}", "{\"groups\":[]}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		LK_CLEANUP(json_object_putp) struct json_object *claims = NULL, *facts = NULL;

		assert_int_equal(json_parse(&claims, rows[i].claims, strlen(rows[i].claims)), 0);
		assert_int_equal(access_facts(&facts, &rules, claims, settings_for(true)), 0);
		assert_string_equal(json_text(facts), rows[i].facts);
	}
}

static void bad_facts(void **state)
{
	static const char *const rows[] = {
		"[]",
		"null",
		"\"x\"",
		"{\"email\":7}",
		"{\"email\":\"a@b\",\"email_verified\":\"true\"}",
		"{\"groups\":{}}",
		"{\"groups\":\"staff\"}",
		"{\"groups\":[\"staff\",7]}",
		"{\"groups\":[null]}",
	};
	const struct access_rules rules = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		LK_CLEANUP(json_object_putp) struct json_object *facts = NULL;
		struct access_person p = {.email = "before"};
		char **list = NULL;

		assert_int_equal(json_parse(&facts, rows[i], strlen(rows[i])), 0);
		assert_int_equal(access_person_from_facts(&p, facts, &list), -EBADMSG);
		assert_string_equal(p.email, "before");
		assert_null(list);
	}
	LK_CLEANUP(json_object_putp) struct json_object *array = json_object_new_array();
	struct json_object *facts = NULL;

	assert_int_equal(access_facts(&facts, &rules, array, settings_for(true)), -EBADMSG);
	assert_int_equal(access_facts(&facts, &rules, NULL, settings_for(true)), -EBADMSG);
	assert_null(facts);
}

static void empty_facts(void **state)
{
	LK_CLEANUP(json_object_putp) struct json_object *facts = json_object_new_object();
	struct access_person p = {.email = "before"};
	char **list = NULL;

	(void)state;
	assert_int_equal(access_person_from_facts(&p, facts, &list), 0);
	assert_null(p.email);
	assert_non_null(list);
	assert_null(list[0]);
	text_free_list(list);
}

/* All of them, besides a grant and never in place of one; their values are facts like others. */
static void require_groups(void **state)
{
	char ops[] = "ops", sudoers[] = "sudoers", wheel[] = "wheel";
	char *required[] = {sudoers, wheel, NULL}, *both[] = {wheel, ops, sudoers, NULL}, *one[] = {sudoers, NULL};
	struct access_policy policy = {.require_groups = required};
	struct access_rules rules = {.policies = &policy, .n_policies = 1};
	LK_CLEANUP(json_object_putp) struct json_object *claims = NULL, *facts = NULL;
	static const char text[] = "{\"groups\":[\"ops\",\"wheel\",\"sudoers\"]}";
	struct access_person p = {.name = "alice", .groups = both};

	(void)state;
	assert_false(access_allows(&policy, &p));
	policy.everyone = true;
	assert_true(access_allows(&policy, &p));
	p.groups = one;
	assert_false(access_allows(&policy, &p));
	p.groups = NULL;
	assert_false(access_allows(&policy, &p));

	assert_int_equal(json_parse(&claims, text, strlen(text)), 0);
	assert_int_equal(access_facts(&facts, &rules, claims, settings_for(true)), 0);
	assert_string_equal(json_text(facts), "{\"groups\":[\"wheel\",\"sudoers\"]}");
}

/* CB-02: what a verified claim says, and nothing that could be two texts. */
static void login_hints(void **state)
{
	static char mail[] = "email", sub[] = "sub";
	struct access_policy policy = {.everyone = true};
	struct access_rules rules = {.policies = &policy, .n_policies = 1};
	struct dialect dialect = *dialect_find("keycloak");
	struct provider_settings s = {.dialect = &dialect};
	static const struct {
		const char *claims, *facts;
		char *claim;
	} table[] = {
		{"{\"preferred_username\":\"Alice\"}", "{\"groups\":[],\"login_hint\":\"Alice\"}", NULL},
		{"{\"preferred_username\":\"Alice\"}", "{\"groups\":[]}", sub},
		{"{\"preferred_username\":\"A\",\"email\":\"a@b\"}",
		 "{\"email\":\"a@b\",\"email_verified\":false,\"groups\":[],\"login_hint\":\"a@b\"}", mail},
		{"{\"preferred_username\":\"al ice\"}", "{\"groups\":[]}", NULL},
		{"{\"preferred_username\":7}", "{\"groups\":[]}", NULL},
		{"{\"preferred_username\":\"\"}", "{\"groups\":[]}", NULL},
		{"{}", "{\"groups\":[]}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		LK_CLEANUP(json_object_putp) struct json_object *claims = NULL, *facts = NULL;

		s.login_hint_claim = table[i].claim;
		assert_int_equal(json_parse(&claims, table[i].claims, strlen(table[i].claims)), 0);
		assert_int_equal(access_facts(&facts, &rules, claims, &s), 0);
		assert_string_equal(json_text(facts), table[i].facts);
	}
	for (size_t len = ACCESS_LOGIN_HINT_MAX; len <= ACCESS_LOGIN_HINT_MAX + 1; len++) {
		LK_CLEANUP(json_object_putp) struct json_object *claims = json_object_new_object(), *facts = NULL;
		char text[ACCESS_LOGIN_HINT_MAX + 2];

		memset(text, 'a', len);
		text[len] = '\0';
		s.login_hint_claim = NULL;
		json_object_object_add(claims, "preferred_username", json_object_new_string(text));
		assert_int_equal(access_facts(&facts, &rules, claims, &s), 0);
		assert_int_equal(json_object_object_get_ex(facts, "login_hint", NULL), len == ACCESS_LOGIN_HINT_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unset_means_nobody), cmocka_unit_test(sections),
		cmocka_unit_test(section_replaces),   cmocka_unit_test(each_grant),
		cmocka_unit_test(subject_grant),      cmocka_unit_test(domain_grant),
		cmocka_unit_test(possible_names),     cmocka_unit_test(networks),
		cmocka_unit_test(prefix_lengths),     cmocka_unit_test(may_start),
		cmocka_unit_test(email_facts),        cmocka_unit_test(group_facts),
		cmocka_unit_test(many_groups),        cmocka_unit_test(bad_facts),
		cmocka_unit_test(empty_facts),        cmocka_unit_test(facts_for_groups_of_this_host),
		cmocka_unit_test(require_groups),     cmocka_unit_test(login_hints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
