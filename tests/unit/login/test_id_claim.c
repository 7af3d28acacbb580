/* SPDX-License-Identifier: MIT */
/* I12: which claims are a uid at all. */
#include "helper/login/id_claim.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/json.h"

static const struct {
	const char *claims;
	const char *claim;
	int result;
	uint32_t id;
} rows[] = {
	{"{\"uidNumber\":20001}", "uidNumber", 0, 20001},
	{"{\"uidNumber\":\"20001\"}", "uidNumber", 0, 20001},
	{"{\"uidNumber\":1}", "uidNumber", 0, 1},
	{"{\"uidNumber\":2147483647}", "uidNumber", 0, 2147483647},
	{"{\"uidNumber\":\"2147483647\"}", "uidNumber", 0, 2147483647},
	{"{\"a\":{\"uid\":[7,8]}}", "/a/uid/1", 0, 8},
	{"{\"https://x.example/uid\":9}", "https://x.example/uid", 0, 9},
	{"{}", "uidNumber", -ENOENT, 0},
	{"{\"uidNumber\":null}", "uidNumber", -ENOENT, 0},
	{"{\"a\":{}}", "/a/uid", -ENOENT, 0},
	{"{\"a\":1}", "/a/uid", -ENOENT, 0},
	{"{\"uidNumber\":0}", "uidNumber", -EBADMSG, 0},
	{"{\"uidNumber\":-1}", "uidNumber", -EBADMSG, 0},
	{"{\"uidNumber\":-2147483648}", "uidNumber", -EBADMSG, 0},
	{"{\"uidNumber\":2147483648}", "uidNumber", -EBADMSG, 0},
	{"{\"uidNumber\":4294967296}", "uidNumber", -EBADMSG, 0},
	{"{\"uidNumber\":4294987297}", "uidNumber", -EBADMSG, 0},
	{"{\"uidNumber\":20001.0}", "uidNumber", -EBADMSG, 0},
	{"{\"uidNumber\":2e4}", "uidNumber", -EBADMSG, 0},
	{"{\"uidNumber\":true}", "uidNumber", -EBADMSG, 0},
	{"{\"uidNumber\":[20001]}", "uidNumber", -EBADMSG, 0},
	{"{\"uidNumber\":{}}", "uidNumber", -EBADMSG, 0},
	{"{\"uidNumber\":\"\"}", "uidNumber", -EBADMSG, 0},
	{"{\"uidNumber\":\"0\"}", "uidNumber", -EBADMSG, 0},
	{"{\"uidNumber\":\"020001\"}", "uidNumber", -EBADMSG, 0},
	{"{\"uidNumber\":\"+20001\"}", "uidNumber", -EBADMSG, 0},
	{"{\"uidNumber\":\"-20001\"}", "uidNumber", -EBADMSG, 0},
	{"{\"uidNumber\":\" 20001\"}", "uidNumber", -EBADMSG, 0},
	{"{\"uidNumber\":\"20001\\u0000\"}", "uidNumber", -EBADMSG, 0},
	{"{\"uidNumber\":\"0x4e21\"}", "uidNumber", -EBADMSG, 0},
	{"{\"uidNumber\":\"\\uff12\"}", "uidNumber", -EBADMSG, 0}, /* a fullwidth 2 */
	{"{\"uidNumber\":\"18446744073709571617\"}", "uidNumber", -EBADMSG, 0},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		LK_CLEANUP(json_object_putp) struct json_object *claims = NULL;
		uint32_t id = 0;

		/* some are refused before */
		if (json_parse(&claims, rows[i].claims, strlen(rows[i].claims)) < 0 && rows[i].result == -EBADMSG)
			continue;
		assert_non_null(claims);
		if (id_claim_read(claims, rows[i].claim, &id) != rows[i].result || id != rows[i].id)
			fail_msg("%s: %u", rows[i].claims, id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
