/* SPDX-License-Identifier: MIT */
/* Drives exchanges on the event loop. A profile has a multi handle of its own, so that no connection, TLS session or
 * name once looked up is shared between providers. Every request has one deadline from the moment it was asked for,
 * queue included (N6, N7). What is idle is given back. Must never call back from within a call of its users. */
#include "helper/fetch/pool.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/resource.h>

#include "helper/base/clock.h"
#include "helper/fetch/exchange.h"
#include "helper/fetch/url.h"
#include "helper/fetch/wire.h"

#define MS UINT64_C(1000) /* in the microseconds of sd-event */

struct transfer {
	TAILQ_ENTRY(transfer) link; /* in waiting or active of its pool */
	struct pool *pool;
	const struct fetch_request *request;
	struct url url;
	struct exchange *exchange; /* NULL while it waits */
	sd_event_source *deadline;
	uint64_t deadline_ms;
	transfer_done_fn done;
	void *userdata;
};
TAILQ_HEAD(transfer_list, transfer);

struct pool {
	TAILQ_ENTRY(pool) link;
	struct pools *pools;
	struct fetch_profile profile; /* strings are our own */
	CURLM *multi;
	sd_event_source *timer;
	struct transfer_list active;
	struct transfer_list waiting;
	unsigned n_active;
	unsigned n_waiting;
	uint64_t idle_since_ms;
};
TAILQ_HEAD(pool_list, pool);

struct pools {
	sd_event *event;
	sd_event_source *pump; /* starts what waits */
	sd_event_source *idle;
	struct pool_list list;
	unsigned n_pools;
	unsigned n_active;
	unsigned n_waiting;
	unsigned max_active;
	size_t body_bytes;
	bool is_curl_ready;
};

static void pool_run(struct pool *pool, curl_socket_t fd, int what);

/* --- libcurl on sd-event --------------------------------------------------------------------------------------------- */

static int on_socket(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	int what = 0;

	(void)source;
	if ((events & (EPOLLIN | EPOLLHUP)) != 0)
		what |= CURL_CSELECT_IN;
	if ((events & EPOLLOUT) != 0)
		what |= CURL_CSELECT_OUT;
	if ((events & EPOLLERR) != 0)
		what |= CURL_CSELECT_ERR;
	pool_run(userdata, fd, what);
	return 0;
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *userdata, void *socket_data)
{
	struct pool *pool = userdata;
	sd_event_source *source = socket_data;
	uint32_t events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		sd_event_source_disable_unref(source);
		(void)curl_multi_assign(pool->multi, fd, NULL);
		return 0;
	}
	if ((what & CURL_POLL_IN) != 0)
		events |= EPOLLIN;
	if ((what & CURL_POLL_OUT) != 0)
		events |= EPOLLOUT;
	if (source != NULL)
		return sd_event_source_set_io_events(source, events) < 0 ? -1 : 0;
	if (sd_event_add_io(pool->pools->event, &source, fd, events, on_socket, pool) < 0)
		return -1;
	(void)curl_multi_assign(pool->multi, fd, source);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	pool_run(userdata, CURL_SOCKET_TIMEOUT, 0);
	return 0;
}

static int set_timer(CURLM *multi, long timeout_ms, void *userdata)
{
	struct pool *pool = userdata;

	(void)multi;
	if (timeout_ms < 0)
		return sd_event_source_set_enabled(pool->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
	if (sd_event_source_set_time_relative(pool->timer, (uint64_t)timeout_ms * MS) < 0 ||
	    sd_event_source_set_enabled(pool->timer, SD_EVENT_ONESHOT) < 0)
		return -1;
	return 0;
}

/* --- pools ----------------------------------------------------------------------------------------------------------- */

static void pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	(void)curl_multi_cleanup(pool->multi);
	sd_event_source_disable_unref(pool->timer);
	free((char *)(uintptr_t)pool->profile.name);
	free((char *)(uintptr_t)pool->profile.ca_file);
	free((char *)(uintptr_t)pool->profile.ca_directory);
	free((char *)(uintptr_t)pool->profile.proxy);
	free((char *)(uintptr_t)pool->profile.client_certificate);
	free((char *)(uintptr_t)pool->profile.client_key);
	free(pool);
}
LK_DEFINE_CLEANUP(struct pool *, pool_free);

static int copy_text(const char **ret, const char *text)
{
	if (text == NULL)
		return 0;
	*ret = strdup(text);
	return *ret != NULL ? 0 : -ENOMEM;
}

static int copy_profile(struct fetch_profile *to, const struct fetch_profile *from)
{
	to->allow_loopback_http = from->allow_loopback_http;
	if (copy_text(&to->name, from->name) < 0 || copy_text(&to->ca_file, from->ca_file) < 0 ||
	    copy_text(&to->ca_directory, from->ca_directory) < 0 || copy_text(&to->proxy, from->proxy) < 0 ||
	    copy_text(&to->client_certificate, from->client_certificate) < 0 ||
	    copy_text(&to->client_key, from->client_key) < 0)
		return -ENOMEM;
	return 0;
}

static int set_multi(struct pool *pool)
{
	if (curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, watch_socket) != CURLM_OK ||
	    curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool) != CURLM_OK ||
	    curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, set_timer) != CURLM_OK ||
	    curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool) != CURLM_OK ||
	    curl_multi_setopt(pool->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING) != CURLM_OK ||
	    curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS, 8L) != CURLM_OK)
		return -ENOMEM;
	return 0;
}

static int pool_new(struct pool **ret, struct pools *pools, const struct fetch_profile *profile)
{
	LK_CLEANUP(pool_freep) struct pool *pool = calloc(1, sizeof(*pool));
	int r;

	if (pool == NULL)
		return -ENOMEM;
	pool->pools = pools;
	TAILQ_INIT(&pool->active);
	TAILQ_INIT(&pool->waiting);
	pool->multi = curl_multi_init();
	if (pool->multi == NULL)
		return -ENOMEM;
	r = copy_profile(&pool->profile, profile);
	if (r == 0)
		r = sd_event_add_time_relative(pools->event, &pool->timer, CLOCK_MONOTONIC, 0, 1 * MS, on_timer, pool);
	if (r >= 0)
		r = sd_event_source_set_enabled(pool->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = set_multi(pool);
	if (r < 0)
		return r;
	TAILQ_INSERT_TAIL(&pools->list, pool, link);
	pools->n_pools++;
	*ret = LK_STEAL(pool);
	return 0;
}

static void pool_drop(struct pool *pool)
{
	TAILQ_REMOVE(&pool->pools->list, pool, link);
	pool->pools->n_pools--;
	pool_free(pool);
}

static bool is_idle(const struct pool *pool)
{
	return pool->n_active == 0 && pool->n_waiting == 0;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The name alone would let a connection made under other trust anchors, or as another client, live on after the configuration changed. */
static bool same_profile(const struct fetch_profile *a, const struct fetch_profile *b)
{
	return same_text(a->name, b->name) && same_text(a->ca_file, b->ca_file) &&
	       same_text(a->ca_directory, b->ca_directory) && same_text(a->proxy, b->proxy) &&
	       same_text(a->client_certificate, b->client_certificate) && same_text(a->client_key, b->client_key) &&
	       a->allow_loopback_http == b->allow_loopback_http;
}

static int pool_find(struct pool **ret, struct pools *pools, const struct fetch_profile *profile)
{
	struct pool *oldest_idle = NULL;
	struct pool *pool;

	TAILQ_FOREACH(pool, &pools->list, link)
	{
		if (same_profile(&pool->profile, profile)) {
			*ret = pool;
			return 0;
		}
		if (is_idle(pool) && (oldest_idle == NULL || pool->idle_since_ms < oldest_idle->idle_since_ms))
			oldest_idle = pool;
	}
	if (pools->n_pools >= POOL_PROFILES_MAX) {
		if (oldest_idle == NULL)
			return -EBUSY;
		pool_drop(oldest_idle);
	}
	return pool_new(ret, pools, profile);
}

/* --- transfers ------------------------------------------------------------------------------------------------------- */

static void transfer_free(struct transfer *t)
{
	if (t == NULL)
		return;
	sd_event_source_disable_unref(t->deadline);
	exchange_free(t->exchange);
	url_done(&t->url);
	free(t);
}
LK_DEFINE_CLEANUP(struct transfer *, transfer_free);

static void wake_pump(struct pools *pools)
{
	(void)sd_event_source_set_enabled(pools->pump, SD_EVENT_ONESHOT);
}

/* Takes it off every list and off libcurl. */
static void detach(struct transfer *t)
{
	struct pool *pool = t->pool;

	if (t->exchange != NULL) {
		(void)curl_multi_remove_handle(pool->multi, exchange_handle(t->exchange));
		TAILQ_REMOVE(&pool->active, t, link);
		pool->n_active--;
		pool->pools->n_active--;
		wake_pump(pool->pools);
	} else {
		TAILQ_REMOVE(&pool->waiting, t, link);
		pool->n_waiting--;
		pool->pools->n_waiting--;
	}
	if (is_idle(pool))
		pool->idle_since_ms = clock_monotonic_ms();
}

static void finish(struct transfer *t, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	detach(t);
	t->done(t->userdata, outcome, reply, detail);
	transfer_free(t);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct transfer *t = userdata;

	(void)source;
	(void)usec;
	finish(t, FETCH_TIMEOUT, NULL, t->exchange != NULL ? "no whole reply in time" : "waited in the queue too long");
	return 0;
}

static void collect(struct pool *pool)
{
	CURLMsg *message;
	int n_left;

	while ((message = curl_multi_info_read(pool->multi, &n_left)) != NULL) {
		CURLcode code = message->data.result;
		struct transfer *t = exchange_owner(message->easy_handle);
		char detail[WIRE_DETAIL_MAX + 1];
		struct fetch_reply reply;
		enum fetch_outcome outcome;

		if (message->msg != CURLMSG_DONE || t == NULL)
			continue;
		outcome = exchange_result(t->exchange, code, &reply, detail);
		finish(t, outcome, outcome == FETCH_DONE ? &reply : NULL, detail);
	}
}

static void pool_run(struct pool *pool, curl_socket_t fd, int what)
{
	int n_running;

	(void)curl_multi_socket_action(pool->multi, fd, what, &n_running);
	collect(pool);
}

static int activate(struct transfer *t, const char **detail)
{
	struct pool *pool = t->pool;
	LK_CLEANUP(exchange_freep) struct exchange *x = NULL;
	uint64_t now_ms = clock_monotonic_ms();
	uint64_t left_ms = t->deadline_ms > now_ms ? t->deadline_ms - now_ms : 1;
	int r;

	r = exchange_new(&x, t->request, &t->url, (uint32_t)left_ms, &pool->pools->body_bytes, detail);
	if (r < 0)
		return r;
	exchange_set_owner(x, t);
	if (curl_multi_add_handle(pool->multi, exchange_handle(x)) != CURLM_OK)
		return -ENOMEM;
	TAILQ_REMOVE(&pool->waiting, t, link);
	pool->n_waiting--;
	pool->pools->n_waiting--;
	TAILQ_INSERT_TAIL(&pool->active, t, link);
	pool->n_active++;
	pool->pools->n_active++;
	t->exchange = LK_STEAL(x);
	return 0;
}

/* One from each pool in turn, so that a full queue of one provider does not stand in front of another's only request. */
static int on_pump(sd_event_source *source, void *userdata)
{
	struct pools *pools = userdata;
	bool has_started = true;
	struct pool *pool;

	(void)source;
	while (has_started) {
		const char *detail = "not enough memory for a transfer";
		int r;

		has_started = false;
		TAILQ_FOREACH(pool, &pools->list, link)
		{
			struct transfer *t = TAILQ_FIRST(&pool->waiting);

			if (t == NULL || pool->n_active >= POOL_TRANSFERS_PROFILE_MAX ||
			    pools->n_active >= pools->max_active)
				continue;
			r = activate(t, &detail);
			if (r < 0)
				finish(t, r == -EKEYREJECTED ? FETCH_TLS : FETCH_OVERLOADED, NULL, detail);
			has_started = true;
		}
	}
	return 0;
}

static int prepare(struct pools *pools)
{
	int r;

	if (!pools->is_curl_ready) {
		r = exchange_global_init();
		if (r < 0)
			return r;
		pools->is_curl_ready = true;
	}
	r = sd_event_source_set_time_relative(pools->idle, POOL_IDLE_MS * MS);
	return r < 0 ? r : sd_event_source_set_enabled(pools->idle, SD_EVENT_ONESHOT);
}

static int judge(struct transfer *t, const struct fetch_request *request, const char **detail)
{
	int r;

	if (request->profile->proxy != NULL && !url_proxy_is_allowed(request->profile->proxy)) {
		*detail = "proxy is not of the form http://host:port";
		return FETCH_NOT_ALLOWED;
	}
	r = url_read(&t->url, request->url, request->profile->allow_loopback_http, detail);
	return r == -EPERM ? (int)FETCH_NOT_ALLOWED : r;
}

static int admit(struct transfer *t, struct pools *pools, const struct fetch_profile *profile, const char **detail)
{
	int r = pool_find(&t->pool, pools, profile);

	if (r == -EBUSY) {
		*detail = "too many providers at once";
		return FETCH_OVERLOADED;
	}
	if (r < 0)
		return r;
	if (pools->n_waiting >= POOL_WAITING_MAX || t->pool->n_waiting >= POOL_WAITING_PROFILE_MAX) {
		*detail = "too many requests wait already";
		return FETCH_OVERLOADED;
	}
	return 0;
}

int pools_start(struct pools *p, const struct fetch_request *request, transfer_done_fn done, void *userdata,
		struct transfer **ret, const char **detail)
{
	LK_CLEANUP(transfer_freep) struct transfer *t = calloc(1, sizeof(*t));
	int r;

	if (t == NULL)
		return -ENOMEM;
	r = prepare(p);
	if (r >= 0)
		r = judge(t, request, detail);
	if (r == 0)
		r = admit(t, p, request->profile, detail);
	if (r != 0)
		return r;
	t->request = request;
	t->done = done;
	t->userdata = userdata;
	t->deadline_ms = clock_monotonic_ms() + request->timeout_ms;
	r = sd_event_add_time_relative(p->event, &t->deadline, CLOCK_BOOTTIME, request->timeout_ms * MS, 20 * MS,
				       on_deadline, t);
	if (r < 0)
		return r;
	TAILQ_INSERT_TAIL(&t->pool->waiting, t, link);
	t->pool->n_waiting++;
	p->n_waiting++;
	wake_pump(p);
	*ret = LK_STEAL(t);
	return 0;
}

void transfer_cancel(struct transfer *t)
{
	if (t == NULL)
		return;
	detach(t);
	transfer_free(t);
}

/* --- the set of pools ------------------------------------------------------------------------------------------------ */

static int on_idle(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct pools *pools = userdata;
	uint64_t now_ms = clock_monotonic_ms();
	struct pool *pool = TAILQ_FIRST(&pools->list);

	(void)usec;
	while (pool != NULL) {
		struct pool *next = TAILQ_NEXT(pool, link);

		if (is_idle(pool) && now_ms - pool->idle_since_ms >= POOL_IDLE_MS)
			pool_drop(pool);
		pool = next;
	}
	if (pools->n_pools == 0) {
		(void)malloc_trim(0);
		return 0;
	}
	(void)sd_event_source_set_time_relative(source, POOL_IDLE_MS / 2 * MS);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* A transfer takes up to four descriptors while its host's name is looked up. */
static unsigned transfers_for_limit(void)
{
	struct rlimit limit = {.rlim_cur = 0};
	unsigned long n;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1;
	n = limit.rlim_cur > 32 ? (limit.rlim_cur - 32) / 4 : 1;
	return n < POOL_TRANSFERS_MAX ? (unsigned)n : POOL_TRANSFERS_MAX;
}

int pools_new(struct pools **ret, sd_event *event)
{
	LK_CLEANUP(pools_freep) struct pools *p = calloc(1, sizeof(*p));
	int r;

	if (p == NULL)
		return -ENOMEM;
	TAILQ_INIT(&p->list);
	p->event = sd_event_ref(event);
	p->max_active = transfers_for_limit();
	r = sd_event_add_defer(event, &p->pump, on_pump, p);
	if (r >= 0)
		r = sd_event_source_set_enabled(p->pump, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &p->idle, CLOCK_MONOTONIC, 0, 1000 * MS, on_idle, p);
	if (r >= 0)
		r = sd_event_source_set_enabled(p->idle, SD_EVENT_OFF);
	if (r < 0)
		return r;
	*ret = LK_STEAL(p);
	return 0;
}

static void cancel_all(struct transfer_list *list)
{
	while (!TAILQ_EMPTY(list))
		transfer_cancel(TAILQ_FIRST(list));
}

void pools_free(struct pools *p)
{
	if (p == NULL)
		return;
	while (!TAILQ_EMPTY(&p->list)) {
		struct pool *pool = TAILQ_FIRST(&p->list);

		cancel_all(&pool->active);
		cancel_all(&pool->waiting);
		pool_drop(pool);
	}
	sd_event_source_disable_unref(p->pump);
	sd_event_source_disable_unref(p->idle);
	sd_event_unref(p->event);
	free(p);
}

bool pools_are_empty(const struct pools *p)
{
	return p->n_active == 0 && p->n_waiting == 0;
}
