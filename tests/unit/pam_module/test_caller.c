/* SPDX-License-Identifier: MIT */
/* Guessing the caller: the client's connection among descriptors. */
#include "pam_module/caller.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A connected pair over loopback. @ret[0] is the side whose peer is asked for. */
static void connect_pair(int ret[2], int family)
{
	struct sockaddr_storage address = {.ss_family = (sa_family_t)family};
	socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	int listener = socket(family, SOCK_STREAM, 0);

	if (family == AF_INET)
		((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		((struct sockaddr_in6 *)&address)->sin6_addr = in6addr_loopback;
	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	ret[1] = socket(family, SOCK_STREAM, 0);
	assert_int_equal(connect(ret[1], (struct sockaddr *)&address, len), 0);
	ret[0] = accept(listener, NULL, NULL);
	assert_true(ret[0] >= 0);
	close(listener);
}

static void test_client_socket(void **state)
{
	char address[INET6_ADDRSTRLEN];
	int pair[2], local[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, local), 0);
	assert_int_equal(caller_client_socket(NULL, address), -1);
	assert_string_equal(address, "");

	connect_pair(pair, AF_INET);
	close(pair[1]);
	pair[1] = -1;
	assert_int_equal(caller_client_socket("127.0.0.1", address), pair[0]);
	assert_string_equal(address, "127.0.0.1");
	assert_int_equal(caller_client_socket(NULL, address), pair[0]);
	assert_int_equal(caller_client_socket("client.example.org", address), pair[0]);
	/* a directory server's connection in the same process is not the client's */
	assert_int_equal(caller_client_socket("192.0.2.7", address), -1);
	assert_string_equal(address, "");
	close(pair[0]);
	close(local[0]);
	close(local[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
