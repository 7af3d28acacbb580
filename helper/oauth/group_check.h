/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include <json-c/json.h>

#include "helper/oauth/provider.h"

/* Groups of somebody who is in too many of them for a token (Entra, above 200): the provider is asked which of those that
 * mean something here the person is in. The address is the dialect's or root's, never the one that came with the token. */

#define GROUP_CHECK_IDS_MAX 400u
#define GROUP_CHECK_DEADLINE_MS 20000u /* for all requests together */

struct group_check;

/** @groups: an array with the ids of those groups, borrowed; set for OAUTH_DONE only */
typedef void (*group_check_done_fn)(void *userdata, const struct oauth_result *result, struct json_object *groups);

/** group_check_is_needed() - do verified claims say that this claim was left out for its size */
bool group_check_is_needed(const struct provider_settings *s, struct json_object *claims, const char *group_claim);

/**
 * group_check_start() - which of @ids is the person of @access_token in
 * @ids:  NULL-terminated; what is no id of this provider is not asked about, and nobody is in it
 * @done: runs once, from the event loop or before this returns with 1; the check may be freed from within
 * Only ids that were asked for are ever in @groups, and a single reply that cannot be read, or that does not come in
 * time, ends the whole in a failure: half an answer would take groups away.
 * Return: 0 under way, 1 @done ran already, -ENOMEM.
 */
int group_check_start(struct group_check **ret, struct provider *p, struct fetch_client *fetch,
		      const struct secret *access_token, const char *const *ids, group_check_done_fn done,
		      void *userdata);

/** group_check_free() - @done will not run any more. Accepts NULL. */
void group_check_free(struct group_check *c);
LK_DEFINE_CLEANUP(struct group_check *, group_check_free);

/**
 * group_check_parse() - read one reply with status 200: {"value": [ids]}
 * @asked: @n_asked ids of that request; others in the reply do not count
 * @found: array that takes those which are there
 * Return: 0, 1 refused with @result filled, -ENOMEM. Microsoft Graph, "user: checkMemberGroups".
 */
int group_check_parse(struct json_object *found, struct oauth_result *result, const char *const *asked, size_t n_asked,
		      const char *body, size_t len);
