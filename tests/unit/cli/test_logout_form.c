/* SPDX-License-Identifier: MIT */
/* The logout token in what was posted (BL-01). */
#include "helper/cli/logout_form.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void test_forms(void **state)
{
	static const struct {
		const char *text;
		const char *token; /* NULL: there is none */
	} table[] = {
		{"logout_token=a.b.c", "a.b.c"},
		{"logout_token=eyJ-_0.Z9.x", "eyJ-_0.Z9.x"},
		{"a.b.c", "a.b.c"},
		/* BL-01: other values are ignored */
		{"x=1&logout_token=a.b.c&y=%20+", "a.b.c"},
		{"logout_token=a.b.c&", "a.b.c"},
		{"&&logout_token=a.b.c", "a.b.c"},
		{"xlogout_token=1&logout_token=a", "a"},
		{"logout_token2=1&logout_token=a", "a"},
		{"", NULL},
		{"=", NULL},
		{"&", NULL},
		{"x=1", NULL},
		{"logout_token", "logout_token"}, /* for the helper to refuse */
		{"logout_token=", NULL},
		{"logout_token=a&logout_token=b", NULL},
		{"logout_token=a&logout_token=a", NULL},
		{"logout_token=&logout_token=a", NULL},
		{"logout_token=a%2Eb.c", NULL},
		{"logout_token=a+b", NULL},
		{"logout_token=a b", NULL},
		{"logout_token=a\nb", NULL},
		{"logout_token=a;x=1", NULL},
		{"Logout_token=a", NULL},
		{"%6cogout_token=a", NULL},
		{"a b", NULL},
		{"a.b.c\n", NULL},
		{"\xff", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char *text = strdup(table[i].text);
		const char *token = NULL;
		int r = logout_form_read(text, &token);

		assert_int_equal(r, table[i].token != NULL ? 0 : -EBADMSG);
		if (table[i].token != NULL)
			assert_string_equal(token, table[i].token);
		else
			assert_null(token);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_forms)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
