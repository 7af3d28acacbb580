/* SPDX-License-Identifier: MIT */
/* A short table: few people have a request on their device at any time. What has run out makes room. */
#include "helper/login/pushes.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/clock.h"

struct push {
	char *issuer;
	char *subject;
	uint64_t until_ms;
};

struct pushes {
	struct push *list;
	size_t n;
	size_t size;
};

int pushes_new(struct pushes **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret != NULL ? 0 : -ENOMEM;
}

static void drop(struct pushes *p, size_t i)
{
	free(p->list[i].issuer);
	free(p->list[i].subject);
	p->list[i] = p->list[--p->n];
}

void pushes_free(struct pushes *p)
{
	if (p == NULL)
		return;
	while (p->n > 0)
		drop(p, p->n - 1);
	free(p->list);
	free(p);
}

static void drop_ended(struct pushes *p)
{
	uint64_t now_ms = clock_monotonic_ms();

	for (size_t i = p->n; i > 0; i--) {
		if (p->list[i - 1].until_ms <= now_ms)
			drop(p, i - 1);
	}
}

static struct push *find(const struct pushes *p, const char *issuer, const char *subject)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->list[i].subject, subject) == 0 && strcmp(p->list[i].issuer, issuer) == 0)
			return &p->list[i];
	}
	return NULL;
}

static int make_room(struct pushes *p)
{
	size_t size = p->size == 0 ? 16 : p->size * 2;
	struct push *list;

	if (p->n < p->size)
		return 0;
	if (p->n >= PUSHES_MAX)
		return -EDQUOT;
	list = reallocarray(p->list, size, sizeof(*list));
	if (list == NULL)
		return -ENOMEM;
	p->list = list;
	p->size = size;
	return 0;
}

int pushes_take(struct pushes *p, const char *issuer, const char *subject, uint32_t lifetime_s)
{
	struct push push = {.until_ms = clock_monotonic_ms() + (uint64_t)lifetime_s * 1000};
	int r;

	drop_ended(p);
	if (find(p, issuer, subject) != NULL)
		return -EBUSY;
	r = make_room(p);
	if (r < 0)
		return r;
	push.issuer = strdup(issuer);
	push.subject = strdup(subject);
	if (push.issuer == NULL || push.subject == NULL) {
		free(push.issuer);
		free(push.subject);
		return -ENOMEM;
	}
	p->list[p->n++] = push;
	return 0;
}

void pushes_keep(struct pushes *p, const char *issuer, const char *subject, uint32_t lifetime_s)
{
	struct push *push = find(p, issuer, subject);

	if (push != NULL)
		push->until_ms = clock_monotonic_ms() + (uint64_t)lifetime_s * 1000;
}

void pushes_release(struct pushes *p, const char *issuer, const char *subject)
{
	const struct push *push = find(p, issuer, subject);

	if (push != NULL)
		drop(p, (size_t)(push - p->list));
}
