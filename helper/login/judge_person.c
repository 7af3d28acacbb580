/* SPDX-License-Identifier: MIT */
/*
 * What the answers about a person mean: is it the account that was asked for (T1), may that person, with which name and
 * numbers; and the store is told. Asks nobody.
 */
#include "helper/login/judge_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "helper/accounts/expected.h"
#include "helper/accounts/name.h"
#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/login/id_claim.h"
#include "helper/login/log.h"
#include "helper/login/refusal.h"
#include "helper/login/wanted.h"
#include "helper/protocol/names.h"

/* The numbers that the provider tells. Where root's configuration says that it does, nobody new gets another, but who has an
 * account need not be told again. Return: NULL, or what is wrong. */
static const char *read_ids(const struct judge_request *request, const struct identity *identity,
			    struct account_person *person)
{
	const struct login_provider *lp = request->lp;
	int r = lp->uid_claim != NULL ? id_claim_read(identity->claims, lp->uid_claim, &person->uid) : 0;

	if (r == -EBADMSG || (r < 0 && !request->is_known))
		return "uid_claim is missing, or no number from 1 to 2147483647";
	r = lp->gid_claim != NULL ? id_claim_read(identity->claims, lp->gid_claim, &person->gid) : 0;
	if (r == -EBADMSG || (r < 0 && !request->is_known))
		return "gid_claim is missing, or no number from 1 to 2147483647";
	return NULL;
}

bool judge_fill(struct judge *j, struct account_person *ret)
{
	const struct identity *identity = j->identity;
	const char *fault;

	*ret = (struct account_person){
		.name = j->request.user,
		.provider = provider_settings(j->request.lp->provider)->name,
		.issuer = identity->issuer,
		.subject = identity->subject,
		.facts = json_text(j->facts),
	};
	fault = read_ids(&j->request, identity, ret);
	if (fault != NULL) {
		judge_refuse(j, REASON_CONFIGURATION, fault);
		return false;
	}
	if (json_read_string(identity->claims, j->request.lp->gecos_claim, 127, &ret->gecos) != 0)
		ret->gecos = NULL;
	return true;
}

/* Another host may have chosen otherwise: files that are shared between them would be somebody else's there. */
static void note_second_choice(const struct judge *j, const struct account_person *person)
{
	const struct account *made = j->finding.account;
	uint32_t first = accounts_first_choice(j->ctx->accounts, person->name, person->issuer);

	if (person->uid == 0 && made->created_s == made->last_sign_in_s && made->uid != first)
		log_line(LOG_NOTICE, "%s has UID %u: %u, which other hosts may give to this name, is taken here",
			 made->name, made->uid, first);
}

bool judge_bind(struct judge *j, const struct account_person *person)
{
	bool is_new = false;
	int r = accounts_bind(j->ctx->accounts, person, clock_realtime_s(), &j->finding.account, &is_new);

	if (r != 0) {
		judge_refuse(j, refusal_of_account(r), refusal_account_text(r));
		return false;
	}
	/* It will be refused at the end; until the caller has connected again, no key may open the account by this approval
	 * either. */
	if (judge_differs_from_seen(j) &&
	    accounts_take_back(j->ctx->accounts, j->finding.account, j->request.seen_uid, clock_realtime_s()) < 0) {
		judge_refuse(j, REASON_NO_STORE, "what the caller holds could not be retired");
		return false;
	}

	if (is_new) {
		note_second_choice(j, person);
		j->ctx->map_changes++;
		j->ctx->is_map_current = false;
	}
	return true;
}

/*
 * The name of whoever approved. @known: the account, or NULL. Somebody who was renamed at the provider and asks for the new
 * name is called so from now on (I6); whoever asks for the bound name still has it. What a directory says of somebody who
 * never signed in makes no name: that is the token's to say (T1). @email: NULL unless verified.
 * Return: 0, or -EINVAL with @why filled.
 */
static int name_of(const struct judge *j, const struct account *known, const struct identity *identity,
		   const char *email, char *out, char *why)
{
	if (known == NULL || accounts_is_from_directory(known))
		return wanted_read_name(identity->claims, j->request.lp->names, email, out, why);
	if (strcmp(known->name, j->request.user) != 0 &&
	    wanted_read_name(identity->claims, j->request.lp->names, email, out, why) == 0 &&
	    strcmp(out, j->request.user) == 0)
		return 0;
	(void)snprintf(out, NAME_MAX_LEN + 1, "%s", known->name);
	return 0;
}

/* T1: approved by somebody who is not the account that was asked for. */
static void refuse_other(struct judge *j, const struct account *known)
{
	if (known != NULL && known->state == ACCOUNT_ACTIVE &&
	    accounts_was_called(j->ctx->accounts, j->request.user, known))
		judge_refuse(j, REASON_RENAMED, "the account has another name now");
	else
		judge_refuse(j, REASON_WRONG_ACCOUNT, "approved by another identity");
}

/* I17: what was proved now replaces what was proved before, or a key alone would go on opening the account by a group that
 * the person has left. */
static void refuse_person(struct judge *j)
{
	int r = accounts_note_facts(j->ctx->accounts, j->identity->issuer, j->identity->subject, json_text(j->facts));

	/* Nobody waits for it: the publisher tries until it is out. */
	if (r > 0) {
		j->ctx->map_changes++;
		j->ctx->is_map_current = false;
		(void)publisher_request(j->ctx->publisher, NULL, NULL, NULL);
	}
	judge_refuse(
		j, REASON_NOT_ALLOWED,
		r < 0 ? "no grant of the access section fits; the store keeps older facts, for it cannot be written"
		      : "no grant of the access section fits");
}

/* ID-12, ID-13, SU-02: the answer counts, whatever the provider was asked for. A person who is allowed in but did not sign in
 * as the service wants it is refused before anything is stored. */
static bool is_strong_enough(struct judge *j, const struct access_policy *policy, const struct identity *identity)
{
	uint64_t waited_s = (clock_monotonic_ms() - j->request.begun_ms) / 1000 + 1;
	struct authentication authentication;
	const char *reason;

	authentication_read(&authentication, provider_settings(j->request.lp->provider)->dialect, identity->claims);
	reason = authentication_refusal(&authentication, policy, clock_realtime_s(), waited_s, j->detail);
	if (reason != NULL)
		judge_refuse(j, reason, j->detail);
	return reason == NULL;
}

/* One identity has the account, and no name that it makes counts. Nothing is bound. */
static bool judge_local(struct judge *j, struct access_person *person)
{
	const struct access_policy *policy = access_policy_for(j->ctx->access, j->request.service);
	const struct identity *identity = j->identity;
	int r = accounts_find_local(j->ctx->accounts, j->request.user, &j->finding.account);

	if (r < 0) {
		judge_refuse(j, r == -ENOENT ? REASON_NOT_ALLOWED : REASON_NO_STORE,
			     "the local account cannot be read");
		return false;
	}
	if (strcmp(j->finding.account->issuer, identity->issuer) != 0 ||
	    strcmp(j->finding.account->subject, identity->subject) != 0) {
		judge_refuse(j, REASON_WRONG_ACCOUNT, "approved by another identity than the local account's");
		return false;
	}
	j->finding.is_proved = true;
	person->name = j->request.user;
	if (!access_allows(policy, person)) {
		r = accounts_note_local_facts(j->ctx->accounts, j->finding.account, json_text(j->facts));
		judge_refuse(j, REASON_NOT_ALLOWED,
			     r < 0 ? "no grant of the access section fits; older facts stay"
				   : "no grant of the access section fits");
		return false;
	}
	if (!is_strong_enough(j, policy, identity))
		return false;
	if (judge_differs_from_seen(j)) {
		judge_refuse(j, REASON_CONNECT_AGAIN, "/etc/passwd has changed");
		return false;
	}
	if (accounts_sign_in_local(j->ctx->accounts, j->finding.account, json_text(j->facts), clock_realtime_s()) < 0) {
		judge_refuse(j, REASON_NO_STORE, "the sign-in could not be stored");
		return false;
	}
	return true;
}

bool judge_person(struct judge *j)
{
	LK_CLEANUP(text_free_listp) char **groups = NULL;
	LK_CLEANUP(account_freep) struct account *known = NULL;
	const struct provider_settings *settings = provider_settings(j->request.lp->provider);
	const struct identity *identity = j->identity;
	const struct access_policy *policy = access_policy_for(j->ctx->access, j->request.service);
	struct access_person person = {.provider = settings->name, .subject = identity->subject};
	char name[NAME_MAX_LEN + 1];
	char why[128];
	int r;

	if (access_facts(&j->facts, j->ctx->access, identity->claims, settings) < 0 ||
	    access_person_from_facts(&person, j->facts, &groups) < 0) {
		judge_refuse(j, REASON_NO_STORE, "the person's facts could not be read");
		return false;
	}
	if (j->request.is_local)
		return judge_local(j, &person);
	r = store_find_identity(j->ctx->store, identity->issuer, identity->subject, &known);
	if (r < 0 && r != -ENOENT) {
		judge_refuse(j, REASON_NO_STORE, "the store cannot be read");
		return false;
	}
	r = name_of(j, known, identity, person.email, name, why);
	if (r < 0) {
		judge_refuse(j, REASON_WRONG_ACCOUNT, why);
		return false;
	}
	if (strcmp(name, j->request.user) != 0) {
		refuse_other(j, known);
		return false;
	}
	j->finding.is_proved = true;
	person.name = name;

	if (!access_allows(policy, &person)) {
		refuse_person(j);
		return false;
	}
	return is_strong_enough(j, policy, identity);
}
