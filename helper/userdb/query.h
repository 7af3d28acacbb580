/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

/* What a caller of io.systemd.UserDatabase asks for: the parameters of its three methods, read strictly. */

/* The service's name is that of its socket in /run/systemd/userdb. */
#define USERDB_SERVICE "io.latchkey"
#define USERDB_SOCKET_PATH "/run/systemd/userdb/io.latchkey"

/* Longer than any name here, and than any that systemd's client lets through. */
#define QUERY_NAME_MAX 256u

enum query_kind {
	QUERY_USER,
	QUERY_GROUP,
	QUERY_MEMBERSHIPS,
};

struct query {
	const char *user; /* NULL: not given; both belong to the parameters */
	const char *group;
	bool has_id;
	uint32_t id; /* uid or gid */
	uint32_t id_min;
	uint32_t id_max;
	bool wants_regular; /* false: the disposition of all our records is not wanted */
};

enum query_outcome {
	QUERY_BAD_SERVICE = 1,
	QUERY_INVALID,
};

/**
 * query_parse() - read the parameters of a call
 * @ret:     set only on 0
 * @ret_bad: set on QUERY_INVALID: the parameter that is unknown, out of bounds or of another type
 * Return: 0, QUERY_BAD_SERVICE, QUERY_INVALID.
 */
int query_parse(struct query *ret, enum query_kind kind, struct json_object *parameters, const char **ret_bad);

/** query_is_listing() - may the answer be more than one record */
bool query_is_listing(const struct query *q, enum query_kind kind);

/** query_admits() - does a record with this id pass the filters */
bool query_admits(const struct query *q, uint32_t id);
