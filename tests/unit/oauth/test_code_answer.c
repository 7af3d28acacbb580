/* SPDX-License-Identifier: MIT */
/* What is pasted back: an address counts as a whole or not at all. RFC 6749 section 4.1.2, RFC 9207: IS-01 to IS-03. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/json.h"
#include "helper/oauth/code_answer.h"

#define HERE "https://host.example/latchkey"
#define ISS "iss=https%3A%2F%2Fidp.example"

static struct code_expectation expected = {
	.redirect_uri = HERE,
	.state = "st-1",
	.issuer = "https://idp.example",
};

/* @code: what must come of it, or NULL */
static void assert_answer(const char *text, size_t len, int answer, const char *code)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *reply = NULL;
	LK_CLEANUP(secret_freep) struct secret *found = NULL;
	int r = code_answer_read(&found, &reply, &expected, text, len);

	if (r != answer)
		fail_msg("%.*s: %s instead of %s", (int)len, text, code_answer_text(r), code_answer_text(answer));
	assert_true((found != NULL) == (r == CODE_ANSWER_CODE));
	assert_true((reply != NULL) == (r == CODE_ANSWER_ERROR));
	if (code != NULL)
		assert_string_equal(secret_data(found), code);
}

static void answers(void **state)
{
	static const struct {
		const char *text;
		int answer;
		const char *code;
	} table[] = {
		{HERE "?code=abc&state=st-1", CODE_ANSWER_CODE, "abc"},
		{"  " HERE "?code=abc&state=st-1\r\n", CODE_ANSWER_CODE, "abc"},
		{HERE "?code=abc&state=st-1#_=_", CODE_ANSWER_CODE, "abc"},
		{HERE "?state=st-1&code=a%2Bb%3D%3D&scope=openid+x:y/z&sfdc=", CODE_ANSWER_CODE, "a+b=="},
		/* IS-01: named, so compared, byte by byte */
		{HERE "?code=abc&state=st-1&" ISS, CODE_ANSWER_CODE, "abc"},
		{HERE "?code=abc&state=st-1&" ISS "%2F", CODE_ANSWER_ISSUER, NULL},
		{HERE "?code=abc&state=st-1&iss=https%3A%2F%2Fevil.example", CODE_ANSWER_ISSUER, NULL},
		{HERE "?code=abc&state=st-1&iss=", CODE_ANSWER_ISSUER, NULL},
		{HERE "?error=access_denied&state=st-1&iss=https%3A%2F%2Fevil.example", CODE_ANSWER_ISSUER, NULL},
		/* IS-03, and whatever else comes twice */
		{HERE "?code=abc&state=st-1&" ISS "&iss=https%3A%2F%2Fevil.example", CODE_ANSWER_GARBAGE, NULL},
		{HERE "?code=abc&code=abd&state=st-1", CODE_ANSWER_GARBAGE, NULL},
		{HERE "?code=abc&state=st-1&state=st-1", CODE_ANSWER_GARBAGE, NULL},
		/* of another sign-in */
		{HERE "?code=abc&state=st-2", CODE_ANSWER_STATE, NULL},
		{HERE "?code=abc&state=ST-1", CODE_ANSWER_STATE, NULL},
		{HERE "?code=abc&state=", CODE_ANSWER_STATE, NULL},
		{HERE "?code=abc", CODE_ANSWER_STATE, NULL},
		{HERE "?error=access_denied", CODE_ANSWER_STATE, NULL},
		{HERE "?error=access_denied&state=st-1", CODE_ANSWER_ERROR, NULL},
		{HERE "?error=&state=st-1", CODE_ANSWER_GARBAGE, NULL},
		{HERE "?code=&state=st-1", CODE_ANSWER_GARBAGE, NULL},
		{HERE "?code=a%20b&state=st-1", CODE_ANSWER_GARBAGE, NULL},
		{HERE "?code=a%0ab&state=st-1", CODE_ANSWER_GARBAGE, NULL},
		{HERE "?code=%zz&state=st-1", CODE_ANSWER_GARBAGE, NULL},
		{HERE "?", CODE_ANSWER_GARBAGE, NULL},
		{HERE "#", CODE_ANSWER_GARBAGE, NULL},
		/* another address, some of which look alike */
		{HERE, CODE_ANSWER_OTHER_ADDRESS, NULL},
		{HERE "/?code=abc&state=st-1", CODE_ANSWER_OTHER_ADDRESS, NULL},
		{HERE "x?code=abc&state=st-1", CODE_ANSWER_OTHER_ADDRESS, NULL},
		{"http://host.example/latchkey?code=abc&state=st-1", CODE_ANSWER_OTHER_ADDRESS, NULL},
		{"https://evil.example/?" HERE "?code=abc&state=st-1", CODE_ANSWER_OTHER_ADDRESS, NULL},
		{"https://host.example@evil.example/latchkey?code=abc&state=st-1", CODE_ANSWER_OTHER_ADDRESS, NULL},
		{"https://login.example/auth?client_id=client", CODE_ANSWER_OTHER_ADDRESS, NULL},
		/* the user-agent flow */
		{HERE "#access_token=x&state=st-1", CODE_ANSWER_TOKENS, NULL},
		{HERE "?code=abc&state=st-1#id_token=x", CODE_ANSWER_TOKENS, NULL},
		/* a code alone */
		{"abc", CODE_ANSWER_CODE, "abc"},
		{"aPrx.y_z-1%3D%3D", CODE_ANSWER_CODE, "aPrx.y_z-1=="},
		{"a+b==", CODE_ANSWER_CODE, "a+b=="},
		{"code=abc", CODE_ANSWER_GARBAGE, NULL},
		{"abc&state=st-1", CODE_ANSWER_GARBAGE, NULL},
		{"?code=abc", CODE_ANSWER_GARBAGE, NULL},
		{"%00", CODE_ANSWER_GARBAGE, NULL},
		{"%", CODE_ANSWER_GARBAGE, NULL},
		{"two words", CODE_ANSWER_GARBAGE, NULL},
		{"\x1b[2J", CODE_ANSWER_GARBAGE, NULL},
		{"caf\xc3\xa9", CODE_ANSWER_GARBAGE, NULL},
		{"", CODE_ANSWER_EMPTY, NULL},
		{" \t\r\n", CODE_ANSWER_EMPTY, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_answer(table[i].text, strlen(table[i].text), table[i].answer, table[i].code);
}

/* IS-02: a provider that says that it names itself must do so, and a code alone cannot. */
static void is_02_issuer_is_needed(void **state)
{
	(void)state;
	expected.sends_issuer = true;
	assert_answer(HERE "?code=abc&state=st-1", strlen(HERE "?code=abc&state=st-1"), CODE_ANSWER_ISSUER, NULL);
	assert_answer(HERE "?code=abc&state=st-1&" ISS, strlen(HERE "?code=abc&state=st-1&" ISS), CODE_ANSWER_CODE,
		      "abc");
	assert_answer("abc", 3, CODE_ANSWER_CODE_ALONE, NULL);
	expected.sends_issuer = false;
}

/* Browsers put a '/' where an address has no path. */
static void address_without_path(void **state)
{
	static const char with[] = "http://127.0.0.1:8123/?code=abc&state=st-1";
	static const char without[] = "http://127.0.0.1:8123?code=abc&state=st-1";
	static const char other[] = "http://127.0.0.1:81234/?code=abc&state=st-1";

	(void)state;
	expected.redirect_uri = "http://127.0.0.1:8123";
	assert_answer(with, strlen(with), CODE_ANSWER_CODE, "abc");
	assert_answer(without, strlen(without), CODE_ANSWER_CODE, "abc");
	assert_answer(other, strlen(other), CODE_ANSWER_OTHER_ADDRESS, NULL);
	expected.redirect_uri = HERE;
}

static void limits(void **state)
{
	const size_t size = CODE_ANSWER_BYTES_MAX + 2;
	char *text = malloc(size);

	(void)state;
	assert_non_null(text);
	memset(text, 'a', size);
	assert_answer(text, CODE_MAX, CODE_ANSWER_CODE, NULL);
	assert_answer(text, CODE_MAX + 1, CODE_ANSWER_GARBAGE, NULL);
	memcpy(text, HERE "?state=st-1&x=", strlen(HERE "?state=st-1&x="));
	memcpy(text + CODE_ANSWER_BYTES_MAX - strlen("&code=b"), "&code=b", strlen("&code=b"));
	assert_answer(text, CODE_ANSWER_BYTES_MAX, CODE_ANSWER_CODE, "b");
	assert_answer(text, CODE_ANSWER_BYTES_MAX + 1, CODE_ANSWER_GARBAGE, NULL);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(is_02_issuer_is_needed),
		cmocka_unit_test(address_without_path),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
