/* SPDX-License-Identifier: MIT */
/* The module's arguments: each word, each slip, and that a slip never makes an account of ours somebody else's. */
#include "pam_module/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct options parse(const char *a, const char *b)
{
	const char *argv[] = {a, b};
	struct options o;

	options_parse(&o, b ? 2 : a ? 1 : 0, argv);
	return o;
}

static void test_defaults(void **state)
{
	struct options o = parse(NULL, NULL);

	(void)state;
	assert_null(o.fault);
	assert_int_equal(o.qr, OPTIONS_QR_AUTO);
	assert_int_equal(o.conversation, OPTIONS_CONVERSATION_AUTO);
	assert_false(o.is_light);
	assert_false(o.debug);
}

static void test_words(void **state)
{
	(void)state;
	assert_int_equal(parse("qr=utf8", NULL).qr, OPTIONS_QR_UTF8);
	assert_int_equal(parse("qr=ascii", NULL).qr, OPTIONS_QR_ASCII);
	assert_int_equal(parse("qr=off", NULL).qr, OPTIONS_QR_OFF);
	assert_int_equal(parse("qr=off", "qr=auto").qr, OPTIONS_QR_AUTO);
	assert_true(parse("polarity=light", NULL).is_light);
	assert_false(parse("polarity=light", "polarity=dark").is_light);
	assert_int_equal(parse("conversation=prompt", NULL).conversation, OPTIONS_CONVERSATION_PROMPT);
	assert_int_equal(parse("conversation=live", NULL).conversation, OPTIONS_CONVERSATION_LIVE);
	assert_int_equal(parse("conversation=none", NULL).conversation, OPTIONS_CONVERSATION_NONE);
	assert_true(parse("debug", NULL).debug);
}

static void test_slips(void **state)
{
	static const char *const slips[] = {
		"",
		"qr",
		"qr=",
		"qr=UTF8",
		"qr=utf8 ",
		"polarity=",
		"polarity=black",
		"conversation=",
		"debug=1",
		"Debug",
		"nullok",
		"try_first_pass",
		"qr=auto,debug",
		"=",
		"%n",
		"socket=/tmp/x",
		"uid_min=70000",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++) {
		struct options o = parse("debug", slips[i]);

		assert_string_equal(o.fault, slips[i]);
		assert_true(o.debug);
		o = parse(slips[i], "also-wrong");
		assert_string_equal(o.fault, slips[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_slips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
