/* SPDX-License-Identifier: MIT */
/* The store's accounts as a map in sealed memory, handed to latchkey-root, and its answer to everybody who waits. One
 * publication at a time: whoever asks meanwhile is served by the next one, which is made of a newer store. Never lets a
 * change be forgotten: what could not be published is tried again. */
#include "helper/accounts/publish.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "helper/accounts/expected.h"
#include "helper/accounts/localdb.h"
#include "helper/accounts/map_groups.h"
#include "helper/accounts/map_job.h"
#include "helper/accounts/map_writer.h"
#include "helper/accounts/root_call.h"
#include "nss_module/map_format.h"
#include "nss_module/publish_format.h"

#define US_PER_S UINT64_C(1000000)
/* For latchkey-root to check and write it; a large map takes longer. */
#define PUBLICATION_MAX_US (5 * US_PER_S)
#define BYTES_PER_S (UINT64_C(16) << 20)
#define RETRY_FIRST_US US_PER_S
#define RETRY_MAX_US (300 * US_PER_S)
/* Rows of the store in one turn of the loop: a few milliseconds. */
#define SLICE_ROWS 1000u

struct publish_wait {
	TAILQ_ENTRY(publish_wait) link;
	struct publish_wait_list *list; /* the one it is in */
	publish_done_fn done;
	void *userdata;
};

TAILQ_HEAD(publish_wait_list, publish_wait);

/* A map in the making, slice by slice. What changes meanwhile is asked for again by who changes it. */
struct building {
	struct publisher *p;
	struct map_writer *w;
	struct map_groups *groups;
	uint32_t after; /* uid of the last row */
	size_t rows;    /* of this slice */
};

struct publisher {
	sd_event *event;
	const struct account_settings *settings;
	struct store *store;
	struct localdb *local;
	char *socket_path;
	struct publish_wait_list waiting; /* for the next publication */
	struct publish_wait_list served;  /* by the one under way */
	sd_event_source *start;           /* from the loop, so that what is asked together is served together */
	sd_event_source *slice;
	struct building building;
	struct map_job *job;
	sd_event_source *retry;
	uint64_t retry_us; /* 0: the last one went well */
	int memfd;         /* what latchkey-root gets, or -1 */
	struct root_call *call;
	size_t n_left_off; /* of the last map that was made */
	char left_off[MAP_NAME_MAX + 1];
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static sd_event_source *source_drop(sd_event_source *s)
{
	return sd_event_source_disable_unref(s);
}

static int schedule_start(struct publisher *p);

/* --- the end of a publication ------------------------------------------------------------------------------------- */

static void building_drop(struct publisher *p)
{
	p->slice = source_drop(p->slice);
	map_groups_free(LK_STEAL(p->building.groups));
	map_writer_free(LK_STEAL(p->building.w));
	map_job_free(LK_STEAL(p->job));
}

static void connection_drop(struct publisher *p)
{
	root_call_free(LK_STEAL(p->call));
	close_fd(&p->memfd);
}

static int on_retry(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct publisher *p = userdata;

	(void)s;
	(void)usec;
	p->retry = source_drop(p->retry);
	return schedule_start(p);
}

static void schedule_retry(struct publisher *p)
{
	p->retry_us = p->retry_us == 0 ? RETRY_FIRST_US : p->retry_us * 2;
	if (p->retry_us > RETRY_MAX_US)
		p->retry_us = RETRY_MAX_US;
	p->retry = source_drop(p->retry);
	(void)sd_event_add_time_relative(p->event, &p->retry, CLOCK_MONOTONIC, p->retry_us, 0, on_retry, p);
}

static void finish(struct publisher *p, int error, const char *detail)
{
	struct publish_wait *w;

	building_drop(p);
	connection_drop(p);
	if (error == 0) {
		p->retry_us = 0;
		p->retry = source_drop(p->retry);
	} else {
		schedule_retry(p);
	}
	/* One at a time from the head: the callee may cancel any other wait, or ask again. */
	while ((w = TAILQ_FIRST(&p->served)) != NULL) {
		publish_done_fn done = w->done;
		void *userdata = w->userdata;

		publish_wait_cancel(w);
		if (done != NULL)
			done(userdata, error, detail);
	}
	if (!TAILQ_EMPTY(&p->waiting) && schedule_start(p) < 0) {
		TAILQ_CONCAT(&p->served, &p->waiting, link);
		TAILQ_FOREACH(w, &p->served, link)
		w->list = &p->served;
		schedule_retry(p);
	}
}

/* --- the map ------------------------------------------------------------------------------------------------------ */

static void leave_off(struct publisher *p, const char *name)
{
	p->n_left_off++;
	(void)snprintf(p->left_off, sizeof(p->left_off), "%s", name);
}

/* Somebody gave the name or id to a local user since: the files come first for everybody. */
static bool is_local_now(const struct localdb *l, const struct account *a)
{
	return localdb_has_user(l, a->name) || localdb_has_group(l, a->name) || localdb_has_uid(l, a->uid) ||
	       localdb_has_gid(l, a->uid) || localdb_has_gid(l, a->gid);
}

/* A private group whose number the provider told needs a record; the other has its user's number and needs none. */
static int add_user(struct map_writer *w, const struct map_user *u)
{
	const struct map_group private_group = {.name = u->name, .gid = u->gid};
	int r = u->gid != u->uid ? map_writer_add_group(w, &private_group) : 0;

	return r == 0 ? map_writer_add_user(w, u) : r;
}

static int add_account(void *userdata, const struct account *a)
{
	struct building *b = userdata;
	struct map_user u = {
		.name = a->name,
		.uid = a->uid,
		.gid = a->gid,
		.gecos = a->gecos != NULL ? a->gecos : "",
		.home = a->home,
		.shell = a->shell,
	};
	int r;

	b->after = a->uid;
	b->rows++;
	if (a->state == ACCOUNT_FORGOTTEN || accounts_is_withdrawn(a))
		return 0;
	/* One that latchkey-root would refuse must not keep all others from being published. */
	r = is_local_now(b->p->local, a) || !accounts_is_in_bounds(b->p->settings, a) ? -EINVAL : add_user(b->w, &u);
	if (r == 0)
		return map_groups_add(b->groups, a);
	if (r == -EINVAL || r == -EEXIST) {
		leave_off(b->p, a->name);
		r = 0;
	}
	return r;
}

/* Marks for the PAM module. One whose line in /etc/passwd is gone, or is not what it has to be, is left off. */
static int add_local_accounts(struct building *b)
{
	const struct local_account_rules *l = &b->p->settings->local_accounts;
	struct local_user user;
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->n; i++) {
		struct map_user u = {.name = l->rules[i].name, .gecos = "", .home = "", .shell = "", .is_local = true};

		r = local_accounts_find_user(b->p->local, &l->rules[i], &user);
		if (r == 0) {
			u.uid = user.uid;
			u.gid = user.gid;
			r = map_writer_add_user(b->w, &u);
		}
		if (r == -ENOENT && l->rules[i].is_service) {
			r = 0; /* one of our own: it stands among those */
		} else if (r == -ENOENT || r == -EPERM || r == -EUCLEAN || r == -EEXIST) {
			leave_off(b->p, u.name);
			r = 0;
		}
	}
	return r;
}

static int building_begin(struct publisher *p)
{
	struct building *b = &p->building;
	int r = localdb_refresh(p->local);

	*b = (struct building){.p = p};
	if (r == 0)
		r = map_writer_new(&b->w);
	if (r == 0)
		r = map_groups_new(&b->groups, &p->settings->groups);
	if (r < 0)
		return r;
	p->n_left_off = 0;
	return add_local_accounts(b);
}

/* --- the exchange with latchkey-root ------------------------------------------------------------------------------ */

static void on_answer(void *userdata, int error, const struct publish_answer *answer, const char *detail)
{
	struct publisher *p = userdata;
	char reason[sizeof(answer->reason)];

	if (error < 0) {
		finish(p, error, detail);
		return;
	}
	/* the answer goes with the call */
	memcpy(reason, answer->reason, sizeof(reason));
	finish(p, answer->status == PUBLISH_DONE ? 0 : answer->status == PUBLISH_REFUSED ? -EPERM : -EIO, reason);
}

/* --- the beginning ------------------------------------------------------------------------------------------------ */

static void on_map(void *userdata, int memfd, uint64_t size)
{
	struct publisher *p = userdata;
	struct publish_question q = {.magic = PUBLISH_MAGIC, .verb = PUBLISH_MAP};
	uint64_t patience_us = PUBLICATION_MAX_US + size * US_PER_S / BYTES_PER_S;
	int r;

	map_job_free(LK_STEAL(p->job));
	if (memfd < 0) {
		finish(p, memfd, "the map could not be made from the store");
		return;
	}
	p->memfd = memfd;
	q.size = size;
	r = root_call_start(&p->call, p->event, p->socket_path, &q, memfd, patience_us, on_answer, p);
	if (r < 0)
		finish(p, r, "out of memory");
}

/* The next rows; behind the last one the map is laid out. */
static int on_slice(sd_event_source *s, void *userdata)
{
	struct publisher *p = userdata;
	struct building *b = &p->building;
	int r;

	b->rows = 0;
	r = store_each_uid(p->store, b->after, SLICE_ROWS, add_account, b);
	if (r == 0 && b->rows == SLICE_ROWS)
		r = sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	else if (r == 0) {
		p->slice = source_drop(p->slice);
		r = map_groups_finish(b->groups, p->store, p->local, b->w);
		if (r == 0)
			r = map_job_start(&p->job, p->event, LK_STEAL(b->w), on_map, p);
	}
	if (r < 0)
		finish(p, r, "the map could not be made from the store");
	return 0;
}

static void begin(struct publisher *p)
{
	struct publish_wait *w;
	int r;

	TAILQ_CONCAT(&p->served, &p->waiting, link);
	TAILQ_FOREACH(w, &p->served, link)
	w->list = &p->served;
	r = building_begin(p);
	if (r == 0)
		r = sd_event_add_defer(p->event, &p->slice, on_slice, p);
	if (r < 0)
		finish(p, r, "the map could not be made from the store");
}

static int on_start(sd_event_source *s, void *userdata)
{
	struct publisher *p = userdata;

	(void)s;
	p->start = source_drop(p->start);
	begin(p);
	return 0;
}

/* Something is to be published; if a publication is under way, its end looks again. */
static int schedule_start(struct publisher *p)
{
	int r;

	if (p->start != NULL || p->slice != NULL || p->job != NULL || p->memfd >= 0)
		return 0;
	r = sd_event_add_defer(p->event, &p->start, on_start, p);
	return r < 0 ? r : 0;
}

int publisher_new(struct publisher **ret, sd_event *event, const struct account_settings *settings, struct store *store,
		  const char *socket_path)
{
	LK_CLEANUP(publisher_freep) struct publisher *p = calloc(1, sizeof(*p));
	int r;

	if (p == NULL)
		return -ENOMEM;
	TAILQ_INIT(&p->waiting);
	TAILQ_INIT(&p->served);
	p->memfd = -1;
	p->settings = settings;
	p->store = store;
	p->event = sd_event_ref(event);
	p->socket_path = strdup(socket_path);
	if (p->socket_path == NULL)
		return -ENOMEM;
	r = localdb_new(&p->local, "");
	if (r < 0)
		return r;
	*ret = LK_STEAL(p);
	return 0;
}

void publisher_free(struct publisher *p)
{
	struct publish_wait *w;

	if (p == NULL)
		return;
	building_drop(p);
	connection_drop(p);
	source_drop(p->start);
	source_drop(p->retry);
	while ((w = TAILQ_FIRST(&p->waiting)) != NULL || (w = TAILQ_FIRST(&p->served)) != NULL)
		publish_wait_cancel(w);
	sd_event_unref(p->event);
	localdb_free(p->local);
	free(p->socket_path);
	free(p);
}

int publisher_request(struct publisher *p, publish_done_fn done, void *userdata, struct publish_wait **ret)
{
	struct publish_wait *w = calloc(1, sizeof(*w));
	int r;

	if (w == NULL)
		return -ENOMEM;
	r = schedule_start(p);
	if (r < 0) {
		free(w);
		return -ENOMEM;
	}
	w->done = done;
	w->userdata = userdata;
	w->list = &p->waiting;
	TAILQ_INSERT_TAIL(&p->waiting, w, link);
	if (ret != NULL)
		*ret = w;
	return 0;
}

void publish_wait_cancel(struct publish_wait *w)
{
	if (w == NULL)
		return;
	TAILQ_REMOVE(w->list, w, link);
	free(w);
}

size_t publisher_left_off(const struct publisher *p, const char **ret_example)
{
	*ret_example = p->left_off;
	return p->n_left_off;
}
