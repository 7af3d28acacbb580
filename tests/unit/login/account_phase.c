/* SPDX-License-Identifier: MIT */
/*
 * The stand-in of account_phase.h.
 */
#include "tests/unit/login/account_phase.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct recheck {
	recheck_done_fn done;
	void *userdata;
};

struct fake_provider fake_provider;

static struct account_check *check;
static struct recheck *slow;
static const char *reason;
static const char *title;

/* Weak: another program of this folder may have a stand-in of its own. */
__attribute__((weak)) int __wrap_recheck_start(struct recheck **ret, struct login_context *ctx,
					       const struct account *account, uint32_t max_age_s, recheck_done_fn done,
					       void *userdata);
__attribute__((weak)) void __wrap_recheck_free(struct recheck *r);
__attribute__((weak)) int __wrap_standing_read(struct login_context *ctx, const struct account *account,
					       struct standing_view *ret);

static void say(recheck_done_fn done, void *userdata, enum recheck_outcome outcome)
{
	struct recheck_result result = {.outcome = outcome};

	(void)snprintf(result.detail, sizeof(result.detail), "%s",
		       fake_provider.detail != NULL ? fake_provider.detail : "it said so");
	done(userdata, &result);
}

int __wrap_recheck_start(struct recheck **ret, struct login_context *ctx, const struct account *account,
			 uint32_t max_age_s, recheck_done_fn done, void *userdata)
{
	(void)ctx;
	fake_provider.asked++;
	fake_provider.max_age_s = max_age_s;
	(void)snprintf(fake_provider.subject, sizeof(fake_provider.subject), "%s", account->subject);
	if (!fake_provider.is_slow) {
		say(done, userdata, fake_provider.outcome);
		return 1;
	}
	assert_null(slow);
	slow = calloc(1, sizeof(*slow));
	assert_non_null(slow);
	slow->done = done;
	slow->userdata = userdata;
	fake_provider.waiting++;
	*ret = slow;
	return 0;
}

void __wrap_recheck_free(struct recheck *r)
{
	if (r == NULL)
		return;
	assert_ptr_equal(r, slow);
	slow = NULL;
	fake_provider.waiting--;
	free(r);
}

int __wrap_standing_read(struct login_context *ctx, const struct account *account, struct standing_view *ret)
{
	(void)ctx;
	(void)account;
	*ret = (struct standing_view){.state = fake_provider.standing, .reason = "provider says invalid_grant"};
	return fake_provider.standing_error;
}

int phase_setup(void **state)
{
	memset(&fake_provider, 0, sizeof(fake_provider));
	return world_setup(state);
}

int phase_teardown(void **state)
{
	phase_end();
	return world_teardown(state);
}

void phase_answer(enum recheck_outcome outcome)
{
	assert_non_null(slow);
	say(slow->done, slow->userdata, outcome);
}

static void on_checked(void *userdata, const struct account_check_answer *answer)
{
	(void)userdata;
	reason = answer->reason;
	title = answer->provider;
}

void phase_begin(struct world *w, const char *user, const char *service, bool signed_in)
{
	const struct account_check_request request = {.user = user, .service = service, .is_signed_in = signed_in};

	phase_end();
	reason = "waiting";
	title = NULL;
	assert_int_equal(account_check_start(&check, &w->ctx, &request, on_checked, NULL), 0);
}

void phase_end(void)
{
	account_check_free(LK_STEAL(check));
}

const char *phase_reason(void)
{
	return reason;
}

const char *phase_title(void)
{
	return title;
}

const char *check_phase(struct world *w, const char *user, bool signed_in)
{
	phase_begin(w, user, "sshd", signed_in);
	phase_end();
	return reason;
}
