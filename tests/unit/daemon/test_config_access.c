/* SPDX-License-Identifier: MIT */
/* Whose domains and groups count where several providers are configured: what is understood, and who gets in by it. I13, T15. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/daemon/config_internal.h"
#include "helper/login/wanted.h"
#include "tests/unit/daemon/config_text.h"

#define CORP "[provider corp]\nissuer=https://corp.example\nclient_id=c\nname_prefix=c-\n"
#define GUEST "[provider guest]\nissuer=https://guest.example\nclient_id=c\nname_prefix=g-\n"

static bool gets_in(const struct config *c, const char *service, const char *provider, const char *email,
		    const char *group)
{
	char copy[64];
	char *groups[] = {copy, NULL};
	const struct access_person p = {
		.name = "x", .provider = provider, .subject = "s", .email = email, .groups = group ? groups : NULL};

	if (group)
		strcpy(copy, group);
	return access_allows(access_policy_for(&c->access, service), &p);
}

static void split(void **state)
{
	LK_CLEANUP(config_freep)
	struct config *c = load("[access]\ngroups=staff corp:admins\ngroups=urn:x guest:\ndomains=corp:Corp.example\n"
				"require_groups=guest:a:b\n" CORP GUEST);
	const struct access_policy *p = access_policy_for(&c->access, "sshd");

	(void)state;
	/* the providers stand below; what names none of them is a value like any other */
	assert_string_equal(p->groups[0], "staff");
	assert_string_equal(p->groups[1], "urn:x");
	assert_string_equal(p->groups[2], "guest:");
	assert_null(p->groups[3]);
	assert_string_equal(p->provider_groups[0], "corp:admins");
	assert_null(p->provider_groups[1]);
	assert_null(p->domains);
	assert_string_equal(p->provider_domains[0], "corp:Corp.example");
	assert_null(p->require_groups);
	assert_string_equal(p->require_provider_groups[0], "guest:a:b");
}

static void groups(void **state)
{
	LK_CLEANUP(config_freep) struct config *c = load(CORP GUEST "[access]\ngroups=corp:admins staff\n");

	(void)state;
	assert_true(gets_in(c, "sshd", "corp", NULL, "admins"));
	assert_false(gets_in(c, "sshd", "guest", NULL, "admins"));
	/* nobody gets in by a group that is called as the word is */
	assert_false(gets_in(c, "sshd", "guest", NULL, "corp:admins"));
	assert_false(gets_in(c, "sshd", "corp", NULL, "corp:admins"));
	assert_false(gets_in(c, "sshd", "cor", NULL, "p:admins"));
	assert_false(gets_in(c, "sshd", NULL, NULL, "admins"));
	assert_false(gets_in(c, "sshd", "corp", NULL, NULL));
	assert_true(gets_in(c, "sshd", "guest", NULL, "staff"));
	assert_true(access_policy_could_allow(access_policy_for(&c->access, "sshd"), "alice"));
}

static void domains(void **state)
{
	LK_CLEANUP(config_freep) struct config *c = load(CORP GUEST "[access]\ndomains=corp:corp.example\n");

	(void)state;
	assert_true(gets_in(c, "sshd", "corp", "a@CORP.example", NULL));
	assert_false(gets_in(c, "sshd", "guest", "a@corp.example", NULL));
	assert_false(gets_in(c, "sshd", "corp", "a@other.example", NULL));
	assert_false(gets_in(c, "sshd", "corp", NULL, NULL));
	assert_true(access_policy_could_allow(access_policy_for(&c->access, "sshd"), "alice"));
}

static void required(void **state)
{
	LK_CLEANUP(config_freep)
	struct config *c = load(CORP GUEST "[access]\neveryone=yes\n[access sudo]\neveryone=yes\n"
					   "require_groups=corp:admins\n");

	(void)state;
	assert_true(gets_in(c, "sudo", "corp", NULL, "admins"));
	assert_false(gets_in(c, "sudo", "corp", NULL, "staff"));
	assert_false(gets_in(c, "sudo", "guest", NULL, "admins"));
	assert_false(gets_in(c, "sudo", "guest", NULL, NULL));
	assert_true(gets_in(c, "sshd", "guest", NULL, NULL));
}

/* The claims are asked for, and what they say of such a group is kept. */
static void facts(void **state)
{
	LK_CLEANUP(config_freep)
	struct config *c = load(CORP GUEST "[access]\ngroups=corp:admins\ndomains=corp:corp.example\n"
					   "[access sudo]\nrequire_groups=corp:root:1\ngroups=staff\n");
	LK_CLEANUP(json_object_putp) struct json_object *claims = NULL;
	LK_CLEANUP(json_object_putp) struct json_object *kept = NULL;
	LK_CLEANUP(text_free_listp) char **asked = NULL;
	static const char text[] = "{\"groups\":[\"admins\",\"other\",\"root:1\",\"corp:admins\"]}";
	struct wanted_claims w;

	(void)state;
	wanted_claims_init(&w, &c->access, "sub", NULL, true);
	assert_true(text_in_list((char *const *)(uintptr_t)w.names, "groups"));
	assert_true(text_in_list((char *const *)(uintptr_t)w.names, "email"));
	assert_int_equal(wanted_groups(&asked, &c->access, "https://corp.example"), 0);
	assert_true(text_in_list(asked, "admins"));
	assert_true(text_in_list(asked, "root:1"));
	assert_true(text_in_list(asked, "staff"));
	assert_false(text_in_list(asked, "corp:admins"));
	assert_int_equal(json_parse(&claims, text, sizeof(text) - 1), 0);
	assert_int_equal(access_facts(&kept, &c->access, claims, &c->providers[0].settings), 0);
	assert_non_null(strstr(json_object_to_json_string_ext(kept, JSON_C_TO_STRING_PLAIN),
			       "\"groups\":[\"admins\",\"root:1\"]"));
}

static void faults(void **state)
{
	static const char *const texts[] = {
		CORP "[access]\ndomains=crop:corp.example\n",
		CORP "[access]\ndomains=corp:\n",
		CORP "[access]\ndomains=:corp.example\n",
		CORP "[access]\ndomains=corp:a:b\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct config *c = NULL;
		struct ini_fault fault = {""};

		assert_int_not_equal(config_load_text(&c, texts[i], strlen(texts[i]), NULL, NULL, &fault), 0);
		assert_non_null(strstr(fault.text, "domains"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split),    cmocka_unit_test(groups), cmocka_unit_test(domains),
		cmocka_unit_test(required), cmocka_unit_test(facts),  cmocka_unit_test(faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
