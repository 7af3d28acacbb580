/* SPDX-License-Identifier: MIT */
/*
 * Questions to other sources of NSS: queued, shared, and remembered for a while. Each is a row of children, one after the
 * other, until one finds something. What could not be asked is never an answer that lets somebody have a name.
 */
#include "helper/accounts/sources.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "helper/accounts/getent.h"
#include "helper/accounts/nsswitch.h"
#include "helper/base/clock.h"
#include "helper/base/file.h"

#define NSSWITCH_SIZE_MAX 65536u
#define RUNNING_MAX 4u
#define QUESTIONS_MAX 128u
#define ANSWER_COUNTS_MS 180000u
#define STEPS_MAX 6u /* the name, the uid and the gid, each in two databases */

enum database {
	PASSWD,
	GROUP,
	DATABASES
};

static const char *const database_names[DATABASES] = {"passwd", "group"};

struct sources_wait {
	TAILQ_ENTRY(sources_wait) link;
	struct sources_wait_list *list;
	sources_done_fn done;
	void *userdata;
};

TAILQ_HEAD(sources_wait_list, sources_wait);

struct step {
	enum database database;
	uint32_t id; /* 0: the name */
};

enum state {
	QUEUED,
	RUNNING,
	ANSWERED
};

struct question {
	TAILQ_ENTRY(question) link;
	struct sources *sources;
	struct sources_question asked;
	char services[DATABASES][NSSWITCH_OTHERS_MAX + 1];
	enum state state;
	uint64_t ends_ms; /* RUNNING: the deadline; ANSWERED: until when the answer counts */
	struct step steps[STEPS_MAX];
	size_t n_steps;
	size_t at;
	struct getent *child;
	struct sources_wait_list waits;
	struct sources_answer answer;
};

TAILQ_HEAD(question_list, question);

struct sources {
	sd_event *event;
	struct sources_settings settings;
	struct question_list questions; /* in the order in which they were asked */
	size_t n_questions;
	size_t n_running;
	sd_event_source *pump;
};

static int on_pump(sd_event_source *source, void *userdata);

int sources_new(struct sources **ret, sd_event *event, const struct sources_settings *settings)
{
	LK_CLEANUP(sources_freep) struct sources *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	TAILQ_INIT(&s->questions);
	s->event = sd_event_ref(event);
	s->settings = *settings;
	if (sd_event_add_defer(event, &s->pump, on_pump, s) < 0 ||
	    sd_event_source_set_enabled(s->pump, SD_EVENT_OFF) < 0)
		return -ENOMEM;
	*ret = LK_STEAL(s);
	return 0;
}

static void question_drop(struct question *q)
{
	TAILQ_REMOVE(&q->sources->questions, q, link);
	q->sources->n_questions--;
	getent_free(q->child);
	while (!TAILQ_EMPTY(&q->waits))
		sources_wait_cancel(TAILQ_FIRST(&q->waits));
	free(q);
}

void sources_free(struct sources *s)
{
	if (!s)
		return;
	while (!TAILQ_EMPTY(&s->questions))
		question_drop(TAILQ_FIRST(&s->questions));
	sd_event_source_disable_unref(s->pump);
	sd_event_unref(s->event);
	free(s);
}

void sources_wait_cancel(struct sources_wait *w)
{
	if (!w)
		return;
	TAILQ_REMOVE(w->list, w, link);
	free(w);
}

/* --- the children ------------------------------------------------------------------------------------------------- */

static void key_of(const struct question *q, const struct step *step, char *out, size_t size)
{
	if (step->id != 0)
		(void)snprintf(out, size, "%" PRIu32, step->id);
	else
		(void)snprintf(out, size, "%s", q->asked.name);
}

/* Whoever waits may ask again from within, and drop this question by that. */
static void answer(struct question *q, enum sources_outcome outcome, const char *why)
{
	struct sources_wait_list waits = TAILQ_HEAD_INITIALIZER(waits);
	const struct step *step = &q->steps[q->at];
	struct sources *s = q->sources;
	struct sources_answer *a = &q->answer, copy;
	struct sources_wait *w;
	char key[NAME_MAX_LEN + 1];

	a->outcome = outcome;
	if (outcome != SOURCES_NOBODY) {
		key_of(q, step, key, sizeof(key));
		a->id = outcome == SOURCES_ID ? step->id : 0;
		(void)snprintf(a->detail, sizeof(a->detail), "%s: getent -s '%s' %s %s", why,
			       q->services[step->database], database_names[step->database], key);
	}
	getent_free(LK_STEAL(q->child));
	q->state = ANSWERED;
	/* Who could not be asked is asked anew. */
	q->ends_ms = clock_monotonic_ms() + (outcome != SOURCES_UNKNOWN ? ANSWER_COUNTS_MS : 0);
	s->n_running--;
	(void)sd_event_source_set_enabled(s->pump, SD_EVENT_ONESHOT);

	copy = *a;
	TAILQ_FOREACH(w, &q->waits, link)
	w->list = &waits;
	TAILQ_CONCAT(&waits, &q->waits, link);
	while (!TAILQ_EMPTY(&waits)) {
		struct sources_wait here;

		w = TAILQ_FIRST(&waits);
		here = *w;
		sources_wait_cancel(w);
		here.done(here.userdata, &copy);
	}
}

static void next_step(struct question *q);

static void on_found(void *userdata, int found)
{
	struct question *q = userdata;

	getent_free(LK_STEAL(q->child));
	if (found == 1 && q->steps[q->at].id != 0) {
		answer(q, SOURCES_ID, "the number is somebody's");
	} else if (found == 1) {
		answer(q, SOURCES_NAME, "the name is somebody's");
	} else if (found < 0) {
		answer(q, SOURCES_UNKNOWN, found == -ETIMEDOUT ? "no answer in time" : "it ended in an error");
	} else {
		q->at++;
		next_step(q);
	}
}

static void next_step(struct question *q)
{
	uint64_t now_ms = clock_monotonic_ms();
	const struct step *step = &q->steps[q->at];
	char key[NAME_MAX_LEN + 1];

	if (q->at == q->n_steps) {
		answer(q, SOURCES_NOBODY, "");
		return;
	}
	if (now_ms >= q->ends_ms) {
		answer(q, SOURCES_UNKNOWN, "no time was left");
		return;
	}
	key_of(q, step, key, sizeof(key));

	const struct getent_request request = {
		.program = q->sources->settings.getent,
		.services = q->services[step->database],
		.database = database_names[step->database],
		.key = key,
		.deadline_ms = (uint32_t)(q->ends_ms - now_ms),
	};
	if (getent_start(&q->child, q->sources->event, &request, on_found, q) < 0)
		answer(q, SOURCES_UNKNOWN, "no child could be started");
}

/* From the loop, so that nobody is answered while he asks. */
static int on_pump(sd_event_source *source, void *userdata)
{
	struct sources *s = userdata;
	struct question *q;

	(void)source;
	TAILQ_FOREACH(q, &s->questions, link)
	{
		if (q->state != QUEUED || s->n_running >= RUNNING_MAX)
			continue;
		if (TAILQ_EMPTY(&q->waits)) {
			question_drop(q);
		} else {
			q->state = RUNNING;
			q->ends_ms = clock_monotonic_ms() + s->settings.deadline_ms;
			s->n_running++;
			next_step(q);
		}
		/* The list may be another one now. */
		return sd_event_source_set_enabled(s->pump, SD_EVENT_ONESHOT);
	}
	return 0;
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

static int read_services(const struct sources *s, char services[DATABASES][NSSWITCH_OTHERS_MAX + 1])
{
	struct buf content;
	char *path = realpath(s->settings.nsswitch, NULL); /* authselect makes a link of it */
	int r;

	buf_init(&content, NSSWITCH_SIZE_MAX);
	r = path ? file_read(&content, path, FILE_OWNER_ROOT_OR_SELF, FILE_READABLE, NSSWITCH_SIZE_MAX) : -errno;
	free(path);
	/* Without it glibc asks the files alone. */
	if (r == -ENOENT) {
		services[PASSWD][0] = '\0';
		services[GROUP][0] = '\0';
		r = 0;
	} else {
		for (size_t i = 0; r == 0 && i < DATABASES; i++)
			r = nsswitch_others(services[i], content.data ? content.data : "", content.len,
					    database_names[i]);
	}
	buf_done(&content);
	return r;
}

static void add_steps(struct question *q, uint32_t id)
{
	for (enum database d = PASSWD; d < DATABASES; d++)
		if (q->services[d][0] != '\0')
			q->steps[q->n_steps++] = (struct step){d, id};
}

static int answer_at_once(const struct sources_answer *a, sources_done_fn done, void *userdata)
{
	done(userdata, a);
	return 1;
}

static bool is_same(const struct sources_question *a, const struct sources_question *b)
{
	return strcmp(a->name, b->name) == 0 && a->uid == b->uid && a->gid == b->gid;
}

/* The same question, open or with an answer that counts. What counts no more is dropped by the way. */
static struct question *find_question(struct sources *s, const struct sources_question *asked)
{
	struct question *q = TAILQ_FIRST(&s->questions);

	while (q) {
		struct question *next = TAILQ_NEXT(q, link);

		if (q->state == ANSWERED && q->ends_ms <= clock_monotonic_ms())
			question_drop(q);
		else if (is_same(&q->asked, asked))
			return q;
		q = next;
	}
	return NULL;
}

/* The oldest answer gives way to a new question. Return: is there room. */
static bool make_room(struct sources *s)
{
	struct question *q;

	if (s->n_questions < QUESTIONS_MAX)
		return true;
	TAILQ_FOREACH(q, &s->questions, link)
	if (q->state == ANSWERED) {
		question_drop(q);
		return true;
	}
	return false;
}

static int add_question(struct sources *s, const struct sources_question *asked,
			char services[DATABASES][NSSWITCH_OTHERS_MAX + 1], struct question **ret)
{
	struct question *q = calloc(1, sizeof(*q));

	if (!q)
		return -ENOMEM;
	q->sources = s;
	q->asked = *asked;
	memcpy(q->services, services, sizeof(q->services));
	TAILQ_INIT(&q->waits);
	add_steps(q, 0);
	if (asked->uid != 0)
		add_steps(q, asked->uid);
	if (asked->gid != 0 && asked->gid != asked->uid)
		add_steps(q, asked->gid);
	TAILQ_INSERT_TAIL(&s->questions, q, link);
	s->n_questions++;
	*ret = q;
	return 0;
}

/* Return: 0 with *ret set, 1 @done ran, -ENOMEM. */
static int new_question(struct sources *s, const struct sources_question *asked, sources_done_fn done, void *userdata,
			struct question **ret)
{
	char services[DATABASES][NSSWITCH_OTHERS_MAX + 1] = {""};
	struct sources_answer a = {.outcome = SOURCES_UNKNOWN};
	int r = read_services(s, services);

	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		(void)snprintf(a.detail, sizeof(a.detail), "%s cannot be used: %s", s->settings.nsswitch, strerror(-r));
		return answer_at_once(&a, done, userdata);
	}
	if (services[PASSWD][0] == '\0' && services[GROUP][0] == '\0') {
		a.outcome = SOURCES_NOBODY;
		return answer_at_once(&a, done, userdata);
	}
	if (!make_room(s)) {
		(void)snprintf(a.detail, sizeof(a.detail), "too many questions to other name services are open");
		return answer_at_once(&a, done, userdata);
	}
	return add_question(s, asked, services, ret);
}

int sources_ask(struct sources_wait **ret, struct sources *s, const struct sources_question *question,
		sources_done_fn done, void *userdata)
{
	struct question *q = find_question(s, question);
	struct sources_wait *w;
	int r = q ? 0 : new_question(s, question, done, userdata, &q);

	if (r != 0)
		return r;
	if (q->state == ANSWERED) {
		const struct sources_answer copy = q->answer; /* who is answered may drop the question */

		return answer_at_once(&copy, done, userdata);
	}
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->list = &q->waits;
	w->done = done;
	w->userdata = userdata;
	TAILQ_INSERT_TAIL(&q->waits, w, link);
	(void)sd_event_source_set_enabled(s->pump, SD_EVENT_ONESHOT);
	*ret = w;
	return 0;
}
