/* SPDX-License-Identifier: MIT */
/* QR codes as text: read back character by character, they must be the library's modules with a margin around. */
#include "pam_module/qr.h"

#include <qrencode.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIDE_MAX 200u

struct picture {
	bool ink[SIDE_MAX][SIDE_MAX];
	unsigned width, height; /* in modules */
};

static unsigned read_half_block(const char **p)
{
	static const char *const cells[] = {" ", "\u2580", "\u2584", "\u2588"};

	for (unsigned i = 0; i < 4; i++)
		if (strncmp(*p, cells[i], strlen(cells[i])) == 0) {
			*p += strlen(cells[i]);
			return i;
		}
	fail_msg("no half block at \"%.8s\"", *p);
	return 0;
}

static void read_half_blocks(struct picture *ret, const char *text)
{
	memset(ret, 0, sizeof(*ret));
	while (*text) {
		unsigned x = 0;

		while (*text != '\n') {
			unsigned cell = read_half_block(&text);

			ret->ink[ret->height][x] = cell & 1;
			ret->ink[ret->height + 1][x] = cell >> 1;
			x++;
		}
		text++;
		assert_true(ret->width == 0 || ret->width == x);
		ret->width = x;
		ret->height += 2;
	}
}

static void read_ascii(struct picture *ret, const char *text)
{
	memset(ret, 0, sizeof(*ret));
	while (*text) {
		unsigned x = 0;

		for (; *text != '\n'; text += 2) {
			assert_true(strncmp(text, "##", 2) == 0 || strncmp(text, "  ", 2) == 0);
			ret->ink[ret->height][x++] = text[0] == '#';
		}
		text++;
		assert_true(ret->width == 0 || ret->width == x);
		ret->width = x;
		ret->height++;
	}
}

/* Compares with the library's own answer at one of the two levels; everything around is margin, that is light. */
static bool is_code(const struct picture *p, const char *text, QRecLevel level, bool is_light_screen)
{
	QRcode *code = QRcode_encodeString(text, 0, level, QR_MODE_8, 1);
	unsigned width = (unsigned)code->width;
	bool is_same = p->width == width + 2 * QR_MARGIN && p->height >= p->width && p->height <= p->width + 1;

	for (unsigned y = 0; is_same && y < p->height; y++)
		for (unsigned x = 0; x < p->width; x++) {
			unsigned mx = x - QR_MARGIN, my = y - QR_MARGIN;
			bool is_dark = mx < width && my < width && code->data[my * width + mx] & 1;

			if (p->ink[y][x] != (is_dark == is_light_screen))
				is_same = false;
		}
	QRcode_free(code);
	return is_same;
}

static void test_round_trip(void **state)
{
	static struct picture picture;

	(void)state;
	for (size_t len = 1; len <= 300; len += 7) {
		for (int variant = 0; variant < 4; variant++) {
			struct qr_style style = {.is_ascii = variant & 1, .is_light = variant & 2};
			struct buf out;
			char text[301] = "https://idp.example/device?user_code=";
			size_t start = strlen(text);

			for (size_t i = start; i < len; i++)
				text[i] = "abcXYZ019-_%"[i % 12];
			text[len] = '\0';
			buf_init(&out, 1 << 20);
			assert_int_equal(qr_append(&out, text, &style, 1000, 1000), 0);
			if (style.is_ascii)
				read_ascii(&picture, out.data);
			else
				read_half_blocks(&picture, out.data);
			assert_true(is_code(&picture, text, QR_ECLEVEL_L, style.is_light) ||
				    is_code(&picture, text, QR_ECLEVEL_M, style.is_light));
			buf_done(&out);
		}
	}
}

/* The smallest room that holds it, and one less in each direction. */
static void test_room(void **state)
{
	static const struct {
		size_t len;
		unsigned version;
	} cases[] = {{32, 2}, {33, 3}, {53, 3}, {54, 4}, {78, 4}, {79, 5}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned side = 17 + 4 * cases[i].version + 2 * QR_MARGIN;
		struct qr_style blocks = {0}, ascii = {.is_ascii = true};
		char text[128];
		struct buf out;

		memset(text, 'x', sizeof(text)); /* lower case: no denser mode than bytes */
		text[cases[i].len] = '\0';
		buf_init(&out, 1 << 20);
		buf_append_text(&out, "before");
		assert_int_equal(qr_append(&out, text, &blocks, side - 1, (side + 1) / 2), QR_TOO_BIG);
		assert_int_equal(qr_append(&out, text, &blocks, side, (side + 1) / 2 - 1), QR_TOO_BIG);
		assert_int_equal(qr_append(&out, text, &ascii, 2 * side - 1, side), QR_TOO_BIG);
		assert_int_equal(qr_append(&out, text, &ascii, 2 * side, side - 1), QR_TOO_BIG);
		assert_int_equal(qr_append(&out, text, &ascii, 0, 0), QR_TOO_BIG);
		assert_string_equal(out.data, "before");
		assert_int_equal(qr_append(&out, text, &blocks, side, (side + 1) / 2), 0);
		assert_int_equal(qr_append(&out, text, &ascii, 2 * side, side), 0);
		buf_done(&out);
	}
}

static void test_impossible(void **state)
{
	char *text = malloc(5001);
	struct qr_style style = {0};
	struct buf out;

	(void)state;
	memset(text, 'x', 5000);
	text[5000] = '\0';
	buf_init(&out, 1 << 20);
	assert_int_equal(qr_append(&out, text, &style, 10000, 10000), QR_TOO_BIG);
	assert_int_equal(qr_append(&out, "", &style, 10000, 10000), QR_TOO_BIG);
	assert_int_equal(out.len, 0);
	buf_done(&out);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_impossible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
