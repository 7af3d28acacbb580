/* SPDX-License-Identifier: MIT */
/* What a person is shown, by which way, and where nobody could see it. DEV-03, CB-03. */
#include "pam_module/signin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/pam_module/fake.h"

#define VERSION_REPLY "{\"parameters\":{\"release\":\"0\",\"protocol\":1,\"minimum\":1}}"
#define GRANTED                                                                                                        \
	"{\"parameters\":{\"state\":\"granted\",\"account\":{\"name\":\"alice\",\"uid\":1879048193,\"gid\":"           \
	"1879048193}}}"
#define WAITING "{\"parameters\":{\"state\":\"waiting\"},\"continues\":true}"
#define DENIED(reason)                                                                                                 \
	"{\"error\":\"io.latchkey.Denied\",\"parameters\":{\"reason\":\"" reason "\",\"message\":\"No.\"}}"

static int setup(void **state)
{
	(void)state;
	fake_reset();
	return 0;
}

static int authenticate(const char *conversation)
{
	const char *argv[] = {conversation};

	return pam_sm_authenticate(fake_pamh(), 0, 1, argv);
}

static void test_no_conversation(void **state)
{
	(void)state;
	/* DEV-03: no code that nobody sees. The helper is told, and knows whether it can do without. */
	fake_step(VERSION_REPLY, 0);
	fake_step(DENIED("no-screen"), 0);
	fake_step(GRANTED, 0);
	assert_int_equal(authenticate("conversation=none"), PAM_CONV_ERR);
	assert_non_null(strstr(fake.calls[1], "\"screen\":false"));
	assert_int_equal(fake.n_shown, 1);
	assert_null(fake.data);

	/* a helper that does not listen */
	fake_reset();
	fake_challenge();
	fake_step(GRANTED, 0);
	assert_int_equal(authenticate("conversation=none"), PAM_CONV_ERR);
	assert_int_equal(fake.n_shown, 1);
	assert_non_null(strstr(fake.shown[0].text, "terminal"));
	assert_null(fake.data);

	fake_reset();
	fake_challenge();
	fake.prompt_code = PAM_CONV_ERR;
	fake_step(GRANTED, 0);
	assert_int_equal(authenticate("conversation=prompt"), PAM_CONV_ERR);
	assert_null(fake.data);
}

#define CIBA_OF(more)                                                                                                  \
	"{\"parameters\":{\"state\":\"challenge\",\"challenge\":{\"method\":\"ciba\"," more                            \
	"\"expires_in\":120,\"host\":\"web1\",\"account\":\"alice\",\"provider\":\"Example\"}},\"continues\":true}"

/* CB-03: the same word as on the person's device, whoever can show it; nothing is to be typed, so no terminal is needed. */
static void test_own_device(void **state)
{
	static const char *const styles[] = {"conversation=live", "conversation=none", "conversation=prompt"};

	(void)state;
	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
		fake_reset();
		fake_step(VERSION_REPLY, 0);
		fake_step(CIBA_OF("\"binding_message\":\"web1-KRTM-42\","), 0);
		fake_step(WAITING, 0);
		fake_step(GRANTED, 0);
		assert_int_equal(authenticate(styles[i]), PAM_SUCCESS);
		assert_int_equal(fake.n_shown, 1);
		assert_int_equal(fake.shown[0].style, i == 2 ? PAM_PROMPT_ECHO_OFF : PAM_TEXT_INFO);
		assert_non_null(strstr(fake.shown[0].text, "Approve only if it shows web1-KRTM-42\n"));
		assert_null(strstr(fake.shown[0].text, "Open "));
		assert_int_equal(fake.n_opened, fake.n_closed);
	}
	/* what cannot be shown cannot be compared */
	fake_reset();
	fake_step(VERSION_REPLY, 0);
	fake_step(CIBA_OF("\"binding_message\":\"web1-KRTM-42\","), 0);
	fake_step(GRANTED, 0);
	fake.prompt_code = PAM_CONV_ERR;
	assert_int_equal(authenticate("conversation=none"), PAM_CONV_ERR);
	assert_null(fake.data);
}

#define CODE_OF(more)                                                                                                  \
	"{\"parameters\":{\"state\":\"challenge\",\"challenge\":{\"method\":\"code\"," more                            \
	"\"expires_in\":120,\"host\":\"web1\",\"account\":\"alice\",\"provider\":\"Example\"}},\"continues\":true}"

/* A page to open, and then a question of its own: nobody has to press Enter in between. */
static void test_pasted_back(void **state)
{
	static const char *const styles[] = {"conversation=live", "conversation=prompt"};

	(void)state;
	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
		fake_reset();
		fake.typed = "https://here/?code=x";
		fake_step(VERSION_REPLY, 0);
		fake_step(CODE_OF("\"verification_uri\":\"https://id.example/auth?a=b\","), 0);
		fake_step(
			"{\"parameters\":{\"state\":\"prompt\",\"prompt\":{\"kind\":\"sign-in\",\"text\":\"Paste it\","
			"\"echo\":true}}}",
			0);
		fake_step(GRANTED, 0);
		assert_int_equal(authenticate(styles[i]), PAM_SUCCESS);
		assert_int_equal(fake.n_shown, 2);
		assert_int_equal(fake.shown[0].style, PAM_TEXT_INFO);
		assert_non_null(strstr(fake.shown[0].text, "Open https://id.example/auth?a=b"));
		assert_null(strstr(fake.shown[0].text, "Press Enter"));
		assert_int_equal(fake.shown[1].style, PAM_PROMPT_ECHO_ON);
		assert_non_null(strstr(fake.calls[fake.n_calls - 1], "?code=x"));
	}
}

static void test_challenges_that_are_none(void **state)
{
	static const char *const lies[] = {
		CIBA_OF(""),
		CIBA_OF("\"binding_message\":\"\","),
		CIBA_OF("\"binding_message\":7,"),
		CIBA_OF("\"binding_message\":\"a\\u001bb\","),
		CIBA_OF("\"binding_message\":\"12345678901234567890123456789012345678901234567890123456789012345\","),
		CIBA_OF("\"binding_message\":\"x\",\"user_code\":\"y\","),
		CIBA_OF("\"binding_message\":\"x\",\"verification_uri\":\"https://a/\","),
		CIBA_OF("\"verification_uri\":\"https://a/\",\"user_code\":\"y\","),
		CODE_OF(""),
		CODE_OF("\"verification_uri\":\"https://a/\",\"user_code\":\"y\","),
		CODE_OF("\"verification_uri\":\"https://a/\",\"binding_message\":\"x\","),
		CODE_OF("\"verification_uri\":\"https://a/\\u001b\","),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		fake_reset();
		fake_step(VERSION_REPLY, 0);
		fake_step(lies[i], 0);
		fake_step(GRANTED, 0);
		assert_int_equal(authenticate("conversation=live"), PAM_CRED_INSUFFICIENT);
		assert_null(fake.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_no_conversation, setup),
		cmocka_unit_test_setup(test_own_device, setup),
		cmocka_unit_test_setup(test_pasted_back, setup),
		cmocka_unit_test_setup(test_challenges_that_are_none, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
