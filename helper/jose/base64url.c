/* SPDX-License-Identifier: MIT */
/*
 * Base64url, the skin of every JOSE value. Each byte string has one text and no other: what a lenient decoder lets
 * through gives one token many spellings, so that a replay cache takes the second for a new one.
 */
#include "helper/jose/base64url.h"

#include <errno.h>
#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The value of a character plus one, so that what the table does not name is 0. */
static const uint8_t value_plus_1[256] = {
	['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
	['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
	['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
	['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
	['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
	['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
	['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
	['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63, ['_'] = 64,
};

/* 0..63, or more than 63 for a character outside the alphabet */
static uint32_t value_of(char c)
{
	return (uint32_t)value_plus_1[(unsigned char)c] - 1u;
}

ssize_t base64url_decoded_size(size_t len)
{
	size_t rest = len % 4;

	if (rest == 1 || len > (size_t)PTRDIFF_MAX)
		return -EBADMSG;
	return (ssize_t)(len / 4 * 3 + (rest > 0 ? rest - 1 : 0));
}

/* The last two or three characters carry 4 or 2 bits too many: these must be zero. */
static int decode_tail(unsigned char *out, const char *text, size_t rest)
{
	uint32_t a = value_of(text[0]);
	uint32_t b = value_of(text[1]);
	uint32_t c = rest == 3 ? value_of(text[2]) : 0;

	if (a > 63 || b > 63 || c > 63)
		return -EBADMSG;
	if (rest == 2 ? (b & 0x0Fu) != 0 : (c & 0x03u) != 0)
		return -EBADMSG;

	out[0] = (unsigned char)(a << 2 | b >> 4);
	if (rest == 3)
		out[1] = (unsigned char)((b & 0x0Fu) << 4 | c >> 2);
	return 0;
}

ssize_t base64url_decode(void *out, size_t size, const char *text, size_t len)
{
	ssize_t decoded = base64url_decoded_size(len);
	unsigned char *to = out;

	if (decoded < 0)
		return decoded;
	if ((size_t)decoded > size)
		return -ENOBUFS;

	for (; len >= 4; len -= 4, text += 4, to += 3) {
		uint32_t a = value_of(text[0]);
		uint32_t b = value_of(text[1]);
		uint32_t c = value_of(text[2]);
		uint32_t d = value_of(text[3]);

		if ((a | b | c | d) > 63)
			return -EBADMSG;
		to[0] = (unsigned char)(a << 2 | b >> 4);
		to[1] = (unsigned char)((b & 0x0Fu) << 4 | c >> 2);
		to[2] = (unsigned char)((c & 0x03u) << 6 | d);
	}
	if (len > 0 && decode_tail(to, text, len) < 0)
		return -EBADMSG;
	return decoded;
}

size_t base64url_encoded_size(size_t len)
{
	size_t rest = len % 3;

	return len / 3 * 4 + (rest > 0 ? rest + 1 : 0);
}

void base64url_encode(char *out, const void *bytes, size_t len)
{
	const unsigned char *from = bytes;

	for (; len >= 3; len -= 3, from += 3) {
		*out++ = alphabet[from[0] >> 2];
		*out++ = alphabet[(from[0] & 0x03u) << 4 | from[1] >> 4];
		*out++ = alphabet[(from[1] & 0x0Fu) << 2 | from[2] >> 6];
		*out++ = alphabet[from[2] & 0x3Fu];
	}
	if (len > 0) {
		unsigned second = len == 2 ? from[1] : 0u;

		*out++ = alphabet[from[0] >> 2];
		*out++ = alphabet[(from[0] & 0x03u) << 4 | second >> 4];
		if (len == 2)
			*out++ = alphabet[(second & 0x0Fu) << 2];
	}
	*out = '\0';
}
