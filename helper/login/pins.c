/* SPDX-License-Identifier: MIT */
/*
 * Between the store, which counts, and the thread, which hashes. One guess at a time for each account, so that none of many
 * at once can slip through before the others are counted.
 */
#include "helper/login/pins.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/clock.h"
#include "helper/login/pin_hasher.h"
#include "helper/login/pin_rules.h"
#include "helper/vault/store_pins.h"

#define DECLINED_MAX 256u

struct pin_job {
	struct pin_job *next;
	struct pins *pins;
	uint32_t uid;
	char *issuer;
	char *subject;
	struct secret *expected; /* NULL: a new one is set */
	struct pin_hash *hash;
	pins_done_fn done;
	void *userdata;
};

struct pins {
	struct store *store;
	struct pin_hasher *hasher;
	struct pin_job *jobs;
	uint32_t declined[DECLINED_MAX]; /* a ring */
	size_t n_declined;
};

int pins_new(struct pins **ret, sd_event *event, struct store *store)
{
	LK_CLEANUP(pins_freep) struct pins *p = calloc(1, sizeof(*p));
	int r;

	if (p == NULL)
		return -ENOMEM;
	p->store = store;
	r = pin_hasher_new(&p->hasher, event);
	if (r < 0)
		return r;
	*ret = LK_STEAL(p);
	return 0;
}

static void job_free(struct pin_job *j)
{
	struct pin_job **link = &j->pins->jobs;

	while (*link != NULL && *link != j)
		link = &(*link)->next;
	if (*link == j)
		*link = j->next;
	secret_free(j->expected);
	free(j->issuer);
	free(j->subject);
	free(j);
}

void pins_free(struct pins *p)
{
	if (p == NULL)
		return;
	while (p->jobs != NULL)
		pins_cancel(p->jobs);
	pin_hasher_free(p->hasher);
	free(p);
}

void pins_cancel(struct pin_job *j)
{
	if (j == NULL)
		return;
	pin_hash_cancel(j->hash);
	job_free(j);
}

static bool is_busy(const struct pins *p, uint32_t uid)
{
	for (const struct pin_job *j = p->jobs; j != NULL; j = j->next)
		if (j->uid == uid)
			return true;
	return false;
}

static int gate(struct pins *p, const struct row_owner *o, const struct pin_record *record)
{
	int64_t now_s = clock_realtime_s();
	int64_t wait_s = 0;
	uint32_t n = 0;
	int r;

	switch (pin_gate(record->failures, record->last_failure_s, now_s, &wait_s)) {
	case PIN_GATE_OPEN:
		return PIN_RIGHT;
	case PIN_GATE_WAIT:
		return PIN_WAIT;
	case PIN_GATE_LOCKED:
		return PIN_LOCKED;
	case PIN_GATE_CLOCK:
		break;
	}
	/* The delay begins anew, and the clock that was set back costs a guess: else setting it would be one for nothing. */
	r = store_count_pin_failure(p->store, o, now_s, &n);
	return r < 0 ? r : PIN_WAIT;
}

static int find(struct pins *p, const struct row_owner *o, struct pin_record *ret)
{
	int r = store_find_pin(p->store, o, ret);

	return r == -ENOENT || r == -EKEYREJECTED ? PIN_NONE : r;
}

int pins_look(struct pins *p, const struct account *account)
{
	LK_CLEANUP(pin_record_done) struct pin_record record = {.hash = NULL};
	struct row_owner o = account_owner(account);
	int r = find(p, &o, &record);

	return r != 0 ? r : gate(p, &o, &record);
}

bool pins_has(struct pins *p, const struct account *account)
{
	LK_CLEANUP(pin_record_done) struct pin_record record = {.hash = NULL};
	struct row_owner o = account_owner(account);

	return find(p, &o, &record) == 0;
}

static int compare(struct pin_job *j, const struct secret *hash)
{
	struct row_owner o = {.uid = j->uid, .issuer = j->issuer, .subject = j->subject};

	if (!secret_equal(hash, j->expected))
		return PIN_WRONG;
	/* Should this not be written, one failure too many is counted, and the PIN was right all the same. */
	(void)store_clear_pin_failures(j->pins->store, &o);
	return PIN_RIGHT;
}

static int put(struct pin_job *j, const struct secret *hash)
{
	struct row_owner o = {.uid = j->uid, .issuer = j->issuer, .subject = j->subject};

	return store_put_pin(j->pins->store, &o, hash, clock_realtime_s());
}

static void on_hashed(void *userdata, int error, const struct secret *hash)
{
	struct pin_job *j = userdata;
	pins_done_fn done = j->done;
	void *data = j->userdata;
	int outcome = error < 0 ? error : -EIO;

	if (error == 0 && hash != NULL)
		outcome = j->expected != NULL ? compare(j, hash) : put(j, hash);
	job_free(j);
	done(data, outcome);
}

/* @expected: taken over. */
static int job_start(struct pin_job **ret, struct pins *p, const struct account *account, const struct secret *typed,
		     struct secret *expected, pins_done_fn done, void *userdata)
{
	struct pin_job *j = calloc(1, sizeof(*j));
	int r;

	if (j == NULL) {
		secret_free(expected);
		return -ENOMEM;
	}
	j->pins = p;
	j->uid = account->uid;
	j->expected = expected;
	j->done = done;
	j->userdata = userdata;
	j->issuer = strdup(account->issuer);
	j->subject = strdup(account->subject);
	r = j->issuer != NULL && j->subject != NULL
		    ? pin_hash_start(&j->hash, p->hasher, typed, j->expected, on_hashed, j)
		    : -ENOMEM;
	if (r < 0) {
		job_free(j);
		return r == -EBUSY ? PIN_BUSY : r;
	}
	j->next = p->jobs;
	p->jobs = j;
	*ret = j;
	return 0;
}

int pins_guess(struct pin_job **ret, struct pins *p, const struct account *account, const struct secret *typed,
	       pins_done_fn done, void *userdata)
{
	LK_CLEANUP(pin_record_done) struct pin_record record = {.hash = NULL};
	struct row_owner o = account_owner(account);
	uint32_t n = 0;
	int r;

	if (is_busy(p, account->uid))
		return PIN_BUSY;
	r = find(p, &o, &record);
	if (r == 0)
		r = gate(p, &o, &record);
	if (r == 0)
		r = store_count_pin_failure(p->store, &o, clock_realtime_s(), &n);
	if (r != 0)
		return r;
	return job_start(ret, p, account, typed, LK_STEAL(record.hash), done, userdata);
}

int pins_set(struct pin_job **ret, struct pins *p, const struct account *account, const struct secret *typed,
	     pins_done_fn done, void *userdata)
{
	if (is_busy(p, account->uid))
		return PIN_BUSY;
	return job_start(ret, p, account, typed, NULL, done, userdata);
}

void pins_reset(struct pins *p, const struct account *account)
{
	struct row_owner o = account_owner(account);

	(void)store_clear_pin_failures(p->store, &o);
}

void pins_decline(struct pins *p, const struct account *account)
{
	p->declined[p->n_declined++ % DECLINED_MAX] = account->uid;
}

bool pins_has_declined(const struct pins *p, const struct account *account)
{
	for (size_t i = 0; i < DECLINED_MAX; i++)
		if (p->declined[i] == account->uid)
			return true;
	return false;
}
