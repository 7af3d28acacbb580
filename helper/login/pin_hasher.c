/* SPDX-License-Identifier: MIT */
/*
 * One thread that hashes and does nothing else: it logs nothing, reads no clock and touches no other part of the helper. A
 * job belongs to the event loop's side except between two locks, in which the thread takes it and puts it back.
 */
#include "helper/login/pin_hasher.h"

#include <crypt.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define METHOD "$y$"
#define COST 7ul /* 64 MiB and about a tenth of a second */

struct pin_hash {
	struct pin_hash *next;
	struct pin_hasher *hasher;
	struct secret *pin;
	char setting[PIN_SETTING_MAX + 1];
	int error;
	struct secret *hash;
	pin_hash_done_fn done; /* NULL: cancelled */
	void *userdata;
};

struct pin_hasher {
	sd_event_source *io;
	int done_fd;
	pthread_t thread;
	bool has_thread;
	size_t n; /* jobs that have not come back */

	/* under the lock */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool is_over;
	struct pin_hash *waiting; /* oldest first */
	struct pin_hash *finished;
};

static void pin_hash_free(struct pin_hash *p)
{
	secret_free(p->pin);
	secret_free(p->hash);
	secret_wipe(p->setting, sizeof(p->setting));
	free(p);
}

static void free_all(struct pin_hash *p)
{
	while (p != NULL) {
		struct pin_hash *next = p->next;

		pin_hash_free(p);
		p = next;
	}
}

/* In the thread. */
static int run(struct pin_hash *p)
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

static void append(struct pin_hash **list, struct pin_hash *p)
{
	while (*list != NULL)
		list = &(*list)->next;
	p->next = NULL;
	*list = p;
}

/* Return: NULL when it is over. */
static struct pin_hash *next_job(struct pin_hasher *h)
{
	struct pin_hash *p = NULL;

	(void)pthread_mutex_lock(&h->lock);
	while (!h->is_over && h->waiting == NULL)
		(void)pthread_cond_wait(&h->wake, &h->lock);
	if (!h->is_over) {
		p = h->waiting;
		h->waiting = p->next;
		p->next = NULL;
	}
	(void)pthread_mutex_unlock(&h->lock);
	return p;
}

static void *work(void *userdata)
{
	struct pin_hasher *h = userdata;
	struct pin_hash *p;

	while ((p = next_job(h)) != NULL) {
		const uint64_t one = 1;

		p->error = run(p);
		(void)pthread_mutex_lock(&h->lock);
		append(&h->finished, p);
		(void)pthread_mutex_unlock(&h->lock);
		(void)!write(h->done_fd, &one, sizeof(one));
	}
	return NULL;
}

static int on_finished(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct pin_hasher *h = userdata;
	uint64_t n;

	(void)source;
	(void)events;
	(void)!read(fd, &n, sizeof(n));
	for (;;) {
		struct pin_hash *p;

		(void)pthread_mutex_lock(&h->lock);
		p = h->finished;
		if (p != NULL)
			h->finished = p->next;
		(void)pthread_mutex_unlock(&h->lock);
		if (p == NULL)
			return 0;
		h->n--;
		if (p->done != NULL)
			p->done(p->userdata, p->error, p->hash);
		pin_hash_free(p);
	}
}

/* Signals are the event loop's alone. */
static int start_thread(struct pin_hasher *h)
{
	sigset_t all;
	sigset_t before;
	int r;

	if (h->has_thread)
		return 0;
	(void)sigfillset(&all);
	r = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (r != 0)
		return -r;
	r = pthread_create(&h->thread, NULL, work, h);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	h->has_thread = r == 0;
	return -r;
}

int pin_hasher_new(struct pin_hasher **ret, sd_event *event)
{
	struct pin_hasher *h = calloc(1, sizeof(*h));
	int r;

	if (h == NULL)
		return -ENOMEM;
	(void)pthread_mutex_init(&h->lock, NULL);
	(void)pthread_cond_init(&h->wake, NULL);
	h->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = h->done_fd < 0 ? -errno : sd_event_add_io(event, &h->io, h->done_fd, EPOLLIN, on_finished, h);
	if (r < 0) {
		pin_hasher_free(h);
		return r;
	}
	*ret = h;
	return 0;
}

void pin_hasher_free(struct pin_hasher *h)
{
	if (h == NULL)
		return;
	if (h->has_thread) {
		(void)pthread_mutex_lock(&h->lock);
		h->is_over = true;
		(void)pthread_cond_signal(&h->wake);
		(void)pthread_mutex_unlock(&h->lock);
		(void)pthread_join(h->thread, NULL);
	}
	free_all(h->waiting);
	free_all(h->finished);
	sd_event_source_unref(h->io);
	if (h->done_fd >= 0)
		(void)close(h->done_fd);
	(void)pthread_cond_destroy(&h->wake);
	(void)pthread_mutex_destroy(&h->lock);
	free(h);
}

static int pin_hash_new(struct pin_hash **ret, const struct secret *pin, const struct secret *setting)
{
	struct pin_hash *p;

	if (setting != NULL && (secret_len(setting) == 0 || secret_len(setting) > PIN_SETTING_MAX))
		return -EINVAL;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	if (secret_copy(&p->pin, secret_data(pin), secret_len(pin)) < 0) {
		free(p);
		return -ENOMEM;
	}
	if (setting != NULL)
		memcpy(p->setting, secret_data(setting), secret_len(setting));
	*ret = p;
	return 0;
}

int pin_hash_start(struct pin_hash **ret, struct pin_hasher *h, const struct secret *pin, const struct secret *setting,
		   pin_hash_done_fn done, void *userdata)
{
	struct pin_hash *p;
	int r;

	if (h->n >= PIN_HASHER_QUEUE_MAX)
		return -EBUSY;
	r = start_thread(h);
	if (r < 0)
		return r;
	r = pin_hash_new(&p, pin, setting);
	if (r < 0)
		return r;
	p->hasher = h;
	p->done = done;
	p->userdata = userdata;
	h->n++;
	*ret = p;
	(void)pthread_mutex_lock(&h->lock);
	append(&h->waiting, p);
	(void)pthread_cond_signal(&h->wake);
	(void)pthread_mutex_unlock(&h->lock);
	return 0;
}

/* Return: true, it had not been begun and is the caller's. */
static bool take_back(struct pin_hasher *h, struct pin_hash *p)
{
	struct pin_hash **link;
	bool is_there;

	(void)pthread_mutex_lock(&h->lock);
	for (link = &h->waiting; *link != NULL && *link != p; link = &(*link)->next)
		;
	is_there = *link == p;
	if (is_there)
		*link = p->next;
	(void)pthread_mutex_unlock(&h->lock);
	return is_there;
}

/* The thread never looks at @done: what it has taken already is dropped when it comes back. */
void pin_hash_cancel(struct pin_hash *p)
{
	struct pin_hasher *h;

	if (p == NULL)
		return;
	h = p->hasher;
	p->done = NULL;
	if (!take_back(h, p))
		return;
	h->n--;
	pin_hash_free(p);
}
