/* SPDX-License-Identifier: MIT */
/*
 * Accepts connections and says whose they are. It decides nothing about them.
 */
#include "helper/protocol/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACK_OFF_USEC (200u * 1000u)

struct listener {
	sd_event_source *io;
	sd_event_source *back_off;
	int fd;
	listener_peer_fn on_peer;
	void *userdata;
};

static int on_back_off_over(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct listener *l = userdata;

	(void)source;
	(void)usec;
	return sd_event_source_set_enabled(l->io, SD_EVENT_ON);
}

static int back_off(struct listener *l)
{
	int r;

	r = sd_event_source_set_enabled(l->io, SD_EVENT_OFF);
	if (r < 0)
		return r;
	r = sd_event_source_set_time_relative(l->back_off, BACK_OFF_USEC);
	if (r < 0)
		return r;
	return sd_event_source_set_enabled(l->back_off, SD_EVENT_ONESHOT);
}

static int on_listen(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct listener *l = userdata;
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int client;

	(void)source;
	(void)events;
	client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (client < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			return back_off(l);
		return 0; /* the peer has gone already, or a signal came */
	}
	if (getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 || len != sizeof(peer)) {
		(void)close(client);
		return 0;
	}
	return l->on_peer(l->userdata, client, peer.uid) < 0 ? back_off(l) : 0;
}

int listener_new(struct listener **ret, sd_event *event, int fd, listener_peer_fn on_peer, void *userdata)
{
	struct listener *l = calloc(1, sizeof(*l));
	int r;

	if (l == NULL) {
		(void)close(fd);
		return -ENOMEM;
	}
	l->fd = fd;
	l->on_peer = on_peer;
	l->userdata = userdata;

	r = sd_event_add_io(event, &l->io, fd, EPOLLIN, on_listen, l);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &l->back_off, CLOCK_MONOTONIC, BACK_OFF_USEC, 0, on_back_off_over,
					       l);
	if (r >= 0)
		r = sd_event_source_set_enabled(l->back_off, SD_EVENT_OFF);
	if (r < 0) {
		listener_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

void listener_free(struct listener *l)
{
	if (l == NULL)
		return;
	sd_event_source_unref(l->io);
	sd_event_source_unref(l->back_off);
	(void)close(l->fd);
	free(l);
}
