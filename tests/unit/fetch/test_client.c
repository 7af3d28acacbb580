/* SPDX-License-Identifier: MIT */
/* latchkeyd's end: what becomes of requests when the other end answers, lies, goes away or was never there. The peer is
 * played by hand, so that every step happens in a known order; at the end the real server is killed in mid flight. */
#include "helper/fetch/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "helper/base/secret.h"
#include "helper/fetch/server.h"
#include "tests/unit/fetch/peer.h"

/* --- ordinary days --------------------------------------------------------------------------------------------------- */

static void question_and_answer(void **state)
{
	struct bench *b = *state;
	struct outcome o = {0};

	assert_string_equal(fetch_client_state(b->client), "idle");
	(void)start(b, &o);
	assert_string_equal(fetch_client_state(b->client), "connected");
	take_connection(b);
	answer(b, next_id(b), "hello");
	assert_int_equal(o.n_calls, 0);
	run_until_called(b, &o, 1);
	assert_int_equal(o.outcome, FETCH_DONE);
	assert_int_equal(o.status, 200);
	assert_string_equal(o.body, "hello");
}

static void failure_is_passed_on(void **state)
{
	struct bench *b = *state;
	struct outcome o = {0};

	(void)start(b, &o);
	take_connection(b);
	assert_int_equal(wire_write_answer(&b->out, next_id(b), FETCH_TLS, NULL, "bad certificate"), 0);
	assert_int_equal(frame_flush(&b->out, b->peer), 0);
	run_until_called(b, &o, 1);
	assert_int_equal(o.outcome, FETCH_TLS);
	assert_string_equal(o.detail, "bad certificate");
}

static void a_thousand_answers_in_any_order(void **state)
{
	enum {
		N = 1000
	};
	static struct outcome outcomes[N];
	static uint64_t ids[N];
	struct bench *b = *state;

	memset(outcomes, 0, sizeof(outcomes));
	for (size_t i = 0; i < N; i++)
		(void)start(b, &outcomes[i]);
	take_connection(b);
	for (size_t i = 0; i < N; i++)
		ids[i] = next_id(b);
	for (size_t i = 0; i < N; i++) {
		char body[16];

		(void)snprintf(body, sizeof(body), "%zu", (i * 7) % N);
		answer(b, ids[(i * 7) % N], body);
		run_what_is_ready(b);
	}
	for (size_t i = 0; i < N; i++) {
		assert_int_equal(outcomes[i].n_calls, 1);
		assert_int_equal(strtoul(outcomes[i].body, NULL, 10), i);
	}
}

static void large_bodies_pass_a_small_socket(void **state)
{
	struct bench *b = *state;
	LK_CLEANUP(secret_free_stringp) char *body = malloc(FETCH_BODY_MAX + 1);
	struct fetch_request post = get;
	struct outcome o[3] = {{0}};
	struct fetch_call *call;

	assert_non_null(body);
	memset(body, 'b', FETCH_BODY_MAX);
	body[FETCH_BODY_MAX] = '\0';
	post.body = body;
	post.body_len = FETCH_BODY_MAX;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(fetch_start(b->client, &post, note, &o[i], &call), 0);
	take_connection(b);
	for (size_t i = 0; i < 3; i++) {
		struct wire_question *q = next_question(b);

		assert_int_equal(q->request.body_len, FETCH_BODY_MAX);
		assert_memory_equal(q->request.body, body, FETCH_BODY_MAX);
		answer(b, q->id, "ok");
		wire_question_free(q);
	}
	for (size_t i = 0; i < 3; i++)
		run_until_called(b, &o[i], 1);
}

struct chain {
	struct bench *bench;
	struct outcome second;
	unsigned n_calls;
};

static void ask_again(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	struct chain *chain = userdata;

	(void)outcome;
	(void)reply;
	(void)detail;
	chain->n_calls++;
	(void)start(chain->bench, &chain->second);
	assert_int_equal(chain->second.n_calls, 0);
}

static void a_callback_may_ask_again(void **state)
{
	struct chain chain = {.bench = *state};
	struct bench *b = *state;
	struct fetch_call *call;

	assert_int_equal(fetch_start(b->client, &get, ask_again, &chain, &call), 0);
	take_connection(b);
	answer(b, next_id(b), "first");
	while (chain.n_calls == 0)
		assert_true(sd_event_run(b->event, UINT64_MAX) >= 0);
	answer(b, next_id(b), "second");
	run_until_called(b, &chain.second, 1);
	assert_string_equal(chain.second.body, "second");
}

/* --- cancelling ------------------------------------------------------------------------------------------------------ */

static void a_cancelled_call_is_silent(void **state)
{
	struct bench *b = *state;
	struct outcome cancelled = {0};
	struct outcome kept = {0};
	struct fetch_call *call = start(b, &cancelled);
	struct wire_question *q;
	uint64_t id;

	(void)start(b, &kept);
	take_connection(b);
	id = next_id(b);
	(void)next_id(b);
	fetch_cancel(call);
	q = next_question(b);
	assert_true(q->is_cancel);
	assert_int_equal(q->id, id);
	wire_question_free(q);
	/* The answer was on its way already. */
	answer(b, id, "too late");
	answer(b, id + 1, "kept");
	run_until_called(b, &kept, 1);
	assert_string_equal(kept.body, "kept");
	assert_int_equal(cancelled.n_calls, 0);
	fetch_cancel(NULL);
}

static void a_failure_can_be_cancelled(void **state)
{
	struct bench *b = *state;
	struct outcome o = {0};

	(void)close(b->listener);
	b->listener = -1;
	fetch_cancel(start(b, &o));
	run_what_is_ready(b);
	assert_int_equal(o.n_calls, 0);
}

static void freeing_is_silent(void **state)
{
	struct bench *b = *state;
	struct outcome o = {0};

	(void)start(b, &o);
	take_connection(b);
	hang_up(b);
	(void)start(b, &o);
	fetch_client_free(b->client);
	b->client = NULL;
	run_what_is_ready(b);
	assert_int_equal(o.n_calls, 0);
}

/* --- bad days -------------------------------------------------------------------------------------------------------- */

static void nobody_there(void **state)
{
	struct bench *b = *state;
	struct outcome o = {0};

	(void)close(b->listener);
	b->listener = -1;
	(void)start(b, &o);
	assert_int_equal(o.n_calls, 0);
	run_until_called(b, &o, 1);
	assert_int_equal(o.outcome, FETCH_LOST);
	assert_string_equal(fetch_client_state(b->client), "unreachable");

	/* It came back. */
	listen_at(b);
	(void)start(b, &o);
	take_connection(b);
	answer(b, next_id(b), "back");
	run_until_called(b, &o, 2);
	assert_int_equal(o.outcome, FETCH_DONE);
}

static void gone_in_mid_flight(void **state)
{
	struct bench *b = *state;
	struct outcome o[3] = {{0}};

	for (size_t i = 0; i < 3; i++)
		(void)start(b, &o[i]);
	take_connection(b);
	answer(b, next_id(b), "one");
	(void)next_id(b);
	hang_up(b);
	for (size_t i = 0; i < 3; i++)
		run_until_called(b, &o[i], 1);
	assert_int_equal(o[0].outcome, FETCH_DONE);
	assert_int_equal(o[1].outcome, FETCH_LOST);
	assert_int_equal(o[2].outcome, FETCH_LOST);

	(void)start(b, &o[0]);
	take_connection(b);
	answer(b, next_id(b), "again");
	run_until_called(b, &o[0], 2);
	assert_string_equal(o[0].body, "again");
}

static void gone_in_mid_answer(void **state)
{
	static const char half[] = "{\"id\":1,\"outcome\":\"done\",\"status\":200,\"body\":4}\0QUJD";
	struct bench *b = *state;
	struct outcome o = {0};

	(void)start(b, &o);
	take_connection(b);
	(void)next_id(b);
	send_text(b, half, sizeof(half) - 1);
	run_what_is_ready(b);
	assert_int_equal(o.n_calls, 0);
	hang_up(b);
	run_until_called(b, &o, 1);
	assert_int_equal(o.outcome, FETCH_LOST);
}

/* An end between two requests is no loss: the next one finds a fresh connection. */
static void gone_while_idle(void **state)
{
	struct bench *b = *state;
	struct outcome o = {0};

	(void)start(b, &o);
	take_connection(b);
	answer(b, next_id(b), "one");
	run_until_called(b, &o, 1);
	hang_up(b);
	(void)start(b, &o);
	take_connection(b);
	answer(b, next_id(b), "two");
	run_until_called(b, &o, 2);
	assert_int_equal(o.outcome, FETCH_DONE);
	assert_string_equal(o.body, "two");
}

static void protocol_breaks_are_losses(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} breaks[] = {
		{"", 1},
		{"{}", 3},
		{"nonsense", 9},
		{"{\"id\":1,\"outcome\":\"done\",\"status\":200,\"body\":4}\0QUJDRB", 55},
		{"{\"id\":1,\"outcome\":\"done\",\"status\":200,\"more\":1}", 48},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
		struct outcome o = {0};

		(void)start(b, &o);
		take_connection(b);
		(void)next_id(b);
		send_text(b, breaks[i].text, breaks[i].len);
		run_until_called(b, &o, 1);
		assert_int_equal(o.outcome, FETCH_LOST);
		assert_string_equal(o.detail, "latchkey-fetch broke the protocol");
		hang_up(b);
	}
}

static void endless_frame_is_a_loss(void **state)
{
	static char chunk[65536];
	struct bench *b = *state;
	struct outcome o = {0};

	(void)start(b, &o);
	take_connection(b);
	(void)next_id(b);
	memset(chunk, ' ', sizeof(chunk));
	while (o.n_calls == 0) {
		(void)send(b->peer, chunk, sizeof(chunk), MSG_NOSIGNAL | MSG_DONTWAIT);
		run_what_is_ready(b);
	}
	assert_int_equal(o.outcome, FETCH_LOST);
}

static void unknown_ids_are_passed_over(void **state)
{
	struct bench *b = *state;
	struct outcome o = {0};
	uint64_t id;

	(void)start(b, &o);
	take_connection(b);
	id = next_id(b);
	answer(b, id + 1000, "whose?");
	answer(b, id, "mine");
	answer(b, id, "mine again");
	run_until_called(b, &o, 1);
	assert_string_equal(o.body, "mine");
}

/* --- whom to trust (L9) ---------------------------------------------------------------------------------------------- */

static void folder_that_others_can_write(void **state)
{
	struct bench *b = *state;
	struct outcome o = {0};

	assert_int_equal(chmod(b->scratch.path, 0777), 0);
	(void)start(b, &o);
	run_until_called(b, &o, 1);
	assert_int_equal(o.outcome, FETCH_LOST);
	assert_string_equal(o.detail, "the socket of latchkey-fetch was not made by root");
	assert_int_equal(chmod(b->scratch.path, 0775), 0);
	(void)start(b, &o);
	run_until_called(b, &o, 2);
	assert_int_equal(o.outcome, FETCH_LOST);
}

static void listener_of_somebody_else(void **state)
{
	struct bench *b = *state;
	struct outcome o = {0};

	if (geteuid() != 0)
		skip();
	/* The kernel notes who calls listen(). */
	assert_int_equal(seteuid(64001), 0);
	assert_int_equal(listen(b->listener, 16), 0);
	assert_int_equal(seteuid(0), 0);
	(void)start(b, &o);
	run_until_called(b, &o, 1);
	assert_int_equal(o.outcome, FETCH_LOST);
	assert_string_equal(o.detail, "the socket of latchkey-fetch was not made by root");
}

static void requests_outside_the_limits(void **state)
{
	static char path[200];
	struct bench *b = *state;
	struct fetch_request bad = get;
	struct fetch_client *client = NULL;
	struct fetch_call *call = NULL;

	bad.timeout_ms = 0;
	assert_int_equal(fetch_start(b->client, &bad, note, NULL, &call), -EINVAL);
	assert_null(call);
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	assert_int_equal(fetch_client_new(&client, b->event, path), -EINVAL);
	assert_null(client);
}

/* --- the real thing -------------------------------------------------------------------------------------------------- */

static pid_t start_server(const struct bench *b)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct fetch_server *server = NULL;
		sd_event *event = NULL;
		int listener = dup(b->listener);

		if (sd_event_new(&event) < 0 || fetch_server_new(&server, event, listener, geteuid()) < 0)
			_exit(1);
		_exit(sd_event_loop(event) < 0);
	}
	assert_true(pid > 0);
	return pid;
}

static void kill_server(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static int listen_http(unsigned *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

/* C8: the request in flight ends at once, the next one is served by the successor on the same listener. */
static void killed_in_mid_flight(void **state)
{
	static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
	struct bench *b = *state;
	struct fetch_request request = get;
	struct outcome o = {0};
	struct fetch_call *call;
	unsigned port;
	int http = listen_http(&port);
	pid_t pid = start_server(b);
	char url[64];
	int fd;

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
	request.url = url;
	assert_int_equal(fetch_start(b->client, &request, note, &o, &call), 0);
	fd = accept4(http, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	kill_server(pid);
	run_until_called(b, &o, 1);
	assert_int_equal(o.outcome, FETCH_LOST);
	(void)close(fd);

	pid = start_server(b);
	assert_int_equal(fetch_start(b->client, &request, note, &o, &call), 0);
	fd = accept4(http, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(send(fd, reply, sizeof(reply) - 1, MSG_NOSIGNAL), sizeof(reply) - 1);
	run_until_called(b, &o, 2);
	assert_int_equal(o.outcome, FETCH_DONE);
	assert_string_equal(o.body, "ok");
	(void)close(fd);
	(void)close(http);
	kill_server(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(question_and_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(failure_is_passed_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_thousand_answers_in_any_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(large_bodies_pass_a_small_socket, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_callback_may_ask_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_cancelled_call_is_silent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_failure_can_be_cancelled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(freeing_is_silent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(gone_in_mid_flight, set_up, tear_down),
		cmocka_unit_test_setup_teardown(gone_in_mid_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(gone_while_idle, set_up, tear_down),
		cmocka_unit_test_setup_teardown(protocol_breaks_are_losses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(endless_frame_is_a_loss, set_up, tear_down),
		cmocka_unit_test_setup_teardown(unknown_ids_are_passed_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(folder_that_others_can_write, set_up, tear_down),
		cmocka_unit_test_setup_teardown(listener_of_somebody_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(requests_outside_the_limits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(killed_in_mid_flight, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
