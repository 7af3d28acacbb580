/* SPDX-License-Identifier: MIT */
/* The short form of expel.c, for whoever waits for its end: nobody is on the map any more afterwards, and without the map
 * latchkey-root ends nothing. */
#include "helper/login/expel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "helper/accounts/root_call.h"
#include "helper/login/expel_internal.h"

#define STROKES_MAX 4u
#define STROKE_US (UINT64_C(4) * 1000000)

struct expel_once {
	struct expulsions *all;
	uint32_t uid;
	unsigned n_strokes;
	uint64_t n_found; /* most that a stroke found */
	sd_event_source *timer;
	struct root_call *call;
	expel_once_fn done;
	void *userdata;
};

void expel_once_free(struct expel_once *e)
{
	if (e == NULL)
		return;
	root_call_free(e->call);
	(void)sd_event_source_disable_unref(e->timer);
	free(e);
}

/* The callee may free @e: nobody touches it after this. */
static void finish(struct expel_once *e, const char *fault)
{
	e->done(e->userdata, e->n_found, fault);
}

static int strike(struct expel_once *e);

static int on_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct expel_once *e = userdata;

	(void)s;
	(void)usec;
	e->timer = sd_event_source_disable_unref(e->timer);
	if (strike(e) < 0)
		finish(e, "out of memory");
	return 0;
}

static void go_on(struct expel_once *e)
{
	const struct expel_settings *s = e->all->settings;
	uint64_t ms = e->n_strokes == 1 ? s->term_ms : s->kill_ms;

	if (e->n_strokes >= STROKES_MAX)
		finish(e, "some of it does not end");
	else if (sd_event_add_time_relative(e->all->ctx->event, &e->timer, CLOCK_MONOTONIC, ms * 1000, 0, on_timer, e) <
		 0)
		finish(e, "out of memory");
}

static void on_answer(void *userdata, int error, const struct publish_answer *answer, const char *detail)
{
	char reason[sizeof(answer->reason)];
	struct expel_once *e = userdata;
	uint32_t status = PUBLISH_FAILED;

	(void)snprintf(reason, sizeof(reason), "%s", error < 0 ? detail : answer->reason);
	if (error == 0) {
		status = answer->status;
		e->n_found = answer->n_found > e->n_found ? answer->n_found : e->n_found;
	}
	root_call_free(LK_STEAL(e->call)); /* the answer goes with it */
	e->n_strokes++;
	if (status == END_SESSION_STRUCK)
		go_on(e);
	else
		finish(e, status == PUBLISH_DONE ? NULL : reason);
}

static int strike(struct expel_once *e)
{
	const struct publish_question q = {
		.magic = PUBLISH_MAGIC, .verb = e->n_strokes == 0 ? END_SESSION : END_SESSION_NOW, .uid = e->uid};

	return root_call_start(&e->call, e->all->ctx->event, e->all->settings->root_socket, &q, -1, STROKE_US,
			       on_answer, e);
}

int expel_once_start(struct expel_once **ret, struct login_context *ctx, uint32_t uid, expel_once_fn done,
		     void *userdata)
{
	LK_CLEANUP(expel_once_freep) struct expel_once *e = NULL;
	int r;

	if (ctx->expulsions == NULL || !ctx->expulsions->settings->is_on)
		return 1;
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return -ENOMEM;
	e->all = ctx->expulsions;
	e->uid = uid;
	e->done = done;
	e->userdata = userdata;
	r = strike(e);
	if (r == 0)
		*ret = LK_STEAL(e);
	return r;
}
