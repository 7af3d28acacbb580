/* SPDX-License-Identifier: MIT */
/* What the tests of the judge share. */
#include "tests/unit/root/world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/nss_module/sample.h"

#define PASSWD                                                                                                         \
	"root:x:0:0:root:/root:/bin/bash\nlocal:x:1000:1000::/home/local:/bin/sh\nhigh:x:1879060000:1879060000::/:/\n"
#define GROUP "sudo:x:27:\nhighgroup:x:1879060001:\nbroken\n:x:5:\n"

struct settings *settings_of(const char *text)
{
	struct settings *s = NULL;
	struct ini_fault fault;

	assert_int_equal(settings_load_text(&s, text, strlen(text), &fault), 0);
	return s;
}

void world_init(struct world *w, const char *settings)
{
	char text[1024];
	int n = snprintf(text, sizeof(text),
			 "%s\n[group devs]\nclaim_values = d\n[group ops]\nclaim_values = o\n"
			 "[group docker]\nlocal = yes\n[group lab]\nlocal = yes\n",
			 settings);

	assert_in_range(n, 1, sizeof(text) - 1);
	w->settings = settings_of(text);
	assert_int_equal(locals_new(&w->locals), 0);
	assert_int_equal(locals_add_users(w->locals, PASSWD, strlen(PASSWD)), 0);
	assert_int_equal(locals_add_groups(w->locals, GROUP, strlen(GROUP)), 0);
	w->bytes = sample_map(&w->len);
	assert_true(map_view_init(&w->v, w->bytes, w->len));
}

void world_done(struct world *w)
{
	settings_free(w->settings);
	locals_free(w->locals);
	free(w->bytes);
}

int judge(struct world *w, char *why)
{
	return check_map(w->bytes, w->len, w->settings, w->locals, why);
}

struct map_user person(const char *name, uint32_t uid)
{
	return (struct map_user){
		.name = name, .uid = uid, .gid = uid, .gecos = "", .home = "/home/p", .shell = "/bin/sh"};
}

struct map_header *header_of(struct world *w)
{
	return (struct map_header *)(void *)w->bytes;
}

void refuse_lies(const lie_fn *lies, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct world w;
		char why[CHECK_WHY_SIZE] = "";
		int r;

		world_init(&w, "");
		lies[i](&w);
		sample_reseal(w.bytes);
		r = judge(&w, why);
		if (r != -EBADMSG || why[0] == '\0')
			fail_msg("lie number %zu passed: %d, \"%s\"", i, r, why);
		for (const char *p = why; *p != '\0'; p++)
			assert_in_range(*p, 0x20, 0x7e);
		world_done(&w);
	}
}
