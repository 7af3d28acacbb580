/* SPDX-License-Identifier: MIT */
/*
 * Brings the parts of a sign-in together for tests, and takes them apart again.
 */
#include "tests/unit/login/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "helper/base/clock.h"
#include "helper/login/break_glass.h"
#include "helper/login/pins.h"
#include "helper/login/pushes.h"
#include "helper/login/recheck.h"
#include "helper/login/remember.h"
#include "tests/unit/login/fake_oauth.h"

static void on_challenge(void *userdata, const struct flow_challenge *challenge, const char *title)
{
	struct world *w = userdata;

	if (challenge->method == FLOW_DEVICE)
		assert_string_equal(challenge->user_code, "WDJB-MJHT");
	else if (challenge->method == FLOW_CIBA)
		assert_string_equal(challenge->binding_message, "db1-KRTM-42");
	assert_string_equal(title, "Example");
	strcpy(w->said, "challenge");
}

static void on_prompt(void *userdata, const struct login_prompt *prompt)
{
	struct world *w = userdata;

	(void)snprintf(w->said, sizeof(w->said), "%s", prompt_word(prompt->kind));
	(void)snprintf(w->asked, sizeof(w->asked), "%s", prompt->text);
}

static void on_granted(void *userdata, const struct account *account)
{
	struct world *w = userdata;

	strcpy(w->said, "granted");
	w->uid = account->uid;
}

static void on_refused(void *userdata, const char *reason)
{
	struct world *w = userdata;

	strcpy(w->said, reason);
}

static void on_not_ours(void *userdata)
{
	struct world *w = userdata;

	strcpy(w->said, "not-ours");
}

static const struct attempt_events events = {on_challenge, on_prompt, on_granted, on_refused, on_not_ours};

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* No event loop is there for it. */
static const struct recheck_settings no_background = {.users_folder = "/nowhere"};

void world_open_store(struct world *w)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/store.db", w->folder);
	assert_int_equal(store_open(&w->ctx.store, path), 0);
	assert_int_equal(localdb_new(&w->ctx.local, w->folder), 0);
	assert_int_equal(accounts_new(&w->ctx.accounts, &w->account_settings, w->ctx.store, w->ctx.local), 0);
	assert_int_equal(rechecks_new(&w->ctx.rechecks, &w->ctx, &no_background), 0);
	assert_int_equal(sd_event_new(&w->loop), 0); /* one a store: a child has its own */
	assert_int_equal(break_glasses_new(&w->ctx.break_glasses, w->loop, w->ctx.store), 0);
	assert_int_equal(pins_new(&w->ctx.pins, w->loop, w->ctx.store), 0);
}

void world_close_store(struct world *w)
{
	attempt_free(LK_STEAL(w->attempt)); /* it stands on them */
	rechecks_free(w->ctx.rechecks);
	break_glasses_free(w->ctx.break_glasses);
	pins_free(w->ctx.pins);
	sd_event_unref(w->loop);
	accounts_free(w->ctx.accounts);
	localdb_free(w->ctx.local);
	store_close(w->ctx.store);
}

int world_setup(void **state)
{
	static char claim[] = "preferred_username";
	static char name[] = "example", issuer[] = ISSUER, home[] = "/home/%u", shell[] = "/bin/sh";
	struct world *w = calloc(1, sizeof(*w));
	char path[128];

	assert_non_null(w);
	fake_reset();
	clock_freeze(1000000, 1700000000);
	strcpy(w->folder, "/tmp/lk-attempt-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	(void)snprintf(path, sizeof(path), "%s/etc", w->folder);
	assert_int_equal(mkdir(path, 0755), 0);
	write_file(w->folder, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nlocal:x:1000:1000::/home/local:/bin/sh\n");
	write_file(w->folder, "etc/group", "root:x:0:\n");

	w->settings.name = name;
	w->settings.issuer = issuer;
	w->settings.dialect = dialect_find("generic");
	assert_non_null(w->settings.dialect);
	w->settings.code_lifetime_s = 600;
	w->names.claim = claim;
	w->account_settings = (struct account_settings){
		.uid_min = ACCOUNTS_UID_MIN_DEFAULT, .uid_max = ACCOUNTS_UID_MAX_DEFAULT, .home = home, .shell = shell};
	w->policy.everyone = true;
	w->policy.recheck_s = 300;
	w->policy.sign_in_age_s = 900;
	w->access = (struct access_rules){.policies = &w->policy, .n_policies = 1};

	world_open_store(w);
	assert_int_equal(limits_new(&w->ctx.codes, 3, 60000, 16), 0);
	assert_int_equal(pushes_new(&w->ctx.pushes), 0);
	w->ctx.host = "db1.example";
	assert_int_equal(remember_new(&w->ctx.approvals), 0);
	assert_int_equal(provider_new(&w->lp.provider, &w->settings, NULL, NULL), 0);
	w->lp.names = &w->names;
	w->lp.title = "Example";
	w->lp.gecos_claim = "name";
	w->ctx.access = &w->access;
	w->ctx.providers = &w->lp;
	w->ctx.n_providers = 1;
	w->ctx.pending_max = 10;
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	struct world *w = *state;
	char command[96];

	attempt_free(LK_STEAL(w->attempt));
	assert_int_equal(w->ctx.pending, 0);
	world_close_store(w);
	provider_free(w->lp.provider);
	limits_free(w->ctx.codes);
	pushes_free(w->ctx.pushes);
	remember_free(w->ctx.approvals);
	(void)snprintf(command, sizeof(command), "rm -rf %s", w->folder);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): the folder's name is ours */
	free(w);
	clock_thaw();
	return 0;
}

void begin(struct world *w, const struct attempt_request *request)
{
	attempt_free(LK_STEAL(w->attempt));
	w->said[0] = '\0';
	assert_int_equal(attempt_start(&w->attempt, &w->ctx, request, &events, w), 0);
}

void begin_for(struct world *w, const char *user)
{
	const struct attempt_request request = {
		.user = user, .service = "sshd", .source = "192.0.2.7", .has_screen = true};

	begin(w, &request);
}

void until_identity(struct world *w, const char *user)
{
	begin_for(w, user);
	fake_prepared(OAUTH_DONE);
	fake_challenge();
	assert_string_equal(w->said, "challenge");
	fake_tokens(OAUTH_DONE);
}

void sign_in(struct world *w, const char *user, const char *subject, const char *claims)
{
	until_identity(w, user);
	fake_identity(OAUTH_DONE, ISSUER, subject, claims);
	if (fake.publish_done != NULL)
		fake_published(0);
}

int64_t stored(struct world *w)
{
	return store_count(w->ctx.store);
}
