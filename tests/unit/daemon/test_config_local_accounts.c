/* SPDX-License-Identifier: MIT */
/* The [local-account NAME] sections: what is understood, what is refused, what is said aloud. Threats L23, I1. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/daemon/config_internal.h"
#include "tests/unit/daemon/config_text.h"
#include "tests/unit/scratch.h"

#define PROVIDER "[provider corp]\nissuer=https://id.example\nclient_id=c\n"
#define TWO                                                                                                            \
	"[provider corp]\nissuer=https://id.example\nclient_id=c\nname_prefix=c-\n"                                    \
	"[provider guests]\nissuer=https://guests.example\nclient_id=g\nname_prefix=g-\n"

static void sections(void **state)
{
	/* Names of images are reserved for new accounts and the very ones that this is for. */
	LK_CLEANUP(config_freep)
	struct config *c = load(TWO "[local-account ubuntu]\nprovider=guests\nsubject=00u1 A:b/c=d\n"
				    "[local-account olga]\nprovider=corp\nsubject=17\n"
				    "[access]\nusers=ubuntu c-alice\n");
	LK_CLEANUP(config_freep) struct config *only = load(PROVIDER "[local-account olga]\nsubject=17\n");
	const struct local_account_rule *l = local_accounts_find(&c->accounts.local_accounts, "ubuntu");

	(void)state;
	assert_int_equal(c->accounts.local_accounts.n, 2);
	assert_string_equal(l->subject, "00u1 A:b/c=d");
	assert_string_equal(l->issuer, "https://guests.example");
	assert_null(local_accounts_find(&c->accounts.local_accounts, "ubunt"));
	assert_string_equal(only->accounts.local_accounts.rules[0].issuer, "https://id.example");
}

static void refusals(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{PROVIDER "[local-account olga]\nprovider=corp\n", "subject is missing"},
		{PROVIDER "[local-account olga]\nprovider=other\nsubject=x\n", "no provider is called 'other'"},
		{TWO "[local-account olga]\nsubject=x\n", "provider is missing"},
		{PROVIDER "[local-account root]\nsubject=x\n", "nobody at a provider can be root"},
		{PROVIDER "[local-account Olga]\nsubject=x\n", "not a name that Latchkey can carry"},
		{PROVIDER "[local-account a b]\nsubject=x\n", "not a name that Latchkey can carry"},
		{PROVIDER "[local-account ]\nsubject=x\n", "not a name that Latchkey can carry"},
		{PROVIDER "[local-account]\nsubject=x\n", "unknown section [local-account]"},
		{PROVIDER "[local-account 123456789012345678901234567890123]\nsubject=x\n", "not a name"},
		{PROVIDER "[local-account olga]\nsubject=x\nsubject=y\n", "subject was set before"},
		{PROVIDER "[local-account olga]\nsubject=\xc3\xa9\n", "other than printable ASCII"},
		{PROVIDER "[local-account olga]\nuid=1000\n", "unknown key 'uid'"},
	};
	char longest[700];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *c = NULL;
		struct ini_fault fault = {""};
		int r = config_load_text(&c, cases[i].text, strlen(cases[i].text), NULL, NULL, &fault);

		if (r != -EINVAL || !strstr(fault.text, cases[i].expected))
			fail_msg("%d '%s' instead of '%s'", r, fault.text, cases[i].expected);
	}
	/* libinih ends lines at 200 bytes, long before the provider's own limit. */
	(void)snprintf(longest, sizeof(longest), PROVIDER "[local-account olga]\nsubject=%0150d\n", 0);
	config_free(load(longest));
}

static void too_many(void **state)
{
	char text[LOCAL_ACCOUNTS_MAX * 64 + 200];
	struct config *c = NULL;
	struct ini_fault fault = {""};
	size_t len = (size_t)snprintf(text, sizeof(text), PROVIDER);

	(void)state;
	for (unsigned int i = 0; i < LOCAL_ACCOUNTS_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "[local-account a%u]\nsubject=x\n", i);
	config_free(load(text));
	(void)snprintf(text + len, sizeof(text) - len, "[local-account one-more]\nsubject=x\n");
	assert_int_equal(config_load_text(&c, text, strlen(text), NULL, NULL, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "more than 256 [local-account] sections"));
}

/* I1: no section makes root or an account of the system somebody's; what is not there is said aloud. */
static void this_machine(void **state)
{
	static const char passwd[] = "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\n"
				     "backup:x:34:34::/:/bin/sh\nlow:x:999:999::/:/bin/sh\nhalf:x:1000:1000::/h\n"
				     "nobody:x:65534:65534::/:/bin/sh\nolga:x:1000:100::/home/olga:/bin/sh\n"
				     "deploy:x:1001:0::relative:/bin/sh\n";
	static const struct {
		const char *name;
		int expected;
		const char *says;
	} rows[] = {
		{"olga", 0, ""},
		{"toor", -EINVAL, ""},
		{"backup", -EINVAL, ""},
		{"low", -EINVAL, ""},
		{"nobody", -EINVAL, ""},
		{"stranger", 0, "counts for nothing: /etc/passwd has no such user"},
		{"half", 0, "counts for nothing: its line"},
		{"deploy", 0, "counts for nothing: its line"},
	};
	struct scratch s;
	struct notes said;

	(void)state;
	assert_true(scratch_new(&s));
	assert_int_equal(mkdir(scratch_name(&s, "etc"), 0755), 0);
	assert_true(scratch_write(&s, "etc/passwd", passwd, strlen(passwd), 0644));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		LK_CLEANUP(config_freep) struct config *c = NULL;
		char text[256], why[CONFIG_WHY_MAX] = "";

		(void)snprintf(text, sizeof(text), PROVIDER "[local-account %s]\nsubject=x\n", rows[i].name);
		c = load(text);
		memset(&said, 0, sizeof(said));
		assert_int_equal(config_check_local_users(c, s.path, keep_note, &said, why), rows[i].expected);
		if (rows[i].expected != 0)
			assert_non_null(strstr(why, "accounts of the system stay the system's"));
		if (rows[i].says[0] != '\0' ? !strstr(said.text, rows[i].says) : said.text[0] != '\0')
			fail_msg("%s: '%s' instead of '%s'", rows[i].name, said.text, rows[i].says);
	}
	scratch_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections),
		cmocka_unit_test(refusals),
		cmocka_unit_test(too_many),
		cmocka_unit_test(this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
