/* SPDX-License-Identifier: MIT */
/*
 * From a call to its answer. A single record is looked up in the mapping that all calls share; a listing has a mapping of
 * its own, so that it is one map from its first record to its last, and goes on only as its reader takes it.
 */
#include "helper/userdb/methods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/protocol/service.h"
#include "helper/userdb/query.h"
#include "helper/userdb/record.h"

#include "io.systemd.UserDatabase.varlink.h"

#define INTERFACE "io.systemd.UserDatabase"
#define PAGE 32u /* records between two looks at the other connections */

static const struct service service = {
	.product = "latchkey-userdb",
	.interface = INTERFACE,
	.description = io_systemd_UserDatabase_varlink,
};

/* Nothing published yet is a state like others: there are no accounts. */
static int fault_of(int result)
{
	return result < 0 && result != -ENOENT ? result : 0;
}

static void note_fault(struct userdb *u, int fault)
{
	int old = u->fault;

	u->fault = fault;
	if (fault != old && u->on_fault != NULL)
		u->on_fault(fault, old);
}

/* --- one record --------------------------------------------------------------------------------------------------- */

struct lookup {
	const struct query *query;
	enum query_kind kind;
	int result;
	struct json_object *reply;
};

static int look_up(void *userdata, const struct map_view *v)
{
	struct lookup *l = userdata;

	json_object_put(l->reply); /* of an attempt that was overtaken */
	l->reply = NULL;
	l->result = record_find(v, l->query, l->kind, &l->reply);
	return 0;
}

static void answer_one(struct userdb *u, struct conn *c, const struct query *q, enum query_kind kind)
{
	struct lookup l = {.query = q, .kind = kind, .result = RECORD_NONE};
	int fault = fault_of(map_reader_ask(&u->map, look_up, &l));

	note_fault(u, fault);
	if (fault < 0)
		conn_error(c, INTERFACE ".ServiceNotAvailable", NULL);
	else if (l.result == 0)
		conn_reply(c, l.reply, false);
	else if (l.result == RECORD_CONFLICT)
		conn_error(c, INTERFACE ".ConflictingRecordFound", NULL);
	else if (l.result == RECORD_NON_MATCHING)
		conn_error(c, INTERFACE ".NonMatchingRecordFound", NULL);
	else if (l.result == RECORD_NONE)
		conn_error(c, INTERFACE ".NoRecordFound", NULL);
	else
		conn_drop(c);
	json_object_put(l.reply);
}

/* --- many --------------------------------------------------------------------------------------------------------- */

struct listing {
	struct conn *conn;
	struct map_view view;
	struct record_walk walk;
	struct json_object *held; /* found and not yet sent: the last reply must say that it is the last */
};

static void listing_free(void *userdata)
{
	struct listing *l = userdata;

	json_object_put(l->held);
	map_reader_close(&l->view);
	free(l);
}

static void send_page(void *userdata)
{
	struct listing *l = userdata;

	for (unsigned i = 0; i < PAGE; i++) {
		struct json_object *next = NULL;
		int r = record_walk_next(&l->walk, &next);

		if (r < 0) {
			conn_drop(l->conn);
			return;
		}
		conn_reply(l->conn, l->held, r == 0);
		json_object_put(l->held);
		l->held = next;
		if (r != 0)
			return;
	}
}

static void start_listing(struct userdb *u, struct conn *c, struct listing *l, const struct query *q,
			  enum query_kind kind)
{
	int r = map_reader_open(&u->map, &l->view);

	note_fault(u, fault_of(r));
	if (r == 0) {
		record_walk_begin(&l->walk, &l->view, q, kind);
		r = record_walk_next(&l->walk, &l->held);
	} else {
		r = fault_of(r) < 0 ? -EIO : RECORD_NONE;
	}
	if (r == 0)
		conn_set_producer(c, send_page);
	else if (r == RECORD_NONE)
		conn_error(c, INTERFACE ".NoRecordFound", NULL);
	else
		conn_error(c, INTERFACE ".ServiceNotAvailable", NULL);
}

static void answer_many(struct userdb *u, struct conn *c, const struct query *q, enum query_kind kind)
{
	struct listing *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		conn_drop(c);
		return;
	}
	l->conn = c;
	conn_set_job(c, l, listing_free);
	start_listing(u, c, l, q, kind);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void answer(struct userdb *u, struct conn *c, const struct varlink_call *call, enum query_kind kind)
{
	struct query q;
	const char *bad;
	int r = query_parse(&q, kind, call->parameters, &bad);

	if (r == QUERY_BAD_SERVICE)
		conn_error(c, INTERFACE ".BadService", NULL);
	else if (r != 0)
		service_invalid(c, bad);
	else if (!query_is_listing(&q, kind))
		answer_one(u, c, &q, kind);
	else if (call->more)
		answer_many(u, c, &q, kind);
	else
		conn_error(c, ERROR_EXPECTED_MORE, NULL);
}

void methods_call(void *userdata, struct conn *c, const struct varlink_call *call)
{
	struct userdb *u = userdata;

	if (call->oneway)
		conn_drop(c);
	else if (strcmp(call->method, INTERFACE ".GetUserRecord") == 0)
		answer(u, c, call, QUERY_USER);
	else if (strcmp(call->method, INTERFACE ".GetGroupRecord") == 0)
		answer(u, c, call, QUERY_GROUP);
	else if (strcmp(call->method, INTERFACE ".GetMemberships") == 0)
		answer(u, c, call, QUERY_MEMBERSHIPS);
	else if (strcmp(call->method, METHOD_GET_INFO) == 0)
		service_get_info(c, &service);
	else if (strcmp(call->method, METHOD_GET_INTERFACE_DESCRIPTION) == 0)
		service_get_interface_description(c, &service, call);
	else
		service_not_found(c, call->method);
}
