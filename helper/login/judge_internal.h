/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/login/authentication.h"
#include "helper/login/judge.h"
#include "helper/oauth/group_check.h"
#include "helper/oauth/identity.h"

/* Shared by judge.c (what is asked, in which order) and judge_person.c (what the answers mean). */

struct judge {
	struct login_context *ctx;
	struct judge_request request;
	struct judge_events events;
	void *userdata;

	struct token_set *tokens; /* until it has ended */
	struct identity_check *check;
	struct identity *identity; /* whose tokens they are; NULL: not known yet */
	struct group_check *groups;
	struct publish_wait *publish;
	uint64_t map_changes; /* when it was asked for */
	struct judge_finding finding;
	char detail[AUTHENTICATION_DETAIL_MAX]; /* of a refusal that had to be put together */
};

/** judge_refuse() - ends it with a no */
void judge_refuse(struct judge *j, const char *reason, const char *detail);

/** judge_differs_from_seen() - does the caller hold another answer of NSS than finding.account, which is set */
bool judge_differs_from_seen(const struct judge *j);

/**
 * judge_person() - is j->identity the account that was asked for, and may that person; stores the account or the sign-in
 * Return: true, finding.account is set and stored; false, it was refused.
 */
bool judge_person(struct judge *j);
