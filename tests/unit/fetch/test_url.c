/* SPDX-License-Identifier: MIT */
/* Where requests may lead: threats N2 and N18 as far as one URL shows them. */
#include "helper/fetch/url.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/cleanup.h"
#include "helper/fetch/wire.h"

static void urls_that_pass(void **state)
{
	static const struct {
		const char *text, *host, *port;
		bool is_address;
	} good[] = {
		{"https://idp.example/", "idp.example", "443", false},
		{"https://idp.example", "idp.example", "443", false},
		{"https://idp.example:8443/a/../b?c=%0a@d", "idp.example", "8443", false},
		{"https://192.0.2.1/", "192.0.2.1", "443", true},
		{"https://[2001:db8::1]:8443/", "2001:db8::1", "8443", true},
		{"https://localhost/", "localhost", "443", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		LK_CLEANUP(url_done) struct url u = {0};
		const char *why = NULL;

		assert_int_equal(url_read(&u, good[i].text, false, &why), 0);
		assert_string_equal(u.host, good[i].host);
		assert_string_equal(u.port, good[i].port);
		assert_int_equal(u.is_address, good[i].is_address);
		assert_true(u.is_https);
		assert_false(u.is_localhost);
	}
}

static const char *const never[] = {
	"",
	"idp.example",
	"//idp.example/",
	"https:idp.example",
	"https:///",
	"https://",
	"https://:443/",
	"http://idp.example/",
	"HTTP://idp.example/",
	"file:///etc/passwd",
	"file://localhost/etc/passwd",
	"ftp://idp.example/",
	"gopher://idp.example/_x",
	"ldap://idp.example/",
	"javascript:alert(1)",
	"data:text/html,x",
	"https://user@idp.example/",
	"https://user:password@idp.example/",
	"https://@idp.example/",
	"https://:@idp.example/",
	"https://idp.example@evil.example/",
	"https://idp.example\\@evil.example/",
	"https://idp.example\\.evil.example/",
	"https://idp.example/#fragment",
	"https://idp.example#@evil.example/",
	"https://idp.example/ x",
	"https://idp.example/\r\nX: y",
	"https://idp.example/\x01",
	"https://idp.example/\x7f",
	"https://idp.example/\xc3\xa9",
	"https://id\xc3\xa9.example/",
	"https://idp.example./",
	"https://idp.example:0/",
	"https://idp.example:65536/",
	"https://idp.example:99999999999/",
	"https://idp.example:-1/",
	"https://idp.example:4a/",
	"https://[::1/",
	"https://[::1%25lo]/",
	"https://[vX.1]/",
	" https://idp.example/",
	"https://idp .example/",
	/* plain HTTP beyond this host, also in disguise */
	"http://128.0.0.1/",
	"http://0.0.0.0/",
	"http://[::]/",
	"http://[::ffff:127.0.0.1]/",
	"http://localhost.evil.example/",
	"http://127.0.0.1.evil.example/",
	"http://localhost./",
	"http://notlocalhost/",
	"http://127.0.0.1@evil.example/",
	"http://evil.example/?http://localhost/",
};

static void urls_that_never_pass(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		LK_CLEANUP(url_done) struct url u = {0};
		const char *why = NULL;

		if (url_read(&u, never[i], false, &why) != -EPERM || url_read(&u, never[i], true, &why) != -EPERM)
			fail_msg("taken: %s", never[i]);
		assert_non_null(why);
		assert_null(u.host);
	}
}

static void loopback_http_needs_the_switch(void **state)
{
	static const struct {
		const char *text;
		bool is_localhost;
	} loopback[] = {
		{"http://127.0.0.1:8080/", false}, {"http://127.255.255.254/", false}, {"http://[::1]:80/", false},
		{"http://localhost:3000/x", true}, {"http://LOCALHOST/", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++) {
		LK_CLEANUP(url_done) struct url u = {0};
		const char *why = NULL;

		assert_int_equal(url_read(&u, loopback[i].text, false, &why), -EPERM);
		assert_int_equal(url_read(&u, loopback[i].text, true, &why), 0);
		assert_false(u.is_https);
		assert_int_equal(u.is_localhost, loopback[i].is_localhost);
	}
}

static void length_ends_at_the_limit(void **state)
{
	static char text[WIRE_URL_MAX + 2] = "https://idp.example/";
	LK_CLEANUP(url_done) struct url u = {0};
	const char *why = NULL;

	(void)state;
	memset(text + strlen(text), 'a', WIRE_URL_MAX + 1 - strlen(text));
	assert_int_equal(url_read(&u, text, false, &why), -EPERM);
	text[WIRE_URL_MAX] = '\0';
	assert_int_equal(url_read(&u, text, false, &why), 0);
}

static void proxies(void **state)
{
	static const char *const good[] = {"http://proxy.example:3128", "http://u:p@proxy:8080/", "http://[::1]:1"};
	static const char *const bad[] = {
		"",
		"proxy:3128",
		"http://proxy",
		"https://proxy:3128",
		"socks5://proxy:1080",
		"http://proxy:3128 x",
		"http://proxy:3128\r\nX: y",
		"http://proxy:99999",
		"http://proxy\\:1",
		"http://pr\xc3\xb6xy:1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(url_proxy_is_allowed(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(url_proxy_is_allowed(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_that_pass),
		cmocka_unit_test(urls_that_never_pass),
		cmocka_unit_test(loopback_http_needs_the_switch),
		cmocka_unit_test(length_ends_at_the_limit),
		cmocka_unit_test(proxies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
