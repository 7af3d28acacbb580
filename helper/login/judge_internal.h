/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/login/authentication.h"
#include "helper/login/judge.h"
#include "helper/login/newcomer.h"
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
	struct json_object *facts; /* of the person, for policy and the store */
	struct account_person person;
	struct newcomer *newcomer;
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
 * judge_person() - is j->identity the account that was asked for, and may that person; a local account's sign-in is stored
 * Return: true, j->facts is set; false, it was refused.
 */
bool judge_person(struct judge *j);

/** judge_fill() - that person as accounts_bind() takes it; texts are the judge's. Return: true; false, it was refused. */
bool judge_fill(struct judge *j, struct account_person *ret);

/** judge_bind() - store the account or the sign-in. Return: true, finding.account is set; false, it was refused. */
bool judge_bind(struct judge *j, const struct account_person *person);
