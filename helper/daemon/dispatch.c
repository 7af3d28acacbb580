/* SPDX-License-Identifier: MIT */
/*
 * One table says which peer may call which method. Who the peer is comes from the kernel; a method never decides this
 * again by what a message says.
 */
#include "helper/daemon/dispatch.h"

#include <string.h>

#include "helper/base/json.h"
#include "helper/daemon/methods.h"
#include "helper/protocol/names.h"

enum peer {
	PEER_ROOT = 1 << 0,
	PEER_OWNER = 1 << 1, /* the uid of the account that the named parameter speaks of */
	PEER_OTHER = 1 << 2,
	PEER_LOGOUT_USER = 1 << 3, /* whom root's configuration lets bring logout tokens */
	PEER_ANY = PEER_ROOT | PEER_OWNER | PEER_OTHER,
};

static const struct row {
	const char *method;
	unsigned peers;
	const char
		*owner_parameter; /* names the account for PEER_OWNER; NULL: any account, and the method is about it */
	method_fn run;
} rows[] = {
	{METHOD_AUTHENTICATE, PEER_ROOT | PEER_OWNER, "user", method_authenticate},
	{METHOD_SET_PIN, PEER_ROOT | PEER_OWNER, "user", method_set_pin},
	{METHOD_CLEAR_PIN, PEER_ROOT | PEER_OWNER, "name", method_clear_pin},
	{METHOD_OPEN_BREAK_GLASS, PEER_ROOT, NULL, method_open_break_glass},
	{METHOD_CLOSE_BREAK_GLASS, PEER_ROOT, NULL, method_close_break_glass},
	{METHOD_LIST_BREAK_GLASS, PEER_ROOT, NULL, method_list_break_glass},
	{METHOD_ANSWER, PEER_ANY, NULL, method_answer}, /* of a question that this very connection was asked */
	{METHOD_CHECK_ACCOUNT, PEER_ROOT, NULL, method_check_account},
	{METHOD_GET_VERSION, PEER_ANY, NULL, method_get_version},
	{METHOD_STATUS, PEER_ROOT, NULL, method_status},
	{METHOD_LIST_ACCOUNTS, PEER_ROOT, NULL, method_list_accounts},
	{METHOD_LIST_RETIRED, PEER_ROOT, NULL, method_list_retired},
	{METHOD_SHOW_ACCOUNT, PEER_ROOT | PEER_OWNER, "name", method_show_account},
	{METHOD_LIST_APPROVALS, PEER_ROOT | PEER_OWNER, "name", method_list_approvals},
	{METHOD_REVOKE_APPROVALS, PEER_ROOT | PEER_OWNER, "name", method_revoke_approvals},
	{METHOD_FORGET_ACCOUNT, PEER_ROOT, NULL, method_forget_account},
	{METHOD_IMPORT_ACCOUNTS, PEER_ROOT, NULL, method_import_accounts},
	{METHOD_RENAME_ACCOUNT, PEER_ROOT, NULL, method_rename_account},
	{METHOD_MOVE_ACCOUNT, PEER_ROOT, NULL, method_move_account},
	{METHOD_RELEASE_NAME, PEER_ROOT, NULL, method_release_name},
	{METHOD_GET_TOKEN, PEER_ROOT | PEER_OWNER, NULL, method_get_token},
	{METHOD_LOCK_TOKENS, PEER_ROOT | PEER_OWNER, NULL, method_lock_tokens},
	{METHOD_LOGOUT, PEER_ROOT | PEER_OWNER, NULL, method_logout},
	{METHOD_ROTATE_KEY, PEER_ROOT, NULL, method_rotate_key},
	{METHOD_ENROLL, PEER_ROOT, NULL, method_enroll},
	{METHOD_NEW_SIGNING_KEY, PEER_ROOT, NULL, method_new_signing_key},
	{METHOD_LIST_SIGNING_KEYS, PEER_ROOT, NULL, method_list_signing_keys},
	{METHOD_SHOW_SIGNING_KEY, PEER_ROOT, NULL, method_show_signing_key},
	{METHOD_ROTATE_SIGNING_KEY, PEER_ROOT, NULL, method_rotate_signing_key},
	{METHOD_DELETE_SIGNING_KEY, PEER_ROOT, NULL, method_delete_signing_key},
	{METHOD_LOGOUT_TOKEN, PEER_ROOT | PEER_LOGOUT_USER, NULL, method_logout_token},
	{METHOD_DIAGNOSE, PEER_ROOT, NULL, method_diagnose},
	{METHOD_GET_INFO, PEER_ANY, NULL, method_get_info},
	{METHOD_GET_INTERFACE_DESCRIPTION, PEER_ANY, NULL, method_get_interface_description},
};

static bool owns_account(struct manager *m, uid_t uid, const char *name)
{
	LK_CLEANUP(account_freep) struct account *a = NULL;

	if (accounts_find_local(m->accounts, name, &a) != 0 && store_find_name(m->store, name, &a) != 0)
		return false;
	return a->state == ACCOUNT_ACTIVE && a->uid == uid;
}

static bool is_logout_user(struct manager *m, uid_t uid)
{
	struct local_user user;

	return m->config->logout_user != NULL && localdb_find_user(m->local, m->config->logout_user, &user) == 0 &&
	       user.uid == uid;
}

static bool has_account(struct manager *m, uid_t uid)
{
	LK_CLEANUP(account_freep) struct account *a = NULL;

	return method_account_of_uid(m, uid, &a) == 0 && a->state == ACCOUNT_ACTIVE;
}

static unsigned peer_of(struct manager *m, const struct conn *c, const struct varlink_call *call, const struct row *row)
{
	const char *name;

	if (conn_uid(c) == 0)
		return PEER_ROOT;
	if ((row->peers & PEER_OWNER) && row->owner_parameter == NULL && has_account(m, conn_uid(c)))
		return PEER_OWNER;
	if (row->owner_parameter != NULL &&
	    json_read_string(call->parameters, row->owner_parameter, NAME_MAX_LEN, &name) == 0 &&
	    owns_account(m, conn_uid(c), name))
		return PEER_OWNER;
	if ((row->peers & PEER_LOGOUT_USER) != 0 && is_logout_user(m, conn_uid(c)))
		return PEER_LOGOUT_USER;
	return PEER_OTHER;
}

void dispatch_call(void *userdata, struct conn *c, const struct varlink_call *call)
{
	struct manager *m = userdata;

	if (call->oneway) {
		/* None of these methods makes sense without its answer. */
		conn_drop(c);
		return;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].method, call->method) != 0)
			continue;
		if (rows[i].peers & peer_of(m, c, call, &rows[i])) {
			rows[i].run(m, c, call);
		} else {
			method_log_refusal(m, c, AUDIT_CALL, NULL, "not-permitted", rows[i].method);
			conn_error(c, ERROR_NOT_PERMITTED, NULL);
		}
		return;
	}
	service_not_found(c, call->method);
}
