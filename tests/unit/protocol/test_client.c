/* SPDX-License-Identifier: MIT */
/*
 * The blocking client against a helper that this test plays itself: whom it trusts (threat L9), which ends a wait may
 * have, and that the process around it stays as it was (L12).
 */
#include "helper/protocol/client.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "helper/base/buf.h"
#include "helper/base/json.h"
#include "helper/protocol/frame.h"
#include "tests/unit/as_root.h"
#include "tests/unit/scratch.h"

static struct scratch scratch;
static int listener = -1, helper = -1;
static struct client *client;

static const char *socket_path(void)
{
	return scratch_name(&scratch, "s");
}

static int listen_at(const char *path, int backlog)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, backlog) < 0)
		return -1;
	return fd;
}

static int set_up(void **state)
{
	(void)state;
	if (!as_root() || !scratch_new(&scratch))
		return -1;
	listener = listen_at(socket_path(), 8);
	return listener < 0 ? -1 : 0;
}

static void close_it(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static int tear_down(void **state)
{
	(void)state;
	client_close(client);
	client = NULL;
	close_it(&helper);
	close_it(&listener);
	scratch_done(&scratch);
	return 0;
}

static void connect_both(void)
{
	assert_int_equal(client_open(&client, socket_path()), 0);
	helper = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(helper >= 0);
}

static void answer(const char *text)
{
	size_t len = strlen(text) + 1;

	assert_int_equal(send(helper, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

static void call(bool more)
{
	assert_int_equal(client_call(client, "x.a.B", NULL, more), 0);
}

static int next(struct varlink_reply *reply)
{
	return client_next(client, reply, 0, -1, NULL);
}

static void assert_fails(int expected)
{
	struct varlink_reply reply = {.error = "untouched"};

	assert_int_equal(next(&reply), expected);
	assert_string_equal(reply.error, "untouched");
}

static void assert_reply(const char *parameters, bool continues)
{
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};

	assert_int_equal(next(&reply), 0);
	assert_string_equal(json_text(reply.parameters), parameters);
	assert_int_equal(reply.continues, continues);
}

static void test_call_and_reply(void **state)
{
	char text[100] = "";

	(void)state;
	connect_both();
	call(false);
	assert_int_equal(recv(helper, text, sizeof(text), 0), 35);
	assert_string_equal(text, "{\"method\":\"x.a.B\",\"parameters\":{}}");
	answer("{\"parameters\":{\"x\":1}}");
	assert_reply("{\"x\":1}", false);
	assert_fails(-EINVAL);
	call(false);
	answer("{\"error\":\"x.a.C\"}");

	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	assert_int_equal(next(&reply), 0);
	assert_string_equal(reply.error, "x.a.C");
}

static void test_stream(void **state)
{
	(void)state;
	connect_both();
	call(true);
	assert_int_equal(client_call(client, "x.a.B", NULL, true), -EBUSY);
	answer("{\"parameters\":{\"x\":1},\"continues\":true}");
	answer("{\"parameters\":{\"x\":2},\"continues\":true}");
	assert_reply("{\"x\":1}", true);
	assert_int_equal(client_call(client, "x.a.B", NULL, true), -EBUSY);
	assert_reply("{\"x\":2}", true);
	assert_fails(-ETIMEDOUT);
	answer("{}");
	assert_reply("{}", false);
	call(false);
	answer("{}");
	assert_reply("{}", false);
}

/* A reply in pieces, with a time-out in between. */
static void test_reply_in_pieces(void **state)
{
	(void)state;
	connect_both();
	call(false);
	assert_int_equal(send(helper, "{\"param", 7, MSG_NOSIGNAL), 7);
	assert_fails(-ETIMEDOUT);
	answer("eters\":{}}");
	assert_reply("{}", false);
}

static void test_replies_that_cannot_be_believed(void **state)
{
	static const char *const rows[] = {"",       "{",        "[]", "{\"continues\":true}", "{\"error\":\"x\"}",
					   "\xff{}", "{\"a\":1}"};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		connect_both();
		call(false);
		answer(rows[i]);
		answer("{}");
		assert_fails(-EBADMSG);
		/* Nothing that follows is believed either. */
		assert_fails(-EPIPE);
		assert_int_equal(client_call(client, "x.a.B", NULL, false), -EPIPE);
		client_close(client);
		client = NULL;
		close_it(&helper);
	}
}

/* What the helper said without being asked must not answer the next question. */
static void test_unasked_replies(void **state)
{
	(void)state;
	connect_both();
	call(false);
	answer("{}");
	answer("{\"parameters\":{\"state\":\"granted\"}}");
	assert_reply("{}", false);
	assert_int_equal(client_call(client, "x.a.B", NULL, false), -EBADMSG);
	assert_int_equal(client_call(client, "x.a.B", NULL, false), -EPIPE);
}

static void test_helper_goes(void **state)
{
	(void)state;
	connect_both();
	call(true);
	answer("{\"continues\":true}");
	assert_int_equal(send(helper, "{\"parameters\":", 14, MSG_NOSIGNAL), 14);
	close_it(&helper);
	assert_reply("{}", true);
	assert_fails(-EPIPE);
	assert_fails(-EPIPE);
}

static void test_helper_goes_before_the_call(void **state)
{
	(void)state;
	connect_both();
	close_it(&helper);
	assert_int_equal(client_call(client, "x.a.B", NULL, false), -EPIPE);
	assert_int_equal(client_call(client, "x.a.B", NULL, false), -EPIPE);
}

static void test_endless_reply(void **state)
{
	pid_t child;

	(void)state;
	connect_both();
	call(false);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		char chunk[4096];

		(void)close(client_fd(client)); /* else this end alone would keep the connection alive */
		memset(chunk, ' ', sizeof(chunk));
		while (send(helper, chunk, sizeof(chunk), MSG_NOSIGNAL) > 0) {
		}
		_exit(0);
	}
	close_it(&helper);
	assert_int_equal(client_next(client, &(struct varlink_reply){0}, 60000, -1, NULL), -EBADMSG);
	client_close(client);
	client = NULL;
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_call_too_large(void **state)
{
	struct json_object *parameters = json_object_new_object();
	char *text = calloc(1, FRAME_MAX + 1);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', FRAME_MAX);
	json_object_object_add(parameters, "x", json_object_new_string(text));
	connect_both();
	assert_int_equal(client_call(client, "x.a.B", parameters, false), -E2BIG);
	call(false);
	answer("{}");
	assert_reply("{}", false);
	json_object_put(parameters);
	free(text);
}

/* A helper that never reads: the call ends by itself, and the broken stream is not used again. */
static void test_helper_does_not_read(void **state)
{
	struct json_object *parameters = json_object_new_object();
	char *text = calloc(1, FRAME_MAX - 100);
	int size = 4096;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', FRAME_MAX - 101);
	json_object_object_add(parameters, "x", json_object_new_string(text));
	connect_both();
	assert_int_equal(setsockopt(client_fd(client), SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	assert_int_equal(client_call(client, "x.a.B", parameters, false), -ETIMEDOUT);
	assert_int_equal(client_call(client, "x.a.B", NULL, false), -EPIPE);
	json_object_put(parameters);
	free(text);
}

/* A helper that never accepts, with a full backlog. */
static void test_helper_does_not_accept(void **state)
{
	struct client *clients[16] = {NULL};
	size_t n = 0;
	int r = 0;

	(void)state;
	while (n < 16 && r == 0)
		r = client_open(&clients[n++], socket_path());
	assert_int_equal(r, -ETIMEDOUT);
	for (size_t i = 0; i < 16; i++)
		client_close(clients[i]);
}

static void test_client_of_the_caller_goes(void **state)
{
	int watched[2];
	struct varlink_reply reply = {0};

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, watched), 0);
	connect_both();
	call(true);
	/* Unread bytes are no hang-up. */
	assert_int_equal(send(watched[1], "x", 1, MSG_NOSIGNAL), 1);
	assert_int_equal(client_next(client, &reply, 0, watched[0], NULL), -ETIMEDOUT);
	(void)close(watched[1]);
	assert_int_equal(client_next(client, &reply, 60000, watched[0], NULL), -ECONNABORTED);
	answer("{}");
	assert_int_equal(client_next(client, &reply, 60000, watched[0], NULL), -ECONNABORTED);
	(void)close(watched[0]);
	assert_null(reply.message);
}

static void on_signal(int number)
{
	(void)number;
}

static void test_signals(void **state)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, before;
	struct varlink_reply reply = {0};
	sigset_t blocked, open_mask, mask;

	(void)state;
	connect_both();
	call(true);
	assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGUSR1);
	assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &open_mask), 0);
	assert_int_equal(raise(SIGUSR1), 0);

	/* Blocked around us and not opened: it stays pending. */
	assert_int_equal(client_next(client, &reply, 0, -1, NULL), -ETIMEDOUT);
	assert_int_equal(client_next(client, &reply, 60000, -1, &open_mask), -EINTR);

	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
	assert_int_equal(sigismember(&mask, SIGUSR1), 1);
	answer("{}");
	assert_reply("{}", false);
	assert_int_equal(sigprocmask(SIG_SETMASK, &open_mask, NULL), 0);
	assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
}

static void test_no_helper(void **state)
{
	(void)state;
	assert_int_equal(client_open(&client, scratch_name(&scratch, "none")), -ENOENT);
	assert_int_equal(client_open(&client, "/nonexistent-folder/s"), -ENOENT);
	assert_true(scratch_write(&scratch, "file", "", 0, 0644));
	assert_int_equal(client_open(&client, scratch_name(&scratch, "file")), -ECONNREFUSED);
	close_it(&listener);
	assert_int_equal(client_open(&client, socket_path()), -ECONNREFUSED);
	assert_null(client);
}

static void test_paths(void **state)
{
	char path[300];

	(void)state;
	assert_int_equal(client_open(&client, ""), -EPERM);
	assert_int_equal(client_open(&client, "s"), -EPERM);
	assert_int_equal(client_open(&client, "./s"), -EPERM);
	assert_int_equal(client_open(&client, "/s"), -EPERM);
	(void)snprintf(path, sizeof(path), "%s/%0200d", scratch.path, 0);
	assert_int_equal(client_open(&client, path), -ENAMETOOLONG);
	assert_null(client);
}

/* L9: whoever may write to the folder may have put the socket there. */
static void test_untrusted_folders(void **state)
{
	static const mode_t modes[] = {0775, 0757, 0777, 01777};

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(scratch.path, modes[i]), 0);
		assert_int_equal(client_open(&client, socket_path()), -EPERM);
	}
	assert_int_equal(chmod(scratch.path, 0755), 0);
	assert_int_equal(symlink(".", scratch_name(&scratch, "link")), 0);
	assert_int_equal(client_open(&client, scratch_name(&scratch, "link/s")), -EPERM);
	assert_int_equal(client_open(&client, scratch_name(&scratch, "s/s")), -EPERM);
	assert_int_equal(client_open(&client, socket_path()), 0);
	client_close(client);
	client = NULL;

	if (chown(scratch.path, 12345, (gid_t)-1) < 0)
		skip();
	assert_int_equal(client_open(&client, socket_path()), -EPERM);
	assert_null(client);
}

/* L9: the daemon died and somebody else listens in its place. */
static void test_untrusted_listener(void **state)
{
	int ready[2];
	pid_t child;
	char byte = 0;

	(void)state;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		struct sockaddr_un address = {.sun_family = AF_UNIX};

		(void)alarm(60); /* should the test fail, nobody else would end this */
		(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/other", scratch.path);
		byte = 'n';
		if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 && setuid(12345) == 0 &&
		    listen(fd, 8) == 0)
			byte = 'y';
		(void)!write(ready[1], &byte, 1);
		(void)pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	if (byte == 'y')
		assert_int_equal(client_open(&client, scratch_name(&scratch, "other")), -EPERM);
	(void)kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	(void)close(ready[0]);
	(void)close(ready[1]);
	if (byte != 'y')
		skip();
}

/* Runs in a child, whose low descriptors are closed. */
static bool works_without_stdio(void)
{
	struct client *c = NULL;
	bool good;

	for (int fd = 0; fd <= 2; fd++)
		(void)close(fd);
	if (client_open(&c, socket_path()) < 0)
		return false;
	good = client_fd(c) > 2 && (fcntl(client_fd(c), F_GETFD) & FD_CLOEXEC);
	for (int fd = 0; fd <= 2; fd++)
		good = good && fcntl(fd, F_GETFD) < 0 && errno == EBADF;
	client_close(c);
	return good;
}

/* L12 */
static void test_low_descriptors_stay_free(void **state)
{
	pid_t child = fork();
	int status = -1;

	(void)state;
	if (child == 0)
		_exit(works_without_stdio() ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* L12: descriptors beyond what select() can hold. */
static void test_many_descriptors(void **state)
{
	struct rlimit limit, wanted;
	int fds[1100];

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	wanted = (struct rlimit){.rlim_cur = 1300, .rlim_max = limit.rlim_max};
	if (limit.rlim_max < wanted.rlim_cur)
		skip();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &wanted), 0);
	for (size_t i = 0; i < 1100; i++)
		fds[i] = fcntl(listener, F_DUPFD_CLOEXEC, 3);

	connect_both();
	assert_true(client_fd(client) > 1024);
	call(false);
	answer("{}");
	assert_reply("{}", false);

	for (size_t i = 0; i < 1100; i++)
		(void)close(fds[i]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void test_nothing_is_inherited(void **state)
{
	(void)state;
	connect_both();
	assert_true(fcntl(client_fd(client), F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(client_fd(client), F_GETFL) & O_NONBLOCK);
	client_close(NULL);
}

#define WITH_HELPER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HELPER(test_call_and_reply),
		WITH_HELPER(test_stream),
		WITH_HELPER(test_reply_in_pieces),
		WITH_HELPER(test_replies_that_cannot_be_believed),
		WITH_HELPER(test_unasked_replies),
		WITH_HELPER(test_helper_goes),
		WITH_HELPER(test_helper_goes_before_the_call),
		WITH_HELPER(test_endless_reply),
		WITH_HELPER(test_call_too_large),
		WITH_HELPER(test_helper_does_not_read),
		WITH_HELPER(test_helper_does_not_accept),
		WITH_HELPER(test_client_of_the_caller_goes),
		WITH_HELPER(test_signals),
		WITH_HELPER(test_no_helper),
		WITH_HELPER(test_paths),
		WITH_HELPER(test_untrusted_folders),
		WITH_HELPER(test_untrusted_listener),
		WITH_HELPER(test_low_descriptors_stay_free),
		WITH_HELPER(test_many_descriptors),
		WITH_HELPER(test_nothing_is_inherited),
	};

	(void)alarm(120);
	(void)umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
