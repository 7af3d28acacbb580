/* SPDX-License-Identifier: MIT */
/*
 * Reads the parameters that a stranger sends into a query. What is not known here is refused by name: systemd's client
 * then asks again without that filter and does the filtering itself.
 */
#include "helper/userdb/query.h"

#include <errno.h>
#include <string.h>

#include "helper/base/json.h"

#define DISPOSITIONS_MAX 16u
#define DISPOSITION "regular"

static int read_name(const char **ret, struct json_object *o, const char *key)
{
	int r = json_read_string(o, key, QUERY_NAME_MAX, ret);

	return r == -ENOENT ? 0 : r;
}

static int read_id(uint32_t *ret, struct json_object *o, const char *key, uint32_t max)
{
	int64_t value;
	int r = json_read_int(o, key, 0, max, &value);

	if (r == 0)
		*ret = (uint32_t)value;
	return r;
}

static int read_bound(uint32_t *ret, struct json_object *o, const char *key)
{
	int r = read_id(ret, o, key, UINT32_MAX);

	return r == -ENOENT ? 0 : r;
}

static int read_key(struct query *q, struct json_object *o, const char *key)
{
	/* The highest number stands for "no id". */
	int r = read_id(&q->id, o, key, UINT32_MAX - 1);

	q->has_id = r == 0;
	return r == -ENOENT ? 0 : r;
}

static int read_dispositions(struct query *q, struct json_object *o, const char *key)
{
	struct json_object *list;
	int r = json_read_array(o, key, DISPOSITIONS_MAX, &list);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	q->wants_regular = false;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		if (!json_object_is_type(item, json_type_string))
			return -EBADMSG;
		if (strcmp(json_object_get_string(item), DISPOSITION) == 0)
			q->wants_regular = true;
	}
	return 0;
}

static int read_record_parameter(struct query *q, struct json_object *o, const char *key, bool is_user)
{
	if (strcmp(key, is_user ? "userName" : "groupName") == 0)
		return read_name(is_user ? &q->user : &q->group, o, key);
	if (strcmp(key, is_user ? "uid" : "gid") == 0)
		return read_key(q, o, key);
	if (strcmp(key, is_user ? "uidMin" : "gidMin") == 0)
		return read_bound(&q->id_min, o, key);
	if (strcmp(key, is_user ? "uidMax" : "gidMax") == 0)
		return read_bound(&q->id_max, o, key);
	if (strcmp(key, "dispositionMask") == 0)
		return read_dispositions(q, o, key);
	return -EBADMSG;
}

static int read_membership_parameter(struct query *q, struct json_object *o, const char *key)
{
	if (strcmp(key, "userName") == 0)
		return read_name(&q->user, o, key);
	return strcmp(key, "groupName") == 0 ? read_name(&q->group, o, key) : -EBADMSG;
}

int query_parse(struct query *ret, enum query_kind kind, struct json_object *parameters, const char **ret_bad)
{
	struct query q = {.id_max = UINT32_MAX, .wants_regular = true};
	const char *service;
	int r;

	if (json_read_string(parameters, "service", QUERY_NAME_MAX, &service) != 0 ||
	    strcmp(service, USERDB_SERVICE) != 0)
		return QUERY_BAD_SERVICE;
	json_object_object_foreach(parameters, key, value)
	{
		if (value == NULL || strcmp(key, "service") == 0)
			continue;
		r = kind == QUERY_MEMBERSHIPS ? read_membership_parameter(&q, parameters, key)
					      : read_record_parameter(&q, parameters, key, kind == QUERY_USER);
		if (r < 0) {
			*ret_bad = key;
			return QUERY_INVALID;
		}
	}
	*ret = q;
	return 0;
}

bool query_is_listing(const struct query *q, enum query_kind kind)
{
	if (kind == QUERY_MEMBERSHIPS)
		return q->user == NULL || q->group == NULL;
	return !q->has_id && (kind == QUERY_USER ? q->user : q->group) == NULL;
}

bool query_admits(const struct query *q, uint32_t id)
{
	return q->wants_regular && id >= q->id_min && id <= q->id_max;
}
