/* SPDX-License-Identifier: MIT */
/*
 * Has PINs hashed in a thread that does nothing else, so that one that is slow delays another PIN at most.
 */
#include "helper/login/pin_hasher.h"

#include <crypt.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/worker.h"

#define METHOD "$y$"
#define COST 7ul /* 64 MiB and about a tenth of a second */

struct pin_hash {
	struct work *work;
	struct secret *pin;
	char setting[PIN_SETTING_MAX + 1];
	int error;
	struct secret *hash;
	pin_hash_done_fn done;
	void *userdata;
};

struct pin_hasher {
	struct worker *worker;
};

static void pin_hash_free(struct pin_hash *p)
{
	if (p == NULL)
		return;
	secret_free(p->pin);
	secret_free(p->hash);
	secret_wipe(p->setting, sizeof(p->setting));
	free(p);
}
LK_DEFINE_CLEANUP(struct pin_hash *, pin_hash_free);

static int hash(struct pin_hash *p)
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	char setting[CRYPT_GENSALT_OUTPUT_SIZE] = "";
	const char *hash = NULL;
	int r = -ENOMEM;

	if (data == NULL)
		return r;
	r = -EIO;
	if (p->setting[0] != '\0')
		hash = crypt_rn(secret_data(p->pin), p->setting, data, (int)sizeof(*data));
	else if (crypt_gensalt_rn(METHOD, COST, NULL, 0, setting, (int)sizeof(setting)) != NULL)
		hash = crypt_rn(secret_data(p->pin), setting, data, (int)sizeof(*data));
	if (hash != NULL)
		r = secret_copy(&p->hash, hash, strlen(hash));
	else if (errno == EINVAL || errno == ENOMEM)
		r = -errno;
	secret_wipe(data, sizeof(*data));
	free(data);
	return r;
}

static void on_run(void *job)
{
	struct pin_hash *p = job;

	p->error = hash(p);
}

static void on_done(void *job)
{
	struct pin_hash *p = job;

	p->done(p->userdata, p->error, p->hash);
}

static void on_release(void *job)
{
	pin_hash_free(job);
}

static const struct work_kind hashing = {on_run, on_done, on_release};

int pin_hasher_new(struct pin_hasher **ret, sd_event *event)
{
	struct pin_hasher *h = calloc(1, sizeof(*h));
	int r;

	if (h == NULL)
		return -ENOMEM;
	r = worker_new(&h->worker, event, PIN_HASHER_QUEUE_MAX);
	if (r < 0)
		free(h);
	else
		*ret = h;
	return r;
}

void pin_hasher_free(struct pin_hasher *h)
{
	if (h == NULL)
		return;
	worker_free(h->worker, PIN_HASHER_PATIENCE_MS);
	free(h);
}

static int pin_hash_new(struct pin_hash **ret, const struct secret *pin, const struct secret *setting)
{
	LK_CLEANUP(pin_hash_freep) struct pin_hash *p = NULL;
	int r;

	if (setting != NULL && (secret_len(setting) == 0 || secret_len(setting) > PIN_SETTING_MAX))
		return -EINVAL;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	r = secret_copy(&p->pin, secret_data(pin), secret_len(pin));
	if (r < 0)
		return r;
	if (setting != NULL)
		memcpy(p->setting, secret_data(setting), secret_len(setting));
	*ret = LK_STEAL(p);
	return 0;
}

int pin_hash_start(struct pin_hash **ret, struct pin_hasher *h, const struct secret *pin, const struct secret *setting,
		   pin_hash_done_fn done, void *userdata)
{
	LK_CLEANUP(pin_hash_freep) struct pin_hash *p = NULL;
	int r;

	r = pin_hash_new(&p, pin, setting);
	if (r < 0)
		return r;
	p->done = done;
	p->userdata = userdata;
	r = worker_start(&p->work, h->worker, &hashing, p);
	if (r == 0)
		*ret = LK_STEAL(p);
	return r;
}

void pin_hash_cancel(struct pin_hash *p)
{
	if (p != NULL)
		work_cancel(p->work);
}
