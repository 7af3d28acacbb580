/* SPDX-License-Identifier: MIT */
/*
 * The state machine of a sign-in: may this caller start, provider ready, device flow, who approved, is that the account
 * that was asked for, may that person, bind, publish, and only then granted. Success is given in one place, grant(). An
 * attempt that is freed leaves nothing behind.
 */
#include "helper/login/attempt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "helper/accounts/expected.h"
#include "helper/accounts/name.h"
#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/login/audit.h"
#include "helper/login/id_claim.h"
#include "helper/login/refusal.h"
#include "helper/login/wanted.h"
#include "helper/oauth/group_check.h"
#include "helper/oauth/identity.h"
#include "helper/protocol/names.h"

/* sshd gives up after two minutes by default; a name's UID stays reserved for as long as any attempt may last. */
#define RESERVE_MS (15u * 60u * 1000u)

struct attempt {
	struct login_context *ctx;
	struct attempt_events events;
	void *userdata;

	char *reference;
	char *user;
	char *service;
	char *source;
	bool has_public_key;
	bool has_seen;
	uint32_t seen_uid;
	uint32_t seen_gid;
	char *seen_home;
	char *seen_shell;

	const struct login_provider *lp;
	bool is_reserved; /* holds the reservation of the name's UID */
	bool is_local;    /* an account of /etc/passwd that root's configuration gives to an identity */
	bool is_known;    /* the name is bound already: userinfo need not tell it again */
	bool is_proved;   /* the name is that of whoever approved: it may stand in the log */
	bool has_ended;   /* its one line is in the log */
	struct provider_wait *prepare;
	struct device_flow *flow;
	struct identity_check *check;
	struct group_check *groups;
	struct identity *identity; /* while its groups are asked about */
	struct publish_wait *publish;
	uint64_t map_changes;     /* when it was asked for */
	struct token_set *tokens; /* while they are judged */
	char *subject;            /* of who approved, for the log */
	struct account *account;
};

static int copy_text(char **ret, const char *text)
{
	if (text == NULL)
		return 0;
	*ret = strdup(text);
	return *ret != NULL ? 0 : -ENOMEM;
}

static struct audit_event end_of(const struct attempt *a, int priority, const char *result, const char *detail)
{
	return (struct audit_event){
		.kind = AUDIT_SIGN_IN,
		.priority = priority,
		.result = result,
		.user = a->is_known || a->is_proved ? a->user : NULL,
		.reference = a->reference,
		.service = a->service,
		.source = a->source,
		.provider = a->lp != NULL ? provider_settings(a->lp->provider)->name : NULL,
		.subject = a->subject,
		.uid = a->account != NULL ? a->account->uid : 0,
		.detail = detail,
	};
}

static void log_end(struct attempt *a, int priority, const char *result, const char *detail)
{
	const struct audit_event e = end_of(a, priority, result, detail);

	a->has_ended = true;
	audit_write(&e);
}

void attempt_free(struct attempt *a)
{
	if (a == NULL)
		return;

	/* D1: whoever had a code and then left, as a phisher who was noticed does, leaves a trace. */
	if ((a->is_reserved || a->is_local) && !a->has_ended)
		log_end(a, LOG_INFO, "cancelled", "its connection ended before");
	provider_wait_cancel(a->prepare);
	device_flow_free(a->flow);
	identity_check_free(a->check);
	group_check_free(a->groups);
	identity_free(a->identity);
	publish_wait_cancel(a->publish);
	token_set_free(a->tokens);
	account_free(a->account);
	if (a->is_reserved)
		accounts_release(a->ctx->accounts, a->user);
	a->ctx->pending--;
	free(a->reference);
	free(a->user);
	free(a->service);
	free(a->source);
	free(a->seen_home);
	free(a->seen_shell);
	free(a->subject);
	free(a);
}

/* Ends the attempt with a no. */
static void refuse(struct attempt *a, const char *reason, const char *detail)
{
	bool is_fault = strcmp(reason, REASON_CONFIGURATION) == 0 || strcmp(reason, REASON_NO_STORE) == 0 ||
			strcmp(reason, REASON_TOKEN_INVALID) == 0 || strcmp(reason, REASON_PROVIDER_ERROR) == 0;

	log_end(a, is_fault ? LOG_WARNING : LOG_NOTICE, reason, detail);
	a->events.refused(a->userdata, reason);
}

static bool differs_from_seen(const struct attempt *a)
{
	if (!a->has_seen)
		return false;
	return a->seen_uid != a->account->uid || a->seen_gid != a->account->gid ||
	       strcmp(a->seen_home, a->account->home) != 0 || strcmp(a->seen_shell, a->account->shell) != 0;
}

/* An administrator may have forgotten it while the map was on its way. */
static bool is_still_there(const struct attempt *a)
{
	LK_CLEANUP(account_freep) struct account *now = NULL;

	return store_find_name(a->ctx->store, a->account->name, &now) == 0 && now->state == ACCOUNT_ACTIVE;
}

/* The one place where somebody is let in. */
static void grant(struct attempt *a)
{
	const struct audit_event e = end_of(a, LOG_INFO, "granted", NULL);

	if (audit_admit(&e) < 0) {
		refuse(a, REASON_NO_STORE, "the audit file, which is required, cannot be written");
		return;
	}
	a->has_ended = true;
	a->events.granted(a->userdata, a->account);
}

/* The account is stored and on the map. */
static void finish(struct attempt *a)
{
	if (!is_still_there(a)) {
		refuse(a, REASON_NOT_ALLOWED, "the account was forgotten meanwhile");
		return;
	}
	if (differs_from_seen(a)) {
		refuse(a, REASON_CONNECT_AGAIN, "the caller holds an older answer of NSS");
		return;
	}
	grant(a);
}

static void on_published(void *userdata, int error, const char *detail)
{
	struct attempt *a = userdata;

	a->publish = NULL;
	a->ctx->is_map_current = error == 0 && a->map_changes == a->ctx->map_changes;
	if (error != 0) {
		refuse(a, REASON_NO_STORE, detail);
		return;
	}
	finish(a);
}

/* The numbers that the provider tells. Where root's configuration says that it does, nobody new gets another, but who has an
 * account need not be told again. Return: NULL, or what is wrong. */
static const char *read_ids(const struct attempt *a, const struct identity *identity, struct account_person *person)
{
	int r = a->lp->uid_claim != NULL ? id_claim_read(identity->claims, a->lp->uid_claim, &person->uid) : 0;

	if (r == -EBADMSG || (r < 0 && !a->is_known))
		return "uid_claim is missing, or no number from 1 to 2147483647";
	r = a->lp->gid_claim != NULL ? id_claim_read(identity->claims, a->lp->gid_claim, &person->gid) : 0;
	if (r == -EBADMSG || (r < 0 && !a->is_known))
		return "gid_claim is missing, or no number from 1 to 2147483647";
	return NULL;
}

static void bind(struct attempt *a, const struct identity *identity, const struct access_person *person,
		 struct json_object *facts)
{
	struct account_person p = {
		.name = a->user,
		.provider = person->provider,
		.issuer = identity->issuer,
		.subject = identity->subject,
		.facts = json_text(facts),
	};
	const char *fault = read_ids(a, identity, &p);
	bool is_new = false;
	int r;

	if (fault != NULL) {
		refuse(a, REASON_CONFIGURATION, fault);
		return;
	}
	if (json_read_string(identity->claims, a->lp->gecos_claim, 127, &p.gecos) != 0)
		p.gecos = NULL;

	r = accounts_bind(a->ctx->accounts, &p, clock_realtime_s(), &a->account, &is_new);
	if (r != 0) {
		refuse(a, refusal_of_account(r), refusal_account_text(r));
		return;
	}
	/* finish() will refuse; until the caller has connected again, no key may open the account by this approval either. */
	if (differs_from_seen(a) &&
	    accounts_take_back(a->ctx->accounts, a->account, a->seen_uid, clock_realtime_s()) < 0) {
		refuse(a, REASON_NO_STORE, "what the caller holds could not be retired");
		return;
	}

	if (is_new) {
		a->ctx->map_changes++;
		a->ctx->is_map_current = false;
	}
	if (a->ctx->is_map_current) {
		finish(a);
		return;
	}
	a->map_changes = a->ctx->map_changes;
	if (publisher_request(a->ctx->publisher, on_published, a, &a->publish) < 0)
		refuse(a, REASON_NO_STORE, "out of memory");
}

/*
 * The name of whoever approved. @known: the account, or NULL. Somebody who was renamed at the provider and asks for the new
 * name is called so from now on (I6); whoever asks for the bound name still has it. What a directory says of somebody who
 * never signed in makes no name: that is the token's to say (T1). @email: NULL unless verified.
 * Return: 0, or -EINVAL with @why filled.
 */
static int name_of(struct attempt *a, const struct account *known, const struct identity *identity, const char *email,
		   char *out, char *why)
{
	if (known == NULL || accounts_is_from_directory(known))
		return wanted_read_name(identity->claims, a->lp->names, email, out, why);
	if (strcmp(known->name, a->user) != 0 &&
	    wanted_read_name(identity->claims, a->lp->names, email, out, why) == 0 && strcmp(out, a->user) == 0)
		return 0;
	(void)snprintf(out, NAME_MAX_LEN + 1, "%s", known->name);
	return 0;
}

/* T1: approved by somebody who is not the account that was asked for. */
static void refuse_other(struct attempt *a, const struct account *known)
{
	if (known != NULL && known->state == ACCOUNT_ACTIVE && accounts_was_called(a->ctx->accounts, a->user, known))
		refuse(a, REASON_RENAMED, "the account has another name now");
	else
		refuse(a, REASON_WRONG_ACCOUNT, "approved by another identity");
}

/* I17: what was proved now replaces what was proved before, or a key alone would go on opening the account by a group that
 * the person has left. */
static void refuse_person(struct attempt *a, const struct identity *identity, struct json_object *facts)
{
	int r = accounts_note_facts(a->ctx->accounts, identity->issuer, identity->subject, json_text(facts));

	/* Nobody waits for it: the publisher tries until it is out. */
	if (r > 0) {
		a->ctx->map_changes++;
		a->ctx->is_map_current = false;
		(void)publisher_request(a->ctx->publisher, NULL, NULL, NULL);
	}
	refuse(a, REASON_NOT_ALLOWED,
	       r < 0 ? "no grant of the access section fits; the store keeps older facts, for it cannot be written"
		     : "no grant of the access section fits");
}

/* One identity has the account, and no name that it makes counts. Nothing is bound and nothing published: the map has the
 * mark, and /etc/passwd the rest. */
static void judge_local(struct attempt *a, const struct identity *identity, struct access_person *person,
			struct json_object *facts)
{
	int r = accounts_find_local(a->ctx->accounts, a->user, &a->account);

	if (r < 0) {
		refuse(a, r == -ENOENT ? REASON_NOT_ALLOWED : REASON_NO_STORE, "the local account cannot be read");
		return;
	}
	if (strcmp(a->account->issuer, identity->issuer) != 0 || strcmp(a->account->subject, identity->subject) != 0) {
		refuse(a, REASON_WRONG_ACCOUNT, "approved by another identity than the local account's");
		return;
	}
	a->is_proved = true;
	person->name = a->user;
	if (!access_allows(access_policy_for(a->ctx->access, a->service), person)) {
		r = accounts_note_local_facts(a->ctx->accounts, a->account, json_text(facts));
		refuse(a, REASON_NOT_ALLOWED,
		       r < 0 ? "no grant of the access section fits; older facts stay"
			     : "no grant of the access section fits");
		return;
	}
	if (differs_from_seen(a)) {
		refuse(a, REASON_CONNECT_AGAIN, "/etc/passwd has changed");
		return;
	}
	if (accounts_sign_in_local(a->ctx->accounts, a->account, json_text(facts), clock_realtime_s()) < 0) {
		refuse(a, REASON_NO_STORE, "the sign-in could not be stored");
		return;
	}
	grant(a);
}

static void judge_person(struct attempt *a, const struct identity *identity)
{
	LK_CLEANUP(json_object_putp) struct json_object *facts = NULL;
	LK_CLEANUP(text_free_listp) char **groups = NULL;
	LK_CLEANUP(account_freep) struct account *known = NULL;
	const struct provider_settings *settings = provider_settings(a->lp->provider);
	struct access_person person = {.provider = settings->name, .subject = identity->subject};
	char name[NAME_MAX_LEN + 1];
	char why[128];
	int r;

	if (access_facts(&facts, a->ctx->access, identity->claims, settings->dialect->email_needs_verification) < 0 ||
	    access_person_from_facts(&person, facts, &groups) < 0) {
		refuse(a, REASON_NO_STORE, "the person's facts could not be read");
		return;
	}
	if (a->is_local) {
		judge_local(a, identity, &person, facts);
		return;
	}
	r = store_find_identity(a->ctx->store, identity->issuer, identity->subject, &known);
	if (r < 0 && r != -ENOENT) {
		refuse(a, REASON_NO_STORE, "the store cannot be read");
		return;
	}
	r = name_of(a, known, identity, person.email, name, why);
	if (r < 0) {
		refuse(a, REASON_WRONG_ACCOUNT, why);
		return;
	}
	if (strcmp(name, a->user) != 0) {
		refuse_other(a, known);
		return;
	}
	a->is_proved = true;
	person.name = name;

	if (!access_allows(access_policy_for(a->ctx->access, a->service), &person)) {
		refuse_person(a, identity, facts);
		return;
	}
	bind(a, identity, &person, facts);
}

static const char *group_claim_of(const struct attempt *a)
{
	return a->ctx->access->group_claim != NULL ? a->ctx->access->group_claim : "groups";
}

static void on_groups(void *userdata, const struct oauth_result *result, struct json_object *groups)
{
	struct attempt *a = userdata;
	LK_CLEANUP(identity_freep) struct identity *identity = LK_STEAL(a->identity);

	if (result->outcome != OAUTH_DONE || groups == NULL) {
		refuse(a, refusal_of_oauth(result->outcome), result->detail);
		return;
	}
	if (json_object_object_add(identity->claims, group_claim_of(a), json_object_get(groups)) < 0) {
		json_object_put(groups);
		refuse(a, REASON_UNAVAILABLE, "out of memory");
		return;
	}
	judge_person(a, identity);
}

/* Somebody in more groups than a token has room for. Where no group means anything here, nobody is asked. */
static void ask_groups(struct attempt *a, struct identity *identity, const struct token_set *tokens)
{
	LK_CLEANUP(text_free_listp) char **ids = NULL;

	a->identity = identity;
	if (wanted_groups(&ids, a->ctx->access, identity->issuer) < 0 ||
	    group_check_start(&a->groups, a->lp->provider, a->ctx->fetch, tokens->access_token,
			      (const char *const *)ids, on_groups, a) < 0)
		refuse(a, REASON_UNAVAILABLE, "out of memory");
}

static void on_identity(void *userdata, const struct oauth_result *result, struct identity *identity)
{
	LK_CLEANUP(identity_freep) struct identity *owned = identity;
	struct attempt *a = userdata;
	LK_CLEANUP(token_set_freep) struct token_set *tokens = LK_STEAL(a->tokens);

	if (result->outcome != OAUTH_DONE || owned == NULL) {
		refuse(a, refusal_of_oauth(result->outcome), result->detail);
		return;
	}
	if (copy_text(&a->subject, owned->subject) < 0) {
		refuse(a, REASON_UNAVAILABLE, "out of memory");
		return;
	}
	if (group_check_is_needed(provider_settings(a->lp->provider), owned->claims, group_claim_of(a)))
		ask_groups(a, LK_STEAL(owned), tokens);
	else
		judge_person(a, owned);
}

static void on_tokens(void *userdata, const struct oauth_result *result, struct token_set *tokens)
{
	struct attempt *a = userdata;
	struct wanted_claims wanted;

	a->tokens = tokens;
	if (result->outcome != OAUTH_DONE || tokens == NULL) {
		refuse(a, refusal_of_oauth(result->outcome), result->detail);
		return;
	}

	wanted_claims_init(&wanted, a->ctx->access, a->lp->names->claim, a->lp->gecos_claim, a->is_known);
	wanted_claims_add(&wanted, a->lp->uid_claim);
	wanted_claims_add(&wanted, a->lp->gid_claim);
	if (identity_check_start(&a->check, a->lp->provider, a->ctx->fetch, tokens, wanted.names, on_identity, a) < 0)
		refuse(a, REASON_UNAVAILABLE, "out of memory");
}

static void on_challenge(void *userdata, const struct device_challenge *challenge)
{
	struct attempt *a = userdata;
	struct audit_event e = end_of(a, LOG_INFO, "code-shown", NULL);

	e.kind = AUDIT_ATTEMPT;
	audit_write(&e);
	a->events.challenge(a->userdata, challenge, a->lp->title);
}

static const struct device_flow_events flow_events = {.challenge = on_challenge, .done = on_tokens};

static void on_prepared(void *userdata, const struct oauth_result *result)
{
	struct attempt *a = userdata;
	int r;

	a->prepare = NULL;
	if (result->outcome != OAUTH_DONE) {
		refuse(a, refusal_of_oauth(result->outcome), result->detail);
		return;
	}

	r = device_flow_start(&a->flow, a->lp->provider, a->ctx->event, a->ctx->fetch,
			      provider_settings(a->lp->provider)->code_lifetime_s, &flow_events, a);
	if (r == -EINVAL)
		refuse(a, REASON_CONFIGURATION, "the provider has no device endpoint");
	else if (r < 0)
		refuse(a, REASON_UNAVAILABLE, "out of memory");
}

/* Where there is no client address, each account has a limit of its own, lest one person's sudo could stop everybody's. */
static int take_code(const struct attempt *a)
{
	char key[2 * NAME_MAX_LEN + 2];

	if (a->source != NULL)
		return limits_take(a->ctx->codes, a->source);
	(void)snprintf(key, sizeof(key), "%s %s", a->user, a->service);
	return limits_take(a->ctx->codes, key);
}

/* Everything that must hold before a stranger can make the provider work. Return: NULL, or the reason of a refusal. */
static const char *check_start(struct attempt *a, const char **ret_detail)
{
	const struct access_policy *policy = access_policy_for(a->ctx->access, a->service);

	if (a->ctx->pending > a->ctx->pending_max) {
		*ret_detail = "too many sign-ins are pending on this host";
		return REASON_TOO_MANY;
	}
	if (policy == NULL) {
		*ret_detail = "no access section lets anybody in";
		return REASON_NOT_ALLOWED;
	}
	if (!access_policy_could_allow(policy, a->user)) {
		*ret_detail = "the access section of this service cannot let this account in";
		return REASON_NOT_ALLOWED;
	}
	if (!access_may_start(policy, a->source, a->has_public_key)) {
		*ret_detail = "before_start is not fulfilled";
		return REASON_NOT_ALLOWED;
	}
	if (take_code(a) != 0) {
		*ret_detail = "too many codes for this client address";
		return REASON_TOO_MANY;
	}
	return NULL;
}

/* The UID is the name's for as long as the attempt may last. Return: false, and it was refused. */
static bool reserve(struct attempt *a)
{
	LK_CLEANUP(account_freep) struct account *reserved = NULL;
	int r;

	a->is_known = a->is_local;
	if (a->is_local)
		return true;
	r = accounts_reserve(a->ctx->accounts, a->user, provider_settings(a->lp->provider)->issuer, RESERVE_MS,
			     &reserved);
	if (r != 0) {
		refuse(a, refusal_of_account(r), refusal_account_text(r));
		return false;
	}
	a->is_reserved = true;
	a->is_known = reserved->created_s != 0 && reserved->state == ACCOUNT_ACTIVE;
	return true;
}

static void start(struct attempt *a)
{
	const char *detail = NULL;
	const char *reason;
	int r;

	(void)localdb_refresh(a->ctx->local);
	r = accounts_name_is_possible(a->ctx->accounts, a->user);
	if (r == 0) {
		a->events.not_ours(a->userdata);
		return;
	}
	if (r < 0) {
		refuse(a, REASON_NO_STORE, "the store cannot be read");
		return;
	}
	a->is_local = accounts_issuer_of_local(a->ctx->accounts, a->user) != NULL;
	a->lp = login_provider_for(a->ctx, a->user);
	/* A local account that belongs to an identity is never the next PAM module's to let in. */
	if (!a->is_local && (a->lp == NULL || !access_name_is_possible(a->ctx->access, a->user))) {
		a->events.not_ours(a->userdata);
		return;
	}

	reason = check_start(a, &detail);
	if (reason != NULL) {
		refuse(a, reason, detail);
		return;
	}
	if (!reserve(a))
		return;
	if (provider_prepare(a->lp->provider, on_prepared, a, &a->prepare) < 0)
		refuse(a, REASON_UNAVAILABLE, "out of memory");
}

int attempt_start(struct attempt **ret, struct login_context *ctx, const struct attempt_request *request,
		  const struct attempt_events *events, void *userdata)
{
	struct attempt *a;

	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return -ENOMEM;
	a->ctx = ctx;
	a->events = *events;
	a->userdata = userdata;
	a->has_public_key = request->has_public_key;
	a->has_seen = request->has_seen;
	a->seen_uid = request->seen_uid;
	a->seen_gid = request->seen_gid;
	ctx->pending++;

	if (copy_text(&a->reference, request->reference) < 0 || copy_text(&a->user, request->user) < 0 ||
	    copy_text(&a->service, request->service) < 0 || copy_text(&a->source, request->source) < 0 ||
	    copy_text(&a->seen_home, request->seen_home) < 0 || copy_text(&a->seen_shell, request->seen_shell) < 0) {
		attempt_free(a);
		return -ENOMEM;
	}

	*ret = a;
	start(a);
	return 0;
}
