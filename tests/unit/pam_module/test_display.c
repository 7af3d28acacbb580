/* SPDX-License-Identifier: MIT */
/* What a person reads: everything there, in the room there is, and exactly as received. DEV-08, DEV-09, DEV-19, R11, D1. */
#include "pam_module/display.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct display_challenge usual = {
	.verification_uri = "https://idp.example/device",
	.user_code = "WDJB-MJHT",
	.host = "web1.example.org",
	.account = "alice",
	.source = "192.0.2.7",
	.provider = "Example",
	.expires_in_s = 900,
};

static const struct display_screen ssh_prompt = {
	.columns = 80, .rows = 24, .is_prompt = true, .is_sshd = true, .has_qr = true};
static const struct display_screen ssh_live = {.columns = 80, .rows = 24, .is_sshd = true, .has_qr = true};

/* Rows that a terminal fills, counting characters, with the client's prefix and the row of the cursor. */
static unsigned rows_on(const struct display_screen *s, const char *text, unsigned prefix)
{
	unsigned rows = 0, column = prefix;

	for (; *text; text++) {
		if (*text == '\n') {
			rows += column == 0 ? 1 : (column + s->columns - 1) / s->columns;
			column = 0;
		} else if ((*text & 0xC0) != 0x80) {
			column++;
		}
	}
	rows += column == 0 ? 1 : (column + s->columns - 1) / s->columns;
	return s->is_prompt ? rows : rows + 1;
}

static bool has_blocks(const char *text)
{
	return strstr(text, "\u2588") || strstr(text, "##");
}

static void test_says_it_all(void **state)
{
	struct buf out;

	(void)state;
	assert_int_equal(display_challenge(&out, &usual, &ssh_prompt), 0);
	assert_non_null(strstr(out.data, "\nOpen https://idp.example/device and enter WDJB-MJHT\n"));
	assert_non_null(
		strstr(out.data, "\nHost web1.example.org, account alice, asked for from 192.0.2.7 via Example.\n"));
	assert_ptr_equal(strstr(out.data, "Approve this sign-in within 15 minutes:\n"), out.data);
	assert_non_null(strstr(out.data, "Approve only what you started yourself"));
	assert_non_null(strstr(out.data, "\nPress Enter when you have approved: "));
	assert_true(has_blocks(out.data));
	buf_done(&out);

	assert_int_equal(display_challenge(&out, &usual, &ssh_live), 0);
	assert_null(strstr(out.data, "Press Enter"));
	assert_int_not_equal(out.data[out.len - 1], '\n');
	buf_done(&out);
}

/* CB-03: the word as it is, and no QR code that nobody needs. */
static void test_own_device(void **state)
{
	struct display_challenge c = usual;
	struct buf out;

	(void)state;
	c.verification_uri = NULL;
	c.user_code = NULL;
	c.binding_message = "web1-KRTM-42";
	assert_int_equal(display_challenge(&out, &c, &ssh_prompt), 0);
	assert_non_null(strstr(out.data, "\nYour own device asks you now. Approve only if it shows web1-KRTM-42\n"));
	assert_non_null(strstr(out.data, "\nHost web1.example.org, account alice, asked for from 192.0.2.7"));
	assert_non_null(strstr(out.data, "Approve only what you started yourself"));
	assert_non_null(strstr(out.data, "\nPress Enter when you have approved: "));
	assert_false(has_blocks(out.data));
	buf_done(&out);

	c.binding_message = "a\x1b[2Jb";
	assert_int_equal(display_challenge(&out, &c, &ssh_live), -EILSEQ);
	buf_done(&out);
}

static void test_times(void **state)
{
	static const struct {
		int64_t seconds;
		const char *words;
	} cases[] = {
		{1, "within less than a minute:"},
		{59, "within less than a minute:"},
		{60, "within 1 minute:"},
		{119, "within 1 minute:"},
		{120, "within 2 minutes:"},
		{1799, "within 29 minutes:"},
		{2147483647, "within 35791394 minutes:"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct display_challenge c = usual;
		struct buf out;

		c.expires_in_s = cases[i].seconds;
		assert_int_equal(display_challenge(&out, &c, &ssh_live), 0);
		assert_non_null(strstr(out.data, cases[i].words));
		buf_done(&out);
	}
}

/* Every length of address, with short and long names: never beyond 24 rows while the words alone fit them. */
static void test_fits_24_rows(void **state)
{
	static const char *const hosts[] = {"h", "web1.example.org",
					    "a-rather-long-host-name.with.many.labels.example.org"};
	unsigned n_with_code = 0;

	(void)state;
	for (size_t len = 10; len <= 400; len++) {
		for (unsigned v = 0; v < 12; v++) {
			struct display_challenge c = usual;
			struct display_screen s = v & 1 ? ssh_live : ssh_prompt;
			char uri[401] = "https://i.example/";
			struct buf out;
			unsigned prefix;

			memset(uri + strlen(uri), 'u', sizeof(uri) - 1 - strlen(uri));
			uri[len] = '\0';
			if (v & 2)
				c.verification_uri_complete = uri;
			else
				c.verification_uri = uri;
			c.host = hosts[v / 4];
			prefix = s.is_prompt ? (unsigned)(strlen("(alice@) ") + strlen(c.host)) : 0;

			assert_int_equal(display_challenge(&out, &c, &s), 0);
			assert_in_range(rows_on(&s, out.data, prefix), 1, 24);
			assert_non_null(strstr(out.data, "WDJB-MJHT"));
			assert_non_null(strstr(out.data, c.verification_uri));
			if (has_blocks(out.data))
				n_with_code++;
			if (len > 78)
				assert_false(has_blocks(out.data) && (v & 2));
			else if (v / 4 < 2 && v & 2)
				assert_true(has_blocks(out.data)); /* what providers really send */
			buf_done(&out);
		}
	}
	assert_in_range(n_with_code, 400, 1000);
}

/* R11: small, large and absurd screens. */
static void test_screens(void **state)
{
	static const unsigned sizes[][2] = {{20, 5},  {1, 1},    {80, 1},    {33, 24},
					    {80, 23}, {132, 50}, {500, 200}, {65535, 65535}};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (unsigned is_ascii = 0; is_ascii < 2; is_ascii++) {
			struct display_screen s = {
				.columns = sizes[i][0], .rows = sizes[i][1], .has_qr = true, .qr.is_ascii = is_ascii};
			struct buf out;

			assert_int_equal(display_challenge(&out, &usual, &s), 0);
			assert_non_null(strstr(out.data, "WDJB-MJHT"));
			if (has_blocks(out.data))
				assert_in_range(rows_on(&s, out.data, 0), 1, s.rows);
			assert_int_equal(has_blocks(out.data), sizes[i][0] >= 132 || (i == 4 && !is_ascii));
			buf_done(&out);
		}
	}
}

/* With qr=ascii or qr=off the whole is printable ASCII: clients in other locales die of more. */
static void test_ascii_only(void **state)
{
	struct display_challenge c = usual;

	(void)state;
	c.provider = "M\xc3\xbcller \x1b[31mAG";
	c.host = "web1\nAccepted publickey for root";
	for (unsigned v = 0; v < 2; v++) {
		struct display_screen s = {.columns = 200,
					   .rows = 100,
					   .is_prompt = true,
					   .is_sshd = true,
					   .has_qr = v,
					   .qr.is_ascii = true};
		struct buf out;

		assert_int_equal(display_challenge(&out, &c, &s), 0);
		for (const char *p = out.data; *p; p++)
			assert_true((*p >= ' ' && *p <= '~') || *p == '\n');
		assert_int_equal(has_blocks(out.data), v);
		assert_non_null(strstr(out.data, "M?ller ?[31mAG"));
		assert_non_null(strstr(out.data, "web1?Accepted"));
		buf_done(&out);
	}
}

static void test_inexact_is_refused(void **state)
{
	static const char *const bad[] = {"https://i.example/\n", "https://\xd1\x96.example/",
					  "https://i.example/\x1b[2J", "https://i.example/\x7f",
					  "https://i.example/\xe2\x80\xae"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct display_challenge c = usual;
		struct buf out;

		c.verification_uri = bad[i];
		assert_int_equal(display_challenge(&out, &c, &ssh_prompt), -EILSEQ);
		buf_done(&out);
		c = usual;
		c.verification_uri_complete = bad[i];
		assert_int_equal(display_challenge(&out, &c, &ssh_prompt), -EILSEQ);
		buf_done(&out);
		c = usual;
		c.user_code = bad[i];
		assert_int_equal(display_challenge(&out, &c, &ssh_prompt), -EILSEQ);
		buf_done(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_says_it_all),
		cmocka_unit_test(test_own_device),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_fits_24_rows),
		cmocka_unit_test(test_screens),
		cmocka_unit_test(test_ascii_only),
		cmocka_unit_test(test_inexact_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
