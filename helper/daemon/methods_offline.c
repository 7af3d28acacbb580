/* SPDX-License-Identifier: MIT */
/*
 * What prepares for the time when no provider answers: an end to a PIN, and accounts that root opens for a while.
 */
#include "helper/daemon/methods.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/login/break_glass.h"
#include "helper/login/known_account.h"
#include "helper/login/standing.h"
#include "helper/protocol/names.h"
#include "helper/vault/store_pins.h"

#define NAME_PARAMETER_MAX 255u

/* Return: true with the account; false after the call was answered. */
static bool find_account(struct manager *m, struct conn *c, const struct varlink_call *call, struct account **ret)
{
	const char *name;
	int r;

	if (json_read_string(call->parameters, "name", NAME_PARAMETER_MAX, &name) != 0) {
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

static void not_possible(struct conn *c, const char *name, const char *message)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();

	(void)method_add_text(p, "name", name);
	(void)method_add_text(p, "message", message);
	conn_error(c, ERROR_NOT_POSSIBLE, p);
}

void method_clear_pin(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(account_freep) struct account *account = NULL;
	int r;

	if (!find_account(m, c, call, &account))
		return;
	r = store_drop_pin(m->store, account->uid);
	if (r < 0) {
		not_possible(c, account->name, strerror(-r));
		return;
	}
	audit_write(&(struct audit_event){.priority = LOG_NOTICE,
					  .kind = AUDIT_PIN,
					  .result = "cleared",
					  .user = account->name,
					  .uid = account->uid,
					  .provider = account->provider});
	conn_reply(c, NULL, false);
}

static struct json_object *break_glass_json(const struct break_glass *b)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	bool ok = o != NULL;

	ok = ok && method_add_text(o, "name", b->name);
	ok = ok && method_add_int(o, "until", b->until_s);
	ok = ok && method_add_int(o, "left", b->until_s - clock_realtime_s());
	ok = ok && method_add_text(o, "reason", b->reason);
	ok = ok && method_add_text(o, "by", b->created_by);
	return ok ? LK_STEAL(o) : NULL;
}

static bool add_break_glass(void *userdata, const struct break_glass *b)
{
	return method_append(userdata, break_glass_json(b));
}

struct json_object *method_break_glass_json(struct manager *m)
{
	struct json_object *list = json_object_new_array();

	if (list != NULL)
		break_glass_each(m->break_glasses, add_break_glass, list);
	return list;
}

void method_list_break_glass(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();

	(void)call;
	if (method_add(p, "break_glass", method_break_glass_json(m)))
		conn_reply(c, p, false);
	else
		conn_drop(c);
}

/* Why this account cannot be opened, or NULL. */
static const char *fault_of(struct manager *m, const struct account *account)
{
	struct standing_view standing;

	if (account->state != ACCOUNT_ACTIVE || account->last_sign_in_s == 0)
		return "nobody has signed in to it";
	if (standing_read(&m->login, account, &standing) < 0)
		return "what the provider said last cannot be read";
	return standing.state == STANDING_REFUSED ? "the provider has refused this person, and that holds" : NULL;
}

void method_open_break_glass(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	LK_CLEANUP(account_freep) struct account *account = NULL;
	char clean[BREAK_GLASS_REASON_MAX + 1];
	const char *fault;
	const char *reason;
	int64_t lifetime_s;
	int r;

	if (!find_account(m, c, call, &account))
		return;
	if (json_read_int(call->parameters, "lifetime", BREAK_GLASS_MIN_S, BREAK_GLASS_MAX_S, &lifetime_s) != 0) {
		service_invalid(c, "lifetime");
		return;
	}
	if (json_read_string(call->parameters, "reason", BREAK_GLASS_REASON_MAX, &reason) != 0) {
		service_invalid(c, "reason");
		return;
	}
	fault = fault_of(m, account);
	if (fault != NULL) {
		not_possible(c, account->name, fault);
		return;
	}
	text_sanitise(clean, sizeof(clean), reason, strlen(reason), false);
	r = break_glass_open(m->break_glasses, account->name, lifetime_s, clean, "root");
	if (r < 0) {
		not_possible(c, account->name, r == -E2BIG ? "too many accounts are open" : strerror(-r));
		return;
	}
	if (method_add_int(p, "until", clock_realtime_s() + lifetime_s))
		conn_reply(c, p, false);
	else
		conn_drop(c);
}

void method_close_break_glass(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	const char *name;
	int r;

	if (json_read_string(call->parameters, "name", NAME_PARAMETER_MAX, &name) != 0) {
		service_invalid(c, "name");
		return;
	}
	r = break_glass_close(m->break_glasses, name);
	if (r == -ENOENT)
		not_possible(c, name, "it is not open");
	else if (r < 0)
		not_possible(c, name, strerror(-r));
	else
		conn_reply(c, NULL, false);
}
