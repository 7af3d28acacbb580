/* SPDX-License-Identifier: MIT */
/*
 * Base64url: what may be written in one way only is read in that way only (T11, JW-09).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include <cmocka.h>

#include "helper/jose/base64url.h"

static const struct {
	const char *bytes;
	size_t len;
	const char *text;
} pairs[] = {
	/* RFC 4648 section 10, without padding */
	{"", 0, ""},
	{"f", 1, "Zg"},
	{"fo", 2, "Zm8"},
	{"foo", 3, "Zm9v"},
	{"foob", 4, "Zm9vYg"},
	{"fooba", 5, "Zm9vYmE"},
	{"foobar", 6, "Zm9vYmFy"},
	/* RFC 7515 appendix C */
	{"\x03\xec\xff\xe0\xc1", 5, "A-z_4ME"},
	{"\x00\x00\x00", 3, "AAAA"},
	{"\xfb\xff\xbf", 3, "-_-_"},
};

static void test_pairs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char text[32];
		char bytes[32];
		size_t len = strlen(pairs[i].text);

		base64url_encode(text, pairs[i].bytes, pairs[i].len);
		assert_string_equal(text, pairs[i].text);
		assert_int_equal(base64url_encoded_size(pairs[i].len), len);
		assert_int_equal(base64url_decoded_size(len), pairs[i].len);
		assert_int_equal(base64url_decode(bytes, sizeof(bytes), pairs[i].text, len), pairs[i].len);
		assert_memory_equal(bytes, pairs[i].bytes, pairs[i].len);
	}
}

static void test_refusals(void **state)
{
	static const char *const refused[] = {
		"A",
		"AAAAA",
		"Zg==",
		"Zm8=",
		"Zg=",
		"====",
		"=",
		"Zm9v=",
		"Zm9v====",
		"Zg==Zg==",
		" Zg",
		"Zg ",
		"Z g=",
		"Zm9v\n",
		"Zm\n9v",
		"\tZm9",
		"Zm9v\r\n",
		"+m9v",
		"Zm9/",
		"A+z/4ME",
		"Zm9v.",
		".Zm9v",
		"Zm9v%3D",
		"Zm9\x80",
		"\xc3\xa4Zm9",
		"Zm9!",
		"Zm9*",
		"Zm9v~w",
		"Zm9@",
		"Zm9[",
		"Zm9`",
		"Zm9{",
		"Zm9:",
		"Zm9,",
		"Zm9^",
		/* unused bits that are not zero */
		"Zh",
		"Zi",
		"Zk",
		"Zo",
		"Zm9",
		"Zm-",
		"Zm_",
		"Zm9vYh",
		"Zm9vYmF",
	};
	char bytes[32];

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (base64url_decode(bytes, sizeof(bytes), refused[i], strlen(refused[i])) != -EBADMSG)
			fail_msg("'%s' was accepted", refused[i]);
	assert_int_equal(base64url_decode(bytes, sizeof(bytes), "Zm\0v", 4), -EBADMSG);
	assert_int_equal(base64url_decode(bytes, sizeof(bytes), "Zm9v\0", 5), -EBADMSG);
	assert_int_equal(base64url_decode(bytes, sizeof(bytes), "Zm9vZ\0", 6), -EBADMSG);
}

static int is_in_alphabet(int c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Every byte value at every place of a group and of both tails */
static void test_every_byte_at_every_place(void **state)
{
	(void)state;
	for (size_t len = 2; len <= 8; len++)
		for (size_t at = 0; at < len && base64url_decoded_size(len) >= 0; at++)
			for (int c = 0; c < 256; c++) {
				char text[9] = "AAAAAAAA";
				char bytes[8];
				ssize_t n;

				text[at] = (char)c;
				n = base64url_decode(bytes, sizeof(bytes), text, len);
				if (!is_in_alphabet(c))
					assert_int_equal(n, -EBADMSG);
				else if (len % 4 == 0 || at + 1 < len)
					assert_int_equal(n, base64url_decoded_size(len));
			}
}

/* All texts of two characters, and all tails of three: what decodes encodes to itself, and 256 of them do. */
static void test_one_text_for_each_value(void **state)
{
	size_t accepted[4] = {0};

	(void)state;
	for (size_t len = 2; len <= 3; len++)
		for (unsigned v = 0; v < 65536; v++) {
			char text[4] = {(char)(v >> 8), (char)(v & 0xffu), 'A', '\0'};
			char bytes[2];
			char again[4];
			ssize_t n;

			if (len == 3) { /* the middle one stays */
				text[2] = text[1];
				text[1] = '9';
			}
			n = base64url_decode(bytes, sizeof(bytes), text, len);
			if (n < 0)
				continue;
			assert_int_equal(n, len - 1);
			base64url_encode(again, bytes, (size_t)n);
			assert_memory_equal(again, text, len);
			accepted[len]++;
		}
	assert_int_equal(accepted[2], 256);
	assert_int_equal(accepted[3], 64 * 16);
}

/* Each length from 0 to 300 bytes: back and forth, in exactly the room that it needs, and no byte beyond */
static void test_sizes(void **state)
{
	unsigned char bytes[300];
	unsigned char back[301];
	char text[402];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 151u + 7u);
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		size_t encoded = base64url_encoded_size(len);

		memset(text, '#', sizeof(text));
		base64url_encode(text, bytes, len);
		assert_int_equal(strlen(text), encoded);
		assert_int_equal(text[encoded + 1], '#');

		memset(back, 0x5a, sizeof(back));
		assert_int_equal(base64url_decode(back, len, text, encoded), len);
		assert_memory_equal(back, bytes, len);
		assert_int_equal(back[len], 0x5a);
		if (len > 0)
			assert_int_equal(base64url_decode(back, len - 1, text, encoded), -ENOBUFS);
	}
}

/* Every truncation: a rest of one is no text at all, and the others do not end in zero bits. */
static void test_truncations(void **state)
{
	static const char text[] = "_-9-7vr2_-9-7vr2";
	char bytes[16];

	(void)state;
	for (size_t len = 0; len < strlen(text); len++) {
		ssize_t n = base64url_decode(bytes, sizeof(bytes), text, len);

		if (len % 4 == 0)
			assert_int_equal(n, len / 4 * 3);
		else
			assert_int_equal(n, -EBADMSG);
	}
}

static void test_impossible_sizes(void **state)
{
	(void)state;
	for (size_t len = 1; len < 100; len += 4)
		assert_int_equal(base64url_decoded_size(len), -EBADMSG);
	assert_int_equal(base64url_decoded_size(SIZE_MAX), -EBADMSG);
	assert_int_equal(base64url_decoded_size(SIZE_MAX - 1), -EBADMSG);
	assert_int_equal(base64url_decoded_size((size_t)PTRDIFF_MAX + 1), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_every_byte_at_every_place),
		cmocka_unit_test(test_one_text_for_each_value),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_impossible_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
