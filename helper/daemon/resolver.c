/* SPDX-License-Identifier: MIT */
/*
 * Lets sshd believe in a name that has not signed in yet. An answer reserves a UID and nothing else; a refusal, an
 * unknown name and a flood all look the same from outside: not found.
 */
#include "helper/daemon/resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper/protocol/listener.h"
#include "nss_module/resolve_format.h"

#define PEERS_MAX 256u
#define PEER_USEC (3u * 1000u * 1000u)
#define NAMES_BURST 30u       /* unknown names from one address at once, */
#define NAMES_REFILL_MS 4000u /* then one in so much time */
/* All addresses together: what this process does in a percent of its time, and more than an sshd accepts. A lower one
 * would let the usual guessing of names from many addresses keep everybody's first login out. */
#define ALL_BURST 600u
#define ALL_REFILL_MS 10u
#define ADDRESSES_MAX 4096u

struct asker {
	struct resolver *resolver;
	struct asker *next;
	struct asker *prev;
	int fd;
	sd_event_source *io;
	sd_event_source *timer;
};

struct resolver {
	sd_event *event;
	struct listener *listener;
	struct login_context *login;
	struct limits *names; /* by client address */
	struct limits *all;
	struct asker *askers;
	unsigned n_askers;
};

static void asker_free(struct asker *a)
{
	sd_event_source_unref(a->io);
	sd_event_source_unref(a->timer);
	(void)close(a->fd);
	if (a->prev != NULL)
		a->prev->next = a->next;
	else
		a->resolver->askers = a->next;
	if (a->next != NULL)
		a->next->prev = a->prev;
	a->resolver->n_askers--;
	free(a);
}

/* The whole record was zero before: a text that fits is NUL-terminated. */
static bool put_text(char *out, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len >= size)
		return false;
	memcpy(out, text, len);
	return true;
}

/* One login asks more than once (sshd from 9.9 on three times): a name that holds its answer already costs nothing more. */
static bool within_limits(struct resolver *r, const struct resolve_question *q)
{
	char address[INET6_ADDRSTRLEN] = "local";

	if ((q->family == AF_INET || q->family == AF_INET6) &&
	    inet_ntop((int)q->family, q->address, address, sizeof(address)) == NULL)
		return false;
	if (accounts_is_held(r->login->accounts, q->name))
		return true;
	return limits_take(r->names, address) == 0 && limits_take(r->all, "all") == 0;
}

static bool admissible(struct resolver *r, const struct resolve_question *q, const struct login_provider **ret)
{
	const struct login_provider *lp;

	if (memchr(q->name, '\0', sizeof(q->name)) == NULL || !name_is_valid(q->name, true, true))
		return false;
	(void)localdb_refresh(r->login->local);
	if (!access_name_is_possible(r->login->access, q->name) ||
	    accounts_name_is_possible(r->login->accounts, q->name) != 1)
		return false;
	lp = login_provider_for(r->login, q->name);
	if (lp == NULL || !within_limits(r, q))
		return false;
	*ret = lp;
	return true;
}

static void answer(struct resolver *r, const struct resolve_question *q, struct resolve_answer *ret)
{
	LK_CLEANUP(account_freep) struct account *a = NULL;
	const struct login_provider *lp = NULL;
	struct resolve_answer found = {.magic = RESOLVE_MAGIC, .status = RESOLVE_FOUND};

	memset(ret, 0, sizeof(*ret));
	ret->magic = RESOLVE_MAGIC;
	ret->status = RESOLVE_NOT_FOUND;
	if (!admissible(r, q, &lp))
		return;
	if (accounts_reserve(r->login->accounts, q->name, provider_settings(lp->provider)->issuer, LOGIN_PROMISE_MS,
			     &a) != 0)
		return;

	found.uid = a->uid;
	found.gid = a->gid;
	if (put_text(found.name, sizeof(found.name), a->name) && put_text(found.gecos, sizeof(found.gecos), a->gecos) &&
	    put_text(found.home, sizeof(found.home), a->home) && put_text(found.shell, sizeof(found.shell), a->shell))
		*ret = found;
}

static int on_question(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct asker *asker = userdata;
	struct resolve_question q;
	struct resolve_answer a;
	ssize_t n;

	(void)source;
	(void)events;
	/* MSG_TRUNC makes a longer record show its true length; descriptors sent along are discarded by the kernel, as no
	 * room for them is given. */
	n = recv(fd, &q, sizeof(q), MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n == (ssize_t)sizeof(q) && q.magic == RESOLVE_MAGIC) {
		answer(asker->resolver, &q, &a);
		(void)send(fd, &a, sizeof(a), MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	asker_free(asker);
	return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	asker_free(userdata);
	return 0;
}

static int asker_new(struct resolver *r, int fd)
{
	struct asker *a = calloc(1, sizeof(*a));
	int rc;

	if (a == NULL) {
		(void)close(fd);
		return -ENOMEM;
	}
	a->resolver = r;
	a->fd = fd;
	a->next = r->askers;
	if (a->next != NULL)
		a->next->prev = a;
	r->askers = a;
	r->n_askers++;

	rc = sd_event_add_io(r->event, &a->io, fd, EPOLLIN, on_question, a);
	if (rc >= 0)
		rc = sd_event_add_time_relative(r->event, &a->timer, CLOCK_MONOTONIC, PEER_USEC, 0, on_timeout, a);
	if (rc < 0)
		asker_free(a);
	return rc;
}

static int on_peer(void *userdata, int fd, uid_t uid)
{
	struct resolver *r = userdata;

	/* An ordinary user learns nothing here, not even by time: the connection closes unread. */
	if (r->n_askers >= PEERS_MAX || uid != 0) {
		(void)close(fd);
		return 0;
	}
	return asker_new(r, fd) < 0 ? -EAGAIN : 0;
}

int resolver_new(struct resolver **ret, sd_event *event, int listen_fd, struct login_context *login)
{
	struct resolver *r = calloc(1, sizeof(*r));
	int rc;

	if (r == NULL) {
		(void)close(listen_fd);
		return -ENOMEM;
	}
	r->event = sd_event_ref(event);
	r->login = login;

	rc = listener_new(&r->listener, event, listen_fd, on_peer, r);
	if (rc >= 0)
		rc = limits_new(&r->names, NAMES_BURST, NAMES_REFILL_MS, ADDRESSES_MAX);
	if (rc >= 0)
		rc = limits_new(&r->all, ALL_BURST, ALL_REFILL_MS, 1);
	if (rc < 0) {
		resolver_free(r);
		return rc;
	}
	*ret = r;
	return 0;
}

void resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	while (r->askers != NULL)
		asker_free(r->askers);
	listener_free(r->listener);
	limits_free(r->names);
	limits_free(r->all);
	sd_event_unref(r->event);
	free(r);
}
