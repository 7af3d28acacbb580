/* SPDX-License-Identifier: MIT */
/* "latchkey inspect": the exit status is 0 for a token that was verified, and for nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/clock.h"
#include "helper/cli/verbs.h"
#include "tests/unit/cli/capture.h"
#include "tests/unit/scratch.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ISSUED_S 1700000000
#define EXPIRES_S 1700000600
#define SKEW_S 60

/* An Ed25519 key made for this test, and what it signed: {"iss":"https://idp.example","sub":"alice-1","aud":"latchkey",
 * "exp":1700000600,"iat":1700000000,...} with a name that holds U+202E and ESC, and the words "not json". */
static const char keys[] =
	"{\"keys\":[{\"crv\":\"Ed25519\",\"x\":\"bWGK-r8bphMIgE4DMfg0JWIOyvbDDCrt2GdyOCkfZ1Q\",\"kty\":\"OKP\",\"k"
	"id\":\"k1\",\"use\":\"sig\",\"alg\":\"EdDSA\"}]}";
static const char good[] =
	"eyJhbGciOiJFZERTQSIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwic3ViIjoi"
	"YWxpY2UtMSIsImF1ZCI6ImxhdGNoa2V5IiwiZXhwIjoxNzAwMDAwNjAwLCJpYXQiOjE3MDAwMDAwMDAsImVtYWlsIjoiYWxpY2VA"
	"ZXhhbXBsZS5vcmciLCJuYW1lIjoi4oCuQWxcdTAwMWJbMzFtaWNlIn0.fjTGu6sezZR32ghhsERjfLoXPRJxvcF7B-F-7wGgRFyW"
	"iPSR0_cI6oexRze5pCL8JF4MpeWV6HD5cqGBKFySAw";
static const char not_json[] =
	"eyJhbGciOiJFZERTQSIsImtpZCI6ImsxIn0.bm90IGpzb24.6Um08-ezljbvkXP7bf6Of3Sitowi6a6aonFZWaPtbqQd3DSkHSwR"
	"ODfITuaP0JxPeD_xLIX3TT-RDWSXGCGiAg";
static const char unsigned_token[] = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.";

static const struct verb verbs[] = {{"inspect", "TOKEN|-", "", verb_inspect}, {NULL, NULL, NULL, NULL}};
static struct scratch scratch;

static int set_up(void **state)
{
	(void)state;
	clock_freeze(0, ISSUED_S + 5);
	return scratch_new(&scratch) && scratch_write(&scratch, "keys", keys, strlen(keys), 0664) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	clock_thaw();
	scratch_done(&scratch);
	return 0;
}

static const char *key_file(void)
{
	return scratch_name(&scratch, "keys");
}

static void assert_run(enum command_exit status, const char *const *words, const char *out, const char *err)
{
	struct capture c;

	assert_int_equal(capture_run(&c, verbs, words), status);
	if (!strstr(c.out_text, out) || !strstr(c.err_text, err))
		fail_msg("got '%s' and '%s'", c.out_text, c.err_text);
	assert_null(strchr(c.out_text, '\x1b'));
	capture_free(&c);
}

static void test_valid(void **state)
{
	(void)state;
	assert_run(COMMAND_OK, WORDS("inspect", "--jwks", key_file(), good), "The token is valid.\n", "");
	assert_run(COMMAND_OK,
		   WORDS("inspect", "--jwks", key_file(), "--issuer", "https://idp.example", "--audience", "latchkey",
			 good),
		   "issuer    compared\naudience  compared\nThe token is valid.\n", "");
	assert_run(COMMAND_OK, WORDS("inspect", "--jwks", key_file(), "--signature-only", not_json),
		   "  (not a JSON object)\nsignature valid\nThe signature is valid; the claims were not judged.\n", "");
}

static void test_not_valid(void **state)
{
	char *forged = strdup(good);

	(void)state;
	assert_non_null(forged);
	forged[strlen(forged) - 20] = forged[strlen(forged) - 20] == 'A' ? 'B' : 'A';
	assert_run(COMMAND_FAILED, WORDS("inspect", "--jwks", key_file(), forged), "signature its signature is wrong",
		   "");
	assert_run(COMMAND_FAILED, WORDS("inspect", "--jwks", key_file(), "--signature-only", forged),
		   "not to be believed", "");
	free(forged);

	assert_run(COMMAND_FAILED, WORDS("inspect", good), "signature not checked (no --jwks)\nThe token is not to be",
		   "");
	assert_run(COMMAND_FAILED, WORDS("inspect", "--issuer", "https://idp.example", "--audience", "latchkey", good),
		   "signature not checked", "");
	assert_run(COMMAND_FAILED, WORDS("inspect", unsigned_token), "none (how it is signed)", "");
	assert_run(COMMAND_FAILED, WORDS("inspect", "--jwks", key_file(), unsigned_token), "not to be believed", "");
	assert_run(COMMAND_FAILED, WORDS("inspect", "--jwks", key_file(), not_json), "not to be believed", "");
	assert_run(COMMAND_FAILED, WORDS("inspect", "--jwks", key_file(), "--issuer", "https://idp.example/", good),
		   "not to be believed: it is from another issuer", "");
	assert_run(COMMAND_FAILED, WORDS("inspect", "--jwks", key_file(), "--audience", "other", good),
		   "The token is not to be believed", "");
}

static void test_expiry(void **state)
{
	(void)state;
	clock_freeze(0, EXPIRES_S - 1);
	assert_run(COMMAND_OK, WORDS("inspect", "--jwks", key_file(), good), "The token is valid.", "");
	clock_freeze(0, EXPIRES_S + SKEW_S + 1);
	assert_run(COMMAND_FAILED, WORDS("inspect", "--jwks", key_file(), good), "not to be believed: it has expired",
		   "");
	assert_run(COMMAND_OK, WORDS("inspect", "--jwks", key_file(), "--signature-only", good), "signature valid", "");
}

static void test_words(void **state)
{
	(void)state;
	assert_run(COMMAND_FAILED, WORDS("inspect", good),
		   "  exp                2023-11-14 22:23:20 UTC, in 9 min 55 s (expires)\n", "");
	assert_run(COMMAND_FAILED, WORDS("inspect", good),
		   "  iat                2023-11-14 22:13:20 UTC, 5 s ago (issued)\n", "");
	assert_run(COMMAND_FAILED, WORDS("inspect", good), "Al?[31mice (full name)\n", "");
}

static void test_json(void **state)
{
	(void)state;
	assert_run(COMMAND_OK, WORDS("inspect", "--json", "--jwks", key_file(), good),
		   "\"name\":\"\\u202eAl\\u001b[31mice\"},\"signature\":\"valid\",\"claims_judged\":true,\"valid\":"
		   "true}\n",
		   "");
	assert_run(COMMAND_FAILED, WORDS("inspect", "--json", good),
		   "\"signature\":\"not checked (no --jwks)\",\"claims_judged\":false,\"valid\":false,"
		   "\"reason\":\"its signature was not checked\"}\n",
		   "");
	assert_run(COMMAND_OK, WORDS("inspect", "--json", "--signature-only", "--jwks", key_file(), good),
		   "\"claims_judged\":false,\"valid\":true}\n", "");
}

static void test_standard_input(void **state)
{
	char *text = malloc(70000);

	(void)state;
	assert_non_null(text);
	(void)snprintf(text, 70000, "%s\r\n", good);
	assert_true(scratch_write(&scratch, "token", text, strlen(text), 0644));
	assert_non_null(freopen(scratch_name(&scratch, "token"), "r", stdin));
	assert_run(COMMAND_OK, WORDS("inspect", "--jwks", key_file(), "-"), "The token is valid.", "");

	memset(text, 'a', 70000);
	assert_true(scratch_write(&scratch, "token", text, 70000, 0644));
	assert_non_null(freopen(scratch_name(&scratch, "token"), "r", stdin));
	assert_run(COMMAND_FAILED, WORDS("inspect", "-"), "", "cannot be taken apart: Argument list too long");
	assert_true(scratch_write(&scratch, "token", "", 0, 0644));
	assert_non_null(freopen(scratch_name(&scratch, "token"), "r", stdin));
	assert_run(COMMAND_FAILED, WORDS("inspect", "-"), "", "cannot be taken apart");
	free(text);
}

static void test_misuse(void **state)
{
	(void)state;
	assert_run(COMMAND_MISUSE, WORDS("inspect", "--signature-only", good), "", "--signature-only needs --jwks");
	assert_run(COMMAND_MISUSE, WORDS("inspect", "--jwks", "/nonexistent", good), "",
		   "cannot read /nonexistent: No such file or directory");
	assert_true(scratch_write(&scratch, "rubbish", "{}", 2, 0644));
	assert_run(COMMAND_FAILED, WORDS("inspect", "--jwks", scratch_name(&scratch, "rubbish"), good), "",
		   "holds no keys that can be used");
	assert_run(COMMAND_FAILED, WORDS("inspect", "rubbish"), "", "cannot be taken apart");
	assert_run(COMMAND_FAILED, WORDS("inspect", "a.b"), "", "cannot be taken apart");
	assert_run(COMMAND_FAILED, WORDS("inspect", ""), "", "cannot be taken apart");
}

#define WITH_KEYS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KEYS(test_valid), WITH_KEYS(test_not_valid),      WITH_KEYS(test_expiry), WITH_KEYS(test_words),
		WITH_KEYS(test_json),  WITH_KEYS(test_standard_input), WITH_KEYS(test_misuse),
	};

	(void)alarm(120);
	/* Where dates are read decides how they look. */
	(void)setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
