/* SPDX-License-Identifier: MIT */
/* A request that waits for its signature, as with a key in a token or TPM: the signer is played here. AS-01, AS-04. */
#include "helper/oauth/request.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/jose/signing_key.h"
#include "helper/oauth/signer.h"
#include "tests/unit/oauth/world.h"

static const char device[] = "pkcs11:object=k";

struct signer_job {
	signer_done_fn done;
	void *userdata;
};

static struct {
	struct signer_job job;
	unsigned n_started, n_cancelled;
	int result;
} played;

static struct {
	unsigned n;
	enum fetch_outcome outcome;
	char detail[256];
} told;

int signer_start(struct signer_job **ret, struct secret **ret_assertion, struct signer *s, struct signing_key *k,
		 const struct assertion_claims *claims, signer_done_fn done, void *userdata)
{
	(void)s;
	assert_non_null(k);
	assert_string_equal(claims->iss, "client");
	*ret_assertion = NULL;
	*ret = NULL;
	if (played.result != 0)
		return played.result;
	played.n_started++;
	played.job = (struct signer_job){.done = done, .userdata = userdata};
	*ret = &played.job;
	return 0;
}

void signer_cancel(struct signer_job *j)
{
	if (j != NULL)
		played.n_cancelled++;
}

static void on_done(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	(void)userdata;
	assert_int_equal(outcome == FETCH_DONE, reply != NULL);
	told.n++;
	told.outcome = outcome;
	(void)snprintf(told.detail, sizeof(told.detail), "%s", detail);
}

static struct oauth_call *start(struct world *w)
{
	const struct signing_places nowhere = {.keys = NULL};
	LK_CLEANUP(form_done) struct form form = {0};
	struct oauth_call *call = NULL;
	char url[] = "https://idp.example/token";

	memset(&played, 0, sizeof(played));
	memset(&told, 0, sizeof(told));
	world_init(w, "generic");
	w->settings.client_auth = CLIENT_AUTH_PRIVATE_KEY_JWT;
	assert_int_equal(signing_key_new(&w->settings.client_key, device, JWS_ES256, &nowhere), 0);
	form_init(&form);
	form_add(&form, "grant_type", "refresh_token");
	assert_int_equal(request_post(NULL, &w->settings, url, &form, false, 1000, on_done, NULL, &call), 0);
	/* neither of them is needed any more */
	memset(url, 'x', sizeof(url) - 1);
	assert_int_equal(played.n_started, 1);
	assert_int_equal(fake.n_requests, 0);
	return call;
}

static void end(struct world *w)
{
	struct signing_key *k = w->settings.client_key;

	world_done(w);
	signing_key_unref(k);
}

static void sent_when_it_is_signed(void **state)
{
	LK_CLEANUP(secret_freep) struct secret *assertion = NULL;
	struct world w;

	(void)state;
	(void)start(&w);
	fake_reply(200, "{}");
	assert_int_equal(secret_copy(&assertion, "a.b.c", 5), 0);
	played.job.done(played.job.userdata, 0, assertion);
	assert_int_equal(told.n, 0);
	assert_string_equal(fake_last()->url, "https://idp.example/token");
	assert_string_equal(
		fake_last()->body,
		"grant_type=refresh_token&client_id=client&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A"
		"client-assertion-type%3Ajwt-bearer&client_assertion=a.b.c");
	fake_run();
	assert_int_equal(told.n, 1);
	assert_int_equal(told.outcome, FETCH_DONE);
	assert_int_equal(played.n_cancelled, 0);
	end(&w);
}

/* Nothing was sent, and whoever asks hears why. */
static void the_device_fails(void **state)
{
	struct world w;

	(void)state;
	(void)start(&w);
	played.job.done(played.job.userdata, SIGNING_NO_DEVICE, NULL);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.outcome, FETCH_UNSIGNED);
	assert_string_equal(told.detail, signing_text(SIGNING_NO_DEVICE));
	assert_int_equal(fake.n_requests, 0);
	end(&w);
}

static void the_request_cannot_be_made(void **state)
{
	LK_CLEANUP(secret_freep) struct secret *assertion = NULL;
	struct world w;

	(void)state;
	(void)start(&w);
	fake.start_result = -ENOMEM;
	assert_int_equal(secret_copy(&assertion, "a.b.c", 5), 0);
	played.job.done(played.job.userdata, 0, assertion);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.outcome, FETCH_OVERLOADED);
	end(&w);
}

static void given_up_while_it_is_signed(void **state)
{
	struct world w;

	(void)state;
	oauth_call_cancel(start(&w));
	assert_int_equal(played.n_cancelled, 1);
	assert_int_equal(told.n, 0);
	end(&w);
}

static void no_room_at_the_device(void **state)
{
	LK_CLEANUP(form_done) struct form form = {0};
	struct oauth_call *call = NULL;
	struct world w;

	(void)state;
	oauth_call_cancel(start(&w));
	played.result = -EBUSY;
	form_init(&form);
	assert_int_equal(request_post(NULL, &w.settings, "https://a/", &form, false, 1000, on_done, NULL, &call),
			 -EBUSY);
	played.result = SIGNING_NOT_OPEN;
	assert_int_equal(request_post(NULL, &w.settings, "https://a/", &form, false, 1000, on_done, NULL, &call), -EIO);
	assert_null(call);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sent_when_it_is_signed),     cmocka_unit_test(the_device_fails),
		cmocka_unit_test(the_request_cannot_be_made), cmocka_unit_test(given_up_while_it_is_signed),
		cmocka_unit_test(no_room_at_the_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
