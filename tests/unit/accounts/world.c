/* SPDX-License-Identifier: MIT */
/* Builds the machine and takes it apart again. */
#include "tests/unit/accounts/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helper/base/clock.h"

static char home[] = "/home/%u", shell[] = "/bin/bash", service[] = "backup-agent";
static char *reserved[] = {service, NULL};

void world_write(struct world *w, const char *name, const char *text)
{
	assert_true(scratch_write(&w->scratch, name, text, strlen(text), 0644));
}

void world_open(struct world *w)
{
	assert_int_equal(store_open(&w->store, scratch_name(&w->scratch, "private/store.db")), 0);
	assert_int_equal(localdb_new(&w->local, w->scratch.path), 0);
	assert_int_equal(accounts_new(&w->accounts, &w->settings, w->store, w->local), 0);
}

void world_close(struct world *w)
{
	accounts_free(w->accounts);
	localdb_free(w->local);
	store_close(w->store);
}

int world_setup(void **state)
{
	static struct world w;

	w = (struct world){.settings = {.uid_min = ACCOUNTS_UID_MIN_DEFAULT,
					.uid_max = ACCOUNTS_UID_MAX_DEFAULT,
					.home = home,
					.shell = shell,
					.reserved_names = reserved}};
	assert_true(scratch_new(&w.scratch));
	assert_int_equal(mkdir(scratch_name(&w.scratch, "etc"), 0755), 0);
	assert_int_equal(mkdir(scratch_name(&w.scratch, "private"), 0700), 0);
	world_write(&w, "etc/passwd", "root:x:0:0::/root:/bin/sh\nlocal:x:1000:1000::/home/local:/bin/sh\n");
	world_write(&w, "etc/group", "root:x:0:\nlocal:x:1000:\ndevs:x:1001:\n");
	clock_freeze(1000, 1700000000);
	world_open(&w);
	*state = &w;
	return 0;
}

int world_teardown(void **state)
{
	struct world *w = *state;

	account_free(w->account);
	world_close(w);
	scratch_done(&w->scratch);
	clock_thaw();
	return 0;
}

int bind_person(struct world *w, const struct account_person *person)
{
	account_free(LK_STEAL(w->account));
	return accounts_bind(w->accounts, person, clock_realtime_s(), &w->account, &w->is_new);
}

int bind_as(struct world *w, const char *name, const char *issuer, const char *subject)
{
	return bind_person(w, &(struct account_person){.name = name,
						       .provider = "p",
						       .issuer = issuer,
						       .subject = subject,
						       .gecos = "Full Name",
						       .facts = "{\"groups\":[]}"});
}

int reserve(struct world *w, const char *name, uint32_t hold_ms)
{
	account_free(LK_STEAL(w->account));
	return accounts_reserve(w->accounts, name, ISSUER, hold_ms, &w->account);
}
