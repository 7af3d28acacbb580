/* SPDX-License-Identifier: MIT */
#include "tests/unit/vault/stores.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

int stores_setup(void **state)
{
	static struct scratch s;

	assert_true(scratch_new(&s));
	assert_int_equal(mkdir(scratch_name(&s, "private"), 0700), 0);
	*state = &s;
	return 0;
}

int stores_teardown(void **state)
{
	scratch_done(*state);
	return 0;
}

const char *stores_path(const struct scratch *s)
{
	return scratch_name(s, "private/store.db");
}

const struct account *stores_account(unsigned n)
{
	static char name[16], issuer[] = "https://id.example", subject[16], provider[] = "p", gecos[] = "Full Name",
			      home[32], shell[] = "/bin/bash", facts[] = "{}";
	static struct account a;

	snprintf(name, sizeof(name), "u%05u", n);
	snprintf(subject, sizeof(subject), "s%u", n);
	snprintf(home, sizeof(home), "/home/%s", name);
	a = (struct account){
		.name = name,
		.uid = 1879048192 + n,
		.gid = 1879048192 + n,
		.issuer = issuer,
		.subject = subject,
		.provider = provider,
		.gecos = gecos,
		.home = home,
		.shell = shell,
		.facts = facts,
		.state = ACCOUNT_ACTIVE,
		.created_s = 1700000000,
	};
	return &a;
}

void stores_fill(const struct scratch *s, unsigned n)
{
	LK_CLEANUP(store_closep) struct store *store = NULL;

	assert_int_equal(store_open(&store, stores_path(s)), 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(store_insert(store, stores_account(i)), 0);
}
