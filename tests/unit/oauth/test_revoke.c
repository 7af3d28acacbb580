/* SPDX-License-Identifier: MIT */
/* The end of a grant at the provider. RFC 7009; checklist REV-01 to REV-06. */
#include "helper/oauth/revoke.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/oauth/world.h"

#define URL "https://idp.example/revoke"

struct host {
	struct world w;
	struct revoke *r;
	unsigned told;
	enum revoke_outcome outcome;
	uint32_t retry_after_s;
	struct oauth_result result;
};

static void on_done(void *userdata, enum revoke_outcome outcome, const struct oauth_result *result,
		    uint32_t retry_after_s)
{
	struct host *h = userdata;

	h->told++;
	h->outcome = outcome;
	h->retry_after_s = retry_after_s;
	h->result = *result;
	revoke_free(LK_STEAL(h->r));
}

static void begin(struct host *h, const char *dialect)
{
	*h = (struct host){0};
	world_init(&h->w, dialect);
	world_secret(&h->w, CLIENT_AUTH_POST, "s3cret");
	world_text(&h->w.settings.revocation_endpoint, URL);
	world_prepare(&h->w);
}

static void end(struct host *h)
{
	revoke_free(h->r);
	world_done(&h->w);
	assert_int_equal(fake_leaks(), 0);
}

static int start(struct host *h, const char *refresh, const char *access)
{
	LK_CLEANUP(secret_freep) struct secret *r = NULL, *a = NULL;

	if (refresh != NULL)
		assert_int_equal(secret_copy(&r, refresh, strlen(refresh)), 0);
	if (access != NULL)
		assert_int_equal(secret_copy(&a, access, strlen(access)), 0);
	return revoke_start(&h->r, h->w.provider, NULL, NULL, r, a, on_done, h);
}

/* REV-02, REV-06: the refresh token goes first, and alone; the client says who it is */
static void the_question(void **state)
{
	struct host h;

	(void)state;
	begin(&h, "generic");
	fake_reply(200, "");
	assert_int_equal(start(&h, "rt-1", "at-1"), 0);
	assert_int_equal(h.told, 0);
	fake_run();
	assert_int_equal(h.told, 1);
	assert_int_equal(h.outcome, REVOKE_DONE);
	assert_int_equal(fake.n_requests, 1);
	assert_string_equal(fake_last()->url, URL);
	assert_string_equal(fake_last()->body,
			    "token=rt-1&token_type_hint=refresh_token&client_id=client&client_secret=s3cret");
	end(&h);

	begin(&h, "generic");
	fake_reply(200, "anything");
	assert_int_equal(start(&h, NULL, "at-1"), 0);
	fake_run();
	assert_int_equal(h.outcome, REVOKE_DONE);
	assert_string_equal(fake_last()->body,
			    "token=at-1&token_type_hint=access_token&client_id=client&client_secret=s3cret");
	end(&h);
}

/* REV-03, REV-05 */
static void each_answer(void **state)
{
	static const struct {
		const char *dialect;
		unsigned status;
		const char *body;
		enum revoke_outcome outcome;
	} table[] = {
		{"generic", 200, "", REVOKE_DONE},
		{"generic", 204, "", REVOKE_DONE},
		{"google", 400, "{\"error\":\"invalid_token\"}", REVOKE_DONE},
		{"salesforce", 400, "{\"error\":\"unsupported_token_type\"}", REVOKE_DONE},
		{"salesforce", 400, "error=invalid_token", REVOKE_DONE},
		{"generic", 400, "{\"error\":\"unsupported_token_type\"}", REVOKE_NOT_SUPPORTED},
		{"generic", 400, "{\"error\":\"invalid_client\"}", REVOKE_CLIENT_REFUSED},
		{"generic", 400, "{\"error\":\"unauthorized_client\"}", REVOKE_CLIENT_REFUSED},
		{"generic", 400, "{\"error\":\"invalid_request\"}", REVOKE_CLIENT_REFUSED},
		{"generic", 401, "", REVOKE_CLIENT_REFUSED},
		{"generic", 403, "<html>", REVOKE_CLIENT_REFUSED},
		{"generic", 404, "<html>", REVOKE_UNREACHABLE},
		{"generic", 302, "", REVOKE_UNREACHABLE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct host h;

		begin(&h, table[i].dialect);
		fake_reply(table[i].status, table[i].body);
		assert_int_equal(start(&h, "rt-1", NULL), 0);
		fake_run();
		assert_int_equal(h.told, 1);
		if (h.outcome != table[i].outcome)
			fail_msg("%s %u %s: %d", table[i].dialect, table[i].status, table[i].body, h.outcome);
		assert_int_equal(fake.n_requests, 1);
		end(&h);
	}
}

/* REV-05: the other token, where this kind cannot be revoked */
static void the_other_token(void **state)
{
	struct host h;

	(void)state;
	begin(&h, "generic");
	fake_reply(400, "{\"error\":\"unsupported_token_type\"}");
	fake_reply(200, "");
	assert_int_equal(start(&h, "rt-1", "at-1"), 0);
	fake_run();
	assert_int_equal(h.outcome, REVOKE_DONE);
	assert_int_equal(fake.n_requests, 2);
	assert_non_null(strstr(fake_last()->body, "token=at-1&token_type_hint=access_token"));
	end(&h);
}

/* REV-04: the token counts still; asked again, when the provider wants it, but not for ever */
static void asked_again(void **state)
{
	struct host h;

	(void)state;
	begin(&h, "generic");
	fake_reply(503, "");
	fake_reply_retry_after(7);
	fake_reply(200, "");
	assert_int_equal(start(&h, "rt-1", NULL), 0);
	fake_run_ms(6900);
	assert_int_equal(fake.n_requests, 1);
	fake_run_ms(200);
	assert_int_equal(fake.n_requests, 2);
	assert_int_equal(h.outcome, REVOKE_DONE);
	end(&h);

	begin(&h, "generic");
	for (unsigned i = 0; i < 5; i++)
		fake_failure(FETCH_UNREACHABLE);
	assert_int_equal(start(&h, "rt-1", NULL), 0);
	fake_run_ms(60000);
	assert_int_equal(h.told, 1);
	assert_int_equal(h.outcome, REVOKE_UNREACHABLE);
	assert_int_equal(fake.n_requests, 3);
	end(&h);

	begin(&h, "generic");
	fake_reply(503, "");
	fake_reply_retry_after(3600);
	assert_int_equal(start(&h, "rt-1", NULL), 0);
	fake_run();
	assert_int_equal(h.outcome, REVOKE_UNREACHABLE);
	assert_int_equal(h.retry_after_s, 3600);
	end(&h);
}

/* REV-01: nowhere but where it is safe; and nothing where the provider cannot do it */
static void the_endpoint(void **state)
{
	struct host h;

	(void)state;
	begin(&h, "generic");
	fake_failure(FETCH_TLS);
	fake_failure(FETCH_TLS);
	fake_failure(FETCH_TLS);
	assert_int_equal(start(&h, "rt-1", NULL), 0);
	fake_run_ms(60000);
	assert_int_equal(h.outcome, REVOKE_UNREACHABLE);
	assert_int_equal(start(&h, NULL, NULL), -EINVAL);
	end(&h);

	h = (struct host){0};
	world_init(&h.w, "github");
	world_prepare(&h.w);
	assert_int_equal(start(&h, "rt-1", NULL), -ENOSYS);
	end(&h);
}

/* What the provider says never repeats a token in our log. */
static void repeats_nothing(void **state)
{
	struct host h;

	(void)state;
	begin(&h, "generic");
	fake_reply(400, "{\"error\":\"invalid_request\",\"error_description\":\"cannot revoke rt-1-canary\"}");
	assert_int_equal(start(&h, "rt-1-canary", NULL), 0);
	fake_run();
	assert_null(strstr(h.result.detail, "rt-1-canary"));
	end(&h);
}

static void given_up(void **state)
{
	struct host h;

	(void)state;
	begin(&h, "generic");
	assert_int_equal(start(&h, "rt-1", NULL), 0);
	revoke_free(LK_STEAL(h.r));
	fake_run_ms(60000);
	assert_int_equal(h.told, 0);
	end(&h);
	begin(&h, "generic");
	fake_reply(503, "");
	assert_int_equal(start(&h, "rt-1", NULL), 0);
	fake_run();
	revoke_free(LK_STEAL(h.r));
	fake_run_ms(60000);
	assert_int_equal(h.told, 0);
	end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_question), cmocka_unit_test(each_answer),  cmocka_unit_test(the_other_token),
		cmocka_unit_test(asked_again),  cmocka_unit_test(the_endpoint), cmocka_unit_test(repeats_nothing),
		cmocka_unit_test(given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
