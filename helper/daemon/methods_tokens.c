/* SPDX-License-Identifier: MIT */
/*
 * Tokens for a person's own programs: handed out, locked, and ended. Whose they are follows from the peer's uid alone; root names
 * an account, and gets a token only where its own configuration says so.
 */
#include "helper/daemon/methods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/login/log.h"
#include "helper/login/recheck.h"
#include "helper/login/service_account.h"
#include "helper/login/sign_out.h"
#include "helper/login/token_rules.h"
#include "helper/oauth/token_exchange.h"
#include "helper/protocol/frame.h"
#include "helper/protocol/names.h"
#include "helper/vault/store_tokens.h"

struct search {
	uint32_t uid;
	char *name;
};

static int note_if_uid(void *userdata, const struct account *a)
{
	struct search *s = userdata;

	if (a->uid != s->uid)
		return 0;
	s->name = strdup(a->name);
	return s->name != NULL ? 1 : -ENOMEM;
}

int method_account_of_uid(struct manager *m, uid_t uid, struct account **ret)
{
	struct search s = {.uid = uid};
	size_t at = 0;
	int r = store_find_uid(m->store, uid, ret);

	if (r != -ENOENT)
		return r;
	r = accounts_each_local(m->accounts, &at, note_if_uid, &s);
	if (r != 1)
		return r < 0 ? r : -ENOENT;
	r = accounts_find_local(m->accounts, s.name, ret);
	free(s.name);
	return r;
}

static int find_by_name(struct manager *m, const char *name, struct account **ret)
{
	int r = accounts_find_local(m->accounts, name, ret);

	return r == -ENOENT ? store_find_name(m->store, name, ret) : r;
}

/* Return: false. */
static bool fail_store(struct conn *c, const char *what, int error)
{
	char reference[REFERENCE_LEN + 1];

	reference_new(reference);
	log_line(LOG_ERR, "%s: %s (reference %s)", what, strerror(-error), reference);
	method_deny(c, REASON_NO_STORE, NULL, reference);
	return false;
}

/* The caller's own account, or the one that root names. Return: false after the call was answered. */
static bool read_account(struct manager *m, struct conn *c, const struct varlink_call *call, struct account **ret)
{
	const char *name = NULL;
	int r;

	if (!method_read_optional(call, "name", NAME_MAX_LEN, &name) || (conn_uid(c) == 0 && name == NULL)) {
		service_invalid(c, "name");
		return false;
	}
	r = conn_uid(c) == 0 ? find_by_name(m, name, ret) : method_account_of_uid(m, conn_uid(c), ret);
	if (r == 0 && ((*ret)->state != ACCOUNT_ACTIVE || (*ret)->subject == NULL ||
		       (name != NULL && strcmp((*ret)->name, name) != 0)))
		r = -ENOENT;
	if (r == 0)
		return true;
	if (r != -ENOENT)
		return fail_store(c, "an account cannot be read", r);
	method_no_such_account(c, name != NULL ? name : "");
	return false;
}

/* --- GetToken ------------------------------------------------------------------------------------------------------ */

struct hand_out {
	struct manager *manager;
	struct conn *conn;
	struct account *account;
	const struct login_provider *lp;
	const struct service_account *robot; /* NULL: a person's */
	char reference[REFERENCE_LEN + 1];
	char *scope; /* NULL: all that was granted */
	char *detail;
	struct recheck *recheck;
	bool is_exchange; /* what the provider gives is shown for another token, with these: */
	char *audience;
	char *resource;
	const char *requested_type;
	struct token_exchange *exchange;
};

static void hand_out_free(void *userdata)
{
	struct hand_out *h = userdata;

	recheck_free(h->recheck);
	token_exchange_free(h->exchange);
	account_free(h->account);
	free(h->audience);
	free(h->resource);
	free(h->scope);
	free(h->detail);
	free(h);
}

static struct audit_event event_of(const struct hand_out *h, int priority, const char *result, const char *detail)
{
	return (struct audit_event){
		.kind = AUDIT_TOKEN,
		.priority = priority,
		.result = result,
		.user = h->account->name,
		.reference = h->reference,
		.provider = provider_settings(h->lp->provider)->name,
		.subject = h->account->subject,
		.uid = h->account->uid,
		.detail = detail,
	};
}

static void refuse(struct hand_out *h, const char *reason, const char *detail)
{
	struct audit_event e = event_of(h, LOG_NOTICE, reason, detail);

	audit_write(&e);
	method_deny(h->conn, reason, h->lp->title, h->reference);
}

/* Nobody can sign in to a service account. */
static const char *reason_of(const struct hand_out *h, enum recheck_outcome outcome)
{
	switch (outcome) {
	case RECHECK_REFUSED:
		return REASON_REFUSED;
	case RECHECK_NO_TOKEN:
		return h->robot != NULL ? REASON_NOT_HANDED_OUT : REASON_SIGN_IN_NEEDED;
	case RECHECK_UNREACHABLE:
		return REASON_UNAVAILABLE;
	case RECHECK_GOOD:
	case RECHECK_FAILED:
		break;
	}
	return REASON_NO_STORE;
}

/* Root asks for somebody else: that stands in the log as such.
 * @issued_type: of an exchange, what the token is; NULL: it was not said */
static void hand_over(struct hand_out *h, const struct secret *token, uint32_t lifetime_s, bool is_bearer,
		      const char *issued_type)
{
	LK_CLEANUP(buf_done) struct buf p = {.max = FRAME_MAX};
	struct audit_event e = event_of(h, LOG_INFO, conn_uid(h->conn) == 0 ? "granted-to-root" : "granted", h->detail);

	if (audit_admit(&e) < 0) {
		method_deny(h->conn, REASON_NO_STORE, NULL, h->reference);
		return;
	}
	buf_append_text(&p, "{\"access_token\":");
	json_write_string(&p, secret_data(token), secret_len(token));
	buf_printf(&p, ",\"token_type\":\"%s\"", is_bearer ? "Bearer" : "N_A");
	if (issued_type != NULL) {
		buf_append_text(&p, ",\"issued_token_type\":");
		json_write_string(&p, issued_type, strlen(issued_type));
	}
	if (lifetime_s > 0)
		buf_printf(&p, ",\"expires_in\":%u", lifetime_s);
	buf_append_text(&p, "}");
	if (buf_fault(&p) == 0)
		conn_reply_text(h->conn, p.data);
	else
		conn_drop(h->conn);
}

/* It may have been locked, or the account forgotten, while the provider was asked. Return: false after the call was answered. */
static bool is_open_still(struct hand_out *h)
{
	struct row_owner owner = account_owner(h->account);
	int r = 0;

	/* Of a service no tokens are kept that could be locked. */
	if (h->robot == NULL)
		r = store_check_lock(h->manager->store, &owner);
	if (r == 0)
		return true;
	refuse(h, r == -EACCES ? REASON_LOCKED : r == -ENOENT ? REASON_SIGN_IN_NEEDED : REASON_NO_STORE, NULL);
	return false;
}

/* What the provider says of an exchange is about this token and this target, never about the person. */
static const char *reason_of_exchange(enum oauth_outcome outcome)
{
	switch (outcome) {
	case OAUTH_DENIED:
	case OAUTH_NOT_ADMITTED:
	case OAUTH_WRONG_PROOF:
	case OAUTH_EXPIRED:
	case OAUTH_PROVIDER_REFUSED:
	case OAUTH_TOKEN_REFUSED:
	case OAUTH_TOO_WEAK:
		return REASON_NOT_HANDED_OUT;
	case OAUTH_CLIENT_REFUSED:
		return REASON_CONFIGURATION;
	case OAUTH_DONE:
	case OAUTH_UNREACHABLE:
	case OAUTH_BAD_REPLY:
	case OAUTH_TOKEN_INVALID:
	case OAUTH_THROTTLED:
	case OAUTH_NO_MEMORY:
		break;
	}
	return REASON_UNAVAILABLE;
}

static void on_exchanged(void *userdata, const struct oauth_result *result, struct token_set *tokens)
{
	LK_CLEANUP(token_set_freep) struct token_set *t = tokens;
	struct hand_out *h = userdata;

	token_exchange_free(LK_STEAL(h->exchange));
	if (result->outcome != OAUTH_DONE || t == NULL)
		refuse(h, reason_of_exchange(result->outcome), result->detail);
	else if (!token_rules_allow_type(h->lp->tokens, t->issued_token_type))
		refuse(h, REASON_NOT_HANDED_OUT, "the provider issued a kind of token that is not in token_exchange");
	else if (is_open_still(h))
		hand_over(h, t->access_token, t->expires_in_s, t->is_bearer, t->issued_token_type);
}

static void exchange(struct hand_out *h, const struct secret *token)
{
	const char *const audiences[] = {h->audience, NULL}, *const resources[] = {h->resource, NULL};
	const struct token_exchange_request request = {
		.subject_token = token,
		.subject_token_type = TOKEN_TYPE_ACCESS_TOKEN,
		.audiences = audiences,
		.resources = resources,
		.scope = h->scope,
		.requested_token_type = h->requested_type,
	};

	if (token_exchange_start(&h->exchange, h->lp->provider, h->manager->login.fetch, &request, on_exchanged, h) < 0)
		refuse(h, REASON_UNAVAILABLE, NULL);
}

static void on_token(void *userdata, const struct recheck_result *result, const struct secret *token,
		     uint32_t lifetime_s)
{
	struct hand_out *h = userdata;

	h->recheck = NULL;
	if (result->outcome != RECHECK_GOOD || token == NULL)
		refuse(h, reason_of(h, result->outcome), result->detail);
	else if (!is_open_still(h))
		return;
	else if (h->is_exchange)
		exchange(h, token);
	else
		hand_over(h, token, lifetime_s, true, NULL);
}

/* A service is handed what its section asks the provider for: that is what the section is there for. */
static const char *check_service_wish(struct hand_out *h, const struct token_wish *wish, const char **ret_why)
{
	static char word[] = "all";
	LK_CLEANUP(text_free_listp) char **scopes = NULL;
	struct token_rules rules = *h->lp->tokens;
	char *all[] = {word, NULL};
	int r = h->robot->scope != NULL ? text_split(&scopes, h->robot->scope, TOKEN_SCOPE_MAX) : 0;

	if (r < 0)
		return REASON_NO_STORE;
	rules.scopes = scopes != NULL ? scopes : all;
	r = token_rules_judge(&rules, wish, &h->scope, ret_why);
	if (r == 0 && wish->scope == NULL)
		free(LK_STEAL(h->scope)); /* the one that is held ready */
	if (r == -EACCES)
		return REASON_NOT_HANDED_OUT;
	return r < 0 ? REASON_NO_STORE : NULL;
}

/* Return: NULL, or why not. */
static const char *check_wish(struct hand_out *h, const struct token_wish *wish, const char **ret_why)
{
	struct row_owner owner = account_owner(h->account);
	int r;

	if (h->robot != NULL)
		return check_service_wish(h, wish, ret_why);
	r = token_rules_judge(h->lp->tokens, wish, &h->scope, ret_why);

	if (r == -EACCES)
		return REASON_NOT_HANDED_OUT;
	if (r == 0)
		r = store_check_lock(h->manager->store, &owner);
	if (r == -EACCES)
		return REASON_LOCKED;
	if (r == -ENOENT)
		return REASON_SIGN_IN_NEEDED;
	return r < 0 ? REASON_NO_STORE : NULL;
}

static bool read_wish(struct conn *c, const struct varlink_call *call, struct token_wish *wish)
{
	const struct {
		const char *key;
		size_t max;
		const char **value;
	} members[] = {
		{"scope", TOKEN_SCOPE_MAX, &wish->scope},
		{"audience", TOKEN_AUDIENCE_MAX, &wish->audience},
		{"git_host", TOKEN_GIT_HOST_MAX, &wish->git_host},
		{"resource", TOKEN_AUDIENCE_MAX, &wish->resource},
		{"requested_token_type", 64, &wish->requested_type},
	};
	const struct token_rules none = {.scopes = NULL};
	const char *why;
	char *scope;
	int r;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (method_read_optional(call, members[i].key, members[i].max, members[i].value))
			continue;
		service_invalid(c, members[i].key);
		return false;
	}
	r = json_read_bool(call->parameters, "exchange", &wish->is_exchange);
	if (r < 0 && r != -ENOENT) {
		service_invalid(c, "exchange");
		return false;
	}
	if (token_rules_judge(&none, wish, &scope, &why) == -EINVAL) {
		service_invalid(c, wish->requested_type != NULL ? "requested_token_type"
				   : wish->resource != NULL     ? "resource"
				   : wish->audience != NULL     ? "audience"
								: "scope");
		return false;
	}
	return true;
}

static char *describe(const struct token_wish *wish)
{
	const char *word = wish->git_host != NULL ? "git" : wish->audience != NULL ? "audience" : "scope";
	const char *value = wish->git_host != NULL   ? wish->git_host
			    : wish->audience != NULL ? wish->audience
						     : wish->scope;
	LK_CLEANUP(buf_done) struct buf b = {.max = 2048};

	if (wish->is_exchange && wish->audience == NULL && wish->resource != NULL) {
		word = "resource";
		value = wish->resource;
	}
	buf_append_text(&b, wish->is_exchange ? "exchange" : "");
	if (value != NULL)
		buf_printf(&b, "%s%s %s", b.len > 0 ? ", " : "", word, value);
	return b.len > 0 ? buf_steal(&b) : NULL;
}

void method_get_token(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(account_freep) struct account *a = NULL;
	struct recheck_token_request request = {.scope = NULL};
	struct token_wish wish = {.scope = NULL};
	const char *reason, *why = NULL;
	struct hand_out *h;

	if (conn_uid(c) == 0 && !m->config->root_may_have_tokens) {
		method_log_refusal(m, c, AUDIT_TOKEN, NULL, "not-permitted", "root_may_have_tokens is not set");
		conn_error(c, ERROR_NOT_PERMITTED, NULL);
		return;
	}
	if (!read_wish(c, call, &wish) || !read_account(m, c, call, &a))
		return;
	h = calloc(1, sizeof(*h));
	if (h == NULL) {
		conn_drop(c);
		return;
	}
	*h = (struct hand_out){.manager = m,
			       .conn = c,
			       .is_exchange = wish.is_exchange,
			       .requested_type =
				       wish.requested_type != NULL ? token_type_uri(wish.requested_type) : NULL,
			       .lp = login_provider_of_issuer(&m->login, a->issuer),
			       .robot = service_account_find(&m->login, a->name),
			       .detail = describe(&wish)};
	h->account = LK_STEAL(a);
	reference_new(h->reference);
	conn_set_job(c, h, hand_out_free);
	if (h->lp == NULL) {
		log_line(LOG_ERR, "no token for %s: its provider is not configured any more", h->account->name);
		method_deny(c, REASON_CONFIGURATION, NULL, h->reference);
		return;
	}
	if (h->robot != NULL && !service_account_is(h->robot, h->account, &why)) {
		refuse(h, REASON_NOT_ALLOWED, why);
		return;
	}
	reason = check_wish(h, &wish, &why);
	if (reason != NULL) {
		refuse(h, reason, why);
		return;
	}
	if (wish.is_exchange &&
	    (text_copy(&h->audience, wish.audience) < 0 || text_copy(&h->resource, wish.resource) < 0)) {
		refuse(h, REASON_UNAVAILABLE, NULL);
		return;
	}
	/* What is exchanged is the token of the whole grant. */
	if (!wish.is_exchange) {
		request.scope = h->scope;
		request.resource = wish.audience;
	}
	if (recheck_token_start(&h->recheck, &m->login, h->account, &request, on_token, h) < 0)
		refuse(h, REASON_UNAVAILABLE, NULL);
}

/* --- LockTokens, Logout -------------------------------------------------------------------------------------------- */

void method_lock_tokens(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(account_freep) struct account *a = NULL;
	struct row_owner owner;
	int r;

	if (!read_account(m, c, call, &a))
		return;
	owner = account_owner(a);
	r = store_lock_tokens(m->store, &owner);
	if (r < 0 && r != -ENOENT) {
		(void)fail_store(c, "tokens could not be locked", r);
		return;
	}
	/* Where nothing is kept, nothing is handed out either. */
	audit_write(&(struct audit_event){.kind = AUDIT_TOKEN,
					  .priority = LOG_NOTICE,
					  .result = "locked",
					  .user = a->name,
					  .subject = a->subject,
					  .uid = a->uid});
	conn_reply(c, NULL, false);
}

struct logout {
	struct conn *conn;
	struct sign_out *sign_out;
};

static void logout_free(void *userdata)
{
	struct logout *l = userdata;

	sign_out_leave(l->sign_out);
	free(l);
}

static void reply_logout(struct conn *c, enum sign_out_outcome outcome)
{
	static const char *const words[] = {
		[SIGN_OUT_REVOKED] = "revoked",
		[SIGN_OUT_NOTHING] = "nothing",
		[SIGN_OUT_NOT_SUPPORTED] = "not-supported",
		[SIGN_OUT_DELAYED] = "delayed",
	};
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();

	if (method_add_text(p, "result", words[outcome]))
		conn_reply(c, p, false);
	else
		conn_drop(c);
}

static void on_signed_out(void *userdata, enum sign_out_outcome outcome)
{
	struct logout *l = userdata;

	l->sign_out = NULL;
	reply_logout(l->conn, outcome);
}

void method_logout(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(account_freep) struct account *a = NULL;
	enum sign_out_outcome outcome = SIGN_OUT_DELAYED;
	struct logout *l;
	int r;

	if (!read_account(m, c, call, &a))
		return;
	l = calloc(1, sizeof(*l));
	if (l == NULL) {
		conn_drop(c);
		return;
	}
	l->conn = c;
	conn_set_job(c, l, logout_free);
	r = sign_out_start(&l->sign_out, m->sign_outs, a, on_signed_out, l, &outcome);
	if (r < 0)
		(void)fail_store(c, "somebody could not be signed out", r);
	else if (r == 1)
		reply_logout(c, outcome);
}
