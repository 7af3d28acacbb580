/* SPDX-License-Identifier: MIT */
/*
 * The thread beside the event loop. A job belongs to the loop's side except between two locks, in which the thread takes it
 * and puts it back.
 */
#include "helper/base/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct work {
	struct work *next;
	struct worker *worker;
	const struct work_kind *kind;
	void *job;
	bool is_cancelled; /* the thread never looks at it */
};

struct worker {
	sd_event_source *io;
	int done_fd;
	pthread_t thread;
	bool has_thread;
	unsigned n; /* jobs that have not come back */
	unsigned max;

	/* under the lock */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool is_over;
	struct work *waiting; /* oldest first */
	struct work *finished;
};

static void work_free(struct work *j)
{
	j->kind->release(j->job);
	free(j);
}

static void free_all(struct work *j)
{
	while (j != NULL) {
		struct work *next = j->next;

		work_free(j);
		j = next;
	}
}

static void append(struct work **list, struct work *j)
{
	while (*list != NULL)
		list = &(*list)->next;
	j->next = NULL;
	*list = j;
}

/* Return: NULL when it is over. */
static struct work *next_job(struct worker *w)
{
	struct work *j = NULL;

	(void)pthread_mutex_lock(&w->lock);
	while (!w->is_over && w->waiting == NULL)
		(void)pthread_cond_wait(&w->wake, &w->lock);
	if (!w->is_over) {
		j = w->waiting;
		w->waiting = j->next;
		j->next = NULL;
	}
	(void)pthread_mutex_unlock(&w->lock);
	return j;
}

static void *work(void *userdata)
{
	struct worker *w = userdata;
	struct work *j;

	while ((j = next_job(w)) != NULL) {
		const uint64_t one = 1;

		j->kind->run(j->job);
		(void)pthread_mutex_lock(&w->lock);
		append(&w->finished, j);
		(void)pthread_mutex_unlock(&w->lock);
		(void)!write(w->done_fd, &one, sizeof(one));
	}
	return NULL;
}

static int on_finished(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct worker *w = userdata;
	uint64_t n;

	(void)source;
	(void)events;
	(void)!read(fd, &n, sizeof(n));
	for (;;) {
		struct work *j;

		(void)pthread_mutex_lock(&w->lock);
		j = w->finished;
		if (j != NULL)
			w->finished = j->next;
		(void)pthread_mutex_unlock(&w->lock);
		if (j == NULL)
			return 0;
		w->n--;
		if (!j->is_cancelled)
			j->kind->done(j->job);
		work_free(j);
	}
}

/* Signals are the event loop's alone. */
static int start_thread(struct worker *w)
{
	sigset_t all;
	sigset_t before;
	int r;

	if (w->has_thread)
		return 0;
	(void)sigfillset(&all);
	r = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (r != 0)
		return -r;
	r = pthread_create(&w->thread, NULL, work, w);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	w->has_thread = r == 0;
	return -r;
}

int worker_new(struct worker **ret, sd_event *event, unsigned queue_max)
{
	struct worker *w = calloc(1, sizeof(*w));
	int r;

	if (w == NULL)
		return -ENOMEM;
	w->max = queue_max;
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->wake, NULL);
	w->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = w->done_fd < 0 ? -errno : sd_event_add_io(event, &w->io, w->done_fd, EPOLLIN, on_finished, w);
	if (r < 0) {
		worker_free(w, 0);
		return r;
	}
	*ret = w;
	return 0;
}

/* Return: has the thread ended. */
static bool stop_thread(struct worker *w, uint64_t patience_ms)
{
	struct timespec end;

	if (!w->has_thread)
		return true;
	(void)pthread_mutex_lock(&w->lock);
	w->is_over = true;
	(void)pthread_cond_signal(&w->wake);
	(void)pthread_mutex_unlock(&w->lock);

	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += (time_t)(patience_ms / 1000);
	end.tv_nsec += (long)(patience_ms % 1000) * 1000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_nsec -= 1000000000;
		end.tv_sec++;
	}
	return pthread_clockjoin_np(w->thread, NULL, CLOCK_MONOTONIC, &end) == 0;
}

void worker_free(struct worker *w, uint64_t patience_ms)
{
	bool is_over;

	if (w == NULL)
		return;
	is_over = stop_thread(w, patience_ms);
	w->io = sd_event_source_unref(w->io);
	free_all(w->waiting);
	w->waiting = NULL;
	if (!is_over) { /* it will look at the rest when it comes back */
		(void)pthread_detach(w->thread);
		return;
	}
	free_all(w->finished);
	if (w->done_fd >= 0)
		(void)close(w->done_fd);
	(void)pthread_cond_destroy(&w->wake);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}

int worker_start(struct work **ret, struct worker *w, const struct work_kind *kind, void *job)
{
	struct work *j;
	int r;

	if (w->n >= w->max)
		return -EBUSY;
	r = start_thread(w);
	if (r < 0)
		return r;
	j = calloc(1, sizeof(*j));
	if (j == NULL)
		return -ENOMEM;
	j->worker = w;
	j->kind = kind;
	j->job = job;
	w->n++;
	*ret = j;
	(void)pthread_mutex_lock(&w->lock);
	append(&w->waiting, j);
	(void)pthread_cond_signal(&w->wake);
	(void)pthread_mutex_unlock(&w->lock);
	return 0;
}

/* Return: true, it had not been begun and is the caller's. */
static bool take_back(struct worker *w, struct work *j)
{
	struct work **link;
	bool is_there;

	(void)pthread_mutex_lock(&w->lock);
	for (link = &w->waiting; *link != NULL && *link != j; link = &(*link)->next)
		;
	is_there = *link == j;
	if (is_there)
		*link = j->next;
	(void)pthread_mutex_unlock(&w->lock);
	return is_there;
}

void work_cancel(struct work *j)
{
	if (j == NULL)
		return;
	j->is_cancelled = true;
	if (!take_back(j->worker, j))
		return;
	j->worker->n--;
	work_free(j);
}
