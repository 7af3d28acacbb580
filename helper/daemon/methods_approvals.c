/* SPDX-License-Identifier: MIT */
/*
 * Approvals that are remembered: who has them, and an end to them. Only their owner and root see them.
 */
#include "helper/daemon/methods.h"

#include <errno.h>
#include <syslog.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/login/known_account.h"
#include "helper/login/remember.h"
#include "helper/protocol/names.h"

#define NAME_PARAMETER_MAX 255u

static struct json_object *approval_json(const struct approval *a)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	uint64_t now_ms = clock_monotonic_ms();
	bool ok = o != NULL;

	ok = ok && method_add_text(o, "name", a->name);
	ok = ok && method_add_int(o, "uid", a->uid);
	ok = ok && method_add_text(o, "service", a->service);
	ok = ok && method_add_text(o, "kind", a->proof.kind == PROOF_KEY ? "key" : "session");
	ok = ok && method_add_text(o, "proof", a->proof.text);
	ok = ok && method_add_int(o, "age", (int64_t)((now_ms - a->given_ms) / 1000));
	ok = ok && method_add_int(o, "left", (int64_t)((a->until_ms - now_ms) / 1000));
	ok = ok && method_add_int(o, "used", a->n_used);
	return ok ? LK_STEAL(o) : NULL;
}

static bool add_approval(void *userdata, const struct approval *a)
{
	return method_append(userdata, approval_json(a));
}

/* Return: true with the account, or NULL where the call names none; false after it was answered. */
static bool find_account(struct manager *m, struct conn *c, const struct varlink_call *call, struct account **ret)
{
	const char *name;
	int r = json_read_string(call->parameters, "name", NAME_PARAMETER_MAX, &name);

	if (r == -ENOENT)
		return true;
	if (r < 0) {
		service_invalid(c, "name");
		return false;
	}
	r = known_account_find(&m->login, name, ret);
	if (r == 0)
		return true;
	if (r == -ENOENT)
		method_no_such_account(c, name);
	else
		conn_drop(c);
	return false;
}

void method_list_approvals(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	LK_CLEANUP(account_freep) struct account *account = NULL;
	struct json_object *list;

	if (!find_account(m, c, call, &account))
		return;
	list = json_object_new_array();
	if (list != NULL)
		remember_each(m->approvals, account != NULL ? account->uid : 0, add_approval, list);
	if (method_add(p, "approvals", list))
		conn_reply(c, p, false);
	else
		conn_drop(c);
}

void method_revoke_approvals(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	LK_CLEANUP(account_freep) struct account *account = NULL;
	int64_t n;

	if (!find_account(m, c, call, &account))
		return;
	if (account == NULL) {
		service_invalid(c, "name");
		return;
	}
	n = (int64_t)remember_drop(m->approvals, account->uid);
	audit_write(&(struct audit_event){.priority = LOG_NOTICE,
					  .kind = AUDIT_REVOCATION,
					  .result = "done",
					  .user = account->name,
					  .uid = account->uid,
					  .provider = account->provider,
					  .detail = "remembered approvals"});
	if (method_add_int(p, "revoked", n))
		conn_reply(c, p, false);
	else
		conn_drop(c);
}
