/* SPDX-License-Identifier: MIT */
/* The account phase of service accounts, and how they come to be: services, from, the provider's word, and a name that is
 * somebody's already. Threats I4, I18, T1. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helper/protocol/names.h"
#include "tests/unit/login/account_phase.h"
#include "tests/unit/login/service_world.h"

static struct account_check *check;
static char reason[64];
static bool told;

static void on_done(void *userdata, const struct account_check_answer *answer)
{
	(void)userdata;
	told = true;
	(void)snprintf(reason, sizeof(reason), "%s", answer->reason != NULL ? answer->reason : "granted");
}

static const char *phase(struct service *s, const char *service, const char *source, bool is_signed_in)
{
	const struct account_check_request request = {.user = "robot",
						      .reference = "AAAA-BBBB",
						      .service = service,
						      .source = source,
						      .is_signed_in = is_signed_in};

	told = false;
	assert_int_equal(account_check_start(&check, &s->w->ctx, &request, on_done, NULL), 0);
	assert_true(told);
	account_check_free(LK_STEAL(check));
	return reason;
}

static int setup(void **state)
{
	memset(&fake_provider, 0, sizeof(fake_provider));
	return service_setup(state);
}

/* I18: what services names, and nothing else; whatever [access] says. */
static void services(void **state)
{
	struct service *s = *state;

	service_bind(s);
	assert_string_equal(phase(s, "cron", NULL, false), "granted");
	assert_string_equal(phase(s, "su", NULL, false), "granted");
	assert_int_equal(fake_provider.asked, 2);
	assert_int_equal(fake_provider.max_age_s, 300);
	assert_string_equal(fake_provider.subject, "id-17");
	assert_string_equal(phase(s, "sshd", NULL, false), REASON_NOT_ALLOWED);
	assert_string_equal(phase(s, "sshd", NULL, true), REASON_NOT_ALLOWED);
	assert_int_equal(fake_provider.asked, 2); /* not in vain */
	s->w->access.n_policies = 0;
	assert_string_equal(phase(s, "cron", NULL, false), "granted");
	assert_int_equal(fake_provider.max_age_s, 300);
}

static void places(void **state)
{
	struct service *s = *state;
	struct network from;

	service_bind(s);
	assert_int_equal(network_parse(&from, "10.0.0.0/8"), 0);
	s->section.from = &from;
	s->section.n_from = 1;
	assert_string_equal(phase(s, "cron", NULL, false), "granted");
	assert_string_equal(phase(s, "su", "10.1.2.3", false), "granted");
	assert_string_equal(phase(s, "su", "192.0.2.1", false), REASON_NOT_ALLOWED);
	assert_string_equal(phase(s, "su", "somewhere.example", false), REASON_NOT_ALLOWED);
}

/* The provider's word alone: no older one, no break-glass and no "unchecked" stands in for it. */
static void the_providers_word(void **state)
{
	static const struct {
		enum recheck_outcome outcome;
		const char *reason;
	} rows[] = {
		{RECHECK_GOOD, "granted"},          {RECHECK_REFUSED, REASON_REFUSED},
		{RECHECK_NO_TOKEN, REASON_REFUSED}, {RECHECK_UNREACHABLE, REASON_UNAVAILABLE},
		{RECHECK_FAILED, REASON_NO_STORE},
	};
	struct service *s = *state;

	service_bind(s);
	s->w->policy.unchecked = true;
	s->w->policy.offline_max_age_s = 3600;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake_provider.outcome = rows[i].outcome;
		assert_string_equal(phase(s, "cron", NULL, false), rows[i].reason);
	}
}

/* T1: nobody but the service is the account. */
static void another_identity(void **state)
{
	static char other[] = "id-18";
	struct service *s = *state;

	service_bind(s);
	s->section.identity_subject = other;
	assert_string_equal(phase(s, "cron", NULL, false), REASON_NOT_ALLOWED);
	assert_int_equal(fake_provider.asked, 0);
}

/* It must not be handed on to the next PAM module. */
static void not_there(void **state)
{
	struct service *s = *state;

	assert_string_equal(phase(s, "cron", NULL, false), REASON_NOT_ALLOWED);
}

static unsigned n_bound;

static void on_bound(void *userdata)
{
	(void)userdata;
	n_bound++;
}

/* I1, I4: other sources of NSS are asked first; what cannot be had counts for nothing, and is no reason not to start. */
static void binding(void **state)
{
	struct service *s = *state;
	struct service_binding *b = NULL;
	uint32_t uid;

	n_bound = 0;
	fake.holds_sources = true;
	assert_int_equal(service_binding_start(&b, &s->w->ctx, on_bound, NULL), 0);
	assert_string_equal(fake.sources_asked.name, "robot");
	fake_sources(SOURCES_NAME, 0);
	assert_int_equal(n_bound, 1);
	service_binding_free(LK_STEAL(b));
	assert_int_equal(store_find_name(s->w->ctx.store, "robot", &s->account), -ENOENT);

	assert_int_equal(service_binding_start(&b, &s->w->ctx, on_bound, NULL), 0);
	fake_sources(SOURCES_NOBODY, 0);
	assert_int_equal(n_bound, 2);
	service_binding_free(LK_STEAL(b));
	assert_int_equal(store_find_name(s->w->ctx.store, "robot", &s->account), 0);
	assert_false(s->w->ctx.is_map_current);
	uid = s->account->uid;

	/* From then on it is there, and nobody is asked. */
	fake.holds_sources = false;
	s->w->ctx.is_map_current = true;
	service_bind(s);
	assert_int_equal(s->account->uid, uid);
	assert_true(s->w->ctx.is_map_current);
	s->all.n = 0;
	assert_int_equal(service_binding_start(&b, &s->w->ctx, on_bound, NULL), 1);
}

static void cancelled(void **state)
{
	struct service *s = *state;
	struct service_binding *b = NULL;

	fake.holds_sources = true;
	assert_int_equal(service_binding_start(&b, &s->w->ctx, on_bound, NULL), 0);
	service_binding_free(b);
	service_binding_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(services, setup, service_teardown),
		cmocka_unit_test_setup_teardown(places, setup, service_teardown),
		cmocka_unit_test_setup_teardown(the_providers_word, setup, service_teardown),
		cmocka_unit_test_setup_teardown(another_identity, setup, service_teardown),
		cmocka_unit_test_setup_teardown(not_there, setup, service_teardown),
		cmocka_unit_test_setup_teardown(binding, setup, service_teardown),
		cmocka_unit_test_setup_teardown(cancelled, setup, service_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
