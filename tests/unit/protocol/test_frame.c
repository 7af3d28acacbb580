/* SPDX-License-Identifier: MIT */
/* Framing: wherever a stream is cut, the same messages come out. Threats L2, L5 and L6. */
#include "helper/protocol/frame.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define SCM_MAX_FDS 253

static void assert_frame(struct frame_reader *r, const char *expected)
{
	const char *frame = NULL;
	size_t len = 0;

	assert_int_equal(frame_reader_next(r, &frame, &len), 1);
	assert_int_equal(len, strlen(expected));
	assert_string_equal(frame, expected);
}

static void assert_no_frame(struct frame_reader *r)
{
	const char *frame = NULL;
	size_t len = 4711;

	assert_int_equal(frame_reader_next(r, &frame, &len), 0);
	assert_null(frame);
	assert_int_equal(len, 4711);
}

/* L6: each way to cut a stream of three frames and a rest into two reads. */
static void test_every_cut(void **state)
{
	static const char stream[] = "{\"a\":1}\0x\0{}\0rest";
	const size_t len = sizeof(stream) - 1;

	(void)state;
	for (size_t cut = 0; cut <= len; cut++) {
		LK_CLEANUP(frame_reader_done) struct frame_reader r;
		const char *frame;
		size_t frame_len;
		int n = 0;

		frame_reader_init(&r, 64);
		assert_int_equal(frame_reader_feed(&r, stream, cut), 0);
		while (frame_reader_next(&r, &frame, &frame_len) == 1)
			n++;
		assert_int_equal(n, (cut > 7) + (cut > 9) + (cut > 12));
		assert_int_equal(frame_reader_feed(&r, stream + cut, len - cut), 0);
		while (frame_reader_next(&r, &frame, &frame_len) == 1)
			n++;
		assert_int_equal(n, 3);
		assert_int_equal(frame_reader_feed(&r, "", 1), 0);
		assert_frame(&r, "rest");
		assert_no_frame(&r);
	}
}

static void test_byte_by_byte(void **state)
{
	static const char stream[] = "ab\0c\0";
	LK_CLEANUP(frame_reader_done) struct frame_reader r;

	(void)state;
	frame_reader_init(&r, 2);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(frame_reader_feed(&r, stream + i, 1), 0);
		if (stream[i] == '\0')
			assert_frame(&r, i == 2 ? "ab" : "c");
		else
			assert_no_frame(&r);
	}
}

static void test_empty_frames_are_refused(void **state)
{
	LK_CLEANUP(frame_reader_done) struct frame_reader r;
	const char *frame;
	size_t len;

	(void)state;
	frame_reader_init(&r, 8);
	assert_no_frame(&r);
	assert_int_equal(frame_reader_feed(&r, "a\0\0b", 4), 0);
	assert_frame(&r, "a");
	assert_int_equal(frame_reader_next(&r, &frame, &len), -EBADMSG);
	assert_int_equal(frame_reader_next(&r, &frame, &len), -EBADMSG);
}

/* L6: the maximum and one more, for every small maximum. */
static void test_maximum(void **state)
{
	char bytes[70];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	for (size_t max = 1; max < 64; max++) {
		LK_CLEANUP(frame_reader_done) struct frame_reader r;

		frame_reader_init(&r, max);
		assert_int_equal(frame_reader_feed(&r, bytes, max), 0);
		assert_no_frame(&r);
		assert_int_equal(frame_reader_feed(&r, "", 1), 0);
		assert_int_equal(frame_reader_next(&r, &(const char *){NULL}, &(size_t){0}), 1);
		assert_int_equal(frame_reader_feed(&r, bytes, max + 1), -E2BIG);
		frame_reader_done(&r);

		frame_reader_init(&r, max);
		assert_int_equal(frame_reader_feed(&r, bytes, max + 2), -E2BIG);
		assert_no_frame(&r);
	}
}

static void test_frames_are_wiped(void **state)
{
	LK_CLEANUP(frame_reader_done) struct frame_reader r;
	const char *frame;
	size_t len;

	(void)state;
	frame_reader_init(&r, 64);
	assert_int_equal(frame_reader_feed(&r, "token\0next\0", 11), 0);
	assert_int_equal(frame_reader_next(&r, &frame, &len), 1);
	assert_frame(&r, "next");
	assert_memory_equal(frame, "\0\0\0\0\0", 5);
	assert_no_frame(&r);
	assert_memory_equal(r.in.data, "\0\0\0\0\0\0\0\0\0\0", 10);
}

/* The most frames that fit: each must cost its own length, not that of all others. */
static void test_many_small_frames(void **state)
{
	LK_CLEANUP(frame_reader_done) struct frame_reader r;
	char *stream = malloc(FRAME_MAX);
	const char *frame;
	size_t len, n = 0;

	(void)state;
	assert_non_null(stream);
	for (size_t i = 0; i < FRAME_MAX; i++)
		stream[i] = i % 2 ? '\0' : 'x';
	frame_reader_init(&r, FRAME_MAX);
	assert_int_equal(frame_reader_feed(&r, stream, FRAME_MAX), 0);
	while (frame_reader_next(&r, &frame, &len) == 1)
		n++;
	assert_int_equal(n, FRAME_MAX / 2);
	free(stream);
}

static int pair[2];

static int set_up(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair);
}

static int tear_down(void **state)
{
	(void)state;
	(void)close(pair[0]);
	if (pair[1] >= 0)
		(void)close(pair[1]);
	return 0;
}

static void send_text(const void *bytes, size_t len)
{
	assert_int_equal(send(pair[1], bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* L2: what a client sent before it left is read in full, then the end shows. */
static void test_fill(void **state)
{
	LK_CLEANUP(frame_reader_done) struct frame_reader r;

	(void)state;
	frame_reader_init(&r, 100);
	assert_int_equal(frame_reader_fill(&r, pair[0]), -EAGAIN);
	send_text("a\0b", 3);
	assert_int_equal(frame_reader_fill(&r, pair[0]), 3);
	assert_frame(&r, "a");
	assert_no_frame(&r);
	send_text("c\0d", 3);
	(void)close(pair[1]);
	pair[1] = -1;
	assert_int_equal(frame_reader_fill(&r, pair[0]), 3);
	assert_frame(&r, "bc");
	assert_int_equal(frame_reader_fill(&r, pair[0]), 0);
	assert_no_frame(&r);
	assert_int_equal(frame_reader_fill(&r, -1), -EBADF);
}

static void test_fill_at_the_maximum(void **state)
{
	LK_CLEANUP(frame_reader_done) struct frame_reader r;

	(void)state;
	frame_reader_init(&r, 4);
	send_text("abcd\0efghi", 10);
	assert_int_equal(frame_reader_fill(&r, pair[0]), 5);
	assert_int_equal(frame_reader_fill(&r, pair[0]), -ENOBUFS);
	assert_frame(&r, "abcd");
	assert_int_equal(frame_reader_fill(&r, pair[0]), -E2BIG);
	assert_int_equal(frame_reader_fill(&r, pair[0]), -E2BIG);
	assert_no_frame(&r);
}

static size_t open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	(void)closedir(dir);
	return n;
}

/* L5: as many descriptors as one message takes, with each of several messages. */
static void test_passed_descriptors_are_closed(void **state)
{
	char control[CMSG_SPACE(SCM_MAX_FDS * sizeof(int))] = {0};
	int fds[SCM_MAX_FDS], probe[2];
	struct iovec data = {.iov_base = (char[]){'a', '\0'}, .iov_len = 2};
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	LK_CLEANUP(frame_reader_done) struct frame_reader r;
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	size_t before;

	(void)state;
	assert_int_equal(pipe2(probe, O_CLOEXEC | O_NONBLOCK), 0);
	for (size_t i = 0; i < SCM_MAX_FDS; i++)
		fds[i] = probe[1];
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(header), fds, sizeof(fds));

	frame_reader_init(&r, 100);
	before = open_descriptors();
	for (int i = 0; i < 10; i++) {
		assert_int_equal(sendmsg(pair[1], &message, MSG_NOSIGNAL), 2);
		assert_int_equal(frame_reader_fill(&r, pair[0]), 2);
		assert_frame(&r, "a");
	}
	assert_int_equal(open_descriptors(), before);
	(void)close(probe[1]);
	/* The pipe has no writer left: no copy is hidden anywhere. */
	assert_int_equal(read(probe[0], control, 1), 0);
	(void)close(probe[0]);
}

static void test_write_all_or_nothing(void **state)
{
	LK_CLEANUP(buf_done) struct buf out;

	(void)state;
	buf_init(&out, 8);
	assert_int_equal(frame_write(&out, "abcdefgh", 8), -E2BIG);
	assert_int_equal(out.len, 0);
	assert_int_equal(frame_write(&out, "abc", 3), 0);
	assert_int_equal(frame_write(&out, "defg", 4), -E2BIG);
	assert_int_equal(frame_write(&out, "def", 3), 0);
	assert_memory_equal(out.data, "abc\0def\0", 8);
	assert_int_equal(frame_write(&out, "", 0), -E2BIG);
	buf_append_text(&out, "x");
	assert_int_equal(frame_write(&out, "x", 1), -E2BIG);
}

/* A peer that reads slowly gets everything in order; what was sent is wiped. */
static void test_flush_in_pieces(void **state)
{
	LK_CLEANUP(frame_reader_done) struct frame_reader r;
	LK_CLEANUP(buf_done) struct buf out;
	char *text = malloc(FRAME_MAX);
	const char *frame;
	size_t len;
	int left, got = 0, size = 4096;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', FRAME_MAX);
	assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	buf_init(&out, FRAME_MAX + 1);
	assert_int_equal(frame_write(&out, text, FRAME_MAX), 0);
	frame_reader_init(&r, FRAME_MAX);
	left = frame_flush(&out, pair[0]);
	assert_int_equal(left, 1);
	assert_true(out.len > 0 && out.len <= FRAME_MAX);
	while (got == 0) {
		ssize_t n = frame_reader_fill(&r, pair[1]);

		assert_true(n > 0 || n == -EAGAIN);
		left = frame_flush(&out, pair[0]);
		assert_true(left == 0 || left == 1);
		got = frame_reader_next(&r, &frame, &len);
	}
	assert_int_equal(got, 1);
	assert_int_equal(len, FRAME_MAX);
	assert_memory_equal(frame, text, FRAME_MAX);
	assert_int_equal(left, 0);
	assert_int_equal(out.len, 0);
	assert_memory_equal(out.data, (char[64]){0}, 64);
	assert_int_equal(frame_flush(&out, pair[0]), 0);
	free(text);
}

struct taken {
	unsigned n;
	unsigned stop_at; /* 0: never */
	int answer;       /* at that one */
};

static int take(void *userdata, const char *frame, size_t len)
{
	struct taken *t = userdata;

	assert_int_equal(len, strlen(frame));
	return ++t->n == t->stop_at ? t->answer : 0;
}

static void test_drain(void **state)
{
	LK_CLEANUP(frame_reader_done) struct frame_reader r;
	struct taken all = {.n = 0}, stopped = {.stop_at = 2, .answer = 1}, refused = {.stop_at = 1, .answer = -EPERM};

	(void)state;
	frame_reader_init(&r, 10);
	assert_int_equal(frame_reader_drain(&r, pair[1], take, &all), 0);
	assert_int_equal(write(pair[0], "a\0b\0c\0d", 7), 7);
	assert_int_equal(frame_reader_drain(&r, pair[1], take, &all), 0);
	assert_int_equal(all.n, 3);
	assert_int_equal(write(pair[0], "d\0e\0f\0g\0", 8), 8);
	assert_int_equal(frame_reader_drain(&r, pair[1], take, &stopped), 0);
	assert_int_equal(stopped.n, 2); /* whoever stops may have freed the reader */
	assert_int_equal(frame_reader_drain(&r, pair[1], take, &all), 0);
	frame_reader_done(&r);

	frame_reader_init(&r, 10);
	assert_int_equal(write(pair[0], "a\0b\0", 4), 4);
	assert_int_equal(frame_reader_drain(&r, pair[1], take, &refused), -EPERM);
	frame_reader_done(&r);
	frame_reader_init(&r, 10);
	assert_int_equal(write(pair[0], "a\0\0", 3), 3);
	assert_int_equal(frame_reader_drain(&r, pair[1], take, &all), -EBADMSG);
	frame_reader_done(&r);
	frame_reader_init(&r, 10);
	assert_int_equal(write(pair[0], "a\0b", 3), 3);
	assert_int_equal(shutdown(pair[0], SHUT_WR), 0);
	assert_int_equal(frame_reader_drain(&r, pair[1], take, &all), -EPIPE);
	assert_int_equal(all.n, 5);
}

/* A peer that never ends does not keep the event loop to itself. */
static void test_drain_is_bounded(void **state)
{
	LK_CLEANUP(frame_reader_done) struct frame_reader r;
	struct taken t = {.n = 0};
	char chunk[4096] = "";
	unsigned sent = 0, last;

	(void)state;
	memset(chunk, 'x', sizeof(chunk) - 1);
	frame_reader_init(&r, sizeof(chunk));
	do {
		last = t.n;
		while (send(pair[0], chunk, sizeof(chunk), MSG_DONTWAIT) == (ssize_t)sizeof(chunk))
			sent++;
		assert_int_equal(frame_reader_drain(&r, pair[1], take, &t), 0);
		assert_in_range(t.n - last, 1, 17);
	} while (sent < 400);
	while (t.n < sent)
		assert_int_equal(frame_reader_drain(&r, pair[1], take, &t), 0);
}

/* SIGPIPE would end the process: it belongs to somebody else. */
static void test_flush_to_nobody(void **state)
{
	LK_CLEANUP(buf_done) struct buf out;

	(void)state;
	(void)close(pair[1]);
	pair[1] = -1;
	buf_init(&out, 100);
	assert_int_equal(frame_write(&out, "x", 1), 0);
	assert_int_equal(frame_flush(&out, pair[0]), -EPIPE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_empty_frames_are_refused),
		cmocka_unit_test(test_maximum),
		cmocka_unit_test(test_frames_are_wiped),
		cmocka_unit_test(test_many_small_frames),
		cmocka_unit_test_setup_teardown(test_fill, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_fill_at_the_maximum, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_passed_descriptors_are_closed, set_up, tear_down),
		cmocka_unit_test(test_write_all_or_nothing),
		cmocka_unit_test_setup_teardown(test_drain, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_drain_is_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_flush_in_pieces, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_flush_to_nobody, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
