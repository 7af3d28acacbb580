/* SPDX-License-Identifier: MIT */
/* A helper that lies in every field: each byte of a map is changed to others, the checksum is made to fit, and whatever
 * latchkey-root accepts is judged once more by a slow reader that knows the configuration (a taken-over latchkeyd; I11 to
 * I16, L17). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/nss_module/sample.h"
#include "tests/unit/root/slow_reader.h"
#include "tests/unit/root/world.h"

#define MIXTURES 100000u

struct tally {
	unsigned long accepted;
	unsigned long refused;
};

static void judge_twice(struct world *w, size_t at, struct tally *t)
{
	char why[CHECK_WHY_SIZE] = "";
	const char *objection;
	int r = judge(w, why);

	if (r != 0) {
		assert_int_equal(r, -EBADMSG);
		assert_string_not_equal(why, "");
		t->refused++;
		return;
	}
	t->accepted++;
	objection = slow_reader_objects(w->bytes, w->len);
	if (objection != NULL)
		fail_msg("byte %zu: accepted, and yet: %s", at, objection);
}

static void test_every_byte(void **state)
{
	struct tally t = {.accepted = 0};
	struct world w;

	(void)state;
	world_init(&w, "");
	assert_null(slow_reader_objects(w.bytes, w.len));
	for (size_t i = 0; i < w.len; i++) {
		unsigned char before = w.bytes[i];

		for (unsigned int value = 0; value < 256; value++) {
			w.bytes[i] = (unsigned char)value;
			if (i < sizeof(struct map_header))
				sample_reseal(w.bytes);
			judge_twice(&w, i, &t);
		}
		w.bytes[i] = before;
		sample_reseal(w.bytes);
	}
	/* Full names, homes and shells may be others; next to nothing else may. */
	assert_true(t.accepted > w.len && t.refused > 100 * w.len);
	assert_int_equal(t.accepted + t.refused, w.len * 256);
	world_done(&w);
}

/* Several lies at once, of which each could cover another one; whole words too, as offsets and numbers are. */
static void test_many_bytes(void **state)
{
	uint64_t random = UINT64_C(88172645463325252);
	struct tally t = {.accepted = 0};
	unsigned char *good;
	struct world w;

	(void)state;
	world_init(&w, "");
	good = malloc(w.len);
	assert_non_null(good);
	memcpy(good, w.bytes, w.len);
	for (unsigned int n = 0; n < MIXTURES; n++) {
		size_t at = 0;

		for (unsigned int k = 0; k < 2 + n % 3; k++) {
			size_t other;
			size_t len;

			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			at = random % w.len;
			other = (random >> 20) % w.len;
			len = (random >> 40) % 3 == 0 ? 4 : 1;
			if (at + len <= w.len && other + len <= w.len) /* what stands elsewhere lies best */
				memcpy(w.bytes + at, good + other, len);
		}
		sample_reseal(w.bytes);
		judge_twice(&w, at, &t);
		memcpy(w.bytes, good, w.len);
	}
	assert_true(t.accepted > 0 && t.refused > t.accepted);
	free(good);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_many_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
