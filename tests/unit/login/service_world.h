/* SPDX-License-Identifier: MIT */
#pragma once

/* What the tests of service accounts share: "robot", an account of our own with a key of its own. After cmocka.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "helper/accounts/local_accounts.h"
#include "helper/login/service_account.h"
#include "helper/login/service_binding.h"
#include "tests/unit/login/fake_oauth.h"
#include "tests/unit/login/world.h"

struct service {
	struct world *w;
	struct service_account section;
	struct service_accounts all;
	struct local_account_rule rule;
	struct signing_places places;
	char key_path[128];
	struct account *account; /* NULL until service_bind() */
};

static char *const service_services[] = {(char *)(uintptr_t) "cron", (char *)(uintptr_t) "su", NULL};

static inline void service_write_key(struct service *s)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	FILE *f = fopen(s->key_path, "we");

	assert_non_null(key);
	assert_non_null(f);
	assert_int_equal(PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(s->key_path, 0600), 0);
	EVP_PKEY_free(key);
}

/** service_setup() - for cmocka; @state is a struct service. The account is not bound yet. */
static inline int service_setup(void **state)
{
	static char name[] = "robot", provider[] = "example", subject[] = "robot@example", identity[] = "id-17",
		    client[] = "robot-client", scope[] = "a b";
	struct service *s = calloc(1, sizeof(*s));
	void *world;

	assert_non_null(s);
	assert_int_equal(world_setup(&world), 0);
	s->w = world;
	(void)snprintf(s->key_path, sizeof(s->key_path), "%s/robot.pem", s->w->folder);
	service_write_key(s);
	s->section = (struct service_account){
		.name = name,
		.provider = provider,
		.issuer = ISSUER,
		.subject = subject,
		.identity_subject = identity,
		.client_id = client,
		.key = s->key_path,
		.scope = scope,
		.services = (char **)(uintptr_t)service_services,
	};
	s->all = (struct service_accounts){.accounts = &s->section, .n = 1};
	s->rule = (struct local_account_rule){
		.name = name, .subject = identity, .provider = provider, .issuer = ISSUER, .is_service = true};
	s->w->account_settings.local_accounts = (struct local_account_rules){.rules = &s->rule, .n = 1};
	s->w->ctx.services = &s->all;
	s->w->ctx.key_places = &s->places;
	*state = s;
	return 0;
}

static inline int service_teardown(void **state)
{
	struct service *s = *state;
	void *world = s->w;

	account_free(s->account);
	(void)unlink(s->key_path);
	assert_int_equal(world_teardown(&world), 0);
	free(s);
	return 0;
}

/** service_bind() - as the helper does when it starts */
static inline void service_bind(struct service *s)
{
	struct service_binding *binding = NULL;

	assert_int_equal(service_binding_start(&binding, &s->w->ctx, NULL, NULL), 1);
	account_free(LK_STEAL(s->account));
	assert_int_equal(store_find_name(s->w->ctx.store, "robot", &s->account), 0);
}
