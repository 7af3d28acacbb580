/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "helper/userdb/query.h"
#include "nss_module/map_view.h"

/*
 * What the map says, as JSON user records, group records and memberships. Whether a record is answered for at all is
 * asked of the same functions as in the NSS module (nss_module/pack.h), so that both views are one.
 */

/* A group with more members than this has them in its memberships alone, which are what counts anyway. */
#define RECORD_MEMBERS_MAX 1000u

enum record_outcome {
	RECORD_NONE = 1,     /* nothing has the keys */
	RECORD_CONFLICT,     /* something has one of the two keys and not the other */
	RECORD_NON_MATCHING, /* what has the keys does not pass the filters */
};

/**
 * record_find() - the answer to a query that is no listing
 * @ret: parameters of the reply, for json_object_put(); set only on 0
 * Return: 0, RECORD_NONE, RECORD_CONFLICT, RECORD_NON_MATCHING, -ENOMEM.
 */
int record_find(const struct map_view *v, const struct query *q, enum query_kind kind, struct json_object **ret);

/* A listing under way over one unchanging map. */
struct record_walk {
	const struct map_view *view;
	enum query_kind kind;
	struct query query; /* its names are not used after record_walk_begin() */
	uint32_t next;
	uint32_t end;
	/* memberships */
	bool is_of_user;
	struct map_user_slot user;
	uint32_t member; /* the next one of group next, and where its name begins */
	uint32_t member_at;
};

/** record_walk_begin() - set up @w for a query that is a listing; @v must live and stay as long as @w */
void record_walk_begin(struct record_walk *w, const struct map_view *v, const struct query *q, enum query_kind kind);

/** record_walk_next() - Return: 0 with the parameters of one reply in @ret, RECORD_NONE at the end, -ENOMEM. */
int record_walk_next(struct record_walk *w, struct json_object **ret);
