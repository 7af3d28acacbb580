/* SPDX-License-Identifier: MIT */
#pragma once

/* What the tests of re-checks share: alice, who has signed in and whose tokens are kept. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "helper/base/clock.h"
#include "helper/login/recheck.h"
#include "helper/login/standing.h"
#include "helper/vault/seal.h"
#include "helper/vault/store_tokens.h"
#include "tests/unit/login/fake_oauth.h"
#include "tests/unit/login/world.h"

#define START_S 1700000000
#define ALICE_ID "alice-1"

struct alice {
	struct world *w;
	struct seal *seal;
	struct account *account;
};

struct answer {
	unsigned told;
	struct recheck_result result;
	struct recheck *handle;
	char token[32]; /* "": none */
	uint32_t lifetime_s;
};

static inline void on_answer(void *userdata, const struct recheck_result *result)
{
	struct answer *a = userdata;

	a->told++;
	a->result = *result;
	recheck_free(LK_STEAL(a->handle));
}

static inline void on_token(void *userdata, const struct recheck_result *result, const struct secret *token,
			    uint32_t lifetime_s)
{
	struct answer *a = userdata;

	on_answer(a, result);
	a->token[0] = '\0';
	if (token != NULL)
		strcpy(a->token, secret_data(token));
	a->lifetime_s = lifetime_s;
}

/* Time that passes for both clocks. */
static inline void pass(int64_t s)
{
	clock_freeze(clock_monotonic_ms() + (uint64_t)s * 1000, clock_realtime_s() + s);
}

static inline struct row_owner owner_of(const struct alice *a)
{
	return (struct row_owner){a->account->uid, a->account->issuer, a->account->subject};
}

static inline void sign_in_alice(struct alice *a, const char *refresh_token, const char *access_token)
{
	fake.refresh_token = refresh_token;
	fake.access_token = access_token;
	fake.expires_in_s = 300;
	sign_in(a->w, "alice", ALICE_ID, ALICE);
	assert_string_equal(a->w->said, "granted");
}

static inline int alice_setup(void **state)
{
	static const unsigned char key[SEAL_KEY_SIZE] = {1, 2, 3};
	struct alice *a = calloc(1, sizeof(*a));
	void *world;

	assert_non_null(a);
	assert_int_equal(world_setup(&world), 0);
	a->w = world;
	assert_int_equal(seal_new(&a->seal), 0);
	assert_int_equal(seal_add_key(a->seal, key), 0);
	store_use_seal(a->w->ctx.store, a->seal);
	limits_free(a->w->ctx.codes);
	a->w->ctx.codes = NULL;
	assert_int_equal(limits_new(&a->w->ctx.codes, 100, 1, 16), 0);
	sign_in_alice(a, "rt-1", "at-1");
	assert_int_equal(store_find_name(a->w->ctx.store, "alice", &a->account), 0);
	*state = a;
	return 0;
}

static inline int alice_teardown(void **state)
{
	struct alice *a = *state;
	void *world = a->w;

	account_free(a->account);
	assert_int_equal(world_teardown(&world), 0);
	seal_free(a->seal);
	free(a);
	return 0;
}

/* Return: as recheck_start(). */
static inline int ask(struct alice *a, struct answer *answer, uint32_t max_age_s)
{
	*answer = (struct answer){0};
	return recheck_start(&answer->handle, &a->w->ctx, a->account, max_age_s, on_answer, answer);
}

/* As far as the request for a refresh. */
static inline void ask_until_refresh(struct alice *a, struct answer *answer)
{
	assert_int_equal(ask(a, answer, 0), 0);
	fake_prepared(OAUTH_DONE);
	assert_non_null(fake.refresh_done);
}

/* What the store has at this moment: the refresh token, or the access token, "-" for none. */
static inline const char *kept_token(const struct alice *a, bool *ret_is_under_way)
{
	LK_CLEANUP(kept_tokens_freep) struct kept_tokens *kept = NULL;
	struct row_owner owner = owner_of(a);
	static char text[64];
	int r = store_find_tokens(a->w->ctx.store, &owner, &kept);

	*ret_is_under_way = false;
	if (r == -ENOENT)
		return "-";
	assert_int_equal(r, 0);
	*ret_is_under_way = kept->refreshing_s != 0;
	strcpy(text, secret_data(kept->refresh_token != NULL ? kept->refresh_token : kept->access_token));
	return text;
}

static inline void assert_kept(const struct alice *a, const char *token, bool is_under_way)
{
	bool is;

	assert_string_equal(kept_token(a, &is), token);
	assert_int_equal(is, is_under_way);
}

static inline struct standing_view standing_of(struct alice *a)
{
	struct standing_view view;

	assert_int_equal(standing_read(&a->w->ctx, a->account, &view), 0);
	return view;
}

/* From here to fill_disk(false) no file can be written. */
static inline void fill_disk(bool is_full)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = is_full ? 0 : limit.rlim_max;
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}
