/* SPDX-License-Identifier: MIT */
/*
 * Makes the service accounts of root's configuration, one after another. A name or number that another source of NSS has is never
 * taken, and neither is a name that somebody has already.
 */
#include "helper/login/service_binding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "helper/base/clock.h"
#include "helper/login/known_account.h"
#include "helper/login/log.h"
#include "helper/login/newcomer.h"
#include "helper/login/recheck.h"
#include "helper/login/refusal.h"
#include "helper/login/service_account.h"

struct service_binding {
	struct login_context *ctx;
	size_t at; /* which of them */
	bool is_asking;
	struct newcomer *newcomer;
	service_binding_done_fn done;
	void *userdata;
};

void service_binding_free(struct service_binding *b)
{
	if (b == NULL)
		return;
	newcomer_free(b->newcomer);
	free(b);
}

static struct account_person person_of(const struct service_account *s)
{
	return (struct account_person){
		.name = s->name,
		.provider = s->provider,
		.issuer = s->issuer,
		.subject = s->identity_subject,
		.is_service = true,
	};
}

static void watch(struct login_context *ctx, const struct service_account *s)
{
	LK_CLEANUP(account_freep) struct account *account = NULL;
	const char *detail = NULL;

	if (known_account_find(ctx, s->name, &account) == 0 && service_account_is(s, account, &detail))
		recheck_watch(ctx, account);
}

static void note_fault(const struct service_account *s, const char *detail)
{
	log_line(LOG_WARNING, "[service-account %s] counts for nothing: %s", s->name,
		 detail != NULL ? detail : "other sources of NSS cannot be asked");
}

static void bind_one(struct login_context *ctx, const struct service_account *s)
{
	LK_CLEANUP(account_freep) struct account *account = NULL;
	const struct account_person person = person_of(s);
	bool is_new = false;
	int r = accounts_bind(ctx->accounts, &person, clock_realtime_s(), &account, &is_new);

	if (r != 0) {
		note_fault(s, refusal_account_text(r));
		return;
	}
	if (is_new) {
		ctx->map_changes++;
		ctx->is_map_current = false;
	}
}

static void go_on(struct service_binding *b);

static void on_newcomer(void *userdata, const struct newcomer_result *result)
{
	struct service_binding *b = userdata;
	const struct service_account *s = &b->ctx->services->accounts[b->at];

	if (result->outcome == SOURCES_NOBODY)
		bind_one(b->ctx, s);
	else
		note_fault(s, result->detail);
	b->at++;
	if (!b->is_asking)
		go_on(b);
}

static void ask(struct service_binding *b, const struct service_account *s)
{
	const struct account_person person = person_of(s);
	size_t before = b->at;

	newcomer_free(LK_STEAL(b->newcomer));
	b->is_asking = true;
	if (newcomer_start(&b->newcomer, b->ctx, &person, true, on_newcomer, b) < 0) {
		note_fault(s, "out of memory");
		b->at = before + 1;
	}
	b->is_asking = false;
}

/* Return: whether all are through. */
static bool work(struct service_binding *b)
{
	const struct service_accounts *all = b->ctx->services;

	while (b->at < all->n) {
		const struct service_account *s = &all->accounts[b->at];
		size_t before = b->at;

		if (localdb_has_user(b->ctx->local, s->name))
			b->at++;
		else
			ask(b, s);
		if (b->at == before)
			return false;
	}
	for (size_t i = 0; i < all->n; i++)
		watch(b->ctx, &all->accounts[i]);
	return true;
}

static void go_on(struct service_binding *b)
{
	if (work(b))
		b->done(b->userdata);
}

int service_binding_start(struct service_binding **ret, struct login_context *ctx, service_binding_done_fn done,
			  void *userdata)
{
	LK_CLEANUP(service_binding_freep) struct service_binding *b = NULL;
	int r;

	if (ctx->services == NULL || ctx->services->n == 0)
		return 1;
	r = localdb_refresh(ctx->local);
	if (r < 0)
		return r;
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return -ENOMEM;
	b->ctx = ctx;
	b->done = done;
	b->userdata = userdata;
	if (work(b))
		return 1;
	*ret = LK_STEAL(b);
	return 0;
}
