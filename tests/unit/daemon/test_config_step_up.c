/* SPDX-License-Identifier: MIT */
/* What an [access] section asks of a sign-in: what is understood, what is refused, what is said aloud. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/daemon/config_internal.h"
#include "tests/unit/daemon/config_text.h"

#define PROVIDER "[provider corp]\nissuer=https://id.example\nclient_id=c\n"
#define SECRET "client_secret_file=/etc/latchkey/corp.secret\n"
#define GITHUB "[provider hub]\nissuer=https://github.com\ndialect=github\nclient_id=c\n"

static void keys(void **state)
{
	LK_CLEANUP(config_freep)
	struct config *c =
		load(PROVIDER SECRET "login_hint_claim=email\n"
				     "backchannel_authentication_endpoint=https://id.example/bc\n"
				     "[access]\neveryone=yes\n"
				     "[access sudo]\neveryone=yes\nrequire_groups=a b\nrequire_groups=c\n"
				     "max_age=5m\nacr=urn:example:phr 2\nacr=3\namr=mfa\nmethod=ciba device\n");
	const struct access_policy *p = access_policy_for(&c->access, "sudo");

	(void)state;
	assert_string_equal(p->require_groups[2], "c");
	assert_true(p->has_max_age);
	assert_int_equal(p->max_age_s, 300);
	assert_string_equal(p->acr[0], "urn:example:phr");
	assert_string_equal(p->acr[2], "3");
	assert_null(p->acr[3]);
	assert_string_equal(p->amr[0], "mfa");
	assert_int_equal(p->n_methods, 2);
	assert_int_equal(p->methods[0], FLOW_CIBA);
	assert_int_equal(p->methods[1], FLOW_DEVICE);
	assert_string_equal(c->providers[0].settings.login_hint_claim, "email");
	assert_string_equal(c->providers[0].settings.backchannel_authentication_endpoint, "https://id.example/bc");

	p = access_policy_for(&c->access, "sshd");
	assert_false(p->has_max_age);
	assert_null(p->require_groups);
	assert_null(p->acr);
	assert_null(p->amr);
	assert_int_equal(p->n_methods, 0);
}

static void code(void **state)
{
	LK_CLEANUP(config_freep)
	struct config *c = load(
		PROVIDER "redirect_uri=http://127.0.0.1:8123/latchkey\nauthorization_endpoint=https://id.example/a\n"
			 "[access]\neveryone=yes\nmethod=code\n");

	(void)state;
	assert_int_equal(access_policy_for(&c->access, "sshd")->methods[0], FLOW_CODE);
	assert_string_equal(c->providers[0].settings.redirect_uri, "http://127.0.0.1:8123/latchkey");
	assert_string_equal(c->providers[0].settings.authorization_endpoint, "https://id.example/a");
}

/* SU-02: 0 is a demand, not the absence of one. */
static void max_age_0(void **state)
{
	LK_CLEANUP(config_freep) struct config *c = load(PROVIDER "[access]\neveryone=yes\nmax_age=0\n");

	(void)state;
	assert_true(c->access.policies[0].has_max_age);
	assert_int_equal(c->access.policies[0].max_age_s, 0);
}

static void refused(void **state)
{
	static const struct {
		const char *text, *why;
	} table[] = {
		{PROVIDER "[access]\nmethod=push\n", "method knows device, ciba and code, not 'push'"},
		{PROVIDER SECRET "[access]\nmethod=ciba ciba\n", "twice"},
		{PROVIDER "[access]\nmethod=\n", "no value"},
		{PROVIDER "[access]\nmethod=device\nmethod=device\n", "set before"},
		{PROVIDER "[access sudo]\nmethod=device ciba\n",
		 "[access sudo]: method ciba needs a provider whose client authenticates"},
		{PROVIDER "[access sudo]\nmethod=code\n",
		 "[access sudo]: method code needs a provider with a redirect_uri"},
		{PROVIDER "redirect_uri=http://host.example/\n", "redirect_uri"},
		{PROVIDER "redirect_uri=https://host.example/#x\n", "redirect_uri"},
		{PROVIDER "redirect_uri=https://host.example/?x=y\n", "redirect_uri: has a query"},
		{PROVIDER "authorization_endpoint=http://id.example/\n", "authorization_endpoint"},
		{GITHUB "[access]\nacr=2\n", "no provider here has one"},
		{GITHUB "[access]\namr=mfa\n", "no provider here has one"},
		{GITHUB "[access]\nmax_age=0\n", "no provider here has one"},
		{PROVIDER "[access]\nmax_age=91d\n", "max_age must be a time"},
		{PROVIDER "[access]\nmax_age=2161h\n", "max_age must be a time"},
		{PROVIDER "[access]\nacr=\xc3\xbc\n", "ASCII"},
		{PROVIDER "backchannel_authentication_endpoint=http://id.example/\n",
		 "backchannel_authentication_endpoint"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct config *c = NULL;
		struct ini_fault fault = {""};

		assert_int_equal(config_load_text(&c, table[i].text, strlen(table[i].text), NULL, NULL, &fault),
				 -EINVAL);
		if (strstr(fault.text, table[i].why) == NULL)
			fail_msg("row %zu: %s", i, fault.text);
	}
}

static void longest_class(void **state)
{
	char text[1024];

	(void)state;
	for (int len = 255; len <= 256; len++) {
		struct config *c = NULL;
		struct ini_fault fault = {""};

		(void)snprintf(text, sizeof(text), PROVIDER "[access]\neveryone=yes\nacr=%0*d\n", len, 0);
		/* libinih ends lines at 200 bytes, so that neither gets here from a file */
		assert_int_equal(config_load_text(&c, text, strlen(text), NULL, NULL, &fault), -EINVAL);
		config_free(c);
	}
}

static void said_aloud(void **state)
{
	struct notes notes = {""};
	LK_CLEANUP(config_freep)
	struct config *c = load_noted(PROVIDER SECRET "[access]\neveryone=yes\nmethod=ciba device\n"
						      "[access sudo]\neveryone=yes\nmethod=ciba\n",
				      &notes);

	(void)state;
	assert_non_null(strstr(notes.text, "[access sudo]: method=ciba alone: only people who have signed in before"));
	assert_null(strstr(notes.text, "[access]: method"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),    cmocka_unit_test(code),          cmocka_unit_test(max_age_0),
		cmocka_unit_test(refused), cmocka_unit_test(longest_class), cmocka_unit_test(said_aloud),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
