/* SPDX-License-Identifier: MIT */
/* Guessing the caller: OpenSSH's version in a program file of any shape, and the client's connection among descriptors. */
#include "pam_module/caller.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int program(size_t before, const char *text, size_t len)
{
	int fd = memfd_create("program", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)before), 0);
	assert_int_equal(pwrite(fd, text, len, (off_t)before), (ssize_t)len);
	return fd;
}

static int version_of(size_t before, const char *text, size_t len)
{
	int fd = program(before, text, len);
	int version = caller_openssh_version(fd);

	close(fd);
	return version;
}

static void test_versions(void **state)
{
	static const struct {
		const char *text;
		int version;
	} cases[] = {
		{"OpenSSH_9.2", 902},
		{"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10", 902},
		{"OpenSSH_10.3p1", 1003},
		{"OpenSSH_10.2p2 Ubuntu", 1002},
		{"OpenSSH_6.6.1*OpenSSH_7.0*,OpenSSH_7.1* OpenSSH_8.9p1", 809},
		{"OpenSSH_10.12", 1012},
		{"OpenSSH_9.2p1 OpenSSH_10.3p1", 1003},
		{"OpenSSH_7.0*,OpenSSH_7.7*", 0},
		{"OpenSSH_6.6.1", 0},
		{"OpenSSH_", 0},
		{"OpenSSH_9", 0},
		{"OpenSSH_9.", 0},
		{"OpenSSH_.2", 0},
		{"OpenSSH_x.y", 0},
		{"OpenSSH_OpenSSH_9.2", 902},
		{"openssh_9.2", 0},
		{"", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(version_of(0, cases[i].text, strlen(cases[i].text)), cases[i].version);
}

/* The mark over every seam between two reads. */
static void test_seams(void **state)
{
	(void)state;
	for (size_t before = 32768 - 64; before <= 32768 + 64; before++)
		assert_int_equal(version_of(before, "OpenSSH_10.3p1 x", 16), 1003);
	assert_int_equal(version_of(5000000, "OpenSSH_10.3", 12), 1003);
}

static void test_version_errors(void **state)
{
	(void)state;
	assert_int_equal(caller_openssh_version(-1), -EBADF);
}

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
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_seams),
		cmocka_unit_test(test_version_errors),
		cmocka_unit_test(test_client_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
