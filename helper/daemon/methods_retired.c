/* SPDX-License-Identifier: MIT */
/*
 * Names and numbers of the past: first the names, then the numbers, page by page. Reads the store and changes nothing.
 */
#include "helper/daemon/methods.h"

#include <errno.h>
#include <stdlib.h>

#include "helper/base/json.h"
#include "helper/protocol/names.h"

#define PAGE_IS_FULL 1
#define PAGE 256u /* in one reply: each is far below 256 bytes, and FRAME_MAX is 256 KiB */

/* A listing under way: the next page when the peer has taken the last. */
struct listing {
	struct manager *manager;
	struct conn *conn;
	struct json_object *page;
	size_t n;
	bool are_names_done;
	struct retired last; /* of what is being listed; the first comes after an empty name, and after number 0 */
};

static void listing_free(void *userdata)
{
	struct listing *l = userdata;

	json_object_put(l->page);
	free(l);
}

static struct json_object *retired_json(const struct retired *r, const char *kind)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	bool ok = method_add_text(o, "kind", kind);

	ok = ok && method_add_text(o, "name", r->name);
	ok = ok && method_add_int(o, "id", r->id);
	ok = ok && method_add_int(o, "since", r->since_s);
	if (ok && r->called_now[0] != '\0')
		ok = method_add_text(o, "account", r->called_now);
	return ok ? LK_STEAL(o) : NULL;
}

/* Return: 0 something was added, -ENOENT there is no more, other negative errno. */
static int add_next(struct listing *l)
{
	struct store *s = l->manager->store;
	int r;

	r = l->are_names_done ? store_next_retired_id(s, l->last.id, &l->last)
			      : store_next_retired_name(s, l->last.name, &l->last);
	if (r < 0)
		return r;
	if (!method_append(l->page, retired_json(&l->last, l->are_names_done ? RETIRED_ID : RETIRED_NAME)))
		return -ENOMEM;
	l->n++;
	return 0;
}

/* Return: 0, PAGE_IS_FULL where more may come, negative errno. */
static int fill_page(struct listing *l)
{
	while (l->n < PAGE) {
		int r = add_next(l);

		if (r == -ENOENT && l->are_names_done)
			return 0;
		if (r == -ENOENT) {
			l->are_names_done = true;
			l->last = (struct retired){0};
		} else if (r < 0) {
			return r;
		}
	}
	return PAGE_IS_FULL;
}

static void send_page(void *userdata)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	struct listing *l = userdata;
	int r;

	l->n = 0;
	l->page = json_object_new_array();
	r = l->page ? fill_page(l) : -ENOMEM;
	if (r < 0 || !method_add(p, "retired", LK_STEAL(l->page))) {
		conn_drop(l->conn);
		return;
	}
	conn_reply(l->conn, p, r == PAGE_IS_FULL);
}

void method_list_retired(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	struct listing *l;

	if (!call->more) {
		conn_error(c, ERROR_EXPECTED_MORE, NULL);
		return;
	}
	l = calloc(1, sizeof(*l));
	if (!l) {
		conn_drop(c);
		return;
	}
	l->manager = m;
	l->conn = c;
	conn_set_job(c, l, listing_free);
	conn_set_producer(c, send_page);
}
