/* SPDX-License-Identifier: MIT */
/*
 * Signs assertions. A device that hangs costs its askers SIGNER_TIMEOUT_MS once; those who come while it hangs are told so
 * at once, until it comes back.
 */
#include "helper/oauth/signer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "helper/base/worker.h"
#include "helper/jose/jws_sign.h"

#define PATIENCE_MS 1000u
#define TYP_MAX 64u

struct signer {
	sd_event *event;
	struct worker *worker;
	uint64_t timeout_ms;
	unsigned n_hanging; /* jobs that were given up while the device had them */
};

struct signer_job {
	struct signer *signer;
	struct work *work;
	sd_event_source *timer;
	struct signing_key *key;
	char typ[TYP_MAX + 1];
	struct buf payload;
	int r;
	struct secret *assertion;
	bool has_hung;
	signer_done_fn done;
	void *userdata;
};

static void job_free(struct signer_job *j)
{
	if (j == NULL)
		return;
	sd_event_source_disable_unref(j->timer);
	signing_key_unref(j->key);
	buf_done(&j->payload);
	secret_free(j->assertion);
	free(j);
}
LK_DEFINE_CLEANUP(struct signer_job *, job_free);

static void on_run(void *job)
{
	struct signer_job *j = job;

	j->r = jws_sign(&j->assertion, j->key, j->typ, j->payload.data, j->payload.len);
}

static void on_done(void *job)
{
	struct signer_job *j = job;

	j->timer = sd_event_source_disable_unref(j->timer);
	j->done(j->userdata, j->r, j->assertion);
}

static void on_release(void *job)
{
	struct signer_job *j = job;

	if (j->has_hung)
		j->signer->n_hanging--;
	job_free(j);
}

static const struct work_kind signing = {on_run, on_done, on_release};

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct signer_job *j = userdata;
	signer_done_fn done = j->done;
	void *done_userdata = j->userdata;

	(void)source;
	(void)usec;
	j->timer = sd_event_source_disable_unref(j->timer);
	j->has_hung = true;
	j->signer->n_hanging++;
	work_cancel(j->work);
	done(done_userdata, -ETIMEDOUT, NULL);
	return 0;
}

int signer_new(struct signer **ret, sd_event *event)
{
	struct signer *s = calloc(1, sizeof(*s));
	int r;

	if (s == NULL)
		return -ENOMEM;
	s->timeout_ms = SIGNER_TIMEOUT_MS;
	r = worker_new(&s->worker, event, SIGNER_QUEUE_MAX);
	if (r < 0) {
		free(s);
		return r;
	}
	s->event = sd_event_ref(event);
	*ret = s;
	return 0;
}

void signer_free(struct signer *s)
{
	if (s == NULL)
		return;
	worker_free(s->worker, PATIENCE_MS);
	sd_event_unref(s->event);
	free(s);
}

void signer_set_timeout(struct signer *s, uint64_t timeout_ms)
{
	s->timeout_ms = timeout_ms;
}

static int job_new(struct signer_job **ret, struct signer *s, struct signing_key *k,
		   const struct assertion_claims *claims)
{
	LK_CLEANUP(job_freep) struct signer_job *j = calloc(1, sizeof(*j));
	const char *typ = assertion_typ(claims);
	int r;

	if (j == NULL)
		return -ENOMEM;
	if (strlen(typ) > TYP_MAX)
		return -EINVAL;
	memcpy(j->typ, typ, strlen(typ));
	j->signer = s;
	j->key = signing_key_ref(k);
	buf_init(&j->payload, ASSERTION_PAYLOAD_MAX);
	r = assertion_payload(&j->payload, claims);
	if (r == 0)
		r = sd_event_add_time_relative(s->event, &j->timer, CLOCK_MONOTONIC, s->timeout_ms * 1000, 0,
					       on_timeout, j);
	if (r < 0)
		return r;
	*ret = LK_STEAL(j);
	return 0;
}

/* A key of a device */
static int start(struct signer_job **ret, struct signer *s, struct signing_key *k,
		 const struct assertion_claims *claims, signer_done_fn done, void *userdata)
{
	LK_CLEANUP(job_freep) struct signer_job *j = NULL;
	int r;

	if (s == NULL)
		return SIGNING_NOT_OPEN;
	if (s->n_hanging > 0)
		return -ETIMEDOUT;
	r = job_new(&j, s, k, claims);
	if (r < 0)
		return r;
	j->done = done;
	j->userdata = userdata;
	r = worker_start(&j->work, s->worker, &signing, j);
	if (r == 0)
		*ret = LK_STEAL(j);
	return r;
}

int signer_start(struct signer_job **ret, struct secret **ret_assertion, struct signer *s, struct signing_key *k,
		 const struct assertion_claims *claims, signer_done_fn done, void *userdata)
{
	*ret = NULL;
	*ret_assertion = NULL;
	if (!signing_key_is_slow(k))
		return assertion_make(ret_assertion, k, claims);
	return start(ret, s, k, claims, done, userdata);
}

void signer_cancel(struct signer_job *j)
{
	if (j == NULL)
		return;
	j->timer = sd_event_source_disable_unref(j->timer);
	work_cancel(j->work);
}
