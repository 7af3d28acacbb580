/* SPDX-License-Identifier: MIT */
/* From the records that a writer has collected to sealed memory, beside the event loop. */
#include "helper/accounts/map_job.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

struct map_job {
	struct map_writer *writer;
	map_job_fn done;
	void *userdata;
	sd_event_source *source;
	pthread_t thread;
	bool has_thread;
	int ready;  /* an eventfd: the two below are set */
	int result; /* the sealed memory, or negative errno */
	uint64_t size;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static int seal(const void *bytes, size_t len)
{
	LK_CLEANUP(close_fd) int fd = memfd_create("latchkey-map", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	const char *from = bytes;
	int sealed;

	if (fd < 0)
		return -errno;
	while (len > 0) {
		ssize_t n = write(fd, from, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		from += n;
		len -= (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	sealed = fd;
	fd = -1;
	return sealed;
}

static void *work(void *userdata)
{
	static const uint64_t one = 1;
	struct map_job *j = userdata;
	void *bytes = NULL;
	size_t len = 0;

	j->result = map_writer_finish(j->writer, &bytes, &len);
	if (j->result == 0) {
		j->result = seal(bytes, len);
		j->size = len;
	}
	free(bytes);
	map_writer_free(LK_STEAL(j->writer)); /* takes its time too */
	(void)!write(j->ready, &one, sizeof(one));
	return NULL;
}

static void join(struct map_job *j)
{
	if (j->has_thread)
		(void)pthread_join(j->thread, NULL);
	j->has_thread = false;
}

static int on_ready(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	struct map_job *j = userdata;
	int memfd;

	(void)fd;
	(void)revents;
	(void)sd_event_source_set_enabled(s, SD_EVENT_OFF);
	join(j);
	memfd = j->result;
	j->result = -EIO;
	j->done(j->userdata, memfd, j->size);
	return 0;
}

int map_job_start(struct map_job **ret, sd_event *event, struct map_writer *w, map_job_fn done, void *userdata)
{
	LK_CLEANUP(map_job_freep) struct map_job *j = calloc(1, sizeof(*j));
	int r;

	if (j == NULL) {
		map_writer_free(w);
		return -ENOMEM;
	}
	j->writer = w;
	j->done = done;
	j->userdata = userdata;
	j->result = -EIO;
	j->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (j->ready < 0)
		return -errno;
	r = sd_event_add_io(event, &j->source, j->ready, EPOLLIN, on_ready, j);
	if (r < 0)
		return r;
	j->has_thread = pthread_create(&j->thread, NULL, work, j) == 0;
	if (!j->has_thread)
		(void)work(j);
	*ret = LK_STEAL(j);
	return 0;
}

void map_job_free(struct map_job *j)
{
	if (j == NULL)
		return;
	join(j);
	(void)sd_event_source_disable_unref(j->source);
	close_fd(&j->ready);
	close_fd(&j->result);
	map_writer_free(j->writer);
	free(j);
}
