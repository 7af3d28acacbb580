/* SPDX-License-Identifier: MIT */
/* After a restart: goes through everybody whom the provider refused, a few each second, and lets latchkey-root look whether
 * somebody of them still runs something. */
#include "helper/login/expel.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "helper/login/expel_internal.h"
#include "helper/login/log.h"
#include "helper/vault/store_standing.h"

#define PACE_US UINT64_C(50000)
#define AGAIN_US (UINT64_C(60) * 1000000)
#define FOUND 1

static int on_row(sd_event_source *s, uint64_t usec, void *userdata);

static int wait_us(struct expulsions *x, uint64_t us)
{
	x->resume = sd_event_source_disable_unref(x->resume);
	return sd_event_add_time_relative(x->ctx->event, &x->resume, CLOCK_MONOTONIC, us, 0, on_row, x) < 0 ? -ENOMEM
													    : 0;
}

struct local_search {
	struct expulsions *x;
	const struct standing_note *note;
	int result;
};

static int refuse_of(struct expulsions *x, const struct account *a, const struct standing_note *note)
{
	/* what another identity left under this uid counts for nothing */
	if (a->state == ACCOUNT_FORGOTTEN || a->subject == NULL || strcmp(a->issuer, note->issuer) != 0 ||
	    strcmp(a->subject, note->subject) != 0)
		return 0;
	return expel_person(x->ctx, a, note->standing.checked_s, note->standing.reason);
}

static int on_local(void *userdata, const struct account *a)
{
	struct local_search *search = userdata;

	if (a->uid != search->note->uid)
		return 0;
	search->result = refuse_of(search->x, a, search->note);
	return FOUND;
}

static int resume(struct expulsions *x, const struct standing_note *note)
{
	struct local_search search = {.x = x, .note = note};
	LK_CLEANUP(account_freep) struct account *a = NULL;
	size_t at = 0;
	int r = store_find_uid(x->ctx->store, note->uid, &a);

	if (r == 0)
		return refuse_of(x, a, note);
	if (r != -ENOENT)
		return r;
	r = accounts_each_local(x->ctx->accounts, &at, on_local, &search);
	return r == FOUND ? search.result : r;
}

static int on_row(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct expulsions *x = userdata;
	struct standing_note note;
	int r = store_next_standing(x->ctx->store, x->resumed_uid, &note);

	(void)s;
	(void)usec;
	if (r == -ENOENT) {
		x->resume = sd_event_source_disable_unref(x->resume);
		return 0;
	}
	if (r == 0) {
		if (note.standing.state == STANDING_REFUSED)
			r = resume(x, &note);
		if (r == 0)
			x->resumed_uid = note.uid;
		standing_note_done(&note);
	}
	if (r < 0)
		log_line(LOG_WARNING, "sessions of people who were refused before: %s; trying again", strerror(-r));
	if (wait_us(x, r < 0 ? AGAIN_US : PACE_US) < 0)
		log_line(LOG_ERR, "sessions of people who were refused before are not ended: out of memory");
	return 0;
}

int expulsions_resume(struct expulsions *x)
{
	return x->settings->is_on ? wait_us(x, PACE_US) : 0;
}
