/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/login/recheck_internal.h"
#include "helper/oauth/group_check.h"
#include "helper/oauth/identity.h"
#include "helper/oauth/introspect.h"
#include "helper/oauth/jwt_bearer.h"
#include "helper/oauth/refresh.h"

/* One question to the provider. Shared by recheck_job.c (tokens: what is sent, and what is stored before anything of it is
 * used), recheck_grant.c (those of service accounts) and recheck_facts.c (what is known of the person afterwards). */

struct recheck_job {
	struct recheck_person *person;
	struct login_context *ctx;
	const struct login_provider *lp;
	char reference[REFERENCE_LEN + 1];
	uint64_t generation; /* of the person when it began */
	char *scope;         /* of a token of its own; both NULL: of the whole grant */
	char *resource;
	struct secret *assertion; /* of a robot, in place of the service account's key; NULL: none */

	const struct service_account
		*service; /* its grant is what is asked for; then nothing is kept. NULL: a person */

	struct kept_tokens *kept;
	bool was_under_way; /* an earlier refresh with this token got no answer */
	struct token_set *tokens;
	struct identity *who;

	struct provider_wait *prepare;
	struct refresh *refresh;
	struct introspect *introspect;
	struct jwt_bearer *grant;
	struct identity_check *check;
	struct group_check *groups;
	struct publish_wait *publish;
	uint64_t map_changes; /* when it was asked for */
};

/** recheck_job_finish() - ends it; @j is gone then */
void recheck_job_finish(struct recheck_job *j, enum recheck_outcome outcome, const char *detail);

/** recheck_job_fail() - neither yes nor no; @retry_after_s: when the provider wants to be asked again, or 0 */
void recheck_job_fail(struct recheck_job *j, const char *detail, uint32_t retry_after_s);

/** recheck_job_refuse() - the provider's no */
void recheck_job_refuse(struct recheck_job *j, const char *detail);

/** recheck_job_drop() - nothing to ask with any more, which says nothing of the person */
void recheck_job_drop(struct recheck_job *j, const char *detail);

/** recheck_job_is_void() - did a sign-in, a refusal or a logout come in between; then @j is gone */
bool recheck_job_is_void(struct recheck_job *j);

/** recheck_grant_start() - in recheck_grant.c: ask for a service account's token, which is the question whether it still has its
 *  grant */
void recheck_grant_start(struct recheck_job *j);

/** recheck_facts_start() - j->tokens are stored: whose are they, and what of that person has changed */
void recheck_facts_start(struct recheck_job *j);
