/* SPDX-License-Identifier: MIT */
/* The question for an assertion and the answer in parts: what one end writes the other reads, and nothing else (INT-06). */
#include "helper/protocol/presenting.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NONCE "pJtw0hGCZFnhBZ1h3yEm7A"
#define QUESTION "Latchkey: signed assertion for deploy on build7.example.org, nonce " NONCE " (part 1)"

static void test_question(void **state)
{
	const struct presenting_question q = {
		.account = "deploy", .host = "build7.example.org", .nonce = NONCE, .part = 1};
	struct presenting_question odd = {.account = "deploy", .nonce = NONCE, .part = 20};
	struct presenting_question read;
	char text[PRESENTING_TEXT_MAX];

	(void)state;
	assert_int_equal(presenting_question_write(text, &q), 0);
	assert_string_equal(text, QUESTION);
	assert_int_equal(presenting_question_read(&read, QUESTION ": "), 0);
	assert_memory_equal(&read, &q, sizeof(q));

	/* a host may be called as it likes, and stays one */
	(void)snprintf(odd.host, sizeof(odd.host), "rack on fire, nonce %s (part 3)", NONCE);
	assert_int_equal(presenting_question_write(text, &odd), 0);
	assert_int_equal(presenting_question_read(&read, text), 0);
	assert_memory_equal(&read, &odd, sizeof(odd));

	memset(odd.host, 'x', PRESENTING_HOST_MAX);
	memset(odd.account, 'y', PRESENTING_ACCOUNT_MAX);
	assert_int_equal(presenting_question_write(text, &odd), 0);
	assert_int_equal(presenting_question_read(&read, text), 0);
	assert_memory_equal(&read, &odd, sizeof(odd));
}

static void test_other_questions(void **state)
{
	static const char *const others[] = {
		"",
		": ",
		"Password: ",
		"deploy@build7's password: ",
		"(part 1)",
		"Latchkey: signed assertion for ",
		"Latchkey: signed assertion for deploy on build7, nonce " NONCE,
		"Latchkey: signed assertion for deploy on build7, nonce " NONCE " (part 0)",
		"Latchkey: signed assertion for deploy on build7, nonce " NONCE " (part 21)",
		"Latchkey: signed assertion for deploy on build7, nonce " NONCE " (part 01)",
		"Latchkey: signed assertion for deploy on build7, nonce " NONCE " (part 1) Password: ",
		"Latchkey: signed assertion for deploy on build7, nonce " NONCE "(part 1)",
		"Latchkey: signed assertion for deploy on build7, nonce pJtw0hGCZFnhBZ1h3yEm7 (part 1)",
		"Latchkey: signed assertion for deploy on build7, nonce pJtw0hGCZFnhBZ1h3yEm7+ (part 1)",
		"Latchkey: signed assertion for deploy on , nonce " NONCE " (part 1)",
		"Latchkey: signed assertion for  on build7, nonce " NONCE " (part 1)",
		"Latchkey: signed assertion for deploy at build7, nonce " NONCE " (part 1)",
		"Latchkey: signed assertion for a23456789012345678901234567890123 on build7, nonce " NONCE " (part 1)",
		"Latchkey: signed assertion for deploy on b\xc3\xbcro, nonce " NONCE " (part 1)",
		"Latchkey: signed assertion for deploy on build7\n, nonce " NONCE " (part 1)",
		" " QUESTION,
	};
	struct presenting_question read;
	char longest[PRESENTING_TEXT_MAX * 2];

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (presenting_question_read(&read, others[i]) != -EBADMSG)
			fail_msg("taken for a question: %s", others[i]);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	memcpy(longest, "Latchkey: signed assertion for ", 31);
	assert_int_equal(presenting_question_read(&read, longest), -EBADMSG);
}

/* INT-06: each byte there is. */
static void test_plain(void **state)
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=!";

	(void)state;
	assert_true(presented_is_plain(good, strlen(good)));
	assert_false(presented_is_plain(good, 0));
	for (int c = 0; c < 256; c++) {
		const char text[3] = {'a', (char)c, 'b'};

		assert_int_equal(presented_is_plain(text, 3), c != 0 && strchr(good, c) != NULL);
	}
}

/* What is written in parts comes together again, at each length where something changes. */
static void test_round_trip(void **state)
{
	static const size_t lengths[] = {1, 999, 1000, 1001, 1988, 1989, 4000, 16384};
	static char text[PRESENTED_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('a' + i % 26);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct presented_parts parts = {.n = 0};
		unsigned n = presented_part_count(lengths[i]);
		int r = -1;

		assert_int_equal(n == 1, lengths[i] <= 1000);
		for (unsigned part = 1; part <= n; part++) {
			struct buf answer;

			buf_init(&answer, PRESENTED_PART_MAX);
			assert_int_equal(presented_part_write(&answer, text, lengths[i], part), 0);
			r = presented_parts_add(&parts, answer.data, answer.len);
			assert_int_equal(r, part < n ? PRESENTED_MORE : PRESENTED_WHOLE);
			buf_done(&answer);
		}
		assert_int_equal(parts.text.len, lengths[i]);
		assert_memory_equal(parts.text.data, text, lengths[i]);
		presented_parts_done(&parts);
	}
	assert_int_equal(presented_part_count(0), 0);
	assert_int_equal(presented_part_count(PRESENTED_MAX + 1), 0);
	assert_int_equal(presented_part_write(NULL, text, 2000, 0), -EINVAL);
	assert_int_equal(presented_part_write(NULL, text, 2000, 4), -EINVAL);
}

static int add_all(const char *const *answers)
{
	struct presented_parts parts = {.n = 0};
	int r = PRESENTED_MORE;

	for (; *answers && r == PRESENTED_MORE; answers++)
		r = presented_parts_add(&parts, *answers, strlen(*answers));
	presented_parts_done(&parts);
	return r;
}

/* Lost, doubled, swapped, of another number: each ends it. A whole one is whole. */
static void test_order(void **state)
{
	static const struct {
		const char *answers[4];
		int outcome;
	} cases[] = {
		{{"abc"}, PRESENTED_WHOLE},
		{{"1/2:ab", "2/2:c"}, PRESENTED_WHOLE},
		{{"1/20:ab", "2/20:c"}, PRESENTED_MORE},
		{{""}, PRESENTED_EMPTY},
		{{"1/2:ab", ""}, PRESENTED_EMPTY},
		{{"2/2:ab"}, PRESENTED_ORDER},
		{{"1/3:ab", "3/3:c"}, PRESENTED_ORDER},
		{{"1/3:ab", "1/3:ab"}, PRESENTED_ORDER},
		{{"1/3:ab", "2/2:c"}, PRESENTED_ORDER},
		{{"1/3:ab", "c"}, PRESENTED_ORDER},
		{{"1/1:ab"}, PRESENTED_ORDER},
		{{"0/2:ab"}, PRESENTED_ORDER},
		{{"3/2:ab"}, PRESENTED_ORDER},
		{{"1/2:"}, PRESENTED_FOREIGN},
		{{"1/21:ab"}, PRESENTED_FOREIGN},
		{{"01/2:ab"}, PRESENTED_FOREIGN},
		{{"1/2:a:b"}, PRESENTED_FOREIGN},
		{{"1-2:ab"}, PRESENTED_FOREIGN},
		{{"a b"}, PRESENTED_FOREIGN},
		{{"\b\n\r\177INCORRECT"},
		 PRESENTED_FOREIGN}, /* what sshd makes of an answer for a name that it does not know */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(add_all(cases[i].answers), cases[i].outcome);
}

static void test_limits(void **state)
{
	static char text[PRESENTED_MAX + 1];
	struct presented_parts parts = {.n = 0};
	char head[8];
	int r = PRESENTED_MORE;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(presented_parts_add(&parts, text, PRESENTED_MAX), PRESENTED_WHOLE);
	presented_parts_done(&parts);
	assert_int_equal(presented_parts_add(&parts, text, PRESENTED_MAX + 1), PRESENTED_TOO_LONG);
	presented_parts_done(&parts);

	memcpy(text, "1/20:", 5);
	assert_int_equal(presented_parts_add(&parts, text, PRESENTED_PART_MAX + 1), PRESENTED_TOO_LONG);
	presented_parts_done(&parts);
	for (unsigned i = 1; r == PRESENTED_MORE; i++) {
		int n = snprintf(head, sizeof(head), "%u/20:", i);

		memcpy(text, head, (size_t)n);
		r = presented_parts_add(&parts, text, PRESENTED_PART_MAX);
		assert_true(i <= 17);
		memset(text, 'a', 8);
	}
	assert_int_equal(r, PRESENTED_TOO_LONG);
	presented_parts_done(&parts);

	/* each has its words for the log */
	for (int i = PRESENTED_EMPTY; i <= PRESENTED_TOO_LONG; i++)
		assert_true(strlen(presented_parts_text(i)) > 10);
	assert_string_equal(presented_parts_text(-ENOMEM), strerror(ENOMEM));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_question), cmocka_unit_test(test_other_questions),
		cmocka_unit_test(test_plain),    cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_order),    cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
