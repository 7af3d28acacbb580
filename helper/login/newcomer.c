/* SPDX-License-Identifier: MIT */
/*
 * Asks other sources of NSS about what would be new, as often as the answer is "the number is taken", and looks once more
 * whether it is still the same before it says yes.
 */
#include "helper/login/newcomer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "helper/login/log.h"
#include "helper/login/refusal.h"
#include "helper/protocol/names.h"

/* Of a range that another source uses too. Who comes again goes on behind what was avoided. */
#define ROUNDS_MAX 64u

struct newcomer {
	struct login_context *ctx;
	struct account_person person;
	bool with_numbers;
	newcomer_done_fn done;
	void *userdata;

	struct account_news news; /* what was asked about */
	unsigned rounds;
	bool has_avoided;
	struct sources_wait *wait;
};

void newcomer_free(struct newcomer *n)
{
	if (n == NULL)
		return;
	sources_wait_cancel(n->wait);
	free(n);
}

static void finish(struct newcomer *n, enum sources_outcome outcome, const char *reason, const char *detail)
{
	const struct newcomer_result result = {outcome, n->has_avoided, reason, detail};

	n->done(n->userdata, &result);
}

static int preview(const struct newcomer *n, struct account_news *ret)
{
	int r = accounts_preview(n->ctx->accounts, &n->person, ret);

	if (r == 0 && !n->with_numbers) {
		ret->question.uid = 0;
		ret->question.gid = 0;
	}
	return r;
}

static void ask(struct newcomer *n);

/* Others were bound while the answer was on its way. */
static bool is_still_so(const struct newcomer *n)
{
	const struct sources_question *asked = &n->news.question;
	struct account_news now;

	return preview(n, &now) == 0 && strcmp(now.question.name, asked->name) == 0 && now.question.uid == asked->uid &&
	       now.question.gid == asked->gid;
}

static void on_answer(void *userdata, const struct sources_answer *answer)
{
	struct newcomer *n = userdata;
	const char *reason = REASON_NO_STORE;

	n->wait = NULL;
	if (answer->outcome == SOURCES_NOBODY && is_still_so(n)) {
		finish(n, SOURCES_NOBODY, NULL, NULL);
		return;
	}
	if (answer->outcome == SOURCES_ID && n->news.has_choice && answer->id == n->news.question.uid) {
		log_line(LOG_NOTICE, "UID %u is given to nobody new, %s", answer->id, answer->detail);
		accounts_avoid_id(n->ctx->accounts, answer->id);
		n->has_avoided = true;
	} else if (answer->outcome != SOURCES_NOBODY) {
		if (answer->outcome == SOURCES_NAME)
			reason = REASON_NAME_TAKEN;
		else if (answer->outcome == SOURCES_ID)
			reason = REASON_CONFIGURATION;
		finish(n, answer->outcome, reason, answer->detail);
		return;
	}
	if (++n->rounds < ROUNDS_MAX)
		ask(n);
	else
		finish(n, SOURCES_UNKNOWN, REASON_NO_STORE, "other sources of NSS have too many numbers of [accounts]");
}

static void ask(struct newcomer *n)
{
	int r = preview(n, &n->news);

	if (r != 0)
		finish(n, SOURCES_UNKNOWN, refusal_of_account(r), refusal_account_text(r));
	else if (n->news.question.name[0] == '\0')
		finish(n, SOURCES_NOBODY, NULL, NULL);
	else if (sources_ask(&n->wait, n->ctx->sources, &n->news.question, on_answer, n) < 0)
		finish(n, SOURCES_UNKNOWN, REASON_UNAVAILABLE, "out of memory");
}

int newcomer_start(struct newcomer **ret, struct login_context *ctx, const struct account_person *person,
		   bool with_numbers, newcomer_done_fn done, void *userdata)
{
	struct newcomer *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return -ENOMEM;
	n->ctx = ctx;
	n->person = *person;
	n->with_numbers = with_numbers;
	n->done = done;
	n->userdata = userdata;
	*ret = n;
	ask(n);
	return 0;
}
