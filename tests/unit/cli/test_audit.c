/* SPDX-License-Identifier: MIT */
/*
 * "latchkey audit": which events are shown and how, and that nothing in the file gets further than that.
 */
#include "helper/cli/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "helper/base/clock.h"
#include "helper/cli/verbs.h"
#include "tests/unit/cli/capture.h"
#include "tests/unit/scratch.h"

#define LIMIT 16384u

static const char events[] =
	"{\"time\":\"2026-11-25T23:59:59Z\",\"decision\":\"sign-in\",\"result\":\"granted\","
	"\"user\":\"alice\",\"uid\":1879048192,"
	"\"service\":\"sshd\",\"from\":\"192.0.2.7\",\"provider\":\"main\",\"subject\":\"s-1\","
	"\"reference\":\"7F3K-2Q9M\"}\n"
	"{\"time\":\"2026-11-26T00:00:00Z\",\"decision\":\"account\",\"result\":\"refused\","
	"\"user\":\"bob\",\"service\":\"cron\","
	"\"reference\":\"0000-1111\",\"cause\":\"ASKE-D000\",\"detail\":\"provider says invalid_grant\"}\n"
	"{\"time\":\"2026-11-26T01:00:00Z\",\"decision\":\"account\",\"result\":\"granted\","
	"\"user\":\"alice\",\"service\":\"sudo\","
	"\"reference\":\"7F3K-2Q9M\"}\n";

#define FIRST "2026-11-25 23:59:59  sign-in      granted         alice         sshd from 192.0.2.7  7F3K-2Q9M\n"
#define SECOND                                                                                                         \
	"2026-11-26 00:00:00  account      refused         bob           cron  0000-1111 asked under ASKE-D000  "      \
	"(provider says "                                                                                              \
	"invalid_grant)\n"
#define THIRD "2026-11-26 01:00:00  account      granted         alice         sudo  7F3K-2Q9M\n"

static void assert_read(const char *text, size_t len, const struct arguments *arguments, enum command_exit status,
			const char *out, const char *err)
{
	struct command c = {.arguments = *arguments};
	FILE *f = fmemopen((void *)(uintptr_t)text, len, "r");
	struct capture capture;

	assert_non_null(f);
	capture_open(&capture);
	c.out = capture.out;
	c.err = capture.err;
	assert_int_equal(audit_read(&c, f), status);
	capture_close(&capture);
	assert_int_equal(fclose(f), 0);
	assert_string_equal(capture.out_text, out);
	assert_string_equal(capture.err_text, err);
	capture_free(&capture);
}

static void assert_shown(const struct arguments *arguments, const char *out)
{
	assert_read(events, strlen(events), arguments, COMMAND_OK, out, "");
}

static void test_which(void **state)
{
	(void)state;
	assert_shown(&(struct arguments){0}, FIRST SECOND THIRD);
	assert_shown(&(struct arguments){.user = "alice"}, FIRST THIRD);
	assert_shown(&(struct arguments){.user = "ali"}, "");
	assert_shown(&(struct arguments){.reference = "0000-1111"}, SECOND);
	assert_shown(&(struct arguments){.reference = "ASKE-D000"}, SECOND);
	assert_shown(&(struct arguments){.reference = "7f3k-2q9m"}, FIRST THIRD); /* as somebody types it */
	assert_shown(&(struct arguments){.since = "2026-11-26"}, SECOND THIRD);
	assert_shown(&(struct arguments){.since = "2026-11-26T00:00:01Z"}, THIRD);
	assert_shown(&(struct arguments){.since = "2026-11-26T00:00:00Z", .user = "bob"}, SECOND);
	clock_freeze(1000, 1795658400); /* 2026-11-26T02:00:00Z */
	assert_shown(&(struct arguments){.since = "60m"}, THIRD);
	assert_shown(&(struct arguments){.since = "2h"}, SECOND THIRD);
	assert_shown(&(struct arguments){.since = "7201s"}, FIRST SECOND THIRD);
	assert_shown(&(struct arguments){.since = "36500d"}, FIRST SECOND THIRD);
	clock_thaw();
}

static void test_since_refused(void **state)
{
	static const char *const bad[] = {"yesterday",
					  "26",
					  "m",
					  "-5m",
					  "36501d",
					  "1w",
					  "1 h",
					  "2026-1-1",
					  "2026-11-26T",
					  "2026-11-26T01:20:15",
					  "99999999999999999999s",
					  "2026-11-26 01:20:15Z"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_read(events, strlen(events), &(struct arguments){.since = bad[i]}, COMMAND_MISUSE, "",
			    "latchkey: --since is like 2026-11-26, 2026-11-26T01:20:15Z, 30m, 12h or 7d\n");
}

static void test_json(void **state)
{
	(void)state;
	assert_shown(
		&(struct arguments){.json = true, .reference = "0000-1111"},
		"{\"time\":\"2026-11-26T00:00:00Z\",\"decision\":\"account\",\"result\":\"refused\",\"user\":\"bob\","
		"\"service\":\"cron\",\"reference\":\"0000-1111\",\"cause\":\"ASKE-D000\",\"detail\":\"provider says "
		"invalid_grant\"}\n");
}

/* N17, R12: whoever took the helper over can write anything into it, and gets neither a terminal nor a file of root's shown. */
static void test_damaged(void **state)
{
	static const char text[] =
		"root:$6$secret:1:0:99999:7:::\n"
		"{\"time\":\"now\",\"decision\":\"x\"}\n"
		"{\"time\":\"2026-11-26T00:00:00Z\"}\n"
		"[\"2026-11-26T00:00:00Z\"]\n"
		"\n"
		"{\"time\":\"2026-11-26T00:00:00Z\",\"decision\":\"a\\u001b[2J\",\"user\":\"a\\nroot\","
		"\"result\":7,\"detail\":\"\\u202e\"}\n"
		"{\"time\":\"2026-11-26T00:00:00Z\",\"decision\":\"a\",\"decision\":\"b\"}\n"
		"a\0b\n"
		"{\"time\":\"2026-11-26T00:00:00Z\",\"decision\":\"whole\"}\n"
		"{\"time\":\"2026-11-26T00";

	(void)state;
	assert_read(text, sizeof(text) - 1, &(struct arguments){0}, COMMAND_OK,
		    "2026-11-26 00:00:00  a?[2J        7               a?root        (?)\n"
		    "2026-11-26 00:00:00  whole        -               -           \n",
		    "latchkey: lines that are no events, because they were cut off or damaged: 7\n");
}

static void test_long_lines(void **state)
{
	static const char head[] = "{\"time\":\"2026-11-26T00:00:00Z\",\"decision\":\"a\",\"x\":\"";
	char *text = malloc(2 * LIMIT + 256);

	(void)state;
	assert_non_null(text);
	for (size_t len = LIMIT - 1; len <= LIMIT + 2; len++) {
		memset(text, 'x', len);
		memcpy(text, head, strlen(head));
		memcpy(text + len - 2, "\"}\n", 3);
		memcpy(text + len + 1, events, strlen(events));
		assert_read(text, len + 1 + strlen(events), &(struct arguments){.user = "bob"}, COMMAND_OK, SECOND,
			    len <= LIMIT ? ""
					 : "latchkey: lines that are no events, because they were cut off or "
					   "damaged: 1\n");
	}
	free(text);
}

/* L15: neither a link nor a FIFO is opened, and a missing file is said. */
static void test_files(void **state)
{
	static const struct verb verbs[] = {{"audit", NULL, "", verb_audit}, {NULL, NULL, NULL, NULL}};
	struct scratch scratch = {.path = ""};
	struct capture capture;

	(void)state;
	assert_true(scratch_new(&scratch));
	assert_true(scratch_write(&scratch, "good", events, strlen(events), 0600));
	assert_int_equal(symlink(scratch_name(&scratch, "good"), scratch_name(&scratch, "link")), 0);
	assert_int_equal(mkfifo(scratch_name(&scratch, "fifo"), 0600), 0);
	for (int i = 0; i < 5; i++) {
		static const char *const names[] = {"good", "link", "fifo", ".", "absent"};
		const char *words[] = {"audit", "--user", "bob", "--file", scratch_name(&scratch, names[i]), NULL};

		assert_int_equal(capture_run(&capture, verbs, words), i == 0 ? COMMAND_OK : COMMAND_FAILED);
		assert_string_equal(capture.out_text, i == 0 ? SECOND : "");
		assert_int_equal(capture.err_len > 0, i != 0);
		capture_free(&capture);
	}
	scratch_done(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which),   cmocka_unit_test(test_since_refused), cmocka_unit_test(test_json),
		cmocka_unit_test(test_damaged), cmocka_unit_test(test_long_lines),    cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
