/* SPDX-License-Identifier: MIT */
/* Parameters of io.systemd.UserDatabase: whatever passes as a query has one answer or a list that ends, all of it about
 * what was asked for, and none of it of an id that is never ours. The first byte of the input is the method. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/userdb/query.h"
#include "helper/userdb/record.h"
#include "tests/unit/nss_module/sample.h"

#define REPLIES_MAX 100

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool ok)
{
	if (!ok)
		abort();
}

static const struct map_view *the_map(void)
{
	static struct map_view v;

	if (v.base == NULL) {
		size_t len;
		void *bytes = sample_map(&len);

		demand(map_view_init(&v, bytes, len));
	}
	return &v;
}

static void check_name(const struct json_object *o, const char *key, const char *wanted)
{
	const char *found;

	if (wanted == NULL)
		return;
	demand(json_read_string(o, key, QUERY_NAME_MAX, &found) == 0);
	demand(strcmp(found, wanted) == 0);
}

static void check_reply(struct json_object *reply, const struct query *q, enum query_kind kind)
{
	struct json_object *record = reply;
	int64_t id;

	if (kind != QUERY_MEMBERSHIPS) {
		demand(json_read_object(reply, "record", &record) == 0);
		demand(json_read_int(record, kind == QUERY_USER ? "uid" : "gid", MAP_ID_FLOOR, INT32_MAX, &id) == 0);
		demand(query_admits(q, (uint32_t)id) && (!q->has_id || q->id == id));
	}
	check_name(record, "userName", kind == QUERY_GROUP ? NULL : q->user);
	check_name(record, "groupName", kind == QUERY_USER ? NULL : q->group);
}

static void list(const struct query *q, enum query_kind kind)
{
	struct json_object *reply;
	struct record_walk w;
	unsigned n = 0;

	record_walk_begin(&w, the_map(), q, kind);
	for (; record_walk_next(&w, &reply) == 0; n++) {
		check_reply(reply, q, kind);
		json_object_put(reply);
		demand(n < REPLIES_MAX);
	}
}

static void find(const struct query *q, enum query_kind kind)
{
	struct json_object *reply = NULL;
	int r = record_find(the_map(), q, kind, &reply);

	demand((r == 0) == (reply != NULL) && (r == 0 || (r >= RECORD_NONE && r <= RECORD_NON_MATCHING)));
	if (r == 0)
		check_reply(reply, q, kind);
	json_object_put(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_object *parameters;
	const char *bad = NULL;
	enum query_kind kind;
	struct query q;
	int r;

	if (size == 0)
		return 0;
	kind = (enum query_kind)(data[0] % 3);
	if (json_parse(&parameters, (const char *)data + 1, size - 1) != 0)
		return 0;
	if (json_object_is_type(parameters, json_type_object)) {
		r = query_parse(&q, kind, parameters, &bad);
		demand(r == 0 || r == QUERY_BAD_SERVICE || r == QUERY_INVALID);
		demand((r == QUERY_INVALID) == (bad != NULL));
		if (r == 0 && query_is_listing(&q, kind))
			list(&q, kind);
		else if (r == 0)
			find(&q, kind);
	}
	json_object_put(parameters);
	return 0;
}
