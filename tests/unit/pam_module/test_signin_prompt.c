/* SPDX-License-Identifier: MIT */
/* What the helper asks for beside a challenge: the answer goes to it and nowhere else. */
#include "pam_module/signin.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <cmocka.h>

#include "helper/protocol/presenting.h"
#include "tests/unit/pam_module/fake.h"

#define VERSION_REPLY "{\"parameters\":{\"release\":\"0\",\"protocol\":1,\"minimum\":1}}"
#define GRANTED                                                                                                        \
	"{\"parameters\":{\"state\":\"granted\",\"account\":{\"name\":\"alice\",\"uid\":1879048193,\"gid\":"           \
	"1879048193}}}"
#define DENIED "{\"error\":\"io.latchkey.Denied\",\"parameters\":{\"reason\":\"wrong-pin\",\"message\":\"No.\"}}"
#define PROMPT_OF(text, echo)                                                                                          \
	"{\"parameters\":{\"state\":\"prompt\",\"prompt\":{\"kind\":\"pin\",\"text\":" text ",\"echo\":" echo "}}}"
#define PROMPT PROMPT_OF("\"Your PIN\"", "false")

static int setup(void **state)
{
	(void)state;
	fake_reset();
	fake_step(VERSION_REPLY, 0);
	return 0;
}

static int authenticate(const char *conversation)
{
	const char *argv[] = {conversation};

	return pam_sm_authenticate(fake_pamh(), 0, 1, argv);
}

static bool is_in_log(const char *text)
{
	for (int i = 0; i < fake.n_logged; i++)
		if (strstr(fake.logged[i].text, text))
			return true;
	return false;
}

static void test_answered(void **state)
{
	(void)state;
	fake.typed = "294718";
	fake_step(PROMPT, 0);
	fake_step(PROMPT_OF("\"Once more\"", "true"), 0);
	fake_step(GRANTED, 0);
	assert_int_equal(authenticate("conversation=live"), PAM_SUCCESS);
	assert_int_equal(fake.n_shown, 2);
	assert_int_equal(fake.shown[0].style, PAM_PROMPT_ECHO_OFF);
	assert_string_equal(fake.shown[0].text, "Your PIN: ");
	assert_int_equal(fake.shown[1].style, PAM_PROMPT_ECHO_ON);
	assert_int_equal(fake.n_calls, 4);
	assert_non_null(strstr(fake.calls[1], "\"answers\":true"));
	assert_string_equal(fake.calls[2], "io.latchkey.Answer 1 {\"answer\":\"294718\"}");
	assert_string_equal(fake.calls[3], fake.calls[2]);
	assert_false(is_in_log("294718"));
	assert_int_equal(fake.n_opened, fake.n_closed);
}

/* Nothing is an answer too: the helper judges it. */
static void test_empty(void **state)
{
	(void)state;
	fake.typed = "";
	fake_step(PROMPT, 0);
	fake_step(DENIED, 0);
	assert_int_equal(authenticate("conversation=prompt"), PAM_CRED_INSUFFICIENT);
	assert_string_equal(fake.calls[2], "io.latchkey.Answer 1 {\"answer\":\"\"}");
}

/* N9: no prompt, no answer. */
static void test_broken_prompts(void **state)
{
	static const char *const bad[] = {
		"{\"parameters\":{\"state\":\"prompt\"}}",
		"{\"parameters\":{\"state\":\"prompt\",\"prompt\":\"Your PIN\"}}",
		PROMPT_OF("7", "false"),
		PROMPT_OF("\"\"", "false"),
		PROMPT_OF("\"Your PIN\"", "0"),
		PROMPT_OF("\"Your PIN\"", "null"),
		"{\"parameters\":{\"state\":\"prompt\",\"prompt\":{\"kind\":\"pin\",\"text\":\"x\",\"echo\":false}},"
		"\"continues\":true}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)setup(NULL);
		fake.typed = "294718";
		fake_step(bad[i], 0);
		fake_step(GRANTED, 0);
		assert_int_equal(authenticate("conversation=live"), PAM_CRED_INSUFFICIENT);
		assert_int_equal(fake.n_calls, 2);
	}
}

/* N17: what it says reaches the terminal in one line of ASCII, and not without end. */
static void test_text(void **state)
{
	static char reply[1024];
	char text[PRESENTING_TEXT_MAX + 2];

	(void)state;
	fake.typed = "294718";
	fake_step(PROMPT_OF("\"a\\u001b[31mb\\nc\\u202ed\"", "false"), 0);
	fake_step(GRANTED, 0);
	assert_int_equal(authenticate("conversation=live"), PAM_SUCCESS);
	assert_string_equal(fake.shown[0].text, "a?[31mb?c?d: ");

	(void)setup(NULL);
	memset(text, 'x', sizeof(text));
	text[PRESENTING_TEXT_MAX + 1] = '\0';
	(void)snprintf(reply, sizeof(reply), PROMPT_OF("\"%s\"", "false"), text);
	fake_step(reply, 0);
	assert_int_equal(authenticate("conversation=live"), PAM_CRED_INSUFFICIENT);
}

/* L6: an answer that the helper could not take is none. */
static void test_answers_that_cannot_be(void **state)
{
	static char longest[PRESENTED_MAX + 2];
	const char *const bad[] = {longest, "29\xff"};

	(void)state;
	memset(longest, 'x', PRESENTED_MAX + 1);
	for (size_t i = 0; i < 2; i++) {
		(void)setup(NULL);
		fake.typed = bad[i];
		fake_step(PROMPT, 0);
		fake_step(GRANTED, 0);
		assert_int_equal(authenticate("conversation=live"), PAM_CRED_INSUFFICIENT);
		assert_int_equal(fake.n_calls, 2);
	}
	(void)setup(NULL);
	longest[PRESENTED_MAX] = '\0';
	fake.typed = longest;
	fake_step(PROMPT, 0);
	fake_step(GRANTED, 0);
	assert_int_equal(authenticate("conversation=live"), PAM_SUCCESS);
}

static void test_nobody_answers(void **state)
{
	(void)state;
	fake.prompt_code = PAM_CONV_ERR;
	fake_step(PROMPT, 0);
	fake_step(GRANTED, 0);
	assert_int_equal(authenticate("conversation=live"), PAM_CONV_ERR);
	assert_int_equal(fake.n_calls, 2);

	(void)setup(NULL);
	fake.prompt_code = PAM_SUCCESS;
	fake.typed = NULL;
	fake_step(PROMPT, 0);
	fake_step(GRANTED, 0);
	assert_int_equal(authenticate("conversation=live"), PAM_CRED_INSUFFICIENT);
}

/* R15, T1: the account that is granted after an answer is judged as after a challenge. */
static void test_judged_as_ever(void **state)
{
	(void)state;
	fake.typed = "294718";
	fake_step(PROMPT, 0);
	fake_step("{\"parameters\":{\"state\":\"granted\",\"account\":{\"name\":\"bob\",\"uid\":1879048193,\"gid\":"
		  "1879048193}}}",
		  0);
	assert_int_equal(authenticate("conversation=live"), PAM_CRED_INSUFFICIENT);

	(void)setup(NULL);
	fake.typed = "294718";
	fake.user_after_prompt = "bob";
	fake_step(PROMPT, 0);
	fake_step(GRANTED, 0);
	assert_int_equal(authenticate("conversation=live"), PAM_CRED_INSUFFICIENT);
}

/* A helper that asks and asks is none. */
static void test_without_end(void **state)
{
	(void)state;
	fake.typed = "294718";
	fake_step(PROMPT, 0);
	for (int i = 0; i < 3; i++)
		fake_step(PROMPT, 0);
	fake_step(NULL, -EPIPE);
	assert_int_equal(authenticate("conversation=live"), PAM_CRED_INSUFFICIENT);
	assert_int_equal(fake.n_opened, fake.n_closed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_answered, setup),
		cmocka_unit_test_setup(test_empty, setup),
		cmocka_unit_test_setup(test_broken_prompts, setup),
		cmocka_unit_test_setup(test_text, setup),
		cmocka_unit_test_setup(test_answers_that_cannot_be, setup),
		cmocka_unit_test_setup(test_nobody_answers, setup),
		cmocka_unit_test_setup(test_judged_as_ever, setup),
		cmocka_unit_test_setup(test_without_end, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
